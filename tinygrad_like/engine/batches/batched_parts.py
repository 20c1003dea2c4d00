"""Batched arrays that are made new, joined, and taken from or written to at an index."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..scattered import add_named_at
from .batched import Batched, CannotBatch, batched_in, holds_batched, is_batched, treats
from .batched_shapes import same, sizes_of
from .batched_ufuncs import Args, Options, aligned, along, batch_axes, ndim_of

WRITERS = (np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal, "ufunc.at")


@treats(*WRITERS)
def write(function: Any, args: Args, options: Options) -> Any:
    if not is_batched(args[0]):
        raise CannotBatch("a write into a single array")
    return NotImplemented


# -- new arrays -------------------------------------------------------------------------------------


@treats(".astype", ".view", ".copy")
def converted(function: Any, args: Args, options: Options) -> Any:
    x, *rest = args
    if function.args[0] == "view" and (rest or options):
        return NotImplemented
    return same(x, function(x.rows, *rest, **options))


@treats(np.copy, np.array, np.asarray, np.ascontiguousarray)
def copied(function: Any, args: Args, options: Options) -> Any:
    x, *rest = args
    if rest or options or not is_batched(x):
        return NotImplemented
    if function is np.asarray:
        return x
    if function is np.ascontiguousarray and x.traced_value.flags.c_contiguous:
        return x
    return Batched(x.rows.copy())


@treats(np.zeros_like, np.ones_like, np.empty_like)
def like(function: Any, args: Args, options: Options) -> Any:
    x, *rest = args
    options = dict(zip(("dtype", "order"), rest)) | options
    if options.get("shape") is None:
        options.pop("shape", None)
        return Batched(function(x.rows, **options))
    return Batched(function(x.rows, **options | {"shape": (len(x.rows), *sizes_of(options["shape"]))}))


@treats(np.full_like)
def full_like(function: Any, args: Args, options: Options) -> Any:
    x, value, *rest = args
    if rest or not is_batched(x) or holds_batched([value, options]) or options.keys() - {"shape", "dtype"}:
        return NotImplemented
    result = like(np.empty_like, (x,), options)
    result.rows.fill(value)
    return result


# -- joining ----------------------------------------------------------------------------------------


def in_rows(array: Any, batch: int) -> Any:
    """The rows of an array, the same for each item if it is not batched."""
    return array.rows if is_batched(array) else np.broadcast_to(array, (batch, *np.shape(array)))


@treats(np.concatenate)
def concatenate(function: Any, args: Args, options: Options) -> Any:
    arrays, axis = (*args, options.get("axis", 0))[:2]
    options = {name: each for name, each in options.items() if name != "axis" and each is not None}
    if options.keys() - {"dtype", "casting"}:
        return NotImplemented
    if axis is None:
        arrays, axis = [each.reshape(-1) for each in arrays], 0
    batch = len(next(batched_in(arrays)).rows)
    axis = batch_axes(axis, ndim_of(arrays[0]))
    return Batched(np.concatenate([in_rows(each, batch) for each in arrays], axis, **options))


@treats(np.stack)
def stack(function: Any, args: Args, options: Options) -> Any:
    arrays, axis = (*args, options.get("axis", 0))[:2]
    arrays = list(arrays)
    options = {name: each for name, each in options.items() if name != "axis" and each is not None}
    if options.keys() - {"dtype", "casting"}:
        return NotImplemented
    batch = len(next(batched_in(arrays)).rows)
    axis = batch_axes(axis, ndim_of(arrays[0]) + 1)
    return Batched(np.stack([in_rows(each, batch) for each in arrays], axis, **options))


@treats(np.pad)
def pad(function: Any, args: Args, options: Options) -> Any:
    x, width, *rest = args
    plain = all(isinstance(each, (str, int, float)) for each in (*rest, *options.values()))
    if not plain or isinstance(width, dict) or not is_batched(x):
        return NotImplemented
    widths = np.broadcast_to(width, (x.ndim, 2)).tolist()
    return Batched(np.pad(x.rows, [(0, 0), *map(tuple, widths)], *rest, **options))


# -- indexing ---------------------------------------------------------------------------------------


def is_advanced(part: Any) -> bool:
    return isinstance(part, (list, np.ndarray))


def batch_index(index: Any) -> tuple[Any, int | None]:
    """An index of an item as one of the rows, and how many axes NumPy puts before that of the items, if any.

    It puts them there if arrays in the index are apart. CannotBatch if the index itself is batched.
    """
    parts = index if isinstance(index, tuple) else (index,)
    if holds_batched(list(parts)):
        raise CannotBatch("an index for each item")
    if any(isinstance(part, (bool, np.bool_)) for part in parts):
        raise CannotBatch("a truth as an index")
    advanced = [i for i, part in enumerate(parts) if is_advanced(part)]
    if advanced:
        advanced = [i for i, part in enumerate(parts) if is_advanced(part) or isinstance(part, (int, np.integer))]
    apart = bool(advanced) and advanced != list(range(advanced[0], advanced[0] + len(advanced)))
    arrays = [parts[i] for i in advanced]
    before = max(1 if each.dtype == bool else each.ndim for each in map(real_array, arrays)) if apart else None
    return (slice(None), *parts), before


def real_array(part: Any) -> Any:
    return part if isinstance(part, np.ndarray) else np.asarray(part)


@treats("getitem")
def getitem(function: Any, args: Args, options: Options) -> Any:
    x, index = args
    where, before = batch_index(index)
    rows = x.rows[where]
    if before:
        rows = rows.transpose(before, *range(before), *range(before + 1, rows.ndim))
    return Batched(rows)


def beside(x: Batched, where: Any, value: Any) -> Any:
    """A value with axes as x.rows[where] has, so that it can be written there."""
    if not is_batched(value):
        return value
    shown = tuple(getattr(part, "traced_value", part) for part in where)
    ndim = np.broadcast_to(np.empty((), bool), x.rows.shape)[shown].ndim - 1
    if value.ndim > ndim:
        raise CannotBatch("a value with more axes than the place it is written to")
    return aligned(value, ndim)


@treats("setitem")
def setitem(function: Any, args: Args, options: Options) -> Any:
    x, index, value = args
    where, before = batch_index(index)
    if before:
        for i in range(len(x.rows)):
            x.rows[i, ...][index] = value.rows[i, ...] if is_batched(value) else value
    elif not is_there(x, where, value):
        x.rows[where] = beside(x, where, value)
    return None


def is_there(x: Batched, where: Any, value: Any) -> bool:
    """Whether a value is the view that it is to be written to, as it is after x[where] += 1."""
    if not is_batched(value) or any(is_advanced(part) for part in where):
        return False
    place, other = (each.__array_interface__ for each in (x.traced_value[where], value.traced_value))
    return all(place[name] == other[name] for name in ("data", "shape", "strides", "typestr"))


@treats(add_named_at.__wrapped__)  # type: ignore[attr-defined]
def add_at(function: Any, args: Args, options: Options) -> Any:
    """Some elements added, those of all items at once."""
    buffer, index, values = args
    if not is_batched(buffer):
        raise CannotBatch("a write into a single array")
    where, before = batch_index(index)
    if before:
        return NotImplemented
    function(buffer.rows, where, beside(buffer, where, values))
    return None


@treats(np.take, ".take")
def take(function: Any, args: Args, options: Options) -> Any:
    x, indices, axis = (*args, options.get("axis"))[:3]
    if not is_batched(x) or is_batched(indices) or options.keys() - {"axis", "mode"}:
        return NotImplemented
    return along(lambda rows, **more: np.take(rows, indices, **more), (x,), options | {"axis": axis})


@treats(np.take_along_axis)
def take_along_axis(function: Any, args: Args, options: Options) -> Any:
    x, indices, axis = (*args, options.get("axis", -1))[:3]
    if not is_batched(x) or is_batched(indices) or axis is None:
        return NotImplemented
    return Batched(np.take_along_axis(x.rows, indices[None], batch_axes(axis, x.ndim)))


@treats(np.diagonal, ".diagonal")
def diagonal(function: Any, args: Args, options: Options) -> Any:
    x, *rest = args
    given = {"offset": 0, "axis1": 0, "axis2": 1} | dict(zip(("offset", "axis1", "axis2"), rest)) | options
    return Batched(np.diagonal(x.rows, given["offset"], *(batch_axes(given[n], x.ndim) for n in ("axis1", "axis2"))))
