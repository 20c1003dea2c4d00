"""One training step of a small convolutional network on images of 28 × 28: its time, and its peak memory."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from . import process, timing
from .report import Row, Table, against
from .timing import OURS, Contender

TITLE = (
    "cnn: one step of conv 16 and conv 32 of 5 × 5, each with relu and max pooling 2 × 2, then 512-128-10; "
    "cross entropy, SGD; batch 128, float32, two threads"
)
NOTE = "Peak memory: of data, model and ten steps, beyond a library that has also trained on one image before."
TARGET, MEMORY_TARGET = 2.0, 1.1
LR = 0.05
ROUNDS, STEPS = 3, 10


@dataclass
class Problem:
    """What to learn: the number of images in the batch."""

    batch: int = 128

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """A batch of images, and their classes."""
        rng = np.random.default_rng(0)
        return rng.random((self.batch, 1, 28, 28), dtype=np.float32), rng.integers(0, 10, self.batch)

    def weights(self) -> list[np.ndarray]:
        """Initial weights and biases of two convolutions and two dense layers."""
        rng = np.random.default_rng(1)
        shapes = [(16, 1, 5, 5), (16,), (32, 16, 5, 5), (32,), (128, 512), (128,), (10, 128), (10,)]
        return [(rng.uniform(-1, 1, shape) / np.sqrt(np.prod(shape[1:]) or 1)).astype(np.float32) for shape in shapes]


def tinygrad_like(problem: Problem, prepare: Callable[..., Any] = timing.as_written) -> Contender:
    import tinygrad_like as tg
    from tinygrad_like.nn.conv_layers import Conv2d
    from tinygrad_like.nn.pool_layers import MaxPool2d
    from tinygrad_like.nn.shape_layers import Flatten

    f32 = np.float32
    model = tg.Sequential(
        Conv2d(1, 16, 5, dtype=f32),
        tg.ReLU(),
        MaxPool2d(2),
        Conv2d(16, 32, 5, dtype=f32),
        tg.ReLU(),
        MaxPool2d(2),
        Flatten(),
        tg.Linear(512, 128, dtype=f32),
        tg.ReLU(),
        tg.Linear(128, 10, dtype=f32),
    )
    for parameter, value in zip(model.parameters(), problem.weights()):
        parameter.data = value
    optimizer = tg.SGD(model.parameters(), lr=LR)
    images, classes = problem.data()
    x = tg.Tensor(images)

    @prepare
    def step(x, classes):
        optimizer.zero_grad()
        loss = tg.cross_entropy(model(x), classes)
        loss.backward()
        optimizer.step()
        return loss

    return Contender(lambda: step(x, classes), lambda: [p.numpy() for p in model.parameters()])


def pytorch(problem: Problem) -> Contender:
    import torch
    from torch import nn

    torch.set_num_threads(process.threads())
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(512, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), problem.weights()):
            parameter.copy_(torch.from_numpy(value))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    x, classes = map(torch.from_numpy, problem.data())

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), classes)
        loss.backward()
        optimizer.step()
        return loss

    return Contender(step, lambda: [p.detach().numpy() for p in model.parameters()])


BUILDERS: dict[str, tuple[str, Callable[[Problem], Contender]]] = {
    OURS: (OURS, tinygrad_like),
    "PyTorch": ("torch", pytorch),
}


def train(name: str, problem: Problem) -> None:
    contender = BUILDERS[name][1](problem)
    for _ in range(STEPS):
        contender.step()


def growth(name: str) -> int:
    """By how much the peak of memory rises in training; for a fresh process."""
    importlib.import_module(BUILDERS[name][0])
    train(name, Problem(batch=1))
    start = process.start_of_growth()
    train(name, Problem())
    return process.growth_since(start)


def memory_rows(names: list[str]) -> list[Row]:
    grown = {name: median(process.worker("cnn", name, threads=2) for _ in range(ROUNDS)) / 2**20 for name in names}
    rows = [Row(f"{name}, peak memory", f"{size:.1f} MiB") for name, size in grown.items()]
    for row, size in zip(rows[1:], list(grown.values())[1:]):
        ratio = grown[OURS] / size
        row.ratio = f"{ratio:.2f}×"
        row.target, row.met = against(ratio, MEMORY_TARGET)
    return rows


def main() -> None:
    if sys.argv[1:]:
        print(json.dumps(growth(*sys.argv[1:])))
        return
    builders = {name: (module, partial(make, Problem())) for name, (module, make) in BUILDERS.items()}
    contenders, skipped = timing.build(builders)
    timing.check_agreement(contenders, steps=5, tolerance=5e-5)
    seconds = timing.by_turns(contenders, rounds=21, turn=0.05, pause=0.12)
    rows = timing.rows(seconds, {"PyTorch": TARGET})
    rows += memory_rows(list(contenders)) if process.memory_is_measurable() else []
    print(json.dumps(asdict(Table(TITLE, "tinygrad_like ÷ it", rows, [NOTE, *skipped]))))


if __name__ == "__main__":
    main()
