"""`plot_decision_boundary`: what a classifier of points in the plane answers everywhere."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.recording import no_grad
from ..engine.writes import Array
from ..nn.layer import Layer, model_of, refuse_class
from .axes import BLUE, COLOURS, MARKERS, ORANGE, axes_for, bound, bright, dress, ink, limits_of, shade
from .data import numbers

BATCH = 10_000  # of inputs at once

# The first two classes have the colours of pictures.
CLASSES = ("#c9500c", "#2459c4", *COLOURS[2:])
TINTS = (ORANGE, BLUE, "#8fd0bd", "#ecc9db", "#f4d595", "#b3dcf5", "#a5a5a5")
VOID, PALE = "#d4d4d4", "#fbfaf8"


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


def checked_points(x: Any) -> Array:
    points = numbers(x, "x")
    if not points.size:
        raise ArgumentError(f"x must have at least one point, but has shape {points.shape}.")
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


def draw_outputs(ax: Any, columns: Array, rows: Array, outputs: Array, bar: bool) -> list[Any]:
    """The background, and the lines where the decision changes; gives their handles for the legend."""
    colors = import_module("matplotlib.colors")
    finite: Any = np.isfinite(outputs).all(axis=-1)
    outputs = np.where(finite[..., None], outputs, 0.0)
    known = outputs[finite]
    if outputs.shape[-1] == 1:
        level = 0.5 if known.min(initial=0.0) >= 0 and known.max(initial=1.0) <= 1 else 0.0
        reach = level or float(np.abs(known).max())
        ends = [shade(each, ax) for each in (ORANGE, PALE, BLUE)]
        shades = colors.LinearSegmentedColormap.from_list("orange to blue", ends)
        image = np.ma.array(outputs[..., 0], mask=~finite)
        options = {"cmap": shades.with_extremes(bad=shade(VOID, ax)), "vmin": level - reach, "vmax": level + reach}
        leads, name = [outputs[..., 0] - level], f"output = {level:g}"
    else:
        winner, (second, best) = outputs.argmax(axis=-1), np.moveaxis(np.sort(outputs, axis=-1)[..., -2:], -1, 0)
        tints = colors.to_rgba_array([shade(each, ax) for each in (*TINTS, VOID)])
        image = tints[np.where(finite, winner % len(TINTS), -1)]
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
    if not finite.all():
        line += ax.plot([], [], "s", color=shade(VOID, ax), markersize=9, label="not finite")
    return line
