"""LU factors with exchanged rows, and systems that are solved by them, by scipy.linalg.

P A = L U, and one matrix holds U and what is below the ones of L. Which rows are exchanged is a constant.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.batches.batched_stacks import of_stacks
from ..engine.errors import ArgumentError
from ..engine.registry import general
from ..engine.scipy_loading import require_finite, scipy_linalg
from .complexes import plane
from .samples import Case, Rng, normal
from .stacks import adjoint, transposed
from .triangular import factors, solve_triangular


@of_stacks
def _lu_factor(a: Any, *, check_finite: bool = True) -> Any:
    require_finite(check_finite, a)
    return tuple(scipy_linalg().lu_factor(a, check_finite=False))


@of_stacks
def _row_order(piv: Any) -> Any:
    """Which row of A is row i of P A: at step i, row i was exchanged with row piv[i]."""
    order = np.broadcast_to(np.arange(piv.shape[-1]), piv.shape).copy()
    for i in range(piv.shape[-1]):
        other = np.take_along_axis(order, piv[..., i : i + 1], -1)
        np.put_along_axis(order, piv[..., i : i + 1], order[..., i : i + 1], -1)
        order[..., i : i + 1] = other
    return order


def in_order(a: Any, order: Any) -> Any:
    return np.take_along_axis(a, order[..., None], -2)


def lu_factor_rule(g: Any, y: Any) -> Any:
    """Pᵀ L⁻ᵀ (below(Lᵀ g) + above(g Uᵀ)) U⁻ᵀ; "below" is without the diagonal, and "above" with it."""
    (of_lu, _), (lu, piv) = g, y
    unit = np.eye(lu.shape[-1])
    of_l, of_u = transposed(np.tril(lu, -1) + unit) @ of_lu, of_lu @ transposed(np.triu(lu))
    both = np.tril(of_l, -1) + np.triu(of_u)
    left = solve_triangular(lu, both, trans=1, lower=True, unit_diagonal=True, check_finite=False)
    found = transposed(solve_triangular(lu, transposed(left), check_finite=False))
    return in_order(found, np.argsort(row_order(piv)))


@of_stacks
def _lu_solve(lu: Any, piv: Any, b: Any, *, trans: int = 0, check_finite: bool = True) -> Any:
    require_finite(check_finite, lu, b)
    if not np.isin(piv, np.arange(lu.shape[-1])).all():  # LAPACK would write beyond the arrays
        raise ArgumentError("lu_solve got an exchange with a row that is not there.", "Leave piv as lu_factor gave it.")
    return scipy_linalg().lu_solve((lu, piv), b, trans=trans, check_finite=False)


def lu_solve_right(g: Any, lu: Any, piv: Any, *, trans: int) -> Any:
    """S with op(A)ᵀ S = g; the transpose of Aᴴ is the conjugate of A."""
    if trans == 2:
        lu, trans = np.conj(lu), 1
    return lu_solve(lu, piv, g, trans=1 - trans, check_finite=False)


def lu_solve_left(g: Any, lu: Any, piv: Any, y: Any, *, trans: int) -> Any:
    """That of A is -S Xᵀ; that of L is P times this, times Uᵀ, and that of U is Lᵀ P times it."""
    of_system = -(lu_solve_right(g, lu, piv, trans=trans) @ transposed(y))
    found = in_order((of_system, transposed(of_system), adjoint(of_system))[trans], row_order(piv))
    lower = np.tril(lu, -1) + np.eye(lu.shape[-1])
    return np.tril(found @ transposed(np.triu(lu)), -1) + np.triu(transposed(lower) @ found)


def exchanged(rng: Rng) -> Iterator[Case]:
    """Matrices of which rows are exchanged."""
    for shape in ((2, 2, 2), (3, 3)):
        yield (normal(rng, shape) + 4 * np.roll(np.eye(shape[-1]), 1, 0),), {}


def exchanged_systems(rng: Rng) -> Iterator[Case]:
    two, three = np.array([1, 1]), np.array([[1, 2, 2], [2, 2, 2]])
    yield (factors(rng, (2, 2)), two, normal(rng, (2, 1))), {"trans": 0}
    yield (factors(rng, (2, 2)), two, normal(rng, (2, 1))), {"trans": 1}
    yield (factors(rng, (2, 3, 3)), three, normal(rng, (2, 3, 1))), {}
    yield (factors(rng, (2, 2), plane), two, plane(rng, (2, 1))), {"trans": 2}


def exchanges(rng: Rng) -> Iterator[Case]:
    for piv in ([1, 2, 2], [[0, 1], [1, 1]]):
        yield (np.array(piv),), {}


row_order = general("row_order", _row_order, "piv", sample=exchanges, symbol="row order")
lu_factor = general("lu_factor", _lu_factor, "a", lu_factor_rule, sample=exchanged, symbol="LU")
lu_solve: Any = general(
    "lu_solve",
    _lu_solve,
    "lu piv b",
    (lu_solve_left, None, lu_solve_right),
    sample=exchanged_systems,
    symbol="(LU)⁻¹b",
)
