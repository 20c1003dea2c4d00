"""A program as a function: its NumPy source compiled, with its arrays bound to the names in it."""

from __future__ import annotations

import linecache
import weakref
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from inspect import unwrap
from itertools import count
from typing import Any

import numpy as np

from ...engine.errors import ArgumentError
from ..passes.aliasing import overlapping_references
from ..passes.passes import simplified
from ..tracing.program import INPUT, Program, Value
from ..tracing.replay import replay, view_of
from .numpy_source import Source, moving, state_of_source

Results = tuple[Sequence[Any], Sequence[Any]]
numbers = count(1)


class Step:
    """A program as a function of its input arrays, a list: it gives the outputs, and what the bindings bind.

    Outputs are fresh memory in each run, except for views of memory that was there before. The caller sees to it that
    no input shares memory with what the program writes to.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.written = Source(simplified(program))
        self.step = compiled(self.written.text, state_of_source(self.written))
        bindings = self.written.program.bindings
        self.bound = [fixed_array(each.value, self.written) for each in bindings]
        moved = {id(each) for each in moving(self.written.program, self.written.still)}
        self.places = [i for i, each in enumerate(bindings) if id(each) in moved]
        self.suited = [layout_check(each) for each in program.inputs]

    @property
    def source(self) -> str:
        return self.written.text

    def function(self) -> Callable[[list[Any]], Results]:
        """The way to run it. With nothing to be checked or bound in each run, no time is lost on that."""
        step, bound, spare = self.step, self.bound, list[Context]()
        simple = all(each.contiguous and not each.scalar for each in self.program.inputs)
        if self.places or not simple or self.written.speller.objects:
            return self.run
        bare = unwrap(step)

        def run(arrays: list[Any]) -> Results:
            for each in arrays:
                if not each.flags.c_contiguous:
                    return self.run(arrays)
            # A context in which NumPy is quiet is entered in less time than one is made so.
            try:
                context = spare.pop()
            except IndexError:
                context = quiet()
            results = context.run(bare, *arrays)
            spare.append(context)
            return results, bound

        return run

    def run(self, arrays: list[Any]) -> Results:
        if not all(suits(arrays) for suits in self.suited):
            writes = any(each.kind == INPUT for each in self.program.stored)
            if writes or not all(each.contiguous for each in self.program.inputs):
                return replayed(self.program, arrays)
            arrays = [np.array(each, order="C") if isinstance(each, np.ndarray) else each for each in arrays]
        results = self.step(*arrays)
        bound = list(self.bound)
        for place, value in zip(self.places, results[len(self.program.outputs) :]):
            bound[place] = value
        return results[: len(self.program.outputs)], bound


def quiet() -> Context:
    """A context in which NumPy gives no warnings about values."""
    context = Context()
    context.run(np.errstate(all="ignore").__enter__)
    return context


def build(program: Program) -> Callable[[list[Any]], Results]:
    """A function of the input arrays that gives the outputs, and what the bindings bind."""
    if overlapping_references(program):
        return partial(replayed, program)
    return Step(program).function()


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
