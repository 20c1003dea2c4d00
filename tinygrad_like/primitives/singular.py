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
from ..engine.several import EVERY
from ..engine.shortcuts import shortcut
from ..engine.tensor import Tensor
from .complexes import plane
from .repeated import (
    all_nan,
    antihermitian,
    by_values,
    depending,
    diagonals,
    divided,
    gaps,
    instead,
    noise,
    opened,
    pairs,
    phases,
    rounding,
    shared,
    squares,
    sums,
    unknown,
)
from .samples import Case, Rng
from .stacks import adjoint, transposed


def are_zero(s: Any) -> Any:
    """Which singular values are 0 but for rounding."""
    return s <= rounding(s)


def are_both_zero(s: Any) -> Any:
    return sums(s) <= 2 * rounding(s)[..., None]


def of_size(h: Any, s: Any, more: Any = 0) -> Any:
    """The cotangents of singular values; 0 of those that are 0, as of |x| at 0, but an infinite one is not lost."""
    return shared(h * (1 - are_zero(s) + more), s)


@by_values
def lost(h: Any, s: Any) -> Any:
    """nan where the cotangent of a value that is 0 may be the derivative itself, as of U f(s) Vᴴ; else 0."""
    return unknown(are_zero(s) & (h != 0), s.dtype)


@by_values
def where_zero(g: Any, s: Any) -> Any:
    """0, or nan if x matters and a singular value is 0."""
    return all_nan((np.abs(g) > noise(g)) & np.any(are_zero(s), axis=-1)[..., None, None], s)


# x, computed of the values s and more. It has no derivative where one of these is 0.
at_zero = general(
    "at_zero", lambda x, s: x, "x s", (lambda g: g, lambda g, s: where_zero(g, s)), sample=squares, symbol="=", numpy=()
)


def inner(left: Any, right: Any, h: Any, s: Any, uses_both: bool) -> Any:
    """The cotangent of Uᴴ A V, by those of the vectors in the bases of the vectors."""
    turn, other, both = antihermitian(left), antihermitian(right), left + adjoint(right)
    depends = depending(h, uses_both) & ~are_both_zero(s)
    apart = divided(turn - other, gaps(s), pairs(s, both, depends))
    together = divided(turn + other, sums(s), vanishing(s, turn + other))
    own = of_size(h, s, lost(h, s) if uses_both else 0)
    return opened(apart + together + diagonals(own) + phases(both), h, s)


@by_values
def vanishing(s: Any, k: Any) -> Any:
    """1; for a pair of values that are 0, 0 if k is, else nan."""
    if shortcut(np.all(s > rounding(s))):
        return np.ones_like(sums(s))
    return instead(are_both_zero(s), np.abs(k) > noise(k), s.dtype)


@by_values
def outside(s: Any, g: Any, rest: Any) -> Any:
    """1; for a value that is 0, 0 if the cotangent g of its vector has nothing beside all vectors, else nan."""
    return instead(are_zero(s)[..., None, :], np.abs(rest) > noise(g), s.dtype)


def beside(g: Any, u: Any, s: Any) -> Any:
    """What the cotangents of the vectors u have beside all of them, over the singular values."""
    rest = g - conjugated(u) @ (transposed(u) @ g)
    return divided(rest, s[..., None, :], outside(s, g, rest))


def of_vectors(gu: Any, h: Any, gvh: Any, u: Any, s: Any, vh: Any, uses_both: bool) -> Any:
    """The cotangent of a matrix, if its k singular values and vectors were used."""
    x = inner(transposed(u) @ gu, gvh @ transposed(vh), h, s, uses_both)
    if u.shape[-2] > u.shape[-1]:
        return (conjugated(u) @ x + beside(gu, u, s)) @ conjugated(vh)
    if vh.shape[-2] < vh.shape[-1]:
        return conjugated(u) @ (x @ conjugated(vh) + transposed(beside(transposed(gvh), transposed(vh), s)))
    return conjugated(u) @ x @ conjugated(vh)


def padded(x: Any, more: int, axes: int) -> Any:
    """x with so many zeros more at the end of its last axes."""
    return np.pad(x, [(0, 0)] * (x.ndim - axes) + [(0, more)] * axes) if more > 0 else x


def of_all_vectors(gu: Any, h: Any, gvh: Any, u: Any, s: Any, vh: Any, uses_both: bool) -> Any:
    """The same, if there are vectors beside the first k: they belong to singular values that are 0."""
    k, m, n = s.shape[-1], u.shape[-1], vh.shape[-1]
    left, right = padded(transposed(u) @ gu, n - m, 2), padded(gvh @ transposed(vh), m - n, 2)
    x = inner(left, right, padded(h, abs(m - n), 1), padded(s, abs(m - n), 1), uses_both)
    # The corner falls away, but not a nan that stands there.
    corner = 0 * np.sum(x[..., k:, k:], axis=(-2, -1), keepdims=True)
    return conjugated(u) @ (x[..., :m, :n] + corner) @ conjugated(vh)


def svd_rule(g: Any, y: Any, *, received_parts: Any = EVERY) -> Any:
    """U (diag(s̄) + K₁ / (s_j - s_i) + K₂ / (s_j + s_i)) Vᵀ, K₁ and K₂ the antihermitian parts of Uᵀ Ū ± Vᵀ V̄."""
    (gu, h, gvh), (u, s, vh) = g, y
    rule = of_vectors if u.shape[-1] == vh.shape[-2] else of_all_vectors
    return at_zero(rule(gu, h, gvh, u, s, vh, received_parts[1] and (received_parts[0] or received_parts[2])), s)


def svdvals_rule(g: Any, a: Any) -> Any:
    """U diag(s̄) Vᵀ, with vectors that are computed now."""
    u, s, vh = svd(a, full_matrices=False)
    x = conjugated(u) @ opened(diagonals(of_size(g, s)), g, s) @ conjugated(vh)
    # By values of their own: those of svd would count as used beside its vectors.
    return at_zero(x, svdvals(a)) if isinstance(a, Tensor) else x


def _svd(a: Any, full_matrices: bool = True) -> Any:
    return np.linalg.svd(a, full_matrices)


def _svdvals(a: Any) -> Any:
    return np.linalg.svd(a, compute_uv=False)


def well_apart(rng: Rng, shape: tuple[int, ...]) -> Any:
    """Matrices whose singular values are far from each other, and from 0."""
    return rng.normal(size=shape) * 0.3 + np.eye(shape[-2], shape[-1])[:, ::-1] * (2.0 + 2 * np.arange(shape[-1]))


def of_all_shapes(rng: Rng) -> Iterator[Case]:
    for shape in ((3, 3), (4, 2), (2, 2, 3), (1, 1), (0, 2, 2), (0, 3)):
        yield (well_apart(rng, shape),), {}


def also_complex(rng: Rng) -> Iterator[Case]:
    yield from of_all_shapes(rng)
    for shape in ((3, 2), (2, 2, 2)):
        yield (well_apart(rng, shape) + 0.1 * plane(rng, shape),), {}


def with_vectors(rng: Rng) -> Iterator[Case]:
    for (a,), _ in of_all_shapes(rng):
        yield (a,), {"full_matrices": False}
    for shape in ((3, 2), (2, 2, 3), (2, 2)):  # one more vector is free in its sign alone
        yield (well_apart(rng, shape),), {}


svd = general("svd", _svd, "a", svd_rule, sample=with_vectors, symbol="svd", numpy=())
svdvals = general("svdvals", _svdvals, "a", svdvals_rule, sample=also_complex, symbol="singular values", numpy=())
