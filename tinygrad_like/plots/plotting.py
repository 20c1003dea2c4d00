"""Plots of training, with matplotlib: losses, decision boundaries, the flow of gradients."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from ..engine.writes import Array
from ..nn.layer import refuse_class
from .axes import (
    alarm,
    axes_for,
    bound,
    bright,
    dark,
    dress,
    escaped,
    fit,
    history_scale,
    ink,
    legend_within,
    limits_of,
    log_scale,
    right_of,
    shade,
    small,
    widen,
)
from .data import (
    checked_classes,
    checked_norms,
    checked_points,
    checked_series,
    class_places,
    evaluated,
    judged,
    model_of,
    surroundings,
)
from .data import gradient_norms as gradient_norms

LOSSES = ("loss", "error", "mse", "cross_entropy")  # in the name of a series: it belongs on the left axis
LOG_RATIO = 30  # from here on, a linear scale hides the small values
ROWS = 20  # of a legend

# Okabe and Ito's colours, which colour-blind readers can tell apart; the first two of classes are the house's.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
CLASSES = ("#c9500c", "#2459c4", *COLOURS[2:])
TINTS = (ORANGE, BLUE, *_) = ("#f3a379", "#87a9f4", "#8fd0bd", "#ecc9db", "#f4d595", "#b3dcf5", "#a5a5a5")
VOID, PALE = "#d4d4d4", "#fbfaf8"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (6, 2, 1, 2)), (0, (1, 1.2)), (0, (3, 1.5)))


def plot_history(history: Any, ax: Any = None, title: str | None = None) -> Any:
    """Losses and metrics over the steps of training; x is the index in the history.

    `history` is a sequence of losses, a mapping of names to sequences of any lengths, or has such a `.history`, like a
    Network. Series named like a loss (loss, error, mse, cross_entropy) are on the left, others beside them on a second
    axis at the right. The losses have a log scale where all finite ones are positive and the largest is at least 30
    times the smallest. Where a series first is nan or inf, a dotted line and the legend say so. Gives the (left) Axes.

    A given `ax` keeps its lines in sight and in the legend, and its axis at the right.

    Raises ArgumentError for no values, DTypeError for what are no numbers, ShapeError for a series that is not
    flat, MissingError without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> ax = plot_history({"loss": [1.0, 0.1, 0.01], "accuracy": [0.5, 0.8, 0.9]}, ax=Figure().subplots())
    >>> ax.get_ylabel()
    'loss (log scale)'
    """
    series = checked_series(getattr(history, "history", history))
    losses, given = [name for name in series if is_loss(name)], ax is not None
    ax = axes_for(ax, "plot_history", (6.6, 4.2))
    beside = bool(losses) or any(is_loss(str(line.get_label())) for line in ax.lines)
    twin = right_of(ax, needed=beside and len(losses) < len(series))
    left = losses if twin is not ax else [*series]
    sides = {twin: [name for name in series if name not in left], ax: left}
    handles = [handle for side in reversed(sides) for handle in side.get_legend_handles_labels()[0]]
    step = "epoch" if hasattr(history, "history") else "step"
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


def plot_decision_boundary(
    model: Any, x: Any, y: Any, ax: Any = None, resolution: int = 200, title: str | None = None
) -> Any:
    """What a classifier of points in the plane answers everywhere, its boundary, and the data.

    `x` is (n, 2); `y` (n,) or (n, 1) class numbers, or (n, k) one-hot. `model` is a Layer, a Network or a function; it
    takes (m, 2) arrays and gives (m,), (m, 1) or (m, k). One output is the background. The boundary is where it is
    0.5, if all outputs lie in [0, 1]; else they are taken as logits, and it is where they are 0. Of k outputs the
    largest decides; y then counts classes from 0. Outputs that are not finite are grey. The model is evaluated (layers
    with training off) in batches on resolution × resolution points; nothing in it is changed. Gives the Axes.

    Raises ShapeError for x, y or outputs of other shapes; ArgumentError for no data, x that is not finite, y that are
    no classes, or more than the model tells apart, a resolution below 2; MissingError without matplotlib.

    >>> from matplotlib.figure import Figure
    >>> ax = plot_decision_boundary(lambda x: x[:, 0] - 2, [[1, 1], [3, 1]], [0, 1], ax=Figure().subplots())
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['output = 0', 'class 0', 'class 1']
    """
    model = model_of(model)
    refuse_class(model, "model must be a Layer, a Network or a function")
    if not callable(model):
        raise ArgumentError(f"model must be a Layer, a Network or a function, but got a {type(model).__name__}.")
    if not isinstance(resolution, (int, np.integer)) or resolution < 2:
        raise ArgumentError(f"resolution must be a whole number of at least 2, but got {resolution!r}.")
    points = checked_points(x)
    y = checked_classes(y, len(points))
    columns, rows = surroundings(points[:, 0], resolution), surroundings(points[:, 1], resolution)
    outputs = evaluated(model, columns, rows)
    places = class_places(np.unique(y), outputs.shape[-1])
    given = ax is not None
    ax = axes_for(ax, "plot_decision_boundary", (6.0, 4.8))
    before = {axis: limits_of(ax, axis) for axis in "xy"}
    handles = ax.get_legend_handles_labels()[0] + draw_outputs(ax, columns, rows, outputs, bar=not given)
    style = {"s": min(46.0, max(14.0, 6000 / len(y))), "edgecolors": ax.get_facecolor(), "linewidths": 0.8, "zorder": 3}
    for number, place in places.items():
        look = {"color": bright(CLASSES[place % len(CLASSES)], ax), "marker": MARKERS[place % len(MARKERS)]}
        handles.append(ax.scatter(*points[y == number].T, label=f"class {number:g}", **look, **style))
    for axis, values in (("x", columns), ("y", rows)):
        ends = [*values[[0, -1]].tolist(), *before[axis]]
        bound(ax, axis, min(ends), max(ends))
    ax.set(xlabel="x[:, 0]", ylabel="x[:, 1]")
    return dress(ax, title, handles, ax, given)


def plot_gradient_flow(model_or_norms: Any, ax: Any = None, title: str | None = None) -> Any:
    """How large the gradient of each layer is: does every layer learn?

    Given a model after backward(), or the `gradient_norms` of one step: a bar per layer, the first at the top. Given
    a list of the norms of several steps: a line per layer. The scale is logarithmic; if a norm is 0, it starts
    with a 0. Gives the Axes; labels, and the title unless another is given, tell the layers whose gradient is

    * exploding: not finite at any step, above 1000 at the last one, or once above 1 and 1000 times its first
      positive norm;
    * vanishing: 0, or at most 1/10000 of the largest of those that do not explode, at the last step, or in the maxima
      over all steps (for where all have stopped to learn).

    Raises ArgumentError for what are no norms, MissingError without matplotlib; for a model as `gradient_norms`.

    >>> from matplotlib.figure import Figure
    >>> plot_gradient_flow({"layers[0]": 1e-6, "layers[2]": 0.3}, ax=Figure().subplots()).get_title()
    '1 vanishing, 0 exploding'
    """
    steps = checked_norms(model_or_norms)
    words, given, several = judged(steps), ax is not None, len(steps) > 1
    names = [*dict.fromkeys(name for norms in steps for name in norms)]
    counts = [f"{[*words.values()].count(word)} {word}" for word in ("vanishing", "exploding")]
    if title is None:
        whole = f"Gradient norms of {len(names)} layer{'s' * (len(names) != 1)}: {' and '.join(counts)}"
        title = ", ".join(counts) if given else whole
    legend = math.ceil(len(names) / ROWS) * (1.3 + 0.07 * max(map(len, names)))
    size = (5.4 + legend, 4.4) if several else (6.8, min(16.0, 1.3 + 0.34 * len(names)))
    ax = axes_for(ax, "plot_gradient_flow", size)
    log_scale(ax, "y" if several else "x", [norm for norms in steps for norm in norms.values()])
    if several:
        table = {name: {i: norms[name] for i, norms in enumerate(steps) if name in norms} for name in names}
        draw_lines(ax, table, words, given)
    else:
        (draw_bars_within if given else draw_bars)(ax, steps[0], words)
    return dress(ax, title, [], ax, given, grid="y" if several else "x")


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


def draw_outputs(ax: Any, columns: Array, rows: Array, outputs: Array, bar: bool) -> list[Any]:
    """The background, and the lines where the decision changes; gives their handles for the legend."""
    colors = import_module("matplotlib.colors")
    finite: Any = np.isfinite(outputs).all(axis=-1)
    outputs = np.where(finite[..., None], outputs, 0.0)
    known = outputs[finite]
    if outputs.shape[-1] == 1:
        level = 0.5 if known.min(initial=0.0) >= 0 and known.max(initial=1.0) <= 1 else 0.0
        reach = level or float(np.abs(known).max())
        shades = colors.LinearSegmentedColormap.from_list(
            "orange to blue", [shade(each, ax) for each in (ORANGE, PALE, BLUE)]
        )
        image = np.ma.array(outputs[..., 0], mask=~finite)
        options = {"cmap": shades.with_extremes(bad=shade(VOID, ax)), "vmin": level - reach, "vmax": level + reach}
        leads, name = [outputs[..., 0] - level], f"output = {level:g}"
    else:
        winner, (second, best) = outputs.argmax(axis=-1), np.moveaxis(np.sort(outputs, axis=-1)[..., -2:], -1, 0)
        image = colors.to_rgba_array([shade(each, ax) for each in (*TINTS, VOID)])[
            np.where(finite, winner % len(TINTS), -1)
        ]
        options, name = {}, "boundary"
        # How far each output is ahead of the best other one; 0 on its boundary.
        leads = [outputs[..., k] - np.where(winner == k, second, best) for k in range(outputs.shape[-1])]
    mesh = ax.pcolormesh(columns, rows, image, shading="nearest", rasterized=True, **options)
    if bar and outputs.shape[-1] == 1:
        ax.figure.colorbar(mesh, ax=ax, shrink=0.85, aspect=28, label="output").outline.set_visible(False)
    crossed = [lead for lead in leads if lead[finite].min(initial=0.0) < 0 < lead[finite].max(initial=0.0)]
    for lead in crossed:
        ax.contour(columns, rows, np.ma.array(lead, mask=~finite), levels=[0.0], colors=[ink(ax)], linewidths=1.5)
    line = ax.plot([], [], color=ink(ax), linewidth=1.5, label=name) if crossed else []
    return line + (
        [] if finite.all() else ax.plot([], [], "s", color=shade(VOID, ax), markersize=9, label="not finite")
    )


def draw_bars(ax: Any, norms: dict[str, float], words: dict[str, str]) -> None:
    """A bar per layer, and beside it the norm and the word."""
    size = min(9.0, 58 * ax.bbox.height / ax.figure.dpi / len(norms))
    for i, (name, norm) in enumerate(norms.items()):
        ax.barh(i, shown(norm, ax), height=0.7, **bar_look(words.get(name), ax))
        note = ax.text(1.02, i, f"{norm:.3g}  {words.get(name, '')}", transform=ax.get_yaxis_transform())
        note.set(va="center", fontsize=size, color=alarm(ax) if name in words else ink(ax))
    ax.set_yticks(range(len(norms)), [escaped(name) for name in norms], fontsize=size)
    ax.set(ylim=(len(norms) - 0.4, -0.6), xlabel="norm of the gradient (log scale)")


def draw_bars_within(ax: Any, norms: dict[str, float], words: dict[str, str]) -> None:
    """A bar per layer; above it, but within the Axes, the name, the norm and the word."""
    row = ax.bbox.height / ax.figure.dpi * 72 / len(norms)
    for i, (name, norm) in enumerate(norms.items()):
        ax.barh(i + 0.28, shown(norm, ax), height=0.34, **bar_look(words.get(name), ax))
        look = {"transform": ax.get_yaxis_transform(), "va": "center", "fontsize": min(small(ax), 0.5 * row)}
        look["color"] = alarm(ax) if name in words else ink(ax)
        note = ax.text(0.985, i - 0.16, f"{norm:.3g}  {words.get(name, '')}".strip(), ha="right", **look)
        fit(ax.text(0.015, i - 0.16, escaped(name), **look), 0.94 * ax.bbox.width - note.get_window_extent().width)
    ax.set_yticks([])
    ax.set(ylim=(len(norms) - 0.45, -0.5), xlabel="gradient norm (log)")


def shown(norm: float, ax: Any) -> float:
    return norm if math.isfinite(norm) else ax.get_xlim()[1]


def bar_look(word: str | None, ax: Any) -> dict[str, Any]:
    if word is None:
        return {"color": BLUE}
    look = {"color": ax.get_facecolor(), "linewidth": 1.0}
    return (
        look
        | {"vanishing": {"edgecolor": ORANGE, "hatch": "////"}, "exploding": {"edgecolor": alarm(ax), "hatch": "xxxx"}}[
            word
        ]
    )


def draw_lines(ax: Any, table: dict[str, dict[int, float]], marks: dict[str, str], given: bool) -> None:
    """A line per layer, the first dark, with a large marker where it ends vanished, or was largest before exploding."""
    reach = np.linspace(1, 0.25, len(table)) if dark(ax) else np.linspace(0, 0.88, len(table))
    colours = import_module("matplotlib").colormaps["viridis"](reach)
    handles, earlier = [], ax.get_legend_handles_labels()[0]
    for i, (name, norms) in enumerate(table.items()):
        steps, values = [*norms], np.array([*norms.values()])
        text = f"{escaped(name)}  {marks.get(name, '')}".rstrip()
        handles += ax.plot(steps, values, color=colours[i], **stroke(i, values, len(table), text, ax))
        finite = np.flatnonzero(np.isfinite(values))
        if name in marks and finite.size:
            down = marks[name] == "vanishing"
            at = finite[-1] if down else finite[np.argmax(values[finite])]
            look = {"color": colours[i], "markersize": 10, "markeredgecolor": alarm(ax), "markeredgewidth": 1.4}
            ax.plot(steps[at], values[at], "v" if down else "^", zorder=4, clip_on=False, **look)
    inks = [alarm(ax) if name in marks else ink(ax) for name in table]
    ax.locator_params(axis="x", integer=True, min_n_ticks=1)
    ax.set(xlabel="step", ylabel="gradient norm (log)" if given else "norm of the gradient (log scale)")
    if given:
        legend_within(ax, ax, earlier + handles, [ink(ax)] * len(earlier) + inks)
    else:
        place = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.02), "ncols": math.ceil(len(table) / ROWS)}
        ax.legend(handles=handles, labelcolor=inks, frameon=False, fontsize=9, handlelength=3.4, **place)
