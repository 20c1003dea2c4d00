"""The heat equation u' = (k u')' on a ring, by implicit steps, seen by a sensor that blurs."""

import numpy as np


def laplacian(k, dx):
    """The matrix of (k u')', with k at the middles between the points."""
    right = 0.5 * (k + np.roll(k, -1)) / dx**2
    left = np.roll(right, 1)
    eye = np.eye(len(k))
    flow = right[:, None] * np.roll(eye, 1, axis=1) + left[:, None] * np.roll(eye, -1, axis=1)
    return flow - np.diag(right + left)


def diffuse(u, k, dx, dt, steps):
    """The temperatures after some steps of backward Euler."""
    matrix = np.eye(len(u)) - dt * laplacian(k, dx)
    for _ in range(steps):
        u = np.linalg.solve(matrix, u)
    return u


def seen(u, blur):
    """What the sensor shows: u, convolved with its blur around the ring."""
    width = len(blur) // 2
    return np.convolve(np.pad(u, width, mode="wrap"), blur, mode="valid")


def misfit(u, k, blur, measured, dx, dt, steps):
    """The mean squared distance from what was measured at the end."""
    return np.mean((seen(diffuse(u, k, dx, dt, steps), blur) - measured) ** 2)
