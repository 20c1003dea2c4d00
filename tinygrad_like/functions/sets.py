"""Composites that find equals: unique values, and sets of values. What is found is taken, and differentiable."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.complex_numbers import CONTINUOUS
from ..engine.errors import ArgumentError
from ..engine.registry import implements
from ..engine.shortcuts import refuse
from ..engine.tensor import Tensor, as_array, values_of
from ..primitives import gathering
from .selecting import positive_axis

# NumPy's own named tuples.
UniqueAll: Any = type(np.unique_all(np.zeros(0)))
UniqueCounts: Any = type(np.unique_counts(np.zeros(0)))
UniqueInverse: Any = type(np.unique_inverse(np.zeros(0)))


def find_unique(a: Any, axis: int | None, equal_nan: bool) -> Any:
    """The unique values of an array, or slices along `axis`. Equal ones share the gradient equally."""
    refuse("np.unique", "Write np.sort(x), of which equals are neighbours.")
    a = as_array(a)
    found = np.unique(values_of(a), True, True, True, axis, equal_nan=equal_nan)[1:]
    indices, inverse, counts = (as_constant(each, a) for each in found)
    flat, axis = (np.ravel(a), 0) if axis is None else (a, positive_axis(axis, a.ndim))
    values = gathering.take(flat, indices, axis)
    if len(indices) < flat.shape[axis] and a.dtype.kind in CONTINUOUS:
        values = values + mean_distance(flat, indices, np.ravel(inverse), counts, axis)
    return UniqueAll(values, indices, inverse, counts)


def mean_distance(x: Any, indices: Any, inverse: Any, counts: Any, axis: int) -> Any:
    """For the first of equals, the mean distance of all of them from it: 0, but its gradient evens the shares out.

    What is infinite or nan has no distance; there the first keeps all of the gradient.
    """
    finite = np.where(np.isfinite(x), x, 0)
    first = gathering.take(gathering.take(finite, indices, axis), inverse, axis)
    shape = [1] * x.ndim
    shape[axis] = -1
    total = gathering.index_add(
        finite - first, inverse, shape=(*x.shape[:axis], len(indices), *x.shape[axis + 1 :]), axis=axis
    )
    return (total / np.reshape(counts, shape)).astype(x.dtype)


def as_constant(found: Any, a: Any) -> Any:
    """What was found in the values of `a`: a Tensor if `a` is one."""
    return Tensor(found) if isinstance(a, Tensor) else found


@implements(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    sorted: bool = True,
) -> Any:
    """`np.unique`: the unique values in ascending order; equal ones share the gradient equally."""
    found = find_unique(ar, axis, equal_nan)
    asked = (True, return_index, return_inverse, return_counts)
    parts = tuple(part for part, wanted in zip(found, asked) if wanted)
    return parts if len(parts) > 1 else parts[0]


@implements(np.unique_all)
def unique_all(x: Any) -> Any:
    """`np.unique_all`: the unique values, the first index of each, the number of each element, and the counts."""
    return find_unique(x, None, False)


@implements(np.unique_counts)
def unique_counts(x: Any) -> Any:
    """`np.unique_counts`: the unique values, and how often each occurs."""
    found = find_unique(x, None, False)
    return UniqueCounts(found.values, found.counts)


@implements(np.unique_inverse)
def unique_inverse(x: Any) -> Any:
    """`np.unique_inverse`: the unique values, and which of them each element is."""
    found = find_unique(x, None, False)
    return UniqueInverse(found.values, found.inverse_indices)


@implements(np.unique_values)
def unique_values(x: Any) -> Any:
    """`np.unique_values`: the unique values, here always in ascending order."""
    return find_unique(x, None, False).values


@implements(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    """`np.union1d`: the unique values of both."""
    return np.unique(np.concatenate([np.ravel(ar1), np.ravel(ar2)]))


def in_one_dimension(assume_unique: bool, *arrays: Any) -> list[Any]:
    return [np.ravel(each) if assume_unique else np.unique(each) for each in arrays]


@implements(np.intersect1d)
def intersect1d(ar1: Any, ar2: Any, assume_unique: bool = False, return_indices: bool = False) -> Any:
    """`np.intersect1d`: the values that both have, which share the gradient equally."""
    refuse("np.intersect1d", "Write np.isin(x, y), which gives truths.")
    ar1, ar2 = as_array(ar1), as_array(ar2)
    found = np.intersect1d(values_of(ar1), values_of(ar2), assume_unique, return_indices=True)[1:]
    sets = in_one_dimension(assume_unique, ar1, ar2)
    places = np.intersect1d(values_of(sets[0]), values_of(sets[1]), True, return_indices=True)[1:]
    if any((place < 0).any() for place in places):
        raise ArgumentError("intersect1d with assume_unique=True got a value twice.", "Leave assume_unique out.")
    values = np.maximum(*(np.take(each, place) for each, place in zip(sets, places)))
    some = ar1 if isinstance(ar1, Tensor) else ar2
    return (values, *(as_constant(each, some) for each in found)) if return_indices else values


@implements(np.setdiff1d)
def setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """`np.setdiff1d`: the values of the first that the second does not have."""
    refuse("np.setdiff1d", "Write ~np.isin(x, y), which gives truths.")
    first, second = in_one_dimension(assume_unique, ar1, ar2)
    return np.extract(np.isin(first, second, assume_unique=True, invert=True), first)


@implements(np.setxor1d)
def setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    """`np.setxor1d`: the values that only one of both has, in ascending order."""
    first, second = in_one_dimension(assume_unique, ar1, ar2)
    return np.sort(np.concatenate([np.setdiff1d(first, second, True), np.setdiff1d(second, first, True)]))
