"""One training step of a small language model: a causal transformer over characters."""

from __future__ import annotations

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
    "transformer: one step of 4 layers, width 128, 4 heads, feed-forward 512, 64 tokens, batch 16, causal, "
    "cross entropy over 96 classes, AdamW; float32, two threads"
)
TARGETS = {"PyTorch": 1.8}
MOST_MEMORY = 1.1
LR = 1e-3
STEPS = 10


@dataclass
class Problem:
    """What to learn, and the sizes of the model."""

    layers: int = 4
    width: int = 128
    heads: int = 4
    hidden: int = 512
    tokens: int = 64
    batch: int = 16
    classes: int = 96

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """A batch of texts, and the token that follows each token."""
        text = np.random.default_rng(0).integers(0, self.classes, (self.batch, self.tokens + 1))
        return text[:, :-1], text[:, 1:]

    def weights(self, shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
        """Initial values for parameters of these shapes: the vectors, which scale and shift, near 1."""
        rng = np.random.default_rng(1)
        return [
            rng.uniform(0.9, 1.1, s).astype(np.float32)
            if len(s) == 1
            else (rng.uniform(-1, 1, s) / np.sqrt(s[-1])).astype(np.float32)
            for s in shapes
        ]


def tinygrad_like(problem: Problem, prepare: Callable[..., Any] = timing.as_written) -> Contender:
    import tinygrad_like as tg
    from tinygrad_like.nn.embedding_layers import Embedding
    from tinygrad_like.nn.transformer_layers import TransformerEncoderLayer
    from tinygrad_like.nn.transformers import TransformerEncoder

    class Model(tg.Layer):
        def __init__(self, p: Problem) -> None:
            self.embedding = Embedding(p.classes, p.width, dtype=np.float32)
            layer = TransformerEncoderLayer(p.width, p.heads, p.hidden, 0.0, batch_first=True, dtype=np.float32)
            self.encoder = TransformerEncoder(layer, p.layers)
            self.output = tg.Linear(p.width, p.classes, dtype=np.float32)

        def forward(self, tokens):
            return self.output(self.encoder(self.embedding(tokens), is_causal=True))

    model = Model(problem)
    for parameter, value in zip(model.parameters(), problem.weights([p.shape for p in model.parameters()])):
        parameter.data = value
    optimizer = tg.optim.AdamW(model.parameters(), lr=LR)
    tokens, classes = problem.data()

    @prepare
    def step(tokens, classes):
        optimizer.zero_grad()
        loss = tg.cross_entropy(model(tokens), classes)
        loss.backward()
        optimizer.step()
        return loss

    return Contender(lambda: step(tokens, classes), lambda: [p.numpy() for p in model.parameters()])


def pytorch(problem: Problem) -> Contender:
    import torch
    from torch import nn

    torch.set_num_threads(process.threads())

    class Model(nn.Module):
        def __init__(self, p: Problem) -> None:
            super().__init__()
            self.embedding = nn.Embedding(p.classes, p.width)
            layer = nn.TransformerEncoderLayer(p.width, p.heads, p.hidden, 0.0, batch_first=True)
            self.encoder = nn.TransformerEncoder(layer, p.layers, enable_nested_tensor=False)
            self.output = nn.Linear(p.width, p.classes)
            self.mask = nn.Transformer.generate_square_subsequent_mask(p.tokens)

        def forward(self, tokens):
            return self.output(self.encoder(self.embedding(tokens), self.mask, is_causal=True))

    model = Model(problem)
    with torch.no_grad():
        shapes = [tuple(p.shape) for p in model.parameters()]
        for parameter, value in zip(model.parameters(), problem.weights(shapes)):
            parameter.copy_(torch.from_numpy(value))
    optimizer = torch.optim.AdamW(model.parameters(), lr=LR)
    tokens, classes = map(torch.from_numpy, problem.data())

    def step():
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(tokens).flatten(0, 1), classes.flatten())
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
    """Train a tiny model, so that all is loaded; then see by how much the real one lifts the peak."""
    train(name, Problem(layers=1, width=4, heads=2, hidden=8, tokens=3, batch=2, classes=5))
    start = process.start_of_growth()
    train(name, Problem())
    return process.growth_since(start)


def memory_rows(names: list[str]) -> list[Row]:
    found = {name: median(process.worker("transformer", name, threads=2) for _ in range(3)) for name in names}
    table = []
    for name, size in found.items():
        row = Row(f"peak memory, {name}", f"{size / 2**20:.0f} MiB")
        if name != OURS:
            row.ratio = f"{found[OURS] / size:.2f}×"
            row.target, row.met = against(found[OURS] / size, MOST_MEMORY)
        table.append(row)
    return table


def main() -> None:
    if sys.argv[1:]:
        print(json.dumps(growth(*sys.argv[1:])))
        return
    builders = {name: (module, partial(make, Problem())) for name, (module, make) in BUILDERS.items()}
    contenders, skipped = timing.build(builders)
    timing.check_agreement(contenders, steps=3, tolerance=1e-4)
    seconds = timing.by_turns(contenders, rounds=15, turn=0.3, pause=0.12)
    rows = timing.rows(seconds, TARGETS)
    if process.memory_is_measurable():
        rows += memory_rows(list(contenders))
    print(json.dumps(asdict(Table(TITLE, "tinygrad_like ÷ it", rows, skipped))))


if __name__ == "__main__":
    main()
