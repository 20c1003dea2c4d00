"""The methods of ufuncs: reduce, accumulate, outer."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np

from ..engine.complex_numbers import CONTINUOUS
from ..engine.errors import UnsupportedError
from ..engine.operators import Axis
from ..engine.primitive import Function
from ..engine.tensor import as_array, values_of
from ..primitives import constants, reductions
from . import nans, totals


def hypotenuse(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The root of the sum of the squares, scaled by powers of 2 so that these do not overflow."""
    totals.check_floats(x, "np.hypot.reduce")
    power = constants.exponent(reductions.max(np.abs(x), axis, keepdims=True))
    result = np.ldexp(reductions.norm(np.ldexp(x, -power), axis, keepdims=True), power)
    return result if keepdims else result.squeeze(reductions.axes_of(x.ndim, axis))


def logsumexp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """The logarithm of the sum of eˣ."""
    totals.check_floats(x, "np.logaddexp.reduce")
    return reductions.logsumexp(x, axis, keepdims=keepdims)


def log2sumexp2(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """log₂ of the sum of 2ˣ."""
    totals.check_floats(x, "np.logaddexp2.reduce")
    return reductions.logsumexp(x * LN2, axis, keepdims=keepdims) / LN2


def exclusive_or(
    x: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = False, where: Any = True
) -> Any:
    """Whether an odd number of values is true."""
    odd = constants.count_nonzero(np.logical_and(x, where), axis, keepdims=keepdims) % 2
    return np.logical_xor(odd, initial)


LN2 = float(np.log(2.0))
REDUCED: dict[np.ufunc, Function] = {
    np.add: reductions.sum,
    np.multiply: reductions.prod,
    np.maximum: reductions.max,
    np.minimum: reductions.min,
    np.logical_and: constants.all,
    np.logical_or: constants.any,
    np.logical_xor: exclusive_or,
    np.fmax: nans.fmax,
    np.fmin: nans.fmin,
    np.logaddexp: totals.fold(logsumexp, np.logaddexp, -np.inf),
    np.logaddexp2: totals.fold(log2sumexp2, np.logaddexp2, -np.inf),
    np.hypot: totals.fold(hypotenuse, np.hypot, 0),
}


def part(x: Any, axis: int, which: slice | int) -> Any:
    """A slice of x along an axis."""
    return x[(slice(None),) * (axis % x.ndim) + (which,)]


def doubling(combine: np.ufunc) -> Function:
    """`ufunc.accumulate` where neither order nor grouping makes a difference, in log n steps.

    Equal extremes share the gradient, though not equally.
    """

    def accumulate(x: Any, axis: int = 0, dtype: Any = None) -> Any:
        x = np.copy(x) if dtype is None else as_array(x).astype(dtype)
        totals.check_floats(x, f"np.{combine.__name__}.accumulate", CONTINUOUS)
        step = 1
        while step < x.shape[axis]:
            later = combine(part(x, axis, slice(step, None)), part(x, axis, slice(-step)))
            x = np.concatenate([part(x, axis, slice(step)), later], axis=axis)
            step *= 2
        return x

    return accumulate


def scan(function: Function) -> Function:
    """`ufunc.accumulate` as a function of NumPy, which has a meaning of its own."""

    def accumulate(x: Any, axis: int = 0, dtype: Any = None) -> Any:
        return function(x, axis=axis, **({} if dtype is None else {"dtype": dtype}))

    return accumulate


ACCUMULATED: dict[np.ufunc, Function] = {
    np.add: scan(np.cumsum),
    np.multiply: scan(np.cumprod),
    **{
        ufunc: doubling(ufunc)
        for ufunc in (np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.logaddexp2, np.hypot)
    },
}


def in_turn(ufunc: np.ufunc) -> Function:
    """`ufunc.accumulate` of any other ufunc of two arguments: one step after the other, along one axis."""

    def accumulate(x: Any, axis: int = 0, dtype: Any = None) -> Any:
        x = as_array(x) if dtype is None else as_array(x).astype(dtype)
        totals.check_floats(x, f"np.{ufunc.__name__}.accumulate", CONTINUOUS)
        steps = list(itertools.accumulate(np.unstack(x, axis=axis), ufunc))
        return np.stack(steps, axis=axis) if steps else np.copy(x)

    return accumulate


def last_of(accumulate: Function) -> Function:
    """`ufunc.reduce` along one axis, as the last step of `ufunc.accumulate`."""

    def reduce(x: Any, axis: int | None = 0, dtype: Any = None, *, keepdims: bool = False, initial: Any = None) -> Any:
        if axis is None and np.ndim(x) == 1:
            axis = 0
        if not isinstance(axis, int) or not np.shape(x)[axis]:
            raise UnsupportedError("This reduce is differentiable along one axis, which has values.", "Say axis=0.")
        if initial is not None:
            first = np.broadcast_to(totals.like(initial, x), part(x, axis, slice(0, 1)).shape)
            x = np.concatenate((first, x), axis=axis)
        last = accumulate(x, axis, dtype)
        return part(last, axis, slice(-1, None) if keepdims else -1)

    return reduce


# What rounds is left out, as what it gives is constant.
IN_TURN = (np.subtract, np.divide, np.power, np.float_power, np.arctan2, np.fmod, np.remainder, np.copysign)
ACCUMULATED |= {ufunc: in_turn(ufunc) for ufunc in IN_TURN}
REDUCED |= {ufunc: last_of(ACCUMULATED[ufunc]) for ufunc in IN_TURN}


def reduceat(ufunc: np.ufunc, x: Any, indices: Any, axis: int = 0, dtype: Any = None) -> Any:
    """`ufunc.reduceat`: of the values from each index to before the next, or of one where that is not larger."""
    x = as_array(x) if dtype is None else as_array(x).astype(dtype)
    totals.check_floats(x, f"np.{ufunc.__name__}.reduceat", CONTINUOUS)
    starts = [operator.index(i) for i in values_of(indices)]
    if not starts or not 0 <= min(starts) <= max(starts) < x.shape[axis]:
        raise UnsupportedError(
            f"np.{ufunc.__name__}.reduceat takes indices from 0 to {x.shape[axis] - 1}, but got {starts}."
        )
    ends = [*starts[1:], x.shape[axis]]
    parts = [part(x, axis, slice(i, max(i + 1, j))) for i, j in zip(starts, ends)]
    return np.concatenate([ufunc.reduce(each, axis=axis, keepdims=True) for each in parts], axis=axis)


def outer(ufunc: np.ufunc, a: Any, b: Any, **options: Any) -> Any:
    """`ufunc.outer`: of every element of a with every element of b."""
    a, b = as_array(a), as_array(b)
    return ufunc(a.reshape(a.shape + (1,) * b.ndim), b, **options)
