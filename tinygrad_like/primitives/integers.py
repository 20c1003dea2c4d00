"""Integers as data: what networks compute of them, they compute of floats, so that nothing wraps around."""

from __future__ import annotations

from typing import Any

import numpy as np


def floats(x: Any) -> Any:
    """x; integers and truths as float64, as `np.mean` has it."""
    dtype = getattr(x, "dtype", None)
    if dtype is None:
        return x * 1.0
    return x.astype(np.float64) if dtype.kind in "iub" else x
