"""What cards are called in the end: nothing is said twice, and what left its layer's box says where it belongs."""

from __future__ import annotations

import re
from dataclasses import replace

from .graph import LEAVES, LOSS, Card, Cluster, Graph, altered, clusters_of


def titled(graph: Graph) -> Graph:
    """The same cards with clear titles, and without boxes that only repeat what the card in them says."""
    return replace(graph, cards=without_repeating_boxes(graph, [with_place(card) for card in graph.cards]))


def with_place(card: Card) -> Card:
    """A parameter outside of its layer's box has its whole path."""
    layer, _, name = card.path.rpartition(".")
    around = card.cluster.chain() if card.cluster else []
    if not layer or name != card.symbol or any(layer in (each.path, each.title) for each in around):
        return card
    return altered(card, symbol=card.path)


def without_repeating_boxes(graph: Graph, cards: list[Card]) -> list[Card]:
    """A box around one card that has its name goes; the card says where it is."""
    outer = {id(each.outer) for each in clusters_of(graph)}
    inside: dict[int, list[int]] = {}
    for number, card in enumerate(cards):
        inside.setdefault(id(card.cluster), []).append(number)
    found = list(cards)
    for numbers in inside.values():
        card = cards[numbers[0]]
        if card.cluster is None or len(numbers) > 1 or id(card.cluster) in outer:
            continue
        settings = repeated(card.cluster, card)
        if settings is not None:
            found[numbers[0]] = unboxed(card, card.cluster, settings)
    return found


def repeated(box: Cluster, card: Card) -> str | None:
    """The settings that a box says besides the name of its only card; None if it does not say this name."""
    if card.role in LEAVES or card.role in ("group", "stub") or box.title == LOSS:
        return None
    kind, _, settings = (box.label if box.path else f"{box.title} {box.label}").partition(" ")
    said = {letters(card.symbol), letters(card.name)}
    if letters(kind) in said:
        return settings
    return "" if settings and letters(settings) in said else None


def letters(text: str) -> str:
    """What two spellings of a name share: "maxpool" of "MaxPool2d" and of "max pool"."""
    return re.sub(r"\dd$|loss$|[\W_]", "", text.lower())


def unboxed(card: Card, box: Cluster, settings: str) -> Card:
    place = " ".join(filter(None, [box.path and box.title, f"call {box.call}" if box.call else ""]))
    options = [each for each in (card.options, settings) if each]
    return altered(
        card,
        place=place,
        options=", ".join(dict.fromkeys(options)),
        cluster=box.outer,
    )
