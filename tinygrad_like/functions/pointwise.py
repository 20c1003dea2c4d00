"""Composites, element by element: clip, where, divmod, modf."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, UnsupportedError
from ..engine.registry import implements
from ..engine.tensor import as_array
from ..primitives import choices


@implements(np.clip)
def clip(x: Any, min: Any = None, max: Any = None, *, a_min: Any = np._NoValue, a_max: Any = np._NoValue) -> Any:
    """`np.clip`: limited to [min, max] (or a_min, a_max); exactly at a limit the gradient is shared equally with it."""
    low = min if a_min is np._NoValue else one_of(min, a_min, "min")
    high = max if a_max is np._NoValue else one_of(max, a_max, "max")
    if type(low) is int or type(high) is int:
        low, high = within_reach(as_array(x).dtype, low, high)
    if low is None and high is None:
        return np.copy(x)
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def one_of(limit: Any, other: Any, name: str) -> Any:
    """A limit, under whichever of its two names it was given."""
    if limit is not None and other is not None:
        raise ArgumentError(f"clip got both {name} and a_{name}.", f"Write {name}= alone.")
    return other if limit is None else limit


def within_reach(dtype: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """The limits; those beyond what integers of this dtype can be are none, as in NumPy."""
    if dtype.kind in "iu":
        ends = np.iinfo(dtype)
        low = None if type(low) is int and low < ends.min else low
        high = None if type(high) is int and high > ends.max else high
    return low, high


@implements(np.divmod)
def divmod(a: Any, b: Any) -> tuple[Any, Any]:
    """`np.divmod`: the quotient rounded down, a constant, and what remains."""
    return np.floor_divide(a, b), np.remainder(a, b)


@implements(np.modf)
def modf(x: Any) -> tuple[Any, Any]:
    """`np.modf`: what stands behind the point, with the gradient 1, and what stands before it, a constant."""
    x = as_array(x)
    if x.dtype.kind != "f":
        raise UnsupportedError(f"modf is differentiable for floats, but got {x.dtype}.")
    return np.fmod(np.where(np.isinf(x), 0, x), 1), np.trunc(x)


@implements(np.where)
def where(condition: Any, *values: Any) -> Any:
    """`np.where`: a where the condition holds, else b; with the condition alone, the indices where it holds."""
    return choices.where(condition, *values) if values else np.nonzero(condition)
