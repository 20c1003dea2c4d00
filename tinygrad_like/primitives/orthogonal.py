"""The factors q, with orthonormal columns, and r, upper triangular, of matrices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from ..engine.tensor import values_of
from .complexes import plane
from .samples import Case, Rng, normal
from .stacks import transposed
from .triangle_inverse import triangular_inverse


def qr_rule(g: Any, y: Any) -> Any:
    """The rule of the first columns of a, as many as rows, and of the others, which are q times those of r."""
    (q, r), (of_q, of_r) = y, g
    rows, columns = r.shape[-2:]
    if rows > columns:
        q, of_q = without_the_rest(q, of_q, columns)
        r, of_r = r[..., :columns, :], of_r[..., :columns, :]
    if rows >= columns:
        return first_columns(of_q, of_r, q, r)
    others, share = r[..., rows:], of_r[..., rows:]
    of_q = of_q + conjugated(q @ others @ transposed(share))
    first = first_columns(of_q, of_r[..., :rows], q, r[..., :rows])
    return np.concatenate([first, conjugated(q) @ share], axis=-1)


def first_columns(of_q: Any, of_r: Any, q: Any, r: Any) -> Any:
    """(g_q + q̄ S) r⁻ᵀ, where S is its own adjoint, and has the upper triangle of g_r rᵀ - qᵀ g_q.

    From dq r + q dr = da, where dr is upper triangular with a real diagonal, and the adjoint of qᴴ dq is -qᴴ dq.
    """
    n = r.shape[-1]
    half_diagonal = np.triu(np.ones((n, n), r.real.dtype)) - np.eye(n, dtype=r.real.dtype) / 2
    half = half_diagonal * (of_r @ transposed(r) - transposed(q) @ of_q)
    return (of_q + conjugated(q) @ (half + conjugated(transposed(half)))) @ triangular_inverse(transposed(usable(r)))


def usable(r: Any) -> Any:
    """r, with nan where its diagonal is 0, up to rounding: there, columns of a are dependent, and q is any vector."""
    size, on_diagonal = np.abs(values_of(r)), np.eye(r.shape[-1], dtype=bool)
    limit = 8 * r.shape[-1] * np.finfo(r.dtype).eps * np.max(size, axis=(-2, -1), keepdims=True, initial=0)
    return r + np.where(on_diagonal & (size <= limit), np.nan, 0).astype(r.real.dtype)


def without_the_rest(q: Any, g: Any, n: int) -> tuple[Any, Any]:
    """The first n columns of q and their cotangent, to which that of the other columns is added.

    These are any orthonormal columns beside the first, so dq₂ = -q₁ dq₁ᴴ q₂, but for a rotation. A function that
    depends on the rotation has no derivative: nan. (Forward mode cannot see it, and does not rotate.)
    """
    first, rest, of_rest = q[..., :n], q[..., n:], g[..., n:]
    turning = transposed(values_of(rest)) @ values_of(of_rest)
    turning = np.abs(turning - conjugated(transposed(turning))).max(axis=(-2, -1), keepdims=True)
    limit = np.sqrt(np.finfo(q.dtype).eps) * np.abs(values_of(of_rest)).sum(axis=(-2, -1), keepdims=True)
    undefined = np.where(turning > limit, np.nan, 0).astype(q.real.dtype)
    return first, g[..., :n] - conjugated(rest @ transposed(of_rest) @ first) + undefined


def tall_and_wide(rng: Rng) -> Iterator[Case]:
    for shape in ((3, 3), (2, 4, 2), (2, 4), (1, 1), (0, 2, 2), (3, 0)):
        yield (normal(rng, shape),), {}
    yield (normal(rng, (2, 3)),), {"mode": "complete"}
    yield (plane(rng, (4, 3)),), {}
    yield (plane(rng, (2, 3)),), {}


def orthogonal_factors(a: Any, mode: Any = "reduced") -> Any:
    return np.linalg.qr(a, mode)


qr = general("qr", orthogonal_factors, "a", qr_rule, sample=tall_and_wide, symbol="QR")
