"""Contractions: matmul, and linear, the affine map of a layer."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.registry import multilinear
from .integers import floats
from .samples import Case, Rng, arrays, either, normal


def rows(x: Any) -> Any:
    """All leading axes joined into one; written out, because -1 is ambiguous for empty arrays."""
    if x.ndim == 1:
        return x.reshape(1, -1)
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def matmul_left(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of a in a @ b: g @ bᵀ, and its vector cases."""
    if b.ndim == 1:
        return g[..., None] * b
    if a.ndim == 1:
        return (b @ g[..., None])[..., 0]
    return g @ b.swapaxes(-1, -2)


def matmul_right(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of b in a @ b: aᵀ @ g, and its vector cases."""
    if a.ndim == 1:
        return a[:, None] * g[..., None, :] if b.ndim > 1 else g * a
    if b.ndim == 1:
        return (a.swapaxes(-1, -2) @ g[..., None])[..., 0]
    if b.ndim == 2 and a.ndim > 2:
        # One product over all batches, instead of one each and their sum.
        return rows(a).T @ rows(g)
    return a.swapaxes(-1, -2) @ g


def linear_weight(g: Any, x: Any) -> Any:
    """gᵀ @ x over all leading axes at once."""
    return rows(g).T.dot(rows(x))


def times(x: Any, matrix: Any) -> Any:
    """x @ matrix; for small arrays `dot` costs less, for more than two axes it does not use BLAS."""
    return x.dot(matrix) if 0 < x.ndim < 3 else x @ matrix


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    y = times(np.asarray(x), weight.T)
    if y.dtype.kind in "iub":
        y = times(floats(np.asarray(x)), floats(weight).T)
    if bias is None:
        return y
    if bias.dtype is y.dtype and y.ndim:
        y += bias
        return y
    return y + bias


def linear_cases(rng: Rng) -> Iterator[Case]:
    for shape in ((5, 3), (3,), (2, 4, 3), (0, 3)):
        yield (normal(rng, shape), normal(rng, (2, 3)), normal(rng, (2,))), {}
        yield (normal(rng, shape), normal(rng, (2, 3))), {}


matmul = multilinear(
    "matmul",
    np.matmul,
    "a b",
    (matmul_left, matmul_right),
    sample=either(
        arrays(((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 0), (0, 3))),
        arrays(((5, 2, 3), (3, 4)), ((2, 1, 2, 3), (4, 3, 2)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2))),
    ),
    symbol="@",
    multiply_adds=lambda y, a, b: y.size * a.shape[-1],
    hint="The last axis of the first must be as long as the last but one of the second; x.T or x.reshape(...) helps.",
)
linear = multilinear(
    "linear",
    _linear,
    "x weight bias",
    (lambda g, weight: times(g, weight), linear_weight, lambda g: g),
    sample=linear_cases,
    symbol="x @ Wᵀ + b",
    added="bias",
    multiply_adds=lambda y, x, weight, bias=None: y.size * weight.shape[-1],
)
