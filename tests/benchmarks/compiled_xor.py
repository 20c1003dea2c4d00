"""One compiled training step of XOR's network, called from Python: what a call costs when little is computed."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict

from . import compiled, process, timing, xor
from .compiled import HAND, JAX, SOURCE, C, Pair
from .report import Table
from .timing import OURS, Contender

TITLE = "compiled-xor: one step of [2, 3, 1], called from Python; sigmoid, squared error, SGD; float64, one thread"
PAIRS = [
    Pair(OURS, HAND),
    Pair(OURS, JAX),
    Pair(JAX, HAND),
    Pair(SOURCE, HAND, 0.7),
    Pair(C, HAND),
    Pair(C, JAX, 0.1),
]
NOTES = ["Each step takes the next of the four samples. JAX's are on its device before."]


def jax() -> Contender:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)

    def loss_of(weights, x, t):
        W1, b1, W2, b2 = weights
        y = jax.nn.sigmoid(W2 @ jax.nn.sigmoid(W1 @ x + b1) + b2)
        return jnp.mean((y - t) ** 2)

    samples = itertools.cycle([(jnp.asarray(x), jnp.asarray(t)) for x, t in zip(xor.X, xor.T)])
    return compiled.jitted(xor.start(), loss_of, compiled.sgd(xor.LR), samples)


def main() -> None:
    process.pin()
    others = {HAND: ("numpy", xor.hand_written), JAX: ("jax", jax)}
    contenders, skipped = compiled.build(others, xor.tinygrad_like)
    timing.check_agreement(contenders, steps=40, tolerance=1e-11)
    seconds = timing.by_turns(contenders, rounds=101, turn=0.004)
    print(json.dumps(asdict(Table(TITLE, "ratio", compiled.rows(seconds, PAIRS), NOTES + skipped))))


if __name__ == "__main__":
    main()
