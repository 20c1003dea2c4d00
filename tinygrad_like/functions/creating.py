"""Arrays like others, arrays of nested lists (`like=`), and sequences between two ends."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..engine import shortcuts
from ..engine.complex_numbers import CONTINUOUS
from ..engine.errors import ArgumentError, UnsupportedError
from ..engine.registry import implements
from ..engine.tensor import Tensor, as_array
from ..engine.views import joined
from ..primitives import constants

ORDERS = {"C": "C", "C_CONTIGUOUS": "C", "CONTIGUOUS": "C", "F": "F", "F_CONTIGUOUS": "F", "FORTRAN": "F"}
OWN_MEMORY = {"O", "OWNDATA", "W", "WRITEABLE"}


def tensor(x: Any) -> Any:
    return x if isinstance(x, Tensor) else Tensor(x)


def alike(arrays: Any) -> tuple[Any, ...]:
    """All of them Tensors, if one is."""
    arrays = tuple(arrays)
    return tuple(map(tensor, arrays)) if any(isinstance(each, Tensor) for each in arrays) else arrays


def stacked(value: Any) -> Any:
    """A Tensor as it is; what is made of nested lists, in which Tensors may stand; else an ndarray."""
    return as_array(joined(value))


def with_axes(x: Any, ndim: int) -> Any:
    """The array with axes of length 1 in front, so that it has `ndim` at least."""
    return x if x.ndim >= ndim else np.reshape(x, (1,) * (ndim - x.ndim) + x.shape)


# -- like another array -----------------------------------------------------------------------------------


@implements(np.empty_like)
def empty_like(
    prototype: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, *, device: Any = None
) -> Any:
    """`np.empty_like`; here the values are 0."""
    return constants.zeros_like(prototype, dtype, order, subok, shape, device=device)


@implements(np.full_like)
def full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: bool = True,
    shape: Any = None,
    *,
    device: Any = None,
) -> Any:
    """`np.full_like`: one value, or what broadcasts, everywhere."""
    like = np.empty_like(a, dtype, shape=shape, device=device)
    _, fill = alike((a, stacked(fill_value)))
    return np.copy(np.broadcast_to(fill.astype(like.dtype, copy=False), like.shape), order)


# -- with like=, where NumPy would make an ndarray ----------------------------------------------------------


def converted(value: Any, dtype: Any, copy: Any, order: Any, ndmin: int = 0) -> Any:
    """A Tensor of a value, in this dtype and order."""
    x = tensor(stacked(value))
    x = x.astype(x.dtype if dtype is None else dtype, order=order or "K", copy=bool(copy) and x is value)
    return with_axes(x, ndmin)


@implements(np.array)
def array(
    object: Any, dtype: Any = None, *, copy: Any = True, order: Any = "K", subok: bool = False, ndmin: int = 0
) -> Any:
    """`np.array(..., like=t)`: a Tensor of numbers, arrays and Tensors in nested lists."""
    return converted(object, dtype, copy, order, ndmin)


@implements(np.asarray, np.asanyarray)
def asarray(a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None) -> Any:
    """`np.asarray(..., like=t)`: the same, of a Tensor itself, where nothing changes."""
    return converted(a, dtype, copy, order)


@implements(np.ascontiguousarray)
def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """`np.ascontiguousarray(..., like=t)`."""
    return converted(a, dtype, False, "C", 1)


@implements(np.asfortranarray)
def asfortranarray(a: Any, dtype: Any = None) -> Any:
    """`np.asfortranarray(..., like=t)`."""
    return converted(a, dtype, False, "F")


@implements(np.require)
def require(a: Any, dtype: Any = None, requirements: Any = None) -> Any:
    """`np.require(..., like=t)`."""
    names = {each.upper() for each in requirements or ()}
    orders = {ORDERS[each] for each in names & ORDERS.keys()}
    if len(orders) > 1:
        raise ArgumentError("np.require got the orders C and F.", "Write one of them.")
    return converted(a, dtype, names & OWN_MEMORY, orders.pop() if orders else None)


@implements(np.full)
def full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C") -> Any:
    """`np.full(..., like=t)`: one value, or what broadcasts, everywhere."""
    fill = tensor(stacked(fill_value))
    return np.copy(np.broadcast_to(fill.astype(fill.dtype if dtype is None else dtype, copy=False), shape), order)


@implements(np.arange)
def arange(*arguments: Any) -> Any:
    raise UnsupportedError(
        "np.arange is not differentiable: its length depends on its arguments.", "Write start + step * np.arange(n)."
    )


# -- between two ends ---------------------------------------------------------------------------------------


@implements(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """`np.linspace`: start + i (stop - start) / n, for n intervals."""
    num = operator.index(num)
    if num < 0:
        raise ArgumentError(f"linspace got num={num}.", "Write how many numbers there are, 0 or more.")
    kind = np.result_type(*(each if np.isscalar(each) else as_array(each) for each in (start, stop)), 0.0)
    start, stop = as_array(start).astype(kind), as_array(stop).astype(kind)
    delta, intervals = stop - start, num - 1 if endpoint else num
    step = delta / intervals if intervals > 0 else np.nan
    places = np.arange(num, dtype=kind, device=device).reshape((-1,) + (1,) * delta.ndim)
    y = places * (step if intervals > 0 else delta) + start
    if endpoint and num > 1:
        y = with_ends(y, y[:1], stop)
    y = finished(y, dtype, axis)
    return (y, step) if retstep else y


def with_ends(y: Any, first: Any, last: Any) -> Any:
    """Rows with these in place of the first and the last, exactly."""
    ends = [np.broadcast_to(each, (1, *y.shape[1:])) for each in (first, last)]
    return np.concatenate((ends[0], y[1:-1], ends[1]))


def finished(y: Any, dtype: Any, axis: int) -> Any:
    """A sequence along this axis, in this dtype."""
    y = y if axis == 0 else np.moveaxis(y, 0, axis)
    if dtype is None or np.dtype(dtype) == y.dtype:
        return y
    return (np.floor(y) if np.dtype(dtype).kind in "iu" else y).astype(dtype)


@implements(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """`np.logspace`: base to the powers between start and stop."""
    if not isinstance(base, (float, int)) and np.ndim(base):
        most = max(map(np.ndim, (start, stop, base)))
        start, stop, base = (with_axes(as_array(each), most) for each in (start, stop, base))
        base = np.expand_dims(base, axis)
    y = np.power(base, np.linspace(start, stop, num, endpoint, axis=axis))
    return y if dtype is None else y.astype(dtype, copy=False)


@implements(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`np.geomspace`: each is the one before times the same factor."""
    start, stop = as_array(start), as_array(stop)
    text = "A geometric sequence cannot include 0."
    for each in (start, stop):
        shortcuts.require(np.all(each != 0), lambda: ArgumentError(text, "Write ends that are not 0."), text)
    kind = np.result_type(start, stop, float(num), np.zeros((), dtype))
    if kind.kind not in CONTINUOUS:
        raise UnsupportedError(f"geomspace of {kind} is not differentiable.", "Write floats or complex numbers.")
    sign = np.sign(start.astype(kind))
    start, stop = start / sign, stop / sign
    y = np.logspace(np.log10(start), np.log10(stop), num, endpoint)
    if num > 1:
        y = with_ends(y, start, stop if endpoint else y[-1:])
    elif num == 1:
        y = np.broadcast_to(start, y.shape)
    return finished(y * sign, dtype, axis)


# -- grids --------------------------------------------------------------------------------------------------


@implements(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """`np.meshgrid`: each sequence along its own axis of a grid, and repeated over the others."""
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"meshgrid got indexing={indexing!r}.", "Write 'xy' or 'ij'.")
    axes = list(range(len(xi)))
    if indexing == "xy":
        axes[:2] = axes[1::-1]
    parts = [along_axis(as_array(x), axis, len(xi)) for x, axis in zip(xi, axes)]
    grids = parts if sparse else np.broadcast_arrays(*parts)
    return alike(np.copy(each) if copy else each for each in grids)


def along_axis(x: Any, axis: int, ndim: int) -> Any:
    """A sequence along one of `ndim` axes."""
    return np.reshape(x, [-1 if i == axis else 1 for i in range(ndim)])


@implements(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    """`np.ix_`: each sequence along its own axis; of truths, the numbers of those that are true."""
    parts = []
    for i, each in enumerate(map(as_array, args)):
        if each.ndim != 1:
            raise ArgumentError(f"ix_ takes sequences, but got the shape {each.shape}.")
        each = np.flatnonzero(each) if each.dtype == bool else each
        parts.append(along_axis(each, i, len(args)))
    return alike(parts)


@implements(*(getattr(np, name) for name in ("astype",) if hasattr(np, name)))  # new in NumPy 2.1
def astype(x: Any, dtype: Any, *, copy: bool = True, device: Any = None) -> Any:
    """`np.astype`: the method of that name."""
    return x.astype(dtype, copy=copy)
