"""Watch two trainings as films: XOR, and two spirals. Each is a page with a slider.

It shows the weights as lines, what each unit answers in the plane, and the decision boundary, step by step.
To train longer, or less, write a number of steps behind the name of this file.
"""

import copy
import pathlib
import sys

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 300
folder = pathlib.Path(__file__).with_name("pictures")
folder.mkdir(exist_ok=True)


def film(name, model, loss, x, y):
    """Train a model, keep its state every few steps, and save the animation of them."""
    kept = range(0, STEPS + 1, max(1, STEPS // 50))
    optimizer = tg.Adam(model.parameters(), lr=0.03)
    states = []
    for step in range(STEPS + 1):
        if step in kept:
            states.append(copy.deepcopy(model.state_dict()))
        optimizer.zero_grad()
        error = loss(model(x), y)
        error.backward()
        optimizer.step()
    animation = tg.animate(model, states, x, y, loss=loss, steps=kept, title=name)
    path = folder / f"{name.lower().replace(' ', '-')}-film.html"
    animation.save(path)
    size = f"{path.stat().st_size / 1e6:.1f} MB"
    print(f"{name}: loss {error.item():.4f} after {STEPS} steps; {len(states)} states are in {path.name}, {size}")


def spirals(n, turns=1.4):
    """Two arms of n points each, one turned by half a circle."""
    rng = np.random.default_rng(0)
    radius = np.linspace(0.1, 1.0, n)
    arms = []
    for start in (0.0, np.pi):
        angle = 2 * np.pi * turns * radius + start
        arms.append(np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1))
    return np.concatenate(arms) + rng.normal(0, 0.015, (2 * n, 2)), np.repeat([0, 1], n)


x = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
y = np.array([[0.0], [1.0], [1.0], [0.0]])
small = tg.Sequential(tg.Linear(2, 3, seed=3), tg.Tanh(), tg.Linear(3, 1, seed=1), tg.Sigmoid())
film("XOR", small, tg.mse, x, y)

layers = [tg.Linear(2, 16, seed=1), tg.Tanh(), tg.Linear(16, 16, seed=2), tg.Tanh(), tg.Linear(16, 2, seed=3)]
film("Two spirals", tg.Sequential(*layers), tg.cross_entropy, *spirals(100))
print("Open them in a browser: the arrow keys step, the space bar plays. Point at a unit to see it large.")
