"""Sylvester's and Lyapunov's equations, by scipy.linalg.

Each is a linear system for X. The rules solve the transposed system for S, which is of the same kind; without
conjugates, but for those that the equation has. Where an equation has no solution, or several, SciPy solves another one
nearby; the rules give nan.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.batches.batched_stacks import of_stacks
from ..engine.registry import general
from ..engine.scipy_loading import nan_where_not_finite, require_finite, scipy_linalg
from .complexes import plane
from .samples import Case, Domain, Rng, normal
from .stacks import adjoint, transposed


def of_one_kind(*arrays: Any) -> tuple[Any, ...]:
    """All complex, if one is: SciPy 1.17 solves wrongly where Q is, and a real matrix has complex eigenvalues."""
    kind = np.result_type(*arrays)
    return tuple(each.astype(kind, copy=False) for each in arrays) if kind.kind == "c" else arrays


def or_instead(a: Any, other: Any) -> Any:
    """The matrices that are finite; the other one in the place of those that are not."""
    is_finite = np.isfinite(a).all((-2, -1), keepdims=True)
    return a if is_finite.all() else np.where(is_finite, a, other).astype(a.dtype)


@of_stacks
def _unsolvable(a: Any, b: Any, *, product: bool = False) -> Any:
    """0; nan where A X + X B is 0 for some X that is not, to working precision. With `product`, X - A X B."""
    a, b = or_instead(a, 0), or_instead(b, 0)  # of which nan is made
    of_a, of_b = np.linalg.eigvals(a)[..., :, None], np.linalg.eigvals(b)[..., None, :]
    system = 1 - of_a * of_b if product else of_a + of_b
    size = 1 + np.abs(of_a * of_b) if product else np.abs(of_a) + np.abs(of_b)
    precision = max(a.shape[-1], b.shape[-1]) * np.finfo(a.dtype).eps
    least = np.abs(system).min((-2, -1), keepdims=True, initial=np.inf)
    most = size.max((-2, -1), keepdims=True, initial=0)
    return np.where(least <= most * precision, np.nan, 0).astype(a.real.dtype)


# -- A X + X B = Q ---------------------------------------------------------------------------------------


@of_stacks
def _solve_sylvester(a: Any, b: Any, q: Any, *, check_finite: bool = True) -> Any:
    require_finite(check_finite, a, b)
    if not check_finite:
        a, b = or_instead(a, np.eye(a.shape[-1])), or_instead(b, np.eye(b.shape[-1]))
    a, b, q = of_one_kind(a, b, q)
    return scipy_linalg().solve_sylvester(a, b, q) if q.size else q  # SciPy refuses stacks of no matrices


def regular_sylvester(a: Any, b: Any, q: Any) -> Any:
    """The solution; nan where there is no single one."""
    return solve_sylvester(a, b, q, check_finite=False) + unsolvable(a, b)


def sylvester_right(g: Any, a: Any, b: Any) -> Any:
    """S with Aᵀ S + S Bᵀ = g."""
    return regular_sylvester(transposed(a), transposed(b), g)


def sylvester_left(g: Any, a: Any, b: Any, y: Any) -> Any:
    return -(sylvester_right(g, a, b) @ transposed(y))


def sylvester_middle(g: Any, a: Any, b: Any, y: Any) -> Any:
    return -(transposed(y) @ sylvester_right(g, a, b))


# -- A X + X Aᴴ = Q ----------------------------------------------------------------------------------------


@of_stacks
def _solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    require_finite(True, a, q)
    return scipy_linalg().solve_continuous_lyapunov(*of_one_kind(a, q))


def lyapunov_right(g: Any, a: Any) -> Any:
    """S with Aᵀ S + S A* = g."""
    return regular_sylvester(transposed(a), np.conj(a), g)


def lyapunov_left(g: Any, a: Any, y: Any) -> Any:
    """-(S Xᵀ + Sᴴ X*)."""
    right = lyapunov_right(g, a)
    return -(right @ transposed(y) + adjoint(right) @ np.conj(y))


# -- A X Aᴴ - X + Q = 0 ----------------------------------------------------------------------------------


@of_stacks
def _solve_discrete_lyapunov(a: Any, q: Any, *, method: Any = None, check_finite: bool = True) -> Any:
    require_finite(check_finite, a, q)
    a, q = of_one_kind(a, q)
    return nan_where_not_finite(lambda q: scipy_linalg().solve_discrete_lyapunov(a, q, method), q)


def discrete_right(g: Any, a: Any) -> Any:
    """S with S - Aᵀ S A* = g."""
    found = solve_discrete_lyapunov(transposed(a), g, check_finite=False)
    return found + unsolvable(a, np.conj(a), product=True)


def discrete_left(g: Any, a: Any, y: Any) -> Any:
    """S A* Xᵀ + Sᴴ (A X)*."""
    right = discrete_right(g, a)
    return right @ np.conj(a) @ transposed(y) + adjoint(right) @ np.conj(a @ y)


# -- samples ---------------------------------------------------------------------------------------------


def around(rng: Rng, shape: tuple[int, ...], middle: float, draw: Domain = normal) -> Any:
    """Matrices, not symmetric, whose eigenvalues are around `middle`, and not near 0."""
    return draw(rng, shape) / 4 + middle * np.diag(np.arange(1, shape[-1] + 1))


def turning(rng: Rng) -> Any:
    """A real matrix with complex eigenvalues."""
    return np.array([[1.5, 1.0], [-2.0, 1.0]]) + normal(rng, (2, 2)) / 8


def sylvester_equations(rng: Rng) -> Iterator[Case]:
    yield (around(rng, (1, 1), 1.0), around(rng, (2, 2), 1.5), normal(rng, (1, 2))), {}
    yield (around(rng, (2, 2, 2), 1.0), around(rng, (2, 1, 1), 1.5), normal(rng, (2, 2, 1))), {}
    yield (turning(rng), around(rng, (1, 1), 1.5), normal(rng, (2, 1))), {}
    yield (around(rng, (1, 1), 1.0, plane), turning(rng), plane(rng, (1, 2))), {}


def lyapunov_equations(rng: Rng) -> Iterator[Case]:
    yield (around(rng, (2, 2), 1.0), normal(rng, (2, 2))), {}
    yield (around(rng, (2, 1, 1), 1.0), normal(rng, (2, 1, 1))), {}
    yield (turning(rng), normal(rng, (2, 2))), {}
    yield (around(rng, (1, 1), 1.0, plane), plane(rng, (1, 1))), {}
    yield (turning(rng), plane(rng, (2, 2))), {}


def discrete_equations(rng: Rng) -> Iterator[Case]:
    yield (around(rng, (2, 2), 0.2), normal(rng, (2, 2))), {}
    yield (around(rng, (2, 1, 1), 0.2), normal(rng, (2, 1, 1))), {"method": "direct"}
    yield (turning(rng) / 3, normal(rng, (2, 2))), {"method": "bilinear"}
    yield (around(rng, (1, 1), 0.2, plane), plane(rng, (1, 1))), {}
    yield (turning(rng) / 3, plane(rng, (2, 2))), {"method": "bilinear"}


def pairs(rng: Rng) -> Iterator[Case]:
    """With a single solution, after a change, too: where that appears and disappears, there is a step."""
    yield (around(rng, (2, 2), 1.0), around(rng, (1, 1), 1.0)), {}
    yield (around(rng, (2, 2, 2), 0.2), around(rng, (2, 2), 0.2)), {"product": True}


unsolvable = general("unsolvable", _unsolvable, "a b", sample=pairs, symbol="unsolvable")
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
