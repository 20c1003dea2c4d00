"""Systems of equations. A large matrix is factored once, for the solution and for all of its derivatives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..engine.registry import general
from .complexes import plane
from .lapack import lu_solution
from .linear_algebra import regular
from .samples import Case, Rng, normal
from .stacks import transposed


class Factors(NamedTuple):
    """The factors of one matrix, or of a stack."""

    lu: Any
    pivots: Any

    def __repr__(self) -> str:
        return "factors"


def solution(a: Any, b: Any, factors: Factors | None = None, turned: bool = False) -> Any:
    """The solution x of a x = b, or of aᵀ x = b if it is `turned`; by the factors of a, if they are given."""
    if factors is not None:
        return lu_solution(b, *factors, turned)
    return np.linalg.solve(transposed(a) if turned else a, b)


def solve_right(g: Any, a: Any, *, factors: Factors | None, turned: bool) -> Any:
    """The cotangent of b: the solution for the transposed matrix, by the same factors."""
    return solve(a, g, factors=factors, turned=not turned)


def solve_left(g: Any, a: Any, y: Any, *, factors: Factors | None, turned: bool) -> Any:
    """The cotangent of a: -(the cotangent of b) yᵀ, transposed if a is."""
    part = -solve_right(g, a, factors=factors, turned=turned)
    return by_transposed(y, part) if turned else by_transposed(part, y)


def by_transposed(a: Any, b: Any) -> Any:
    """a bᵀ; of single columns as an outer product, which is twice as fast."""
    return a * transposed(b) if a.shape[-1] == 1 else a @ transposed(b)


def equations(rng: Rng) -> Iterator[Case]:
    for shape, right in (((3, 3), (3, 2)), ((2, 2, 2), (2, 2, 1)), ((1, 1), (1, 1)), ((0, 2, 2), (0, 2, 3))):
        yield (regular(rng, shape), normal(rng, right)), {}
    yield (regular(rng, (2, 3, 3)), normal(rng, (2, 3, 2))), {"turned": True}
    yield (regular(rng, (3, 3)) + 1j * normal(rng, (3, 3)), plane(rng, (3, 2))), {}


solve = general("solve", solution, "a b", (solve_left, solve_right), sample=equations, symbol="A⁻¹b")
