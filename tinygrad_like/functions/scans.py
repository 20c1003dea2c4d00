"""Scans along an axis: nancumsum, nancumprod, cumulative_sum, cumulative_prod, and the extremes so far."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError
from ..engine.operators import Axis
from ..engine.primitive import Function
from ..engine.registry import implements
from ..engine.tensor import as_array
from ..primitives import cumulative


def accumulated_maximum(x: Any, axis: Axis = 0, dtype: Any = None) -> Any:
    """`np.maximum.accumulate`: the largest value so far; equal ones share the gradient equally."""
    return cumulative.cummax(x, axis, dtype)


def accumulated_minimum(x: Any, axis: Axis = 0, dtype: Any = None) -> Any:
    """`np.minimum.accumulate`: the smallest value so far; equal ones share the gradient equally."""
    return cumulative.cummin(x, axis, dtype)


def without_nan(x: Any, value: int) -> Any:
    """x with `value` in place of nan."""
    x = as_array(x)
    return np.where(np.isnan(x), value, x) if x.dtype.kind in "fc" else x


@implements(np.nancumsum)
@block()
def nancumsum(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """`np.nancumsum`: the cumulative sum with nan as 0."""
    return np.cumsum(without_nan(a, 0), axis=axis, dtype=dtype)


@implements(np.nancumprod)
@block()
def nancumprod(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """`np.nancumprod`: the cumulative product with nan as 1."""
    return np.cumprod(without_nan(a, 1), axis=axis, dtype=dtype)


def new(name: str) -> tuple[Any, ...]:
    """The NumPy function of this name, if this NumPy has it."""
    return (getattr(np, name),) if hasattr(np, name) else ()


@implements(*new("cumulative_sum"))
def cumulative_sum(x: Any, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """`np.cumulative_sum`: the cumulative sum, and with `include_initial` 0 before it."""
    return scan(np.cumsum, 0, x, axis, dtype, include_initial)


@implements(*new("cumulative_prod"))
def cumulative_prod(x: Any, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Any:
    """`np.cumulative_prod`: the cumulative product, and with `include_initial` 1 before it."""
    return scan(np.cumprod, 1, x, axis, dtype, include_initial)


def scan(function: Function, initial: int, x: Any, axis: int | None, dtype: Any, include_initial: bool) -> Any:
    shape = list(np.shape(x)) or [1]
    if axis is None and len(shape) > 1:
        raise ArgumentError(f"The shape {tuple(shape)} has several axes.", "Say along which one: axis=0.")
    result = function(x, axis=axis, dtype=dtype)
    if not include_initial:
        return result
    along = axis or 0
    shape[along] = 1
    return np.concatenate([np.full(shape, initial, result.dtype), result], axis=along)
