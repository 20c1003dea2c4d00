"""Eigenvalues and eigenvectors of symmetric (hermitian) matrices: eigh, eigvalsh."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from ..engine.shortcuts import shortcut
from ..engine.tensor import values_of
from .repeated import (
    antihermitian,
    any_used,
    diagonals,
    divided,
    equals,
    gaps,
    is_recorded,
    left_open,
    pairs,
    phases,
    shared,
    transposed,
)
from .samples import Case, Rng, normal


def folded(x: Any, UPLO: str) -> Any:
    """The cotangent of the triangle that is read, of that of the whole hermitian matrix."""
    triangle = np.tril if UPLO.upper() == "L" else np.triu
    read = triangle(x) + triangle(x, -1 if triangle is np.tril else 1)
    if read.dtype.kind != "c":
        return read
    return np.where(np.eye(x.shape[-1], dtype=bool), x.real, read)


def restored(c: Any, v: Any) -> Any:
    """From the basis of the vectors to that of the matrix."""
    return conjugated(v) @ c @ transposed(v)


def of_values(h: Any, w: Any, v: Any) -> Any:
    """The cotangent of a matrix of which only the eigenvalues were used."""
    alone = shared(h, w)
    if not is_recorded(h):
        return (conjugated(v) * alone[..., None, :]) @ transposed(v)
    return restored(left_open(diagonals(alone), w, equals(w)), v)


def of_vectors(h: Any, gv: Any, w: Any, v: Any) -> Any:
    """The same, if the vectors were used, too."""
    m = transposed(v) @ gv
    c = divided(antihermitian(m), gaps(w), pairs(w, m, any_used(h))) + diagonals(shared(h, w))
    if c.dtype.kind == "c":
        c = c + diagonals(phases(values_of(m)))
    if is_recorded(h):
        c = left_open(c, w, equals(w))
    return restored(c, v)


def eigh_rule(g: Any, y: Any, *, UPLO: str) -> Any:
    """V (diag(w̄) + K / (w_j - w_i)) Vᵀ, where K is the antihermitian part of Vᵀ V̄: Giles (2008)."""
    (h, gv), (w, v) = g, y
    unused = shortcut(~np.any(values_of(gv)))
    return folded(of_values(h, w, v) if unused else of_vectors(h, gv, w, v), UPLO)


def eigvalsh_rule(g: Any, a: Any, *, UPLO: Any) -> Any:
    return folded(of_values(g, *np.linalg.eigh(a, UPLO=UPLO)), UPLO)


def spread_out(rng: Rng) -> Iterator[Case]:
    """Matrices of which one triangle is read, with eigenvalues far from each other."""
    for shape, UPLO in (((3, 3), "L"), ((2, 2, 2), "U"), ((3, 3), "U"), ((1, 1), "L"), ((0, 2, 2), "L")):
        yield (normal(rng, shape) + np.diag(3.0 * np.arange(shape[-1])),), {"UPLO": UPLO}


BY_TRIANGLE: dict[str, Any] = {"options": {"UPLO": "L"}, "by_position": 1, "sample": spread_out}

eigh = general("eigh", np.linalg.eigh, "a", eigh_rule, symbol="eigh", **BY_TRIANGLE)
eigvalsh = general("eigvalsh", np.linalg.eigvalsh, "a", eigvalsh_rule, symbol="eigenvalues", **BY_TRIANGLE)
