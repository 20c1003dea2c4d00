"""Timing by turns: in every round each contender has one, so that a slow moment of the machine hits all."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median, quantiles
from typing import Any

import numpy as np

from .report import Row, against

OURS = "tinygrad_like"


@dataclass
class Contender:
    """A library's way through one training step."""

    step: Callable[[], Any]  # gives the loss, as the library has it
    weights: Callable[[], list[np.ndarray]]
    loss: Callable[[Any], float] = lambda loss: loss.item()


def as_written(step: Callable[..., Any]) -> Callable[..., Any]:
    """Our step as its user wrote it, neither compiled nor otherwise changed."""
    return step


def is_installed(module: str) -> bool:
    return find_spec(module) is not None


def build(builders: Mapping[str, tuple[str, Callable[[], Contender]]]) -> tuple[dict[str, Contender], list[str]]:
    """The contenders whose module is installed, and a line for each of the others."""
    ready = {name: make() for name, (module, make) in builders.items() if is_installed(module)}
    skipped = [f"{name} is not installed: skipped." for name in builders if name not in ready]
    return ready, skipped


def check_agreement(contenders: dict[str, Contender], steps: int, tolerance: float) -> None:
    """All must compute the same losses and, after some steps, the same weights as the first."""
    reference: tuple[list[float], list[np.ndarray]] | None = None
    for name, each in contenders.items():
        losses = [each.loss(each.step()) for _ in range(steps)]
        weights = [np.array(w) for w in each.weights()]
        if reference is None:
            reference = losses, weights
            assert losses[-1] != losses[0], "The reference does not learn."
        np.testing.assert_allclose(losses, reference[0], rtol=tolerance, err_msg=f"losses of {name}")
        for got, want in zip(weights, reference[1], strict=True):
            assert got.dtype == want.dtype, f"{name} has {got.dtype} weights, not {want.dtype}."
            np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance, err_msg=f"weights of {name}")


def timed(step: Callable[[], Any], count: int) -> float:
    """Seconds per step."""
    start = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - start) / count


def by_turns(
    contenders: dict[str, Contender], rounds: int, turn: float, pause: float = 0.0, warm: int = 2
) -> dict[str, list[float]]:
    """Seconds per step, a list of `rounds` for each contender; a turn takes about `turn` seconds.

    A turn starts with a `pause`, in which the threads of the one before stop spinning, and `warm` untimed steps.
    """
    counts = {name: max(1, round(turn / timed(each.step, max(1, 10 * warm)))) for name, each in contenders.items()}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    order = list(contenders)
    shuffle = random.Random(0).shuffle
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            time.sleep(pause)
            for _ in range(warm):
                contenders[name].step()
            seconds[name].append(timed(contenders[name].step, counts[name]))
    return seconds


def best(values: list[float]) -> float:
    """What the fastest tenth of the rounds reaches: the time on a quiet machine."""
    return quantiles(values, n=10, method="inclusive")[0]


def compare(ours: list[float], theirs: list[float]) -> tuple[float, str]:
    """The median of the rounds' ratios, and its text, with the ratio of the best times."""
    ratio = median(a / b for a, b in zip(ours, theirs))
    return ratio, f"{ratio:.2f}× ({best(ours) / best(theirs):.2f}×)"


def microseconds(values: list[float]) -> str:
    """The median, and the best in brackets."""
    return f"{median(values) * 1e6:.1f} µs ({best(values) * 1e6:.1f})"


def milliseconds(values: list[float]) -> str:
    """The median, and the best in brackets."""
    return f"{median(values) * 1e3:.1f} ms ({best(values) * 1e3:.1f})"


def rows(seconds: dict[str, list[float]], targets: dict[str, float]) -> list[Row]:
    """A row for each contender: its median and best, and our time as a multiple of its own."""
    table = []
    for name, theirs in seconds.items():
        row = Row(name, microseconds(theirs))
        if name != OURS:
            ratio, row.ratio = compare(seconds[OURS], theirs)
            if name in targets:
                row.target, row.met = against(ratio, targets[name])
        table.append(row)
    return table
