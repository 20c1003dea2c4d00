"""Integers as data: what networks compute of them, they compute of floats, so that nothing wraps around."""

from __future__ import annotations

from typing import Any

import numpy as np


def floats(x: Any) -> Any:
    """x; integers and truths as float64, as `np.mean` has it."""
    if x.__class__ is not np.ndarray and not hasattr(x, "dtype"):
        x = np.asarray(x)
    return x.astype(np.float64) if x.dtype.kind in "iub" else x


def as_floats(*arrays: Any) -> tuple[Any, ...]:
    """All as floats: integers and truths take the dtype of the first floats among them, or float64."""
    dtype = next((each.dtype for each in arrays if each.dtype.kind not in "iub"), np.dtype(np.float64))
    return tuple(each.astype(dtype) if each.dtype.kind in "iub" else each for each in arrays)
