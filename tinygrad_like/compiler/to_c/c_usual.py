"""A program without its branches for infinities and NaN: run first, and left for the whole one if there are some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np

from ..tracing.program import CONSTANT, INPUT, REFERENCE, Instruction, Memory, Program
from .c_expressions import filled
from .c_geometry import row_major
from .c_maps import temporary
from .c_operations import (
    Access,
    Condition,
    Constant,
    Escape,
    Map,
    Operation,
    Product,
    Reduce,
    Require,
    Scatter,
    squeezed,
)
from .c_types import known

FEWEST = 3  # branches, from which on two texts are worth it
MOST = 600  # operations
# Which operands of a template make its result strange if they are.
STRICT = {"{0} + {1}": 2, "{0} - {1}": 2, "{0} * {1}": 2, "{0} / {1}": 1, "{0} * {0}": 1, "-{0}": 1, "{0}": 1}
CHOICE = "{0} ? {1} : {2}"

Part = tuple[Instruction, list[Operation]]
Prune = Callable[[list[Operation], Program], list[Operation]]


@dataclass(frozen=True)
class Checked:
    """Elements that must be finite."""

    access: Access
    space: tuple[int, ...]

    @property
    def key(self) -> Any:
        """The same for all ways to go over the same elements."""
        steps = {(n, stride) for n, stride in zip(self.space, self.access.strides) if stride}
        return self.access.memory, self.access.dtype, self.access.offset, frozenset(steps)


def usual_operations(parts: list[Part], program: Program, needed: Prune) -> list[Operation] | None:
    """The operations for ordinary numbers, with an Escape to the whole program; None if that is not worth it.

    What the Escape makes run again from the start must be as it was: so it stands before the first operation that
    writes over what was read. It stands before what may raise an error because of strange numbers, too. From there on,
    all is as in the whole program.
    """
    written = {memory for _, part in parts for one in part for memory, _, _ in one.spans()[1]}
    end = repeatable(parts)
    end = errorless(parts[:end], written)
    checks = [(i, Checked(*found)) for i, (one, _) in enumerate(parts[:end]) if (found := checked_by(one))]
    if len(checks) < FEWEST or sum(len(part) for _, part in parts) > MOST:
        return None
    skipped = {i for i, _ in checks}
    kept = [one for i, (each, part) in enumerate(parts) for one in ([looked_at(each)] if i in skipped else part)]
    live = set(map(id, needed(kept, program)))
    before: list[Any] = []
    for i, (one, part) in enumerate(parts[:end]):
        before += [Checked(*checked_by(one))] if i in skipped else [each for each in part if id(each) in live]
    operations, flags = tested(without_infinities(before, written))
    rest = [one for _, part in parts[end:] for one in part]
    return needed([*operations, Escape((), flags), *rest], program)


def looked_at(instruction: Instruction) -> Operation:
    """What a condition needs, if its body is not run: the elements that it asks about."""
    access, space = checked_by(instruction)
    return Condition(space, access, [])


def checked_by(instruction: Instruction) -> Any:
    """The elements of which a condition asks whether they are finite, and their space; None without a condition."""
    if instruction.body is None:
        return None
    value = instruction.args[0]
    if not known(value.dtype) or value.dtype.kind != "f":
        return None
    space, strides = squeezed(value.shape, value.strides)
    return Access(value.memory, value.dtype, value.offset, strides), space


def without_infinities(operations: list[Any], written: set[Memory]) -> list[Any]:
    """Choices by `x == inf` are made: x must be finite instead."""
    found: list[Any] = []
    false: dict[Memory, Any] = {}  # truths that are false, by their memory
    for each in operations:
        one, asks = each, asks_for_infinity(each, written)
        if asks:
            found.append(Checked(one.operands[0], one.space))
        elif isinstance(one, Map) and one.template == CHOICE and isinstance(one.operands[0], Access):
            condition = one.operands[0]
            if false.get(condition.memory) == Checked(condition, one.space).key:
                one = replace(one, operands=one.operands[2:], types=one.types[2:], template="{0}")
        found.append(one)
        if not isinstance(one, Checked):
            for memory, _, _ in one.spans()[1]:
                false.pop(memory, None)
        if asks:
            false[one.target.memory] = Checked(one.target, one.space).key
    return found


def asks_for_infinity(one: Any, written: set[Memory]) -> bool:
    if not isinstance(one, Map) or one.template != "{0} == {1}" or not isinstance(one.operands[0], Access):
        return False
    number = one.operands[1]
    if isinstance(number, Access) and number.memory.kind == CONSTANT and number.memory not in written:
        return number.memory.size == number.dtype.itemsize and bool(np.isinf(number.memory.array).all())
    return isinstance(number, Constant) and bool(np.isinf(number.value))


# -- what can be run again ----------------------------------------------------------------------


def repeatable(parts: list[Part]) -> int:
    """How many parts can be run twice: those before the first that writes where something was read before."""
    read: dict[Memory, list[tuple[int, int]]] = defaultdict(list)
    written: dict[Memory, list[tuple[int, int]]] = defaultdict(list)
    for i, (_, part) in enumerate(parts):
        for one in part:
            reads, writes = one.spans()
            for memory, *span in reads + (writes if isinstance(one, Scatter) else []):
                if memory.kind in (INPUT, REFERENCE) and not covered(span, written[memory]):
                    read[memory].append((span[0], span[1]))
            for memory, low, high in writes:
                if any(low < e and b < high for b, e in read[memory]):
                    return i
                if is_dense(one, high - low):
                    written[memory].append((low, high))
    return len(parts)


def errorless(parts: list[Part], written: set[Memory]) -> int:
    """How many parts raise no error because of strange numbers."""
    suspect: set[Memory] = set()
    one: Any
    for i, (instruction, part) in enumerate(parts):
        checked = checked_by(instruction)
        suspect |= {checked[0].memory} if checked else set()
        for one in part:
            reads, writes = ({memory for memory, _, _ in spans} for spans in one.spans())
            if suspect & decisive(one):
                return i
            if asks_for_infinity(one, written):
                suspect.add(one.operands[0].memory)
            suspect |= writes if checked or suspect & reads else set()
    return len(parts)


def decisive(one: Operation) -> set[Memory]:
    """The memory of what decides whether an operation raises an error."""
    if isinstance(one, Require):
        return {one.condition.memory}
    return {each.access.memory for gather, _ in one.gathers() for each in gather.indices}


def covered(span: Any, spans: list[tuple[int, int]]) -> bool:
    """Whether some spans have all bytes of one."""
    reached = span[0]
    for begin, end in sorted(spans):
        if begin <= reached:
            reached = max(reached, end)
    return bool(reached >= span[1])


def is_dense(operation: Operation, size: int) -> bool:
    """Whether an operation writes all bytes of its target."""
    if not isinstance(operation, (Map, Reduce, Product)):
        return False
    target = operation.target
    return prod(n for n, stride in zip(operation.space, target.strides) if stride) * target.dtype.itemsize == size


# -- tests --------------------------------------------------------------------------------------


def tested(operations: list[Any]) -> tuple[list[Operation], tuple[Access, ...]]:
    """The operations with tests in place of what must be finite, and the truths that those compute."""
    wanted: dict[int, dict[Any, Checked]] = defaultdict(dict)  # behind which operation
    for i, one in enumerate(operations):
        if isinstance(one, Checked):
            place, last = followed(one, i, operations)
            wanted[place][last.key] = last
    found: list[Operation] = []
    flags = []
    for i, one in enumerate(operations):
        if not isinstance(one, Checked):
            found.append(one)
        for each in wanted[i].values():
            more, flag = test(each)
            found += more
            flags.append(flag)
    return found, tuple(flags)


def followed(checked: Checked, place: int, operations: list[Any]) -> tuple[int, Checked]:
    """The last result that is strange if the checked elements are, and where it is computed."""
    last, strange = checked, {checked.key: checked.access.memory}
    for i in range(place + 1, len(operations)):
        one = operations[i]
        if isinstance(one, Checked):
            place = i if one.key == last.key and one.key in strange else place
            continue
        follows = any(Checked(each, one.space).key in strange for each in strict_operands(one))
        written = {memory for memory, _, _ in one.spans()[1]}
        strange = {key: memory for key, memory in strange.items() if memory not in written}
        if follows:
            last, place = Checked(one.target, one.space), i
            strange[last.key] = one.target.memory
        if not strange:
            break
    return place, last


def strict_operands(one: Any) -> list[Access]:
    """The operands that make the result of an operation strange if they are."""
    if isinstance(one, Product):
        return [one.left, one.right]
    if isinstance(one, Reduce):
        return [one.operand] if one.kind == "+" and one.dtype.kind == one.operand.dtype.kind == "f" else []
    if not isinstance(one, Map) or one.target.dtype.kind != "f":
        return []
    operands = zip(one.operands[: STRICT.get(one.template, 0)], one.types)
    return [each for each, dtype in operands if isinstance(each, Access) and dtype.kind == each.dtype.kind == "f"]


def test(checked: Checked) -> tuple[list[Operation], Access]:
    """The operations that tell whether an element is not finite, and the truth."""
    truth, own = np.dtype(bool), checked.access
    template = filled("!(fabs{f}({0}) <= {largest})", own.dtype)
    flag = temporary((), truth)
    if not checked.space:
        return [Map((), (own,), (own.dtype,), template, truth, flag)], flag
    between = Access(temporary(checked.space, truth).memory, truth, 0, row_major(checked.space, 1))
    into = Access(flag.memory, truth, 0, (0,) * len(checked.space))
    every = (True,) * len(checked.space)
    return [
        Map(checked.space, (own,), (own.dtype,), template, truth, between),
        Reduce(checked.space, between, "|", truth, into, every),
    ], flag
