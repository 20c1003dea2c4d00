"""What makes an array of numbers and Tensors: array, full, arange, fromiter."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from ..engine.recording import transform_depth
from ..engine.tensor import values_of
from .lists import NUMBERS, has_tensor, stacked, tensors


def is_numeric(dtype: Any) -> bool:
    return dtype is None or np.dtype(dtype).kind in NUMBERS


def made_plain(array: Any) -> Any:
    """An array that NumPy made of plain numbers: a Tensor inside a transform, where it may be written into."""
    return tensors(array) if transform_depth.get() else array


def converted(value: Any, dtype: Any) -> Any:
    return value if dtype is None or np.dtype(dtype) == value.dtype else value.astype(dtype)


def from_tensors(value: Any, dtype: Any = None, copy: bool | None = None, ndmin: int = 0, order: Any = "K") -> Any:
    """The Tensor of a Tensor, or of nested lists with Tensors, with the options of `np.array`."""
    made = converted(stacked(value), dtype)
    if (made is value and copy) or not in_order(values_of(made), order):
        made = made.copy(order or "K")
    if made is not value and copy is False:
        raise ArgumentError("A copy cannot be avoided here, but copy=False was given.", "Write copy=None.")
    return np.reshape(made, (1,) * (ndmin - made.ndim) + made.shape) if made.ndim < ndmin else made


def in_order(array: Any, order: Any) -> bool:
    """Whether an array lies in memory in this order, so that NumPy would not copy it for that."""
    return {"C": array.flags.c_contiguous, "F": array.flags.f_contiguous}.get(order, True)


def taking_tensors(function: Any, **defaults: Any) -> Any:
    """`np.array` or the like, also of Tensors; a copy of one is recorded."""

    @functools.wraps(function)
    def make(*args: Any, **options: Any) -> Any:
        named = dict(zip(("object", "dtype", "order"), args)) | options
        value = named.get("object", named.get("a"))
        if not has_tensor(value) or not is_numeric(named.get("dtype")):
            return made_plain(function(*args, **options))
        given = {name: named[name] for name in ("copy", "ndmin", "order") if name in named}
        return from_tensors(value, named.get("dtype"), **(defaults | given))

    return make


array = taking_tensors(np.array, copy=True)
asarray = taking_tensors(np.asarray)
asanyarray = taking_tensors(np.asanyarray)
ascontiguousarray = taking_tensors(np.ascontiguousarray, ndmin=1, order="C")
asfortranarray = taking_tensors(np.asfortranarray, ndmin=1, order="F")
asarray_chkfinite = taking_tensors(np.asarray_chkfinite)


def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **layout: Any) -> Any:
    """`np.full`: the value everywhere, which may be recorded."""
    if not has_tensor(fill_value) or not is_numeric(dtype):
        return made_plain(np.full(shape, fill_value, dtype, order, **layout))
    return np.copy(np.broadcast_to(converted(stacked(fill_value), dtype), shape))


def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: Any = "K", subok: bool = True, shape: Any = None
) -> Any:
    """`np.full_like`: the value everywhere, which may be recorded."""
    if not has_tensor(fill_value):
        return made_plain(np.full_like(stacked(a) if has_tensor(a) else a, fill_value, dtype, order, subok, shape))
    a = asarray(a)
    return full(a.shape if shape is None else shape, fill_value, a.dtype if dtype is None else dtype)


def arange(*limits: Any, dtype: Any = None, **layout: Any) -> Any:
    """`np.arange`: start + i · step; how many there are is a constant."""
    named = {name: layout.pop(name) for name in ("start", "stop", "step") if name in layout}
    values = {name: values_of(each) for name, each in named.items()}
    plain: Any = np.arange(*map(values_of, limits), dtype=dtype, **values, **layout)  # type: ignore[call-overload]
    if not has_tensor((*limits, *named.values())):
        return made_plain(plain)
    start = named.get("start", limits[0] if len(limits) > 1 or (limits and "stop" in named) else 0)
    step = named.get("step", limits[2] if len(limits) > 2 else 1)
    steps = np.arange(len(plain))
    return converted(tensors(steps) * step + start, plain.dtype)


def fromiter(iter: Iterable[Any], dtype: Any, count: int = -1, **layout: Any) -> Any:
    """`np.fromiter`, also of Tensors."""
    items = list(iter if count < 0 else itertools.islice(iter, count))
    if has_tensor(items) and len(items) >= count:
        return converted(stacked(items), dtype)
    return made_plain(np.fromiter(items, dtype, count, **layout))


ARRAYS = (array, asarray, asanyarray, ascontiguousarray, asfortranarray, asarray_chkfinite)
OWN = {function.__name__: function for function in (*ARRAYS, full, full_like, arange, fromiter)}
