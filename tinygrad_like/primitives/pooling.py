"""Pooling: the maximum or the sum of what stands in a window, at each of its positions along the last axes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..engine.registry import general, multilinear
from ..engine.shortcuts import all_finite, shortcut
from .samples import Case, Rng, normal, spread


class Windows(NamedTuple):
    """Along each of the last axes: the window's size, its steps, zeros before the array, gaps, and the positions."""

    size: tuple[int, ...]
    stride: tuple[int, ...]
    padding: tuple[int, ...]
    dilation: tuple[int, ...]
    positions: tuple[int, ...]

    def along(self, i: int) -> tuple[int, ...]:
        return tuple(setting[i] for setting in self)

    def moves_nothing(self, i: int) -> bool:
        """Whether each window is one element along an axis, and there is one for each."""
        return self.size[i] == self.stride[i] == 1 and self.padding[i] == 0

    def disjoint(self, i: int) -> bool:
        """Whether no element stands in two windows along an axis."""
        return self.dilation[i] == 1 and self.stride[i] >= self.size[i]


def stretch(place: int, n: int, windows: Windows, i: int) -> tuple[slice, slice]:
    """Of an axis of n elements: those that stand at one place in the windows, and at which positions of these."""
    _, stride, padding, dilation, positions = windows.along(i)
    start = place * dilation - padding
    first = max(0, -(start // stride))
    last = max(first, min(positions, (n - 1 - start) // stride + 1))
    return slice(start + first * stride, max(start + last * stride, 0), stride), slice(first, last)


def places_of(shape: tuple[int, ...], windows: Windows) -> Iterator[tuple[int, Any, Any]]:
    """For each place in the windows, numbered row by row: (number, index into the array, index into the result)."""
    first = len(shape) - len(windows.size)
    for number, place in enumerate(np.ndindex(*windows.size)):
        pairs = [stretch(k, shape[first + i], windows, i) for i, k in enumerate(place)]
        yield number, (..., *(inner for inner, _ in pairs)), (..., *(outer for _, outer in pairs))


def reduced(x: Any, windows: Windows, function: Any, start: Any) -> Any:
    """The windows reduced by a function of two arrays, along one axis after the other."""
    y, first = x, x.ndim - len(windows.size)
    for i in range(len(windows.size)):
        if not windows.moves_nothing(i):
            y = reduced_along(y, first + i, windows, i, function, start)
    return np.copy(x) if y is x else y


def reduced_along(x: Any, axis: int, windows: Windows, i: int, function: Any, start: Any) -> Any:
    before = (slice(None),) * axis
    pairs = [stretch(place, x.shape[axis], windows, i) for place in range(windows.size[i])]
    whole = [pair for pair in pairs if pair[1] == slice(0, windows.positions[i])][:2]
    if len(whole) == 2:
        y = function(*(x[(*before, inner)] for inner, _ in whole))
        pairs = [pair for pair in pairs if pair not in whole]
    else:
        y = np.full_like(x, start, shape=(*x.shape[:axis], windows.positions[i], *x.shape[axis + 1 :]))
    for inner, outer in pairs:
        target = y[(*before, outer)]
        function(target, x[(*before, inner)], out=target)
    return y


def lowest(dtype: Any) -> Any:
    return -np.inf if dtype.kind == "f" else False if dtype.kind == "b" else np.iinfo(dtype).min


def _first_places(x: Any, y: Any, *, windows: Windows) -> Any:
    """For each window the number of the first place that holds its maximum (or nan); of none, the number of places."""
    some_nan = x.dtype.kind == "f" and not shortcut(~np.isnan(y).any())
    pending = np.ones_like(y, bool)
    places = np.zeros_like(y, np.min_scalar_type(int(np.prod(windows.size))))
    for _, inner, outer in places_of(x.shape, windows):
        other = x[inner] != y[outer]
        pending[outer] &= other & (x[inner] == x[inner]) if some_nan else other
        places += pending
    return places


def chosen(x: Any, is_chosen: Any, is_finite: bool) -> Any:
    """x, and 0 where it is not chosen. The product is faster, but infinity times 0 is nan."""
    return x * is_chosen if is_finite else np.where(is_chosen, x, x.dtype.type(0))


def _put_windows(x: Any, places: Any, *, shape: Any = (), windows: Windows) -> Any:
    y = np.zeros_like(x, shape=shape)
    is_finite, disjoint = all_finite(x), all(map(windows.disjoint, range(len(windows.size))))
    for number, inner, outer in places_of(shape, windows):
        is_chosen = places[outer] == number
        if disjoint and is_finite:
            np.multiply(x[outer], is_chosen, out=y[inner])
        else:
            y[inner] += chosen(x[outer], is_chosen, is_finite)
    return y


def _take_windows(x: Any, places: Any, *, windows: Windows) -> Any:
    y = np.zeros_like(x, shape=places.shape)
    is_finite = all_finite(x)
    for number, inner, outer in places_of(x.shape, windows):
        y[outer] += chosen(x[inner], places[outer] == number, is_finite)
    return y


def _add_windows(x: Any, *, shape: Any = (), windows: Windows) -> Any:
    y, first = x, x.ndim - len(windows.size)
    for i in reversed(range(len(windows.size))):
        if not windows.moves_nothing(i):
            y = added_along(y, first + i, shape[first + i], windows, i)
    return np.copy(x) if y is x else y


def added_along(x: Any, axis: int, n: int, windows: Windows, i: int) -> Any:
    before = (slice(None),) * axis
    y = np.zeros_like(x, shape=(*x.shape[:axis], n, *x.shape[axis + 1 :]))
    for place in range(windows.size[i]):
        inner, outer = stretch(place, n, windows, i)
        if windows.disjoint(i):
            y[(*before, inner)] = x[(*before, outer)]
        else:
            y[(*before, inner)] += x[(*before, outer)]
    return y


def max_pool_rule(g: Any, x: Any, y: Any, *, windows: Windows) -> Any:
    """All of it to the first of equal maxima."""
    return put_windows(g, first_places(x, y, windows=windows), shape=x.shape, windows=windows)


def put_windows_rule(g: Any, places: Any, *, windows: Windows) -> Any:
    return take_windows(g, places, windows=windows)


def sum_pool_rule(g: Any, in_shape: Any, *, windows: Windows) -> Any:
    return add_windows(g, shape=in_shape, windows=windows)


SETTINGS = (
    ((2, 1, 5), Windows((1, 2), (2, 3), (0, 0), (1, 1), (1, 2))),
    ((4, 3), Windows((3, 2), (2, 1), (1, 1), (1, 2), (2, 3))),
    ((0, 3), Windows((3,), (1,), (1,), (1,), (3,))),
)


def pooled(draw: Any) -> Any:
    return lambda rng: (((draw(rng, shape),), {"windows": windows}) for shape, windows in SETTINGS)


def with_places(rng: Rng, of_result: bool) -> Iterator[Case]:
    """An array, or what is of the result's shape, and a place for each window, among them one that does not exist."""
    for shape, windows in SETTINGS:
        small = (*shape[: len(shape) - len(windows.size)], *windows.positions)
        places = rng.integers(0, int(np.prod(windows.size)) + 1, small).astype(np.uint8)
        options = {"shape": shape, "windows": windows} if of_result else {"windows": windows}
        yield (normal(rng, small if of_result else shape), places), options


def counted(rng: Rng) -> Iterator[Case]:
    """Integers, which are often equal, and their maxima."""
    for shape, windows in SETTINGS:
        x = rng.integers(0, 3, shape)
        yield (x, max_pool.forward(x, windows=windows)), {"windows": windows}


def added_cases(rng: Rng) -> Iterator[Case]:
    for shape, windows in SETTINGS:
        small = (*shape[: len(shape) - len(windows.size)], *windows.positions)
        yield (normal(rng, small),), {"shape": shape, "windows": windows}


max_pool = general(
    "max_pool",
    lambda x, *, windows: reduced(x, windows, np.maximum, lowest(x.dtype)),
    "x",
    max_pool_rule,
    options={"windows": None},
    sample=pooled(spread),
    symbol="max pool",
    formulas={"x": "g where x is the largest, else 0"},
    real="Complex numbers have no order: write it of z.real and of z.imag.",
    chooses=True,
)
first_places = general("first_places", _first_places, "x y", options={"windows": None}, sample=counted, symbol="argmax")
put_windows = multilinear(
    "put_windows",
    _put_windows,
    "x places",
    (put_windows_rule, None),
    options={"shape": (), "windows": None},
    sample=lambda rng: with_places(rng, True),
    symbol="scatter",
    chooses=True,
)
take_windows = multilinear(
    "take_windows",
    _take_windows,
    "x places",
    (lambda g, places, in_shape, *, windows: put_windows(g, places, shape=in_shape, windows=windows), None),
    options={"windows": None},
    sample=lambda rng: with_places(rng, False),
    symbol="take",
    chooses=True,
)
sum_pool = multilinear(
    "sum_pool",
    lambda x, *, windows: reduced(x, windows, np.add, 0),
    "x",
    sum_pool_rule,
    options={"windows": None},
    sample=pooled(normal),
    symbol="sum pool",
)
add_windows = multilinear(
    "add_windows",
    _add_windows,
    "x",
    lambda g, *, windows: sum_pool(g, windows=windows),
    options={"shape": (), "windows": None},
    sample=added_cases,
    symbol="spread",
)
