"""One training step of the smallest network, XOR's [2, 3, 1] with sigmoids: what an operation costs."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from . import timing
from .report import Table
from .timing import OURS, Contender

TITLE = "xor: one step of [2, 3, 1], sigmoid, squared error, SGD; one sample, float64, one thread"
TARGETS = {"hand-written NumPy": 3.0, "PyTorch": 0.30}
NOTES = [
    "micrograd computes with single numbers and has no sigmoid: it got one as an operation of its own.",
    "Each step zeroes the gradients where the library keeps them, and takes the next of the four samples.",
]
LR = 0.5
X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
T = np.array([[0.0], [1.0], [1.0], [0.0]])


def start() -> list[np.ndarray]:
    """The same initial W1, b1, W2, b2 for all."""
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape) for shape in ((3, 2), 3, (1, 3), 1)]


def hand_written() -> Contender:
    W1, b1, W2, b2 = weights = start()
    samples = itertools.cycle(zip(X, T))

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def step():
        nonlocal W1, b1, W2, b2
        x, t = next(samples)
        h = sigmoid(W1 @ x + b1)
        y = sigmoid(W2 @ h + b2)
        error = y - t
        loss = error @ error / error.size
        d2 = 2 / error.size * error * y * (1 - y)
        d1 = (d2 @ W2) * h * (1 - h)
        W2 -= LR * np.outer(d2, h)
        b2 -= LR * d2
        W1 -= LR * np.outer(d1, x)
        b1 -= LR * d1
        return loss

    return Contender(step, lambda: weights)


def tinygrad_like(prepare: Callable[..., Any] = timing.as_written) -> Contender:
    import tinygrad_like as tg

    model = tg.Sequential(tg.Linear(2, 3), tg.Sigmoid(), tg.Linear(3, 1), tg.Sigmoid())
    for parameter, value in zip(model.parameters(), start()):
        parameter.data = value
    optimizer = tg.SGD(model.parameters(), lr=LR)
    samples = itertools.cycle([(tg.Tensor(x), tg.Tensor(t)) for x, t in zip(X, T)])

    @prepare
    def step(x, t):
        optimizer.zero_grad()
        loss = tg.mse(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    return Contender(lambda: step(*next(samples)), lambda: [p.numpy() for p in model.parameters()])


def pytorch() -> Contender:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    model = nn.Sequential(nn.Linear(2, 3), nn.Sigmoid(), nn.Linear(3, 1), nn.Sigmoid()).double()
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), start()):
            parameter.copy_(torch.from_numpy(value))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)
    samples = itertools.cycle([(torch.from_numpy(x), torch.from_numpy(t)) for x, t in zip(X, T)])

    def step():
        x, t = next(samples)
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    return Contender(step, lambda: [p.detach().numpy() for p in model.parameters()])


def autograd() -> Contender:
    import autograd.numpy as anp
    from autograd import value_and_grad

    weights = start()
    samples = itertools.cycle(zip(X, T))

    def sigmoid(z):
        return 1 / (1 + anp.exp(-z))

    def loss_of(weights, x, t):
        W1, b1, W2, b2 = weights
        y = sigmoid(anp.dot(W2, sigmoid(anp.dot(W1, x) + b1)) + b2)
        return anp.mean((y - t) ** 2)

    loss_and_gradients = value_and_grad(loss_of)

    def step():
        loss, gradients = loss_and_gradients(weights, *next(samples))
        for w, gradient in zip(weights, gradients):
            w -= LR * gradient
        return loss

    return Contender(step, lambda: weights)


def mygrad() -> Contender:
    import mygrad as mg
    from mygrad.nnet.activations import sigmoid

    W1, b1, W2, b2 = weights = [mg.tensor(w) for w in start()]
    samples = itertools.cycle(zip(X, T))

    def step():
        x, t = next(samples)
        y = sigmoid(W2 @ sigmoid(W1 @ x + b1) + b2)
        loss = mg.mean((y - t) ** 2)
        loss.backward()
        for w in weights:
            w.data -= LR * w.grad
        return loss

    return Contender(step, lambda: [w.data for w in weights])


def micrograd_sigmoid(x):
    """What micrograd lacks, as its own operations are written."""
    out = type(x)(1 / (1 + math.exp(-x.data)), (x,), "sigmoid")

    def _backward():
        x.grad += out.data * (1 - out.data) * out.grad

    out._backward = _backward
    return out


def micrograd() -> Contender:
    from micrograd.engine import Value

    def layer(W, b, x):
        return [micrograd_sigmoid(sum((w * v for w, v in zip(row, x)), bias)) for row, bias in zip(W, b)]

    arrays = start()
    W1, b1, W2, b2 = (np.vectorize(Value, otypes=[object])(w).tolist() for w in arrays)
    values = [*itertools.chain(*W1), *b1, *itertools.chain(*W2), *b2]
    samples = itertools.cycle(zip(X.tolist(), T.tolist()))

    def step():
        x, (t,) = next(samples)
        for value in values:
            value.grad = 0
        (y,) = layer(W2, b2, layer(W1, b1, x))
        loss = (y - t) ** 2
        loss.backward()
        for value in values:
            value.data -= LR * value.grad
        return loss

    def weights():
        flat = np.array([value.data for value in values])
        ends = np.cumsum([w.size for w in arrays])[:-1]
        return [part.reshape(w.shape) for part, w in zip(np.split(flat, ends), arrays)]

    return Contender(step, weights, lambda loss: loss.data)


BUILDERS = {
    "hand-written NumPy": ("numpy", hand_written),
    OURS: (OURS, tinygrad_like),
    "PyTorch": ("torch", pytorch),
    "autograd": ("autograd", autograd),
    "MyGrad": ("mygrad", mygrad),
    "micrograd": ("micrograd", micrograd),
}


def main() -> None:
    contenders, skipped = timing.build(BUILDERS)
    timing.check_agreement(contenders, steps=40, tolerance=1e-11)
    seconds = timing.by_turns(contenders, rounds=101, turn=0.004)
    rows = timing.rows(seconds, TARGETS)
    print(json.dumps(asdict(Table(TITLE, "tinygrad_like ÷ it", rows, NOTES + skipped))))


if __name__ == "__main__":
    main()
