"""`Scattered`: a cotangent that is 0 but where an index took its elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from .writes import Array

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
        return
    count = np.size(values)
    if buffer.dtype.itemsize > 8 or count * 8 < buffer.size:
        np.add.at(buffer, index, values)
        return
    # Far faster for many: number the elements, and count them with weights.
    numbers = np.arange(buffer.size).reshape(buffer.shape)[index]
    weights = np.broadcast_to(values, numbers.shape).ravel()
    buffer += np.bincount(numbers.ravel(), weights, buffer.size).reshape(buffer.shape).astype(buffer.dtype)


def is_unique(index: Any) -> bool:
    """Whether an index surely names no element twice: slices, numbers, masks."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(isinstance(p, BASIC) or (isinstance(p, np.ndarray) and p.dtype == bool) for p in parts)
