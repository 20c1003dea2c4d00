"""Rows in DOT, and the line that leads from the end of one to the start of the next.

Left of all rows stands a column of points, one for each row and one between two rows: it keeps the rows in order. The
line goes from the last card of a row to a point right of it, down, back to the left between the rows, down, and on.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from ..graphs.graph import Graph

if TYPE_CHECKING:
    from graphviz import Digraph

POINT = {"shape": "point", "width": "0", "style": "invis", "label": ""}


def row_boxes(dot: Digraph, graph: Graph) -> list[Digraph]:
    """What the cards of each row are put in: an invisible box, so that rows do not mix; a single row needs none."""
    count = 1 + max((card.row for card in graph.cards), default=0)
    if count == 1:
        return [dot]
    boxes = [dot.__class__(name=f"cluster_row{row}") for row in range(count)]
    for box in boxes:
        box.attr(style="invis", label="", margin="0")
    return boxes


def add_turns(dot: Digraph, graph: Graph) -> None:
    """The points at which lines between rows turn."""
    count = 1 + max(card.row for card in graph.cards)
    with dot.subgraph() as gutter:
        gutter.attr(rank="same")
        for row in range(count):
            gutter.node(f"start{row}", group=f"trunk{row or ''}", **POINT)
            if row:
                gutter.node(f"left{row}", group=f"lane{row}", **POINT)
    for row in range(1, count):
        dot.node(f"right{row}", **POINT)
        dot.edge(f"start{row - 1}", f"left{row}", style="invis")
        dot.edge(f"left{row}", f"start{row}", style="invis")
        above = [number for number, card in enumerate(graph.cards) if card.row == row - 1]
        last = max(above, key=lambda number: graph.cards[number].column)
        dot.edge(f"n{last}", f"right{row}", style="invis")
    members = same_columns(graph)
    dot.edge("start0", f"n{members[0][0]}", style="invis")
    cards = graph.cards
    led = {(cards[p].column, card.column) for card in cards for p in card.parents if cards[p].row == card.row}
    for (before, *_), (after, *_) in pairwise(members):
        # Where an arrow keeps columns in order, one more edge can be more than Graphviz can satisfy.
        if (cards[before].column, cards[after].column) not in led:
            dot.edge(f"n{before}", f"n{after}", style="invis", weight="0")
    # A row that no line leads to has its place, too.
    reached = {card.row for card in cards for p in card.parents if not card.refers and cards[p].row != card.row}
    first = {card.row: number for number, card in reversed([*enumerate(cards)])}
    for row in range(1, count):
        if row not in reached:
            dot.edge(f"start{row}", f"n{first[row]}", style="invis")


def same_columns(graph: Graph) -> list[list[int]]:
    """The cards of each column of all rows; none if there is one row only."""
    if not any(card.row for card in graph.cards):
        return []
    found: dict[int, list[int]] = {}
    for number, card in enumerate(graph.cards):
        found.setdefault(card.column, []).append(number)
    return [found[column] for column in sorted(found)]


def add_turn(dot: Digraph, source: int, target: int, row: int, shown: dict[str, str]) -> None:
    """The line from a card to one in the next row."""
    with dot.subgraph() as corner:
        corner.attr(rank="same")
        corner.node(f"right{row}", group=f"trunk{row - 1 or ''}", **POINT)
        corner.node(f"below{row}", group=f"lane{row}", **POINT)
    line = shown | {"arrowhead": "none", "weight": "100"}
    ends = [(f"n{source}", f"right{row}"), (f"right{row}", f"below{row}"), (f"left{row}", f"below{row}")]
    classes = ["part first", "part", "part turned", "part"]  # one is drawn the other way round
    for i, (a, b) in enumerate([*ends, (f"left{row}", f"start{row}")]):
        dot.edge(a, b, **{"class": classes[i]}, id=f"e{source}-{target}-{i}", **line)
    last = {"class": "last", "id": f"e{source}-{target}"}
    dot.edge(f"start{row}", f"n{target}", **last, **shown | {"weight": "20"})
