"""Linear algebra on stacks of square matrices: inv, det, slogdet, cholesky."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from ..engine.shortcuts import shortcut
from ..engine.tensor import values_of
from ..engine.traces import whole
from .samples import Case, Rng, normal
from .stacks import transposed
from .triangle_inverse import triangular_inverse


def inv_rule(g: Any, y: Any) -> Any:
    return -transposed(y) @ g @ transposed(y)


def adjugate(a: Any) -> Any:
    """det(a) a⁻¹, also of a singular matrix: by products alone (Faddeev and LeVerrier)."""
    n = a.shape[-1]
    eye = np.eye(n, dtype=a.dtype)
    result = eye
    for k in range(1, n):
        product = a @ result
        result = (product * eye).sum(axis=(-2, -1), keepdims=True) / k * eye - product
    return result


def det_rule(g: Any, a: Any, y: Any) -> Any:
    """The cofactors, which a singular matrix has as well."""
    return g[..., None, None] * transposed(det_times_inverse(a, y))


@whole
def det_times_inverse(a: Any, y: Any) -> Any:
    return y[..., None, None] * np.linalg.inv(a) if shortcut(np.all(y)) else adjugate(a)


def slogdet_rule(g: Any, a: Any, y: Any) -> Any:
    """d ln det = tr(a⁻¹ da): its real part is the change of ln |det|, its imaginary part turns the sign.

    The sign of a real matrix is a constant. A singular matrix is a pole: inf, and nan where a cofactor is 0.
    """
    sign, slope = y[0], g[1]
    if sign.dtype.kind == "c":
        slope = slope + 1j * np.imag(g[0] * sign)
    return slope[..., None, None] * transposed(inverse_or_pole(a, sign))


def inverse_or_pole(a: Any, sign: Any) -> Any:
    if shortcut(np.all(sign)):
        return np.linalg.inv(a)
    is_pole = (sign == 0)[..., None, None]
    inverse = np.linalg.inv(np.where(is_pole, np.eye(a.shape[-1], dtype=a.dtype), a))
    return np.where(is_pole, poles(values_of(a), values_of(sign)), inverse)


@whole
def poles(a: Any, sign: Any) -> Any:
    """The inverses of singular matrices, if there are any: their adjugates times infinity."""
    return np.zeros_like(a) if shortcut(np.all(sign)) else adjugate(a) * np.inf


def cholesky_rule(g: Any, y: Any) -> Any:
    """L⁻ᵀ P L⁻¹, where P is the lower triangle of Lᵀ g with half of its diagonal, for the triangle that is read."""
    n, inverse = y.shape[-1], triangular_inverse(y)
    half_diagonal = np.tril(np.ones((n, n), y.dtype)) - np.eye(n, dtype=y.dtype) / 2
    half = transposed(inverse) @ (half_diagonal * (transposed(y) @ g)) @ conjugated(inverse)
    return (half + conjugated(transposed(half))) * half_diagonal


def regular(rng: Rng, shape: tuple[int, ...]) -> Any:
    """Matrices far from singular, not symmetric, of either sign of the determinant."""
    return normal(rng, shape) + 4 * np.eye(shape[-1])[:, ::-1]


def matrices(rng: Rng) -> Iterator[Case]:
    for shape in ((3, 3), (2, 2, 2), (1, 1), (0, 2, 2)):
        yield (regular(rng, shape),), {}
    yield (regular(rng, (2, 3, 3)) + 1j * normal(rng, (2, 3, 3)),), {}


def positive_definite(rng: Rng) -> Iterator[Case]:
    for (a,), _ in matrices(rng):
        yield (a @ conjugated(transposed(a)) + np.eye(a.shape[-1]),), {}


inv = general("inv", np.linalg.inv, "a", inv_rule, sample=matrices, symbol="A⁻¹")
det = general("det", np.linalg.det, "a", det_rule, sample=matrices, symbol="det")
slogdet = general("slogdet", np.linalg.slogdet, "a", slogdet_rule, sample=matrices, symbol="ln |det|", singular=True)
cholesky = general(
    "cholesky", np.linalg.cholesky, "a", cholesky_rule, sample=positive_definite, symbol="cholesky", numpy=()
)
