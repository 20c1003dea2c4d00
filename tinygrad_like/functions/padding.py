"""`np.pad`: margins around an array, one axis after the other; each mode says what stands before and after."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.complex_numbers import CONTINUOUS, check_takes
from ..engine.errors import ArgumentError, DTypeError, ShapeError, UnsupportedError
from ..engine.kinds import as_ndarray
from ..engine.registry import implements
from ..engine.tensor import as_array, values_of
from ..primitives import shifting
from .creating import stacked
from .shaping import along

STATISTICS = {"maximum": np.max, "minimum": np.min, "mean": np.mean, "median": np.median}
# The option of each mode.
OPTIONS: dict[str, str | None] = {
    "constant": "constant_values",
    "empty": None,
    "edge": None,
    "wrap": None,
    "linear_ramp": "end_values",
    "reflect": "reflect_type",
    "symmetric": "reflect_type",
    **dict.fromkeys(STATISTICS, "stat_length"),
}
Widths = list[tuple[int, int]]


@implements(np.pad)
def pad(
    array: Any,
    pad_width: Any,
    mode: Any = "constant",
    *,
    constant_values: Any = None,
    end_values: Any = None,
    stat_length: Any = None,
    reflect_type: Any = None,
    **others: Any,
) -> Any:
    """`np.pad`: margins of zeros, other constants, edges, reflections, statistics, or what a function writes."""
    given = {"constant_values": constant_values, "end_values": end_values}
    given |= {"stat_length": stat_length, "reflect_type": reflect_type}
    given = {name: value for name, value in given.items() if value is not None} | others
    x = as_array(array)
    widths = widths_of(pad_width, x.ndim)
    if callable(mode):
        return written(x, widths, mode, given)
    setting = setting_of(mode, given)
    if mode == "empty":
        mode = "constant"  # as good as any other values
    if mode == "constant" and setting is None:
        return shifting.pad(x, widths) if x.ndim else np.copy(x)
    check_values(x, mode, widths)
    settings = settings_of(mode, setting, x.ndim)
    for axis, (before, after) in enumerate(widths):
        if before or after:
            first, last = margins(x, axis, before, after, mode, settings[axis])
            x = np.concatenate((spread(first, x, axis, before), x, spread(last, x, axis, after)), axis=axis)
    return x


def written(x: Any, widths: Widths, function: Any, given: dict[str, Any]) -> Any:
    """Margins that a function writes, into one row along one axis after the other, as NumPy calls it."""
    y = shifting.pad(x, widths) if x.ndim else np.copy(x)
    for axis, width in enumerate(widths):
        rows = np.moveaxis(y, axis, -1)
        for index in np.ndindex(rows.shape[:-1]):
            function(rows[(*index, ...)], width, axis, given)
    return y


def setting_of(mode: Any, given: dict[str, Any]) -> Any:
    """The option of a mode, if it was given; an error for others."""
    if mode not in OPTIONS:
        raise ArgumentError(f"np.pad does not have mode={mode!r}.", f"Write one of {', '.join(OPTIONS)}.")
    if wrong := given.keys() - {OPTIONS[mode]}:
        raise ArgumentError(f"np.pad with mode={mode!r} does not take {', '.join(sorted(wrong))}.")
    return next(iter(given.values()), None)


def widths_of(pad_width: Any, ndim: int) -> Widths:
    """How many are added before and after, for each axis."""
    if isinstance(pad_width, dict):
        of_axes: list[Any] = [(0, 0)] * ndim
        for axis, width in pad_width.items():
            of_axes[axis] = (width, width) if isinstance(width, int) else width
        pad_width = of_axes
    widths = as_ndarray(values_of(pad_width))
    if widths.dtype.kind not in "iu" and ndim:
        raise DTypeError(f"np.pad takes whole numbers as pad_width, but got {widths.dtype}.")
    if (widths < 0).any():
        raise ArgumentError("np.pad got a negative pad_width.", "Write x[1:-1] to take values away.")
    return [(int(before), int(after)) for before, after in np.broadcast_to(widths, (ndim, 2))]


def pairs(values: Any, ndim: int) -> Any:
    """One pair for each axis, of one number, one pair, or as many pairs."""
    return np.broadcast_to(stacked(values), (ndim, 2))


def check_values(x: Any, mode: str, widths: Widths) -> None:
    if mode != "constant" and x.dtype.kind not in CONTINUOUS:
        raise UnsupportedError(f"np.pad with mode={mode!r} is differentiable for floats, but got {x.dtype}.")
    if mode != "constant" and any(not size and any(width) for size, width in zip(x.shape, widths)):
        raise ShapeError(f"np.pad cannot extend an empty axis of {x.shape} with mode={mode!r}.", "Write 'constant'.")


def settings_of(mode: str, setting: Any, ndim: int) -> Any:
    """The setting for each axis."""
    if mode in ("constant", "linear_ramp"):
        return pairs(0 if setting is None else setting, ndim)
    if mode in STATISTICS and setting is not None:
        return widths_of(setting, ndim)
    return [setting] * ndim


def spread(margin: Any, x: Any, axis: int, count: int) -> Any:
    """A margin as wide as it has to be, and in the array's dtype."""
    check_takes(x.dtype, margin)
    return np.broadcast_to(margin, (*x.shape[:axis], count, *x.shape[axis + 1 :])).astype(x.dtype, copy=False)


def margins(x: Any, axis: int, before: int, after: int, mode: Any, setting: Any) -> tuple[Any, Any]:
    """What stands before and after, along one axis."""
    if mode == "constant":
        return setting[0], setting[1]
    if mode == "linear_ramp":
        first = np.linspace(setting[0], along(x, axis, 0), before, endpoint=False, axis=axis)
        last = np.linspace(setting[1], along(x, axis, -1), after, endpoint=False, axis=axis)
        return first, np.flip(last, axis)
    if mode in STATISTICS:
        return statistics(x, axis, STATISTICS[mode], setting)
    if mode == "edge" or (mode != "wrap" and x.shape[axis] == 1):
        return along(x, axis, slice(0, 1)), along(x, axis, slice(-1, None))
    if setting not in (None, "even", "odd"):
        raise ArgumentError(f"np.pad got reflect_type={setting!r}.", "Write 'even' or 'odd'.")
    if setting == "odd":
        return np.flip(continued(np.flip(x, axis), axis, before, mode), axis), continued(x, axis, after, mode)
    order = np.pad(np.arange(x.shape[axis]), (before, after), mode)
    return along(x, axis, order[:before]), along(x, axis, order[len(order) - after :])


def statistics(x: Any, axis: int, statistic: Any, lengths: tuple[int, int] | None) -> tuple[Any, Any]:
    """A statistic of the first values, and of the last."""
    size = x.shape[axis]
    first, last = (min(length, size) for length in lengths or (size, size))
    before = statistic(along(x, axis, slice(0, first)), axis=axis, keepdims=True)
    if first == last == size:
        return before, before
    return before, statistic(along(x, axis, slice(size - last, None)), axis=axis, keepdims=True)


def continued(x: Any, axis: int, count: int, mode: str) -> Any:
    """What follows, if the values go on as their own reflection at the last point."""
    size, behind = x.shape[axis], int(mode == "reflect")
    while x.shape[axis] < size + count:
        reach = x.shape[axis] - behind
        part = along(x, axis, slice(max(0, reach - (size + count - x.shape[axis])), reach))
        mirrored = 2 * along(x, axis, slice(-1, None)) - np.flip(part, axis)
        x = np.concatenate((x, mirrored), axis=axis)
    return along(x, axis, slice(size, None))
