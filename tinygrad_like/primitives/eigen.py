"""Eigenvalues and eigenvectors of symmetric (hermitian) matrices: eigh, eigvalsh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from .repeated import (
    adjoint,
    antihermitian,
    diagonals,
    divided,
    gaps,
    is_recorded,
    left_open,
    pairs,
    phases,
    shared,
    transposed,
)
from .samples import Case, Rng, normal


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


def of_values(h: Any, w: Any, v: Any) -> Any:
    """The cotangent of a matrix of which only the eigenvalues were used."""
    if is_recorded(h):
        return restored(left_open(diagonals(shared(h, w)), w), v)
    return (conjugated(v) * shared(h, w)[..., None, :]) @ transposed(v)


def eigh_rule(g: Any, y: Any, *, UPLO: str) -> Any:
    """V (diag(w̄) + K / (w_j - w_i)) Vᵀ, where K is the antihermitian part of Vᵀ V̄: Giles (2008)."""
    (h, gv), (w, v) = g, y
    m = transposed(v) @ gv
    depends = np.any(h != 0, axis=-1)[..., None, None]
    c = divided(antihermitian(m), gaps(w), pairs(w, m, depends)) + diagonals(shared(h, w)) + phases(m)
    return folded(restored(left_open(c, w) if is_recorded(h) else c, v), UPLO)


def eigvalsh_rule(g: Any, a: Any, *, UPLO: Any) -> Any:
    return folded(of_values(g, *np.linalg.eigh(a, UPLO=UPLO)), UPLO)


def spread_out(rng: Rng) -> Iterator[Case]:
    """Matrices of which one triangle is read, with eigenvalues far from each other."""
    for shape, UPLO in (((3, 3), "L"), ((2, 2, 2), "U"), ((3, 3), "U"), ((1, 1), "L"), ((0, 2, 2), "L")):
        yield (normal(rng, shape) + np.diag(3.0 * np.arange(shape[-1])),), {"UPLO": UPLO}


BY_TRIANGLE: dict[str, Any] = {"options": {"UPLO": "L"}, "by_position": 1, "sample": spread_out}

eigh = general("eigh", np.linalg.eigh, "a", eigh_rule, symbol="eigh", **BY_TRIANGLE)
eigvalsh = general("eigvalsh", np.linalg.eigvalsh, "a", eigvalsh_rule, symbol="eigenvalues", **BY_TRIANGLE)
