"""`gradient_norms`, `plot_gradient_flow`: how large the gradient of each layer is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, GraphError
from ..nn.finding import is_parameter, walk
from ..nn.layer import Layer, model_of
from .axes import BLUE, ORANGE, alarm, axes_for, dark, dress, escaped, fit, ink, legend_within, log_scale, small, stroke
from .data import numbers

VANISHING = 1e-4  # of the largest layer: with one learning rate, it learns ten thousand times slower
EXPLODING = 1e3
ROWS = 20  # of a legend


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
    model = model_of(model)
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
      over all steps (for when all have stopped learning).

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


def checked_norms(given: Any) -> list[dict[str, float]]:
    """The norms of each step; those of a model are one step."""
    if not isinstance(given, (list, tuple)):
        given = [given if isinstance(given, Mapping) else gradient_norms(given)]
    fits = all(isinstance(norms, Mapping) and not any(map(np.ndim, norms.values())) for norms in given)
    if not any(given) or not fits:
        what = "plot_gradient_flow needs a model, or gradient norms by layer: a dict, or a list of one per step"
        raise ArgumentError(f"{what}; got {given!r:.60}.", "Append gradient_norms(model) after each backward().")
    steps = [{str(name): float(numbers(norms[name], f"The norm of {name}")) for name in norms} for norms in given]
    for i, name in ((i, name) for i, norms in enumerate(steps) for name in norms if norms[name] < 0):
        raise ArgumentError(f"The norm of {name} at step {i} is {steps[i][name]:g}; a norm is never negative.")
    return steps


def judged(steps: list[dict[str, float]]) -> dict[str, str]:
    """The layers that are vanishing or exploding, by the rules of `plot_gradient_flow`."""
    names = dict.fromkeys(name for norms in steps for name in norms)
    table = {name: [norms[name] for norms in steps if name in norms] for name in names}
    words = {name: "exploding" for name, norms in table.items() if explodes(norms)}
    last, most = ({name: f(norms) for name, norms in table.items()} for f in (lambda norms: norms[-1], max))
    for sizes in (last, most):
        largest = max((sizes[name] for name in names if words.get(name) != "exploding"), default=0.0)
        words |= {name: "vanishing" for name in names if name not in words and sizes[name] <= VANISHING * largest}
    return words


def explodes(norms: list[float]) -> bool:
    first = next((each for each in norms if 0 < each < math.inf), math.inf)
    return not all(map(math.isfinite, norms)) or norms[-1] > EXPLODING or max(norms) > max(1.0, EXPLODING * first)


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
    edge, hatch = (ORANGE, "////") if word == "vanishing" else (alarm(ax), "xxxx")
    return {"color": ax.get_facecolor(), "linewidth": 1.0, "edgecolor": edge, "hatch": hatch}


def draw_lines(ax: Any, table: dict[str, dict[int, float]], marks: dict[str, str], given: bool) -> None:
    """A line per layer, the first one dark; a large marker where one ended vanishing, or was largest when exploding."""
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
