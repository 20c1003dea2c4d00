"""The one time line of nodes and writes: which memory was written when."""

from __future__ import annotations

import itertools
import weakref
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# Orders nodes and writes on one time line, so that backward can tell which came first.
clock = itertools.count(1).__next__


def owner(array: Array) -> Array:
    """The array whose memory `array` reads."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def bounds(array: Array) -> tuple[int, int]:
    """The first and the last address that `array` reads."""
    low, high = np.lib.array_utils.byte_bounds(array)
    return int(low), int(high)


class WriteLog:
    """When which memory was last written, for arrays that Tensors own."""

    most_regions = 64

    def __init__(self) -> None:
        self.latest = 0
        self._log: dict[int, tuple[Any, dict[tuple[int, int] | None, int]]] = {}

    def note(self, array: Array) -> None:
        now = self.latest = clock()
        whole = owner(array)
        key = id(whole)
        entry = self._log.get(key)
        if entry is None:
            reference = weakref.ref(whole, lambda _: self._log.pop(key, None))
            entry = self._log[key] = (reference, {})
        regions = entry[1]
        if whole is array or len(regions) > self.most_regions:
            regions.clear()
            regions[None] = now
        else:
            regions[bounds(array)] = now

    def written_since(self, array: Array, time: int) -> bool:
        """Whether any of the memory that `array` reads was written after `time`."""
        entry = self._log.get(id(owner(array)))
        if entry is None:
            return False
        later = [region for region, when in list(entry[1].items()) if when > time]
        if not later or array.size == 0:
            return False
        low, high = bounds(array)
        return any(region is None or (region[0] < high and low < region[1]) for region in later)


writes = WriteLog()


class Copies:
    """Copies of plain arrays that rules keep: of equal contents, one is enough, however many operations keep it."""

    least_bytes = 2**15  # smaller ones are copied faster than compared

    def __init__(self) -> None:
        self._copies: dict[Any, weakref.ref[Array]] = {}

    def of(self, array: Array) -> Array:
        """A copy of `array`: a new one, or one that is still in use and holds the same bytes."""
        if not array.flags.c_contiguous or array.dtype.itemsize > 8:
            return array.copy()
        key = array.__array_interface__["data"][0], array.shape, array.dtype
        reference = self._copies.get(key)
        copy = None if reference is None else reference()
        if copy is not None:
            bits = f"u{array.dtype.itemsize}"
            if np.array_equal(copy.view(bits), array.view(bits)):
                return copy
        copy = array.copy()
        self._copies[key] = weakref.ref(copy, lambda gone: self._forget(key, gone))
        return copy

    def _forget(self, key: Any, gone: Any) -> None:
        if self._copies.get(key) is gone:
            self._copies.pop(key, None)


copies = Copies()
