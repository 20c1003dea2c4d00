"""The Nadaraya-Watson smoother: at each point the mean of the data, weighted by how near they are."""

import numpy as np


def smooth(at, x, y, width):
    """The smoothed values at the points `at`, of data y at x."""
    weights = np.exp(-0.5 * ((at[:, None] - x) / width) ** 2)
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ y


def cross_validation(log_width, x, y):
    """How well each value is predicted by the others."""
    distance = np.abs(x[:, None] - x[None, :]) / np.exp(log_width)
    weights = np.where(np.eye(len(x), dtype=bool), 0.0, np.exp(-0.5 * distance**2))
    predicted = np.average(np.broadcast_to(y, weights.shape), axis=1, weights=weights)
    return np.mean((y - predicted) ** 2)
