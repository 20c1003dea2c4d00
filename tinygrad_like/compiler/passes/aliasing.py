"""Which values share memory, and where memory is written to: what each pass must ask before it changes anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from ..tracing.program import Memory, Program, Value


def extent(value: Value) -> tuple[int, int]:
    """The bytes of its memory that a value lies in: from, and up to."""
    start = stop = value.offset
    for n, stride in zip(value.shape, value.strides):
        if n == 0:
            return start, start
        if stride < 0:
            start += (n - 1) * stride
        else:
            stop += (n - 1) * stride
    return start, stop + value.dtype.itemsize


def overlap(a: Value, b: Value) -> bool:
    """Whether two values may share bytes."""
    if a.memory is not b.memory:
        return False
    (start, stop), (other_start, other_stop) = extent(a), extent(b)
    return start < other_stop and other_start < stop


def same_layout(a: Value, b: Value) -> bool:
    """Whether two values would have their elements at the same distances."""
    return a.shape == b.shape and a.dtype == b.dtype and a.strides == b.strides and a.scalar == b.scalar


def same_place(a: Value, b: Value) -> bool:
    """Whether two values are the same elements of the same memory."""
    return a.memory is b.memory and a.offset == b.offset and same_layout(a, b)


def fills_memory(value: Value) -> bool:
    """Whether the value is all of its memory."""
    return value.offset == 0 and value.size * value.dtype.itemsize == value.memory.size


class Uses:
    """Where in a list of instructions each memory is read and written, and which memory is seen from outside."""

    def __init__(self, program: Program) -> None:
        self.reads: dict[Memory, list[tuple[int, Value]]] = defaultdict(list)
        self.writes: dict[Memory, list[tuple[int, Value]]] = defaultdict(list)
        self.values: dict[Memory, set[Value]] = defaultdict(set)
        self.end = len(program.instructions)
        for i, each in enumerate(program.instructions):
            for value in each.reads:
                self.reads[value.memory].append((i, value))
            for value in each.writes if each.body is None else each.stores:
                self.writes[value.memory].append((i, value))
            for value in each.results if each.body is None else each.made:
                self.values[value.memory].add(value)
        given = [*program.outputs, *(each.value for each in program.bindings if each.value is not None)]
        self.escaping = {each.memory for each in given}
        for value in given:
            self.reads[value.memory].append((self.end, value))

    def move(self, memory: Memory, new: Mapping[Value, Value]) -> None:
        """Note that all values in a memory now lie elsewhere."""
        for table in (self.reads, self.writes):
            for i, value in table.pop(memory, ()):
                other = new.get(value, value)
                table[other.memory].append((i, other))
        for value in self.values.pop(memory, ()):
            other = new.get(value, value)
            self.values[other.memory].add(other)
            if memory in self.escaping:
                self.escaping.add(other.memory)

    def last(self, memory: Memory) -> int:
        """The place of the last instruction that reads a memory; past the end if it is given back."""
        return max((i for i, _ in self.reads[memory]), default=-1)

    def written(self, value: Value, start: int, stop: int) -> bool:
        """Whether an instruction after `start` and before `stop` may write to what the value lies in."""
        return any(start < i < stop and overlap(value, each) for i, each in self.writes[value.memory])

    def touched(self, value: Value, start: int, stop: int) -> bool:
        """The same for reading or writing."""
        return self.written(value, start, stop) or any(
            start < i < stop and overlap(value, each) for i, each in self.reads[value.memory]
        )


def is_pure(function: Callable[..., Any]) -> bool:
    """Whether a function of NumPy gives the same each time, and does nothing else."""
    owner = getattr(function, "__self__", function)
    if type(owner) is np.ufunc:
        return getattr(np, owner.__name__, None) is owner
    module = str(getattr(function, "__module__", ""))
    return module in PURE or (f"{module}.".startswith("numpy.") and not module.startswith("numpy.random"))


PURE = frozenset({"_operator", "tinygrad_like.compiler.tracing.traced", "tinygrad_like.compiler.tracing.tracing"})


def overlapping_references(program: Program) -> bool:
    """Whether arrays by reference that own their memory share bytes all the same, by way of a buffer."""
    arrays = {each.memory: each.memory.array for each in program.references if each.memory.size}
    bounds = sorted(np.lib.array_utils.byte_bounds(each) for each in arrays.values())
    return any(stop > start for (_, stop), (start, _) in pairwise(bounds))
