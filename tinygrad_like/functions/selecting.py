"""Composites that select: take, compress, extract, choose, select, piecewise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.complex_numbers import check_takes
from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.kinds import as_ndarray
from ..engine.registry import NUMPY, implements
from ..engine.shortcuts import fixed
from ..engine.tensor import Tensor, as_array
from ..primitives import gathering


def positive_axis(axis: int, ndim: int) -> int:
    """The axis counted from the first; NumPy's error if there is none such."""
    return int(np.lib.array_utils.normalize_axis_index(axis, ndim))


def in_range(indices: Any, n: int, mode: str) -> Any:
    """Indices into n elements, brought into their range where NumPy's `mode` asks for it."""
    if mode == "wrap" and n:
        return np.remainder(indices, n)
    if mode == "clip" and n:
        return np.minimum(np.maximum(indices, 0), n - 1)
    if mode not in ("raise", "wrap", "clip"):
        raise ArgumentError(f"mode={mode!r} is not known.", "Write 'raise', 'wrap' or 'clip'.")
    return indices


@implements(np.take)
def take(a: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    """`np.take`: the elements at these indices along `axis`, or of all in one dimension."""
    a = as_array(a)
    indices = np.asarray(indices, np.intp) if isinstance(indices, (list, tuple)) else as_array(indices)
    if indices.dtype.kind == "b":
        indices = indices.astype(np.intp)
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"take needs indices that are integers, but got {indices.dtype}.")
    if axis is None or not a.ndim:
        a, axis = a if a.ndim == 1 else np.ravel(a), axis or 0
    axis = positive_axis(axis, a.ndim)
    return gathering.take(a, in_range(indices, a.shape[axis], mode), axis)


@implements(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    """`np.take_along_axis`: along `axis`, the elements at the indices of the same row."""
    arr, indices = as_array(arr), as_array(indices)
    if indices.dtype.kind not in "iu":
        raise DTypeError(f"take_along_axis needs indices that are integers, but got {indices.dtype}.")
    if axis is None:
        if indices.ndim != 1:
            raise ShapeError(f"take_along_axis with axis=None needs indices in one dimension, not {indices.ndim}.")
        arr, axis = np.ravel(arr), 0
    axis = positive_axis(axis, arr.ndim)
    if arr.ndim != indices.ndim:
        raise ShapeError(
            f"take_along_axis needs as many dimensions of both, but got shapes {arr.shape} and {indices.shape}.",
            "Write np.take for the same indices everywhere.",
        )
    return gathering.take_along_axis(arr, indices, axis)


@implements(np.compress)
def compress(condition: Any, a: Any, axis: int | None = None) -> Any:
    """`np.compress`: the slices along `axis` for which the condition holds."""
    if np.ndim(condition) != 1:
        raise ShapeError(f"compress needs a condition in one dimension, not {np.ndim(condition)}.")
    return take(a, places_where(condition, "np.compress"), axis)


@implements(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    """`np.extract`: the elements for which the condition holds, in one dimension."""
    return take(arr, places_where(condition, "np.extract"))


def places_where(condition: Any, name: str) -> Any:
    """Where a condition holds, that no trace has computed."""
    found = np.flatnonzero(fixed(condition, name, "How many elements it selects is not known. Write np.where."))
    return Tensor(found) if isinstance(condition, Tensor) else found


@implements(np.choose)
def choose(a: Any, choices: Any, mode: str = "raise") -> Any:
    """`np.choose`: from each place the element of the choice that `a` numbers there."""
    a, choices = as_array(a), [each if isinstance(each, (int, float)) else as_array(each) for each in choices]
    if a.dtype.kind not in "iub":
        raise DTypeError(f"choose needs numbers of choices that are integers, but got {a.dtype}.")
    shape, dtype = np.broadcast_shapes(a.shape, *map(np.shape, choices)), np.result_type(*choices)
    number = in_range(a.astype(np.intp), len(choices), mode)
    number = np.where(number < 0, len(choices), number)  # below 0 is an error, too
    stacked = np.stack([np.broadcast_to(each, shape).astype(dtype) for each in choices])
    try:
        return gathering.take_along_axis(stacked, np.broadcast_to(number, (1, *shape)), 0)[0]
    except IndexError as error:
        raise ArgumentError(f"choose got a number that is none of its {len(choices)} choices.") from error


@implements(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """`np.select`: at each place the choice of the first condition that holds there, else `default`."""
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ArgumentError(
            f"select needs as many choices as conditions, but got {len(choicelist)} and {len(condlist)}."
        )
    for i, condition in enumerate(condlist):
        if as_array(condition).dtype.kind != "b":
            raise DTypeError(f"select needs conditions that are bools, but condition {i} is not.")
    result = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1]):
        result = np.where(condition, choice, result)
    return result


def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **options: Any) -> Any:
    """`np.piecewise`: at each place the function, or constant, of the last condition that holds there."""
    x = as_array(x)
    if np.ndim(condlist) == 0 or (x.ndim and not np.ndim(condlist[0])):
        condlist = [condlist]
    conditions = list(map(condition_of, condlist))
    if len(funclist) == len(conditions) + 1:
        some = conditions[0]
        for condition in conditions[1:]:
            some = some | condition
        conditions = [*conditions, ~some]
    if len(funclist) != len(conditions):
        n = len(conditions)
        raise ArgumentError(f"piecewise with {n} conditions needs {n} or {n + 1} functions, but got {len(funclist)}.")
    result = np.zeros_like(x)
    for condition, function in zip(conditions, funclist):
        piece = piece_of(x, condition, function, args, options) if callable(function) else function
        check_takes(x.dtype, piece)
        result = np.where(condition, piece, result).astype(x.dtype)
    return result


def condition_of(given: Any) -> Any:
    """A condition that no trace has computed: a Tensor if it was one."""
    instead = "How many elements there are for each function is not known. Write np.where(condition, f(x), g(x))."
    found = as_ndarray(fixed(given, "np.piecewise", instead)) != 0
    return Tensor(found) if isinstance(given, Tensor) else found


def piece_of(x: Any, condition: Any, function: Any, args: Any, options: Any) -> Any:
    """What a function gives for the elements for which a condition holds, in their places; 0 elsewhere."""
    indices = np.flatnonzero(np.broadcast_to(condition, x.shape))
    if not indices.size:
        return 0
    values = as_array(function(np.take(np.ravel(x), indices), *args, **options)).astype(x.dtype)
    return np.reshape(gathering.index_add(np.broadcast_to(values, indices.shape), indices, shape=(x.size,)), x.shape)


NUMPY[np.piecewise] = piecewise  # with options that are its functions'
