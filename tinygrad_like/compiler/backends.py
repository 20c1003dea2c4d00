"""The ways to run a program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .numpy_backend import build_numpy
from .program import Program

BACKENDS = ("c", "numpy", "jax")


def build(program: Program, backend: str | None) -> Callable[[list[Any]], tuple[list[Any], list[Any]]]:
    """A function of the input arrays that gives the outputs, and what the bindings bind."""
    return build_numpy(program)
