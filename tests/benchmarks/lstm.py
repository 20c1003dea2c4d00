"""One training step of an LSTM over whole sequences, with a dense head at the last step."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from statistics import median

import numpy as np

from . import process, timing
from .report import Row, Table, against
from .timing import OURS, Contender

TITLE = "lstm: one step of an LSTM of 128 units, 128 inputs, 32 steps, and a Linear; batch 32, float32, two threads"
TARGET, MEMORY_TARGET = 1.5, 1.1
STEPS, BATCH, UNITS, CLASSES = 32, 32, 128, 10
SHAPES = ((4 * UNITS, UNITS), (4 * UNITS, UNITS), (4 * UNITS,), (4 * UNITS,), (CLASSES, UNITS), (CLASSES,))
LR = 0.1
ROUNDS = 3


def data() -> tuple[np.ndarray, np.ndarray]:
    """A batch of sequences, and their classes."""
    rng = np.random.default_rng(0)
    return rng.standard_normal((STEPS, BATCH, UNITS), dtype=np.float32), rng.integers(0, CLASSES, BATCH)


def weights() -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.uniform(-0.1, 0.1, shape).astype(np.float32) for shape in SHAPES]


def tinygrad_like() -> Contender:
    import tinygrad_like as tg
    from tinygrad_like.nn.recurrent_layers import LSTM

    lstm, head = LSTM(UNITS, UNITS, dtype=np.float32), tg.Linear(UNITS, CLASSES, dtype=np.float32)
    parameters = [*lstm.parameters(), *head.parameters()]
    for parameter, value in zip(parameters, weights(), strict=True):
        parameter.data = value
    optimizer = tg.SGD(parameters, lr=LR)
    inputs, classes = data()
    x = tg.Tensor(inputs)

    def step():
        optimizer.zero_grad()
        outputs, _ = lstm(x)
        loss = tg.cross_entropy(head(outputs[-1]), classes)
        loss.backward()
        optimizer.step()
        return loss

    return Contender(step, lambda: [p.numpy() for p in parameters])


def pytorch() -> Contender:
    import torch
    from torch import nn

    torch.set_num_threads(2)
    lstm, head = nn.LSTM(UNITS, UNITS), nn.Linear(UNITS, CLASSES)
    parameters = [*lstm.parameters(), *head.parameters()]
    with torch.no_grad():
        for parameter, value in zip(parameters, weights(), strict=True):
            parameter.copy_(torch.from_numpy(value))
    optimizer = torch.optim.SGD(parameters, lr=LR)
    x, classes = map(torch.from_numpy, data())

    def step():
        optimizer.zero_grad()
        outputs, _ = lstm(x)
        loss = nn.functional.cross_entropy(head(outputs[-1]), classes)
        loss.backward()
        optimizer.step()
        return loss

    return Contender(step, lambda: [p.detach().numpy() for p in parameters])


BUILDERS = {OURS: (OURS, tinygrad_like), "PyTorch": ("torch", pytorch)}


def growth(name: str) -> int:
    """By how much data, model and ten steps raise the peak of a process that has done one step of each before."""
    BUILDERS[name][1]().step()
    start = process.start_of_growth()
    contender = BUILDERS[name][1]()
    for _ in range(10):
        contender.step()
    return process.growth_since(start)


def memory_rows(names: list[str]) -> list[Row]:
    sizes = {name: median(process.worker("lstm", name, threads=2) for _ in range(ROUNDS)) / 2**20 for name in names}
    table = []
    for name, size in sizes.items():
        row = Row(f"{name}, memory", f"{size:.1f} MiB")
        if name != OURS:
            ratio = sizes[OURS] / size
            row.ratio = f"{ratio:.2f}×"
            row.target, row.met = against(ratio, MEMORY_TARGET)
        table.append(row)
    return table


def main() -> None:
    if sys.argv[1:]:
        print(json.dumps(growth(sys.argv[1])))
        return
    contenders, skipped = timing.build(BUILDERS)
    timing.check_agreement(contenders, steps=5, tolerance=2e-5)
    seconds = timing.by_turns(contenders, rounds=31, turn=0.1, pause=0.12)
    rows = timing.rows(seconds, {"PyTorch": TARGET})
    if process.memory_is_measurable():
        rows += memory_rows(list(contenders))
    print(json.dumps(asdict(Table(TITLE, "tinygrad_like ÷ it", rows, skipped))))


if __name__ == "__main__":
    main()
