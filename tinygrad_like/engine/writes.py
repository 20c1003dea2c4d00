"""The one time line of nodes and writes: which memory was written when."""

from __future__ import annotations

import itertools
import os
import weakref
from _thread import allocate_lock
from typing import Any

import numpy as np

from .traces import active, real, trace

Array = np.ndarray[Any, np.dtype[Any]]

# Orders nodes and writes on one time line, so that backward can tell which came first.
clock = itertools.count(1).__next__


def across_forks(lock: Any) -> Any:
    """A lock that a forked process does not inherit as held by one of the threads that it has no more."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock


def base_of(array: Array) -> Array:
    """The array whose memory `array` reads."""
    if active:
        array = real(array)
    while (base := array.base) is not None:
        if not isinstance(base, np.ndarray):
            base = getattr(base, "base", None)  # NumPy's sliding_window_view puts an object in between
            if not isinstance(base, np.ndarray):
                break
        array = base
    return array


def bounds(array: Array) -> tuple[int, int]:
    """The first and the last address that `array` reads."""
    low, high = np.lib.array_utils.byte_bounds(real(array) if active else array)
    return int(low), int(high)


def real_index(index: Any) -> Any:
    return tuple(map(real, index)) if isinstance(index, tuple) else real(index)


def store(array: Array, value: Any, using: np.ufunc | None = None, index: Any = ...) -> None:
    """The write itself, where no graph has saved the memory: array[index] ← value, or array ← using(array, value).

    Who writes into a parameter calls `assign`, or notes the write when all of it is done.
    """
    if active and (now := trace()) is not None:
        now.store(array, value, using, index)
    elif index is not ...:
        array[index] = value
    elif using is not None:
        using(array, value, array)
    elif value is not array:
        np.copyto(array, value)


class Written:
    """When which part of one piece of memory was last written.

    Whole stretches are kept as they are, as long as they are few. Else each element has a time, in an array that only
    takes memory where something was written.
    """

    most_runs = 64
    __slots__ = ("reference", "unit", "low", "count", "all", "runs", "times")

    def __init__(self, whole: Array, reference: Any) -> None:
        self.reference = reference
        self.low, high = bounds(whole)
        self.unit = whole.itemsize
        self.count = -(-(high - self.low) // self.unit)
        self.all = 0
        self.runs: dict[tuple[int, int], int] = {}
        self.times: Array | None = None

    def note(self, array: Array, index: Any, now: int) -> None:
        if self._same_units(array) and not (index is ... and array.flags.c_contiguous):
            self._times_of(array)[index] = now
            return
        self.runs[bounds(array)] = now
        if len(self.runs) > self.most_runs:
            self._spread()

    def _same_units(self, array: Array) -> bool:
        """Whether `array` reads the memory in the units in which its owner does, not bytes or halves of them."""
        return array.itemsize == self.unit and not any(step % self.unit for step in array.strides)

    def latest(self, array: Array) -> int:
        """When any of the elements that `array` reads was last written."""
        low, high = bounds(array)
        near = [when for (start, stop), when in self.runs.items() if start < high and low < stop]
        exact = self._same_units(array)
        if near and exact and not array.flags.c_contiguous:
            self._spread()
            near = []
        if self.times is None:
            within = 0
        elif exact:
            within = int(self._times_of(array).max())
        else:
            within = int(self.times[(low - self.low) // self.unit : -(-(high - self.low) // self.unit)].max())
        return max(self.all, within, *near)

    def _times_of(self, array: Array) -> Array:
        """The times of the elements of `array`, in its shape."""
        times = self._all_times()
        strides = [step // self.unit * times.itemsize for step in array.strides]
        start = (array.__array_interface__["data"][0] - self.low) // self.unit * times.itemsize
        return np.ndarray(array.shape, times.dtype, times, start, strides)

    def _spread(self) -> None:
        """Write the stretches down element by element."""
        times = self._all_times()
        for (start, stop), when in self.runs.items():
            part = times[(start - self.low) // self.unit : -(-(stop - self.low) // self.unit)]
            np.maximum(part, when, out=part)
        self.runs = {}

    def _all_times(self) -> Array:
        if self.times is None:
            self.times = np.zeros(self.count, np.int64)
        return self.times


class WriteLog:
    """When which memory was last written, for arrays that Tensors own."""

    def __init__(self) -> None:
        self.latest = 0
        self._log: dict[int, Written] = {}
        self._lock = across_forks(allocate_lock())

    def note(self, array: Array, index: Any = ...) -> None:
        """`array[index]` has been written."""
        if active:
            parts = index if isinstance(index, tuple) else (index,)
            same = not any(isinstance(each, np.ndarray) for each in parts)  # in each run of the program
            array, index = real(array), real_index(index)
            if (now := trace()) is not None:
                now.noted.append((array, index if same else ...))
        whole = base_of(array)
        key = id(whole)
        with self._lock:
            now = self.latest = clock()
            entry = self._log.get(key)
            if entry is None:
                entry = self._log[key] = Written(whole, weakref.ref(whole, lambda gone: self._forget(key, gone)))
            if index is ... and whole is array:
                entry.all = now
            else:
                entry.note(array, index, now)

    def entry(self, array: Array, index: Any = ...) -> Written | None:
        """What keeps the time of this write, if it is of all memory: who writes often sets `all` to `now()`."""
        self.note(array, index)
        whole = base_of(array)
        return self._log[id(whole)] if index is ... and whole.nbytes == array.nbytes else None

    def now(self) -> int:
        """The time of a write."""
        self.latest = clock()
        return self.latest

    def _forget(self, key: int, gone: Any) -> None:
        if key in self._log and self._log[key].reference is gone:
            del self._log[key]

    def written_since(self, array: Array, time: int) -> bool:
        """Whether any of the memory that `array` reads was written after `time`."""
        entry = self._log.get(id(base_of(array)))
        if entry is None or array.size == 0:
            return False
        with self._lock:
            return entry.latest(array) > time


writes = WriteLog()


FEW = 4000  # elements that are copied faster than compared


class Copies:
    """Copies of plain arrays that rules keep: of equal contents, one is enough, however many operations keep it."""

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
