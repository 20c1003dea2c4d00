"""Of diagonals: trace."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.registry import implements
from ..engine.tensor import as_array


@implements(np.trace)
@block()
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None) -> Any:
    """`np.trace`: the sum along a diagonal of two axes; `offset` counts from the main one."""
    a = np.moveaxis(as_array(a), (axis1, axis2), (-2, -1))
    a = a if dtype is None else a.astype(dtype)
    down, right = max(-offset, 0), max(offset, 0)
    along = np.arange(max(min(a.shape[-2] - down, a.shape[-1] - right), 0))
    return np.sum(a[..., along + down, along + right], axis=-1)
