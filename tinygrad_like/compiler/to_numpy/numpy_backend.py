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
from ..direct import Direct
from ..passes.aliasing import overlapping_references
from ..passes.passes import simplified
from ..tracing.program import INPUT, Program, Value
from ..tracing.replay import replay, view_of
from .looped import looped, turns
from .numpy_source import Source, moving, state_of_source

Results = tuple[Sequence[Any], Sequence[Any]]
numbers = count(1)
AGAIN = "    return again([{}])"
WORTH = 200  # steps in loops, after which a loop of their own saves more time than it takes to make


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
        plain = all(each.contiguous and not each.scalar for each in program.inputs)
        self.is_simple = plain and not (self.places or self.written.speller.objects)
        self.bare, self.spare = unwrap(self.step), list[Context]()
        self.loops: dict[int, Callable[..., Any]] = {}  # by the place of the loss
        self.steps = 0  # in loops

    @property
    def source(self) -> str:
        return self.written.text

    def __call__(self, arrays: list[Any]) -> Results:
        """With nothing to be checked or bound in each run, no time is lost on that."""
        if not self.is_simple or not all(each.flags.c_contiguous for each in arrays):
            return self.run(arrays)
        # A context in which NumPy is quiet is entered in less time than one is made so.
        try:
            context = self.spare.pop()
        except IndexError:
            context = quiet()
        results = context.run(self.bare, *arrays)
        self.spare.append(context)
        return results, self.bound

    def direct(self, known: dict[str, Any]) -> Direct | None:
        """How it is called in source, if nothing is bound in each run. What the text refers to is put into `known`."""
        if not self.is_simple:
            return None
        names = [f"x{i}" for i in range(len(self.program.inputs))]
        known |= {"step": self.bare, "spare": self.spare, "quiet": quiet, "bound": self.bound}
        lines = [
            line for name in names for line in (f"if not {name}.flags.c_contiguous:", AGAIN.format(", ".join(names)))
        ]
        lines += ["try:", "    context = spare.pop()", "except IndexError:", "    context = quiet()"]
        lines += [f"outputs = context.run({', '.join(['step', *names])})", "spare.append(context)"]
        outputs = [f"outputs[{i}]" for i in range(len(self.program.outputs))]
        return Direct(lines, outputs, [f"bound[{i}]" for i in range(len(self.bound))])

    def many(
        self, data: list[Any], rows: int | None, first: int, items: int, losses: Any, place: int
    ) -> list[Any] | None:
        """A run for each of `losses`: for the items of some arrays from the `first` on, round and round.

        An item is an element, or as many `rows`. The loss is the output at `place`. Gives what the bindings bind; None
        if it cannot be run so.
        """
        scalars = [rows is None and each.ndim == 1 for each in data]
        if self.places or scalars != [each.scalar for each in self.program.inputs]:
            return None
        self.steps += len(losses)
        if self.steps < WORTH:
            return None
        if place not in self.loops:
            self.loops[place] = self.loop(place)
        self.loops[place](turns(data, rows, first, items, len(losses)), losses)
        return self.bound

    def loop(self, place: int) -> Callable[..., None]:
        """The loop that keeps the output at `place`; it shares the memory of the step."""
        space = dict(self.bare.__globals__)
        tree = looped(self.written.text, place, bool(self.program.outputs[place].shape))
        exec(compile(tree, self.bare.__code__.co_filename, "exec"), space)
        made: Callable[..., None] = space["loop"]
        return made

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
    return Step(program)


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
