"""Linear algebra and Fourier transforms beside PyTorch, forward and backward; a Gaussian process beside autograd."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np

from . import timing
from .operations import Case, row
from .report import Row, Table, against
from .timing import OURS, Contender

TITLE = "linear algebra: 200 × 200, Fourier transforms of 2¹⁸ values; float64, forward and backward; one thread"
N, POINTS, LENGTH = 200, 500, 2**18
ROUNDS, TURN = 15, 0.2
RNG = np.random.default_rng(0)
A, G = RNG.normal(size=(2, N, N))
SYMMETRIC = A + A.T
DEFINITE = A @ A.T + N * np.eye(N)
SIGNAL = RNG.normal(size=LENGTH)
SPECTRUM = RNG.normal(size=LENGTH // 2 + 1)
SMALL = RNG.normal(size=(1000, 4, 4)) + 4 * np.eye(4)


def of_torch(t: Any, array: np.ndarray) -> Any:
    return t.from_numpy(array)


CASES: dict[str, Case] = {
    "solve": (1.3, lambda a: np.linalg.solve(a, G), lambda t, a: t.linalg.solve(a, of_torch(t, G)), A),
    "cholesky": (1.3, lambda a: np.linalg.cholesky(a), lambda t, a: t.linalg.cholesky(a), DEFINITE),
    "eigh": (
        1.3,
        lambda a: weighted(*np.linalg.eigh(a)),
        lambda t, a: weighted(*t.linalg.eigh(a), of_torch(t, G)),
        SYMMETRIC,
    ),
    "svd": (
        1.3,
        lambda a: weighted_svd(*np.linalg.svd(a)),
        lambda t, a: weighted_svd(*t.linalg.svd(a), of_torch(t, G)),
        A,
    ),
    "1,000 inverses of 4 × 4": (2, lambda a: np.linalg.inv(a), lambda t, a: t.linalg.inv(a), SMALL),
    "rfft, its power": (2, lambda x: np.abs(np.fft.rfft(x)) ** 2, lambda t, x: t.abs(t.fft.rfft(x)) ** 2, SIGNAL),
    "rfft, its real part": (2, lambda x: np.fft.rfft(x).real, lambda t, x: t.fft.rfft(x).real, SIGNAL),
    "irfft": (2, lambda x: np.fft.irfft(x), lambda t, x: t.fft.irfft(x), SPECTRUM),
}


READS_A_TRIANGLE = ("cholesky", "eigh")


def weighted(values: Any, vectors: Any, g: Any = G) -> Any:
    """A function of eigenvalues and vectors, of which the sign does not matter: LAPACK chooses it."""
    return (values * values).sum() + (vectors * vectors * g).sum()


def weighted_svd(u: Any, values: Any, vh: Any, g: Any = G) -> Any:
    return (values * values).sum() + (u * u * g).sum() + (vh * vh * g).sum()


def likelihood(np: Any, parameters: Any, squares: np.ndarray, y: np.ndarray) -> Any:
    """The negative log-likelihood of a Gaussian process with the RBF kernel (Rasmussen and Williams, 2.30)."""
    length, height, noise = np.exp(parameters[0]), np.exp(parameters[1]), np.exp(parameters[2])
    kernel = height * np.exp(-0.5 * squares / length**2) + noise * np.eye(len(y))
    return 0.5 * np.dot(y, np.linalg.solve(kernel, y)) + 0.5 * np.linalg.slogdet(kernel)[1]


def by_cholesky(np: Any, parameters: Any, squares: np.ndarray, y: np.ndarray) -> Any:
    """The same by the Cholesky factor L, with xᵀ x for x = L⁻¹ y (algorithm 2.1)."""
    length, height, noise = np.exp(parameters[0]), np.exp(parameters[1]), np.exp(parameters[2])
    factor = np.linalg.cholesky(height * np.exp(-0.5 * squares / length**2) + noise * np.eye(len(y)))
    x = np.linalg.solve(factor, y)
    return 0.5 * np.dot(x, x) + np.sum(np.log(np.diag(factor)))


def process(name: str, likelihood: Callable[..., Any]) -> Row:
    import tinygrad_like as tg

    x = np.sort(RNG.uniform(0, 10, POINTS))
    y, squares = np.sin(x) + 0.1 * RNG.normal(size=POINTS), (x[:, None] - x) ** 2
    start = np.array([0.1, 0.2, -2.0])
    found: dict[str, Any] = {}

    def contender(name: str, gradient: Any) -> Contender:
        def step() -> Any:
            found[name] = gradient(start)
            return found[name]

        return Contender(step, lambda: [np.asarray(found[name])])

    contenders = {OURS: contender(OURS, tg.grad(lambda p: likelihood(np, p, squares, y)))}
    if timing.is_installed("autograd"):
        import autograd
        import autograd.numpy as anp

        contenders["autograd"] = contender("autograd", autograd.grad(lambda p: likelihood(anp, p, squares, y)))
    gradients = [each.step() for each in contenders.values()]
    np.testing.assert_allclose(gradients[0], gradients[-1], rtol=1e-6)
    seconds = timing.by_turns(contenders, ROUNDS, TURN)
    line = Row(
        f"Gaussian process, 500 points, 3 parameters, {name}, beside autograd", timing.milliseconds(seconds[OURS])
    )
    if "autograd" in seconds:
        ratio, line.ratio = timing.compare(seconds[OURS], seconds["autograd"])
        line.target, line.met = against(ratio, 0.7)
    return line


PROCESSES = {"by solve and slogdet": likelihood, "by cholesky": by_cholesky}


def main() -> None:
    rows = [
        *(row(name, case, name in READS_A_TRIANGLE) for name, case in CASES.items()),
        *(process(*each) for each in PROCESSES.items()),
    ]
    notes = [f"{peer} is not installed: skipped." for peer in ("torch", "autograd") if not timing.is_installed(peer)]
    notes.append("A row without a note is beside PyTorch.")
    print(json.dumps(asdict(Table(TITLE, "tinygrad_like ÷ it", rows, notes))))


if __name__ == "__main__":
    main()
