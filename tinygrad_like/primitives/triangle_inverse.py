"""The inverse of triangular matrices, by blocks: NumPy has none that is faster than that of any matrix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.registry import general
from ..engine.traces import whole
from .complexes import plane
from .samples import Case, Rng, normal
from .stacks import transposed

MOST = 32  # rows of the blocks that are inverted as any matrix is


@whole
def lower_inverse(a: Any) -> Any:
    """The inverse of the lower triangle of a matrix; nan where a diagonal has a zero.

    The blocks on the diagonal are inverted at once. Then, of two neighbours P and Q, and the block B beside P and
    below Q: the inverse of [[P, 0], [B, Q]] is [[P⁻¹, 0], [-Q⁻¹ B P⁻¹, Q⁻¹]].
    """
    if not a.size:
        return a.copy()
    size, count = a.shape[-1], 1
    while size > MOST:
        size, count = -(-size // 2), count * 2
    lower = padded(a, size * count)
    inverse = np.linalg.inv(diagonal_blocks(lower, size))
    while count > 1:
        size, count = 2 * size, count // 2
        first, second = inverse[..., ::2, :, :], inverse[..., 1::2, :, :]
        beside = diagonal_blocks(lower, size)[..., size // 2 :, : size // 2]
        inverse = np.zeros((*first.shape[:-2], size, size), a.dtype)
        inverse[..., : size // 2, : size // 2] = first
        inverse[..., size // 2 :, size // 2 :] = second
        inverse[..., size // 2 :, : size // 2] = -second @ beside @ first
    return inverse[..., 0, : a.shape[-1], : a.shape[-1]].copy()


def padded(a: Any, total: int) -> Any:
    """The lower triangle, with nan for each zero on the diagonal, and below it the identity up to `total` rows."""
    n = a.shape[-1]
    lower = np.zeros((*a.shape[:-2], total, total), a.dtype)
    lower[..., :n, :n] = np.tril(a)
    each = np.arange(total)
    diagonal = lower[..., each, each]
    lower[..., each, each] = np.where(each >= n, 1, np.where(diagonal == 0, np.nan, diagonal))
    return lower


def diagonal_blocks(a: Any, size: int) -> Any:
    """The blocks of this size along the diagonal of a matrix, as a stack."""
    count = a.shape[-1] // size
    parts = a.reshape(*a.shape[:-2], count, size, count, size)
    return np.moveaxis(np.diagonal(parts, axis1=-4, axis2=-2), -1, -3)


def triangular_inverse_rule(g: Any, y: Any) -> Any:
    return np.tril(-transposed(y) @ g @ transposed(y))


def triangles(rng: Rng) -> Iterator[Case]:
    for shape in ((3, 3), (2, 4, 4), (0, 2, 2)):
        yield (normal(rng, shape),), {}
    yield (plane(rng, (3, 3)),), {}


triangular_inverse = general(
    "triangular_inverse", lower_inverse, "a", triangular_inverse_rule, sample=triangles, symbol="L⁻¹"
)
