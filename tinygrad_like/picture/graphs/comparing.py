"""Two runs of the same form as one graph: each card with what the other run has in its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from ...engine.errors import ArgumentError
from ...nn.layer import Layer
from ...nn.state import misfit, plain_value, state_of
from .graph import LEAVES, Card, Graph, Other, altered

TWO_MODELS = ("other", "this")  # what their blocks are called


def beside(graph: Graph, other: Graph, words: tuple[str, str]) -> Graph:
    """The graph with the arrays of the other one, which `words` names first. Raises ArgumentError if they differ."""
    for number, (card, match) in enumerate(zip(graph.cards, other.cards)):
        if form_of(card) != form_of(match):
            raise ArgumentError(
                f"The two graphs differ: card {number} is {said(card)}, but in the other graph {said(match)}.",
                "Compare runs of the same functions, on inputs of the same shapes, drawn with the same options.",
            )
    if len(graph.cards) != len(other.cards):
        what = f"The two graphs differ: one has {len(graph.cards)} cards, the other {len(other.cards)}."
        raise ArgumentError(what, "Draw both with the same options, such as depth=1.")
    cards = [paired(card, match, words) for card, match in zip(graph.cards, other.cards)]
    facts = [fact for fact in graph.facts if fact not in other.facts and " = " not in fact]
    same = [fact for fact in graph.facts if fact in other.facts and " = " not in fact]
    note = f"left {words[0]}, right {words[1]}, in the colours of the change: blue grew, orange shrank"
    changed = changes(graph, other)
    if words == TWO_MODELS:
        note = note.replace("blue grew, orange shrank", "blue is more, orange less")
        changed = [fact.replace("changed by", "differ by") for fact in changed]
    return replace(graph, cards=cards, facts=same + facts + changed, note=note)


def form_of(card: Card) -> tuple[Any, ...]:
    """What must be the same; leaves may have other names."""
    what = card.role if card.role in LEAVES else card.symbol
    return what, card.shape, tuple(card.parents), card.count


def said(card: Card) -> str:
    what = f"{card.role} {card.symbol}" if card.role in LEAVES else card.name or card.symbol
    return f"{what} {card.shape}" if card.shape is not None else what


def paired(card: Card, match: Card, words: tuple[str, str]) -> Card:
    if card.role == "constant" and card.symbol != match.symbol and card.shape == ():
        card = altered(card, symbol=f"{match.symbol} → {card.symbol}")
    note = card.note
    if card.value is not None and match.value is None and card.shape is not None:
        note = f"{words[0]} not known"
    pairs = [(card.value, match.value), (card.gradient, match.gradient)]
    value, gradient = [None if is_same(*pair) else pair[1] for pair in pairs]
    return altered(card, other=Other(value, gradient, words), note=note)


def is_same(one: Any, other: Any) -> bool:
    known = one is not None and other is not None
    return known and bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"))


def changes(graph: Graph, other: Graph) -> list[str]:
    """How the result changed; and by how much the parameters did, if all are shown."""
    facts = []
    old, new = (each.cards[each.roots[0]] for each in (other, graph))
    if old.value is not None and new.value is not None and new.value.size == old.value.size == 1:
        facts.append(f"{new.label or graph.result} {old.value.item():.4g} → {new.value.item():.4g}")
    if any(card.count > 1 or card.parameters or card.role in ("group", "stub") for card in graph.cards):
        return facts
    moved = size = 0.0
    for card, match in zip(graph.cards, other.cards):
        if card.role == "parameter" and card.value is not None and match.value is not None:
            moved += float(np.sum(np.abs(card.value - match.value) ** 2))
            size += float(np.sum(np.abs(match.value) ** 2))
    if size and np.isfinite(moved):
        facts.append(f"parameters changed by {100 * (moved / size) ** 0.5:.3g} %")
    return facts


# -- a run with other parameters --------------------------------------------------------------------------


@contextmanager
def other_state(target: Any, models: list[Layer], state: Mapping[str, Any]) -> Iterator[None]:
    """Let the model that a state belongs to have these parameters and buffers for a while.

    Its Tensors hold other arrays meanwhile. Nothing is written into their own, which recorded graphs may still need.
    """
    candidates = [target] if isinstance(target, Layer) else models
    fitting = [model for model in candidates if state_of(model).keys() == state.keys()]
    if len(fitting) != 1:
        known = ", ".join(type(model).__name__ for model in candidates) or "no model"
        raise ArgumentError(
            f"The state to compare with ({', '.join(list(state)[:4]) or 'empty'}) fits {len(fitting)} of the models "
            f"that take part, {known}.",
            "Give all of the state_dict() of a model that is called.",
        )
    own = state_of(fitting[0])
    values = {name: plain_value(value) for name, value in state.items()}
    if problems := [f"{name}: {problem}" for name in own if (problem := misfit(own[name], values[name]))]:
        raise ArgumentError(
            f"The state to compare with does not fit {type(fitting[0]).__name__}:", "\n  ".join(problems)
        )
    if any(values[name].size and np.shares_memory(values[name], own[name]._array) for name in own):
        raise ArgumentError(
            "The state to compare with is the memory of the model itself, so it has the values of now.",
            "Write before = copy.deepcopy(model.state_dict()) before the training.",
        )
    before = [(tensor, tensor._array) for tensor in own.values()]
    try:
        for name, tensor in own.items():
            tensor._array = values[name].astype(tensor.dtype)
        yield
    finally:
        for tensor, array in before:
            tensor._array = array
