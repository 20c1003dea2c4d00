"""Statistics: var."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.operators import Axis
from ..engine.registry import implements
from ..primitives import reductions
from . import totals


@implements(np.var)
@block()
def var(x: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """`np.var`: the mean squared distance from the mean, divided by n - ddof instead of n."""
    count = reductions.count(np.shape(x), axis)
    distance = x - np.mean(x, axis=axis, keepdims=True)
    squared = totals.squared(distance)
    if ddof and count <= ddof:
        return np.sum(squared, axis=axis, keepdims=keepdims) / 0.0
    mean = np.mean(squared, axis=axis, keepdims=keepdims)
    return mean * (count / (count - ddof)) if ddof else mean
