"""Minutes become coverage, circles and uncovered areas."""
