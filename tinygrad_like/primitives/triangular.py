"""Triangular systems and Cholesky factors, by scipy.linalg: only the triangle that is read has a gradient.

The rules are those for complex numbers: transposes without conjugates, where nothing is conjugated in the function.
With op(A) = A, Aᵀ or Aᴴ and op(A) X = B, the cotangent of B is S with op(A)ᵀ S = g, and that of op(A) is -S Xᵀ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.batches.batched_stacks import of_stacks
from ..engine.registry import general
from ..engine.scipy_loading import require_finite, scipy_linalg
from .complexes import plane
from .samples import Case, Domain, Rng, normal
from .stacks import adjoint, transposed


def triangle(a: Any, lower: bool, k: Any = 0) -> Any:
    """The lower or the upper triangle, without the k diagonals nearest to the middle."""
    return np.tril(a, -k) if lower else np.triu(a, k)


# -- op(A) X = B -----------------------------------------------------------------------------------------


@of_stacks
def _solve_triangular(
    a: Any, b: Any, *, trans: int = 0, lower: bool = False, unit_diagonal: bool = False, check_finite: bool = True
) -> Any:
    require_finite(check_finite, a, b)
    return scipy_linalg().solve_triangular(
        a, b, trans=trans, lower=lower, unit_diagonal=unit_diagonal, check_finite=False
    )


def triangular_right(g: Any, a: Any, *, trans: int, lower: bool, unit_diagonal: bool) -> Any:
    if trans == 2:  # the transpose of Aᴴ is the conjugate of A
        a, trans = np.conj(a), 1
    return solve_triangular(a, g, trans=1 - trans, lower=lower, unit_diagonal=unit_diagonal, check_finite=False)


def triangular_left(g: Any, a: Any, y: Any, *, trans: int, lower: bool, unit_diagonal: bool) -> Any:
    right = triangular_right(g, a, trans=trans, lower=lower, unit_diagonal=unit_diagonal)
    of_system = -(right @ transposed(y))
    of_matrix = (of_system, transposed(of_system), adjoint(of_system))[trans]
    return triangle(of_matrix, lower, unit_diagonal)


# -- A = L Lᴴ = Uᴴ U ---------------------------------------------------------------------------------------


@of_stacks
def _cholesky_factor(a: Any, *, lower: bool = False, clean: bool = True, check_finite: bool = True) -> Any:
    require_finite(check_finite, a)
    if clean:
        return scipy_linalg().cholesky(a, lower=lower, check_finite=False)
    return scipy_linalg().cho_factor(a, lower=lower, check_finite=False)[0]


def with_half_diagonal(a: Any) -> Any:
    """The lower triangle, with half of the diagonal."""
    return (np.tril(a) + np.tril(a, -1)) / 2


def factor_rule(g: Any, y: Any) -> Any:
    """The cotangent of the lower triangle of A, for that of L: the sum of S and Sᴴ there, half of it on the diagonal.

    S = L⁻ᵀ P L*⁻¹, where P is the lower triangle of Lᵀ g, with half of its diagonal.
    """
    half = solve_triangular(y, with_half_diagonal(transposed(y) @ g), trans=1, lower=True, check_finite=False)
    turned = solve_triangular(y, transposed(half), trans=2, lower=True, check_finite=False)
    return with_half_diagonal(transposed(turned) + np.conj(turned))


def cholesky_factor_rule(g: Any, y: Any, *, lower: bool, clean: bool) -> Any:
    """For the triangle that is read. Of the other one, a factor that is not clean has a copy."""
    if lower:
        found = factor_rule(g, np.tril(y))
    else:
        found = adjoint(factor_rule(adjoint(g), np.tril(adjoint(y))))
    return found if clean else found + triangle(g, not lower, 1)


@of_stacks
def _cho_solve(c: Any, b: Any, *, lower: bool = False, check_finite: bool = True) -> Any:
    require_finite(check_finite, c, b)
    return scipy_linalg().cho_solve((c, lower), b, check_finite=False)


def cho_solve_right(g: Any, c: Any, *, lower: bool) -> Any:
    """Aᵀ is the conjugate of A."""
    return cho_solve(np.conj(c), g, lower=lower, check_finite=False)


def cho_solve_left(g: Any, c: Any, b: Any, y: Any, *, lower: bool) -> Any:
    """-(S vᵀ + (X uᵀ)*) for L, where u = L*⁻¹ g, v = L⁻¹ B and S = L⁻ᵀ u; no digits cancel as in Lᵀ S and Lᴴ X."""
    factor = c if lower else adjoint(c)
    of_g = solve_triangular(np.conj(factor), g, lower=True, check_finite=False)
    of_b = solve_triangular(factor, b, lower=True, check_finite=False)
    right = solve_triangular(factor, of_g, trans=1, lower=True, check_finite=False)
    found = -np.tril(right @ transposed(of_b) + np.conj(y @ transposed(of_g)))
    return found if lower else adjoint(found)


# -- samples ---------------------------------------------------------------------------------------------


def factors(rng: Rng, shape: tuple[int, ...], draw: Domain = normal) -> Any:
    """Full matrices, whose triangles both have a diagonal far from 0."""
    return draw(rng, shape) + 3 * np.eye(shape[-1])


def triangular_systems(rng: Rng) -> Iterator[Case]:
    for draw, trans, lower, unit in (
        (normal, 0, False, True),
        (normal, 1, True, False),
        (normal, 0, True, False),
        (plane, 1, False, True),
        (plane, 2, False, False),
        (plane, 2, True, True),
    ):
        options = {"trans": trans, "lower": lower, "unit_diagonal": unit}
        stack = (2,) if trans == 0 and lower else ()
        yield (factors(rng, (*stack, 3, 3), draw), draw(rng, (*stack, 3, 1))), options


def definite(rng: Rng) -> Iterator[Case]:
    """Not symmetric: the triangle that is not read is other numbers."""
    for draw in (normal, plane):
        for shape, lower, clean in (((3, 3), False, False), ((2, 2), True, True), ((2, 2, 2), True, False)):
            a = draw(rng, shape)
            read = triangle(a @ adjoint(a) + np.eye(shape[-1]), lower)
            yield (read + triangle(a, not lower, 1),), {"lower": lower, "clean": clean}


def factored_systems(rng: Rng) -> Iterator[Case]:
    for draw, stack, lower in (
        (normal, (), False),
        (normal, (), True),
        (normal, (2,), True),
        (plane, (), False),
        (plane, (), True),
    ):
        yield (factors(rng, (*stack, 2, 2), draw), draw(rng, (*stack, 2, 1))), {"lower": lower}


solve_triangular: Any = general(
    "solve_triangular",
    _solve_triangular,
    "a b",
    (triangular_left, triangular_right),
    sample=triangular_systems,
    symbol="T⁻¹b",
)
cholesky_factor = general(
    "cholesky_factor", _cholesky_factor, "a", cholesky_factor_rule, sample=definite, symbol="cholesky"
)
cho_solve: Any = general(
    "cho_solve",
    _cho_solve,
    "c b",
    (cho_solve_left, cho_solve_right),
    sample=factored_systems,
    symbol="(LLᴴ)⁻¹b",
)
