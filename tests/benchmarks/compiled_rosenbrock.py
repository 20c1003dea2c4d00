"""The gradient and the Hessian of Rosenbrock's function of 100 variables: transforms, compiled."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from . import compiled, process, timing
from .compiled import JAX, C, Pair
from .report import Row, Table
from .timing import OURS, Contender

TITLE = "compiled-rosenbrock: gradient and Hessian of Rosenbrock's function of 100 variables; float64, one thread"
PAIRS = [Pair(OURS, JAX), Pair(C, JAX, 1.0)]
SIZE = 100
TRANSFORMS = {"gradient": "grad", "Hessian": "hessian"}


def rosenbrock(x: Any) -> Any:
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


def start() -> np.ndarray:
    return np.random.default_rng(0).normal(size=SIZE)


def jax(transform: str) -> Contender:
    import jax

    jax.config.update("jax_enable_x64", True)
    x, derivative = jax.numpy.asarray(start()), jax.jit(getattr(jax, transform)(rosenbrock))
    return compiled.of_values(lambda: (derivative(x).block_until_ready(),))


def tinygrad_like(transform: str, prepare: Callable[..., Any]) -> Contender:
    import tinygrad_like as tg

    x, derivative = start(), prepare(getattr(tg, transform)(rosenbrock))
    return compiled.of_values(lambda: (derivative(x),))


def part(name: str, transform: str) -> tuple[list[Row], list[str]]:
    others = {JAX: ("jax", partial(jax, transform))}
    contenders, skipped = compiled.build(others, partial(tinygrad_like, transform), names=(C,))
    compiled.check_values(contenders, tolerance=1e-12)
    seconds = timing.by_turns(contenders, rounds=51, turn=0.02)
    return compiled.headed(name, compiled.rows(seconds, PAIRS)), skipped


def main() -> None:
    process.pin()
    table = Table(TITLE, "ratio")
    for name, transform in TRANSFORMS.items():
        rows, skipped = part(name, transform)
        table.rows += rows
    table.notes += skipped
    print(json.dumps(asdict(table)))


if __name__ == "__main__":
    main()
