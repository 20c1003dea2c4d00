"""gelu of 10⁶ float32, forward and backward, in both of its forms: whether chains of operations become one loop."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

import numpy as np

from . import compiled, process, timing
from .compiled import JAX, TORCH, C, Pair
from .report import Row, Table
from .timing import OURS, Contender

TITLE = "compiled-gelu: gelu of 10⁶ float32, forward and backward; one thread"
PAIRS = [Pair(OURS, TORCH), Pair(JAX, TORCH), Pair(C, TORCH, 0.35), Pair(C, JAX)]
NOTES = ["All give the values, and their gradient with a cotangent that is an array of 10⁶, too."]
SIZE = 10**6
FORMS = {"exact": "none", "tanh": "tanh"}


def data() -> tuple[np.ndarray, np.ndarray]:
    """Inputs, and a cotangent."""
    rng = np.random.default_rng(0)
    return rng.normal(size=SIZE).astype(np.float32) * 2, rng.normal(size=SIZE).astype(np.float32)


def pytorch(approximate: str) -> Contender:
    import torch

    torch.set_num_threads(process.threads())
    x, g = map(torch.from_numpy, data())
    x.requires_grad_()

    def step():
        x.grad = None
        y = torch.nn.functional.gelu(x, approximate=approximate)
        y.backward(g)
        return y.detach(), x.grad

    return compiled.of_values(step)


def jax(approximate: str) -> Contender:
    import jax

    @jax.jit
    def both(x, g):
        y, pullback = jax.vjp(partial(jax.nn.gelu, approximate=approximate == "tanh"), x)
        return y, *pullback(g)

    x, g = map(jax.numpy.asarray, data())
    return compiled.of_values(lambda: jax.block_until_ready(both(x, g)))


def tinygrad_like(approximate: str, prepare: Callable[..., Any]) -> Contender:
    import tinygrad_like as tg

    x, g = data()

    @prepare
    def both(x, g):
        y, pullback = tg.vjp(partial(tg.nn.functional.gelu, approximate=approximate), x)
        return y, *pullback(g)

    return compiled.of_values(lambda: both(x, g))


def form(name: str, approximate: str) -> tuple[list[Row], list[str]]:
    others = {TORCH: ("torch", partial(pytorch, approximate)), JAX: ("jax", partial(jax, approximate))}
    contenders, skipped = compiled.build(others, partial(tinygrad_like, approximate), names=(C,))
    compiled.check_values(contenders, tolerance=1e-5)
    seconds = timing.by_turns(contenders, rounds=15, turn=0.1)
    return compiled.headed(name, compiled.rows(seconds, PAIRS, timing.milliseconds)), skipped


def main() -> None:
    process.pin()
    table = Table(TITLE, "ratio", notes=list(NOTES))
    for name, approximate in FORMS.items():
        rows, skipped = form(name, approximate)
        table.rows += rows
    table.notes += skipped
    print(json.dumps(asdict(table)))


if __name__ == "__main__":
    main()
