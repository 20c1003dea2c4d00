"""The same step eager and compiled, side by side: results, gradients, parameters, buffers and random numbers."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from typing import Any

import numpy as np

import tinygrad_like as tg
from tinygrad_like.compiler.compiling import compile as compiled
from tinygrad_like.engine.tensor import values_of

EVERY = bool(os.environ.get("EVERY_CASE"))  # all cases on all backends; else some
BACKENDS = ["replay", "numpy", "c"] if EVERY else ["numpy"]


def assert_same(got: Any, want: Any, what: str, tolerance: float = 0.0) -> None:
    """Two arrays or None: the same shape, dtype and values, which may differ by the tolerance times the largest.

    A tolerance that is not 0 is 1e-5 at least for float32.
    """
    if got is None or want is None:
        assert got is want, what
        return
    assert isinstance(got, tg.Tensor) == isinstance(want, tg.Tensor), what
    got, want = np.asarray(values_of(got)), np.asarray(values_of(want))
    assert (got.shape, got.dtype) == (want.shape, want.dtype), what
    scale = np.max(np.abs(want), initial=1, where=np.isfinite(want)) if want.dtype.kind in "fc" else 0
    if tolerance and want.dtype == np.float32:
        tolerance = max(tolerance, 1e-5)
    np.testing.assert_allclose(got, want, 0, tolerance * scale, err_msg=what)


def state_of(model: Any, optimizers: Any = ()) -> dict[str, Any]:
    """All that a step may change: parameters and buffers, gradients, the state of optimizers."""
    found = {name: each for name, each in model.state_dict().items()}
    found |= {f"gradient of {name}": p.grad for name, p in model.named_parameters()}
    return found | {f"optimizer {i}": each.state_dict() for i, each in enumerate(optimizers)}


def assert_same_state(got: Any, want: Any, tolerance: float = 0.0, path: str = "") -> None:
    """Two structures of dicts, lists, arrays and numbers."""
    if isinstance(want, dict):
        assert list(got) == list(want), path
        for key in want:
            assert_same_state(got[key], want[key], tolerance, f"{path} {key}")
    elif isinstance(want, (list, tuple)):
        assert len(got) == len(want), path
        for i, (one, other) in enumerate(zip(got, want)):
            assert_same_state(one, other, tolerance, f"{path} {i}")
    elif isinstance(want, (tg.Tensor, np.ndarray, float)) or want is None:
        assert_same(got, want, path, tolerance)
    else:
        assert got == want, path


class Pair:
    """Equal copies of something, and a step of each: the first eager, the second compiled.

    `make_step` is given a copy and makes its step. `state` is given a copy and finds what a step may change.
    """

    def __init__(
        self,
        things: Any,
        make_step: Callable[[Any], Any],
        backend: Any = None,
        tolerance: float = 0.0,
        state: Callable[[Any], Any] = state_of,
    ) -> None:
        self.both = copy.deepcopy(things), copy.deepcopy(things)
        self.eager = make_step(self.both[0])
        self.plain = make_step(self.both[1])
        self.step = compiled(self.plain, backend=backend)
        self.tolerance = max(tolerance, 1e-12) if backend == "c" else tolerance
        self.state, self.count = state, 0

    def __call__(self, *inputs: Any, mixed: bool = False) -> Any:
        """A step of both, with the same random numbers; `mixed`: the second one eager, too. Gives the result."""
        self.count += 1
        results, draws = [], []
        for step in (self.eager, self.plain if mixed else self.step):
            tg.seed(self.count)
            results.append(step(*inputs))
            draws.append(tg.random.default().state.numpy().copy())
        what = f"step {self.count}:"
        assert_same_state(results[1], results[0], self.tolerance, f"{what} result")
        assert_same(draws[1], draws[0], f"{what} random numbers")
        self.check(what)
        return results[0]

    def check(self, what: str = "") -> None:
        """Both have the same state."""
        assert_same_state(self.state(self.both[1]), self.state(self.both[0]), self.tolerance, what)

    def each(self, change: Callable[[Any], Any]) -> None:
        """The same change of both."""
        for thing in self.both:
            change(thing)

    @property
    def traced(self) -> int:
        """How many programs there are."""
        return sum(map(len, self.step.programs.values()))
