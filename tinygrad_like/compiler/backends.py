"""The ways to run a program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import jax_backend
from .program import Program
from .replay import replay

BACKENDS = ("c", "numpy", "jax")


def build(
    program: Program, backend: str | None, sharding: Any = None
) -> Callable[[list[Any]], tuple[list[Any], list[Any]]]:
    """A function of the input arrays that gives the outputs, and what the bindings bind."""
    if backend == "jax":
        return jax_backend.build(program, sharding)

    def run(arrays: list[Any]) -> tuple[list[Any], list[Any]]:
        held = replay(program, arrays)
        return [held[each] for each in program.outputs], [
            None if each.value is None else held[each.value] for each in program.bindings
        ]

    return run
