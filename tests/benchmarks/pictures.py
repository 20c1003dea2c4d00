"""Pictures: the time from a graph to its SVG, for graphs of 20 cards up to a million nodes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from .report import Row, Table
from .timing import milliseconds

TITLE = "pictures: draw(...).svg(), renderer included; one thread"
ROUNDS = 15


def xor() -> Callable[[], Any]:
    """A [2, 3, 3, 1] network written with operators, and its loss; 20 cards."""
    import tinygrad_like as tg

    rng = np.random.default_rng(0)
    x, y = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[0.0], [1.0], [1.0], [0.0]])
    sizes = (2, 3, 3, 1)
    weights = [(tg.Parameter(rng.normal(size=nm)), tg.Parameter(rng.normal(size=nm[1]))) for nm in pairwise(sizes)]

    def loss(x: Any, y: Any) -> Any:
        for w, b in weights:
            x = tg.sigmoid(x @ w + b)
        return np.mean(np.square(x - y))

    return lambda: tg.draw(loss, x, y)


def mlp(layers: int) -> Callable[[], Any]:
    """A Sequential of Linear and Tanh, run again for each picture: 4 cards a layer, and the input."""
    import tinygrad_like as tg

    model = tg.Sequential(*[each for i in range(layers) for each in (tg.Linear(8, 8, seed=i), tg.Tanh())])
    x = np.random.default_rng(0).normal(size=(5, 8))
    return lambda: tg.draw(model, x, max_nodes=1_000)


def scalars() -> Callable[[], Any]:
    """A network of 0-d Tensors with two hidden layers of 16 neurons, on 8 samples; about 5,500 nodes, no layers."""
    import tinygrad_like as tg

    rng = np.random.default_rng(0)
    sizes = (2, 16, 16, 1)
    weights = [
        [[tg.Tensor(w, requires_grad=True) for w in rng.normal(size=n + 1)] for _ in range(m)]
        for n, m in pairwise(sizes)
    ]
    loss: Any = 0.0
    for sample in rng.normal(size=(8, 2)):
        values: list[Any] = [tg.Tensor(v, requires_grad=True) for v in sample]
        for layer in weights:
            values = [np.tanh(sum((w * v for w, v in zip(ws, values)), ws[-1])) for ws in layer]
        loss = loss + (values[0] - 1.0) ** 2
    return lambda: tg.draw(loss)


def chain() -> Callable[[], Any]:
    """A million nodes in a row."""
    import tinygrad_like as tg

    x = y = tg.Tensor(1.0, requires_grad=True)
    for i in range(1_000_000):
        y = y + x if i % 2 else np.sin(y)
    return lambda: tg.draw(y)


# What is drawn, how often it is timed, and the most milliseconds and kilobytes.
CASES: dict[str, tuple[Callable[[], Callable[[], Any]], int, float, float]] = {
    "XOR": (xor, ROUNDS, 50, float("inf")),
    "five Linear(8, 8) and Tanh, auto detail": (lambda: mlp(5), ROUNDS, 50, float("inf")),
    "125 Linear(8, 8) and Tanh, auto detail": (lambda: mlp(125), ROUNDS, 1_000, float("inf")),
    "a scalar network, reduced": (scalars, ROUNDS, 2_000, 1_000),
    "a chain of a million nodes, reduced": (chain, 1, float("inf"), 1_000),
}


def row(name: str) -> Row:
    make, rounds, most_time, most_size = CASES[name]
    draw = make()
    if rounds > 1:
        draw().svg()
    times, svg = [], ""
    for _ in range(rounds):
        start = time.perf_counter()
        picture = draw()
        svg = picture.svg()
        times.append(time.perf_counter() - start)
    size = len(svg.encode()) / 1000
    limits = [f"{most:g} {unit}" for most, unit in ((most_time, "ms"), (most_size, "kB")) if most < float("inf")]
    met = "yes" if median(times) * 1e3 <= most_time and size <= most_size else "**no**"
    measured = milliseconds(times) if rounds > 1 else f"{times[0]:.1f} s"
    shown = f"{size:,.0f} kB"
    title = repr(picture).removeprefix("<Picture of ").split(";")[0]
    return Row(f"{name}: {title}", measured, shown, f"at most {', '.join(limits)}", met)


def main() -> None:
    from tinygrad_like.picture.written.renderer import available

    table = Table(TITLE, "size of the SVG", [row(name) for name in CASES])
    table.notes.append(f"Rendered by {available('svg')[0]}.")
    print(json.dumps(asdict(table)))


if __name__ == "__main__":
    main()
