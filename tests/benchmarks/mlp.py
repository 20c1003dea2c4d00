"""One training step of a real, small network, 784-256-128-10 with relu: what the arithmetic costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from . import process, timing
from .report import Table
from .timing import OURS, Contender

TITLE = "mlp: one step of 784-256-128-10, relu, cross entropy, SGD; batch 128, float32, two threads"
TARGETS = {"hand-written NumPy": 1.0, "PyTorch": 0.75}
LR = 0.1


@dataclass
class Problem:
    """What to learn: the widths of the network and the number of samples in the batch."""

    sizes: tuple[int, ...] = (784, 256, 128, 10)
    batch: int = 128

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """A batch of inputs, and their classes."""
        rng = np.random.default_rng(0)
        return rng.random((self.batch, self.sizes[0]), dtype=np.float32), rng.integers(0, self.sizes[-1], self.batch)

    def weights(self) -> list[np.ndarray]:
        """Initial weights and biases: W1, b1, W2, b2, W3, b3."""
        rng = np.random.default_rng(1)
        shapes = [shape for i, o in pairwise(self.sizes) for shape in ((o, i), (o,))]
        return [rng.uniform(-0.1, 0.1, shape).astype(np.float32) for shape in shapes]


def hand_written(problem: Problem) -> Contender:
    x, classes = problem.data()
    W1, b1, W2, b2, W3, b3 = weights = problem.weights()
    rows = np.arange(len(x))

    def step():
        nonlocal W1, b1, W2, b2, W3, b3
        h1 = np.maximum(x @ W1.T + b1, 0)
        h2 = np.maximum(h1 @ W2.T + b2, 0)
        z = h2 @ W3.T + b3
        exps = np.exp(z - z.max(axis=1, keepdims=True))
        p = exps / exps.sum(axis=1, keepdims=True)
        loss = -np.log(p[rows, classes]).mean()

        d3 = p
        d3[rows, classes] -= 1
        d3 /= len(x)
        d2 = (d3 @ W3) * (h2 > 0)
        d1 = (d2 @ W2) * (h1 > 0)
        W3 -= LR * (d3.T @ h2)
        b3 -= LR * d3.sum(axis=0)
        W2 -= LR * (d2.T @ h1)
        b2 -= LR * d2.sum(axis=0)
        W1 -= LR * (d1.T @ x)
        b1 -= LR * d1.sum(axis=0)
        return loss

    return Contender(step, lambda: weights)


def tinygrad_like(problem: Problem, prepare: Callable[..., Any] = timing.as_written) -> Contender:
    import tinygrad_like as tg

    a, b, c, d = problem.sizes
    layers = [tg.Linear(i, o, dtype=np.float32) for i, o in ((a, b), (b, c), (c, d))]
    model = tg.Sequential(layers[0], tg.ReLU(), layers[1], tg.ReLU(), layers[2])
    for parameter, value in zip(model.parameters(), problem.weights()):
        parameter.data = value
    optimizer = tg.SGD(model.parameters(), lr=LR)
    inputs, classes = problem.data()
    x = tg.Tensor(inputs)

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
    a, b, c, d = problem.sizes
    model = nn.Sequential(nn.Linear(a, b), nn.ReLU(), nn.Linear(b, c), nn.ReLU(), nn.Linear(c, d))
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


def autograd(problem: Problem) -> Contender:
    import autograd.numpy as anp
    from autograd import value_and_grad

    def logsumexp(z):
        top = anp.max(z, axis=1, keepdims=True)
        return anp.log(anp.sum(anp.exp(z - top), axis=1)) + top[:, 0]

    weights = problem.weights()
    x, classes = problem.data()
    rows = np.arange(len(x))

    def loss_of(weights):
        W1, b1, W2, b2, W3, b3 = weights
        h = anp.maximum(anp.dot(x, W1.T) + b1, 0)
        h = anp.maximum(anp.dot(h, W2.T) + b2, 0)
        z = anp.dot(h, W3.T) + b3
        return anp.mean(logsumexp(z) - z[rows, classes])

    loss_and_gradients = value_and_grad(loss_of)

    def step():
        loss, gradients = loss_and_gradients(weights)
        for w, gradient in zip(weights, gradients):
            w -= LR * gradient
        return loss

    return Contender(step, lambda: weights)


def mygrad(problem: Problem) -> Contender:
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    W1, b1, W2, b2, W3, b3 = tensors = [mg.tensor(w) for w in problem.weights()]
    x, classes = problem.data()

    def step():
        h = relu(x @ W1.T + b1)
        h = relu(h @ W2.T + b2)
        loss = softmax_crossentropy(h @ W3.T + b3, classes)
        loss.backward()
        for w in tensors:
            w.data -= LR * w.grad
        return loss

    return Contender(step, lambda: [w.data for w in tensors])


BUILDERS: dict[str, tuple[str, Callable[[Problem], Contender]]] = {
    "hand-written NumPy": ("numpy", hand_written),
    OURS: (OURS, tinygrad_like),
    "PyTorch": ("torch", pytorch),
    "autograd": ("autograd", autograd),
    "MyGrad": ("mygrad", mygrad),
}


def main() -> None:
    builders = {name: (module, partial(make, Problem())) for name, (module, make) in BUILDERS.items()}
    contenders, skipped = timing.build(builders)
    timing.check_agreement(contenders, steps=5, tolerance=2e-5)
    seconds = timing.by_turns(contenders, rounds=31, turn=0.04, pause=0.12)
    rows = timing.rows(seconds, TARGETS)
    print(json.dumps(asdict(Table(TITLE, "tinygrad_like ÷ it", rows, skipped))))


if __name__ == "__main__":
    main()
