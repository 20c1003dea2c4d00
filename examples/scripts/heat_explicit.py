"""The heat equation u' = k u'' on a rod with fixed ends, by explicit steps."""

import numpy as np


def diffuse(u, k, dx, dt, steps):
    """The temperatures after some steps; `k` is a number, or has a value at each point."""
    for _ in range(steps):
        lap = np.zeros_like(u)
        lap[1:-1] = u[2:] - 2 * u[1:-1] + u[:-2]
        u = u + k * dt / dx**2 * lap
    return u


def misfit(u, k, measured, dx, dt, steps):
    """Half the squared distance from what was measured at the end."""
    return 0.5 * np.sum((diffuse(u, k, dx, dt, steps) - measured) ** 2)
