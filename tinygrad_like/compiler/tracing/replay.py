"""A program run instruction by instruction: the meaning that both kinds of source must have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .program import CONSTANT, Instruction, Program, Value, mapped_values


def build(program: Program) -> Callable[[list[Any]], tuple[list[Any], list[Any]]]:
    """A function of the input arrays that gives the outputs, and what the bindings bind."""

    def run(arrays: list[Any]) -> tuple[list[Any], list[Any]]:
        held = replay(program, arrays)
        bound = [None if each.value is None else held[each.value] for each in program.bindings]
        return [held[each] for each in program.outputs], bound

    return run


def replay(program: Program, inputs: Sequence[Any]) -> dict[Value, Any]:
    """All values of one run. It reads and writes the memory of the references, and that of the inputs."""
    held: dict[Value, Any] = dict(zip(program.inputs, inputs))
    copies: dict[Any, Any] = {}
    for value in program.references:
        memory = value.memory
        if memory not in copies:
            written = memory.kind == CONSTANT and memory.made_inside
            copies[memory] = memory.array.copy(order="K") if written else memory.array
        held[value] = view_of(copies[memory], value)
    with np.errstate(all="ignore"):
        run(program.instructions, held)
    return held


def view_of(owner: Any, value: Value) -> Any:
    """The view that a value is of the memory that it lies in."""
    if value.offset == 0 and owner.shape == value.shape and owner.strides == value.strides:
        return owner
    return np.ndarray(value.shape, value.dtype, owner, value.offset, value.strides)


def run(instructions: list[Instruction], held: dict[Value, Any]) -> None:
    for each in instructions:
        if each.body is not None:
            if not np.isfinite(held[each.args[0]]).all():
                run(each.body, held)
            continue
        args, options = (
            mapped_values(lambda leaf: held[leaf] if isinstance(leaf, Value) else leaf, part)
            for part in (each.args, each.options)
        )
        result = each.function(*args, **options)
        if len(each.results) == 1 and each.container is None:
            held[each.results[0]] = result
        elif each.results:
            held.update(zip(each.results, result))
