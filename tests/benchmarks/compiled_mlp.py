"""One compiled training step of the MLP of mlp.py: its time, the time of its first call, and its peak memory."""

from __future__ import annotations

import itertools
import json
import sys
import time
from dataclasses import asdict
from functools import partial
from statistics import median

from . import compiled, mlp, process, timing
from .compiled import HAND, JAX, SOURCE, TORCH, C, Pair
from .mlp import Problem
from .report import Row, Table, against
from .timing import OURS, Contender

TITLE = "compiled-mlp: one step of 784-256-128-10, relu, cross entropy, SGD; batch 128, float32, two threads"
PAIRS = [
    Pair(OURS, HAND),
    Pair(OURS, TORCH),
    Pair(JAX, TORCH),
    Pair(SOURCE, HAND, 0.9),
    Pair(C, HAND),
    Pair(C, TORCH, 0.7),
    Pair(C, JAX),
]
NOTES = [
    "The first call traces and compiles: the median of several, each of a new model, less a later call.",
    "Peak memory: of data, model and ten steps, beyond a library that has also trained a tiny network once.",
]
FIRST_TARGET, FIRST_ROUNDS = 30, 7
MEMORY_TARGET, MEMORY_ROUNDS, STEPS = 1.0, 3, 10


def jax(problem: Problem) -> Contender:
    import jax
    import jax.numpy as jnp

    def loss_of(weights, x, classes):
        W1, b1, W2, b2, W3, b3 = weights
        h = jax.nn.relu(x @ W1.T + b1)
        h = jax.nn.relu(h @ W2.T + b2)
        logs = jax.nn.log_softmax(h @ W3.T + b3)
        return -jnp.mean(jnp.take_along_axis(logs, classes[:, None], axis=1))

    samples = itertools.repeat(tuple(map(jnp.asarray, problem.data())))
    return compiled.jitted(problem.weights(), loss_of, compiled.sgd(mlp.LR), samples)


def ours(name: str, problem: Problem) -> Contender:
    return mlp.tinygrad_like(problem, timing.as_written if name == OURS else compiled.prepared(name))


def extra_seconds(name: str) -> float:
    """By how much the first call of a new step takes longer than a later one."""
    contender = ours(name, Problem())
    seconds = []
    for _ in range(6):
        start = time.perf_counter()
        contender.step()
        seconds.append(time.perf_counter() - start)
    return seconds[0] - median(seconds[1:])


def first_call_row(name: str) -> Row:
    row = Row(f"{name}, first call", "")
    seconds = [extra_seconds(name) for _ in range(FIRST_ROUNDS)]
    row.measured = timing.milliseconds(seconds)
    if name == SOURCE:
        row.target, row.met = against(median(seconds) * 1e3, FIRST_TARGET, " ms")
    return row


def train(name: str, problem: Problem) -> None:
    contender = ours(name, problem)
    for _ in range(STEPS):
        contender.step()


def growth(name: str) -> int:
    """By how much the peak of memory rises in training; for a fresh process."""
    train(name, Problem(sizes=(4, 4, 3, 2), batch=2))
    start = process.start_of_growth()
    train(name, Problem())
    return process.growth_since(start)


def memory_rows(names: list[str]) -> list[Row]:
    grown = {
        name: median(process.worker("compiled_mlp", name, threads=2) for _ in range(MEMORY_ROUNDS)) for name in names
    }
    table = []
    for name, size in grown.items():
        row = Row(f"{name}, peak memory", f"{size / 2**20:.1f} MiB")
        if name != OURS:
            ratio = round(size / grown[OURS], 2)  # memory comes in pages
            row.ratio = f"{ratio:.2f}×"
            row.target, row.met = against(ratio, MEMORY_TARGET)
        table.append(row)
    return table


def main() -> None:
    if sys.argv[1:]:
        print(json.dumps(growth(sys.argv[1])))
        return
    problem = Problem()
    others = {HAND: ("numpy", mlp.hand_written), TORCH: ("torch", mlp.pytorch), JAX: ("jax", jax)}
    builders = {name: (module, partial(make, problem)) for name, (module, make) in others.items()}
    contenders, skipped = compiled.build(builders, partial(mlp.tinygrad_like, problem))
    timing.check_agreement(contenders, steps=5, tolerance=2e-5)
    seconds = timing.by_turns(contenders, rounds=31, turn=0.04, pause=0.12)
    rows = compiled.rows(seconds, PAIRS)
    rows += [first_call_row(name) for name in (SOURCE, C) if name in contenders]
    if process.memory_is_measurable():
        rows += memory_rows([name for name in (OURS, SOURCE, C) if name in contenders])
    print(json.dumps(asdict(Table(TITLE, "ratio", rows, NOTES + skipped))))


if __name__ == "__main__":
    main()
