"""Margins around the last axes, in PyTorch's words: constant, reflect, replicate, circular."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import as_array
from . import padding
from .shaping import along

MODES = ("constant", "reflect", "replicate", "circular")


def pad(input: Any, pad: Any, mode: str = "constant", value: Any = None) -> Any:
    """Margins around the last axes: `pad` is (left, right, top, bottom, front, back), the last axis first.

    `mode` says what stands there: "constant" the `value` (by default 0); "reflect" the values mirrored at the border,
    which is not repeated; "replicate" the values at the border; "circular" those from the other end. A negative number
    takes away as many. `np.pad` takes the first axis first, and has other names for the modes.

    Raises ArgumentError for an odd number of margins, an unknown mode, and a value that it does not take; ShapeError
    for more margins than axes, for margins that are wider than what they show, and if too many are taken away.

    >>> pad(np.array([[1.0, 2.0, 3.0]]), (1, 2), mode="reflect")
    array([[2., 1., 2., 3., 2., 1.]])
    """
    x, margins = as_array(input), pairs_of(pad)
    if mode not in MODES:
        raise ArgumentError(f"pad does not have mode={mode!r}.", f"Write one of {', '.join(MODES)}.")
    if value is not None and mode != "constant":
        raise ArgumentError(f"pad takes a value for mode='constant', but not for {mode!r}.")
    if len(margins) > x.ndim:
        raise ShapeError(f"pad got margins for {len(margins)} axes, but an input of shape {x.shape}.")
    axes = [x.ndim - 1 - i for i in range(len(margins))]
    wider = [(max(0, before), max(0, after)) for before, after in margins]
    if mode == "circular":
        x = cut(x, axes, margins)  # what is taken away does not come back at the other end
    if mode == "constant":
        widths = [(0, 0)] * x.ndim
        for axis, margin in zip(axes, wider):
            widths[axis] = margin
        if any(map(any, wider)):
            x = np.pad(x, widths) if value is None else padding.pad(x, widths, constant_values=value)
    else:
        for axis, margin in zip(axes, wider):
            check_margin(x.shape, axis, margin, mode)
            x = extended(x, axis, *margin, mode) if any(margin) else x
    return x if mode == "circular" else cut(x, axes, margins)


def pairs_of(pad: Any) -> list[tuple[int, int]]:
    """(before, after) for each axis, the last axis first."""
    numbers = tuple(pad) if isinstance(pad, (tuple, list)) else (pad,)
    whole = all(isinstance(each, (int, np.integer)) and not isinstance(each, bool) for each in numbers)
    if not whole or len(numbers) % 2:
        raise ArgumentError(f"pad must be whole numbers, two for each axis, but got {pad!r}.", "Write (left, right).")
    return [(int(before), int(after)) for before, after in zip(numbers[::2], numbers[1::2])]


def check_margin(shape: Any, axis: int, margin: tuple[int, int], mode: str) -> None:
    n = shape[axis]
    most = {"reflect": n - 1, "circular": n, "replicate": max(margin) if n else 0}[mode]
    if max(margin) > most:
        raise ShapeError(
            f"pad with mode={mode!r} has margins of at most {most} along axis {axis} of {tuple(shape)}, got {margin}."
        )


def extended(x: Any, axis: int, before: int, after: int, mode: str) -> Any:
    """x with margins along one axis."""
    n = x.shape[axis]
    if mode == "circular":
        first, last = slice(n - before, None), slice(0, after)
    elif mode == "reflect":
        first, last = slice(before, 0, -1), slice(n - 2, n - 2 - after if after < n - 1 else None, -1)
    else:
        first, last = slice(0, 1), slice(n - 1, None)
    parts = [along(x, axis, first), x, along(x, axis, last)]
    if mode == "replicate":
        parts[::2] = [
            np.broadcast_to(part, (*x.shape[:axis], count, *x.shape[axis + 1 :]))
            for part, count in zip(parts[::2], (before, after))
        ]
    return np.concatenate(parts, axis=axis)


def cut(x: Any, axes: list[int], margins: list[tuple[int, int]]) -> Any:
    """x without as many as the negative margins say."""
    index = [slice(None)] * x.ndim
    for axis, (before, after) in zip(axes, margins):
        start, stop = max(0, -before), x.shape[axis] + min(0, after)
        if stop < start:
            raise ShapeError(f"pad cannot take {(before, after)} away along axis {axis} of a shape {x.shape}.")
        index[axis] = slice(start, stop)
    return x[tuple(index)] if any(min(margin) < 0 for margin in margins) else x
