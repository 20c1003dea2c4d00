"""10,000 epochs over the four samples of XOR in one call: the loop compiled with the step."""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from . import compiled, process, timing
from .compiled import HAND, SOURCE, C, Pair
from .report import Row, Table, against
from .timing import OURS, Contender
from .xor import LR, T, X, start

TITLE = "compiled-loop: 10,000 epochs of the 4 samples of XOR, one call; [2, 3, 1], sigmoid, SGD; float64, one thread"
SCALAR = "scalar loops in C"
NETWORK = "Network.train"
PAIRS = [
    Pair(HAND, SCALAR),
    Pair(NETWORK, HAND),
    Pair(NETWORK, SCALAR),
    Pair(SOURCE, HAND, 0.7),
    Pair(C, HAND),
    Pair(C, SCALAR, 0.15),
]
COLD_TARGET, COLD_ROUNDS = 200, 5
NOTES = [
    "Scalar loops in C: scalar_loops.c, compiled with `cc -O2 -march=native`, which puts each result on the heap.",
    "Cold: a new process with an empty cache of compiled code; it has imported the package, and times one call.",
]
EPOCHS = 10_000
CACHE = "TINYGRAD_LIKE_CACHE"

# Trains for so many epochs, and gives the mean loss of each.
Train = Callable[[int], Any]
Weights = Callable[[], list[np.ndarray]]


def hand_written() -> tuple[Train, Weights]:
    W1, b1, W2, b2 = weights = start()

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def train(epochs):
        nonlocal W1, b1, W2, b2
        losses = np.zeros(epochs)
        for epoch in range(epochs):
            for x, t in zip(X, T):
                h = sigmoid(W1 @ x + b1)
                y = sigmoid(W2 @ h + b2)
                error = y - t
                losses[epoch] += error @ error / 2
                d2 = error * y * (1 - y)
                d1 = (d2 @ W2) * h * (1 - h)
                W2 -= LR * np.outer(d2, h)
                b2 -= LR * d2
                W1 -= LR * np.outer(d1, x)
                b1 -= LR * d1
        return losses / len(X)

    return train, lambda: weights


def scalar_loops() -> tuple[Train, Weights]:
    arrays = start()
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "scalar_loops.so"
        source = Path(__file__).with_name("scalar_loops.c")
        flags = ["-O2", "-march=native", "-shared", "-fPIC"]
        subprocess.run(["cc", *flags, str(source), "-o", str(library), "-lm"], check=True)
        function = ctypes.CDLL(str(library)).train
    sizes, doubles = np.ctypeslib.ndpointer(np.uintp), np.ctypeslib.ndpointer(np.float64)
    size = ctypes.c_size_t
    function.argtypes = [size, sizes, doubles, size, doubles, doubles, size, ctypes.c_double, doubles]
    function.restype = None
    flat, topology = np.concatenate([w.ravel() for w in arrays]), np.array([2, 3, 1], np.uintp)

    def train(epochs):
        losses = np.empty(epochs)
        function(2, topology, flat, len(X), X, T, epochs, LR, losses)
        return losses

    ends = np.cumsum([w.size for w in arrays])[:-1]
    return train, lambda: [part.reshape(w.shape) for part, w in zip(np.split(flat, ends), arrays)]


def network() -> tuple[Train, Weights]:
    import tinygrad_like as tg

    net = tg.Network([2, 3, 1], "sigmoid", LR)
    for parameter, value in zip(net.model.parameters(), start()):
        tg.assign(parameter, value)
    return lambda epochs: net.train(X, T, epochs, progress=False), lambda: [p.numpy() for p in net.model.parameters()]


def loop(name: str) -> tuple[Train, Weights]:
    """Our compiled step's own loop."""
    import tinygrad_like as tg

    model = tg.Sequential(tg.Linear(2, 3), tg.Sigmoid(), tg.Linear(3, 1), tg.Sigmoid())
    for parameter, value in zip(model.parameters(), start()):
        parameter.data = value
    optimizer = tg.SGD(model.parameters(), lr=LR)

    @compiled.prepared(name)
    def step(x, t):
        optimizer.zero_grad()
        loss = tg.mse(model(x), t) / 2
        loss.backward()
        optimizer.step()
        return loss

    def train(epochs):
        losses = np.asarray(step.loop(X, T, epochs=epochs, shuffle=False))
        return losses.reshape(epochs, -1).mean(axis=1)  # also if there is one for each step

    return train, lambda: [p.numpy() for p in model.parameters()]


def build() -> tuple[dict[str, tuple[Train, Weights]], list[str]]:
    ready, skipped = {HAND: hand_written(), NETWORK: network()}, []
    if shutil.which("cc"):
        ready[SCALAR] = scalar_loops()
    else:
        skipped.append(f"{SCALAR}: there is no `cc`: skipped.")
    for name in (SOURCE, C):
        if why := compiled.refusal(name):
            skipped.append(f"{name}: {why}: skipped.")
        else:
            ready[name] = loop(name)
    return ready, skipped


def check_agreement(ready: dict[str, tuple[Train, Weights]]) -> None:
    """All must learn the same in 200 epochs."""
    (want, wanted), *others = [(np.asarray(train(200)), weights()) for train, weights in ready.values()]
    assert want[-1] != want[0], "The reference does not learn."
    for name, (losses, weights) in zip(list(ready)[1:], others):
        np.testing.assert_allclose(losses, want, rtol=1e-10, err_msg=f"losses of {name}")
        for a, b in zip(weights, wanted, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-10, err_msg=f"weights of {name}")


def cold_seconds(name: str) -> float:
    """The first call in this process, in which nothing is compiled yet."""
    train, _ = network() if name == NETWORK else loop(name)
    began = time.perf_counter()
    train(EPOCHS)
    return time.perf_counter() - began


def cold_row(name: str) -> Row:
    seconds = []
    for _ in range(COLD_ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            os.environ[CACHE] = folder
            seconds.append(process.worker("compiled_loop", name))
    row = Row(f"{name}, cold", timing.milliseconds(seconds))
    row.target, row.met = against(median(seconds) * 1e3, COLD_TARGET, " ms")
    return row


def main() -> None:
    if sys.argv[1:]:
        importlib.import_module(OURS)
        print(json.dumps(cold_seconds(sys.argv[1])))
        return
    ready, skipped = build()
    check_agreement(ready)
    contenders = {name: Contender(lambda t=train: t(EPOCHS), weights) for name, (train, weights) in ready.items()}
    seconds = timing.by_turns(contenders, rounds=7, turn=0.1, warm=0)
    rows = compiled.rows(seconds, PAIRS, timing.milliseconds)
    rows += [cold_row(name) for name in (C, NETWORK) if name in ready]
    print(json.dumps(asdict(Table(TITLE, "ratio", rows, NOTES + skipped))))


if __name__ == "__main__":
    main()
