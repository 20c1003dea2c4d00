"""A GRU learns the adding problem: of twenty numbers two are marked, wherever they stand; what is their sum?

Hochreiter and Schmidhuber, "Long Short-Term Memory", 1997, section 5.4. The network reads one number and its mark at a
time. It must keep the first marked number until the second one comes, and ignore all others.
"""

import time

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg
from tinygrad_like.nn.recurrent_layers import GRU

STEPS, BATCH, UNITS = 20, 64, 32


def sequences(rng, count):
    """Numbers in [0, 1) and their marks, (STEPS, count, 2); and the sums of the two that are marked, (count, 1)."""
    numbers = rng.random((STEPS, count), dtype=np.float32)
    marks = np.zeros_like(numbers)
    first, second = rng.permuted(np.tile(np.arange(STEPS), (count, 1)), axis=1)[:, :2].T
    marks[first, np.arange(count)] = marks[second, np.arange(count)] = 1
    return np.stack([numbers, marks], axis=-1), (numbers * marks).sum(axis=0)[:, None]


class Adder(tg.nn.Layer):
    """The last h of a GRU, and a Linear that reads the sum from it."""

    def __init__(self):
        self.gru = GRU(2, UNITS, dtype=np.float32)
        self.head = tg.nn.Linear(UNITS, 1, dtype=np.float32)

    def forward(self, x):
        outputs, _ = self.gru(x)
        return self.head(outputs[-1])


tg.seed(0)
rng = np.random.default_rng(0)
model = Adder()
optimizer = tg.optim.Adam(model.parameters(), lr=0.01)
tests, sums = sequences(np.random.default_rng(1), 1000)
print(model)
print(f"error of always answering 1: {np.square(sums - 1).mean():.4f}")

start = time.perf_counter()
for step in range(1, 401):
    x, target = sequences(rng, BATCH)
    loss = tg.mse(model(x), target)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"\rstep {step} of 400, loss {loss.item():.4f}", end="", flush=True)

with tg.no_grad():
    error = tg.mse(model(tests), sums).item()
print(f"\nerror on 1000 new sequences: {error:.4f}, after {time.perf_counter() - start:.0f} s")

x, target = sequences(rng, 3)
print("\nmarked numbers   sum     answer")
for i, answer in enumerate(model(x)):
    first, second = x[x[:, i, 1] == 1, i, 0]
    print(f"{first:.3f} + {second:.3f}    {target[i, 0]:.3f}   {answer.item():.3f}")
