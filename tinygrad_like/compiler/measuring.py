"""The time of each part of a program: forward, backward and update."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from .backends import build
from .program import CONSTANT, REFERENCE, Instruction, Memory, Program, Value, mapped_values
from .rewriting import Numbers

PARTS = ("forward", "backward", "update")
SECONDS = 0.01  # of each measurement, at least
ROUNDS = 5


@dataclass(frozen=True)
class Timed:
    """The seconds of each part; `part` is one of PARTS."""

    part: str
    count: int
    seconds: float


def ends(instructions: list[Instruction]) -> list[tuple[str, int]]:
    """The parts that there are, and how many instructions come before the end of each."""
    backward = [i for i, each in enumerate(instructions) if each.place.part == "backward"]
    stops = [backward[0], backward[-1] + 1, len(instructions)] if backward else [len(instructions)]
    found, before = [], 0
    for part, stop in zip(PARTS, stops):
        if stop > before:
            found.append((part, stop))
        before = stop
    return found


def timed_parts(program: Program, backend: str | None, arrays: list[Any]) -> list[Timed]:
    """Run programs that stop after each part, on copies of all memory, by turns."""
    stops = ends(program.instructions)
    runs = [build(beginning(program, stop), backend) for _, stop in stops]
    with np.errstate(all="ignore"):
        for run in runs:
            run([copied(each) for each in arrays])
        own = [[copied(each) for each in arrays] for _ in runs]
        counts = [repeats(run, given) for run, given in zip(runs, own)]
        rounds = [[once(*each) for each in zip(runs, own, counts)] for _ in range(ROUNDS)]
    whole = np.maximum.accumulate(np.median(rounds, axis=0))
    parts, before, start = [], 0.0, 0
    for (part, stop), seconds in zip(stops, whole.tolist()):
        parts.append(Timed(part, stop - start, seconds - before))
        before, start = seconds, stop
    return parts


def copied(value: Any) -> Any:
    return value.copy(order="K") if isinstance(value, np.ndarray) else value


def once(run: Any, arrays: list[Any], count: int) -> float:
    """The seconds of one run, of several in a row."""
    start = perf_counter()
    for _ in range(count):
        run(arrays)
    return (perf_counter() - start) / count


def repeats(run: Any, arrays: list[Any]) -> int:
    return max(1, int(SECONDS / max(once(run, arrays, 2), 1e-7)))


def beginning(program: Program, stop: int) -> Program:
    """The first instructions of a program, on copies of its memory. What is used later becomes an output."""
    instructions = program.instructions[:stop]
    later = {value for each in program.instructions[stop:] for value in each.reads}
    later |= {*program.outputs, *(each.value for each in program.bindings if each.value is not None)}
    made = dict.fromkeys(value for each in instructions for value in each.results if value in later)
    given = {*program.inputs, *program.references}
    outputs = [*made, *(each for each in program.outputs if each in given)]
    return on_copies(replace(program, instructions=instructions, outputs=outputs, bindings=[]))


def on_copies(program: Program) -> Program:
    """The same program with memory of its own in place of arrays of before."""
    memories: dict[Memory, Memory] = {}
    numbers = Numbers(program)
    new: dict[Value, Value] = {}

    def other(leaf: Any) -> Any:
        if not isinstance(leaf, Value) or leaf.memory.kind not in (REFERENCE, CONSTANT):
            return leaf
        if leaf not in new:
            memory = leaf.memory
            if memory not in memories:
                memories[memory] = replace(memory, array=same_layout_copy(memory.array))
            new[leaf] = numbers.copy_of(leaf, memory=memories[memory])
        return new[leaf]

    def moved(each: Instruction) -> Instruction:
        return replace(
            each,
            args=mapped_values(other, each.args),
            options=mapped_values(other, each.options),
            results=tuple(map(other, each.results)),
            writes=tuple(map(other, each.writes)),
            body=None if each.body is None else [moved(one) for one in each.body],
        )

    instructions = [moved(each) for each in program.instructions]
    return replace(
        program,
        instructions=instructions,
        outputs=[other(each) for each in program.outputs],
        references=[other(each) for each in program.references],
    )


def same_layout_copy(array: Any) -> Any:
    """A copy with the strides of an array, which may have gaps."""
    low, high = np.lib.array_utils.byte_bounds(array)
    memory = np.zeros(high - low, np.uint8)
    start = array.__array_interface__["data"][0] - low
    copy: Any = np.ndarray(array.shape, array.dtype, memory, start, array.strides)
    copy[...] = array
    return copy


def examples(program: Program, seen: list[Any]) -> list[Any]:
    """Arguments like those that a program was made for: those themselves if they still exist."""
    draws = np.random.default_rng(0)
    found = []
    for value, reference in zip(program.inputs, seen):
        array = reference()
        if array is None:
            array = np.zeros(value.shape, value.dtype)
            if value.dtype.kind in "fc":
                array[...] = draws.uniform(0.1, 0.9, value.shape)
            array = float(array) if value.weak else array[()] if value.scalar else array
        found.append(array)
    return found
