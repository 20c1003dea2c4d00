"""The first runs of a program beside the function itself: `compile(function, check=True)`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.errors import TraceError
from ..engine.tensor import Tensor
from ..engine.traces import real
from ..tree import leaves
from .runner import Runner

CALLS = 3  # runs of each program that are compared
TOLERANCES = {2: 1e-2, 4: 1e-4, 8: 1e-9}  # by the bytes of a number


class Checked:
    """Compares what a program and the function give and write, from the same state. The function's results are kept."""

    def wanted(self, runner: Runner) -> bool:
        return runner.calls < CALLS

    def __call__(self, runner: Runner, arrays: list[Any], function: Callable[[], Any]) -> Any:
        """Run both. Raises TraceError if they differ."""
        memory = [each.array for each in runner.program.stored if each.array is not None]
        before = [each.copy() for each in memory]
        result = [np.array(each, copy=True) for each in arrays_in(runner(arrays))]
        after = [each.copy() for each in memory]
        for each, old in zip(memory, before):
            np.copyto(each, old)
        expected = function()
        pairs = [("a result", *pair) for pair in zip(result, arrays_in(expected))]
        pairs += [("memory that is written to", *pair) for pair in zip(after, memory)]
        for what, got, wanted in pairs:
            if not agree(got, wanted):
                raise TraceError(
                    f"The compiled function differs from the function in {what} of shape {np.shape(wanted)}: by up to "
                    f"{difference(got, wanted):.3g}.",
                    "Something that it reads changes in a way that a trace does not see: see docs/compile.md.",
                )
        return expected


def arrays_in(result: Any) -> list[Any]:
    """The arrays and numbers in what a function returned."""
    found = [each._array if isinstance(each, Tensor) else each for each in leaves(result)]
    return [real(each) for each in found if isinstance(each, (np.ndarray, np.generic, float))]


def agree(got: Any, wanted: Any) -> bool:
    got, wanted = np.asarray(got), np.asarray(wanted)
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        return False
    if wanted.dtype.kind not in "fc":
        return bool((got == wanted).all())
    tolerance = TOLERANCES.get(wanted.real.dtype.itemsize, 1e-9)
    return bool(np.allclose(got, wanted, tolerance, tolerance * np.abs(wanted).max(initial=0), equal_nan=True))


def difference(got: Any, wanted: Any) -> float:
    if np.shape(got) != np.shape(wanted):
        return float("nan")
    return float(np.max(np.abs(np.asarray(got, float) - np.asarray(wanted, float))))
