"""Singular values and vectors: svd with vectors, svdvals.

The derivatives of the vectors divide by sums and differences of singular values, each by itself: so what has only the
one kind, as the product U Vᵀ, is finite where the other is 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from ..engine.shortcuts import shortcut
from ..engine.tensor import values_of
from ..engine.traces import whole
from .repeated import (
    NOISE,
    adjoint,
    antihermitian,
    any_used,
    diagonals,
    divided,
    equals,
    gaps,
    is_recorded,
    left_open,
    noise,
    pairs,
    phases,
    rounding,
    shared,
    sums,
    transposed,
)
from .samples import Case, Rng


def are_zero(s: Any) -> Any:
    """Which singular values are 0 but for rounding."""
    s = values_of(s)
    return s <= rounding(s)[..., None]


def of_size(h: Any, s: Any) -> Any:
    """The cotangents of singular values; 0 of those that are 0, as of |x| at 0."""
    return shared(np.where(are_zero(s), 0, h), s)


def undecided(x: Any, s: Any) -> Any:
    """x, which has no derivative itself where a singular value is 0."""
    return left_open(x, s, are_zero(s).any(-1)[..., None, None])


def of_values(h: Any, u: Any, s: Any, vh: Any) -> Any:
    """The cotangent of a matrix of which only the singular values were used: U diag(s̄) Vᵀ."""
    alone = of_size(h, s)
    if is_recorded(h):
        return undecided(conjugated(u) @ left_open(diagonals(alone), s, equals(s)) @ conjugated(vh), s)
    return undecided((conjugated(u) * alone[..., None, :]) @ conjugated(vh), s)


def of_vectors(gu: Any, h: Any, gvh: Any, u: Any, s: Any, vh: Any) -> Any:
    """The same, if the vectors were used, too."""
    left, right = transposed(u) @ gu, gvh @ transposed(vh)
    x = inner(left, right, h, s)
    if u.shape[-2] > s.shape[-1]:
        return undecided((conjugated(u) @ x + beside(gu, gu - conjugated(u) @ left, s)) @ conjugated(vh), s)
    if vh.shape[-1] > s.shape[-1]:
        apart = beside(transposed(gvh), transposed(gvh - right @ conjugated(vh)), s)
        return undecided(conjugated(u) @ (x @ conjugated(vh) + transposed(apart)), s)
    return undecided(conjugated(u) @ x @ conjugated(vh), s)


def of_all_vectors(gu: Any, h: Any, gvh: Any, u: Any, s: Any, vh: Any) -> Any:
    """The same, if there are vectors beside the first k: they belong to singular values that are 0."""
    k, m, n = s.shape[-1], u.shape[-1], vh.shape[-1]
    left, right = transposed(u) @ gu, gvh @ transposed(vh)
    x = inner(padded(left, n - m, 2), padded(right, m - n, 2), padded(h, abs(m - n), 1), padded(s, abs(m - n), 1))
    # The corner falls away, but not a nan that stands there.
    corner = 0 * x[..., k:, k:].sum(axis=(-2, -1), keepdims=True)
    return undecided(conjugated(u) @ (x[..., :m, :n] + corner) @ conjugated(vh), s)


def padded(x: Any, more: int, axes: int) -> Any:
    """x with so many zeros more at the end of its last axes."""
    return np.pad(x, [(0, 0)] * (x.ndim - axes) + [(0, more)] * axes) if more > 0 else x


def inner(left: Any, right: Any, h: Any, s: Any) -> Any:
    """The cotangent of Uᴴ A V, by those of the vectors in the bases of the vectors."""
    turn, other, both = antihermitian(left), antihermitian(right), left + adjoint(right)
    alone, zero = of_size(h, s), are_zero(s)
    depends = any_used(h) & ~(zero[..., None, :] & zero[..., :, None])
    apart = divided(turn - other, gaps(s), pairs(s, both, depends))
    together = divided(turn + other, sums(s), vanishing(values_of(s), values_of(turn + other)))
    x = apart + together + diagonals(alone)
    if x.dtype.kind == "c":
        x = x + diagonals(phases(values_of(both)))
    return left_open(x, s, equals(s)) if is_recorded(h) else x


@whole
def vanishing(s: Any, k: Any) -> Any:
    """1; for a pair of values that are 0, 0 if k is, else nan."""
    both = sums(s) <= rounding(s)[..., None, None]
    return np.where(both, np.where(np.abs(k) > noise(k), np.nan, 0), 1).astype(s.dtype)


def beside(g: Any, rest: Any, s: Any) -> Any:
    """What the cotangents of the vectors have beside all vectors, `rest` of g, over the singular values."""
    return divided(rest, s[..., None, :], outside(values_of(g), values_of(rest), values_of(s)))


@whole
def outside(g: Any, rest: Any, s: Any) -> Any:
    """1; for a singular value that is 0, 0 if there is nothing beside the vectors, else nan."""
    size = 1 + np.sqrt((g * conjugated(g)).real.sum(-2, keepdims=True))
    found = np.abs(rest) > NOISE * g.shape[-2] * np.finfo(g.dtype).eps * size
    return np.where(are_zero(s)[..., None, :], np.where(found, np.nan, 0), 1).astype(s.dtype)


def svd_rule(g: Any, y: Any) -> Any:
    """U (diag(s̄) + K₁ / (s_j - s_i) + K₂ / (s_j + s_i)) Vᵀ, K₁ and K₂ the antihermitian parts of Uᵀ Ū ± Vᵀ V̄."""
    (gu, h, gvh), (u, s, vh) = g, y
    k = s.shape[-1]
    if shortcut(~(np.any(values_of(gu)) | np.any(values_of(gvh)))):
        return of_values(h, u[..., :k], s, vh[..., :k, :])
    if u.shape[-1] != vh.shape[-2]:
        return of_all_vectors(gu, h, gvh, u, s, vh)
    return of_vectors(gu, h, gvh, u, s, vh)


def svdvals_rule(g: Any, a: Any) -> Any:
    return of_values(g, *svd(a, full_matrices=False))


def _svd(a: Any, full_matrices: bool = True) -> Any:
    return np.linalg.svd(a, full_matrices)


def _svdvals(a: Any) -> Any:
    return np.linalg.svd(a, compute_uv=False)


def well_apart(rng: Rng, shape: tuple[int, ...]) -> Any:
    """Matrices whose singular values are far from each other, and from 0."""
    return rng.normal(size=shape) * 0.3 + np.eye(shape[-2], shape[-1])[:, ::-1] * (2.0 + 2 * np.arange(shape[-1]))


def of_all_shapes(rng: Rng) -> Iterator[Case]:
    for shape in ((3, 3), (4, 2), (2, 2, 3), (1, 1), (0, 2, 2)):
        yield (well_apart(rng, shape),), {}


def with_vectors(rng: Rng) -> Iterator[Case]:
    for (a,), _ in of_all_shapes(rng):
        yield (a,), {"full_matrices": False}
    for shape in ((3, 2), (2, 2, 3), (2, 2)):  # one more vector is free in its sign alone
        yield (well_apart(rng, shape),), {}


svd = general("svd", _svd, "a", svd_rule, sample=with_vectors, symbol="svd")
svdvals = general("svdvals", _svdvals, "a", svdvals_rule, sample=of_all_shapes, symbol="singular values")
