"""Where a study should build next: its problems, their trials, and what a plan does."""
