"""Eigenvalues and right eigenvectors of general matrices.

With V of the right vectors as columns, W = V⁻¹ and M = W dA V: dw_i = M_ii, and a vector v_j changes by the sum of the
other v_i times M_ij / (w_j - w_i), less its part along v_j, since it keeps its length. Nothing else is free but its
phase. See Giles, An extended collection of matrix derivative results (2008).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from ..engine.tensor import values_of
from .samples import Case, Rng
from .stacks import transposed

MARGIN = 10  # rounding errors are a few units


def eig_rule(g: Any, a: Any, y: Any) -> Any:
    """Wᵀ (diag(g_w) + K) Vᵀ, where K_ij = (Vᵀ g_v)_ij / (w_j - w_i), with g_v less what would change the length."""
    (of_w, of_v), (w, v) = g, y
    left = left_vectors(v)
    along = np.sum(v * of_v, axis=-2, keepdims=True)
    inner = transposed(v) @ (of_v - conjugated(v) * along)
    known = [values_of(each) for each in (w, left, a, of_w, of_v, inner)]
    gaps = all_differences(w)
    share = inner * pairs_apart(*known) / np.where(gaps == 0, 1, gaps)
    middle = share + of_w[..., None, :] * like_equals(*known[:4])
    turned = free_phases(known[0], values_of(v) * known[4], a.dtype.kind == "c")
    return transposed(left) @ (middle + turned[..., None, :]) @ transposed(v)


def left_vectors(v: Any) -> Any:
    """The rows of v⁻¹. One of a length of 1 / √eps is nan: its eigenvalue, and its v, is lost in rounding.

    That is so where the matrix has too few eigenvectors (it is defective, or nearly).
    """
    is_singular = np.linalg.slogdet(values_of(v))[0] == 0
    left = np.linalg.inv(v + nan_where(is_singular[..., None, None], v))
    is_lost = row_lengths(values_of(left)) > 1 / (16 * np.sqrt(np.finfo(v.dtype).eps))
    return left + nan_where(is_lost[..., None], v)


def nan_where(condition: Any, like: Any) -> Any:
    """nan, else 0, as real numbers of the precision of another array."""
    return np.where(condition, np.nan, 0).astype(like.real.dtype)


def all_differences(w: Any) -> Any:
    return w[..., None, :] - w[..., :, None]


def rounding_unit(w: Any) -> Any:
    return MARGIN * w.shape[-1] * np.finfo(w.dtype).eps


def row_lengths(rows: Any) -> Any:
    return np.sqrt(np.sum(np.abs(rows) ** 2, axis=-1))


def equal_pairs(w: Any, left: Any, a: Any) -> Any:
    """The pairs of eigenvalues that rounding cannot tell apart; each moves by that of a times the length of its row."""
    moves = rounding_unit(w) * np.sum(np.abs(a), axis=(-2, -1))[..., None] * row_lengths(left)
    equal = ~(np.abs(all_differences(w)) > moves[..., None, :] + moves[..., :, None])
    return equal & ~np.eye(w.shape[-1], dtype=bool)


def pairs_apart(w: Any, left: Any, a: Any, of_w: Any, of_v: Any, inner: Any) -> Any:
    """1 for different eigenvalues. For equal ones 0, if the function sees no other choice of their vectors; else nan.

    A function that depends on the values, too, may have a derivative there (as V f(w) V⁻¹), but it cannot be told: nan.
    """
    size = np.sum(np.abs(of_v), axis=(-2, -1), keepdims=True)
    noise = rounding_unit(w) * size * np.sum(np.abs(left), axis=(-2, -1), keepdims=True)
    depends = (size > 0) & np.any(of_w != 0, axis=-1)[..., None, None]
    unknown = nan_where(depends | ~(np.abs(inner) <= noise), w)
    return np.where(equal_pairs(w, left, a), unknown, 1).astype(w.real.dtype)


def like_equals(w: Any, left: Any, a: Any, of_w: Any) -> Any:
    """The identity, with nan where the cotangents of equal eigenvalues differ: one of these has no derivative."""
    size = np.sqrt(np.finfo(w.dtype).eps) * np.sum(np.abs(of_w), axis=-1)[..., None, None]
    differs = np.any(equal_pairs(w, left, a) & (np.abs(all_differences(of_w)) > size), axis=-1)
    return nan_where(differs[..., None], w) + np.eye(w.shape[-1], dtype=w.real.dtype)


def free_phases(w: Any, products: Any, is_complex: bool) -> Any:
    """For each vector 0, or nan if the function depends on its phase, which is free: by the products v g_v.

    A real matrix has real vectors, and pairs of conjugate ones, which turn in opposite directions.
    """
    turns, size = np.sum(products.imag, axis=-2), np.sum(np.abs(products), axis=(-2, -1))[..., None]
    if not is_complex:
        turns = np.where(w.imag == 0, 0, turns - of_conjugate(turns, w))
    return nan_where(np.abs(turns) > np.sqrt(np.finfo(w.dtype).eps) * size, w)


def of_conjugate(x: Any, w: Any) -> Any:
    """For each eigenvalue what is the conjugate one's, which stands behind that above the axis."""
    return np.where(w.imag > 0, np.roll(x, -1, -1), np.roll(x, 1, -1))


def spread_out(rng: Rng) -> Iterator[Case]:
    """Not symmetric, with real eigenvalues far from each other."""
    for shape in ((3, 3), (2, 2, 2), (1, 1), (0, 2, 2), (2, 0, 0)):
        yield (rng.uniform(-1, 1, shape) + np.diag(4.0 * np.arange(shape[-1])),), {}


eig = general("eig", np.linalg.eig, "a", eig_rule, sample=spread_out, symbol="eig", numpy=())
