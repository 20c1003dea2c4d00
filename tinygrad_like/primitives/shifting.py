"""Shifts, margins of zeros, and sliding windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import multilinear
from .indexing import scatter_add
from .samples import several


def inside(shape: tuple[int, ...], widths: Any) -> tuple[slice, ...]:
    """What stands between the margins of a padded array."""
    return tuple(slice(before, size - after) for size, (before, after) in zip(shape, widths))


def window_parts(shape: tuple[int, ...], window: Any, axes: Any) -> list[tuple[slice, ...]]:
    """For each place in the window, in order: what of the array stands there, over all positions of the window."""
    places = []
    spare = [size - sum(n - 1 for n, axis in zip(window, axes) if axis == i) for i, size in enumerate(shape)]
    for offsets in np.ndindex(*window):
        starts = [sum(o for o, axis in zip(offsets, axes) if axis == i) for i in range(len(shape))]
        places.append(tuple(slice(start, start + size) for start, size in zip(starts, spare)))
    return places


def windows_rule(g: Any, in_shape: Any, *, window_shape: Any, axis: Any) -> Any:
    """The cotangents of each element, added over the windows that it stands in."""
    parts = [g[(..., *place)] for place in np.ndindex(*window_shape)]
    return scatter_add(*parts, shape=in_shape, indexes=window_parts(in_shape, window_shape, axis))


def only_axis(a: Any, axis: Any) -> Any:
    """The axis, if there is only one: NumPy then gives memory of its own, no view of what it rolled."""
    return 0 if axis is None and a.ndim == 1 else axis


roll = multilinear(
    "roll",
    lambda a, shift=0, axis=None: np.roll(a, shift, only_axis(a, axis)),
    "a",
    lambda g, *, shift, axis: np.roll(g, np.negative(shift), only_axis(g, axis)),
    sample=several(
        ((2, 3), {"shift": 2}),
        ((2, 3, 4), {"shift": (1, -2), "axis": (0, -1)}),
        ((3, 2), {"shift": 4, "axis": 0}),
        ((), {"shift": 1}),
    ),
    symbol="roll",
    numpy=np.roll,
)
# The margins are zeros; the composite np.pad fills them otherwise.
pad = multilinear(
    "pad",
    lambda a, widths=(): np.pad(a, widths),
    "a",
    lambda g, *, widths: g[inside(g.shape, widths)],
    sample=several(((2, 3), {"widths": ((1, 0), (2, 3))}), ((0, 2), {"widths": ((1, 1), (0, 0))})),
    symbol="pad",
    formulas={"a": "g without the padding"},
)
sliding_windows = multilinear(
    "sliding_window_view",
    lambda x, window_shape=(), axis=(): np.lib.stride_tricks.sliding_window_view(x, window_shape, axis),
    "x",
    windows_rule,
    sample=several(
        ((5,), {"window_shape": (3,), "axis": (0,)}),
        ((4, 5), {"window_shape": (2, 3), "axis": (1, 0)}),
        ((2, 6), {"window_shape": (2, 3), "axis": (1, 1)}),
    ),
    symbol="windows",
    numpy=np.lib.stride_tricks.sliding_window_view,
)
