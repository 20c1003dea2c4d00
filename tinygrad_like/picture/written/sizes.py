"""About how large a card gets, before anything is laid out."""

from __future__ import annotations

from ..graphs.graph import Card
from .labels import LONGEST
from .numbers import MOST_COLUMNS, MOST_ROWS, as_matrix

CELL, LINE = (41.0, 15.6), 11.5  # points: of a cell with its gap, of a small line of text
HEATED = (110.0, 75.0)  # of a heat map
FRAME = 14.0
HEADING = 22.0


def size_of(card: Card, detail: str, gradients: bool) -> tuple[float, float]:
    """The width and height of a card in points."""
    words = ((8.4, card.symbol), (5.2, card.name), (6.5, card.label))
    width = sum(each * min(len(text), LONGEST) for each, text in words) + 12.0 + 22.0 * (card.count > 1)
    height = HEADING
    if card.role == "stub" or card.refers or detail == "op":
        return width + FRAME, height + FRAME / 2
    if detail == "shape":
        return max(width, 60.0) + FRAME, height + LINE + FRAME / 2
    for array in [card.value] + [card.gradient] * gradients:
        if array is None:
            continue
        if detail == "stats":
            inside = (92.0, 3 * LINE + 8.0) if array.size > 1 else (50.0, LINE)
        else:
            inside = cells_size(array)
        width, height = max(width, inside[0]), height + LINE + inside[1]
    return width + FRAME, height + FRAME / 2


def cells_size(array: object) -> tuple[float, float]:
    rows, columns = as_matrix(array).shape
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        return HEATED
    return columns * CELL[0], max(rows, 1) * CELL[1]
