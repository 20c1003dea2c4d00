"""What formulas of a step have in common: the operands and numbers of a card, the names in its formulas, and words."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from ...engine.blocks import Block
from ...engine.primitive import Primitive
from ..captured.cards import WRITTEN
from ..graphs.graph import Card, Graph
from ..written.excerpts import Excerpt, spelled
from ..written.labels import plain
from .formulas import formula_of_result, last_name
from .letters import Operands, argument, free
from .markup import Piece, Pieces, joined, pieces, variable


class Steps:
    """The cards of a graph, as their formulas need them."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.operands = graph, Operands(graph)
        self.of = plain(graph.of).replace("sum of ", "Σ ")

    def letter(self, letter: str) -> Piece:
        """What a card without a name is called: by this letter, unless that is a name in the graph."""
        return variable(free(letter, self.operands.names))

    def derivative(self, name: Piece) -> Pieces:
        """∂loss/∂x."""
        return ["∂", variable(self.of), "/∂", name]

    def result_formula(self, number: int) -> str:
        """What a card computes, in the letters of its record; "" where that has no formula."""
        card = self.graph.cards[number]
        what: Any = card.call.what if card.call else None
        if isinstance(what, Block):
            return block_formula(what, len(set(card.parents)) - 1)
        if not isinstance(what, Primitive) or what.variadic:
            return ""
        if what.name == "getitem":
            return f"x{index_of(card)}"
        text = formula_of_result(what)
        given = {argument(what, place) for place, _ in card.call.operands} if card.call else set()
        for missing in set(what.args) - given:
            text = re.sub(rf" \+ {missing}\b|, {missing}\b", "", text)
        return text

    def excerpts(self, number: int) -> dict[str, Excerpt | None]:
        """The first numbers of a card, "y", and of its operands, by the letters of its record.

        None where a card stands for several, or where the numbers that were computed with are gone.
        """
        card, of = self.graph.cards[number], self.operands.of[number]
        what = card.call.what if card.call else None
        found: dict[str, Excerpt | None] = {}
        for letter, each in [*((argument(what, place), each) for place, each in of.items()), ("y", number)]:
            other = self.graph.cards[each]
            is_one = other.count == card.count == 1 and other.results <= 1
            is_known = other.numbers and is_one and other.note != WRITTEN
            found[letter] = other.numbers[0] if is_known else None
        return found


def block_formula(block: Block, parameters: int) -> str:
    """What a named block computes, without the weight and the bias where it is given fewer parameters."""
    text = str(block.formulas.get("y", ""))
    for name in ("weight", "bias")[max(parameters, 0) :]:
        text = re.sub(rf" [·+] {name}(?= \+|$)", "", text)
    return text


def operation_name(card: Card) -> str:
    """What an operation is called in a sentence."""
    what = card.call.what if card.call else None
    if not isinstance(what, Primitive) or re.fullmatch("[A-Za-z_ ]{2,}", card.symbol):
        return plain(card.symbol)
    if what.name == "getitem":
        return "indexing"
    return plain(last_name(what.name).replace("_", " "))


def labelled(numbers: Pieces, card: Card) -> Pieces:
    """The first number, and how it is computed."""
    return joined(["first number: " if card.shape else "value: ", *numbers]) if numbers else []


def used(text: str, names: Sequence[str]) -> list[str]:
    """Which letters a formula has."""
    found = pieces(text.replace("^(", "("), {name: variable(name) for name in names})
    return [name for name in names if variable(name) in found]


def size_ratio(card: Card, result: Card) -> int:
    """How many numbers of a card go into one of the result: n in the formulas."""
    options = result.call.options if result.call else {}
    size = math.prod(result.shape or ())
    return math.prod(card.shape or ()) // size - int(options.get("ddof") or 0) if size else 0


def listed(axes: Sequence[int]) -> str:
    """The axes in words: axis 0; axes 0, 1."""
    return f"{'axes' if len(axes) > 1 else 'axis'} {', '.join(map(spelled, axes))}"


def index_of(card: Card) -> str:
    """The index in the words on a card."""
    index = re.search(r"\[[^][]*[^][\s][^][]*\]", f"{card.name} {card.symbol}")
    return index[0] if index else "[…]"
