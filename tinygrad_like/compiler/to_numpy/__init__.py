"""A program as NumPy source."""
