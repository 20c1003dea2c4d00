"""Imported first, so that the examples use this checkout's package, whatever else is installed."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
