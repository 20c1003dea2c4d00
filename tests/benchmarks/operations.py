"""Single operations, forward and backward, beside PyTorch's; and the sum of a small array beside NumPy's."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from . import timing
from .report import Row, Table, against
from .timing import OURS, Contender

TITLE = "operations: of 10⁶ float64 each, forward and backward; one thread"
ROUNDS, TURN = 15, 0.15
RNG = np.random.default_rng(0)
X = RNG.uniform(0.5, 1.5, 10**6)
ORDER = RNG.permutation(10**6)
A, B = RNG.normal(size=(2, 64, 64, 64))
SMALL = RNG.normal(size=(3, 4))


def chain(np: Any, x: Any) -> Any:
    """Ten elementwise operations."""
    y = np.exp(-x) * x + 1.0
    return np.tanh(y * y) - np.sin(y) / x


# What is computed, how often the time of PyTorch it may take, with NumPy's functions, and with PyTorch's.
Case = tuple[float, Callable[[Any], Any], Callable[[Any, Any], Any], np.ndarray]
CASES: dict[str, Case] = {
    "ten elementwise operations": (1.2, lambda x: chain(np, x), lambda t, x: chain(t, x), X),
    "x[i], unique i": (2, lambda x: x[ORDER], lambda t, x: x[t.from_numpy(ORDER)], X),
    "cumsum": (1.5, lambda x: np.cumsum(x), lambda t, x: t.cumsum(x, 0), X),
    "sort": (1.5, lambda x: np.sort(x), lambda t, x: t.sort(x).values, X),
    "pad": (1.5, lambda x: np.pad(x, 100), lambda t, x: t.nn.functional.pad(x, (100, 100)), X),
    "roll": (1.5, lambda x: np.roll(x, 1000), lambda t, x: t.roll(x, 1000), X),
    "einsum bij,bjk->bik, 64 × 64 × 64": (
        1.2,
        lambda a: np.einsum("bij,bjk->bik", a, B),
        lambda t, a: t.einsum("bij,bjk->bik", a, t.from_numpy(B)),
        A,
    ),
}


def tinygrad_like(f: Callable[[Any], Any], x: np.ndarray, g: np.ndarray) -> Contender:
    import tinygrad_like as tg

    leaf = tg.Tensor(x.copy(), requires_grad=True)

    def step() -> Any:
        leaf.grad = None
        f(leaf).backward(g)
        return leaf.grad

    return Contender(step, lambda: [np.asarray(leaf.grad)])


def pytorch(f: Callable[[Any, Any], Any], x: np.ndarray, g: np.ndarray) -> Contender:
    import torch

    torch.set_num_threads(1)
    leaf, cotangent = torch.from_numpy(x.copy()).requires_grad_(), torch.from_numpy(g)

    def step() -> Any:
        leaf.grad = None
        f(torch, leaf).backward(cotangent)
        return leaf.grad

    return Contender(step, lambda: [np.asarray(leaf.grad)])


def row(name: str, case: Case, reads_a_triangle: bool = False) -> Row:
    """One line. Where only a triangle is read, PyTorch gives half of its gradient to the other one."""
    most, ours, theirs, x = case
    g = RNG.uniform(0.5, 1.5, np.shape(ours(x)))
    contenders = {OURS: tinygrad_like(ours, x, g)}
    if timing.is_installed("torch"):
        contenders["PyTorch"] = pytorch(theirs, x, g)
    for each in contenders.values():
        each.step()
    gradients = [each.weights()[0] for each in contenders.values()]
    gradients = [got + got.T if reads_a_triangle else got for got in gradients]
    for got in gradients:
        np.testing.assert_allclose(got, gradients[0], rtol=1e-7, atol=1e-9)
    seconds = timing.by_turns(contenders, ROUNDS, TURN)
    line = Row(name, timing.milliseconds(seconds[OURS]))
    if "PyTorch" in seconds:
        ratio, line.ratio = timing.compare(seconds[OURS], seconds["PyTorch"])
        line.target, line.met = against(ratio, most)
    return line


def small_sum() -> Row:
    """The sum of a recorded Tensor of 3 × 4 beside that of an ndarray."""
    import tinygrad_like as tg

    t = tg.Tensor(SMALL, requires_grad=True)
    contenders = {OURS: Contender(t.sum, list), "NumPy": Contender(SMALL.sum, list)}
    seconds = timing.by_turns(contenders, 2 * ROUNDS, TURN / 3)
    ratio, text = timing.compare(seconds[OURS], seconds["NumPy"])
    line = Row("t.sum() of 3 × 4, recorded, beside NumPy's", timing.microseconds(seconds[OURS]), text)
    line.target, line.met = against(ratio, 4)
    return line


def main() -> None:
    rows = [row(name, case) for name, case in CASES.items()]
    notes = [] if timing.is_installed("torch") else ["PyTorch is not installed: skipped."]
    print(json.dumps(asdict(Table(TITLE, "tinygrad_like ÷ it", [*rows, small_sum()], notes))))


if __name__ == "__main__":
    main()
