"""Cards in words: what they are called, how they are computed, and their first numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..graphs.graph import LEAVES, Card, Graph
from ..written.excerpts import MOST, spelled
from ..written.labels import plain
from ..written.numbers import shape_text

MOST_ARGUMENTS = 4


def name_of(card: Card, graph: Graph) -> str:
    """What a card is called, with the layer that a parameter belongs to; or how it was computed."""
    if card.label or card.role not in LEAVES:
        return plain(card.label) or call(card, graph)
    path = (
        card.cluster.path + "." if card.cluster and card.cluster.path and card.role in ("parameter", "buffer") else ""
    )
    return plain(path + card.symbol)


def call(card: Card, graph: Graph) -> str:
    if card.role in ("stub", "group"):
        return plain(card.symbol)
    parents = [graph.cards[p] for p in card.parents]
    names = [plain(p.label) or (name_of(p, graph) if p.role in LEAVES else "…") for p in parents]
    if card.symbol.startswith("x[") and names:
        return f"{names[0]}{plain(card.symbol)[1:]}"  # m[index]
    names[MOST_ARGUMENTS:] = ["…"] * (len(names) > MOST_ARGUMENTS)
    names += [plain(card.options)] * bool(card.options)
    return f"{plain(card.name) or plain(card.symbol)}({', '.join(names)})"


def sentence(card: Card, graph: Graph) -> str:
    """A card in words, as it is computed."""
    if card.role in LEAVES:
        words = list(dict.fromkeys([card.role, name_of(card, graph)]))
    else:
        words = [call(card, graph)] + ["→", plain(card.label)] * bool(card.label)
    words += [f"×{card.count:,}"] if card.count > 1 else []
    return " ".join([*words, str(card.shape)] if card.shape else words)


def spoken_numbers(card: Card, parts: Sequence[str]) -> Iterator[str]:
    """The first numbers of the value and of the gradient, where the card shows them."""
    for part, excerpt in zip(("value", "gradient"), card.numbers or (None, None)):
        if part not in parts:
            continue
        words = [shape_text(card.shape), card.note] if part == "value" else []
        words += map(spelled, excerpt.first) if excerpt else []
        more = ", and more" * (excerpt is not None and excerpt.size > MOST)
        yield f"{part} {', '.join(filter(None, words))}{more}"
