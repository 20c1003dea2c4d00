"""The compiled training steps of the CNN of cnn.py and of the transformer of transformer.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from . import cnn, compiled, jax_layers, process, timing, transformer
from .compiled import JAX, TORCH, C, Pair
from .report import Row, Table
from .timing import OURS, Contender

TITLE = "compiled-layers: one step of the CNN and of the transformer of the benchmarks above; float32, one thread"
PAIRS = [Pair(OURS, TORCH), Pair(OURS, JAX), Pair(C, TORCH, 1.0), Pair(C, JAX, 1.0)]
NOTES = ["The models in JAX stand in jax_layers.py; its images have their channels last."]


def part(
    name: str, module: Any, theirs: Callable[[Any], Contender], steps: int, tolerance: float
) -> tuple[list[Row], list[str]]:
    problem = module.Problem()
    others = {TORCH: ("torch", partial(module.pytorch, problem)), JAX: ("jax", partial(theirs, problem))}
    contenders, skipped = compiled.build(others, partial(module.tinygrad_like, problem), names=(C,))
    timing.check_agreement(contenders, steps, tolerance)
    seconds = timing.by_turns(contenders, rounds=9, turn=0.5, warm=1)
    return compiled.headed(name, compiled.rows(seconds, PAIRS, timing.milliseconds)), skipped


def main() -> None:
    process.pin()
    rows, skipped = part("CNN", cnn, jax_layers.convolutional, steps=5, tolerance=5e-5)
    # Adam's steps are as long for tiny gradients, of which much is rounding.
    more, _ = part("transformer", transformer, jax_layers.encoder_model, steps=3, tolerance=5e-4)
    print(json.dumps(asdict(Table(TITLE, "ratio", rows + more, NOTES + skipped))))


if __name__ == "__main__":
    main()
