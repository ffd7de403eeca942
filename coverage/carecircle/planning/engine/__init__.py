"""How siting problems are solved: models, bounds, searches."""
