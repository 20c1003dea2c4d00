"""Whole steps as programs: traced once, then run as NumPy source or as C."""
