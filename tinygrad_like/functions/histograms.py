"""Histograms: the numbers of values are constants; edges, densities and sums of weights are differentiable."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, ShapeError, UnsupportedError
from ..engine.registry import implements
from ..engine.shortcuts import refuse, require
from ..engine.tensor import as_array, values_of
from ..primitives import counting
from .averages import beside


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a: Any, bins: Any = 10, range: Any = None, weights: Any = None) -> Any:
    """`np.histogram_bin_edges`: steps from the least value to the largest, or over `range`; or the edges given."""
    if isinstance(bins, str) and weights is not None:
        raise DTypeError(f"Bins are not chosen by {bins!r} for weighted values.", "Write their number, or the edges.")
    check_real(a)
    if np.ndim(bins) != 1:
        return steps(as_array(a), bins, range)
    edges = as_array(bins)
    check_real(edges)
    text = "The edges of bins must not become smaller."
    require(~np.any(edges[:-1] > edges[1:]), lambda: ArgumentError(text), text)
    return edges


def check_real(a: Any) -> None:
    if as_array(a).dtype.kind == "c":
        raise UnsupportedError("A histogram is of real numbers, but got complex ones.", "Write np.abs(x) or x.real.")


def steps(a: Any, bins: Any, range: Any) -> Any:
    """As many equal steps as NumPy takes, from end to end."""
    if isinstance(bins, str):
        refuse(f"A histogram with bins={bins!r}", "Write the number of bins.")
    numbers = None if range is None else tuple(values_of(each) for each in range)
    edges = counting.histogram_bin_edges(a, bins, numbers)
    if edges.dtype.kind != "f" or not a.size:
        return edges
    ends = np.stack((np.min(a), np.max(a)) if range is None else tuple(as_array(each) for each in range))
    ends = ends + np.where(ends[0] == ends[1], np.array([-0.5, 0.5], ends.dtype), 0)
    return beside(np.linspace(ends[0], ends[1], edges.shape[0], dtype=edges.dtype), edges)


def bins_of(x: Any, edges: Any) -> Any:
    """In which bin each value is, counted from 1; the last one has both its edges. 0 and more are outside."""
    return np.searchsorted(edges, x, side="right") - (x == edges[-1])


@implements(np.histogram)
def histogram(a: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """`np.histogram`: the numbers of values between edges, which are constants, or the sums of their weights."""
    a = as_array(a)
    edges = np.histogram_bin_edges(a, bins, range, weights)
    n = edges.shape[0] - 1
    place = np.reshape(bins_of(a, edges), -1)
    counts = counted(place, weights_like(weights, a), n + 2)[1:-1]
    if weights is not None:
        counts = counts.astype(as_array(weights).dtype)
    if density:
        counts = counts / np.diff(edges).astype(np.float64) / np.sum(counts)
    return counts, beside(edges, counts)


def counted(place: Any, weights: Any, length: int) -> Any:
    if weights is None:
        return np.bincount(place, minlength=length)
    if weights.dtype.kind == "c":
        return np.bincount(place, np.real(weights), length) + 1j * np.bincount(place, np.imag(weights), length)
    return np.bincount(place, weights, length)


def weights_like(weights: Any, a: Any) -> Any:
    """The weights of values, in a row."""
    if weights is None:
        return None
    weights = as_array(weights)
    if weights.shape != a.shape:
        raise ShapeError(f"histogram of values {a.shape} does not take weights of shape {weights.shape}.")
    return np.reshape(weights, -1)


@implements(np.histogramdd)
def histogramdd(sample: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """`np.histogramdd`: the numbers of points (N, D) in boxes, or the sums of their weights."""
    if hasattr(sample, "shape"):
        columns = list(np.transpose(sample)) if np.ndim(sample) == 2 else [sample]
    else:
        columns = list(np.stack(sample))
    bins = list(bins) if is_list(bins) else [bins] * len(columns)
    ranges = [None] * len(columns) if range is None else list(range)
    if len(bins) != len(columns) or len(ranges) != len(columns):
        raise ArgumentError(f"histogramdd of {len(columns)} axes got {len(bins)} bins and {len(ranges)} ranges.")
    edges = [np.histogram_bin_edges(*each) for each in zip(columns, bins, ranges)]
    lengths = [each.shape[0] + 1 for each in edges]
    place: Any = 0
    for x, each, length in zip(columns, edges, lengths):
        place = place * length + bins_of(x, each)
    weights = weights_like(weights, columns[0])
    if weights is not None and weights.dtype.kind == "c":
        raise UnsupportedError("histogramdd takes real weights, but got complex ones.", "Write two calls of it.")
    counts = counted(place, weights, math.prod(lengths))
    counts = np.reshape(counts, lengths)[(slice(1, -1),) * len(lengths)].astype(np.float64)
    if density:
        total = np.sum(counts)
        for i, each in enumerate(edges):
            counts = counts / np.reshape(np.diff(each), (-1, *(1,) * (len(edges) - i - 1)))
        counts = counts / total
    return counts, [beside(each, counts) for each in edges]


def is_list(bins: Any) -> bool:
    return isinstance(bins, (list, tuple)) or np.ndim(bins) == 1


@implements(np.histogram2d)
def histogram2d(x: Any, y: Any, bins: Any = 10, range: Any = None, density: Any = None, weights: Any = None) -> Any:
    """`np.histogram2d`: the numbers of points (x, y) in boxes, or the sums of their weights."""
    if np.shape(x) != np.shape(y):
        raise ShapeError(f"histogram2d takes x and y of the same length, but got {np.shape(x)} and {np.shape(y)}.")
    if is_list(bins) and len(bins) > 2:
        bins = [bins, bins]
    counts, edges = np.histogramdd([x, y], bins, range, density, weights)
    return counts, edges[0], edges[1]
