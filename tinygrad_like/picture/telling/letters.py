"""Which card is which operand of an operation, and what its formula calls it: the card's name, or the rule's letter."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from ...engine.blocks import Block
from ...engine.primitive import Primitive
from ..graphs.graph import LEAVES, Card, Graph
from ..written.labels import plain
from .markup import Piece, variable

LONGEST_NAME = 16
UNNAMED = ("tensor", "leaf", "array", "constant")
INSTEAD = {"x": "u", "y": "z"}  # where a card of the graph has this name


@dataclass(slots=True)
class Use:
    """A card that uses another one: as the argument at a place, or, with None, in a way that is not known."""

    consumer: int
    place: int | None


class Operands:
    """For every card of a graph its operands, by their places; and the other way round, its uses."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.by_key = {card.key: i for i, card in enumerate(graph.cards) if card.key >= 0}
        self.of = [self.places(card) for card in graph.cards]
        self.uses: list[list[Use]] = [[] for _ in graph.cards]
        for number, card in enumerate(graph.cards):
            for place, operand in self.of[number].items():
                self.uses[operand].append(Use(number, place))
            known = set(self.of[number].values())
            for parent in dict.fromkeys(map(self.owner, card.parents)):
                if parent not in known and not card.refers:
                    self.uses[parent].append(Use(number, None))
        self.names = frozenset(piece[1] for piece in map(short_name, graph.cards) if isinstance(piece, tuple))

    def owner(self, number: int) -> int:
        """The card that a small one refers to."""
        card = self.graph.cards[number]
        return card.parents[0] if card.refers else number

    def places(self, card: Card) -> dict[int, int]:
        """The numbers of a card's operands. Where cards became one, some may not be known."""
        parents = set(map(self.owner, card.parents))
        if card.call is None or card.refers:
            return {}
        if isinstance(card.call.what, Block):
            given = [p for p in parents if self.graph.cards[p].role not in ("parameter", "buffer")]
            return {0: given[0]} if len(given) == 1 else {}
        found, unknown = {}, []
        for place, key in card.call.operands:
            number = self.by_key.get(key)
            if number in parents:
                found[place] = number
            else:
                unknown.append(place)
        rest = parents - set(found.values())
        if len(rest) == len(unknown) == 1:
            found[unknown[0]] = rest.pop()
        return found


def short_name(card: Card) -> Piece:
    """What a formula calls a card: its name or number; "" if it has none that is short."""
    if is_number(card):
        return in_brackets(plain(card.symbol).replace("-", "−"))
    name = card.label or (card.symbol if card.role in LEAVES and card.symbol not in UNNAMED else "")
    name = plain(name)
    return variable(name) if name and len(name) <= LONGEST_NAME and not name.startswith("call ") else ""


def is_number(card: Card) -> bool:
    """Whether a card is a number without a name, which stands for itself."""
    return bool(card.role == "constant" and card.shape == () and card.numbers and card.numbers[0] and not card.label)


def in_brackets(text: str) -> str:
    return f"({text})" if text.startswith("−") or " " in text else text


def argument(what: Any, place: int) -> str:
    """The letter of an argument in the formulas of a primitive or a block."""
    if isinstance(what, Primitive):
        return what.args[0 if what.variadic else place]
    return "x"


def letters(operands: Operands, number: int, this: tuple[int, Piece] | None = None) -> dict[str, Piece]:
    """What the formula of a card calls its result, its gradient, its operands, and n; `this` one has a name already.

    Two cards never have the same name: what has none of its own gets a letter that no card is called by.
    """
    graph = operands.graph
    what: Any = graph.cards[number].call.what  # type: ignore[union-attr]
    cards = {argument(what, place): each for place, each in operands.of[number].items()} | {"y": number}
    owners: dict[Piece, int] = {} if this is None else {this[1]: this[0]}
    for each in cards.values():
        owners.setdefault(short_name(graph.cards[each]), each)
    own = {number: name for name, number in reversed(owners.items()) if name}
    own |= {each: short_name(graph.cards[each]) for each in cards.values() if is_number(graph.cards[each])}
    names = {letter: own.get(each, "") for letter, each in cards.items()}
    taken = operands.names | {piece[1] for piece in names.values() if isinstance(piece, tuple)}
    found: dict[str, Piece] = {}
    for letter in dict.fromkeys(["g", "y", *(what.args if isinstance(what, Primitive) else "x"), "n"]):
        same = [other for other in found if cards.get(other, -1) == cards.get(letter, -2)]
        if same or names.get(letter):
            found[letter] = found[same[0]] if same else names[letter]
            continue
        name = free(letter, taken)
        taken |= {name}
        found[letter] = variable(name)
    return found


def free(letter: str, taken: Set[str]) -> str:
    """The letter, or another if that is the name of something else."""
    name = INSTEAD.get(letter, letter) if letter in taken else letter
    while name in taken:
        name += "′"
    return name
