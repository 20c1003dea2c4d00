"""The Axes that plots are on, new or given: their scales, limits, colours, texts and legends, by matplotlib."""

from __future__ import annotations

import math
import sys
from importlib import import_module
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, MissingError
from ..engine.writes import Array

GREY, MAX = "#8a8a8a", sys.float_info.max
HUGE, TINY = 1e300, 1e-280  # beyond these, matplotlib's linear scale overflows, or takes values for 0

# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
ORANGE, BLUE = "#f3a379", "#87a9f4"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (6, 2, 1, 2)), (0, (1, 1.2)), (0, (3, 1.5)))


def axes_for(ax: Any, function: str, size: tuple[float, float]) -> Any:
    """The Axes to draw on; pyplot is needed for a new figure only."""
    try:
        if ax is None:
            _, ax = import_module("matplotlib.pyplot").subplots(figsize=size, layout="constrained")
    except ModuleNotFoundError as error:
        what = f"{function} needs matplotlib, which is not installed."
        more = "The extra of this package, tinygrad_like[plot], has it too."
        raise MissingError(what, f"Write pip install matplotlib. {more}") from error
    if not hasattr(ax, "set_yscale"):
        raise ArgumentError(f"ax must be one matplotlib Axes, but got a {type(ax).__name__}.", "Write ax=axes[0].")
    if ax.name != "rectilinear":
        raise ArgumentError(f"ax must be ordinary flat Axes, but its projection is {ax.name}.", "Write plt.subplots().")
    return ax


def right_of(ax: Any, needed: bool) -> Any:
    """The axis at the right of the same Axes: the one that is there, else a new one if needed, else the Axes."""
    bounds = ax.get_position(original=True).bounds
    for other in ax.get_shared_x_axes().get_siblings(ax):
        same = other is not ax and other.figure is ax.figure and other.yaxis.get_label_position() == "right"
        if same and np.allclose(other.get_position(original=True).bounds, bounds):
            return other
    return ax.twinx() if needed else ax


def escaped(text: Any) -> str:
    """A text to be drawn as it is, without mathematics between dollars."""
    return str(text).replace("$", r"\$")


# -- scales and limits ----------------------------------------------------------------------------


def data_on(ax: Any, axis: str) -> list[float]:
    """The ends, and the smallest positive one, of the finite values that are drawn along an axis."""
    box = ax.dataLim
    ends = (*box.intervalx, box.minposx) if axis == "x" else (*box.intervaly, box.minposy)
    return [float(each) for each in ends if math.isfinite(each)] if ax.has_data() else []


def limits_of(ax: Any, axis: str) -> list[float]:
    """The limits of an axis that shows something already, or that were set; else none."""
    kept = ax.has_data() or not getattr(ax, f"get_autoscale{axis}_on")()
    return [float(each) for each in getattr(ax, f"get_{axis}lim")()] if kept else []


def bound(ax: Any, axis: str, low: float, high: float) -> None:
    getattr(ax, f"set_{axis}bound")(low, high)
    getattr(ax, f"set_autoscale{axis}_on")(False)


def widen(ax: Any, axis: str, before: list[float]) -> None:
    """Set limits around all that is drawn, and around the limits from before."""
    if before:
        getattr(ax, f"set_autoscale{axis}_on")(True)
        ax.autoscale_view(scalex=axis == "x", scaley=axis == "y")
        ends = [*getattr(ax, f"get_{axis}lim")(), *before]
        bound(ax, axis, min(ends), max(ends))


def power(exponent: int) -> float:
    """A power of ten; beyond the ends of what floats can be, the end."""
    return MAX if exponent > 308 else max(5e-324, 10.0**exponent)


def log_scale(ax: Any, axis: str, values: list[float]) -> None:
    """A logarithmic axis of whole decades around the values and what is there already.

    If a value is 0 or negative, there is a linear stretch around 0.
    """
    before = limits_of(ax, axis)
    values = [each for each in values if math.isfinite(each)]
    sizes = [abs(each) for each in [*values, *data_on(ax, axis)] if each] or [1.0]
    linear, signed = min(values, default=1.0) <= 0, min(values, default=1.0) < 0
    top = max(-321, math.ceil(math.log10(max(sizes)) + 0.1))
    bottom = min(top - 2, math.floor(math.log10(min(sizes)) - 0.1))
    if linear:  # which holds all that is smaller than its end; that cannot be as small as floats can be
        bottom = max(-285, top - 305, bottom)
        top = max(top, bottom + 2)
    floor, stride = power(bottom), math.ceil((top - bottom) / 9)
    exponents = range(bottom + stride * linear, min(top, 308) + 1, stride)
    ticks = [0.0] * linear + [power(each) for each in exponents if each >= -323]
    ticks = [-each for each in ticks[:0:-1]] * signed + ticks
    scale = {"value": "symlog", "linthresh": floor, "linscale": 0.6} if linear else {"value": "log"}
    getattr(ax, f"set_{axis}scale")(**scale)
    low = -power(top) if signed else -0.1 * floor if linear else floor
    before = [each for each in before if linear or each > 0]
    # The limits first: fixed ticks would take tiny ones for 0.
    bound(ax, axis, min(low, *before, low), max(power(top), *before, power(top)))
    extreme = bottom < -300 or top > 300  # matplotlib's own labels divide by the ends
    labels = [f"${'-' * (each < 0)}10^{{{math.log10(abs(each)):.0f}}}$" if each else "0" for each in ticks]
    getattr(ax, f"set_{axis}ticks")(ticks, labels if extreme else None)
    if stride > 1 or extreme:
        ax.minorticks_off()


def history_scale(ax: Any, values: Array, ratio: float) -> str:
    """Set the scale of y: logarithmic from this ratio of positive values on, or where no linear one can be drawn."""
    known = [*values[np.isfinite(values)].tolist(), *data_on(ax, "y")] or [0.0]
    low, high = min(known), max(known)
    was_log, size = ax.get_yscale() == "log", max(-low, high)
    if low > 0 and (was_log or low <= high / ratio or not TINY < size < HUGE):
        log_scale(ax, "y", known)
        return "log"
    if size > HUGE:
        log_scale(ax, "y", known)
        return "symlog"
    if was_log:
        ax.set_yscale("linear")
    return "linear"


# -- colours and lines ----------------------------------------------------------------------------


def ink(ax: Any) -> Any:
    """The colour of texts, from the style that the Axes were made in."""
    return ax.title.get_color()


def dark(ax: Any) -> bool:
    return bool(np.dot(import_module("matplotlib.colors").to_rgb(ink(ax)), (0.3, 0.6, 0.1)) > 0.5)


def shade(color: str, ax: Any) -> Any:
    """A colour of the background: as it is, or under light texts a dark one."""
    rgb = np.array(import_module("matplotlib.colors").to_rgb(color))
    return tuple((0.42 * rgb).tolist()) if dark(ax) else color


def bright(color: str, ax: Any) -> Any:
    """A colour of lines and marks: as it is, or on a dark ground a lighter one."""
    rgb = np.array(import_module("matplotlib.colors").to_rgb(color))
    return tuple((1 - 0.65 * (1 - rgb)).tolist()) if dark(ax) else color


def alarm(ax: Any) -> str:
    return "#ff7b72" if dark(ax) else "#b3261e"


def stroke(i: int, values: Array, count: int, text: str, ax: Any) -> dict[str, Any]:
    """Label and looks of line i of `count`: few markers, but one at the last point, and at each between gaps."""
    stride = max(1, len(values) // 8)
    finite = np.concatenate([[False], np.isfinite(values), [False]])
    shown = finite[1:-1] & ~finite[:-2] & ~finite[2:]
    shown[i * stride // count : len(values) - stride // 2 : stride] = shown[-1:] = True
    # A legend leaves out what starts with an underscore.
    look = {"label": " " * text.startswith("_") + text, "markevery": np.flatnonzero(shown).tolist()}
    look |= {"linestyle": DASHES[i % len(DASHES)], "marker": MARKERS[i % len(MARKERS)]}
    return {"linewidth": 1.8, "markersize": 5.5, "markeredgecolor": ax.get_facecolor(), "markeredgewidth": 0.6, **look}


# -- texts and legends ----------------------------------------------------------------------------


def small(ax: Any) -> float:
    """A size of texts for Axes as large as these, in points."""
    width, height = ax.bbox.width * 72 / ax.figure.dpi, ax.bbox.height * 72 / ax.figure.dpi
    return float(np.clip(min(width / 25, height / 20), 6.5, 9.0))


def fit(text: Any, width: float, size: float = 5.0) -> None:
    """Shrink a text down to this size, then shorten it, until it is at most so wide, in pixels."""
    while text.get_window_extent().width > width and text.get_fontsize() > size:
        text.set_fontsize(max(size, text.get_fontsize() - 0.5))
    whole = text.get_text()
    n = len(whole)
    while n > 3 and (now := text.get_window_extent().width) > width:
        n = min(n - 1, int(n * width / now))
        text.set_text(whole[: n // 2] + "…" + whole[len(whole) - n // 2 :])


def dress(ax: Any, title: str | None, handles: Any, twin: Any, given: bool, grid: str = "both") -> Any:
    """The frame and the grid; the legend and the title above them, in given Axes the legend within."""
    for each, hidden in ((twin, ["top", "left"]), (ax, ["top", "right"])):
        each.spines[:].set_color(GREY)
        each.spines[:].set_visible(True)
        each.spines[hidden].set_visible(False)
        each.tick_params(color=GREY)
        if given:
            each.tick_params(labelsize=small(ax), pad=2)
            for label in (each.xaxis.label, each.yaxis.label):
                label.set_fontsize(small(ax))
            each.yaxis.labelpad = 0.5
    ax.set_axisbelow(True)
    ax.grid(axis=grid, color=ink(ax), alpha=0.1, linewidth=0.7)
    if given:
        ax.set_xlabel(ax.get_xlabel(), loc="right", labelpad=1)
        if handles:
            legend_within(ax, twin, handles)
        if title is not None:
            title_within(ax, title)
        return ax
    needed = sum(len(handle.get_label()) + 9 for handle in handles) * 4.8  # in points, about
    lines = math.ceil(needed * ax.figure.dpi / 72 / ax.bbox.width)
    if handles:
        place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2, "columnspacing": 1.5}
        ax.legend(handles=handles, ncols=math.ceil(len(handles) / lines), frameon=False, fontsize=9, **place)
    if title is not None:
        ax.set_title(escaped(title), fontsize=11, pad=8 + 15 * min(lines, len(handles)))
    return ax


def title_within(ax: Any, title: str) -> None:
    """A title that is no wider than the Axes: smaller, then in several lines."""
    import textwrap  # here, since importing it takes as long as importing all plots

    text = ax.set_title(escaped(title), fontsize=small(ax) + 1, pad=4, x=0.0, ha="left")
    while (now := text.get_window_extent().width) > ax.bbox.width and text.get_fontsize() > small(ax) - 1:
        text.set_fontsize(text.get_fontsize() - 0.5)
    if now > ax.bbox.width:
        text.set_text(textwrap.fill(text.get_text(), max(8, int(0.92 * len(title) * ax.bbox.width / now))))


def legend_within(ax: Any, twin: Any, handles: list[Any], colors: list[Any] | None = None) -> None:
    """A legend in the corner where it hides least; at most so large as to leave half of the Axes."""
    if twin is not ax and ax.patch.get_visible():  # else the lines of the right axis are above the legend
        twin.patch.set(visible=True, facecolor=ax.get_facecolor())
        ax.patch.set_visible(False)
        ax.set_zorder(twin.get_zorder() + 0.1)
    look: dict[str, Any] = {"labelspacing": 0.25, "handlelength": 2.2, "handletextpad": 0.5, "borderaxespad": 0.4}
    look |= {"borderpad": 0.3, "framealpha": 0.8, "facecolor": twin.get_facecolor(), "edgecolor": "none"}
    look |= {"labelcolor": colors or ink(ax), "loc": "upper right"}  # until its size is known
    labels = [handle.get_label() for handle in handles]
    nothing = import_module("matplotlib.lines").Line2D([], [], ls="")
    size, shown, part = small(ax), len(handles), 2.0
    while part > 1:
        more = [f"… {len(handles) - shown} more"] * (shown < len(handles))
        entries = {"handles": [*handles[:shown], *([nothing] * len(more))], "labels": labels[:shown] + more}
        legend = ax.legend(**entries, fontsize=size, **look)
        if size <= 5.5:
            for text in legend.get_texts():
                fit(text, 0.9 * ax.bbox.width - 4 * size * ax.figure.dpi / 72)
        box = legend.get_window_extent()
        width, height = box.width / ax.bbox.width, box.height / ax.bbox.height
        part = max(width / 0.95, height / 0.9, width * height / 0.5)
        if size <= 5.5 and shown == 1:
            break
        size, shown = (size - 0.5, shown) if size > 5.5 else (size, max(1, min(shown - 1, int(shown / part))))
    corners = {"upper right": (1, 1), "lower left": (0, 0), "upper left": (0, 1), "lower right": (1, 0)}
    at = np.concatenate([drawn_at(ax), *([drawn_at(twin)] * (twin is not ax))])
    near = (width + 0.03, height + 0.03)
    legend.set_loc(min(corners, key=lambda name: (abs(at - corners[name]) < near).all(axis=1).sum()))


def drawn_at(ax: Any) -> Array:
    """Points along all lines, and those of scatters, (n, 2), in parts of the Axes."""
    ax.get_xlim()  # brings the limits up to date
    points = [np.empty((0, 2))]
    for line in [line for line in ax.lines if len(line.get_xydata())]:
        ends = line.get_transform().transform(line.get_xydata())
        along = np.linspace(0, len(ends) - 1, 300)
        points += [np.stack([np.interp(along, np.arange(len(ends)), each) for each in ends.T], axis=1)]
    points += [each.get_offset_transform().transform(each.get_offsets()) for each in ax.collections]
    return ax.transAxes.inverted().transform(np.concatenate(points))
