"""The trace that is being written in this context, if there is one, and what the engine asks it.

During a trace the arrays in Tensors are traced arrays, which write down each NumPy call (compiler/tracing/tracing.py).
Outside, each function here costs a look at an empty list.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

import numpy as np
from numpy import ndarray

active: list[Any] = []  # the traces under way in all threads
current: ContextVar[Any] = ContextVar("trace", default=None)


def trace() -> Any:
    """The trace of this context, or None."""
    return current.get() if active else None


def lifted(value: Any) -> Any:
    """An array as the trace sees it, if there is one: memory that the program reads and writes by reference."""
    if active and (now := current.get()) is not None and value.__class__ is ndarray:
        return now.lift(value)
    return value


def real(array: Any) -> Any:
    """The array itself: what a traced array holds while its trace is being written."""
    return getattr(array, "traced_value", array)


def stacked(value: Any) -> Any:
    """Nested lists with traced numbers among them as a traced array; anything else as it is."""
    if not isinstance(value, (list, tuple)):
        return value
    parts = [stacked(each) for each in value]
    return np.stack(parts) if any(real(each) is not each for each in parts) else value


def seen(tensor: Any, cleared: bool = False) -> None:
    """The gradient of a Tensor is about to be read, or to be `cleared`: a trace notes what was there before."""
    if active and (now := current.get()) is not None:
        now.see_gradient(tensor, cleared)


def made(tensor: Any) -> None:
    """A Tensor was made, of an array that the trace does not know."""
    if (now := current.get()) is not None:
        now.made[id(tensor)] = tensor


def used(holder: Any) -> None:
    """A layer or an optimizer takes part: a trace notes it, since what it holds besides Tensors decides the way."""
    if active and (now := current.get()) is not None:
        now.holders.setdefault(id(holder), holder)


def sweeping(node: Any) -> None:
    """What follows are the rules of a node; with None, the sweep is done."""
    if active and (now := current.get()) is not None:
        now.sweeping(node)


class Changes:
    """How often something has changed that a trace does not see: settings, modes, which memory a Tensor has."""

    count = 0

    def note(self) -> None:
        self.count += 1


changes = Changes()


def write_once(view: Any, values: Any) -> None:
    """Write what is there before the first run: no part of the program, and not undone after a trace."""
    view[...] = values
    if active and (now := current.get()) is not None:
        now.keep_written(view, values)


def ndarray_of(value: Any) -> Any:
    """`np.asarray`, which leaves a traced array alone."""
    if value.__class__ is ndarray:
        return value
    if active and hasattr(value, "traced_value"):
        return current.get().emit(np.asarray, (value,))
    return np.asarray(value)


def in_dtype(array: Any, dtype: Any) -> Any:
    """`np.asarray` of an array, which leaves a traced one as it is, in this dtype."""
    array = ndarray_of(array)
    return array if dtype is None or array.dtype == dtype else array.astype(dtype)


def contiguous(array: Any) -> Any:
    """`np.ascontiguousarray`."""
    now = trace()
    return np.ascontiguousarray(array) if now is None else now.emit(np.ascontiguousarray, (array,))


def number_of(array: Any) -> Any:
    """An array with one element as a Python number; in a trace, what becomes one when the program is run."""
    now = trace()
    return plain_number(array) if now is None else now.number(array)


def plain_number(array: Any) -> float | complex:
    return complex(array) if array.dtype.kind == "c" else float(array)


def copy_of(value: Any) -> Any:
    """`np.array`, which copies a traced array, too."""
    if active and (now := current.get()) is not None:
        return now.emit(np.array, (value,))
    return np.array(value)


def zeros(shape: Any, dtype: Any = float) -> Any:
    """`np.zeros`, to be written into."""
    now = trace()
    return np.zeros(shape, dtype) if now is None else now.emit(np.zeros, (shape, np.dtype(dtype)))


def empty(shape: Any, dtype: Any = float) -> Any:
    """`np.empty`, to be written into."""
    now = trace()
    return np.empty(shape, dtype) if now is None else now.emit(np.empty, (shape, np.dtype(dtype)))


def whole(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of arrays that a trace writes down as one call, since its way depends on values.

    Of Tensors it is computed and recorded as ever, on the way that is right for all values. If its name ends in `_at`
    or `_into`, it writes into its first argument.
    """
    writes = function.__name__.endswith(("_at", "_into"))

    @wraps(function)
    def alone(*args: Any, **options: Any) -> Any:
        token = current.set(None)
        try:
            return function(*args, **options)
        finally:
            current.reset(token)

    @wraps(function)
    def inside(*args: Any, **options: Any) -> Any:
        now = trace()
        if now is None or any(hasattr(each, "_array") for each in args):
            return function(*args, **options)
        return now.emit(alone, args, options, args[:1] if writes else ())

    return inside
