"""Gaussian-process regression: length, amplitude and noise of a kernel, fitted by gradients to 50 points of a sine.

The log marginal likelihood goes through tinygrad_like.linalg's cholesky and solve_triangular (Rasmussen and Williams,
Gaussian Processes for Machine Learning, 2006, algorithm 2.1). LBFGS maximises it in the logarithms of the parameters.
"""

import importlib.util
import pathlib

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg
from tinygrad_like.linalg import cholesky, solve_triangular

POINTS, NOISE = 50, 0.2
START = {"length": 0.3, "amplitude": 3.0, "noise": 1.0}


def kernel(x, z, length, amplitude):
    """The squared exponential of the distances between points."""
    return amplitude**2 * np.exp(-0.5 * ((x[:, None] - z) / length) ** 2)


def factor(x, length, amplitude, noise):
    """L with L Lᵀ = K + noise² I."""
    return cholesky(kernel(x, x, length, amplitude) + noise**2 * np.eye(len(x)), lower=True)


def log_likelihood(x, y, length, amplitude, noise):
    """ln N(y; 0, K + noise² I)."""
    root = factor(x, length, amplitude, noise)
    whitened = solve_triangular(root, y, lower=True)
    return -0.5 * whitened @ whitened - np.log(np.diagonal(root)).sum() - 0.5 * len(x) * np.log(2 * np.pi)


def predicted(x, y, z, length, amplitude, noise):
    """The mean and the standard deviation of the function at the points z."""
    root, across = factor(x, length, amplitude, noise), kernel(x, z, length, amplitude)
    whitened, reduced = (solve_triangular(root, each, lower=True) for each in (y, across))
    return whitened @ reduced, np.sqrt(amplitude**2 - (reduced**2).sum(axis=0))


def show(title, parameters):
    error = np.sqrt(np.mean((predicted(x, y, z, *parameters)[0] - np.sin(z)) ** 2))
    names = "   ".join(f"{name} {value:.3f}" for name, value in zip(START, parameters))
    print(f"{title}: {names}   log likelihood {log_likelihood(x, y, *parameters):8.3f}   error {error:.3f}")


def plot(parameters):
    """Points, mean, and two standard deviations to both sides, in pictures/gaussian_process.png."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    mean, deviation = predicted(x, y, z, *parameters)
    figure, axes = pyplot.subplots(figsize=(7, 4))
    axes.plot(x, y, ".", color="gray", label="observed")
    axes.plot(z, np.sin(z), "--", label="sine")
    axes.plot(z, mean, label="mean")
    axes.fill_between(z, mean - 2 * deviation, mean + 2 * deviation, alpha=0.2)
    axes.legend()
    path = pathlib.Path(__file__).with_name("pictures") / "gaussian_process.png"
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path)


rng = np.random.default_rng(0)
x, z = rng.uniform(0, 10, POINTS), np.linspace(0, 10, 200)
y = np.sin(x) + NOISE * rng.normal(size=POINTS)
logs = tg.Parameter(np.log(list(START.values())))
optimizer = tg.optim.LBFGS([logs], max_iter=5, max_eval=20, line_search_fn="strong_wolfe")


def loss():
    optimizer.zero_grad()
    value = -log_likelihood(x, y, *np.exp(logs))
    value.backward()
    return value


show("start", np.exp(logs.numpy()))
for rounds in range(1, 4):
    optimizer.step(loss)
    print(f"round {rounds}: log likelihood {log_likelihood(x, y, *np.exp(logs.numpy())):8.3f}")
show("found", np.exp(logs.numpy()))
if importlib.util.find_spec("matplotlib"):
    plot(np.exp(logs.numpy()))
