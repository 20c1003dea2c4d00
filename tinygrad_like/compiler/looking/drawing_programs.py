"""`step.draw()`: the picture of a program, with the cards and boxes of all pictures.

A card is what an operation of a layer computes in one go, or with detail "op" one call of NumPy. Parameters and other
arrays of before stand where they are first read. What is written into them is an arrow to a card that says so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from ...engine.registry import REGISTRY
from ...picture.fitting import readable
from ...picture.graphs.graph import LEAVES, Card, Cluster, Graph
from ...picture.options import Options
from ...picture.picture import Picture
from ...picture.written.numbers import number_text
from ..backends import chosen
from ..passes.aliasing import overlap
from ..to_numpy.naming import Names, name_of
from ..tracing.program import CONSTANT, INPUT, REFERENCE, Instruction, Memory, Program, Value, values_in
from .shown import shown

if TYPE_CHECKING:
    from ..compiling import Compiled

TITLES = {"forward": "Forward", "backward": "Backward", "update": "Update"}
GIVEN = (INPUT, REFERENCE, CONSTANT)
MOST_CALLS = 4  # named on a card
BACKENDS = {"numpy": "NumPy", "c": "C", "jax": "JAX"}


def drawn(
    step: Compiled, detail: str, depth: int | None, direction: str, most: int | None, title: str | None, theme: str
) -> Picture:
    """The picture of the program that was used last."""
    program = shown(step).program
    title = getattr(step, "__name__", "step") if title is None else title
    options = Options(None, detail, depth, direction, None, 2, most, False, title, theme)
    graph = Drawing(program, detail == "op").graph
    calls = sum(not each.is_view for each in program.instructions)
    graph.facts.append(f"{calls:,} instructions · {BACKENDS[chosen(step.backend)]}")
    graph = readable(graph, [], options if detail == "op" else replace(options, detail="shape"))
    return Picture(graph, replace(options, detail="shape"))


class Drawing:
    """The graph of a program: a card for what each operation computes, and for each array that it reads or writes."""

    def __init__(self, program: Program, every: bool) -> None:
        self.program, self.every = program, every
        self.names = Names(program)
        self.cards: list[Card] = []
        self.boxes: dict[str, Cluster] = {}
        self.made: dict[Memory, list[tuple[Value, int]]] = {}  # what was written where, by which card
        self.leaves: dict[Value | Memory, int] = {}
        self.stores: dict[str, int] = {}  # of the card at hand
        self.whole: dict[Value, Value] = {}  # of a view of an array of before, in another shape: that array
        for each in program.instructions:
            if each.is_view and each.args and isinstance(each.args[0], Value):
                source = self.whole.get(each.args[0], each.args[0])
                if source.size == each.results[0].size and source.memory.kind in GIVEN:
                    self.whole[each.results[0]] = source
        for part, run in runs(program.instructions, every):
            self.operation(part, run)
        roots = self.results()
        self.graph = Graph(self.cards, roots, len(self.cards), result="loss" if program.bindings else "output")

    def operation(self, part: str, run: list[Instruction]) -> None:
        """The card of some instructions in a row, and those of what they write into."""
        box = self.box(part, run)
        made = {value.memory for each in run for value in each.results}
        parents: dict[int, None] = {}
        written: set[Value] = set()
        for each in run:
            for value in operands(each):
                if value.memory not in made and value not in written:
                    parents |= dict.fromkeys(self.sources(value, box))
            written.update(each.writes)
        calls = list(
            dict.fromkeys("if not finite" if each.body is not None else name_of(each.function) for each in run)
        )
        text = ", ".join(calls[:MOST_CALLS]) + ", …" * (len(calls) > MOST_CALLS)
        symbol, role = self.symbol(run, text)
        last = next((value for each in reversed(run) for value in (*each.results, *each.writes)), None)
        shape, dtype = (None, None) if last is None else (last.shape, last.dtype)
        name = "" if text == symbol else text
        label = self.names[last] if self.every and last in self.names.names else ""
        number = self.add(Card(role, symbol, name, label, shape, dtype, tuple(parents), cluster=box))
        for each in run:
            for value in each.results:
                self.made.setdefault(value.memory, []).append((value, number))
        for value in dict.fromkeys(value for each in run for value in each.writes):
            self.store(value, number, box)
        self.stores.clear()

    def symbol(self, run: list[Instruction], calls: str) -> tuple[str, str]:
        """What stands large on a card, and its role: those of the operation in other pictures."""
        place = run[0].place
        known = REGISTRY.get(place.operation)
        if self.every or not place.operation:
            return calls, "operation"
        name = place.operation.replace("_", " ")
        if place.part == "backward":
            return f"∂ {name}", "operation"
        return (name, "operation") if known is None else (known.symbol or name, known.role)

    def store(self, value: Value, number: int, box: Cluster) -> None:
        """What a card writes into memory of before gets a card of its own."""
        known = self.made.setdefault(value.memory, [])
        if value.memory.kind in (REFERENCE, INPUT):
            leaf = self.leaf(value, box)
            if leaf.symbol not in self.stores:
                card = Card("group", leaf.symbol, "written", "", leaf.shape, leaf.dtype, (number,), cluster=box)
                self.stores[leaf.symbol] = self.add(card)
            number = self.stores[leaf.symbol]
        known.append((value, number))

    def sources(self, value: Value, box: Cluster) -> list[int]:
        """The cards that made what a value has, or that of an array of before."""
        found = [(written, card) for written, card in self.made.get(value.memory, []) if overlap(written, value)]
        last = {(written.offset, written.shape): card for written, card in found}
        covered = sum(written.size for written in {(w.offset, w.shape): w for w, _ in found}.values())
        before = value.memory.kind in GIVEN and covered < value.size
        value = self.whole.get(value, value)
        key = value.memory if self.is_part(value) else value
        if before and key not in self.leaves:
            self.leaves[key] = self.add(self.leaf(value, box))
        return [*([self.leaves[key]] if before else []), *dict.fromkeys(last.values())]

    def leaf(self, value: Value, box: Cluster) -> Card:
        """The card of an array that was there before."""
        role, array = role_of(value), value.memory.array
        name = self.names[value] if value in self.names.names else value.name or role
        if not value.name and array is not None and array.size == 1 and value.memory not in self.program.stored:
            role, name = "constant", number_text(array.reshape(()))
        shape = value.shape
        if self.is_part(value):
            name, shape = value.memory.name, array.shape
        cluster = None if role == "input" and not self.cards else box
        return Card(role, name, "", "", shape, value.dtype, cluster=cluster)

    def is_part(self, value: Value) -> bool:
        """Whether the card of a vector stands for its parts, of which an optimizer steps one after the other."""
        return not self.every and bool(value.memory.name) and value.name == f"{value.memory.name}_part"

    def results(self) -> list[int]:
        """The cards of what the program returns, and those that nothing reads."""
        roots = []
        for value in self.program.outputs:
            for number in self.sources(value, self.box("forward", [])):
                card = self.cards[number]
                card.label = card.label or ("loss" if self.program.bindings and not value.shape else "result")
                card.role = card.role if card.role in LEAVES else "loss"
                roots.append(number)
        read = {parent for card in self.cards for parent in card.parents}
        return list(dict.fromkeys([*roots, *(i for i in range(len(self.cards)) if i not in read)]))

    def add(self, card: Card) -> int:
        self.cards.append(card)
        return len(self.cards) - 1

    def box(self, part: str, run: list[Instruction]) -> Cluster:
        """The box of a layer in a part of the step: one for calls in a row."""
        outer = self.boxes.setdefault(part, Cluster("", TITLES[part], "", None))
        layer = run[0].place.layer if run else ""
        if not layer:
            self.inner: tuple[str, str, Cluster] | None = None
            return outer
        if getattr(self, "inner", None) is None or self.inner is None or self.inner[:2] != (part, layer):
            path, _, kind = layer.partition(": ")
            self.inner = part, layer, Cluster(path, path, kind, outer)
        return self.inner[2]


def role_of(value: Value) -> str:
    if value.memory.kind == CONSTANT:
        return "constant"
    if value.memory.kind != REFERENCE:
        return "input"
    return "parameter" if value.memory.name.startswith("parameters") else "buffer"


def operands(instruction: Instruction) -> list[Value]:
    """What an instruction reads; not what it only writes to."""
    options = {name: each for name, each in instruction.options.items() if name != "out"}
    found = list(values_in((instruction.args, options)))
    for each in instruction.body or ():
        found += operands(each)
    return found


def runs(instructions: list[Instruction], every: bool) -> Iterable[tuple[str, list[Instruction]]]:
    """The instructions but views, those in a row of the same operation of a layer together, with their part."""
    found: list[tuple[str, list[Instruction]]] = []
    seen_backward, before = False, None
    for each in instructions:
        if each.is_view:
            continue
        seen_backward |= each.place.part == "backward"
        part = "update" if seen_backward and each.place.part == "forward" else each.place.part
        key = part, each.place.layer, each.place.operation
        if every or key != before:
            found.append((part, []))
        found[-1][1].append(each)
        before = key
    return found
