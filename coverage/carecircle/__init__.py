"""Who is really served along the roads: coverage, standards and siting of care facilities."""

__version__ = "0.1.0"
