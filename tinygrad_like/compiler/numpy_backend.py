"""A program as a function: its NumPy source compiled, with its arrays bound to the names in it."""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from .aliasing import Apart, overlapping_references
from .numpy_source import Source, moving, state_of_source
from .passes import simplified
from .program import INPUT, Program, Value
from .replay import replay, view_of

Results = tuple[list[Any], list[Any]]
numbers = count(1)


def build(program: Program) -> Callable[[list[Any]], Results]:
    """A function of the input arrays that gives the outputs, and what the bindings bind."""
    if overlapping_references(program):
        return lambda arrays: replayed(program, arrays)
    written = Source(simplified(program))
    step = compiled(written.text, state_of_source(written))
    apart, suited = Apart(program), [is_suited for is_suited in map(layout_check, program.inputs)]
    return Step(program, written, step, apart, suited).run


def compiled(text: str, state: dict[str, Any]) -> Callable[..., Any]:
    """The `step` that a text defines. Tracebacks show its lines."""
    file = f"<compiled step {next(numbers)}>"
    # A failed requirement is a bad argument, which ValueError says to whoever runs the text alone.
    space = {**state, "ValueError": ArgumentError}
    exec(compile(text, file, "exec"), space)
    step: Callable[..., Any] = space["step"]
    linecache.cache[file] = len(text), None, text.splitlines(keepends=True), file
    weakref.finalize(step, linecache.cache.pop, file, None)
    return step


class Step:
    """A compiled program, and what is done around it in each run."""

    def __init__(self, program: Program, written: Source, step: Any, apart: Apart, suited: list[Any]) -> None:
        self.program, self.step, self.apart, self.suited = program, step, apart, suited
        self.stores_inputs = any(each.kind == INPUT for each in program.stored)
        simple = written.program
        self.count = len(program.outputs)
        moved = [each.value for each in moving(simple, written.still)]
        self.bound = [fixed_array(each.value, written) for each in simple.bindings]
        self.places = [i for i, each in enumerate(simple.bindings) if each.value is not None and each.value in moved]

    def run(self, arrays: list[Any]) -> Results:
        """Outputs are fresh memory in each run, except for views of what was there before."""
        if not self.apart(arrays):
            return replayed(self.program, arrays)
        for suits in self.suited:
            if not suits(arrays):
                return self.run_elsewhere(arrays)
        results = self.step(*arrays)
        if not self.places:
            return list(results), self.bound
        bound = list(self.bound)
        for place, value in zip(self.places, results[self.count :]):
            bound[place] = value
        return list(results[: self.count]), bound

    def run_elsewhere(self, arrays: list[Any]) -> Results:
        """A run with arrays that lie in memory otherwise than in the trace."""
        if self.stores_inputs or not all(each.contiguous for each in self.program.inputs):
            return replayed(self.program, arrays)
        return self.run([np.array(each, order="C") if isinstance(each, np.ndarray) else each for each in arrays])


def fixed_array(value: Value | None, written: Source) -> Any:
    if value is None or value not in written.still:
        return None
    return view_of(value.memory.array, value)


def layout_check(value: Value) -> Callable[[list[Any]], bool]:
    """A test of whether an input has the strides that it had in the trace."""
    i = value.memory.index
    if value.scalar:
        return lambda arrays: True
    if value.contiguous:
        return lambda arrays: arrays[i].flags.c_contiguous
    return lambda arrays: arrays[i].strides == value.strides


def replayed(program: Program, arrays: list[Any]) -> Results:
    held = replay(program, arrays)
    return [held[each] for each in program.outputs], [
        None if each.value is None else held[each.value] for each in program.bindings
    ]
