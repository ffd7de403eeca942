"""Roads become a network; places get positions on it; positions get minutes."""
