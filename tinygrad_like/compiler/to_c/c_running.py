"""The Python text that runs a program in C: as short as it can be, since small steps take as long as it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from ..direct import Direct
from ..tracing.program import Memory, Program
from .c_entry import FOREIGN, MISFIT, OVERLAP, lets_others_run

if TYPE_CHECKING:
    from .c_backend import Compiled


def run_text(owner: Compiled) -> str:
    """A function of the list of arrays."""
    program = owner.program
    lines = []
    if any(each.scalar or each.weak for each in program.inputs):
        lines.append("arrays = space.arrays_of(arrays)")
    names, every = argument_names(owner)
    if program.inputs:
        lines.append(f"{', '.join(f'x{i}' for i in range(len(program.inputs)))}, = arrays")
    lines += fresh_lines(owner)
    if owner.source.calls:
        lines += [f"if not space.bind([{every}]):", f"    return space.failed({MISFIT}, [{every}])"]
        lines += ["with errors(all='ignore'):", f"    code = call({every})"]
    else:
        lines.append(f"code = call({every})")
    lines += ["if code:", f"    return space.failed(code, [{every}])"]
    outputs, bound = results_of(owner, names, every)
    lines.append(f"return [{', '.join(outputs)}], [{', '.join(bound)}]")
    return "def run(arrays):\n    " + "\n    ".join(lines) + "\n"


def scope_of(space: Any) -> dict[str, Any]:
    """What the text refers to."""
    owner = space.owner
    known = {"call": space.call, "empty": np.empty, "space": space, "bound": space.fixed, "results": owner.results}
    dtypes = {f"dtype_y{i}": whole_of(owner.program, each)[1] for i, each in enumerate(owner.layout.fresh)}
    return known | dtypes | {"errors": np.errstate}


def direct(owner: Compiled, known: dict[str, Any]) -> Direct | None:
    """The call of a program that no other thread comes between, so that all calls use the same pointers.

    What the text refers to is put into `known`.
    """
    program = owner.program
    others = lets_others_run(owner.source) or not getattr(sys, "_is_gil_enabled", lambda: True)()
    if owner.source.calls or others or any(each.scalar or each.weak for each in program.inputs):
        return None
    space = owner.shared()
    known |= scope_of(space)

    def otherwise(code: int, arrays: list[Any]) -> Any:
        """What the call gives where C did not run all of the program."""
        if code in (OVERLAP, FOREIGN):
            return known["miss"]
        if code == MISFIT:
            return known["again"](arrays)
        return space.failed(code, [])

    known["otherwise"] = otherwise
    names, every = argument_names(owner)
    inputs = ", ".join(f"x{i}" for i in range(len(program.inputs)))
    lines = [*fresh_lines(owner), f"code = call({every})", "if code:", f"    return otherwise(code, [{inputs}])"]
    return Direct(lines, *results_of(owner, names, every), looks=True)


def argument_names(owner: Compiled) -> tuple[dict[Memory, str], str]:
    """The names of the arguments and of the arrays for the results, by their memory; and all in order."""
    inputs = {each.memory: f"x{i}" for i, each in enumerate(owner.program.inputs)}
    fresh = {each: f"y{i}" for i, each in enumerate(owner.layout.fresh)}
    return inputs | fresh, ", ".join([*inputs.values(), *fresh.values()])


def fresh_lines(owner: Compiled) -> list[str]:
    """New arrays for the results."""
    return [
        f"y{i} = empty({whole_of(owner.program, memory)[0]}, dtype_y{i})" for i, memory in enumerate(owner.layout.fresh)
    ]


def results_of(owner: Compiled, names: dict[Memory, str], every: str) -> tuple[list[str], list[str]]:
    """What gives the outputs, and what the bindings bind."""
    texts = [result_text(owner, i, names, every) for i in range(len(owner.results))]
    n = len(owner.program.outputs)
    return texts[:n], texts[n:]


def result_text(owner: Compiled, i: int, names: dict[Memory, str], every: str) -> str:
    value = owner.results[i]
    if value is None:
        return "None"
    as_number = "[()]" if value.scalar and i not in owner.as_arrays else ""
    name = names.get(value.memory)
    if name is None:
        return f"bound[{i}]{as_number}"
    if value.memory in owner.layout.fresh and whole_of(owner.program, value.memory) == (value.shape, value.dtype):
        return f"{name}{as_number}"
    return f"space.found(results[{i}], [{every}])"


def whole_of(program: Program, memory: Memory) -> tuple[tuple[int, ...], Any]:
    """The shape of a new array for all of a memory: that of the result if it has no gaps, else flat."""
    results = [*program.outputs, *(each.value for each in program.bindings)]
    own = [each for each in results if each is not None and each.memory is memory]
    if len(own) == 1 and own[0].contiguous and own[0].size * own[0].dtype.itemsize == memory.size and not own[0].offset:
        return own[0].shape, own[0].dtype
    return (memory.size,), np.dtype(np.uint8)
