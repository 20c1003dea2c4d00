"""`plot_history`: losses and metrics over the steps of a training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.writes import Array
from .axes import COLOURS, alarm, axes_for, bright, dress, escaped, history_scale, limits_of, right_of, stroke, widen
from .data import numbers

LOSSES = ("loss", "error", "mse", "cross_entropy")  # in the name of a series: it belongs on the left axis
LOG_RATIO = 30  # from here on, a linear scale hides the small values


def plot_history(history: Any, ax: Any = None, title: str | None = None, per: str | None = None) -> Any:
    """Losses and metrics over the epochs or steps of training; x is the index in the history.

    `history` is a sequence of losses, a mapping of names to sequences of any lengths, or has such a `.history`, like a
    Network. A series of two axes, as the `loop` of a compiled step gives, has the losses of an epoch in each row; their
    means are drawn. x is labelled "epoch" for these and for a `.history`, else "step"; or what `per` says.

    Series named like a loss (loss, error, mse, cross_entropy) are on the left, others beside them on a second axis at
    the right. The losses have a log scale where all finite ones are positive and the largest is at least 30 times the
    smallest. Where a series first is nan or inf, a dotted line and the legend say so. Gives the (left) Axes.

    A given `ax` keeps its lines in sight and in the legend, and its axis at the right.

    Raises ArgumentError for no values, DTypeError for what are no numbers, ShapeError for a series of other axes,
    MissingError without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> ax = plot_history({"loss": [1.0, 0.1, 0.01], "accuracy": [0.5, 0.8, 0.9]}, ax=Figure().subplots())
    >>> ax.get_ylabel()
    'loss (log scale)'
    """
    series, has_rows = checked_series(getattr(history, "history", history))
    losses, given = [name for name in series if is_loss(name)], ax is not None
    ax = axes_for(ax, "plot_history", (6.6, 4.2))
    beside = bool(losses) or any(is_loss(str(line.get_label())) for line in ax.lines)
    twin = right_of(ax, needed=beside and len(losses) < len(series))
    left = losses if twin is not ax else [*series]
    sides = {twin: [name for name in series if name not in left], ax: left}
    handles = [handle for side in reversed(sides) for handle in side.get_legend_handles_labels()[0]]
    step = per or ("epoch" if has_rows or hasattr(history, "history") else "step")
    before = [(side, axis, limits_of(side, axis)) for side in sides for axis in "xy"]
    scaled = [side for side, names in sides.items() if names and prepare(side, {name: series[name] for name in names})]
    start, count = len(handles), len(handles) + len(series)
    for i, (name, values) in enumerate(series.items(), start):
        side = ax if name in left else twin
        last = f"{values[-1]:.3g}" if values.size else "no values"
        text = f"{escaped(name)}{' (right)' * (side is not ax)}: {last}"
        for first in np.flatnonzero(~np.isfinite(values)).tolist()[:1]:
            text += f", first {values[first]:g} at {step} {first}"
            with np.errstate(over="ignore"):  # it looks for the end of the axis, which may be that of floats
                side.axvline(first, color=alarm(ax), linewidth=1.2, linestyle=(0, (2, 2)))
            end, look = range(first)[-1:], {"markersize": 10, "markeredgecolor": ax.get_facecolor(), "clip_on": False}
            side.plot(end, values[end], "X", color=alarm(ax), zorder=4, **look)
        handles += side.plot(values, color=bright(COLOURS[i % len(COLOURS)], ax), **stroke(i, values, count, text, ax))
    for side, axis, limits in before:
        if axis == "x" or side not in scaled:
            widen(side, axis, limits)
    ax.set(xlabel=step)
    ax.locator_params(axis="x", integer=True, min_n_ticks=1)
    return dress(ax, title, handles, twin, given)


def checked_series(history: Any) -> tuple[dict[str, Array], bool]:
    """The series by name; and whether one of them had a row for each epoch."""
    given = history if isinstance(history, Mapping) else {"loss": history}
    series = {str(name): numbers(values, f"The history of {name}") for name, values in given.items()}
    for name, values in series.items():
        if values.ndim not in (1, 2):
            what = f"The history of {name} must be a sequence of numbers, but has shape {values.shape}."
            raise ShapeError(what, "Write (epochs,), or (epochs, steps) for a row of losses for each epoch.")
    if not any(values.size for values in series.values()):
        raise ArgumentError("The history is empty.", "Train first; plot_history takes the losses of the steps.")
    with np.errstate(all="ignore"):
        means = {
            name: each.mean(axis=1) if each.ndim == 2 and each.size else each.ravel() for name, each in series.items()
        }
    return means, any(values.ndim == 2 for values in series.values())


def is_loss(name: str) -> bool:
    return any(word in name.lower() for word in LOSSES)


def prepare(side: Any, series: dict[str, Array]) -> bool:
    """Scale and label of the y axis for these series beside what is there; whether its limits are set."""
    ratio = LOG_RATIO if any(map(is_loss, series)) else math.inf
    scale, old = history_scale(side, np.concatenate([*series.values()]), ratio), side.get_ylabel()
    words = {name.split("_")[-1] for name in series}
    label = words.pop() if len(words) == 1 else "loss" if all(map(is_loss, series)) else "value"
    label = label if old.removesuffix(" (log scale)") in ("", escaped(label)) else "value"
    side.set_ylabel(escaped(label) + " (log scale)" * (scale != "linear"))
    return scale != "linear"
