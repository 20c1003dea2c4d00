"""What C loops do, one step at a time: operations on elements, each over a space of indices.

A space is a tuple of lengths. An Access says where in memory the element of each index lies: the offset plus the sum of
index times stride, in bytes. A stride of 0 repeats an element. Spaces have no axes of length 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import prod
from typing import Any

from ..tracing.program import Instruction, Memory, Place


@dataclass(frozen=True)
class Access:
    """The elements of a memory that a loop reads or writes."""

    memory: Memory
    dtype: Any
    offset: int
    strides: tuple[int, ...]

    def span(self, space: tuple[int, ...]) -> tuple[int, int]:
        """The bytes from the first to behind the last element."""
        low = high = self.offset
        for n, stride in zip(space, self.strides):
            low, high = low + min(0, (n - 1) * stride), high + max(0, (n - 1) * stride)
        return low, high + self.dtype.itemsize


@dataclass(frozen=True)
class Constant:
    """A number that is the same for all indices."""

    value: Any
    dtype: Any


@dataclass(frozen=True)
class Index:
    """One integer array of a gather: the position along an axis with this length and stride of what is indexed."""

    access: Access
    length: int
    stride: int
    axis: int


@dataclass(frozen=True)
class Gather:
    """Elements at places that are computed: of `access`, moved by the indices."""

    access: Access
    indices: tuple[Index, ...]
    span: tuple[int, int]  # the bytes in which all of them lie


@dataclass(eq=False)
class Operation:
    """What is common to all: over which space, and where it comes from."""

    space: tuple[int, ...]
    place: Place = field(default_factory=Place, kw_only=True)

    def spans(self) -> tuple[list[tuple[Memory, int, int]], list[tuple[Memory, int, int]]]:
        """The bytes of memories that are read, and those that are written."""
        reads: list[tuple[Memory, int, int]] = []
        writes: list[tuple[Memory, int, int]] = []
        for access, written in self.accesses():
            (writes if written else reads).append((access.memory, *access.span(self.space)))
        for gather, written in self.gathers():
            (writes if written else reads).append((gather.access.memory, *gather.span))
        return reads, writes

    def accesses(self) -> Iterator[tuple[Access, bool]]:
        """What is read and written at each index, and whether it is written."""
        return iter(())

    def gathers(self) -> Iterator[tuple[Gather, bool]]:
        return iter(())

    def on(self, space: tuple[int, ...], move: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Any:
        """The same over another space; `move` gives what stood at each axis for the new axes."""
        raise NotImplementedError


def moved(item: Any, move: Callable[[tuple[Any, ...]], tuple[Any, ...]]) -> Any:
    if isinstance(item, Access):
        return replace(item, strides=move(item.strides))
    if isinstance(item, Gather):
        indices = tuple(replace(each, access=moved(each.access, move)) for each in item.indices)
        return replace(item, access=moved(item.access, move), indices=indices)
    return item


def read_by(item: Any) -> Iterator[tuple[Access, bool]]:
    if isinstance(item, Access):
        yield item, False
    elif isinstance(item, Gather):
        for index in item.indices:
            yield index.access, False


@dataclass(eq=False)
class Map(Operation):
    """target[i] = template(operands[i]). Operands are cast to `types`; the result is of `dtype`."""

    operands: tuple[Any, ...]
    types: tuple[Any, ...]
    template: str
    dtype: Any
    target: Access

    def accesses(self) -> Iterator[tuple[Access, bool]]:
        for each in self.operands:
            yield from read_by(each)
        yield self.target, True

    def gathers(self) -> Iterator[tuple[Gather, bool]]:
        for each in self.operands:
            if isinstance(each, Gather):
                yield each, False

    def on(self, space: tuple[int, ...], move: Any) -> Map:
        operands = tuple(moved(each, move) for each in self.operands)
        return replace(self, space=space, operands=operands, target=moved(self.target, move))


@dataclass(eq=False)
class Reduce(Operation):
    """target = template(target, operand[i]) over the axes that are `reduced`, from `start` on, computed in `dtype`."""

    operand: Access
    kind: str  # "+", "*", "max", "min", "|", "&"
    dtype: Any
    target: Access
    reduced: tuple[bool, ...]

    def accesses(self) -> Iterator[tuple[Access, bool]]:
        yield self.operand, False
        yield self.target, True

    def on(self, space: tuple[int, ...], move: Any) -> Reduce:
        marks = move(tuple(-1 if each else 0 for each in self.reduced))
        return replace(
            self,
            space=space,
            operand=moved(self.operand, move),
            target=moved(self.target, move),
            reduced=tuple(mark != 0 for mark in marks),
        )


@dataclass(eq=False)
class Scatter(Operation):
    """target[indices[i]] = operand[i], or += it, in order."""

    operand: Any
    target: Gather
    adds: bool

    def accesses(self) -> Iterator[tuple[Access, bool]]:
        yield from read_by(self.operand)
        yield from read_by(self.target)

    def gathers(self) -> Iterator[tuple[Gather, bool]]:
        yield self.target, True
        if isinstance(self.operand, Gather):
            yield self.operand, False


@dataclass(eq=False)
class Product(Operation):
    """target[b, i, j] = the sum over k of left[b, i, k] times right[b, k, j]. The space is (b..., i, j, k)."""

    left: Access
    right: Access
    target: Access

    def accesses(self) -> Iterator[tuple[Access, bool]]:
        yield self.left, False
        yield self.right, False
        yield self.target, True


@dataclass(eq=False)
class Position(Operation):
    """target = where along the last axis the largest (or smallest) element stands first."""

    operand: Access
    target: Access
    sign: str  # ">" or "<"

    def accesses(self) -> Iterator[tuple[Access, bool]]:
        yield self.operand, False
        yield self.target, True


@dataclass(eq=False)
class Require(Operation):
    """Ends the program unless a truth holds."""

    condition: Access
    instruction: Instruction

    def accesses(self) -> Iterator[tuple[Access, bool]]:
        yield self.condition, False


@dataclass(eq=False)
class Escape(Operation):
    """Runs the whole program instead if one of these is true."""

    flags: tuple[Access, ...]

    def accesses(self) -> Iterator[tuple[Access, bool]]:
        for each in self.flags:
            yield each, False


@dataclass(eq=False)
class Condition(Operation):
    """The operations of `body`, if an element is not finite."""

    checked: Access
    body: list[Operation]

    def spans(self) -> Any:
        reads, writes = super().spans()
        for each in self.body:
            more = each.spans()
            reads, writes = reads + more[0], writes + more[1]
        return reads, writes

    def accesses(self) -> Iterator[tuple[Access, bool]]:
        yield self.checked, False


@dataclass(eq=False)
class Callback(Operation):
    """A call of a NumPy function."""

    instruction: Instruction
    why: str

    def spans(self) -> Any:
        one = self.instruction
        reads = [(each.memory, 0, each.memory.size) for each in one.reads]
        writes = [(each.memory, 0, each.memory.size) for each in (*one.writes, *one.results)]
        return reads, writes


# -- spaces -------------------------------------------------------------------------------------


def squeezed(space: tuple[int, ...], *rows: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    """The space and what stands at its axes without the axes of length 1."""
    kept = [i for i, n in enumerate(space) if n != 1]
    return [tuple(row[i] for i in kept) for row in (space, *rows)]


def edges(space: tuple[int, ...]) -> list[int]:
    """How many elements lie in the last axes: 1, n, m n, ..."""
    return [prod(space[i:]) for i in range(len(space), -1, -1)]


def common(one: tuple[int, ...], other: tuple[int, ...]) -> tuple[int, ...] | None:
    """The coarsest space whose axes are parts of the axes of both, if there is one."""
    if one == other:
        return one
    if prod(one) != prod(other) or not prod(one):
        return None
    cuts = sorted({*edges(one), *edges(other)})
    if any(larger % smaller for smaller, larger in pairwise(cuts)):
        return None
    return tuple(larger // smaller for smaller, larger in reversed(list(pairwise(cuts))))


def splitter(space: tuple[int, ...], fine: tuple[int, ...]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """How strides over a space become those over a finer one."""
    factors: list[tuple[int, int]] = []  # of each fine axis: which axis it is a part of, and its step in that
    position = len(fine)
    for axis in range(len(space) - 1, -1, -1):
        step = 1
        while step < space[axis]:
            position -= 1
            factors.append((axis, step))
            step *= fine[position]
    factors.reverse()
    return lambda strides: tuple(strides[axis] * step for axis, step in factors)


def refined(operation: Any, fine: tuple[int, ...]) -> Any:
    """The operation over a finer space."""
    return operation if operation.space == fine else operation.on(fine, splitter(operation.space, fine))


def folded(space: tuple[int, ...], rows: list[tuple[int, ...]]) -> list[int]:
    """The axes that begin a new loop: all others can be joined with the one before them, for all these strides."""
    return [i for i in range(len(space)) if i == 0 or any(row[i - 1] != row[i] * space[i] for row in rows)]
