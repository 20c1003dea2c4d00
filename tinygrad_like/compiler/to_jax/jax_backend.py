"""A program replayed through jax.numpy, and compiled by XLA. Memory that it writes to goes in and comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.errors import ArgumentError, TraceError
from ..tracing.program import Program, Value
from .jax_evaluation import Evaluation, Plan
from .jax_loading import jax

MANY = 1024  # runs at most in one call of JAX


class JaxRunner:
    """A program that is ready to be run by JAX.

    A run reads the memory of the references, and writes what it has stored into that memory when it is over: so steps
    may be mixed with others. If an error is raised, nothing has been written.

    The program is compiled in a form for finite values, where nothing has to be mended. A run that meets others is
    run again in the general form, and so are all that follow.
    """

    def __init__(self, program: Program, sharding: Any = None) -> None:
        self.plan, self.sharding = Plan(program), checked(sharding)
        if sharding is not None and self.plan.effects:
            names = ", ".join({getattr(each, "__name__", repr(each)) for each in self.plan.effects})
            raise TraceError(
                f"{names} runs in Python, which JAX cannot do for several devices.",
                "Leave out sharding, or compute outside what it gives, and make that an argument.",
            )
        self.general = bool(self.plan.effects)
        self.compiled: dict[Any, Any] = {}
        self.constants: Any = None

    def __call__(self, arrays: Sequence[Any]) -> tuple[list[Any], list[Any]]:
        """The outputs of one run, and what the bindings bind."""
        _, stored, outputs, bound, changed = self.run(self.one, "one", [np.asarray(each) for each in arrays])
        for value, array in zip(self.plan.changed, changed):
            np.copyto(arrays[value.memory.index], array)
        self.write_back(stored)
        given = dict(zip(self.plan.program.inputs, arrays))
        return self.plain(self.plan.program.outputs, outputs, given), self.bound(bound)

    def many(self, data: list[Any], rows: int | None, first: int, items: int, losses: Any, place: int) -> list[Any]:
        """Run for items of some arrays on the device, from the `first` on, round and round, one for each of `losses`.

        An item is an element, or as many `rows`. The memory is copied back once for many runs.
        """
        bound: Any = ()
        for done in range(0, len(losses), MANY):
            part = losses[done : done + MANY]
            numbers = np.array([first + done, items, len(part)])
            _, stored, found, bound = self.run(
                lambda each: self.looped(each, rows, place), (rows, place), [numbers, *data]
            )
            self.write_back(stored)
            part[:] = np.asarray(found)[: len(part)]
        return self.bound(bound)

    def run(self, form: Any, key: Any, arrays: list[Any]) -> Any:
        """What a compiled form of the program gives; an error if a check failed."""
        plan = self.plan
        with jax().enable_x64(True):
            if self.constants is None:
                self.constants = tuple(jax().device_put(each, self.replicated()) for each in plan.constants())
            while True:
                function = self.compiled.get((key, self.general))
                if function is None:
                    function = jax().jit(form(Evaluation(plan, self.general)), **self.shardings(key, arrays))
                    self.compiled[key, self.general] = function
                results = function(plan.flats, plan.views, self.constants, tuple(arrays))
                flags = np.asarray(results[0])
                if plan.called:
                    jax().effects_barrier()
                    jax().block_until_ready(results)
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
        return self.plain([each.value for each in self.plan.program.bindings], arrays, {})

    def plain(self, values: Sequence[Value | None], arrays: Sequence[Any], given: dict[Value, Any]) -> list[Any]:
        """Arrays of NumPy for values, of which `arrays` are computed. Memory of before, and inputs, are as they are."""
        made, known = iter(arrays), self.plan.known
        return [
            None if each is None else known[each] if each in known else plain(each, next(made), given)
            for each in values
        ]

    # -- forms of the program ---------------------------------------------------------------------------

    @staticmethod
    def one(evaluation: Evaluation) -> Any:
        return evaluation.run

    def looped(self, evaluation: Evaluation, rows: int | None, place: int) -> Any:
        """A function that runs the program for the items of some arrays; it gives the losses."""

        def run(stored: Any, read: Any, constants: Any, arrays: Any) -> Any:
            numbers, *data = arrays
            numpy, lax = jax().numpy, jax().lax
            loss = self.plan.outputs.index(self.plan.program.outputs[place])

            def step(i: Any, stored: Any) -> Any:
                k = (numbers[0] + i) % numbers[1]
                pieces = (lax.dynamic_slice_in_dim(each, k * (rows or 1), rows or 1) for each in data)
                return evaluation.run(
                    stored, read, constants, tuple(each[0] if rows is None else each for each in pieces)
                )

            def following(i: Any, carried: Any) -> Any:
                stored, flags, losses, _ = carried
                now, stored, outputs, bound, _ = step(i, stored)
                return stored, flags & now, losses.at[i].set(outputs[loss].reshape(())), bound

            now, _, _, bound, _ = jax().eval_shape(step, 0, stored)
            nothing = tuple(numpy.zeros(each.shape, each.dtype) for each in bound)
            start = stored, numpy.ones(now.shape, bool), numpy.zeros(MANY), nothing
            stored, flags, losses, bound = lax.fori_loop(0, numbers[2], following, start)
            return flags, stored, losses, bound

        return run

    # -- several devices ------------------------------------------------------------------------------

    def replicated(self) -> Any:
        if self.sharding is None:
            return None
        parallel = jax().sharding
        return parallel.NamedSharding(self.sharding.mesh, parallel.PartitionSpec())

    def shardings(self, key: Any, arrays: list[Any]) -> dict[str, Any]:
        """The arguments as the sharding says; those with too few axes, and all else, on each device."""
        if self.sharding is None:
            return {}
        everywhere = self.replicated()
        spread = [key == "one" and each.ndim >= max(1, len(self.sharding.spec)) for each in arrays]
        inputs = tuple(self.sharding if each else everywhere for each in spread)
        return {"in_shardings": (everywhere, everywhere, everywhere, inputs), "out_shardings": everywhere}


def checked(sharding: Any) -> Any:
    """The sharding, over a mesh where XLA decides how values in between are spread."""
    if sharding is None:
        return None
    parallel = jax().sharding
    if isinstance(sharding, parallel.NamedSharding):
        mesh = parallel.Mesh(sharding.mesh.devices, sharding.mesh.axis_names)
        return parallel.NamedSharding(mesh, sharding.spec)
    raise ArgumentError(
        f"sharding must be a jax.NamedSharding, but got a {type(sharding).__name__}.",
        'Write jax.NamedSharding(jax.make_mesh((4,), ("batch",)), jax.P("batch")).',
    )


def plain(value: Value, array: Any, given: dict[Value, Any]) -> Any:
    """An array of NumPy, with memory of its own; an input as it is."""
    if value in given:
        return given[value]
    copy = np.array(array)
    return copy[()] if value.scalar else copy


def build(program: Program, sharding: Any = None) -> JaxRunner:
    """A function of the input arrays that gives the outputs, and what the bindings bind.

    Raises MissingError without JAX, TraceError for what JAX cannot do, ArgumentError for what is no sharding.
    """
    jax()
    return JaxRunner(program, sharding)
