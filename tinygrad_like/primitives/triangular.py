"""Triangular systems and Cholesky factors, by scipy.linalg: only the triangle that is read has a gradient.

The rules are those for complex numbers: transposes without conjugates, where nothing is conjugated in the function.
With op(A) = A, Aᵀ or Aᴴ and op(A) X = B, the cotangent of B is S with op(A)ᵀ S = g, and that of op(A) is -S Xᵀ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.registry import general
from ..engine.scipy_loading import require_finite, scipy_linalg
from ..engine.traces import whole
from .samples import Case, Rng, normal
from .triangle_inverse import transposed


def adjoint(a: Any) -> Any:
    """The conjugate transpose."""
    return np.conj(a.swapaxes(-1, -2))


def triangle(a: Any, lower: bool, k: int = 0) -> Any:
    """The lower or the upper triangle, without the k diagonals nearest to the middle."""
    return np.tril(a, -k) if lower else np.triu(a, k)


# -- op(A) X = B -----------------------------------------------------------------------------------------


@whole
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
    return triangle(of_matrix, lower, int(unit_diagonal))


# -- A = L Lᴴ = Uᴴ U ---------------------------------------------------------------------------------------


@whole
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
        found = factor_rule(np.tril(g), np.tril(y))
    else:
        found = adjoint(factor_rule(np.tril(adjoint(g)), np.tril(adjoint(y))))
    return found if clean else found + triangle(g, not lower, 1)


@whole
def _cho_solve(c: Any, b: Any, *, lower: bool = False, check_finite: bool = True) -> Any:
    require_finite(check_finite, c, b)
    return scipy_linalg().cho_solve((c, lower), b, check_finite=False)


def cho_solve_right(g: Any, c: Any, *, lower: bool) -> Any:
    """Aᵀ is the conjugate of A."""
    return cho_solve(np.conj(c), g, lower=lower, check_finite=False)


def cho_solve_left(g: Any, c: Any, y: Any, *, lower: bool) -> Any:
    of_matrix = cho_solve_right(g, c, lower=lower) @ transposed(y)
    both = -(of_matrix + adjoint(of_matrix))
    factor = np.conj(triangle(c, lower))
    return triangle(both @ factor if lower else factor @ both, lower)


# -- samples ---------------------------------------------------------------------------------------------


def factors(rng: Rng, shape: tuple[int, ...]) -> Any:
    """Full matrices, whose triangles both have a diagonal far from 0."""
    return normal(rng, shape) + 3 * np.eye(shape[-1])


def triangular_systems(rng: Rng) -> Iterator[Case]:
    for trans in (0, 1, 2):
        for lower in (False, True):
            options = {"trans": trans, "lower": lower, "unit_diagonal": lower == (trans == 1)}
            yield (factors(rng, (3, 3)), normal(rng, (3, 2))), options
    yield (factors(rng, (2, 2, 2)), normal(rng, (2, 2, 1))), {"lower": True}


def definite(rng: Rng) -> Iterator[Case]:
    """Not symmetric: the triangle that is not read is other numbers."""
    for shape in ((3, 3), (2, 2, 2)):
        for lower in (False, True):
            a = normal(rng, shape)
            yield (
                (triangle(a @ transposed(a) + np.eye(shape[-1]), lower) + triangle(a, not lower, 1),),
                {
                    "lower": lower,
                    "clean": len(shape) == 3 or lower,
                },
            )
    yield (np.eye(2) * 4 + np.tri(2),), {"lower": False, "clean": False}


def factored_systems(rng: Rng) -> Iterator[Case]:
    for lower in (False, True):
        yield (factors(rng, (3, 3)), normal(rng, (3, 2))), {"lower": lower}
    yield (factors(rng, (2, 2, 2)), normal(rng, (2, 2, 1))), {"lower": True}


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
