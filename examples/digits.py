"""A convolutional network learns to read handwritten digits; then look at those that it misreads.

The 1,797 pictures of 8 × 8 pixels come with scikit-learn (`load_digits`): Alpaydin and Kaynak, "Optical Recognition of
Handwritten Digits", 1998. `python examples/digits.py 5` reads all of them five times; the default is 25.
"""

import pathlib
import sys
import time

import checkout  # noqa: F401
import numpy as np
from sklearn.datasets import load_digits

import tinygrad_like as tg

EPOCHS = int(sys.argv[1]) if len(sys.argv) > 1 else 25
BATCH, RATE, SEED = 32, 5e-3, 0


def convolution(channels, filters):
    """Filters of 3 × 3; the size of the picture stays."""
    return [tg.nn.Conv2d(channels, filters, 3, padding=1, bias=False), tg.nn.BatchNorm2d(filters), tg.nn.ReLU()]


def network():
    return tg.nn.Sequential(
        *convolution(1, 16),
        tg.nn.MaxPool2d(2),
        *convolution(16, 48),
        tg.nn.MaxPool2d(2),
        tg.nn.Flatten(),
        tg.nn.Dropout(0.2),
        tg.nn.Linear(48 * 2 * 2, 10),
    ).to(np.float32)


def shifted(pictures):
    """Each picture moved by up to one pixel along each axis: it is the same digit."""
    padded = np.pad(pictures, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (8, 8), axis=(2, 3))
    down, right = rng.integers(0, 3, (2, len(pictures)))
    return windows[np.arange(len(pictures)), :, down, right]


def answers(model, pictures):
    model.eval()
    with tg.no_grad():
        return model(pictures).numpy().argmax(axis=-1)


tg.seed(SEED)
rng = np.random.default_rng(SEED)
digits = load_digits()
pictures = (digits.images[:, None] / 16).astype(np.float32)
order = np.random.default_rng(0).permutation(len(pictures))
train, test = order[:1437], order[1437:]  # 80 % and 20 %

model = network()
optimizer = tg.optim.AdamW(model.parameters(), lr=RATE, weight_decay=1e-2)
schedule = tg.optim.CosineAnnealingLR(optimizer, EPOCHS)
print(f"{len(train)} pictures to learn from, {len(test)} to test; {model.num_parameters():,} parameters")
start = time.perf_counter()
for epoch in range(1, EPOCHS + 1):
    model.train()
    losses = []
    for batch in np.array_split(rng.permutation(train), len(train) // BATCH):
        loss = tg.cross_entropy(model(shifted(pictures[batch])), digits.target[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    schedule.step()
    if epoch % 5 == 0 or epoch == EPOCHS:
        print(f"epoch {epoch:2}: loss {np.mean(losses):.4f}, {time.perf_counter() - start:4.1f} s")

read = answers(model, pictures[test])
right = read == digits.target[test]
print(f"{right.mean():.2%} of the test pictures are read right")
for place in np.flatnonzero(~right)[:2]:
    print(f"\nThis {digits.target[test][place]} was read as {read[place]}:")
    for row in pictures[test[place], 0]:
        print("  " + "".join(" .:-=+*#%@"[int(9 * ink)] * 2 for ink in row))

path = pathlib.Path(__file__).with_name("digits.npz")
model.save(path, metadata={"seed": SEED})
loaded = network().load(path)
assert (answers(loaded, pictures[test]) == read).all()
print(f"\nSaved to {path.name}, {path.stat().st_size / 1000:.0f} kB; the loaded network reads the same.")
