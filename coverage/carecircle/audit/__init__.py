"""Results read back, made again, and set beside those of other years."""
