"""Shortcuts: cheaper ways that some values allow. Code that may be traced asks here instead of branching on values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .batches.batched import Batched
from .errors import ArgumentError
from .tensor import Tensor, values_of
from .traces import lifted, real, trace

SQUARED_FAST = frozenset({np.dtype(np.float32), np.dtype(np.float64)})
MANY = 1000  # elements, from which on another way to look at them is faster
TRUTHS = frozenset({bool, np.bool_, np.ndarray})


def shortcut(condition: Any) -> bool:
    """Whether the values allow the cheaper way; never in a trace, where the values are not known yet.

    Both ways must give the same numbers, to within rounding. Of many rows at once, all must allow it.
    """
    condition = values_of(condition)
    if type(condition) in TRUTHS:
        return bool(condition)
    return type(condition) is Batched and condition.for_all()


def edges(product: Any) -> Any:
    """The first row and column of a matrix product: a factor's infinity or nan spoils a whole row or column of it.

    Of a small product, all of it, which is as fast to look at.
    """
    if product.ndim < 2 or product.size <= MANY:
        return product
    return np.concatenate((product[..., 0, :].reshape(-1), product[..., 0].reshape(-1)))


def all_finite(values: Any, at_edges: bool = False) -> bool:
    """Whether the way for finite values may be taken; of a matrix product, its `edges` show it."""
    array = values_of(values)
    if array.size > MANY and array.dtype in SQUARED_FAST:
        array = edges(array) if at_edges else array
        # A finite sum of squares shows it as well, and is faster to compute.
        flat = array.ravel(order="K")
        with np.errstate(over="ignore", invalid="ignore"):
            if shortcut(np.isfinite(flat.dot(flat))):
                return True
    return shortcut(np.logical_and.reduce(np.isfinite(array), axis=None))


def mended(result: Any, fix: Callable[[], Any], checked: Any = None) -> Any:
    """`result`, or what `fix` gives instead if some of it (or of `checked`) is not finite; a trace writes down both.

    Where all is finite, `fix` must give the same, to within rounding.
    """
    now = trace()
    checked = result if checked is None else checked
    if now is None or isinstance(result, Tensor):
        return result if all_finite(checked) else fix()
    return now.mended(result, fix, checked)


def require(condition: Any, error: Callable[[], Exception], text: str) -> None:
    """Raise an error unless the condition holds; in a trace, the program raises ArgumentError with this text."""
    now, holds = trace(), values_of(condition)
    if (now is None or not now.nudged) and not real(holds):
        raise error()
    if now is not None:
        now.require(holds, text)


def fixed(value: Any, what: str, instead: str) -> Any:
    """The array of what decides a shape. In a trace it is a copy; the program checks that it stays the same.

    Raises TraceError if the trace has computed it: `what` cannot be compiled, and what to write `instead`.
    """
    array = value._array if isinstance(value, Tensor) else value
    now = trace()
    if now is None or not isinstance(array, np.ndarray):
        return array
    if real(array) is not array:
        raise now.refusal(what, instead)
    copy = array.copy()
    now.require((lifted(array) == copy).all(), f"{what}: what decides the shape has changed since it was compiled.")
    return copy


def refuse(what: str, instead: str, which: str = "shape") -> None:
    """In a trace, an error: what has a shape (or a dtype) that depends on values, and what to write instead."""
    now = trace()
    if now is not None:
        raise now.refusal(f"{what}, whose {which} depends on values,", instead)


def raise_unless(condition: Any, text: str) -> None:
    """What a program does where a condition is required."""
    if not condition:
        raise ArgumentError(text)


def ordinary(values: Any) -> bool:
    """Whether every value is finite and not 0."""
    array = values_of(values)
    return all_finite(array) and shortcut(np.logical_and.reduce(array, axis=None))


def products_fit(factors: Any) -> bool:
    """Whether the product of any of these factors is surely an ordinary number: no zero, no overflow, no underflow.

    ln f is at most f - 1, and -ln f at most 1/f - 1; the sums of these bound every product from both sides.
    """
    size = np.abs(values_of(factors))
    if size.__class__ is not np.ndarray:
        return False
    limit = size.size - np.log(np.finfo(size.dtype).tiny) - 1
    if not shortcut(np.maximum(size, 1).sum(dtype=float) < limit):
        return False
    # In place: at a million factors, new memory costs more than arithmetic.
    np.minimum(size, 1, out=size)
    with np.errstate(divide="ignore"):
        np.reciprocal(size, out=size)
    return shortcut(size.sum(dtype=float) < limit)
