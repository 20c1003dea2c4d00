"""Which operations share a loop: those over the same indices, as long as each element is written before it is read."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from ..tracing.program import Memory
from .c_operations import Access, Condition, Escape, Map, Operation, Reduce, common, refined

LOOK_BACK = 24  # groups
MOST = 400  # operations in a loop

Spans = dict[int, list[tuple[int, int]]]


class Group:
    """Operations that share a loop, or a single one of another kind; a condition has the groups of its body."""

    def __init__(self, operation: Operation) -> None:
        self.operations = [operation]
        self.space = operation.space
        self.loops = isinstance(operation, (Map, Reduce))
        self.body = fused(operation.body) if isinstance(operation, Condition) else []
        self.reads, self.writes = spans_of(operation)
        self.touched = {id(operation): {*self.reads, *self.writes}}  # the memories of each operation

    def take(self, operation: Operation, space: tuple[int, ...]) -> None:
        if space != self.space:
            old, self.operations = self.operations, [refined(each, space) for each in self.operations]
            self.touched = {id(new): self.touched[id(each)] for each, new in zip(old, self.operations)}
            self.space = space
        self.operations.append(refined(operation, space))
        both = spans_of(operation)
        self.touched[id(self.operations[-1])] = {*both[0], *both[1]}
        for mine, more in zip((self.reads, self.writes), both):
            for memory, spans in more.items():
                mine[memory] += spans


def fused(operations: list[Operation]) -> list[Group]:
    """Groups in an order that gives the same results."""
    groups: list[Group] = []
    for operation in operations:
        group = home(operation, groups)
        if group is None:
            groups.append(Group(operation))
    return groups


def home(operation: Operation, groups: list[Group]) -> Group | None:
    """The last group that the operation can join, which it does; None if there is none."""
    if not isinstance(operation, (Map, Reduce)):
        return None
    reads, writes = spans_of(operation)
    for group in reversed(groups[-LOOK_BACK:]):
        if isinstance(group.operations[0], Escape):
            return None
        if group.loops and len(group.operations) < MOST and akin(group, reads, writes):
            space = common(group.space, operation.space)
            if space is not None and joins(group, operation, space):
                group.take(operation, space)
                return group
        if meet(group.writes, reads) or meet(group.writes, writes) or meet(group.reads, writes):
            return None
    return None


def akin(group: Group, reads: Spans, writes: Spans) -> bool:
    """Whether they have memory in common, or no axes; what only fills memory goes with the last loop that it can."""
    return (
        not group.space or not reads or any(each in group.reads or each in group.writes for each in (*reads, *writes))
    )


def joins(group: Group, operation: Any, space: tuple[int, ...]) -> bool:
    """Whether the operation may run in the loop of a group: what both touch, they touch at the same index."""
    new = refined(operation, space)
    gathers = list(new.gathers())
    if isinstance(new, Reduce) and any(
        isinstance(one, Reduce) and refined(one, space).reduced != new.reduced for one in group.operations
    ):
        return False
    reads, writes = spans_of(operation)
    touched = {*reads, *writes}
    for each in group.operations:
        if group.touched[id(each)].isdisjoint(touched):
            continue
        old: Any = refined(each, space)
        if any(touches(gather, old) for gather, _ in gathers) or any(
            touches(gather, new) for gather, _ in old.gathers()
        ):
            return False
        for a, a_written in old.accesses():
            for b, b_written in new.accesses():
                if (a_written or b_written) and a != b and overlap(a, b, space):
                    return False
                if a == b and ((a_written and isinstance(old, Reduce)) or (b_written and isinstance(new, Reduce))):
                    return False
    return True


def touches(gather: Any, operation: Any) -> bool:
    """Whether an operation writes where a gather reads."""
    return any(
        written and access.memory is gather.access.memory and within(access.span(operation.space), gather.span)
        for access, written in operation.accesses()
    )


def overlap(a: Access, b: Access, space: tuple[int, ...]) -> bool:
    return a.memory is b.memory and within(a.span(space), b.span(space))


def within(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def spans_of(operation: Operation) -> tuple[Spans, Spans]:
    """The bytes that are read and written, by the memory."""
    both: list[Spans] = []
    for found in operation.spans():
        spans: Spans = defaultdict(list)
        for memory, low, high in found:
            spans[id(memory)].append((low, high))
        both.append(spans)
    return both[0], both[1]


def meet(one: Spans, other: Spans) -> bool:
    if len(one) > len(other):
        one, other = other, one
    return any(within(a, b) for memory, spans in one.items() if memory in other for a in spans for b in other[memory])


# -- memory -------------------------------------------------------------------------------------


def flattened(groups: list[Group]) -> list[Group]:
    """All groups in order, each before those of its body."""
    found = []
    for each in groups:
        found += [each, *flattened(each.body)]
    return found


def users(groups: list[Group]) -> dict[Memory, list[int]]:
    """Which groups touch a memory, by their number in `flattened`."""
    found: dict[Memory, list[int]] = defaultdict(list)
    for number, group in enumerate(flattened(groups)):
        for operation in group.operations:
            own = operation.spans() if not isinstance(operation, Condition) else Operation.spans(operation)
            for memory in {memory for part in own for memory, _, _ in part}:
                if number not in found[memory]:
                    found[memory].append(number)
    return found


def passing(group: Group) -> set[Memory]:
    """The memories that the loop writes before it reads them: a local variable would do within it."""
    if not group.loops:
        return set()
    first: dict[tuple[Memory, Any], bool] = {}
    for operation in group.operations:
        for access, written in operation.accesses():
            first.setdefault((access.memory, access), written and isinstance(operation, Map))
        for gather, _ in operation.gathers():
            first[gather.access.memory, None] = False
    bad = {memory for (memory, _), written in first.items() if not written}
    return {memory for memory, _ in first} - bad
