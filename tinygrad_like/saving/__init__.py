"""Saved files: `files.py` saves and loads, `encoding.py` says what stands in a file, `formats.py` how it is written."""

from .files import load, metadata, save

__all__ = ["load", "metadata", "save"]
