"""Two traces of one function compared: what differs depends on something that the program would not see."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.errors import TraceError
from .program import CONSTANT, TEMPORARY, Instruction, Memory, Program, Value

CHANGES = "differs from call to call"
INSTEAD = (
    "A step is traced once. Keep what changes in a Tensor, written by tg.assign, or give it as an argument; "
    "draw random numbers by tg.random.draws()."
)


class Agreement:
    """Whether two programs do the same; `settle` marks the arrays that are not the same in both as constants.

    The other one may lack the bodies of conditions.
    """

    def __init__(self, one: Program, other: Program) -> None:
        self.one, self.other = one, other
        self.pairs = dict(zip(one.inputs, other.inputs)) | dict(zip(one.references, other.references))

    def settle(self) -> None:
        """Raises TraceError, naming the line, if they differ."""
        for a, b in zip(self.one.instructions, self.other.instructions):
            self.check(a, b)
        if len(self.one.instructions) != len(self.other.instructions):
            longer = max(self.one.instructions, self.other.instructions, key=len)
            raise changed(longer[min(len(self.one.instructions), len(self.other.instructions))], "The way")
        self.stored = self.one.stored
        for mine, theirs in zip(self.one.references, self.other.references):
            self.compare_reference(mine, theirs)
        self.give_copies()

    def check(self, a: Instruction, b: Instruction) -> None:
        if a.function != b.function or len(a.results) != len(b.results) or (a.body is None) != (b.body is None):
            raise changed(a, "The way that is taken")
        if not (self.same(a.args, b.args) and self.same(a.options, b.options)):
            raise changed(a, "A number or an array that is not traced")
        if any(x.shape != y.shape or x.dtype != y.dtype for x, y in zip(a.results, b.results)):
            raise changed(a, "A shape")
        self.pairs.update(zip(a.results, b.results))
        for inner, other in zip(a.body or (), b.body or ()):
            self.check(inner, other)

    def same(self, a: Any, b: Any) -> bool:
        if a is b:
            return True
        if type(a) is Value:
            return self.pairs.get(a) is b
        if type(a) is not type(b):
            return False
        if isinstance(a, (tuple, list)):
            return len(a) == len(b) and all(map(self.same, a, b))
        if isinstance(a, dict):
            return a.keys() == b.keys() and all(self.same(a[key], b[key]) for key in a)
        if isinstance(a, slice):
            return self.same((a.start, a.stop, a.step), (b.start, b.stop, b.step))
        return same_number(a, b)

    def compare_reference(self, mine: Value, theirs: Value) -> None:
        """Arrays of before are the same in both; others are constants, if their contents are."""
        one, other = mine.memory, theirs.memory
        if one.array is other.array and (mine.offset, mine.shape, mine.strides) == (
            theirs.offset,
            theirs.shape,
            theirs.strides,
        ):
            if not one.array.flags.writeable and one.array.base is None:
                one.kind = CONSTANT  # nobody can write to it
            return
        if one.size != other.size or one.dtype != other.dtype or not same_bytes(one, other):
            user = next((each for each in self.one.instructions if mine in each.reads), None)
            raise changed(user, "What is in an array that is not traced")
        one.kind, one.made_inside = CONSTANT, one in self.stored

    def give_copies(self) -> None:
        """A constant is copied where it is given away: whoever gets it may write to it."""
        copies: dict[Value, Value] = {}

        def given(value: Value) -> Value:
            if value.scalar or not is_shared(value.memory):
                return value
            if value not in copies:
                copies[value] = copied = copy_of(value, len(self.one.values))
                self.one.values.append(copied)
                self.one.instructions.append(Instruction(np.copy, (value,), {}, (copied,)))
            return copies[value]

        self.one.outputs[:] = map(given, self.one.outputs)
        for each in self.one.bindings:
            each.value = each.value and given(each.value)


def is_shared(memory: Memory) -> bool:
    """Whether it is a constant that all calls have in common, and that might be written to."""
    return memory.kind == CONSTANT and not memory.made_inside and bool(memory.array.flags.writeable)


def copy_of(value: Value, number: int) -> Value:
    """What `np.copy` makes of a constant."""
    array = np.ndarray(value.shape, value.dtype, value.memory.array, value.offset, value.strides).copy(order="K")
    return Value(number, value.shape, value.dtype, array.strides, Memory(TEMPORARY, array.nbytes, value.dtype))


def same_number(a: Any, b: Any) -> bool:
    """Whether two constants are the same, to the bit."""
    if isinstance(a, (float, complex, np.generic)):
        return np.asarray(a).tobytes() == np.asarray(b).tobytes()
    return bool(a == b)


def same_bytes(one: Memory, other: Memory) -> bool:
    return one.array.tobytes() == other.array.tobytes()


def changed(instruction: Instruction | None, what: str) -> TraceError:
    where = "" if instruction is None else instruction.place.line
    return TraceError(f"{what} {CHANGES} in the step.", (where and where + "\n  ") + INSTEAD)
