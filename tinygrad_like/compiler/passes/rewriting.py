"""A program with other values or instructions. The one that was traced stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..tracing.program import Instruction, Memory, Program, Value, mapped_values


def substituted(instruction: Instruction, new: Mapping[Value, Value]) -> Instruction:
    """The instruction with other values in place of some."""
    if new.keys().isdisjoint(instruction.values):
        return instruction

    def other(leaf: Any) -> Any:
        return new.get(leaf, leaf) if isinstance(leaf, Value) else leaf

    return replace(
        instruction,
        args=mapped_values(other, instruction.args),
        options=mapped_values(other, instruction.options),
        results=tuple(map(other, instruction.results)),
        writes=tuple(map(other, instruction.writes)),
        body=None if instruction.body is None else [substituted(each, new) for each in instruction.body],
    )


def rewritten(program: Program, instructions: Iterable[Instruction], new: Mapping[Value, Value]) -> Program:
    """The program with these instructions, in which other values stand in place of some."""
    instructions = list(instructions)
    if not new:
        return replace(program, instructions=instructions)
    new = {old: end_of(new, old) for old in new}
    return replace(
        program,
        instructions=[substituted(each, new) for each in instructions],
        outputs=[new.get(each, each) for each in program.outputs],
        bindings=[
            replace(each, value=None if each.value is None else new.get(each.value, each.value))
            for each in program.bindings
        ],
        values=[*program.values, *(each for each in set(new.values()) if each.number >= len(program.values))],
    )


def end_of(new: Mapping[Value, Value], value: Value) -> Value:
    """What stands for a value after all replacements."""
    while value in new:
        value = new[value]
    return value


class Numbers:
    """New values get numbers of their own."""

    def __init__(self, program: Program) -> None:
        self.count = max((each.number for each in program.values), default=-1) + 1

    def copy_of(self, value: Value, **changes: Any) -> Value:
        self.count += 1
        return replace(value, number=self.count - 1, name="", **changes)


def moved(values: Iterable[Value], memory: Memory, shift: int, numbers: Numbers) -> dict[Value, Value]:
    """For each of these values, one that lies in other memory, `shift` bytes further."""
    return {each: numbers.copy_of(each, memory=memory, offset=each.offset + shift) for each in values}
