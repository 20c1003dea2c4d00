"""The log likelihood of a Gaussian process, which chooses its length, amplitude and noise."""

import numpy as np


def covariance(log_parameters, x):
    """The squared exponential kernel of all pairs of points, with noise on the diagonal."""
    length, amplitude, noise = np.exp(log_parameters)
    distance = x[:, None] - x[None, :]
    return amplitude**2 * np.exp(-0.5 * (distance / length) ** 2) + noise**2 * np.eye(len(x))


def log_likelihood(log_parameters, x, y):
    """log N(y; 0, K), by the Cholesky factor of K."""
    L = np.linalg.cholesky(covariance(log_parameters, x))
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return -0.5 * y @ alpha - np.sum(np.log(np.diag(L))) - 0.5 * len(x) * np.log(2 * np.pi)


def log_likelihood_by_determinant(log_parameters, x, y):
    """The same by K itself."""
    K = covariance(log_parameters, x)
    _, log_determinant = np.linalg.slogdet(K)
    return -0.5 * (y @ np.linalg.solve(K, y) + log_determinant + len(x) * np.log(2 * np.pi))
