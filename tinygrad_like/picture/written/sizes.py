"""About how large a card gets, before anything is laid out."""

from __future__ import annotations

from typing import Any

from ..graphs.graph import Card
from .heat import map_size
from .labels import parts, plain, plural, right_words
from .lettering import thousandths
from .numbers import as_matrix, fits, shape_text

# In points: a cell with its gap, the space at the sides of a card, and lines of text.
CELL, CELL_HEIGHT, SIDES, LINE, HEADING = 41.0, 17.5, 16.0, 12.0, 24.0
STATISTICS = 112.0, 3 * LINE + 10.0


def size_of(card: Card, detail: str, gradients: bool) -> tuple[float, float]:
    """The width and height of a card in points."""
    words = ((card.symbol, 14, True), (card.name, 10, False), (card.options, 10, False), (right_words(card), 11, True))
    width = sum(text_width(*each) for each in words) + 16.0
    inside = plural(card.operations, "operation") * (card.operations > 1)
    inside += plural(card.parameters, " · parameter") * (card.role == "group")
    width, height = max(width, text_width(inside, 9)), HEADING + LINE * bool(inside)
    if card.role == "stub" or card.refers or detail == "op":
        return width + SIDES, height
    if detail == "shape":
        return max(width, text_width(shape_text(card.shape), 9)) + SIDES, height + LINE
    for part in parts(card, gradients):
        array = card.value if part == "value" else card.gradient
        said = "last of 100, " * (card.count > 1) + shape_text(card.shape) * (part == "value")
        numbers = (0.0, LINE * bool(card.note)) if array is None else numbers_size(array, detail)
        width = max(width, numbers[0], text_width(f"gradient  {said}", 8) + 4.0)
        height += LINE + numbers[1]
    return width + SIDES, height + 8.0


def numbers_size(array: Any, detail: str) -> tuple[float, float]:
    if detail == "stats":
        return STATISTICS if array.size > 1 else (40.0, LINE)
    if not array.size:
        return 0.0, LINE
    rows, columns = as_matrix(array).shape
    if not fits(array):
        width, height = map_size(array.shape)
        return max(width, 70.0), height + LINE
    return max(columns, 1) * CELL * (1 + (array.dtype.kind == "c")), max(rows, 1) * CELL_HEIGHT


def text_width(text: str, size: int, bold: bool = False) -> float:
    return thousandths(plain(text), bold) * size / 1000
