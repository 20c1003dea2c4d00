"""What can be looked at of a program: its NumPy source, with the arrays that it needs, and its C source."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...engine.errors import ArgumentError
from ..passes.passes import simplified
from ..runner import Runner
from ..to_c import c_source
from ..to_numpy import numpy_source
from ..tracing.program import Program

if TYPE_CHECKING:
    from ..compiling import Compiled


class Shown:
    """One program of a compiled function, after all passes. The texts are written when they are asked for."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner

    @cached_property
    def program(self) -> Program:
        return simplified(self.runner.program)

    @cached_property
    def numpy(self) -> numpy_source.Source:
        return numpy_source.Source(self.program)

    @cached_property
    def c(self) -> c_source.Source:
        return c_source.Source(self.program)

    @property
    def state(self) -> dict[str, Any]:
        return numpy_source.state_of_source(self.numpy)


def shown(step: Compiled) -> Shown:
    """The program that was used last. Raises ArgumentError if there is none."""
    runner = step.last
    if runner is None:
        name = getattr(step, "__name__", "step")
        name = name if name.isidentifier() else "step"
        raise ArgumentError(
            f"{name} has no program yet: it is traced when it is first called.", f"Write {name}(...) first."
        )
    if runner.shown is None:
        runner.shown = Shown(runner)
    found: Shown = runner.shown
    return found
