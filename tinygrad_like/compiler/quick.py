"""The fast way into a program: Python source that checks the arguments of one kind, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.recording import recording
from ..engine.tensor import Tensor
from ..engine.writes import base_of
from .runner import Runner

HEAD = """def arrays_of(args):
    if len(args) != {count}:
        return None
    {names}, = args
"""
CHECKS = """
    {tensor}x = {name}
    if type(x) is not ndarray or x.shape != shape{i} or x.dtype is not dtype{i}:
        return None
    base = x.base
    if id(x if base is None else base if base.base is None else base_of(base)) in owners:
        return None
"""
TENSOR = """if type({name}) is not Tensor or {name}._node is not None:
        return None
    {name} = {name}._array
    """


class Quick:
    """A program, and a function of the arguments that gives their arrays, or None if they are of another kind."""

    __slots__ = ("arrays_of", "recording", "runner", "state")

    def __init__(self, runner: Runner, arrays_of: Callable[[tuple[Any, ...]], Any], state: int) -> None:
        self.runner, self.arrays_of, self.state, self.recording = runner, arrays_of, state, recording.get()


def quick_way(runner: Runner, args: tuple[Any, ...], state: int) -> Quick | None:
    """The fast way to a program, if all its arguments are arrays and Tensors."""
    if not args or runner.guards or runner.writes_inputs:
        return None
    if not all(isinstance(each, (Tensor, np.ndarray)) and getattr(each, "_node", None) is None for each in args):
        return None
    names = [f"x{i}" for i in range(len(args))]
    lines = [HEAD.format(count=len(args), names=", ".join(names))]
    known: dict[str, Any] = {"Tensor": Tensor, "ndarray": np.ndarray, "base_of": base_of, "owners": runner.owners}
    for i, (name, each) in enumerate(zip(names, args)):
        tensor = TENSOR.format(name=name) if isinstance(each, Tensor) else ""
        lines.append(CHECKS.format(tensor=tensor, name=name, i=i))
        known |= {f"shape{i}": each.shape, f"dtype{i}": each.dtype}
    lines.append(f"    return [{', '.join(names)}]")
    exec("\n".join(lines), known)
    return Quick(runner, known["arrays_of"], state)
