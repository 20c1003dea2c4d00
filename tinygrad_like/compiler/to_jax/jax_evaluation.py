"""A program evaluated on JAX's arrays, instruction by instruction, while XLA's trace looks on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.errors import ArgumentError, TraceError
from ...engine.shortcuts import raise_unless
from ..tracing.program import CONSTANT, REFERENCE, Instruction, Memory, Program, Value, all_instructions, mapped_values
from ..tracing.replay import view_of
from .jax_callbacks import called_back, is_pure
from .jax_functions import Call, cast, way_of
from .jax_loading import jax
from .jax_memory import Store, shapes_of
from .jax_random import DRAWS
from .jax_writes import write_of

SMALL = 1 << 16  # bytes of a constant of integers that becomes part of the compiled program


class Plan:
    """What is known of a program before it is evaluated: which memory is written to, and what goes in and out."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.failures: list[Exception] = []  # what callbacks raised
        self.errors: dict[bool, list[Exception]] = {}  # what each check raises, in the order of the flags
        every = list(all_instructions(program.instructions))
        self.ways = {each: DRAWS.get(each.function) or way_of(each.function) for each in every}
        functions = [each.function for each in every if each.body is None and each.function is not raise_unless]
        self.called = called = [each for each in functions if not (DRAWS.get(each) or way_of(each) or write_of(each))]
        self.effects = [each for each in called if not is_pure(each)]
        written = {value.memory: None for each in every for value in each.writes}
        written |= {each.results[0].memory: None for each in every if each.is_view and self.ways[each] is None}
        self.written: dict[Memory, None] = written
        self.shapes = shapes_of([each for each in program.values if each.memory in written])
        before = dict.fromkeys(each.memory for each in program.references if each.memory in written)
        self.anew = [each for each in before if each.kind == CONSTANT and each.made_inside]
        self.state = [each for each in before if each not in self.anew]
        self.flats = tuple(flat(each.array) for each in self.state)
        self.changed = [each for each in program.inputs if each.memory in written]
        unwritten = [each for each in program.references if each.memory not in written]
        self.read = [each for each in unwritten if each.memory.kind != CONSTANT]
        self.views = tuple(view_of(each.memory.array, each) for each in self.read)
        fixed = [each for each in unwritten if each.memory.kind == CONSTANT]
        self.static = [each for each in fixed if each.dtype.kind in "biu" and each.size * each.dtype.itemsize <= SMALL]
        self.fixed = [each for each in fixed if each not in self.static]
        bound = [each.value for each in program.bindings if each.value is not None]
        self.outputs, self.bound = (computed(values) for values in (program.outputs, bound))
        self.known = {each: view_of(each.memory.array, each) for each in {*program.outputs, *bound} if is_before(each)}

    def constants(self) -> tuple[Any, ...]:
        """What is the same in each run."""
        values = (view_of(each.memory.array, each) for each in self.fixed)
        return *values, *(flat(each.array) for each in self.anew)

    def raise_first(self, flags: Any, general: bool) -> None:
        """Raise the error of the first check that failed."""
        if flags.size and not flags.all():
            raise self.errors[general][int(np.argmin(flags))]


def is_before(value: Value) -> bool:
    """Whether a value lies in memory of before, so that whoever gets it gets that memory."""
    return value.memory.kind == REFERENCE


def computed(values: list[Value]) -> list[Value]:
    return [each for each in values if not is_before(each)]


def flat(array: Any) -> Any:
    """A whole memory as one axis, which is a view of it."""
    stored = np.argsort([-abs(stride) for stride in array.strides], kind="stable")
    line = array if array.ndim == 1 else array.transpose(stored).reshape(-1)
    if array.size and not np.shares_memory(line, array):
        raise TraceError("Memory with gaps is written to, which JAX cannot do.", "Write into a copy: x.copy().")
    return line


class Evaluation:
    """One way to evaluate a program: general, or for finite values only, which is checked."""

    def __init__(self, plan: Plan, general: bool) -> None:
        self.plan, self.general = plan, general

    def run(self, stored: Any, read: Any, constants: Any, arrays: Any) -> Any:
        """The flags of the checks, the memory that was written to, outputs, what is bound, and changed inputs."""
        plan, program = self.plan, self.plan.program
        store = Store(plan.shapes, dict(zip((*plan.state, *plan.anew), (*stored, *constants[len(plan.fixed) :]))))
        held: dict[Value, Any] = {each: view_of(each.memory.array, each) for each in plan.static}
        held |= dict(zip(plan.read, read)) | dict(zip(plan.fixed, constants))
        for value, array in zip(program.inputs, arrays):
            if value.memory in plan.written:
                store.write(value, array)
            else:
                held[value] = array
        state = State(plan, self.general, store, held)
        with jax().default_matmul_precision("highest"):
            state.follow(program.instructions)
        plan.errors[self.general] = [error for _, error in state.checks]
        flags = jax().numpy.stack([state.finite, *(jax().numpy.asarray(flag) for flag, _ in state.checks)])
        after = tuple(store.flats[each] for each in plan.state)
        changed = tuple(store.read(each) for each in plan.changed)
        bound = tuple(state.value(each) for each in plan.bound)
        return flags, after, tuple(state.value(each) for each in plan.outputs), bound, changed


class State:
    """Values and memory as they are after some instructions."""

    def __init__(self, plan: Plan, general: bool, store: Store, held: dict[Value, Any]) -> None:
        self.plan, self.general, self.store, self.held = plan, general, store, held
        self.finite = jax().numpy.asarray(True)
        self.checks: list[tuple[Any, Exception]] = []

    def value(self, value: Value) -> Any:
        return self.store.read(value) if value.memory in self.plan.written else self.held[value]

    def check(self, holds: Any, error: Exception) -> None:
        self.checks.append((holds, error))

    def keep(self, value: Value, array: Any) -> None:
        array = cast(jax().numpy.asarray(array), value.dtype)
        if value.memory in self.plan.written:
            self.store.write(value, array)
        else:
            self.held[value] = array

    def follow(self, instructions: list[Instruction]) -> None:
        for each in instructions:
            if each.body is not None:
                self.mend(each)
            elif each.function is raise_unless:
                self.require(each)
            elif not (each.is_view and each.results[0].memory in self.plan.written):
                self.compute(each)

    def require(self, instruction: Instruction) -> None:
        condition, text = instruction.args
        holds = self.value(condition) if isinstance(condition, Value) else condition
        self.check(jax().numpy.asarray(holds, bool).reshape(()), ArgumentError(text))

    def compute(self, instruction: Instruction) -> None:
        plan, writes = self.plan, instruction.writes
        args, options = (
            mapped_values(lambda leaf: self.value(leaf) if isinstance(leaf, Value) else leaf, part)
            for part in (instruction.args, instruction.options)
        )
        call = Call(instruction, args, options, self.check)
        way = plan.ways[instruction]
        own = write_of(instruction.function) if writes and "out" not in options else None
        if own is not None:
            made: Any = own(call)
        elif way is not None and (not writes or "out" in options):
            made = way(call)
        else:
            given = {each: self.value(each) for each in instruction.reads}
            made = called_back(instruction, given, plan.failures)
        targets = [*instruction.results, *writes]
        several = isinstance(made, (tuple, list))
        for value, array in zip(targets, made if several else [made]):
            self.keep(value, array)

    def mend(self, instruction: Instruction) -> None:
        """A condition with a body, which is run if something is not finite."""
        numpy = jax().numpy
        finite = numpy.isfinite(self.value(instruction.args[0])).all()
        if not self.general:
            self.finite &= finite
            return
        memories = list(self.store.flats)
        before = tuple(self.store.flats[each] for each in memories)
        errors: list[Exception] = []

        def body(flats: Any) -> Any:
            inner = State(self.plan, True, Store(self.plan.shapes, dict(zip(memories, flats))), dict(self.held))
            inner.follow(instruction.body or [])
            errors[:] = [error for _, error in inner.checks]
            flags = [numpy.asarray(flag) for flag, _ in inner.checks]
            return tuple(inner.store.flats[each] for each in memories), tuple(flags)

        count = len(jax().eval_shape(body, before)[1])
        after, flags = jax().lax.cond(finite, lambda flats: (flats, (numpy.asarray(True),) * count), body, before)
        self.store.flats = dict(zip(memories, after))
        self.checks += zip(flags, errors)
