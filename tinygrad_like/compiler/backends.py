"""The ways to run a program."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .to_c import native
from .tracing.program import Program

BACKENDS = {
    "c": "to_c.c_backend",
    "numpy": "to_numpy.numpy_backend",
    "jax": "to_jax.jax_backend",
    "replay": "tracing.replay",
}


def chosen(backend: str | None) -> str:
    """The backend that was asked for; without, C if there is a compiler, else NumPy."""
    return backend or ("c" if native.compiler() else "numpy")


def build(program: Program, backend: str | None, sharding: Any = None) -> Any:
    """A function of the input arrays that gives the outputs, and what the bindings bind.

    It may have `many`, which runs the program for many items of some arrays, and `source` and `c_source`.
    """
    name = chosen(backend)
    module = import_module(f".{BACKENDS[name]}", __package__)
    return module.build(program, sharding) if name == "jax" else module.build(program)
