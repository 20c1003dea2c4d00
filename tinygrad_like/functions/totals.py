"""The further options of reductions: where, initial, dtype, mean, correction. Without these, primitives are called."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.complex_numbers import CONTINUOUS
from ..engine.errors import ArgumentError, ShapeError, UnsupportedError
from ..engine.operators import Axis
from ..engine.primitive import Function
from ..engine.registry import implements
from ..engine.tensor import as_array
from ..primitives import constants, reductions

# What NumPy's functions mean where the primitive of the same name does not take all of the options.
WITH_OPTIONS: dict[Callable[..., Any], Function] = {}


def with_options(*functions: Any) -> Callable[[Function], Function]:
    """Make a composite the meaning of NumPy functions on recorded Tensors, where their primitive refuses an option."""

    def enter(composite: Function) -> Function:
        @wraps(composite)
        def given(*args: Any, **options: Any) -> Any:
            return composite(*args, **{name: v for name, v in options.items() if v is not np._NoValue})

        WITH_OPTIONS.update(dict.fromkeys(functions, given))
        return composite

    return enter


def check_floats(x: Any, name: str, kinds: str = "f") -> None:
    """Refuse anything but floats, of which nothing is recorded: NumPy's own function is called then."""
    if x.dtype.kind not in kinds:
        raise UnsupportedError(f"{name} is differentiable for floats, but got {x.dtype}.")


def like(value: Any, x: Any) -> Any:
    """A number in the dtype of x, as NumPy reads `initial`."""
    if np.ndim(value):
        raise ShapeError(f"initial= is one number, but got shape {np.shape(value)}.")
    return as_array(value).astype(x.dtype)


def mask_of(where: Any, x: Any) -> Any:
    """`where` as truths; an error if it has more axes than x."""
    if np.ndim(where) > np.ndim(x):
        raise ShapeError(f"where= must broadcast to the shape {np.shape(x)}, but got {np.shape(where)}.")
    return as_array(where).astype(bool)


def chosen(x: Any, where: Any, nothing: float, dtype: Any = None) -> Any:
    """x in another dtype, and with `nothing` where it is not chosen."""
    x = as_array(x) if dtype is None else as_array(x).astype(dtype)
    return x if where is True else np.where(mask_of(where, x), x, nothing)


def fold(reduce: Function, combine: Function, nothing: float, needs_initial: bool = False) -> Function:
    """A reduction with all options of `ufunc.reduce`.

    `combine` takes `initial` in; `nothing` is what changes no result, and what an empty array gives.
    """

    def whole(
        x: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
    ) -> Any:
        if needs_initial and initial is None and where is not True:
            raise ArgumentError("A maximum or minimum with where= needs initial=, what it is of nothing.")
        x = chosen(x, where, nothing, dtype)
        if reductions.count(x.shape, axis) or (needs_initial and initial is None):
            result = reduce(x, axis, keepdims=keepdims)
        else:
            result = reductions.sum(x, axis, keepdims=keepdims) + nothing
        return result if initial is None else combine(result, like(initial, result))

    return whole


sum = with_options(np.sum, np.add.reduce)(fold(reductions.sum, np.add, 0))
prod = with_options(np.prod, np.multiply.reduce)(fold(reductions.prod, np.multiply, 1))
max = with_options(np.max, np.amax, np.maximum.reduce)(fold(reductions.max, np.maximum, -np.inf, True))
min = with_options(np.min, np.amin, np.minimum.reduce)(fold(reductions.min, np.minimum, np.inf, True))


@with_options(np.any, np.logical_or.reduce)
def any(x: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, where: Any = True) -> Any:
    """`np.any`: whether any of what is chosen is true."""
    return constants.any(np.logical_and(x, where), axis, keepdims=keepdims)


@with_options(np.all, np.logical_and.reduce)
def all(x: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, where: Any = True) -> Any:
    """`np.all`: whether all of what is chosen is true."""
    return constants.all(np.logical_or(x, np.logical_not(where)), axis, keepdims=keepdims)


def in_floats(x: Any, dtype: Any) -> Any:
    """x in the dtype, which must be one of floats: of anything else, means have no derivative."""
    if dtype is None:
        return as_array(x)
    if np.dtype(dtype).kind not in CONTINUOUS:
        raise UnsupportedError(
            f"A mean in the dtype {np.dtype(dtype)} is not differentiable.", "Write .astype(dtype) of the result."
        )
    x = as_array(x)
    if x.dtype.kind == "c" and np.dtype(dtype).kind != "c":
        raise UnsupportedError(f"A mean of {x.dtype} in the dtype {np.dtype(dtype)} is not defined.", "Write x.real.")
    return x.astype(dtype)


def number(x: Any, axis: Axis, where: Any, keepdims: bool) -> Any:
    """How many values are chosen."""
    if where is True:
        return reductions.count(np.shape(x), axis)
    where = np.broadcast_to(mask_of(where, x), np.shape(x))
    return np.sum(where, axis=axis, keepdims=keepdims)


def ratio(total: Any, number: Any) -> Any:
    """total / number in the dtype of the total, which may be too small for the number."""
    return (total / number).astype(total.dtype)


@with_options(np.mean)
def mean(x: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, where: Any = True) -> Any:
    """`np.mean`: the sum of what is chosen, divided by its number."""
    x = in_floats(x, dtype)
    if where is True:
        return reductions.mean(x, axis, keepdims=keepdims)
    if x.dtype == np.float16 and dtype is None:  # as NumPy has it, so that the sum does not overflow
        return mean(x, axis, np.float32, keepdims=keepdims, where=where).astype(np.float16)
    return ratio(sum(x, axis, keepdims=keepdims, where=where), number(x, axis, where, keepdims))


def degrees_lost(ddof: float, correction: Any) -> float:
    """The `ddof`, under whichever of its two names it was given."""
    if correction is None:
        return ddof
    if ddof:
        raise ArgumentError("var got both ddof and correction.", "Write ddof= alone.")
    return float(correction)


def squared(x: Any) -> Any:
    """x² of real numbers, |x|² of complex ones."""
    return np.real(x * np.conjugate(x)) if x.dtype.kind == "c" else np.square(x)


def squares(x: Any, axis: Axis, keepdims: bool, where: Any, center: Any) -> Any:
    """The sum of the squared distances of what is chosen from `center`, by default its mean."""
    if center is None:
        center = mean(x, axis, keepdims=True, where=where)
    return sum(squared(x - center), axis, keepdims=keepdims, where=where)


def root(x: Any) -> Any:
    """The square root, with the derivative 0 at 0, as that of the standard deviation."""
    flat = x == 0
    return np.where(flat, 0, np.sqrt(np.where(flat, 1, x)))


@with_options(np.var)
def var(
    x: Any,
    axis: Axis = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """`np.var` of what is chosen; of a given `mean`, which keeps its axes, the mean squared distance from that."""
    x, ddof = in_floats(x, dtype), degrees_lost(ddof, correction)
    total = squares(x, axis, keepdims, where, mean)
    return ratio(total, np.maximum(number(x, axis, where, keepdims) - ddof, 0))


@with_options(np.std)
def std(
    x: Any,
    axis: Axis = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """`np.std`: the root of `var`; its gradient is 0 where all values are equal."""
    x, ddof = in_floats(x, dtype), degrees_lost(ddof, correction)
    if where is True and mean is None:
        return reductions.std(x, axis, ddof=ddof, keepdims=keepdims)
    return root(var(x, axis, ddof=ddof, keepdims=keepdims, where=where, mean=mean))


@implements(np.ptp)
@block()
def ptp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """`np.ptp`: the largest value less the smallest."""
    return reductions.max(x, axis, keepdims=keepdims) - reductions.min(x, axis, keepdims=keepdims)
