"""The interactive map: one HTML file that opens with no internet."""
