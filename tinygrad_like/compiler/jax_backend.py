"""A program replayed through jax.numpy, and compiled by XLA. Memory that it writes to goes in and comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from .jax_evaluation import Evaluation, Plan
from .jax_loading import jax
from .program import REFERENCE, Program, Value
from .replay import view_of


class JaxRunner:
    """A program that is ready to be run by JAX.

    A run reads the memory of the references, and writes what it has stored into that memory when it is over: so steps
    may be mixed with others. If an error is raised, nothing has been written.

    The program is compiled in a form for finite values, where nothing has to be mended. A run that meets others is
    run again in the general form, and so are all that follow.
    """

    def __init__(self, program: Program, sharding: Any = None) -> None:
        self.plan = Plan(program)
        self.sharding = sharding
        self.general = self.plan.has_effects
        self.compiled: dict[Any, Any] = {}
        self.constants: Any = None

    def __call__(self, arrays: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The outputs of one run, and what the bindings bind."""
        _, stored, outputs, bound, changed = self.run(arrays, False)
        for value, array in zip(self.plan.changed, changed):
            np.copyto(arrays[value.memory.index], array)
        self.write_back(stored)
        given = dict(zip(self.plan.program.inputs, arrays))
        return [plain(*each, given) for each in zip(self.plan.program.outputs, outputs)], self.bound(bound)

    def loop(self, arrays: Sequence[Any], order: Any) -> tuple[list[Any], list[Any]]:
        """Many runs on the device, with one copy of the memory at the end: run k gets array[order[k]] of each array.

        The outputs of all runs are stacked; the bindings are those of the last run.
        """
        _, stored, outputs, bound = self.run([*arrays, np.asarray(order)], True)
        self.write_back(stored)
        return [np.array(each) for each in outputs], self.bound(bound)

    def run(self, arrays: Sequence[Any], looped: bool) -> Any:
        plan, given = self.plan, tuple(np.asarray(each) for each in arrays)
        with jax().enable_x64(True):
            if self.constants is None:
                self.constants = tuple(jax().device_put(each, self.replicated()) for each in plan.constants())
            while True:
                results = self.function(looped, given)(plan.flats, plan.views, self.constants, given)
                flags = np.asarray(results[0])
                if plan.failures:
                    raise plan.failures.pop()
                if self.general or flags[0]:
                    break
                self.general = True
        plan.raise_first(flags[1:], self.general)
        return results

    def write_back(self, stored: Sequence[Any]) -> None:
        for memory, array in zip(self.plan.flats, stored):
            np.copyto(memory, array)

    def bound(self, arrays: Sequence[Any]) -> list[Any]:
        made = iter(arrays)
        values = [each.value for each in self.plan.program.bindings]
        return [None if each is None else plain(each, next(made), {}) for each in values]

    # -- compiled functions -----------------------------------------------------------------------------

    def function(self, looped: bool, arrays: Sequence[Any]) -> Any:
        key = looped, self.general
        found = self.compiled.get(key)
        if found is None:
            body = self.many if looped else self.one
            found = self.compiled[key] = jax().jit(body(Evaluation(self.plan, self.general)), **self.shardings(arrays))
        return found

    def one(self, evaluation: Any) -> Any:
        return evaluation.run

    def many(self, evaluation: Any) -> Any:
        """A function that runs the program once for each entry of the last array."""

        def run(stored: Any, read: Any, constants: Any, arrays: Any) -> Any:
            *data, order = arrays

            def step(stored: Any, chosen: Any) -> Any:
                given = tuple(each[chosen] for each in data)
                flags, stored, outputs, bound, _ = evaluation.run(stored, read, constants, given)
                return stored, (flags, outputs, bound)

            stored, (flags, outputs, bound) = jax().lax.scan(step, stored, order)
            return flags.all(axis=0), stored, outputs, tuple(each[-1] for each in bound)

        return run

    def replicated(self) -> Any:
        if self.sharding is None:
            return None
        parallel = jax().sharding
        return parallel.NamedSharding(self.sharding.mesh, parallel.PartitionSpec())

    def shardings(self, arrays: Sequence[Any]) -> dict[str, Any]:
        """Inputs as the sharding says, those with too few axes and all else on each device."""
        if self.sharding is None:
            return {}
        if not isinstance(self.sharding, jax().sharding.NamedSharding):
            raise ArgumentError(
                f"sharding must be a jax.sharding.NamedSharding, but got a {type(self.sharding).__name__}.",
                'Write jax.NamedSharding(mesh, jax.P("batch")).',
            )
        everywhere = self.replicated()
        inputs = tuple(self.sharding if each.ndim >= len(self.sharding.spec) else everywhere for each in arrays)
        return {"in_shardings": (everywhere, everywhere, everywhere, inputs), "out_shardings": everywhere}


def plain(value: Value, array: Any, given: dict[Value, Any]) -> Any:
    """An array of NumPy; memory of before, and inputs, are given as they are."""
    if value.memory.kind == REFERENCE:
        return view_of(value.memory.array, value)
    if value in given:
        return given[value]
    copy = np.array(array)
    return copy[()] if value.scalar else copy


def build(program: Program, sharding: Any = None) -> JaxRunner:
    """A function of the input arrays that gives the outputs, and what the bindings bind."""
    jax()
    return JaxRunner(program, sharding)
