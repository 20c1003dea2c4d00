"""Composites, element by element: clip, where, divmod, modf, frexp, nan_to_num, unwrap, real, imag, angle."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.complex_numbers import CONTINUOUS, check_takes
from ..engine.errors import ArgumentError, UnsupportedError
from ..engine.registry import implements
from ..engine.shortcuts import refuse, require
from ..engine.tensor import as_array, values_of
from ..primitives import choices, complexes, constants


@implements(np.clip)
@block()
def clip(x: Any, min: Any = None, max: Any = None, *, a_min: Any = np._NoValue, a_max: Any = np._NoValue) -> Any:
    """`np.clip`: limited to [min, max] (or a_min, a_max); exactly at a limit the gradient is shared equally with it."""
    low = min if a_min is np._NoValue else one_of(min, a_min, "min")
    high = max if a_max is np._NoValue else one_of(max, a_max, "max")
    if type(x) in (int, float, complex):
        x = as_array(x)  # of which NumPy takes the dtype
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


@implements(np.frexp)
def frexp(x: Any) -> tuple[Any, Any]:
    """`np.frexp`: x as mantissa · 2ⁿ; the exponent n is a constant, and so the mantissa has the gradient 2⁻ⁿ."""
    power = constants.exponent(x)
    return np.ldexp(x, -power), power


@implements(np.nan_to_num)
@block()
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """`np.nan_to_num`: other numbers in place of nan and the infinities, where the gradient is 0.

    Of complex numbers, in place of each part.
    """
    if x.dtype.kind not in CONTINUOUS:
        raise UnsupportedError(f"nan_to_num is differentiable for floats, but got {x.dtype}.")
    limits = np.finfo(x.dtype)
    above, below = limits.max if posinf is None else posinf, limits.min if neginf is None else neginf
    if x.dtype.kind == "c":
        text = "nan_to_num of complex numbers takes finite numbers as nan=, posinf= and neginf=."
        for each in (nan, above, below):
            require(np.all(np.isfinite(each)), lambda: ArgumentError(text, "Leave them out."), text)
        real_part, imaginary = (nan_to_num(part(x), True, nan, above, below) for part in (np.real, np.imag))
        return real_part + imaginary * 1j
    for where, number in ((np.isnan(x), nan), (np.isposinf(x), above), (np.isneginf(x), below)):
        check_takes(x.dtype, number)
        x = np.where(where, as_array(number).astype(x.dtype), x)
    return x


@implements(np.real)
def real(x: Any) -> Any:
    """`np.real`: of real numbers, these themselves."""
    return complexes.real_part(x) if x.dtype.kind == "c" else x


@implements(np.real_if_close)
def real_if_close(x: Any, tol: float = 100) -> Any:
    """`np.real_if_close`: of real numbers, these themselves; of complex ones the real parts, if the others are tiny.

    They are tiny if all are less than `tol` times the machine epsilon, or than `tol`, if that is at most 1.
    """
    if x.dtype.kind != "c":
        return x
    refuse("np.real_if_close of complex numbers", "Write x.real.", "dtype")
    most = tol * np.finfo(x.dtype).eps if tol > 1 else tol
    return np.real(x) if np.all(np.abs(np.imag(values_of(x))) < most) else x


@implements(np.imag)
def imag(x: Any) -> Any:
    """`np.imag`: of real numbers, zeros."""
    return complexes.imaginary_part(x) if x.dtype.kind == "c" else np.zeros_like(x)


@implements(np.sign)
def sign(x: Any) -> Any:
    """`np.sign`: of real numbers a constant; of complex ones x / |x|. At 0 and at infinity its gradient is 0."""
    x = as_array(x)
    if x.dtype.kind != "c":
        return constants.sign(x)
    size = np.abs(x)
    is_extreme = (size < np.finfo(size.dtype).tiny) | np.isinf(size)
    return np.where(is_extreme, constants.sign(x), np.where(is_extreme, 0, x) / np.where(is_extreme, 1, size))


@implements(np.angle)
@block()
def angle(x: Any, deg: bool = False) -> Any:
    """`np.angle`: of real numbers 0, or π where they are negative, a constant; of complex ones arg x."""
    if x.dtype.kind == "c":
        turned = complexes.angle(x)
        return np.degrees(turned) if deg else turned
    if x.dtype.kind != "f":
        raise UnsupportedError(f"angle of a Tensor of {x.dtype} is not differentiable.")
    turned = np.where(np.isnan(x), np.nan, np.where(np.signbit(x), np.pi, 0.0)).astype(x.dtype)
    return np.degrees(turned) if deg else turned


@implements(np.iscomplex)
def iscomplex(x: Any) -> Any:
    """`np.iscomplex`: false for real numbers."""
    return np.imag(x) != 0


@implements(np.isreal)
def isreal(x: Any) -> Any:
    """`np.isreal`: true for real numbers."""
    return np.imag(x) == 0
