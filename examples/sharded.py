"""Data-parallel training on four devices: each computes with a part of the batch, and all have the same weights."""

import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"  # one processor that JAX takes for four devices

import checkout  # noqa: F401
import jax
import numpy as np

import tinygrad_like as tg

rng = np.random.default_rng(0)
points = rng.normal(size=(64, 2))
labels = (points.prod(axis=1) > 0).astype(int)  # two opposite quadrants are one class


def trained(sharding=None, steps=200):
    """A model after some steps, and its last loss."""
    tg.seed(0)
    model = tg.Sequential(tg.Linear(2, 16), tg.Tanh(), tg.Linear(16, 2))
    optimizer = tg.Adam(model.parameters(), lr=0.02)

    @tg.compile(backend="jax", sharding=sharding)
    def step(x, t):
        optimizer.zero_grad()
        loss = tg.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(steps):
        loss = step(points, labels)
    return model, loss.item()


mesh = jax.make_mesh((4,), ("batch",))
rows = jax.NamedSharding(mesh, jax.P("batch"))  # the first axis of each argument is spread, weights are everywhere

alone, loss_alone = trained()
spread, loss_spread = trained(rows)
difference = max(abs(p.numpy() - q.numpy()).max() for p, q in zip(alone.parameters(), spread.parameters()))

print(f"{jax.device_count()} devices, {len(points) // jax.device_count()} rows of each batch on each")
print(f"loss {loss_spread:.6f}, on one device {loss_alone:.6f}")
print(f"the weights differ by at most {difference:.0e}")
assert difference < 1e-12
