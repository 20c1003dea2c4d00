"""A wide picture broken into rows, as a text is into lines."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .columns import longest_way, ranks_of, trunk
from .graph import Card, Cluster, Graph, altered, clusters_of, renumbered

BETWEEN = 26.0  # points between two columns
MARGIN = 28.0  # points of a box, left and right together
GUTTER = 50.0  # points for the line that leads from row to row
STRETCH = 1.15  # how much wider a single row may be
MOST_REFERENCES = 1.8  # cards and references, for each card
TRIES = 4  # since columns of all rows are equally wide, the widest row alone does not tell the width
A_ROW, A_CROSSING, A_SPLIT, RAGGED = 8.0, 2.0, 4.0, 2.0  # what a row, a line to another row, and a split box cost

Size = tuple[float, float]  # width and height in points


@dataclass(slots=True)
class Columns:
    """The columns of a graph: how large each is, and what it would cost to break the row before it."""

    ranks: list[int]
    widths: list[float]
    heights: list[float]
    costs: list[float]


def columns_with_sizes(graph: Graph, sizes: list[Size]) -> Columns:
    ranks = ranks_of(graph)
    count = max(ranks, default=-1) + 1
    widths, heights, costs = [0.0] * count, [0.0] * count, [0.0] * (count + 1)
    for rank, (width, height) in zip(ranks, sizes):
        widths[rank] = max(widths[rank], width)
        heights[rank] += height + BETWEEN
    boxes: dict[int, tuple[Cluster, int, int]] = {}
    for number, card in enumerate(graph.cards):
        for cluster in card.cluster.chain() if card.cluster else []:
            _, low, high = boxes.get(id(cluster), (cluster, ranks[number], ranks[number]))
            boxes[id(cluster)] = cluster, min(low, ranks[number]), max(high, ranks[number])
    for _, low, high in boxes.values():
        widths[low] += MARGIN / 2
        widths[high] += MARGIN / 2
        for rank in range(low, high + 1):
            heights[rank] += MARGIN + BETWEEN
        for rank in range(low + 1, high + 1):
            costs[rank] += A_SPLIT
    main = main_line(graph)
    last = list(ranks)
    for number, card in enumerate(graph.cards):
        for parent in [] if card.refers else card.parents:
            if (parent, number) not in main:
                last[parent] = max(last[parent], ranks[number])
    for rank, end in zip(ranks, last):
        for between in range(rank + 1, end + 1):
            costs[between] += A_CROSSING
    return Columns(ranks, widths, heights, costs)


def main_line(graph: Graph) -> set[tuple[int, int]]:
    """The arrows that lead from row to row."""
    before = longest_way(graph)
    return {(parent, number) for number in trunk(graph) if (parent := before[number]) is not None}


def row_starts(columns: Columns, most: float) -> list[int]:
    """The columns that rows start with, so that no row is wider than `most` and breaks are where little crosses."""
    if width_of(columns, [0]) <= STRETCH * most:
        return [0]
    target = most - GUTTER
    for _ in range(TRIES):
        starts = cheapest_breaks(columns, target)
        width = width_of(columns, starts)
        if width <= most or target < most / 3:
            break
        target *= max(0.6, most / width)
    return starts


def cheapest_breaks(columns: Columns, target: float) -> list[int]:
    count = len(columns.widths)
    best, before = [0.0] + [float("inf")] * count, [0] * (count + 1)
    for end in range(1, count + 1):
        width = 0.0
        for start in range(end - 1, -1, -1):
            width += columns.widths[start] + BETWEEN
            if width > target and start < end - 1:
                break
            short = max(0.0, 1 - width / target)
            cost = best[start] + A_ROW + RAGGED * short**2 + (columns.costs[start] if start else 0.0)
            if cost < best[end]:
                best[end], before[end] = cost, start
    starts, at = [], count
    while at:
        at = before[at]
        starts.append(at)
    return starts[::-1]


def width_of(columns: Columns, starts: list[int]) -> float:
    """The width of a picture with these rows, whose columns stand below each other."""
    rows = [columns.widths[a:b] for a, b in zip(starts, [*starts[1:], len(columns.widths)])]
    widest = [max(row[i] for row in rows if i < len(row)) for i in range(max(map(len, rows), default=0))]
    return sum(each + BETWEEN for each in widest) + (GUTTER if len(rows) > 1 else 0.0)


def height_of(columns: Columns, starts: list[int]) -> float:
    rows = [columns.heights[a:b] for a, b in zip(starts, [*starts[1:], len(columns.heights)])]
    return sum(max(row, default=0.0) + BETWEEN for row in rows)


def size_in_rows(graph: Graph, sizes: list[Size], most: float) -> Size:
    """About how large a picture of this graph gets."""
    columns = columns_with_sizes(graph, sizes)
    starts = row_starts(columns, most)
    return width_of(columns, starts), height_of(columns, starts)


# -- the graph with rows ---------------------------------------------------------------------------------


def in_rows(graph: Graph, sizes: list[Size], most: float) -> Graph:
    """The graph with a row for each card. What another row needs, a small card there refers to."""
    columns = columns_with_sizes(graph, sizes)
    starts = row_starts(columns, most)
    if len(starts) < 2:
        return graph
    row = [sum(rank >= start for start in starts[1:]) for rank in columns.ranks]
    column = [rank - starts[which] for rank, which in zip(columns.ranks, row)]
    boxes = split_boxes(graph, row)
    main = main_line(graph)
    cards: list[Card] = []
    new: list[int] = []
    for number, card in enumerate(graph.cards):
        where = {"row": row[number], "column": column[number], "cluster": boxes[id(card.cluster), row[number]]}
        place: dict[int, int] = {}
        for parent in dict.fromkeys(card.parents):
            place[parent] = new[parent]
            is_next = row[number] - row[parent] <= ((parent, number) in main)
            if is_next or card.refers:
                continue
            place[parent] = len(cards)
            cards.append(altered(reference_to(graph.cards[parent], new[parent]), **where))
        new.append(len(cards))
        cards.append(altered(renumbered(card, place), **where))
    if len(cards) > MOST_REFERENCES * len(graph.cards):
        return graph  # a tangle, which would be all references
    mark_alike(cards)
    return replace(graph, cards=cards, roots=[new[root] for root in graph.roots])


def split_boxes(graph: Graph, row: list[int]) -> dict[tuple[int, int], Cluster | None]:
    """For each box and each row that it is in, the part of the box that is there."""
    found: dict[tuple[int, int], Cluster | None] = {(id(None), each): None for each in {*row}}
    rows: dict[int, set[int]] = {}
    for number, card in enumerate(graph.cards):
        for cluster in card.cluster.chain() if card.cluster else []:
            rows.setdefault(id(cluster), set()).add(row[number])
    for cluster in clusters_of(graph):
        for each in sorted(rows[id(cluster)]):
            is_first = each == min(rows[id(cluster)])
            title = cluster.title if is_first else f"{cluster.title} …"
            label = cluster.label if is_first else ""
            part = Cluster(cluster.path, title, label, found[id(cluster.outer), each], cluster.call, cluster.role)
            part.count = cluster.count
            found[id(cluster), each] = part
    return found


def mark_alike(cards: list[Card]) -> None:
    """Where several cards look the same, those that small cards refer to have numbers: "add (1)", "add above (1)"."""
    alike: dict[tuple[str, str], list[int]] = {}
    for number, card in enumerate(cards):
        if not card.refers:
            alike.setdefault((card.label or card.symbol, "" if card.label else card.name), []).append(number)
    wanted = {card.parents[0] for card in cards if card.refers}
    for numbers in alike.values():
        for count, number in enumerate(sorted(wanted & {*numbers}) if len(numbers) > 1 else [], 1):
            cards[number].mark = f"({count})"
    for card in cards:
        card.mark = cards[card.parents[0]].mark if card.refers else card.mark


def reference_to(card: Card, number: int) -> Card:
    """A small card for one in a row above."""
    name = "above" if card.label else f"{card.name} above".strip()
    return Card(card.role, card.label or card.symbol, name, parents=[number], refers=True)
