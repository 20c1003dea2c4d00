"""What is computed and then copied into a place is computed straight into it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..tracing.program import TEMPORARY, Instruction, Memory, Program, Value
from ..tracing.traced import method
from .aliasing import Uses, fills_memory, is_pure, overlap, same_layout
from .rewriting import Numbers, end_of, moved, rewritten

TAKEN = {"axis", "keepdims", "dtype"}  # options that go with `out`


def placed(program: Program) -> Program:
    """`copyto(place, t)` goes, if t can be computed straight into the place: a gradient into its flat vector.

    The place must be memory that was there before. Between the computation and the copy nobody may touch it, and
    nothing may stop the run. As long as t is used after that, neither may be written to.
    """
    uses, numbers = Uses(program), Numbers(program)
    makers = makers_of(program)
    given = {*program.inputs, *program.references}
    stops = [i for i, each in enumerate(program.instructions) if may_stop(each)]
    new: dict[Value, Value] = {}
    instructions: list[Instruction | None] = list(program.instructions)
    for j, each in enumerate(program.instructions):
        if each.function is not np.copyto or each.options or not isinstance(each.args[1], Value):
            continue
        place, result = (end_of(new, value) for value in each.args)
        i = makers.get(result.memory, j)
        maker = instructions[i]
        if place not in given or maker is None or not takes_out(maker) or end_of(new, maker.results[0]) is not result:
            continue
        if not fits(uses, result, place, i, j) or any(i < stop < j for stop in stops):
            continue
        if any(overlap(place, end_of(new, value)) for value in maker.reads):
            continue
        memory = result.memory
        change = moved(uses.values[memory] - {result}, place.memory, place.offset, numbers) | {result: place}
        uses.move(memory, change)
        uses.writes[place.memory].append((i, place))
        new |= change
        instructions[i] = replace(maker, options={**maker.options, "out": place}, results=(), writes=(place,))
        instructions[j] = None
    return rewritten(program, [each for each in instructions if each is not None], new)


def makers_of(program: Program) -> dict[Memory, int]:
    """Which instruction makes each memory."""
    makers: dict[Memory, int] = {}
    for i, each in enumerate(program.instructions):
        for value in each.results:
            makers.setdefault(value.memory, i)
    return makers


def takes_out(instruction: Instruction) -> bool:
    """Whether the function of an instruction takes `out=`, an array that the result is written to."""
    function, results = instruction.function, instruction.results
    if instruction.body is not None or instruction.writes or len(results) != 1 or results[0].scalar:
        return False
    if not set(instruction.options) <= TAKEN:
        return False
    if isinstance(function, np.ufunc):
        return function.nout == 1
    if isinstance(getattr(function, "__self__", None), np.ufunc):
        return function.__name__ == "reduce"
    return function in (np.dot, method("dot")) and results[0].contiguous


def may_stop(instruction: Instruction) -> bool:
    """Whether an instruction may raise an error."""
    return not is_pure(instruction.function) or not (instruction.results or instruction.writes or instruction.body)


def fits(uses: Uses, result: Value, place: Value, made: int, copied: int) -> bool:
    """Whether a result, made and copied at some instructions, may lie in the place from the start."""
    memory = result.memory
    if memory.kind != TEMPORARY or memory in uses.escaping or not fills_memory(result) or not result.size:
        return False
    if not same_layout(result, place) or uses.touched(place, made, copied):
        return False
    last = max(uses.last(memory), copied)
    written_later = any(i > copied for i, _ in uses.writes[memory])
    return not written_later and not uses.written(place, copied, last + 1)
