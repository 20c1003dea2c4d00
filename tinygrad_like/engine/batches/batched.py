"""`Batched`: many arrays of one shape, the items, that code computes with as if they were one.

A sweep that starts at many cotangents runs each rule once, on arrays of this kind. Their first axis, that of the items,
is hidden: shapes and axes are those of one item. Functions with a treatment (the other modules here)
compute all items at once. Any other function is called for each item.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

Function = Callable[..., Any]
Treatment = Callable[[Function, tuple[Any, ...], dict[str, Any]], Any]

# How a function is computed for all items at once: treatment(function, args, options).
treatments: dict[Any, Treatment] = {}
NONE: dict[str, Any] = {}


class CannotBatch(Exception):
    """What is computed needs the values of each item, so the items have to be computed one by one."""


def treats(*functions: Any) -> Callable[[Treatment], Treatment]:
    """A decorator: this is how these functions are computed for all items at once."""

    def note(treatment: Treatment) -> Treatment:
        for each in functions:
            treatments[each] = treatment
        return treatment

    return note


class Batched(np.lib.mixins.NDArrayOperatorsMixin):
    """Arrays of one shape along the first axis of `rows`. It says that it is an ndarray of the shape of one item."""

    __slots__ = ("__weakref__", "rows")

    def __init__(self, rows: Any) -> None:
        self.rows = rows

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return np.ndarray

    # -- what is known of an item -------------------------------------------------------------------

    shape = property(lambda self: self.rows.shape[1:])
    ndim = property(lambda self: self.rows.ndim - 1)
    size = property(lambda self: self.rows.size // len(self.rows))
    dtype = property(lambda self: self.rows.dtype)
    strides = property(lambda self: self.rows.strides[1:])
    itemsize = property(lambda self: self.rows.itemsize)
    nbytes = property(lambda self: self.rows.nbytes // len(self.rows))
    flags = property(lambda self: self.rows.flags)
    base = property(lambda self: self.rows.base)
    device = property(lambda self: "cpu")
    traced_value = property(lambda self: getattr(self.rows, "traced_value", self.rows))

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return int(self.rows.shape[1])

    def __repr__(self) -> str:
        return f"Batched({len(self.rows)} of {self.dtype}, shape={self.shape})"

    # -- calls --------------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, how: str, *inputs: Any, **options: Any) -> Any:
        if any(hasattr(each, "_array") for each in (*inputs, *(options.get("out") or ()))):
            return NotImplemented  # a Tensor
        if how == "__call__":
            return call(ufunc if ufunc in treatments else "ufunc", ufunc, inputs, options)
        return call(f"ufunc.{how}", getattr(ufunc, how), inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if any(hasattr(kind, "_array") for kind in types):
            return NotImplemented
        return call(function, function, args, options)

    def __getitem__(self, index: Any) -> Any:
        return call("getitem", None, (self, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        call("setitem", None, (self, index, value))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if name in VALUES:
            raise CannotBatch(name)
        if name.startswith("_") or not hasattr(np.ndarray, name):
            raise AttributeError(f"an array has no attribute {name!r}")
        return lambda *args, **options: call(f".{name}", partial(call_method, name), (self, *args), options)

    T = property(lambda self: self.transpose())
    mT = property(lambda self: self.swapaxes(-1, -2))
    real = property(lambda self: np.real(self))
    imag = property(lambda self: np.imag(self))

    def for_all(self) -> bool:
        """Whether a truth is known to hold for all items."""
        return isinstance(self.traced_value, np.ndarray) and self.traced_value is self.rows and bool(self.rows.all())

    # -- what would need the values -----------------------------------------------------------------

    def refused(self, *args: Any, **options: Any) -> Any:
        raise CannotBatch("the values of an item")

    __array__ = __bool__ = __float__ = __int__ = __index__ = __complex__ = __reduce_ex__ = refused

    def __hash__(self) -> int:
        raise TypeError("unhashable type: 'ndarray'")


VALUES = frozenset({"item", "tolist", "tobytes", "tofile", "dump", "dumps", "resize", "ctypes", "flat", "data"})


def call_method(name: str, array: Any, *args: Any, **options: Any) -> Any:
    return getattr(array, name)(*args, **options)


def is_batched(value: Any) -> bool:
    return type(value) is Batched


def batched_in(structure: Any) -> Iterator[Batched]:
    """The batched arrays in the arguments of a call."""
    if type(structure) is Batched:
        yield structure
    elif isinstance(structure, (tuple, list)):
        for each in structure:
            yield from batched_in(each)
    elif isinstance(structure, dict):
        yield from batched_in(list(structure.values()))


def holds_batched(structure: Any) -> bool:
    return next(batched_in(structure), None) is not None


def call(key: Any, function: Any, args: tuple[Any, ...], options: dict[str, Any] = NONE) -> Any:
    """Call a function, known by a key, of which an argument is batched, or several are."""
    treatment = treatments.get(key) or treatments.get(getattr(key, "__wrapped__", None))
    result = NotImplemented if treatment is None else treatment(function, args, options)
    return for_each(function, args, options) if result is NotImplemented else result


def item(structure: Any, i: int) -> Any:
    """The arguments of the call for one item. It is a view: what is written into it is written into the batch."""
    if type(structure) is Batched:
        return structure.rows[i, ...]
    if isinstance(structure, (tuple, list)):
        parts = [item(each, i) for each in structure]
        return tuple.__new__(type(structure), parts) if isinstance(structure, tuple) else parts
    return {name: item(each, i) for name, each in structure.items()} if isinstance(structure, dict) else structure


def for_each(function: Any, args: tuple[Any, ...], options: dict[str, Any] = NONE) -> Any:
    """Call a function once for each item, and stack what it gives."""
    found = list(batched_in([args, options]))
    out = options.get("out")
    if any(not is_batched(each) for each in (out if isinstance(out, tuple) else (out,)) if each is not None):
        raise CannotBatch("out= of a single array")
    results = [function(*item(args, i), **item(options, i)) for i in range(len(found[0].rows))]
    if out is not None:
        return out[0] if isinstance(out, tuple) and len(out) == 1 else out
    return stacked(results)


def stacked(results: list[Any]) -> Any:
    """The results for all items as one batched array, or as a tuple or list of them."""
    first = results[0]
    if first is None:
        return None
    if isinstance(first, (tuple, list)):
        if len({len(each) for each in results}) > 1:
            raise CannotBatch("results of several lengths")
        parts = [stacked(list(each)) for each in zip(*results)]
        return tuple.__new__(type(first), parts) if isinstance(first, tuple) else parts
    if not isinstance(first, (np.ndarray, np.generic, bool, int, float)):
        raise CannotBatch(f"a result that is a {type(first).__name__}")
    if len({np.shape(each) for each in results}) > 1:
        raise CannotBatch("results of several shapes")
    return Batched(np.stack(results))
