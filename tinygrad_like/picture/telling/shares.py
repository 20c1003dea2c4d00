"""What one use of a card gives to its gradient: the rule of what uses it, with the first numbers put in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ...engine.primitive import Primitive
from ..graphs.graph import Card
from .formulas import formula
from .letters import Use, argument, letters, short_name
from .markup import Piece, Pieces, joined, pieces, variable
from .steps import Steps, index_of, listed, operation_name, size_ratio, used
from .sums import first_part, put_in, row_by_column, total

TAKEN = "the places taken"  # in the formula of getitem; an index stands there


@dataclass(slots=True)
class Share:
    """A part of a gradient: its formula, which operation it is from, what g is there, and what else is to say.

    `numbers` says how its first number is computed, and `value` is that.
    """

    text: Pieces
    operation: Pieces
    g: Pieces
    more: Pieces
    numbers: Pieces
    value: Any = None


def gives(steps: Steps, use: Use) -> bool:
    """Whether a gradient comes back from a use: none comes through a comparison, or to an index."""
    consumer = steps.graph.cards[use.consumer]
    what = consumer.call.what if consumer.call else None
    if consumer.role == "stub" or use.place is None or not isinstance(what, Primitive):
        return consumer.role == "stub" or consumer.differentiated
    return consumer.differentiated and what.rules[0 if what.variadic else use.place] is not None


def share(steps: Steps, number: int, name: Piece, use: Use) -> Share:
    """What one use gives to the gradient of a card, which is called by the name."""
    card, consumer = steps.graph.cards[number], steps.graph.cards[use.consumer]
    times = f" ×{consumer.count:,}" if consumer.count > 1 else ""
    what: Any = consumer.call.what if consumer.call else None
    is_primitive = isinstance(what, Primitive)
    operation = f"{operation_name(consumer)}{times}"
    by_rules = f"the {'rule' if is_primitive else 'rules'} of {operation_name(consumer)}, applied to "
    if what is None or use.place is None:
        g = [variable("g"), " = ", *steps.derivative(short_name(consumer) or steps.letter("y"))]
        return Share([by_rules, variable("g")], [operation], g, [], [])
    names = letters(steps.operands, use.consumer, (number, name))
    letter = argument(what, use.place)
    text = formula(what, 0 if what.variadic else use.place) if is_primitive else what.formulas.get(letter, "")
    text = text.replace(TAKEN, index_of(consumer))
    axes = stretched_axes(card, consumer) if is_primitive and letter in what.stretched else []
    shown = pieces(summed(text) if axes else text, names) if text else [by_rules, names["g"]]
    result = steps.result_formula(use.consumer)
    said = [operation, *([": ", names["y"], " = ", *pieces(result, names)] if result else [])]
    g = [names["g"], " = ", *steps.derivative(names["y"])]
    more: Pieces = [f", summed over {listed(axes)}, along which ", name, " was broadcast"] if axes else []
    more += [", ", names["n"], f" = {size_ratio(card, consumer):,}"] if used(text, ["n"]) else []
    numbers, value = numbers_of(steps, number, use, text, axes) if is_primitive and text else ([], None)
    return Share(joined(shown), joined(said), g, more, numbers, value)


def numbers_of(steps: Steps, number: int, use: Use, text: str, axes: list[int]) -> tuple[Pieces, Any]:
    """How the first number that a rule gives is computed, and what it is; nothing where that is not known."""
    card, consumer = steps.graph.cards[number], steps.graph.cards[use.consumer]
    what: Primitive = consumer.call.what  # type: ignore[union-attr]
    g = consumer.numbers[1] if consumer.numbers and consumer.count == 1 else None
    if g is None or what.variadic:
        return [], None
    if axes:
        terms = total(g, consumer.shape or (), card.shape or ()) if text == "g" else ""
        return [terms] if terms else [], None
    excerpts, n = steps.excerpts(use.consumer), size_ratio(card, consumer)
    values = {letter: each.first[0] for letter, each in excerpts.items() if each} | {"g": g.first[0], "n": n}
    value = first_part(what, use.place or 0, values, consumer.call.options)  # type: ignore[union-attr]
    if text == "g":
        return [], values["g"] if what.shape == "reduction" else value
    if text == "g / n" and n:
        value = values["g"] / n
    is_known = all(letter in values for letter in used(text, ["g", "y", "n", *what.args]))
    if is_known and (what.shape == "elementwise" or not re.search(r"\w\(|ᵀ|Σ|[a-z] [a-z]", text)):
        found = put_in(text, values)
        return ["(", *found, ")"] if " where " in text else found, value
    product = row_by_column(text, {**excerpts, "g": g}, what.products)
    return [product] if product else [], value


def summed(text: str) -> str:
    """The formula of what is summed over copies."""
    if re.search(r" [+−] | where ", text):
        return f"Σ ({text})"
    return f"−Σ {text[1:]}" if text.startswith("−") else f"Σ {text}"


def stretched_axes(card: Card, consumer: Card) -> list[int]:
    """The axes of a result along which an operand was broadcast."""
    shape, result = card.shape or (), consumer.shape or ()
    added = len(result) - len(shape)
    return [i for i, length in enumerate(result) if i < added or shape[i - added] != length]
