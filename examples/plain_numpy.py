"""Differentiate plain NumPy code: Newton's method on Rosenbrock's valley, with exact derivatives."""

import checkout  # noqa: F401
import numpy as np

import tinygrad_like as tg


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


gradient, hessian = tg.grad(rosenbrock), tg.hessian(rosenbrock)

x = np.array([-1.2, 1.0])
for step in range(10):
    slope = gradient(x)
    print(f"step {step}: f = {rosenbrock(x):.3e}   |gradient| = {np.linalg.norm(slope):.3e}   x = {x}")
    if np.linalg.norm(slope) < 1e-12:
        break
    x = x - np.linalg.solve(hessian(x), slope)
