"""Repeated eigenvalues and singular values: what their vectors leave open, and where a derivative does not exist.

A derivative by vectors divides by differences of values. Values that differ by no more than rounding are equal; then
the vectors are only known up to a rotation among them. Of a function that no such rotation changes, as a projector,
the quotient is 0 / 0, which means 0. Of any other there is no derivative: it becomes nan, never a rounded 0 / 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from ..engine.shortcuts import shortcut
from ..engine.tensor import Tensor, values_of
from ..engine.traces import whole
from .complexes import plane
from .samples import Case, Rng, normal, spread
from .stacks import adjoint

MARGIN = 10  # of two rows, rounding moves equal values apart by five units
NOISE = 10  # rounding errors add up to a few units for each element of a row


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


def rounding(w: Any) -> Any:
    """How far rounding moves the values of a matrix, in LAPACK and in what made the matrix."""
    return (w.shape[-1] + MARGIN) * np.finfo(w.dtype).eps * np.max(np.abs(w), axis=-1, keepdims=True, initial=0)


def noise(m: Any) -> Any:
    """How large rounding may make an element of m that is 0: in proportion to its row and column; or to 1."""
    squares = (m * conjugated(m)).real
    size = 1 + np.sqrt(squares.sum(-1, keepdims=True) + squares.sum(-2, keepdims=True))
    return NOISE * m.shape[-1] * np.finfo(m.dtype).eps * size


def equals(w: Any) -> Any:
    """The places of pairs that are equal but for rounding; also of each value with itself."""
    return np.abs(gaps(w)) <= rounding(w)[..., None]


def are_apart(w: Any) -> bool:
    """Whether no two of these sorted values are equal, so that there is nothing to decide."""
    return shortcut(np.all(np.abs(np.diff(w)) > rounding(w)))


def unknown(bad: Any, dtype: Any) -> Any:
    """nan where something has no derivative, else 0."""
    return np.where(bad, np.nan, 0).astype(dtype)


def instead(equal: Any, bad: Any, dtype: Any) -> Any:
    """What `divided` takes: 1 where values differ; of equal ones 0, or nan."""
    return np.where(equal, unknown(bad, dtype), 1).astype(dtype)


def divided(k: Any, d: Any, fill: Any) -> Any:
    """k / d where `fill` is 1; elsewhere k times what it is instead, 0 or nan."""
    return k * np.where(fill == 1, 1 / np.where(fill == 1, d, 1), fill)


def by_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that decides by values: it is given arrays in place of Tensors, and a trace takes it as one call."""
    alone = whole(function)

    @wraps(function)
    def decided(*args: Any) -> Any:
        return alone(*map(values_of, args))

    return decided


def depending(h: Any, used: bool) -> Any:
    """For each matrix, whether a function depends on the values: by cotangents; if all are 0, by what it `used`."""
    depends = np.any(h != 0, axis=-1)[..., None, None]
    return depends | (used & ~np.any(depends))


@by_values
def pairs(w: Any, m: Any, depends: Any) -> Any:
    """For each pair of values: 1 if they differ; else 0 if the function sees no rotation of their vectors, else nan.

    That m is hermitian there means no rotation is seen. But so it is in V f(w) Vᵀ, whose true derivative f'(w) m
    depends on f: where the function `depends` on the values, too, an m that is not diagonal there is unknown.
    """
    others = ~np.eye(w.shape[-1], dtype=bool)
    if are_apart(w):
        return np.ones_like(gaps(w)) * others
    least = noise(m)
    bad = (np.abs(antihermitian(m)) > least) | ((np.abs(m) > least) & depends)
    return instead(equals(w), bad & others, w.dtype)


@by_values
def phases(m: Any) -> Any:
    """nan on the diagonal for a vector whose phase, which is free, was used; else 0."""
    if m.dtype.kind != "c":
        return np.zeros((), m.dtype)
    turned = (np.abs(antihermitian(m)) > noise(m)) & np.eye(m.shape[-1], dtype=bool)
    return unknown(turned, m.real.dtype)


def shared(h: Any, w: Any) -> Any:
    """The cotangents of values; nan where they differ among equal values: one of these alone has no derivative."""
    return h * (1 + uneven(h, w))


@by_values
def uneven(h: Any, w: Any) -> Any:
    """nan where the cotangents differ among equal values, by more than those of a smooth function; else 0."""
    if are_apart(w):
        return np.zeros_like(w)
    root = np.sqrt(np.finfo(w.dtype).eps)
    size = root * sums(np.abs(h)) + np.minimum(NOISE * rounding(w), root)[..., None]
    return unknown(np.any(equals(w) & (np.abs(gaps(h)) > size), axis=-1), w.dtype)


def all_nan(bad: Any, w: Any) -> Any:
    """For each matrix, nan for all of its values, or 0."""
    return unknown(np.any(bad, axis=(-2, -1))[..., None] & (w == w), w.dtype)


@by_values
def where_equal(g: Any, w: Any) -> Any:
    """0, or nan if x matters at pairs of equal values: there it also depends on how they are about to part."""
    others = ~np.eye(w.shape[-1], dtype=bool)
    return all_nan((np.abs(g) > noise(g)) & equals(w) & others, w)


def squares(rng: Rng) -> Iterator[Case]:
    for shape in ((3,), (2, 4)):
        for draw in (normal, plane):
            yield (draw(rng, (*shape, shape[-1])), spread(rng, shape) + 3), {}


# x, computed of the values w and more. Where these are equal, nobody knows how x changes with them.
left_open = general(
    "left_open",
    lambda x, w: x,
    "x w",
    (lambda g: g, lambda g, w: where_equal(g, w)),
    sample=squares,
    symbol="=",
    numpy=(),
)


def opened(x: Any, h: Any, w: Any) -> Any:
    """x, left open if the cotangents h of the values may themselves depend on them."""
    return left_open(x, w) if isinstance(h, Tensor) and h.requires_grad else x
