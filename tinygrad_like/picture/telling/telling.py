"""What the page tells at each step: what was computed, or which rule gives the gradient, with the first numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...engine.primitive import Primitive
from ..captured.cards import WRITTEN
from ..graphs.graph import LEAVES, Card, Graph
from ..written.excerpts import spelled
from ..written.labels import plain
from ..written.numbers import shape_text
from .letters import Use, argument, letters, short_name
from .markup import Piece, Pieces, joined, pieces, variable
from .shares import Share, gives, share
from .steps import Steps, labelled, listed, operation_name, size_ratio, used
from .sums import put_in, row_by_column, total

MOST_SHARES = 3
MOST_OPERANDS = 4
LEAF_WORDS = {
    "input": "an input",
    "constant": "a constant",
    "parameter": "a parameter: training changes it",
    "buffer": "a buffer: the layer keeps it, without a gradient",
}
UNSEEN = "steps that are not shown"
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(slots=True)
class Told:
    """A step: the formula, the shape of what it gives, and lines that explain it."""

    head: Pieces
    shape: str
    lines: list[Pieces]


# -- forward ----------------------------------------------------------------------------------------------


def told_forward(steps: Steps, number: int) -> Told | None:
    """What was computed; None of a card that stands for what is not shown."""
    card = steps.graph.cards[number]
    if card.role == "stub" or card.refers:
        return None
    shape, first = shape_text(card.shape), first_numbers(card)
    if card.role in LEAVES:
        is_number = card.role == "constant" and card.shape == ()
        return Told(
            [short_name(card) or plain(card.symbol)], shape, [[LEAF_WORDS[card.role]], [] if is_number else first]
        )
    operands = steps.operands.of[number]
    text = steps.result_formula(number)
    if card.call is None or not operands or not text:
        return Told(by_name(steps, card), shape, [[plain(card.name)], first])
    names = letters(steps.operands, number)
    axis = card.call.options.get("axis")
    words: Pieces = [] if axis is None else [f"over {listed(axis if isinstance(axis, tuple) else [axis])}"]
    if used(text, ["n"]):
        n = size_ratio(steps.graph.cards[operands[min(operands)]], card)
        words += [", " * bool(words), names["n"], f" = {n:,}"]
    numbers = labelled(numbers_of_result(steps, number, text), card)
    return Told(joined([names["y"], " = ", *pieces(text, names)]), shape, [words, numbers or first])


def by_name(steps: Steps, card: Card) -> Pieces:
    """y = cholesky(x), of what has no formula; without parameters. A symbol may say it all: x @ Wᵀ + b."""
    y, name = short_name(card) or steps.letter("y"), operation_name(card)
    if re.search(r"\w.* [^\w ] ", name):
        return joined([y, " = ", name])
    name = name if re.search(r"\w", name) else plain(card.name) or name
    parents = [steps.graph.cards[steps.operands.owner(p)] for p in card.parents]
    shown = [short_name(p) or "…" for p in parents if p.role not in ("parameter", "buffer")]
    inside = [piece for each in shown[:MOST_OPERANDS] for piece in (", ", each)][1:]
    inside += [", …"] if len(shown) > MOST_OPERANDS else []
    return joined([y, f" = {name}(", *inside, ")"])


def numbers_of_result(steps: Steps, number: int, text: str) -> Pieces:
    """How the first number of a result is computed; nothing where that is not known."""
    card, excerpts = steps.graph.cards[number], steps.excerpts(number)
    y, what = excerpts.pop("y"), card.call.what if card.call else None
    if y is None or not isinstance(what, Primitive) or not all(excerpts.get(a) for a in used(text, what.args)):
        return []
    found: Pieces = [row_by_column(text, excerpts, what.products)]
    if what.shape == "elementwise":
        found = put_in(text, {letter: each.first[0] for letter, each in excerpts.items() if each})
    elif what.name in ("sum", "mean"):
        operand = steps.graph.cards[steps.operands.of[number][0]]
        x = excerpts["x"]
        terms = total(x, operand.shape or (), card.shape or ()) if x else ""
        found = [f"({terms}) / {size_ratio(operand, card)}" if terms and what.name == "mean" else terms]
    return joined([*found, " = ", spelled(y.first[0])]) if any(found) else []


def first_numbers(card: Card) -> Pieces:
    """The first numbers of a value, or why there are none."""
    value = card.numbers[0] if card.numbers else None
    if value is None or card.count > 1:
        return [card.note] if card.note else []
    shown = ", ".join(map(spelled, value.first[:4])) + ", …" * (value.size > 4)
    since = f", {WRITTEN}" * (card.note == WRITTEN)
    return [f"{'value' if value.size == 1 else 'first numbers'}{since}: {shown}"]


# -- backward ---------------------------------------------------------------------------------------------


def told_backward(steps: Steps, number: int) -> Told | None:
    """The rules that give the gradient of a card; None if it has none."""
    card = steps.graph.cards[number]
    if not card.differentiated:
        return None
    uses = [use for use in steps.operands.uses[number] if gives(steps, use)]
    name = name_in(steps, number, uses)
    shares = [share(steps, number, name, use) for use in uses]
    is_root = number in steps.graph.roots
    head: Pieces = [*steps.derivative(name), " = "]
    if not steps.of or card.results > 1 or not (shares or is_root):
        return told_without_rules(steps, card, name)
    if card.unseen:
        shares.append(Share(["…"], [UNSEEN], [], [], []))
    if is_root and shares:
        shares.append(Share(["1"], ["the result itself"], [], [], [], 1.0))
    if not shares:
        start = "the gradient starts here" + ", 1 for each number" * bool(card.shape)
        return Told(joined([*head, "1"]), shape_text(card.shape), [[start]])
    if len(shares) == 1:
        (only,) = shares
        return Told(
            joined([*head, *only.text]), shape_text(card.shape), [why(only), labelled(put_equal(only, card), card)]
        )
    signs: Pieces = [variable(f"g{i}".translate(SUBSCRIPTS)) for i in range(1, len(shares) + 1)]
    lines = [
        joined([sign, " = ", *each.text, ", from ", *why(each, before)])
        for sign, each, before in zip(signs, shares, [None, *shares])
    ]
    if len(shares) > MOST_SHARES:
        lines[MOST_SHARES:] = [[f"and {len(shares) - MOST_SHARES} more"]]
        signs[MOST_SHARES:] = ["…"]
    head += [piece for sign in signs for piece in (" + ", sign)][1:]
    return Told(joined(head), shape_text(card.shape), [*lines, labelled(added(card, shares), card)])


def told_without_rules(steps: Steps, card: Card, name: Piece) -> Told:
    """Of a gradient that no formula here gives: in a freed graph, of a layer with several results, or of a part."""
    head, shape, first = steps.derivative(name), shape_text(card.shape), first_gradient(card)
    if not steps.of:
        return Told(joined([name, ".grad"]), shape, [["what backward() has added to it"], labelled(first, card)])
    if card.results > 1:
        return Told(head, shape, [["one for each of its results"], first])
    return Told(head, shape, [["from ", UNSEEN], first])


def why(each: Share, before: Share | None = None) -> Pieces:
    """Which operation a share is from, and what the letters in its formula are, unless g was told just before."""
    is_new = each.g and (before is None or before.g != each.g)
    return joined([*each.operation, *([", ", *each.g] if is_new else []), *each.more])


def name_in(steps: Steps, number: int, uses: list[Use]) -> Piece:
    """What a card is called where its gradient is told: its name; of one use, the letter of the rule."""
    name = short_name(steps.graph.cards[number])
    if name or len(uses) != 1 or uses[0].place is None:
        return name or steps.letter("x" if uses else "y")
    consumer = uses[0].consumer
    call = steps.graph.cards[consumer].call
    if call and isinstance(call.what, Primitive) and call.what.variadic:
        return steps.letter("x")  # one of several
    letter = argument(call.what if call else None, uses[0].place)
    return letters(steps.operands, consumer)[letter]


def first_gradient(card: Card) -> Pieces:
    """The first number of a gradient."""
    gradient = card.numbers[1] if card.numbers else None
    return [spelled(gradient.first[0])] if gradient is not None and card.count == 1 else []


def put_equal(only: Share, card: Card) -> Pieces:
    """How the first number of a gradient of one share is computed, and what it is."""
    first = first_gradient(card)
    return [*only.numbers, " = ", *first] if only.numbers and first and only.numbers != first else first


def added(card: Card, shares: list[Share]) -> Pieces:
    """The first numbers of the shares, and their sum."""
    first = first_gradient(card)
    if not first or len(shares) > MOST_SHARES or any(each.value is None for each in shares):
        return first
    texts = [spelled(each.value) for each in shares]
    return [" + ".join(f"({text})" if text.startswith("−") else text for text in texts), " = ", *first]


def tell(graph: Graph) -> list[tuple[Told | None, Told | None]]:
    """For every card what is told of it forward, and backward."""
    steps = Steps(graph)
    return [(told_forward(steps, i), told_backward(steps, i)) for i in range(len(graph.cards))]
