"""One step of Adam on 60 tensors of 10⁶ values in all: what an optimizer costs apart from gradients."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial

import numpy as np

from . import timing
from .report import Table
from .timing import OURS, Contender

TITLE = "adam: one step on 60 tensors of 1,000,000 values in all, float32, one thread"
TARGETS = {"PyTorch": 1.0}
NOTES = [
    "The gradients stay the same. tinygrad_like copies them into its flat vector in each step.",
    "PyTorch has three ways to step: by default a loop over the tensors; `foreach`; and `fused`, which is compiled.",
]
SHAPES = [(160, 200), (1333,)] * 29 + [(160, 200), (1343,)]


def values() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]


def gradients() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.normal(size=shape).astype(np.float32) for shape in SHAPES]


def tinygrad_like() -> Contender:
    import tinygrad_like as tg

    parameters = [tg.Parameter(value) for value in values()]
    optimizer = tg.optim.Adam(parameters)
    for p, g in zip(parameters, gradients()):
        p.grad = g

    def step():
        optimizer.step()
        return parameters[0]

    return Contender(step, lambda: [p.numpy() for p in parameters], lambda p: float(p.numpy().mean()))


def pytorch(**options: bool) -> Contender:
    import torch

    torch.set_num_threads(1)
    parameters = [torch.tensor(value, requires_grad=True) for value in values()]
    optimizer = torch.optim.Adam(parameters, **options)
    for p, g in zip(parameters, gradients()):
        p.grad = torch.tensor(g)

    def step():
        optimizer.step()
        return parameters[0]

    return Contender(step, lambda: [p.detach().numpy() for p in parameters], lambda p: p.mean().item())


BUILDERS: dict[str, tuple[str, Callable[[], Contender]]] = {
    OURS: (OURS, tinygrad_like),
    "PyTorch": ("torch", pytorch),
    "PyTorch, foreach": ("torch", partial(pytorch, foreach=True)),
    "PyTorch, fused": ("torch", partial(pytorch, fused=True)),
}


def main() -> None:
    contenders, skipped = timing.build(BUILDERS)
    timing.check_agreement(contenders, steps=5, tolerance=2e-5)
    seconds = timing.by_turns(contenders, rounds=31, turn=0.04)
    rows = timing.rows(seconds, TARGETS)
    print(json.dumps(asdict(Table(TITLE, "tinygrad_like ÷ it", rows, NOTES + skipped))))


if __name__ == "__main__":
    main()
