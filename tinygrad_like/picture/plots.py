"""Plots of training, with matplotlib: losses, decision boundaries, the flow of gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from ..errors import ArgumentError, DTypeError, GraphError, MissingError, ShapeError
from ..nn.layer import Layer, is_parameter, walk
from ..recording import no_grad
from ..tensor import values_of
from ..writes import Array

LOSSES = ("loss", "error", "mse", "cross_entropy")  # in the name of a series: it belongs on the left axis
LOG_RATIO = 30  # from here on, a linear scale hides the small values
VANISHING = 1e-4  # of the largest layer: with one learning rate, it learns ten thousand times slower
EXPLODING = 1e3
BATCH, ROWS = 10_000, 20  # of inputs at once, of a legend

# Okabe and Ito's colours, which colour-blind readers can tell apart; the first two of classes are the house's.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
CLASSES = ("#c9500c", "#2459c4", *COLOURS[2:])
TINTS = (ORANGE, BLUE, *_) = ("#f3a379", "#87a9f4", "#8fd0bd", "#ecc9db", "#f4d595", "#b3dcf5", "#a5a5a5")
INK, GREY, VOID, PALE, ALARM = "#333333", "#8a8a8a", "#d4d4d4", "#fbfaf8", "#b3261e"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (6, 2, 1, 2)), (0, (1, 1.2)), (0, (3, 1.5)))


def plot_history(history: Any, ax: Any = None, title: str | None = None) -> Any:
    """Losses and metrics over the steps of training; x is the index in the history.

    `history` is a sequence of losses, a mapping of names to sequences of any lengths, or has such a `.history`, like a
    Network. Series named like a loss (loss, error, mse, cross_entropy) are on the left, others beside them on a second
    axis at the right. The losses have a log scale where all finite ones are positive and the largest is at least 30
    times the smallest. Where a series first is nan or inf, a dotted line and the legend say so. Gives the (left) Axes.

    Raises ArgumentError for no values, DTypeError for what are no numbers, ShapeError for a series that is not
    flat, MissingError without matplotlib.
    """
    series = checked_series(getattr(history, "history", history))
    losses = [name for name in series if any(word in name.lower() for word in LOSSES)]
    others = [name for name in series if name not in losses]
    ax = axes(ax, "plot_history", (6.6, 4.2))
    twin = ax.twinx() if losses and others else ax
    known = np.concatenate([series[name][np.isfinite(series[name])] for name in losses or others])
    log = bool(losses and known.size and 0 < known.min() <= known.max() / LOG_RATIO)
    if log:
        log_scale(ax, "y", known.tolist())
    step = "epoch" if hasattr(history, "history") else "step"
    handles = []
    for i, (name, values) in enumerate(series.items()):
        side = ax if name in losses else twin
        last = f"{values[-1]:.3g}" if values.size else "no values"
        text = f"{name}{' (right)' * (side is not ax)}: {last}"
        for first in np.flatnonzero(~np.isfinite(values)).tolist()[:1]:
            text += f", first {values[first]:g} at {step} {first}"
            side.axvline(first, color=ALARM, linewidth=1.2, linestyle=(0, (2, 2)))
            end, look = range(first)[-1:], {"markersize": 10, "markeredgecolor": "white", "clip_on": False}
            side.plot(end, values[end], "X", color=ALARM, zorder=4, **look)
        handles += side.plot(values, color=COLOURS[i % len(COLOURS)], **stroke(i, values, len(series), text))
    for side, names in ((twin, others), (ax, losses or others)):
        words = {name.split("_")[-1] for name in names}
        side.set_ylabel(words.pop() if len(words) == 1 else "loss" if names is losses else "value")
    ax.set(xlabel=step, ylabel=ax.get_ylabel() + " (log scale)" * log)
    ax.locator_params(axis="x", integer=True, min_n_ticks=1)
    return dress(ax, title, handles, twin)


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
    """
    model = getattr(model, "model", model) if hasattr(model, "feed_forward") else model
    if not callable(model):
        raise ArgumentError(f"model must be a Layer, a Network or a function, but got a {type(model).__name__}.")
    if not isinstance(resolution, (int, np.integer)) or resolution < 2:
        raise ArgumentError(f"resolution must be a whole number of at least 2, but got {resolution!r}.")
    points = checked_points(x)
    y = checked_classes(y, len(points))
    columns, rows = surroundings(points[:, 0], resolution), surroundings(points[:, 1], resolution)
    outputs = evaluated(model, columns, rows)
    places = class_places(np.unique(y), outputs.shape[-1])
    ax, alone = axes(ax, "plot_decision_boundary", (6.0, 4.8)), ax is None
    handles = draw_outputs(ax, columns, rows, outputs, alone)
    style = {"s": min(46.0, max(14.0, 6000 / len(y))), "edgecolors": "white", "linewidths": 0.8, "zorder": 3}
    for number, place in places.items():
        look = {"color": CLASSES[place % len(CLASSES)], "marker": MARKERS[place % len(MARKERS)]}
        handles.append(ax.scatter(*points[y == number].T, label=f"class {number:g}", **look, **style))
    ax.set(xlim=columns[[0, -1]], ylim=rows[[0, -1]], xlabel="x[:, 0]", ylabel="x[:, 1]")
    return dress(ax, title, handles, ax)


def gradient_norms(model: Any) -> dict[str, float]:
    """The Euclidean norm of the gradient of each layer's own parameters, by the layer's path, in order.

    Parameters that are the model's own count under the name of its class. A parameter that several layers share
    counts where it is found first; one without a gradient not at all. Nothing is changed.

    Raises GraphError if no parameter has a gradient, ArgumentError for what has no parameters.

    >>> from tinygrad_like import Linear, Sequential
    >>> model = Sequential(Linear(2, 1))
    >>> model([[2.0, 2.0]]).sum().backward()
    >>> gradient_norms(model)
    {'layers[0]': 3.0}
    """
    model = getattr(model, "model", model) if hasattr(model, "feed_forward") else model
    if not isinstance(model, Layer) or not model.parameters():
        raise ArgumentError(f"gradient_norms needs a model with parameters, but got a {type(model).__name__}.")
    norms: dict[str, float] = {}
    seen: set[int] = set()
    for path, layer in [(type(model).__name__, model), *model.named_layers()]:
        own = [value for _, value in walk(layer, layers=False) if is_parameter(value) and id(value) not in seen]
        seen.update(map(id, own))
        gradients = [np.abs(parameter.grad.numpy()).ravel() for parameter in own if parameter.grad is not None]
        if gradients:
            values = np.concatenate(gradients, dtype=np.float64)
            # Scaled, so that no square overflows or underflows.
            scale = float(values.max(initial=0.0))
            norms[path] = scale * float(np.linalg.norm(values / scale)) if 0 < scale < math.inf else scale
    if not norms:
        raise GraphError(f"No parameter of this {type(model).__name__} has a gradient.", "Call loss.backward() first.")
    return norms


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
    """
    steps = checked_norms(model_or_norms)
    names = dict.fromkeys(name for norms in steps for name in norms)
    table = {name: {i: norms[name] for i, norms in enumerate(steps) if name in norms} for name in names}
    marks = {name: "exploding" for name, norms in table.items() if explodes([*norms.values()])}
    last = {name: [*norms.values()][-1] for name, norms in table.items()}
    for sizes in (last, {name: max(norms.values()) for name, norms in table.items()}):
        largest = max((sizes[name] for name in names if marks.get(name) != "exploding"), default=0.0)
        marks |= {name: "vanishing" for name in names if name not in marks and sizes[name] <= VANISHING * largest}
    if title is None:
        counts = [f"{[*marks.values()].count(word)} {word}" for word in ("vanishing", "exploding")]
        title = f"Gradient norms of {len(names)} layer{'s' * (len(names) != 1)}: {' and '.join(counts)}"
    several = len(steps) > 1
    legend = math.ceil(len(names) / ROWS) * (1.3 + 0.07 * max(map(len, names)))
    size = (5.4 + legend, 4.4) if several else (6.8, min(16.0, 1.3 + 0.34 * len(names)))
    ax = axes(ax, "plot_gradient_flow", size)
    log_scale(ax, "y" if several else "x", [norm for norms in steps for norm in norms.values()])
    if several:
        draw_lines(ax, table, marks)
    else:
        draw_bars(ax, last, marks)
    return dress(ax, title, [], ax, grid="y" if several else "x")


def numbers(values: Any, what: str) -> Array:
    """Values as a float64 array, from Tensors, arrays or lists of them."""
    try:
        values = [values_of(each) for each in values] if isinstance(values, (list, tuple)) else values_of(values)
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DTypeError(f"{what} must be numbers: {error}.", "Write a list or an array of floats.") from error


def checked_series(history: Any) -> dict[str, Array]:
    given = history if isinstance(history, Mapping) else {"loss": history}
    series = {str(name): numbers(values, f"The history of {name}") for name, values in given.items()}
    for name, values in series.items():
        if values.ndim != 1:
            raise ShapeError(f"The history of {name} must be a sequence of numbers, but has shape {values.shape}.")
    if not any(values.size for values in series.values()):
        raise ArgumentError("The history is empty.", "Train first; plot_history takes the losses of the steps.")
    return series


def checked_points(x: Any) -> Array:
    points = numbers(x, "x")
    if not points.size:
        raise ArgumentError(f"plot_decision_boundary needs at least one point, but x has shape {points.shape}.")
    if points.ndim != 2 or points.shape[1] != 2:
        raise ShapeError(f"x must be points in the plane, (n, 2), but has shape {points.shape}.")
    if not np.isfinite(points).all():
        row = int(np.argmin(np.isfinite(points).all(axis=1)))
        raise ArgumentError(f"x must be finite, but x[{row}] is {points[row]}.", "Leave such points out.")
    return points


def checked_classes(y: Any, n: int) -> Array:
    y = numbers(y, "y")
    if y.ndim not in (1, 2) or len(y) != n or not y.size:
        raise ShapeError(f"x has {n} points, but y has shape {y.shape}.", f"Write y as ({n},) class numbers.")
    if y.ndim == 2 and y.shape[1] > 1:
        if not (np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all()):
            raise ArgumentError(f"y of shape {y.shape} must be one-hot: a single 1 per row, else 0.")
        return y.argmax(axis=1)
    if not np.isfinite(y).all() or (y != np.round(y)).any():
        raise ArgumentError(f"y must be whole class numbers, but has {np.unique(y)[:5]}.", "Write 0, 1, ...")
    return y.reshape(n)


def class_places(classes: Array, outputs: int) -> dict[float, int]:
    got = f"but y has {len(classes)} class{'es' * (len(classes) != 1)}: {classes[:5]}."
    if outputs == 1 and len(classes) > 2:
        raise ArgumentError(f"One output tells 2 classes apart, {got}", "Give one output per class: (m, k).")
    if outputs > 1 and not 0 <= classes.min() <= classes.max() < outputs:
        raise ArgumentError(f"The model gives {outputs} outputs, {got}", f"Number the classes 0 to {outputs - 1}.")
    known = outputs > 1 or np.isin(classes, (0, 1)).all()
    return {number: int(number) if known else i for i, number in enumerate(classes)}


def checked_norms(given: Any) -> list[dict[str, float]]:
    """The norms of each step; those of a model are one step."""
    if not isinstance(given, (list, tuple)):
        given = [given if isinstance(given, Mapping) else gradient_norms(given)]
    fits = all(isinstance(norms, Mapping) and not any(map(np.ndim, norms.values())) for norms in given)
    if not any(given) or not fits:
        what = "plot_gradient_flow needs a model, or gradient norms by layer: a dict, or a list of one per step"
        raise ArgumentError(f"{what}; got {given!r:.60}.", "Append gradient_norms(model) after each backward().")
    return [{str(name): float(numbers(norms[name], f"The norm of {name}")) for name in norms} for norms in given]


def explodes(norms: list[float]) -> bool:
    first = next((each for each in norms if 0 < each < math.inf), math.inf)
    return not all(map(math.isfinite, norms)) or norms[-1] > EXPLODING or max(norms) > max(1.0, EXPLODING * first)


def surroundings(values: Array, count: int) -> Array:
    space = 0.12 * float(np.ptp(values)) or max(1.0, 0.12 * abs(float(values[0])))
    return np.linspace(values.min() - space, values.max() + space, count)


def evaluated(model: Any, columns: Array, rows: Array) -> Array:
    """The outputs on the grid, (rows, columns, outputs), of a model in evaluation; then each layer is as before."""
    grid = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
    layers = [model, *(layer for _, layer in model.named_layers())] if isinstance(model, Layer) else []
    flags = [{key: value for key, value in vars(layer).items() if key == "training"} for layer in layers]
    parts = []
    try:
        for layer in layers:
            layer.training = False
        for part in np.array_split(grid, math.ceil(len(grid) / BATCH)):
            with no_grad():
                m, values = len(part), numbers(model(part), "The model's outputs")
            if values.ndim not in (1, 2) or len(values) != m or not values.size:
                what = f"The model gave outputs of shape {values.shape} for inputs of shape {part.shape}."
                raise ShapeError(what, f"It should give ({m},), ({m}, 1), or one output per class: ({m}, k).")
            parts.append(values.reshape(m, -1))
    finally:
        for layer, flag in zip(layers, flags):
            del layer.training
            vars(layer).update(flag)
    return np.concatenate(parts).reshape(len(rows), len(columns), -1)


def axes(ax: Any, function: str, size: tuple[float, float]) -> Any:
    """The Axes to draw on; pyplot is needed for a new figure only."""
    try:
        if ax is None:
            _, ax = import_module("matplotlib.pyplot").subplots(figsize=size, layout="constrained")
    except ModuleNotFoundError as error:
        what = f"{function} needs matplotlib, which is not installed."
        raise MissingError(what, "Write pip install 'tinygrad_like[plot]'.") from error
    if not hasattr(ax, "set_yscale"):
        raise ArgumentError(f"ax must be one matplotlib Axes, but got a {type(ax).__name__}.", "Write ax=axes[0].")
    return ax


def dress(ax: Any, title: str | None, handles: Any, twin: Any, grid: str = "both") -> Any:
    """The frame, the grid, and above them the legend and the title."""
    for each, hidden in ((twin, ["top", "left"]), (ax, ["top", "right"])):
        each.spines[:].set_color(GREY)
        each.spines[:].set_visible(True)
        each.spines[hidden].set_visible(False)
        each.tick_params(color=GREY)
    ax.set_axisbelow(True)
    ax.grid(axis=grid, color="#e6e6e6", linewidth=0.7)
    needed = sum(len(handle.get_label()) + 9 for handle in handles) * 4.8  # in points, about
    lines = math.ceil(needed * ax.figure.dpi / 72 / ax.bbox.width)
    if handles:
        place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.0), "borderaxespad": 0.2, "columnspacing": 1.5}
        ax.legend(handles=handles, ncols=math.ceil(len(handles) / lines), frameon=False, fontsize=9, **place)
    if title is not None:
        ax.set_title(title, fontsize=11, color=INK, pad=8 + 15 * min(lines, len(handles)))
    return ax


def stroke(i: int, values: Array, count: int, text: str) -> dict[str, Any]:
    """Label and looks of line i of `count`: few markers, but one at the last point, and at each between gaps."""
    stride = max(1, len(values) // 8)
    finite = np.concatenate([[False], np.isfinite(values), [False]])
    shown = finite[1:-1] & ~finite[:-2] & ~finite[2:]
    shown[i * stride // count : len(values) - stride // 2 : stride] = shown[-1:] = True
    # A legend leaves out what starts with an underscore.
    look = {"label": " " * text.startswith("_") + text, "markevery": np.flatnonzero(shown).tolist()}
    look |= {"linestyle": DASHES[i % len(DASHES)], "marker": MARKERS[i % len(MARKERS)]}
    return {"linewidth": 1.8, "markersize": 5.5, "markeredgecolor": "white", "markeredgewidth": 0.6, **look}


def draw_outputs(ax: Any, columns: Array, rows: Array, outputs: Array, bar: bool) -> list[Any]:
    """The background, and the lines where the decision changes; gives their handles for the legend."""
    colors = import_module("matplotlib.colors")
    finite: Any = np.isfinite(outputs).all(axis=-1)
    outputs = np.where(finite[..., None], outputs, 0.0)
    known = outputs[finite]
    if outputs.shape[-1] == 1:
        level = 0.5 if known.min(initial=0.0) >= 0 and known.max(initial=1.0) <= 1 else 0.0
        reach = level or float(np.abs(known).max())
        shades = colors.LinearSegmentedColormap.from_list("orange to blue", [ORANGE, PALE, BLUE])
        image = np.ma.array(outputs[..., 0], mask=~finite)
        options = {"cmap": shades.with_extremes(bad=VOID), "vmin": level - reach, "vmax": level + reach}
        leads, name = [outputs[..., 0] - level], f"output = {level:g}"
    else:
        winner, (second, best) = outputs.argmax(axis=-1), np.moveaxis(np.sort(outputs, axis=-1)[..., -2:], -1, 0)
        image = colors.to_rgba_array([*TINTS, VOID])[np.where(finite, winner % len(TINTS), -1)]
        options, name = {}, "boundary"
        # How far each output is ahead of the best other one; 0 on its boundary.
        leads = [outputs[..., k] - np.where(winner == k, second, best) for k in range(outputs.shape[-1])]
    mesh = ax.pcolormesh(columns, rows, image, shading="nearest", rasterized=True, **options)
    if bar and outputs.shape[-1] == 1:
        ax.figure.colorbar(mesh, ax=ax, shrink=0.85, aspect=28, label="output").outline.set_visible(False)
    crossed = [lead for lead in leads if lead[finite].min(initial=0.0) < 0 < lead[finite].max(initial=0.0)]
    for lead in crossed:
        ax.contour(columns, rows, np.ma.array(lead, mask=~finite), levels=[0.0], colors=INK, linewidths=1.5)
    line = ax.plot([], [], color=INK, linewidth=1.5, label=name) if crossed else []
    return line + ([] if finite.all() else ax.plot([], [], "s", color=VOID, markersize=9, label="not finite"))


def log_scale(ax: Any, axis: str, values: list[float]) -> None:
    """A logarithmic axis of whole decades around the values, with a linear stretch below them from 0 if one is 0."""
    positive = [each for each in values if 0 < each < math.inf] or [1.0]
    top, zero = min(308, math.ceil(math.log10(max(positive)) + 0.1)), 0 in values
    # A matplotlib formatter divides the ends; its locator would go on above the top, and overflow.
    bottom = max(-307, top - 305, min(top - 2, math.floor(math.log10(min(positive)) - 0.1)))
    stride, floor = math.ceil((top - bottom) / 9), 10.0**bottom
    ticks = [0.0] * zero + (10.0 ** np.arange(bottom + stride * zero, top + 1, stride)).tolist()
    scale = {"value": "symlog", "linthresh": floor, "linscale": 0.6} if zero else {"value": "log"}
    getattr(ax, f"set_{axis}scale")(**scale)
    getattr(ax, f"set_{axis}ticks")(ticks)
    if stride > 1 or top > 300:
        ax.minorticks_off()
    getattr(ax, f"set_{axis}lim")(-0.1 * floor if zero else floor, 10.0**top)


def draw_bars(ax: Any, norms: dict[str, float], marks: dict[str, str]) -> None:
    """A bar per layer, and beside it the norm and the word."""
    looks = {"vanishing": {"edgecolor": ORANGE, "hatch": "////"}, "exploding": {"edgecolor": ALARM, "hatch": "xxxx"}}
    size = min(9.0, 58 * ax.bbox.height / ax.figure.dpi / len(norms))
    for i, (name, each) in enumerate(norms.items()):
        look = {"color": "white", **looks[marks[name]]} if name in marks else {"color": BLUE}
        ax.barh(i, each if math.isfinite(each) else ax.get_xlim()[1], height=0.7, **look)
        note = ax.text(1.02, i, f"{each:.3g}  {marks.get(name, '')}", transform=ax.get_yaxis_transform())
        note.set(va="center", fontsize=size, color=ALARM if name in marks else INK)
    ax.set_yticks(range(len(norms)), list(norms), fontsize=size)
    ax.set(ylim=(len(norms) - 0.4, -0.6), xlabel="norm of the gradient (log scale)")


def draw_lines(ax: Any, table: dict[str, dict[int, float]], marks: dict[str, str]) -> None:
    """A line per layer, the first dark, with a large marker where it ends vanished, or was largest before exploding."""
    colours = import_module("matplotlib").colormaps["viridis"](np.linspace(0, 0.88, len(table)))
    handles = []
    for i, (name, norms) in enumerate(table.items()):
        steps, values = [*norms], np.array([*norms.values()])
        text = f"{name}  {marks.get(name, '')}"
        handles += ax.plot(steps, values, color=colours[i], **stroke(i, values, len(table), text))
        finite = np.flatnonzero(np.isfinite(values))
        if name in marks and finite.size:
            down = marks[name] == "vanishing"
            at = finite[-1] if down else finite[np.argmax(values[finite])]
            look = {"color": colours[i], "markersize": 10, "markeredgecolor": ALARM, "markeredgewidth": 1.4}
            ax.plot(steps[at], values[at], "v" if down else "^", zorder=4, clip_on=False, **look)
    place = {"loc": "upper left", "bbox_to_anchor": (1.02, 1.02), "ncols": math.ceil(len(table) / ROWS)}
    inks = [ALARM if name in marks else INK for name in table]
    ax.legend(handles=handles, labelcolor=inks, frameon=False, fontsize=9, handlelength=3.4, **place)
    ax.locator_params(axis="x", integer=True, min_n_ticks=1)
    ax.set(xlabel="step", ylabel="norm of the gradient (log scale)")
