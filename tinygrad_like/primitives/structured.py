"""Systems, inverses and determinants by scipy.linalg, which reads only a part of a matrix of a known structure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.batches.batched_stacks import of_stacks
from ..engine.registry import general
from ..engine.scipy_loading import require_finite, scipy_linalg
from .complexes import plane
from .linear_algebra import det_rule, matrices, regular
from .samples import Case, Domain, Rng, normal
from .stacks import adjoint
from .stacks import transposed as turned
from .triangular import triangle, with_half_diagonal

SYMMETRIC = frozenset({"sym", "symmetric"})
HERMITIAN = frozenset({"her", "hermitian", "pos", "positive definite"})
TURNED = {"upper triangular": "lower triangular", "lower triangular": "upper triangular"}


def part_read(g: Any, structure: Any, lower: bool) -> Any:
    """The cotangent of what is read of a matrix of a structure, for that of the whole matrix."""
    if structure in SYMMETRIC:
        return triangle(g, lower) + triangle(turned(g), lower, 1)
    if structure in HERMITIAN:
        both = g + adjoint(g)
        return with_half_diagonal(both) if lower else turned(with_half_diagonal(turned(both)))
    if structure in TURNED:
        return triangle(g, structure == "lower triangular")
    width = {"diagonal": 0, "tridiagonal": 1}.get(structure)
    return g if width is None else np.triu(np.tril(g, width), -width)


@of_stacks
def _solve_as(
    a: Any, b: Any, *, lower: bool = False, assume_a: Any = None, transposed: bool = False, check_finite: bool = True
) -> Any:
    require_finite(check_finite, a, b)
    return scipy_linalg().solve(a, b, lower=lower, assume_a=assume_a, transposed=transposed, check_finite=False)


def solve_as_right(g: Any, a: Any, *, lower: bool, assume_a: Any, transposed: bool) -> Any:
    """The solution of the transposed system: that of the transposed matrix, where the other triangle is read."""
    structure = TURNED.get(assume_a, assume_a)
    return solve_as(turned(a), g, lower=not lower, assume_a=structure, transposed=transposed, check_finite=False)


def solve_as_left(g: Any, a: Any, y: Any, *, lower: bool, assume_a: Any, transposed: bool) -> Any:
    right = solve_as_right(g, a, lower=lower, assume_a=assume_a, transposed=transposed)
    found = -(y @ turned(right)) if transposed else -(right @ turned(y))
    return part_read(found, assume_a, lower)


@of_stacks
def _inverse(a: Any, *, assume_a: Any = None, lower: bool = False, check_finite: bool = True) -> Any:
    require_finite(check_finite, a)
    return scipy_linalg().inv(a, assume_a=assume_a, lower=lower, check_finite=False)


def inverse_rule(g: Any, y: Any, *, assume_a: Any, lower: bool) -> Any:
    return part_read(-(turned(y) @ g @ turned(y)), assume_a, lower)


@of_stacks
def _determinant(a: Any, *, check_finite: bool = True) -> Any:
    require_finite(check_finite, a)
    return scipy_linalg().det(a, check_finite=False)


# -- samples ---------------------------------------------------------------------------------------------

STRUCTURES = (None, "diagonal", "tridiagonal", "upper triangular", "lower triangular", "sym", "her", "pos")


def of_structure(rng: Rng, structure: Any, draw: Domain = normal) -> Any:
    """Matrices that are solvable whatever part of them is read, and not symmetric."""
    return regular(rng, (3, 3)) if structure is None else draw(rng, (3, 3)) / 4 + 3 * np.eye(3)


def structured(rng: Rng) -> Iterator[Case]:
    for structure in STRUCTURES:
        for lower in (False, True)[: 1 + (structure in SYMMETRIC | HERMITIAN)]:
            yield (of_structure(rng, structure),), {"assume_a": structure, "lower": lower}
    yield (regular(rng, (2, 2, 2)),), {}
    for lower in (False, True):
        yield (of_structure(rng, "her", plane),), {"assume_a": "her", "lower": lower}


def invertible(rng: Rng) -> Iterator[Case]:
    for arrays, options in structured(rng):
        if options.get("assume_a") not in ("diagonal", "tridiagonal"):
            yield arrays, options


def structured_systems(rng: Rng) -> Iterator[Case]:
    for (a,), options in structured(rng):
        yield (a, (plane if a.dtype.kind == "c" else normal)(rng, (*a.shape[:-1], 1))), options
    for structure in (None, "lower triangular", "tridiagonal", "sym"):
        yield (of_structure(rng, structure), normal(rng, (3, 1))), {"assume_a": structure, "transposed": True}
    yield (of_structure(rng, "banded"), normal(rng, (3, 1))), {"assume_a": "banded"}


def one_and_more(rng: Rng) -> Iterator[Case]:
    for arrays, options in matrices(rng):
        if arrays[0].size:  # SciPy takes no stack of none
            yield arrays, options


solve_as: Any = general(
    "solve_as",
    _solve_as,
    "a b",
    (solve_as_left, solve_as_right),
    sample=structured_systems,
    symbol="A⁻¹b",
)
inverse = general("inverse", _inverse, "a", inverse_rule, sample=invertible, symbol="A⁻¹")
determinant = general("determinant", _determinant, "a", det_rule, sample=one_and_more, symbol="det")
