"""`draw`: from a Tensor, a model or a function to a Picture."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..nn.layer import Layer
from ..tensor import Tensor
from . import capture, reading
from .arranging import arrange
from .dot import Style
from .graph import Card, Graph
from .labels import DETAILS
from .numbers import MOST_COLUMNS, MOST_ROWS
from .picture import Picture
from .places import Places
from .reduction import reduced
from .sharing import with_references
from .themes import theme_named

DIRECTIONS = ("LR", "TB", "RL", "BT")
# How many cards are shown with their values, with statistics, with their shape.
MOST_VALUES, MOST_STATS, MOST_SHAPES = 30, 100, 200
MOST_CELLS = 1_500


def drawn(
    target: Any,
    inputs: tuple[Any, ...],
    names: Any,
    detail: str,
    depth: int | None,
    direction: str,
    focus: Any,
    radius: int,
    max_nodes: int,
    gradients: bool,
    title: str | None,
    theme: str,
) -> Picture:
    """What `draw` does; see there."""
    colours = theme_named(theme)
    choose("detail", detail, ("auto", *DETAILS))
    choose("direction", direction, DIRECTIONS)
    for what, number, least in (("depth", depth, 1), ("radius", radius, 0), ("max_nodes", max_nodes, 1)):
        if number is not None and (not isinstance(number, (int, np.integer)) or number < least):
            raise ArgumentError(f"{what} must be a whole number of at least {least}, but got {number!r}.")
    places = Places()
    graph, name = built(target, inputs, names, places, gradients)
    arrange(graph, name)
    centres = [] if focus is None else centres_of(graph, focus, places)
    graph = with_references(reduced(graph, depth, centres, radius, max_nodes))
    level = detail if detail != "auto" else fitting_detail(graph)
    own_title = title if title is not None else title_of(target)
    return Picture(graph, Style(level, colours, direction, own_title, gradients))


def choose(what: str, given: Any, choices: tuple[str, ...]) -> None:
    if given not in choices:
        raise ArgumentError(f"{what} must be one of {', '.join(choices)}, but got {given!r}.")


def title_of(target: Any) -> str:
    if isinstance(target, Tensor):
        return target.name or "Graph"
    if isinstance(target, Layer):
        return type(target).__name__
    return name_of(target) or "Function"


def name_of(function: Any) -> str:
    name = str(getattr(function, "__name__", ""))
    return "" if "<" in name else name


def built(target: Any, inputs: tuple[Any, ...], names: Any, places: Places, gradients: bool) -> tuple[Graph, str]:
    """The whole graph, and what its root is called."""
    given = input_names(target, inputs, names)
    if isinstance(names, Mapping):
        for name, value in names.items():
            places.call(value, str(name))
    if isinstance(target, Tensor):
        if inputs:
            raise ArgumentError("draw(tensor) takes no inputs: a Tensor has been computed already.", "Write draw(t).")
        return reading.read(target, places, gradients), ""
    if not callable(target):
        model = getattr(target, "model", None)
        hint = "Write draw(network.model, x)." if isinstance(model, Layer) else "Write draw(loss) or draw(model, x)."
        raise ArgumentError(f"draw takes a Tensor, a model or a function, but got a {type(target).__name__}.", hint)
    is_model = isinstance(target, Layer)
    wrapped = [capture.as_input(x, name, differentiate=not is_model) for x, name in zip(inputs, given)]
    graph = capture.captured(target, wrapped, places, gradients)
    if graph is None:
        raise ArgumentError(
            f"{title_of(target)} returned no Tensor, so there is no graph to draw.",
            "Return a Tensor, computed with NumPy functions without .numpy(), .item() or float().",
        )
    made_here = {id(new) for new, old in zip(wrapped, inputs) if new is not old and not isinstance(old, Tensor)}
    if any(card.role == "parameter" for card in graph.cards):
        # A loss of a model is differentiated by its parameters, not by plain arrays of data.
        for card in graph.cards:
            if id(card.origin) in made_here:
                card.gradient = None
    return graph, "" if is_model else name_of(target)


def input_names(target: Any, inputs: tuple[Any, ...], names: Any) -> list[str]:
    """A name for every example input: as given, or the names of the parameters that take them."""
    if names is not None and not isinstance(names, Mapping):
        listed = [names] if isinstance(names, str) else list(names)
        if not all(isinstance(name, str) for name in listed) or len(listed) > len(inputs):
            raise ArgumentError(
                f"names must be a mapping {{name: Tensor}}, or a name for each input, but got {names!r}.",
                "Write names={'h': h}, or names=['x', 'y'] with two inputs.",
            )
        return listed + [f"x{i}" for i in range(len(listed), len(inputs))]
    if isinstance(target, Tensor) or not callable(target):
        return []
    function = target.forward if isinstance(target, Layer) else target
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some builtins have no signature
        return [f"x{i}" for i in range(len(inputs))]
    required = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    needed = [p.name for p in parameters if p.name in required and p.default is p.empty]
    if isinstance(target, Layer) and len(inputs) < len(needed):
        raise ArgumentError(
            f"draw of a model runs it, and {type(target).__name__}.forward takes {', '.join(needed)}.",
            "Write draw(model, x) with an example input, e.g. np.zeros((1, features)).",
        )
    return required[: len(inputs)] + [f"x{i}" for i in range(len(required), len(inputs))]


def centres_of(graph: Graph, focus: Any, places: Places) -> list[int]:
    """The cards that a focus means: a Tensor, a layer or its path, or a name."""
    wanted = places.path(focus) if isinstance(focus, Layer) else focus
    if isinstance(wanted, Tensor):
        found = [i for i, card in enumerate(graph.cards) if is_origin(card, wanted)]
    elif isinstance(wanted, str):
        found = [i for i, card in enumerate(graph.cards) if wanted in names_of(card)]
    else:
        raise ArgumentError(f"focus must be a Tensor, a layer, or the name of one, but got {focus!r}.")
    if not found:
        known = dict.fromkeys(name for card in graph.cards for name in names_of(card) if name)
        raise ArgumentError(f"focus={focus!r} is not in this graph.", f"There are {', '.join(list(known)[:20])}.")
    return found


def is_origin(card: Card, tensor: Tensor) -> bool:
    origin = card.origin
    if origin is tensor or (origin is not None and origin is tensor._node):
        return True
    return isinstance(origin, Tensor) and origin._node is not None and origin._node is tensor._node


def names_of(card: Card) -> list[str]:
    found = [card.label, card.symbol, card.name]
    for cluster in card.cluster.chain() if card.cluster else []:
        found += [cluster.path, f"{cluster.path}.{card.symbol}"]
    return found


def fitting_detail(graph: Graph) -> str:
    """As much as can be read at this size."""
    count = len(graph.cards)
    cells = sum(
        min(each.size, MOST_ROWS * MOST_COLUMNS)
        for card in graph.cards
        for each in (card.value, card.gradient)
        if each is not None
    )
    if count <= MOST_VALUES and cells <= MOST_CELLS:
        return "value"
    return "stats" if count <= MOST_STATS else "shape" if count <= MOST_SHAPES else "op"
