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
from ..engine.traces import whole
from .samples import Case, Rng
from .triangle_inverse import transposed

MARGIN = 10  # rounding errors are a few units


def eig_rule(g: Any, a: Any, y: Any) -> Any:
    """Wᵀ (diag(g_w) + K) Vᵀ, where K_ij = (Vᵀ g_v)_ij / (w_j - w_i), with g_v less what would change the length."""
    (of_w, of_v), (w, v) = g, y
    left = left_vectors(v)
    along = np.sum(v * of_v, axis=-2, keepdims=True)
    inner = transposed(v) @ (of_v - conjugated(v) * along)
    known = [values_of(each) for each in (w, left, a, of_w, of_v, inner)]
    apart = pairs_apart(*known)
    gaps = np.where(apart == 1, w[..., None, :] - w[..., :, None], 1)
    middle = inner * apart / gaps + of_w[..., None, :] * like_equals(*known[:4])
    turned = free_phases(known[0], values_of(v) * known[4], a.dtype.kind == "c")
    return transposed(left) @ (middle + turned[..., None, :]) @ transposed(v)


def left_vectors(v: Any) -> Any:
    """The rows of v⁻¹. One of a length of 1 / √eps is nan: its eigenvalue, and its v, is lost in rounding.

    That is so where the matrix has too few eigenvectors (it is defective, or nearly).
    """
    none = np.where(np.linalg.slogdet(values_of(v))[0] == 0, np.nan, 0)[..., None, None]
    left = np.linalg.inv(v + none.astype(v.real.dtype))
    limit = 1 / (16 * np.sqrt(np.finfo(v.dtype).eps))
    return left + np.where(lengths(values_of(left)) > limit, np.nan, 0)[..., None].astype(v.real.dtype)


def lengths(rows: Any) -> Any:
    return np.sqrt(np.sum(np.abs(rows) ** 2, axis=-1))


def equals(w: Any, left: Any, a: Any) -> Any:
    """The pairs of eigenvalues that rounding cannot tell apart; each moves by that of a times the length of its row."""
    size = MARGIN * w.shape[-1] * np.finfo(w.dtype).eps * np.max(np.abs(a), axis=(-2, -1), initial=0)
    moves = size[..., None] * lengths(left)
    equal = ~(np.abs(w[..., None, :] - w[..., :, None]) > moves[..., None, :] + moves[..., :, None])
    return equal & ~np.eye(w.shape[-1], dtype=bool)


@whole
def pairs_apart(w: Any, left: Any, a: Any, of_w: Any, of_v: Any, inner: Any) -> Any:
    """1 for different eigenvalues. For equal ones 0, if the function sees no other choice of their vectors; else nan.

    A function that depends on the values, too, may have a derivative there (as V f(w) V⁻¹), but it cannot be told: nan.
    """
    equal, n = equals(w, left, a), w.shape[-1]
    size = np.sum(np.abs(of_v), axis=(-2, -1), keepdims=True)
    rounding = MARGIN * n * np.finfo(w.dtype).eps * np.max(lengths(left), axis=-1, initial=0)[..., None, None]
    depends = (size > 0) & np.any(of_w != 0, axis=-1)[..., None, None]
    unknown = np.where(depends | ~(np.abs(inner) <= rounding * size), np.nan, 0)
    return np.where(equal, unknown, 1 - np.eye(n)).astype(w.real.dtype)


@whole
def like_equals(w: Any, left: Any, a: Any, of_w: Any) -> Any:
    """The identity, with nan where the cotangents of equal eigenvalues differ: one of these has no derivative."""
    size = np.sqrt(np.finfo(w.dtype).eps) * np.max(np.abs(of_w), axis=-1, initial=0)[..., None, None]
    differs = np.abs(of_w[..., None, :] - of_w[..., :, None]) > size
    broken = np.any(equals(w, left, a) & differs, axis=-1)
    return np.where(broken[..., None], np.nan, 1).astype(w.real.dtype) * np.eye(w.shape[-1], dtype=w.real.dtype)


@whole
def free_phases(w: Any, products: Any, is_complex: bool) -> Any:
    """For each vector 0, or nan if the function depends on its phase, which is free: by the products v g_v.

    A real matrix has real vectors, and pairs of conjugate ones, which turn in opposite directions.
    """
    turns = np.sum(products.imag, axis=-2)
    size = np.sqrt(np.finfo(w.dtype).eps) * np.sum(np.abs(products), axis=-2)
    if not is_complex:
        other = np.where(w.imag > 0, np.roll(turns, -1, -1), np.roll(turns, 1, -1))
        turns = np.where(w.imag == 0, 0, turns - other)
    return np.where(np.abs(turns) > size, np.nan, 0).astype(w.real.dtype)


def spread_out(rng: Rng) -> Iterator[Case]:
    """Not symmetric, with real eigenvalues far from each other."""
    for shape in ((3, 3), (2, 2, 2), (1, 1), (0, 2, 2)):
        yield (rng.uniform(-1, 1, shape) + np.diag(4.0 * np.arange(shape[-1])),), {}


eig = general("eig", np.linalg.eig, "a", eig_rule, sample=spread_out, symbol="eig", numpy=())
