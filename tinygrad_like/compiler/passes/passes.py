"""Passes: each makes a shorter program that does the same. They ask `Uses` which memory is written where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ...engine.shortcuts import raise_unless
from ..tracing.program import CONSTANT, INPUT, REFERENCE, TEMPORARY, Instruction, Memory, Program, Value, mapped_values
from ..tracing.replay import view_of
from ..tracing.traced import method
from .aliasing import Uses, fills_memory, is_pure, same_layout, same_place
from .collecting import uncollected
from .placing import placed
from .repetitions import without_repetitions
from .rewriting import Numbers, end_of, moved, rewritten

MOST_FOLDED = 1 << 16  # bytes of a constant that is computed once and kept


@uncollected
def simplified(program: Program) -> Program:
    """All passes that make a program shorter, in order."""
    for change in (without_vain_stores, without_copies, without_repetitions, folded, placed, without_dead_code):
        program = change(program)
    return program


# -- copies -----------------------------------------------------------------------------------------


def without_vain_stores(program: Program) -> Program:
    """Without stores of what stands there already: of a copy into the memory that it came from."""
    uses = Uses(program)
    copies: dict[Value, tuple[int, Value]] = {}
    kept = []
    for i, each in enumerate(program.instructions):
        source = copied(each)
        if source is not None:
            copies[each.results[0]] = i, source
        if each.function is np.copyto and not each.options and isinstance(each.args[1], Value):
            place, value = each.args
            at, source = copies.get(value, (i, value))
            if same_place(place, source) and not (uses.written(place, at, i) or uses.written(value, at, i)):
                continue
        kept.append(each)
    return replace(program, instructions=kept)


def without_copies(program: Program) -> Program:
    """A copy of what is not written to while the copy is used, nor the copy itself, is the thing itself.

    So is a view that is the whole array again, and the product with 1.
    """
    uses, numbers = Uses(program), Numbers(program)
    new: dict[Value, Value] = {}
    kept = []
    for i, each in enumerate(program.instructions):
        source = copied(each)
        if source is not None:
            source, result = end_of(new, source), end_of(new, each.results[0])
            if same_place(source, result):
                if source is not result:
                    new[result] = source
                continue
            if may_stand_for(uses, source, result, i):
                put_in_place(uses, new, numbers, result, source)
                continue
        kept.append(each)
    return rewritten(program, kept, new)


def copied(instruction: Instruction) -> Value | None:
    """What the result of an instruction has the same elements as."""
    if len(instruction.results) != 1 or instruction.writes or instruction.container is not None or not instruction.args:
        return None
    first, *rest = instruction.args
    function, result = instruction.function, instruction.results[0]
    if function in (np.multiply, np.divide, np.true_divide) and not instruction.options:
        if len(rest) == 1 and is_one(rest[0]) and isinstance(first, Value):
            return first
        return rest[0] if function is np.multiply and is_one(first) and isinstance(rest[0], Value) else None
    if type(first) is not Value:
        return None
    if function in COPIES or (function in CASTS and first.dtype == result.dtype):
        return first
    return first if same_place(first, result) and is_pure(function) else None


COPIES = frozenset({np.copy, np.array, np.ascontiguousarray, method("copy")})
CASTS = frozenset({method("astype"), method("flatten")})


def is_one(leaf: Any) -> bool:
    return type(leaf) in (int, float) and leaf == 1


def may_stand_for(uses: Uses, source: Value, result: Value, at: int) -> bool:
    """Whether all that uses a result, made at some place, may use the source instead."""
    memory = result.memory
    if memory is source.memory or memory.kind != TEMPORARY or uses.writes[memory] or not source.size:
        return False
    if not (same_layout(source, result) and fills_memory(result)):
        return False
    if memory in uses.escaping and not (
        source.memory.kind == TEMPORARY and source.memory not in uses.escaping and fills_memory(source)
    ):
        return False
    return not uses.written(source, at, uses.last(memory) + 1)


def put_in_place(uses: Uses, new: dict[Value, Value], numbers: Numbers, result: Value, source: Value) -> None:
    """Let the source stand for the result, and its views for those of the result."""
    memory = result.memory
    values = {result} | uses.values[memory]
    shift = source.offset - result.offset
    change = moved(values - {result}, source.memory, shift, numbers) | {result: source}
    uses.move(memory, change)
    new |= change


# -- constants --------------------------------------------------------------------------------------


def folded(program: Program) -> Program:
    """What depends on constants only is computed now. An array by reference is none, since its contents change."""
    uses = Uses(program)
    new: dict[Value, Value] = {}
    known: dict[Value, Any] = {
        each: view_of(each.memory.array, each) for each in program.references if is_constant(uses, each)
    }
    kept, references = [], list(program.references)
    numbers = Numbers(program)
    for each in program.instructions:
        operands = each.reads
        if operands and known.keys() >= set(operands) and is_expression(each):
            memory = each.results[0].memory
            if not uses.writes[memory] and memory not in uses.escaping and memory.size <= MOST_FOLDED:
                array = computed(each, known)
                whole = Memory(CONSTANT, array.nbytes, array.dtype, array)
                constant = numbers.copy_of(each.results[0], memory=whole, offset=0)
                if same_layout(constant, each.results[0]) and array.strides == constant.strides:
                    new[each.results[0]] = constant
                    known[each.results[0]] = array
                    references.append(constant)
                    continue
        if each.function is not raise_unless or not known.get(each.args[0], False):
            kept.append(each)
    return replace(rewritten(program, kept, new), references=references)


def is_expression(instruction: Instruction) -> bool:
    """Whether an instruction does nothing but compute one result."""
    one = len(instruction.results) == 1 and instruction.container is None and instruction.body is None
    return one and not instruction.writes and is_pure(instruction.function)


def is_constant(uses: Uses, value: Value) -> bool:
    memory = value.memory
    return memory.kind == CONSTANT and not uses.writes[memory] and memory not in uses.escaping


def computed(instruction: Instruction, known: dict[Value, Any]) -> Any:
    args, options = (
        mapped_values(lambda leaf: known[leaf] if isinstance(leaf, Value) else leaf, part)
        for part in (instruction.args, instruction.options)
    )
    with np.errstate(all="ignore"):
        result = instruction.function(*args, **options)
    return result if isinstance(result, np.ndarray) and result.base is None else np.array(result)


# -- dead code --------------------------------------------------------------------------------------


def without_dead_code(program: Program) -> Program:
    """Without what nobody uses: no result is needed, nothing is written that is read later or outlives the run."""
    needed: set[Value] = {each for each in program.outputs}
    needed |= {each.value for each in program.bindings if each.value is not None}
    kept = needed_of(program.instructions, needed, {each.memory for each in needed})
    used = needed | {value for each in kept for value in each.reads}
    references = [each for each in program.references if each in used]
    return replace(program, instructions=kept, references=references)


def needed_of(instructions: list[Instruction], needed: set[Value], memories: set[Memory]) -> list[Instruction]:
    """Those of a list that are needed, given what is needed after it; adds to that what they need."""
    kept = []
    for each in reversed(instructions):
        if is_needed(each, needed, memories):
            if each.body is not None:
                each = replace(each, body=needed_of(each.body, needed, memories))
            needed.update(each.reads)
            memories.update(value.memory for value in (*each.reads, *each.writes))
            kept.append(each)
    return kept[::-1]


def is_needed(instruction: Instruction, needed: set[Value], memories: set[Memory]) -> bool:
    if instruction.writes:
        outlives = any(value.memory.kind in (INPUT, REFERENCE) for value in instruction.writes)
        return outlives or any(value.memory in memories for value in instruction.writes)
    return not needed.isdisjoint(instruction.results) or not instruction.results or not is_pure(instruction.function)
