"""A layer of one's own, trained to draw a circle around the right points."""

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg


class Gaussians(tg.Layer):
    """Bumps at trainable centres: exp(-|x - centre|² / width²)."""

    def __init__(self, features, count, rng):
        self.centres = tg.Parameter(rng.normal(size=(count, features)))
        self.width = tg.Parameter(np.ones(count))

    def forward(self, x):
        distance = ((x[:, None, :] - self.centres) ** 2).sum(axis=-1)
        return np.exp(-distance / self.width**2)


rng = np.random.default_rng(0)
points = rng.uniform(-1, 1, (200, 2))
inside = ((points**2).sum(axis=1) < 0.5).astype(int)

model = tg.Sequential(Gaussians(2, 6, rng), tg.Linear(6, 2, seed=0))
print(model)
assert tg.gradcheck(model, points[:3])

optimizer = tg.SGD(model.parameters(), lr=0.1, momentum=0.9)
for epoch in range(201):
    logits = model(points)
    loss = tg.cross_entropy(logits, inside)
    if epoch % 50 == 0:
        right = np.mean(logits.numpy().argmax(axis=1) == inside)
        print(f"epoch {epoch:3}: loss {loss:.4f}, {right:.1%} right")
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
