"""The time of each part of a program: forward, backward and update."""

from __future__ import annotations

from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import numpy as np

from ..backends import build
from ..passes.rewriting import Numbers
from ..tracing.program import CONSTANT, REFERENCE, Instruction, Memory, Program, Value, mapped_values

PARTS = ("forward", "backward", "update")
SECONDS = 0.1  # of a measurement, about
MOST_RUNS = 1000
WORTH = 10  # looks at the clock that a part takes on average, at least; else looking would be most of it


@dataclass(frozen=True)
class Times:
    """How many instructions each of PARTS has, and its seconds, if it takes longer than a look at the clock."""

    counts: dict[str, int]
    seconds: dict[str, float]
    all: float


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


def timed_parts(program: Program, backend: str | None, arrays: list[Any]) -> Times:
    """Run the program on copies of all memory, with a look at the clock between the parts."""
    stamps: list[float] = []

    def clock() -> None:
        stamps.append(perf_counter())

    stops = ends(program.instructions)
    names = [part for part, _ in stops]
    counts = dict(zip(names, np.diff([0, *(stop for _, stop in stops)]).tolist()))
    marked = on_copies(with_marks(program, stops, clock))
    # The first two looks have nothing in between: that is what a look takes.
    look, *seconds = median(build(marked, backend), arrays, stamps)
    if sum(seconds) > WORTH * look * len(names):
        own = [max(0.0, each - look) for each in seconds]
        return Times(counts, dict(zip(names, own)), sum(own))
    return Times(counts, {}, median(build(on_copies(program), backend), arrays, [])[0])


def median(run: Any, arrays: list[Any], stamps: list[float]) -> list[float]:
    """The times between the stamps that a run leaves; without stamps, that of the run."""
    own = [copied(each) for each in arrays]
    run(own)
    begun = perf_counter()
    rounds: list[Any] = []
    while len(rounds) < 2 or (perf_counter() - begun < SECONDS and len(rounds) < MOST_RUNS):
        stamps.clear()
        start = perf_counter()
        run(own)
        end = perf_counter()
        rounds.append(np.diff(stamps or [start, end]))
    found: list[float] = np.median(rounds, axis=0).tolist()
    return found


def copied(value: Any) -> Any:
    return value.copy(order="K") if isinstance(value, np.ndarray) else value


def with_marks(program: Program, stops: list[tuple[str, int]], clock: Any) -> Program:
    """The program with calls of the clock: two at the start, and one after each part."""
    instructions, before = [mark(clock), mark(clock)], 0
    for _, stop in stops:
        instructions += [*program.instructions[before:stop], mark(clock)]
        before = stop
    return replace(program, instructions=instructions)


def mark(clock: Any) -> Instruction:
    return Instruction(clock, (), {}, ())


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
    outputs = [other(each) for each in program.outputs]
    references = [other(each) for each in program.references]  # not what the program makes of them: views
    return replace(program, instructions=instructions, outputs=outputs, bindings=[], references=references)


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
