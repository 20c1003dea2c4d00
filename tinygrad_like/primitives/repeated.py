"""Repeated eigenvalues and singular values: what their vectors leave open, and where a derivative does not exist.

A derivative by vectors divides by differences of values. Values that differ by no more than rounding are equal; then
the vectors are only known up to a rotation among them. Of a function that no such rotation changes, as a projector,
the quotient is 0 / 0, which means 0. Of any other there is no derivative: it becomes nan, never a rounded 0 / 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from ..engine.shortcuts import shortcut
from ..engine.tensor import Tensor, values_of
from ..engine.traces import whole
from .samples import Case, Rng, normal, spread

MARGIN = 10  # of two rows, rounding moves equal values apart by five units
NOISE = 10  # rounding errors add up to a few units for each element of a row


def transposed(a: Any) -> Any:
    return a.swapaxes(-1, -2)


def adjoint(a: Any) -> Any:
    return conjugated(transposed(a))


def antihermitian(a: Any) -> Any:
    return (a - adjoint(a)) / 2


def diagonals(h: Any) -> Any:
    """Matrices with these diagonals."""
    return h[..., None, :] * np.eye(h.shape[-1], dtype=h.dtype)


def gaps(w: Any) -> Any:
    """w_j - w_i at i, j."""
    return w[..., None, :] - w[..., :, None]


def sums(w: Any) -> Any:
    """w_j + w_i at i, j."""
    return w[..., None, :] + w[..., :, None]


def divided(k: Any, d: Any, fill: Any) -> Any:
    """k / d where `fill` is 1; elsewhere k times what it is instead, 0 or nan."""
    apart = fill == 1
    return k * np.where(apart, 1 / np.where(apart, d, 1), fill)


def rounding(w: Any) -> Any:
    """How far rounding moves the values of a matrix, in LAPACK and in what made the matrix."""
    return (w.shape[-1] + MARGIN) * np.finfo(w.dtype).eps * np.max(np.abs(w), axis=-1, initial=0)


def noise(m: Any) -> Any:
    """How large rounding may make an element of m that is 0: in proportion to its row and column; or to 1."""
    squares = (m * conjugated(m)).real
    size = 1 + np.sqrt(squares.sum(-1, keepdims=True)) + np.sqrt(squares.sum(-2, keepdims=True))
    return NOISE * m.shape[-1] * np.finfo(m.dtype).eps * size


def pairs(w: Any, m: Any, depends: Any) -> Any:
    """For each pair of values: 1 if they differ; else 0 if the function sees no rotation of their vectors, else nan."""
    return pairs_of_values(values_of(w), values_of(m), depends)


@whole
def pairs_of_values(w: Any, m: Any, depends: Any) -> Any:
    """The same. That m is hermitian there means no rotation is seen. But so it is in V f(w) Vᵀ, whose true derivative

    f'(w) m depends on f: where the function `depends` on the values, too, one that is not diagonal there is unknown.
    """
    equal = equals(w)
    if shortcut(~np.any(equal)):
        return 1 - np.eye(w.shape[-1], dtype=w.dtype)
    least = noise(m)
    unknown = (np.abs(antihermitian(m)) > least) | (depends & (np.abs(m) > least))
    return np.where(equal, np.where(unknown, np.nan, 0), 1 - np.eye(w.shape[-1], dtype=w.dtype))


def any_used(h: Any) -> Any:
    """Whether the function depends on any of the values."""
    return np.any(values_of(h) != 0, axis=-1)[..., None, None]


def equals(w: Any) -> Any:
    """The places of pairs of different values that are equal but for rounding."""
    w = values_of(w)
    return (np.abs(gaps(w)) <= rounding(w)[..., None, None]) & ~np.eye(w.shape[-1], dtype=bool)


def shared(h: Any, w: Any) -> Any:
    """The cotangents of values; nan where they differ among equal values: one of these alone has no derivative."""
    return h * alike(values_of(h), values_of(w))


@whole
def alike(h: Any, w: Any) -> Any:
    """1, or nan where the cotangents differ among equal values."""
    limit = rounding(w)[..., None]
    if shortcut(np.all(np.abs(np.diff(w)) > limit)):
        return np.ones_like(w)
    size = np.sqrt(np.finfo(w.dtype).eps) * np.max(np.abs(h), axis=-1, initial=0)[..., None] + NOISE * limit
    differs = (np.abs(gaps(w)) <= limit[..., None]) & (np.abs(gaps(h)) > size[..., None])
    return np.where(differs.any(-1), np.nan, 1).astype(w.dtype)


@whole
def phases(m: Any) -> Any:
    """0, or nan for a vector whose phase, which is free, was used."""
    turns = np.diagonal(np.abs(antihermitian(m)) > noise(m), 0, -2, -1)
    return np.where(turns, np.nan, 0).astype(m.real.dtype)


def is_recorded(h: Any) -> bool:
    """Whether a cotangent may itself depend on the values."""
    return isinstance(h, Tensor) and h.requires_grad


def open_rule(g: Any, open: Any, in_shape: Any) -> Any:
    """0, or nan where what was left open matters."""
    return np.where(matters(values_of(g), values_of(open))[..., None], np.nan, np.zeros(in_shape, g.dtype))


@whole
def matters(g: Any, open: Any) -> Any:
    return np.any((np.abs(g) > noise(g)) & open, axis=(-2, -1))


def open_places(rng: Rng) -> Iterator[Case]:
    for shape in ((3, 3), (2, 2, 3)):
        yield (normal(rng, shape), spread(rng, shape[:1] if len(shape) == 2 else (2, 4)), np.zeros(shape, bool)), {}


# x, computed of the values w. At the `open` places it also depends on how w is about to change, which nobody knows.
left_open = general(
    "left_open",
    lambda x, w, open: x,
    "x w open",
    (lambda g: g, open_rule, None),
    sample=open_places,
    symbol="=",
)
