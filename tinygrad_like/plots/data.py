"""What is plotted: histories, points, outputs of models and norms of gradients, checked and computed; no matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, GraphError, ShapeError
from ..engine.recording import no_grad
from ..engine.tensor import values_of
from ..engine.writes import Array
from ..nn.layer import Layer, is_parameter, walk

VANISHING = 1e-4  # of the largest layer: with one learning rate, it learns ten thousand times slower
EXPLODING = 1e3
BATCH = 10_000  # of inputs at once


def model_of(given: Any) -> Any:
    """The model of a Network; anything else is one itself."""
    return given.model if hasattr(given, "feed_forward") and hasattr(given, "model") else given


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
