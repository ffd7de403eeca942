"""What a rule demands, beside what a place has."""
