"""Eigenvalues and eigenvectors of symmetric (hermitian) matrices: eigh, eigvalsh.

Where eigenvalues are equal, but for rounding, a function that treats them and their vectors alike has its derivative:
a sum of f(w), or the projector on all of their space. What treats them differently has none: its gradient is nan. So
has what uses both at once, as V f(w) Vᵀ does, since its rule cannot know f': write `tinygrad_like.linalg.expm`, `sqrtm`
or `logm` for functions of a matrix. What adds a function of the values to one of such projectors takes them of two
calls. The phase of a complex vector is free: what depends on it is nan. Second derivatives at equal eigenvalues are
right or nan; in forward mode, the tangents of equal eigenvalues and their vectors are nan. Only the triangle that is
read has a gradient.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from ..engine.several import EVERY
from .complexes import plane
from .repeated import (
    depending,
    diagonals,
    divided,
    gaps,
    opened,
    pairs,
    phases,
    shared,
)
from .samples import Case, Rng, normal
from .stacks import adjoint, transposed


def half(x: Any, UPLO: str) -> Any:
    """One triangle, with half of the diagonal."""
    triangle, beside = (np.tril, -1) if UPLO in "Ll" else (np.triu, 1)
    return (triangle(x) + triangle(x, beside)) / 2


def folded(x: Any, UPLO: str) -> Any:
    """The cotangent of the triangle that is read, of that of the whole hermitian matrix."""
    return half(x + adjoint(x), UPLO)


def restored(c: Any, v: Any) -> Any:
    """From the basis of the vectors to that of the matrix."""
    return conjugated(v) @ c @ transposed(v)


def eigh_rule(g: Any, y: Any, *, UPLO: str, received_parts: Any = EVERY) -> Any:
    """V (diag(w̄) + M / (w_j - w_i)) Vᵀ, of which the hermitian part counts, where M = Vᵀ V̄: Giles (2008)."""
    (h, gv), (w, v) = g, y
    m = transposed(v) @ gv
    c = divided(m, gaps(w), pairs(w, m, depending(h, received_parts[0]))) + diagonals(shared(h, w)) + phases(m)
    return folded(restored(opened(c, h, w), v), UPLO)


def eigvalsh_rule(g: Any, a: Any, *, UPLO: Any) -> Any:
    """V diag(w̄) Vᵀ, with vectors that are computed now."""
    w, v = np.linalg.eigh(a, UPLO=UPLO)
    return folded(restored(opened(diagonals(shared(g, w)), g, w), v), UPLO)


def spread_out(rng: Rng) -> Iterator[Case]:
    """Matrices of which one triangle is read, with eigenvalues far from each other."""
    for shape, UPLO in (((3, 3), "L"), ((2, 2, 2), "U"), ((3, 3), "U"), ((1, 1), "L"), ((0, 2, 2), "L"), ((0, 0), "L")):
        yield (normal(rng, shape) + np.diag(3.0 * np.arange(shape[-1])),), {"UPLO": UPLO}


def also_complex(rng: Rng) -> Iterator[Case]:
    """The phases of complex vectors are free, but values do not see them."""
    yield from spread_out(rng)
    for UPLO in "LU":
        yield (plane(rng, (2, 3, 3)) + np.diag(3.0 * np.arange(3)),), {"UPLO": UPLO}


BY_TRIANGLE: dict[str, Any] = {"options": {"UPLO": "L"}, "by_position": 1}

eigh = general("eigh", np.linalg.eigh, "a", eigh_rule, sample=spread_out, symbol="eigh", **BY_TRIANGLE)
eigvalsh = general(
    "eigvalsh", np.linalg.eigvalsh, "a", eigvalsh_rule, sample=also_complex, symbol="eigenvalues", **BY_TRIANGLE
)
