"""Where to build next, with proof."""
