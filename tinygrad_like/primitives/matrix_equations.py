"""Sylvester's and Lyapunov's equations, by scipy.linalg.

Each is a linear system for X. The rules solve the transposed system for S, which is of the same kind; without
conjugates, but for those that the equation has. Where an equation has no solution, or several, SciPy solves another one
nearby; the rules give nan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.registry import general
from ..engine.scipy_loading import nan_where_not_finite, require_finite, scipy_linalg
from ..engine.tensor import values_of
from ..engine.traces import whole
from .samples import Case, Rng, normal
from .triangle_inverse import transposed
from .triangular import adjoint


@whole
def nan_unless_regular(a: Any, b: Any, product: bool = False) -> Any:
    """0; nan where A X + X B is 0 for some X that is not, to working precision. With `product`, X - A X B."""
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return np.full((*a.shape[:-2], 1, 1), np.nan, a.real.dtype)
    of_a, of_b = np.linalg.eigvals(a)[..., :, None], np.linalg.eigvals(b)[..., None, :]
    system = 1 - of_a * of_b if product else of_a + of_b
    size = 1 + np.abs(of_a * of_b) if product else np.abs(of_a) + np.abs(of_b)
    least, most = (f(x, axis=(-2, -1), keepdims=True) for f, x in ((np.min, np.abs(system)), (np.max, size)))
    limit = most * (a.shape[-1] * np.finfo(a.dtype).eps)
    return np.where(least <= limit, np.nan, 0).astype(a.real.dtype)


# -- A X + X B = Q ---------------------------------------------------------------------------------------


@whole
def _solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    require_finite(True, a, b)
    return scipy_linalg().solve_sylvester(a, b, q)


def regular_sylvester(a: Any, b: Any, q: Any) -> Any:
    """The solution; nan where there is no single one."""
    return solve_sylvester(a, b, q) + nan_unless_regular(values_of(a), values_of(b))


def sylvester_right(g: Any, a: Any, b: Any) -> Any:
    """S with Aᵀ S + S Bᵀ = g."""
    return regular_sylvester(transposed(a), transposed(b), g)


def sylvester_left(g: Any, a: Any, b: Any, y: Any) -> Any:
    return -(sylvester_right(g, a, b) @ transposed(y))


def sylvester_middle(g: Any, a: Any, b: Any, y: Any) -> Any:
    return -(transposed(y) @ sylvester_right(g, a, b))


# -- A X + X Aᴴ = Q ----------------------------------------------------------------------------------------


@whole
def _solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    require_finite(True, a, q)
    return scipy_linalg().solve_continuous_lyapunov(a, q)


def lyapunov_right(g: Any, a: Any) -> Any:
    """S with Aᵀ S + S A* = g."""
    return regular_sylvester(transposed(a), np.conj(a), g)


def lyapunov_left(g: Any, a: Any, y: Any) -> Any:
    """-(S Xᵀ + Sᴴ X*)."""
    right = lyapunov_right(g, a)
    return -(right @ transposed(y) + adjoint(right) @ np.conj(y))


# -- A X Aᴴ - X + Q = 0 ----------------------------------------------------------------------------------


@whole
def _solve_discrete_lyapunov(a: Any, q: Any, *, method: Any = None, check_finite: bool = True) -> Any:
    require_finite(check_finite, a, q)
    return nan_where_not_finite(lambda q: scipy_linalg().solve_discrete_lyapunov(a, q, method), q)


def discrete_right(g: Any, a: Any, *, method: Any) -> Any:
    """S with S - Aᵀ S A* = g."""
    found = solve_discrete_lyapunov(transposed(a), g, method=method, check_finite=False)
    return found + nan_unless_regular(values_of(a), np.conj(values_of(a)), True)


def discrete_left(g: Any, a: Any, y: Any, *, method: Any) -> Any:
    """S A* Xᵀ + Sᴴ (A X)*."""
    right = discrete_right(g, a, method=method)
    return right @ np.conj(a) @ transposed(y) + adjoint(right) @ np.conj(a @ y)


# -- samples ---------------------------------------------------------------------------------------------


def around(rng: Rng, shape: tuple[int, ...], middle: float) -> Any:
    """Matrices, not symmetric, whose eigenvalues are around `middle`, and not near 0."""
    return normal(rng, shape) / 4 + middle * np.diag(np.arange(1, shape[-1] + 1))


def sylvester_equations(rng: Rng) -> Iterator[Case]:
    for stack, m, n in (((), 3, 2), ((), 2, 3), ((2,), 2, 2)):
        yield (around(rng, (*stack, m, m), 1.0), around(rng, (*stack, n, n), 1.5), normal(rng, (*stack, m, n))), {}


def lyapunov_equations(rng: Rng) -> Iterator[Case]:
    for shape in ((3, 3), (2, 2, 2)):
        yield (around(rng, shape, 1.0), normal(rng, shape)), {}


def discrete_equations(rng: Rng) -> Iterator[Case]:
    for shape, method in (((3, 3), None), ((2, 2, 2), "direct"), ((2, 2), "bilinear")):
        yield (around(rng, shape, 0.2), normal(rng, shape)), {"method": method}


solve_sylvester: Any = general(
    "solve_sylvester",
    _solve_sylvester,
    "a b q",
    (sylvester_left, sylvester_middle, sylvester_right),
    sample=sylvester_equations,
    symbol="AX+XB=Q",
)
solve_continuous_lyapunov = general(
    "solve_continuous_lyapunov",
    _solve_continuous_lyapunov,
    "a q",
    (lyapunov_left, lyapunov_right),
    sample=lyapunov_equations,
    symbol="AX+XAᴴ=Q",
)
solve_discrete_lyapunov: Any = general(
    "solve_discrete_lyapunov",
    _solve_discrete_lyapunov,
    "a q",
    (discrete_left, discrete_right),
    sample=discrete_equations,
    symbol="X-AXAᴴ=Q",
)
