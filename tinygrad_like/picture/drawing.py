"""`draw`: from a Tensor, a model or a function to a Picture."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from difflib import get_close_matches
from threading import RLock
from typing import Any

import numpy as np

from ..engine.assigning import assign
from ..engine.blocks import name_of, written
from ..engine.errors import ArgumentError, TraceError
from ..engine.tensor import Tensor
from ..engine.traces import trace
from ..engine.writes import across_forks
from ..nn.layer import Layer, model_of, refuse_class
from ..nn.state import buffers_kept
from ..random import default
from .captured import capture, reading
from .captured.places import Places
from .fitting import fitting_detail, readable
from .graphs.arranging import arrange
from .graphs.comparing import TWO_MODELS, beside, other_state
from .graphs.graph import ROLES, Card, Cluster, Graph
from .graphs.reducing import blocks_as_cards
from .options import Options
from .picture import Picture
from .progress import Stages, stage

# Else a thread would take the state that another one compares with for the model's own.
one_at_a_time = across_forks(RLock())
MOST_NEAR, MOST_NAMES = 2, 8  # names that are told where a focus is not there


def drawn(target: Any, inputs: tuple[Any, ...], options: Options) -> Picture:
    """What `draw` does; see there."""
    if trace() is not None:
        raise TraceError("draw cannot be compiled.", "Draw the function itself, outside of what tg.compile runs.")
    target = model_of(target)
    with one_at_a_time if isinstance(options.compare, Mapping) else nullcontext():
        graph, ready, places = whole(target, inputs, options)
        if options.compare is not None:
            other, words = other_of(target, inputs, options, places)
            graph = beside(graph, other, words)
            if options.title is None:
                ready = replace(ready, title=f"{ready.title}, {' and '.join(words)}")
    return Picture(graph, ready)


def other_of(target: Any, inputs: tuple[Any, ...], options: Options, places: Places) -> tuple[Graph, tuple[str, str]]:
    """The graph that a picture is compared with, and what the two are called."""
    other = model_of(options.compare)
    if isinstance(other, Picture):
        return other.kept_graph(), ("before", "now")
    if isinstance(other, Mapping) and not isinstance(target, Tensor):
        with other_state(target, places.models, other):
            return whole(target, inputs, options)[0], ("before", "now")
    if isinstance(target, Tensor) is not isinstance(other, Tensor):
        what = "a Tensor" if isinstance(target, Tensor) else "a state_dict(), a model, a function"
        raise ArgumentError(
            f"To a {type(target).__name__}, compare must be {what} or a Picture, but is a {type(other).__name__}.",
            "Draw what computes it, draw(loss, x, compare=state), to see it with other parameters.",
        )
    if not isinstance(other, Tensor) and not callable(other):
        raise ArgumentError(
            f"compare must be a state_dict(), a Picture, a model or a function, but got {other!r}.",
            "Write compare=picture, with one that was drawn before.",
        )
    return whole(other, inputs, options)[0], TWO_MODELS


def whole(target: Any, inputs: tuple[Any, ...], options: Options) -> tuple[Graph, Options, Places]:
    """The graph that is shown, and the options with what was chosen; and where everything is."""
    places = Places()
    with Stages():
        graph, name = built(target, inputs, options, places)
        stage(f"{len(graph.cards):,} cards made fewer")
        if options.detail != "op":
            graph = blocks_as_cards(graph)
        arrange(graph, name)
        centres = [] if options.focus is None else centres_of(graph, options.focus, places)
        # What is compared with a Picture has to become as small as that did.
        earlier = options.compare._graph if isinstance(options.compare, Picture) else None
        two = earlier.for_two if earlier else options.compare is not None
        graph = readable(graph, centres, options, two)
    detail = fitting_detail(graph) if options.detail == "auto" else options.detail
    title = title_of(target) if options.title is None else options.title
    # A picture keeps no Tensor alive, so it does not keep all options.
    return graph, replace(options, detail=detail, title=title, names=None, focus=None, compare=None), places


def title_of(target: Any) -> str:
    if isinstance(target, Tensor):
        return target.name or "Graph"
    return type(target).__name__ if isinstance(target, Layer) else written(target)


def built(target: Any, inputs: tuple[Any, ...], options: Options, places: Places) -> tuple[Graph, str]:
    """The whole graph, and what its root is called."""
    refuse_class(target, "draw takes a Tensor, a model or a function")
    names, gradients = options.names, options.gradients
    given = input_names(target, inputs, names)
    if isinstance(names, Mapping):
        # In a notebook's locals(), _ and _3 are earlier results.
        for name in sorted(names, key=lambda name: str(name).startswith("_")):
            places.call(names[name], str(name))
    if isinstance(target, Tensor):
        if inputs:
            raise ArgumentError("draw(tensor) takes no inputs: a Tensor has been computed already.", "Write draw(t).")
        return reading.read(target, places, gradients), ""
    if not callable(target):
        raise ArgumentError(
            f"draw takes a Tensor, a model or a function, but got a {type(target).__name__}.",
            "Write draw(loss) or draw(model, x).",
        )
    is_model = isinstance(target, Layer)
    named = [(x, places.name(x) or name) for x, name in zip(inputs, given)]
    wrapped = [capture.as_input(x, name, differentiate=not is_model) for x, name in named]
    with untouched(target, places):
        graph = capture.captured(target, wrapped, places, gradients)
    if graph is None:
        raise ArgumentError(
            f"{title_of(target)} returned no Tensor, so there is no graph to draw.",
            "Return a Tensor, computed with NumPy functions without .numpy(), .item() or float().",
        )
    given_arrays = {id(each._array) for each in capture.tensors_of(list(inputs))}
    made_here = {id(each) for each in capture.tensors_of(wrapped) if id(each._array) not in given_arrays}
    if any(card.role == "parameter" for card in graph.cards):
        # A loss of a model is differentiated by its parameters, not by plain arrays of data.
        for card in graph.cards:
            if id(card.origin) in made_here:
                card.gradient = None
    return graph, "" if is_model else name_of(target)


@contextmanager
def untouched(target: Any, places: Places) -> Iterator[None]:
    """Give back what a run changes: buffers, also those of models that a function calls, and the random numbers."""
    state = default().state
    random = state.numpy().copy()
    try:
        with buffers_kept(target):
            yield
    finally:
        for buffer, value in reversed(places.first_values):
            assign(buffer, value)
        assign(state, random)


def input_names(target: Any, inputs: tuple[Any, ...], names: Any) -> list[str]:
    """A name for every example input: as given, or the names of the parameters that take them."""
    if names is not None and not isinstance(names, Mapping):
        listed: list[Any] = [names] if isinstance(names, str) else list(names) if np.iterable(names) else [None]
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
    elif isinstance(wanted, str) and wanted:
        found = [i for i, card in enumerate(graph.cards) if wanted in names_of(card)]
    else:
        refuse_class(focus, "focus must be a Tensor, a layer, or the name of one")
        raise ArgumentError(
            f"focus must be a Tensor, a layer, or the name of one, but got {focus!r}.",
            "Write focus=model.layers[0], or its path, focus='layers[0]'.",
        )
    if not found:
        what = repr(focus) if isinstance(focus, str) else f"a {type(focus).__name__} that"
        raise ArgumentError(f"focus={what} is not in this graph.", suggestion(graph, focus))
    return found


def suggestion(graph: Graph, focus: Any) -> str:
    """What to write instead: the names most like it, and some of those that there are."""
    known = list(dict.fromkeys(name for card in graph.cards for name in names_of(card) if name not in ("", *ROLES)))
    places = list(dict.fromkeys(box.path for card in graph.cards for box in boxes_of(card) if box.path))
    some = (places or known)[:MOST_NAMES]
    there = f"There are {', '.join(some)}{', …' if len(known) > len(some) else '.'}"
    near = get_close_matches(focus, known, MOST_NEAR) if isinstance(focus, str) else []
    return f"Did you mean {' or '.join(near)}? {there}" if near else there


def is_origin(card: Card, tensor: Tensor) -> bool:
    origin = card.origin
    if isinstance(origin, Tensor) and origin._array is tensor._array:
        return True
    node = origin._node if isinstance(origin, Tensor) else origin
    return node is not None and node is tensor._node


def names_of(card: Card) -> list[str]:
    found = [card.label, card.place, card.path, card.symbol, card.name]
    for box in boxes_of(card):
        found += [box.path, f"{box.path}.{card.symbol}"] if box.path else [box.title]
    return found


def boxes_of(card: Card) -> list[Cluster]:
    return card.cluster.chain() if card.cluster else []
