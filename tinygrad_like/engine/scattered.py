"""`Scattered`: a cotangent that is 0 but where an index took its elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from .traces import whole
from .writes import Array

LONG = 16  # elements of a row that are added faster at once than one by one
MANY = 2**17  # elements in all, from which on that also pays for rows that are named more than once
BASIC = (int, slice, type(None), type(...), np.integer)


class Scattered:
    """What the rule of indexing gives: `values` belong at `index`, everything else is 0.

    The sweep adds many of them up in one buffer, so that a thousand rows of an array cost as much as the array.
    """

    __slots__ = ("values", "index")

    def __init__(self, values: Any, index: Any) -> None:
        self.values, self.index = values, index

    def add_to(self, buffer: Array) -> None:
        add_at(buffer, self.index, self.values)


def add_at(buffer: Array, index: Any, values: Any) -> None:
    """buffer[index] += values, where an element that is named twice gets both."""
    if is_unique(index):
        buffer[index] += values
    else:
        add_named_at(buffer, index, values)


@whole
def add_named_at(buffer: Array, index: Any, values: Any) -> None:
    """The same for any index."""
    if names_rows_once(buffer, index):
        buffer[index] += values
    elif names_rows(buffer, index) and np.size(values) > MANY:
        add_rows(buffer, index.ravel() % len(buffer), np.broadcast_to(values, index.shape + buffer.shape[1:]))
    elif np.size(values) * 8 < buffer.size or (buffer.ndim == 1 and buffer.dtype.itemsize >= 8):
        np.add.at(buffer, index, values)
    else:
        # Far faster for many: number the elements, and add in one dimension.
        numbers = np.arange(buffer.size).reshape(buffer.shape)[index]
        weights = np.broadcast_to(values, numbers.shape).ravel()
        buffer += sums(numbers.ravel(), weights, buffer.size).reshape(buffer.shape)


def sums(numbers: Any, weights: Any, size: int) -> Any:
    """For each number below `size`, the sum of the weights that have it."""
    if weights.dtype.itemsize < 8:  # narrow ones are added up in float64
        return np.bincount(numbers, weights, size).astype(weights.dtype)
    result = np.zeros(size, weights.dtype)
    np.add.at(result, numbers, weights)
    return result


def add_rows(buffer: Array, numbers: Any, values: Any) -> None:
    """buffer[numbers] += values, for rows named any number of times: those of one number are added in pairs, again
    and again, until one is left of each."""
    order = np.argsort(numbers, kind="stable")
    numbers = numbers[order]
    sums = values.reshape(len(numbers), *buffer.shape[1:]).astype(np.result_type(values, np.float32))
    while True:
        first = np.append(True, numbers[1:] != numbers[:-1])
        place = np.arange(len(numbers)) - np.flatnonzero(first)[np.cumsum(first) - 1]
        odd = np.flatnonzero(place % 2)
        if not odd.size:
            break
        sums[order[odd - 1]] += sums[order[odd]]
        order, numbers = order[place % 2 == 0], numbers[place % 2 == 0]
    buffer[numbers] += sums[order]


def names_rows(buffer: Array, index: Any) -> bool:
    """Whether an array of integers names long rows."""
    return isinstance(index, np.ndarray) and buffer.size >= LONG * len(buffer) and index.dtype.kind in "iu"


def names_rows_once(buffer: Array, index: Any) -> bool:
    """Whether an array of integers names long rows, none twice: then whole rows are added at a time."""
    if not names_rows(buffer, index) or index.size * 8 < len(buffer):
        return False
    named = np.zeros(len(buffer), bool)
    named[index] = True
    return bool(np.count_nonzero(named) == index.size)


def is_unique(index: Any) -> bool:
    """Whether an index surely names no element twice: slices, numbers, masks."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(isinstance(p, BASIC) or (isinstance(p, np.ndarray) and p.dtype == bool) for p in parts)
