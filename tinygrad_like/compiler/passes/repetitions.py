"""What was computed before is not computed again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..tracing.program import TEMPORARY, Instruction, Memory, Program, Value
from .aliasing import Uses, fills_memory, is_pure, same_layout
from .rewriting import Numbers, end_of, moved, substituted


def without_repetitions(program: Program) -> Program:
    """The same function of the same contents is computed once; a view that is there already is used again."""
    return Repetitions(program).shorter()


class Contents:
    """A number for what each memory holds at some point: equal numbers, equal contents.

    What an instruction gives is described by its function, its arguments, and the contents of what it reads.
    """

    def __init__(self) -> None:
        self.numbers: dict[Any, int] = {}
        self.held: dict[Memory, int] = {}

    def of(self, memory: Memory) -> int:
        if memory not in self.held:
            self.held[memory] = self.number(object())
        return self.held[memory]

    def number(self, description: Any) -> int:
        return self.numbers.setdefault(description, len(self.numbers))

    def run(self, instruction: Instruction) -> None:
        """Note what memory holds after an instruction."""
        if instruction.body is not None:
            self.run_condition(instruction)
            return
        if instruction.is_view:
            return
        key: Any = object()
        if is_pure(instruction.function):
            key = instruction.function, self.described(instruction.args), self.described(instruction.options)
        before = {each.memory: self.of(each.memory) for each in instruction.writes}
        for i, each in enumerate((*instruction.results, *instruction.writes)):
            self.held[each.memory] = self.number((key, i, before.get(each.memory)))

    def run_condition(self, instruction: Instruction) -> None:
        """After it, what it writes to holds what was there, or what the body gives."""
        targets = [each.memory for each in instruction.writes]
        before = [self.of(each) for each in targets]
        checked = self.described(instruction.args)
        inside = dict(self.held)
        for each in instruction.body or ():
            self.run(each)
        after = [self.of(each) for each in targets]
        self.held = inside
        for memory, old, new in zip(targets, before, after):
            self.held[memory] = self.number(("condition", checked, old, new))

    def described(self, leaf: Any) -> Any:
        """An argument as something that is equal for equal arguments only."""
        kind = type(leaf)
        if kind is Value:
            return self.of(leaf.memory), leaf.offset, leaf.shape, leaf.strides, leaf.dtype, leaf.scalar
        if kind in EQUAL:
            return kind, leaf
        if isinstance(leaf, (tuple, list)):
            return kind, *[self.described(each) for each in leaf]
        if kind is dict:
            return kind, *[(name, self.described(each)) for name, each in leaf.items()]
        if kind is slice:
            return kind, *map(self.described, (leaf.start, leaf.stop, leaf.step))
        if isinstance(leaf, (float, complex, np.generic)):
            return kind, repr(leaf)
        return kind, id(leaf)


EQUAL = frozenset({int, bool, str, type(None), np.dtype})  # what is the same if it is equal


class Repetitions:
    """The pass: it goes through the instructions in order, and knows which memory holds what."""

    def __init__(self, program: Program) -> None:
        self.program, self.uses, self.numbers = program, Uses(program), Numbers(program)
        self.contents = Contents()
        self.new: dict[Value, Value] = {}
        self.holders: dict[int, Value] = {}  # by contents: a temporary result that had them once
        self.makers: dict[Memory, Value] = {}  # the result that a memory was made for
        self.views: dict[Any, Value] = {place_key(each): each for each in (*program.inputs, *program.references)}
        self.met: dict[Memory, set[Value]] = {}

    def shorter(self) -> Program:
        kept = []
        for i, each in enumerate(self.program.instructions):
            if not self.new.keys().isdisjoint(each.values):
                each = substituted(each, {v: end_of(self.new, v) for v in each.values if v in self.new})
            if each.is_view and self.known_view(each):
                continue
            self.contents.run(each)
            self.note(each)
            if not (self.replaced(each, i) and not each.writes):
                kept.append(each)
        return replace(
            self.program,
            instructions=kept,
            outputs=[end_of(self.new, each) for each in self.program.outputs],
            bindings=[
                replace(each, value=None if each.value is None else end_of(self.new, each.value))
                for each in self.program.bindings
            ],
            values=[*self.program.values, *self.new.values()],
        )

    def known_view(self, each: Instruction) -> bool:
        """Whether a view was there before; if so, that is used."""
        result = each.results[0]
        known = self.views.setdefault(place_key(result), result)
        if known is not result:
            self.new[result] = known
        return known is not result

    def note(self, each: Instruction) -> None:
        for value in each.results:
            self.met.setdefault(value.memory, set()).add(value)
            if len(each.results) == 1 and not each.is_view and fills_memory(value):
                self.makers[value.memory] = value

    def replaced(self, each: Instruction, at: int) -> bool:
        """Whether what an instruction made or wrote is there already; if so, that is used from here on."""
        if len(each.results) + len(each.writes) != 1 or each.container is not None or each.is_view:
            return False
        memory = (*each.results, *each.writes)[0].memory
        result = self.makers.get(memory)
        if result is None or memory.kind != TEMPORARY:
            return False
        contents = self.contents.of(memory)
        first = self.holders.setdefault(contents, result)
        if first is result:
            return False
        if self.contents.of(first.memory) != contents:
            self.holders[contents] = result
            return False
        if not self.may_stand_for(first, result, at):
            return False
        later = self.uses.values[memory] - {result}
        change = moved(later, first.memory, 0, self.numbers) | {result: first}
        self.uses.move(memory, change)
        self.new |= change
        return True

    def may_stand_for(self, first: Value, result: Value, at: int) -> bool:
        """Whether a result may be used in place of another, from an instruction on."""
        uses, memory = self.uses, result.memory
        if not same_layout(first, result) or self.met.get(memory) != {result} or not result.size:
            return False
        if memory in uses.escaping and first.memory in uses.escaping:
            return False
        if any(i > at for i, _ in uses.writes[memory]):
            return False
        return not uses.written(first, at, uses.last(memory) + 1)


def place_key(value: Value) -> Any:
    return value.memory, value.offset, value.shape, value.strides, value.dtype, value.scalar
