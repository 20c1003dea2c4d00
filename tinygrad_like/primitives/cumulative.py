"""Scans: along an axis, the sum, product, largest or smallest of each element and all before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import check_stays_complex
from ..engine.registry import general, multilinear
from ..engine.shortcuts import shortcut
from ..engine.traces import whole
from .reductions import products_before
from .samples import Case, Domain, Rng, either, normal, spread

OPTIONS: dict[str, Any] = {"options": {"axis": None, "dtype": None}, "by_position": 2}


def _sums_from(x: Any, axis: int = 0) -> Any:
    out = np.empty_like(x)
    np.cumsum(np.flip(x, axis), axis, out=np.flip(out, axis))
    return out


def last(x: Any, axis: int) -> Any:
    """The axis exchanged with the last one; twice gives x again."""
    return x.swapaxes(axis, -1)


def recurrence(terms: Any, factors: Any) -> Any:
    """Along the last axis s[i] = terms[i] + factors[i] · s[i + 1], in log n doubling steps."""
    step = 1
    while step < terms.shape[-1]:
        joined = terms[..., :-step] + factors * terms[..., step:]
        terms = np.concatenate([joined, terms[..., -step:]], axis=-1)
        factors = factors[..., :-step] * factors[..., step:]
        step *= 2
    return terms


def are_normal(y: Any) -> bool:
    """Whether no value is 0, infinite, or so small that digits are lost."""
    size = np.abs(y)
    return shortcut(np.all((size >= np.finfo(size.dtype).tiny) & np.isfinite(size)))


def scan_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """The scan, but not of complex numbers in a dtype of real ones."""

    def scan(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
        if dtype is not None and a.dtype.kind == "c":
            check_stays_complex(np.dtype(dtype))
        return function(a, axis, dtype)

    return scan


def cumsum_rule(g: Any, in_shape: tuple[int, ...], *, axis: int | None) -> Any:
    part = sums_from(g, axis or 0)
    return part if part.shape == in_shape else part.reshape(in_shape)


def cumprod_rule(g: Any, a: Any, y: Any, *, axis: int | None) -> Any:
    """The sum of g · y from each element on, over that element; with zeros, by products that leave it out."""
    return products_through(g, a.reshape(g.shape), y, axis or 0).reshape(a.shape)


@whole
def products_through(g: Any, x: Any, y: Any, axis: int) -> Any:
    if are_normal(y):
        return sums_from(g * y, axis) / x
    x = last(x, axis)
    return last(products_before(x) * recurrence(last(g, axis), x[..., 1:]), axis)


def running_share(g: Any, x: Any, y: Any, *, axis: int | None) -> Any:
    """To each element the cotangents of where it is the extreme so far, shared among equals up to there."""
    along = axis or 0
    g, x, y = last(g, along), last(x, along), last(y, along)
    stays = (y[..., 1:] == y[..., :-1]) | np.isnan(y[..., :-1])
    chosen = (x == y) | np.isnan(x)
    ties = recurrence(chosen.astype(int)[..., ::-1], stays[..., ::-1])[..., ::-1]
    return last(np.where(chosen, recurrence(g / ties, stays), 0), along)


def along_each(draw: Domain) -> Callable[[Rng], Iterator[Case]]:
    """Cases of one array along an axis."""

    def cases(rng: Rng) -> Iterator[Case]:
        for shape, axis in (((5,), 0), ((2, 3, 2), 1), ((2, 3), -1), ((3, 2), 0), ((0, 2), 1)):
            yield (draw(rng, shape),), {"axis": axis}

    return cases


def scans(draw: Domain) -> Callable[[Rng], Iterator[Case]]:
    """The same, and one without an axis."""
    return either(along_each(draw), lambda rng: iter([((draw(rng, (6,)),), {"axis": None})]))


def flattened(rng: Rng) -> Iterator[Case]:
    """Cases without an axis: all elements in a row."""
    yield (normal(rng, (2, 3)),), {}
    yield (normal(rng, ()),), {}


def zeros_along(rng: Rng) -> Iterator[Case]:
    """Cases with one and with several zeros along the axis."""
    x = normal(rng, (3, 2, 5))
    x[0, 0, 2] = x[1, 0, 0] = x[1, 0, 3] = x[1, 1, 1] = x[1, 1, 2] = x[2, 1, 4] = 0
    yield (x,), {"axis": 2}
    yield (x[:2, :, 2].copy(),), {"axis": 0}
    yield (x[0, :, :4].copy(),), {}


def extreme_so_far(name: str, function: np.ufunc) -> Any:
    forward, sample = function.accumulate, scans(spread)
    options: dict[str, Any] = {"axis": 0, "dtype": None}
    return general(
        name, forward, "x", running_share, options=options, by_position=2, sample=sample, symbol=name, chooses=True
    )


# The sum of each element and all after it.
sums_from = multilinear(
    "sums_from", _sums_from, "x", lambda g, *, axis: np.cumsum(g, axis), sample=along_each(normal), symbol="Σ"
)
cumsum = multilinear(
    "cumsum",
    scan_of(np.cumsum),
    "a",
    cumsum_rule,
    **OPTIONS,
    numpy=np.cumsum,
    sample=either(scans(normal), flattened),
    symbol="Σ",
)
cumprod = general(
    "cumprod",
    scan_of(np.cumprod),
    "a",
    cumprod_rule,
    **OPTIONS,
    numpy=np.cumprod,
    sample=either(scans(normal), flattened, zeros_along),
    symbol="Π",
)
cummax = extreme_so_far("cummax", np.maximum)
cummin = extreme_so_far("cummin", np.minimum)
