"""Finished frames become maps, tables and files."""
