"""The ways to run a program."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from . import native
from .program import Program

BACKENDS = {"c": "c_backend", "numpy": "numpy_backend", "jax": "jax_backend"}


def chosen(backend: str | None) -> str:
    """The backend that was asked for; without, C if there is a compiler, else NumPy."""
    return backend or ("c" if native.compiler() else "numpy")


def build(program: Program, backend: str | None) -> Any:
    """A function of the input arrays that gives the outputs, and what the bindings bind."""
    module = import_module(f".{BACKENDS[chosen(backend)]}", __package__)
    return module.build(program)
