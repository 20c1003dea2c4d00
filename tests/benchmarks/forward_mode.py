"""jvp beside the function itself: a few times the cost, and no graph; one thread."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

import tinygrad_like as tg

from . import timing
from .report import Row, Table, against
from .timing import Contender

TITLE = "forward mode: jvp of an MLP (784-256-128-10, sigmoid, batch 64), and of the XOR network; one thread"
ROUNDS, TURN, MOST, MOST_GROWTH = 60, 0.05, 2.5, 1.2


def network(sizes: list[int]) -> tuple[Callable[..., Any], list[Any]]:
    """The function of (x, weight, bias, ...) and its parameters."""
    rng = np.random.default_rng(0)
    shapes = [shape for i, o in pairwise(sizes) for shape in ((o, i), (o,))]

    def f(x: Any, *parameters: Any) -> Any:
        for weight, bias in zip(parameters[::2], parameters[1::2]):
            x = tg.sigmoid(tg.linear(x, weight, bias))
        return x

    return f, [rng.normal(size=shape) for shape in shapes]


def times(sizes: list[int], batch: int) -> list[Row]:
    f, parameters = network(sizes)
    rng = np.random.default_rng(1)
    x = rng.normal(size=(batch, sizes[0]))
    tangents = [rng.normal(size=each.shape) for each in (x, *parameters)]
    tensors = [tg.Tensor(each) for each in (x, *parameters)]
    steps: dict[str, Callable[[], Any]] = {
        "the function": lambda: f(*tensors),
        "jvp along the input": lambda: tg.jvp(lambda x: f(x, *parameters), (x,), tangents[:1]),
        "jvp along the parameters": lambda: tg.jvp(lambda *p: f(x, *p), parameters, tangents[1:]),
    }
    seconds = timing.by_turns({name: Contender(step, list) for name, step in steps.items()}, ROUNDS, TURN)
    rows, title = [], "-".join(map(str, sizes))
    for name, values in seconds.items():
        row = Row(f"{title}: {name}", timing.microseconds(values))
        if name != "the function":
            ratio, row.ratio = timing.compare(values, seconds["the function"])
            if batch > 1:
                row.target, row.met = against(ratio, MOST)
        rows.append(row)
    return rows


def peak(steps: int) -> int:
    def chain(x: Any) -> Any:
        for _ in range(steps):
            x = np.sin(x)
        return x

    tracemalloc.start()
    tg.jvp(chain, (np.ones(10_000),), (np.ones(10_000),))
    found = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return found


def main() -> None:
    table = times([784, 256, 128, 10], 64) + times([2, 3, 1], 1)
    few, many = peak(100), peak(1000)
    row = Row("peak memory of jvp along a chain of 1,000 sines of 10,000 numbers", f"{many / 1e6:.2f} MB")
    row.ratio = f"{many / few:.2f}× (that of 100 sines)"
    row.target, row.met = against(many / few, MOST_GROWTH)
    print(json.dumps(asdict(Table(TITLE, "÷ the function", [*table, row]))))


if __name__ == "__main__":
    main()
