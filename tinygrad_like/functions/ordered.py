"""Of sorted values: median, quantile, percentile, with and without nan."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.complex_numbers import CONTINUOUS
from ..engine.errors import ArgumentError, DTypeError, UnsupportedError
from ..engine.operators import Axis
from ..engine.registry import implements
from ..engine.shortcuts import require, shortcut
from ..engine.tensor import as_array
from ..primitives import reductions
from .scans import accumulated_maximum, accumulated_minimum

Index = Callable[[Any, Any], Any]


def taken(x: Any, index: Any) -> Any:
    """Along the last axis, the elements at an index: one for all slices, or one for each."""
    if index.ndim < x.ndim:
        return x[..., index]
    index = np.broadcast_to(index, (*x.shape[:-1], index.shape[-1]))
    grid = np.ogrid[tuple(slice(n) for n in (*x.shape[:-1], 1))]
    return x[(*grid[:-1], index)]


def in_order(x: Any) -> Any:
    """The values sorted along the last axis; equal ones share the gradient equally."""
    x = taken(x, np.argsort(x, axis=-1))
    if x.dtype.kind not in CONTINUOUS or x.shape[-1] < 2:
        return x
    tied = (x[..., 1:] == x[..., :-1]) & np.isfinite(x[..., 1:])
    return x if shortcut(~np.any(tied)) else averaged(x, tied)


def averaged(x: Any, tied: Any) -> Any:
    """Sorted values, each with the mean gradient of its equals. `tied` says which are equal to the one before."""
    edge = np.ones((*x.shape[:-1], 1), bool)
    starts, ends = np.concatenate([edge, ~tied], axis=-1), np.concatenate([~tied, edge], axis=-1)
    place = np.arange(x.shape[-1])
    first = accumulated_maximum(np.where(starts, place, 0), -1)
    last = accumulated_minimum(np.where(ends, place, x.shape[-1])[..., ::-1], -1)[..., ::-1]
    # All distances are 0. Only their gradients count, which are exact where there is no tie.
    distance = np.where(starts, 0, x) - np.where(starts, 0, taken(x, first))
    before = np.concatenate([np.zeros_like(distance[..., :1]), np.cumsum(distance, axis=-1)], axis=-1)
    total = taken(before, last + 1) - taken(before, first)
    return taken(x, first) + total / (last - first + 1).astype(x.dtype)


def nearest_even_below(n: Any, q: Any) -> Any:
    """The closest observation; of two equally close ones the even one, counted from 1."""
    place = n * q - 1.5
    below = np.floor(place)
    return np.maximum(np.where((place == below) & (below % 2 == 1), below, below + 1), 0)


def between(alpha: float, beta: float) -> Index:
    return lambda n, q: n * q + (alpha + q * (1 - alpha - beta)) - 1


# Places in the sorted values: whole ones, and such as lie between two values.
WHOLE: dict[str, Index] = {
    "inverted_cdf": lambda n, q: np.maximum(np.ceil(n * q - 1), 0),
    "closest_observation": nearest_even_below,
    "lower": lambda n, q: np.floor((n - 1) * q),
    "higher": lambda n, q: np.ceil((n - 1) * q),
    "nearest": lambda n, q: np.rint((n - 1) * q),
}
PLACES: dict[str, Index] = {
    "averaged_inverted_cdf": lambda n, q: n * q - 1,
    "interpolated_inverted_cdf": between(0, 1),
    "hazen": between(0.5, 0.5),
    "weibull": between(0, 0),
    "linear": lambda n, q: (n - 1) * q,
    "median_unbiased": between(1 / 3, 1 / 3),
    "normal_unbiased": between(3 / 8, 3 / 8),
    "midpoint": lambda n, q: 0.5 * (np.floor((n - 1) * q) + np.ceil((n - 1) * q)),
}


def at_places(x: Any, n: Any, q: Any, method: str, weak: bool) -> Any:
    """The values at the quantiles q of n sorted ones, between two of them interpolated."""
    if method in WHOLE:
        return taken(x, whole(WHOLE[method](n, q)))
    if method not in PLACES:
        raise ArgumentError(f"There is no method {method!r} of quantiles.", f"Choose one of {[*WHOLE, *PLACES]}.")
    place = PLACES[method](n, q)
    if place.dtype.kind in "iu" and method == "linear":
        return taken(x, place)
    below = np.floor(place)
    share = place - below
    if method == "averaged_inverted_cdf":
        share = np.where(share == 0, 0.5, 1.0).astype(place.dtype)
    low, high = taken(x, whole(np.clip(below, 0, n - 1))), taken(x, whole(np.clip(below + 1, 0, n - 1)))
    rest = 1 - share
    if weak and x.dtype.kind == "f":
        share, rest = share.astype(x.dtype), rest.astype(x.dtype)
    step = high - low
    return np.where(share >= 0.5, high - step * rest, low + step * share)


def whole(place: Any) -> Any:
    return place.astype(np.intp)


def quantile_of(a: Any, q: Any, axis: Axis, method: str, keepdims: bool, weights: Any, weak: bool, nan: bool) -> Any:
    """The quantiles over the axes; with `nan`, of what is not nan."""
    if weights is not None:
        raise UnsupportedError("quantile with weights= is not differentiable here.", "Repeat values, or leave it out.")
    a, q = as_array(a), as_array(q)
    if a.dtype.kind == "c":
        raise DTypeError("Quantiles are of real numbers, but got complex ones.")
    if q.ndim > 2:
        raise ArgumentError(f"Quantiles q are a number or a list, but got shape {q.shape}.")
    text = "Quantiles are from 0 to 1, percentiles from 0 to 100."
    require(np.all((q >= 0) & (q <= 1)), lambda: ArgumentError(text), text)
    if nan and not a.size:
        return np.mean(a, axis=axis, keepdims=keepdims)
    x, kept = flat_over(a, axis, keepdims)
    flat = np.reshape(q, -1)
    if nan and x.dtype.kind == "f":
        n = valid(x)
        count = n.astype(flat.dtype) if flat.dtype.kind == "f" else n  # so that q keeps its dtype
        found = np.where(n == 0, np.nan, at_places(x, count, flat, method, weak))
    else:
        found = at_places(x, x.shape[-1], flat, method, weak)
        if x.dtype.kind == "f":
            found = np.where(np.isnan(x[..., -1:]), np.nan, found)
    return np.reshape(np.moveaxis(found, -1, 0), q.shape + kept)


def flat_over(a: Any, axis: Axis, keepdims: bool) -> tuple[Any, tuple[int, ...]]:
    """The values sorted, with the reduced axes joined into a last one; and the shape of the result."""
    axes = np.lib.array_utils.normalize_axis_tuple(range(a.ndim) if axis is None else axis, a.ndim)
    lengths = ((1 if i in axes else n) for i, n in enumerate(a.shape) if keepdims or i not in axes)
    return in_order(reductions.last_axis(a, axes)), tuple(lengths)


def valid(x: Any) -> Any:
    """How many values along the last axis are not nan."""
    return np.sum(~np.isnan(x), axis=-1, keepdims=True)


def is_weak(q: Any) -> bool:
    """Whether q is a plain number, which leaves the dtype as it is."""
    return type(q) in (int, float)


@implements(np.quantile)
@block()
def quantile(
    a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False, weights: Any = None
) -> Any:
    """`np.quantile`, all methods: the value that a share q of the values is below; equal values share the gradient."""
    return quantile_of(a, q, axis, method, keepdims, weights, is_weak(q), False)


@implements(np.percentile)
@block()
def percentile(
    a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False, weights: Any = None
) -> Any:
    """`np.percentile`: the quantile at q percent."""
    return quantile_of(a, np.true_divide(q, 100), axis, method, keepdims, weights, is_weak(q), False)


@implements(np.nanquantile)
@block()
def nanquantile(
    a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False, weights: Any = None
) -> Any:
    """`np.nanquantile`: the quantile of what is not nan."""
    return quantile_of(a, q, axis, method, keepdims, weights, is_weak(q), True)


@implements(np.nanpercentile)
@block()
def nanpercentile(
    a: Any, q: Any, axis: Axis = None, *, method: str = "linear", keepdims: bool = False, weights: Any = None
) -> Any:
    """`np.nanpercentile`: the quantile at q percent of what is not nan."""
    return quantile_of(a, np.true_divide(q, 100), axis, method, keepdims, weights, is_weak(q), True)


@implements(np.median)
@block()
def median(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """`np.median`: the middle value, or the mean of the middle two."""
    a = as_array(a)
    x, kept = flat_over(a, axis, keepdims)
    n = x.shape[-1]
    found = np.mean(x[..., max(n - 1, 0) // 2 : n // 2 + 1], axis=-1)
    if x.dtype.kind in CONTINUOUS and n:
        found = np.where(np.isnan(x[..., -1]), np.nan, found)
    return np.reshape(found, kept)


@implements(np.nanmedian)
@block()
def nanmedian(a: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    """`np.nanmedian`: the median of what is not nan."""
    a = as_array(a)
    if not a.size or a.dtype.kind not in CONTINUOUS:
        return np.median(a, axis=axis, keepdims=keepdims)
    x, kept = flat_over(a, axis, keepdims)
    n = valid(x)
    middle = 0.5 * taken(x, np.maximum(n - 1, 0) // 2) + 0.5 * taken(x, n // 2)
    return np.reshape(np.where(n == 0, np.nan, middle), kept)
