"""A small transformer learns to write like the help texts of Python, character by character.

`python examples/characters.py 1000` takes a thousand steps; the default is 300.
"""

import sys
from pydoc_data.topics import topics

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg
from tinygrad_like.nn.embedding_layers import Embedding
from tinygrad_like.nn.norm_layers import LayerNorm
from tinygrad_like.nn.position_layers import SinusoidalPositions
from tinygrad_like.nn.transformer_layers import TransformerEncoderLayer
from tinygrad_like.nn.transformers import TransformerEncoder

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 300
LENGTH, BATCH, WIDTH = 64, 16, 96

ALPHABET = "\n abcdefghijklmnopqrstuvwxyz0123456789.,:;!?'\"()[]{}<>+-*/%=_|^~@#&\\$`"
text = "\n".join(topics[name] for name in sorted(topics)).lower()
numbers = np.array([ALPHABET.index(letter) for letter in text if letter in ALPHABET])
rng = np.random.default_rng(0)


class Writer(tg.Layer):
    """Gives for each character of a text the logits of the one that follows it."""

    def __init__(self, seed=0):
        self.embedding = Embedding(len(ALPHABET), WIDTH, dtype=np.float32, seed=seed)
        self.positions = SinusoidalPositions(WIDTH)
        layer = TransformerEncoderLayer(
            WIDTH, 4, 4 * WIDTH, 0.0, "relu", batch_first=True, norm_first=True, dtype=np.float32, seed=seed
        )
        self.encoder = TransformerEncoder(layer, 2, LayerNorm(WIDTH, dtype=np.float32), seed=seed)
        self.output = tg.Linear(WIDTH, len(ALPHABET), dtype=np.float32, seed=seed)

    def forward(self, letters):
        return self.output(self.encoder(self.positions(self.embedding(letters)), is_causal=True))


def batch():
    """Pieces of the text, and the same pieces one character later."""
    starts = rng.integers(0, len(numbers) - LENGTH, BATCH)
    pieces = numbers[starts[:, None] + np.arange(LENGTH + 1)]
    return pieces[:, :-1], pieces[:, 1:]


def written(model, start, count, temperature=0.6):
    """The start, and what the model writes after it."""
    letters = [ALPHABET.index(letter) for letter in start]
    with tg.no_grad():
        for _ in range(count):
            logits = model(np.array([letters[-LENGTH:]])).numpy()[0, -1]
            letters.append(rng.choice(len(ALPHABET), p=tg.softmax(logits.astype(float) / temperature)))
    return "".join(ALPHABET[number] for number in letters)


model = Writer()
optimizer = tg.optim.AdamW(model.parameters(), lr=3e-3)
print(f"{len(numbers)} characters, {sum(each.size for each in model.parameters())} parameters")
recent = []
for step in range(1, STEPS + 1):
    letters, following = batch()
    loss = tg.cross_entropy(model(letters), following)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    recent.append(loss.item())
    if step % max(STEPS // 6, 1) == 0:
        print(f"step {step:4}: loss {np.mean(recent):.3f} per character")
        recent.clear()
print("---")
print(written(model, "the function ", 240))
