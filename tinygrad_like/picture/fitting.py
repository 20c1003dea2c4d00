"""How much of a graph is shown, so that it can be read: which cards, with how much on them, in how many rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .graphs.graph import Card, Graph
from .graphs.reducing import depths_of, reduced, with_references
from .graphs.rows import Size, in_rows, size_in_rows
from .graphs.titles import titled
from .options import Options
from .written.heat import map_size
from .written.labels import parts, plural, right_words, text_width
from .written.numbers import as_matrix, shape_text
from .written.numbers import fits as fits_in_cells

# How many cards are shown with their values, with statistics, with their shape.
MOST_VALUES, MOST_STATS, MOST_SHAPES = 40, 100, 200
MOST_CELLS = 1_200
AS_CELLS = 8  # what a heat map counts
MOST_NODES = 300
MOST_SHOWN = 1_000  # cards that one would ask for
BESIDE = 1.8  # how much wider a card with two runs is
FEW = 12  # cards that are all shown, however large
WIDEST, HIGHEST = 1_180.0, 1_400.0  # points; 1,600 pixels are 1,200 points
# In points: a cell with its gap, the space at the sides of a card, and lines of text.
CELL, CELL_HEIGHT, SIDES, LINE, HEADING = 41.0, 17.5, 16.0, 12.0, 24.0
STATISTICS = 112.0, 3 * LINE + 10.0


def readable(graph: Graph, centres: list[int], options: Options, two: bool = False) -> Graph:
    """The graph, made smaller until it can be read, also with `two` runs on each card; and broken into rows."""
    is_across = options.direction in ("LR", "RL")

    def fits(graph: Graph) -> bool:
        graph = titled(with_references(graph))
        if len(graph.cards) <= FEW:
            return True
        sizes = sizes_of(graph, options, two)
        if is_across:
            return size_in_rows(graph, sizes, WIDEST)[1] <= HIGHEST
        length, breadth = size_in_rows(graph, [(height, width) for width, height in sizes], float("inf"))
        return breadth <= WIDEST and length <= 2 * HIGHEST

    is_free = options.max_nodes is None and options.depth is None and options.detail != "op"
    most = options.max_nodes or MOST_NODES
    whole = graph
    graph = reduced(graph, options.depth, centres, options.radius, most, fits if is_free else None)
    if hint := how_to_see_more(graph, whole, options):
        graph = replace(graph, facts=[*graph.facts, hint])
    graph = replace(titled(with_references(graph)), for_two=two)
    return in_rows(graph, sizes_of(graph, options, options.compare is not None), WIDEST) if is_across else graph


def sizes_of(graph: Graph, options: Options, two: bool) -> list[Size]:
    """How large the cards get; wider where they show `two` runs."""
    detail = fitting_detail(graph) if options.detail == "auto" else options.detail
    wider = BESIDE if two and detail in ("stats", "value") else 1.0
    sizes = [size_of(card, detail, options.gradients) for card in graph.cards]
    return [(wider * width, height) for width, height in sizes]


def how_to_see_more(graph: Graph, whole: Graph, options: Options) -> str:
    """What was made smaller, and which option shows more of it."""
    if len(graph.cards) >= len(whole.cards):
        return ""
    cards = graph.cards
    kinds = {
        "layers are cards": any(card.role == "group" for card in cards),
        "of what repeats the last is shown": any(card.in_row for card in cards),
        "what is alike is one card": any(card.count > 1 and not card.in_row for card in cards),
        "a part is shown": any(card.role == "stub" and card.nodes for card in cards),
    }
    done = [text for text, is_so in kinds.items() if is_so]
    shown = max(depths_of(graph).values()) + kinds["layers are cards"]
    more = [f"depth={shown + 1}"] if shown < max(depths_of(whole).values()) else []
    if options.focus is not None:
        more = [f"radius={options.radius + 1}"]
    elif options.depth is None and len(whole.cards) <= MOST_SHOWN:
        more.append(f"max_nodes={len(whole.cards)}")
    return f"{', '.join(done)}: {' or '.join(more)} shows more" if done and more else ", ".join(done)


def fitting_detail(graph: Graph) -> str:
    """As much as can be read at this size."""
    count = len(graph.cards)
    arrays = [each for card in graph.cards for each in (card.value, card.gradient) if each is not None]
    cells = sum(each.size if fits_in_cells(each) else AS_CELLS for each in arrays)
    if count <= MOST_VALUES and cells <= MOST_CELLS:
        return "value"
    return "stats" if count <= MOST_STATS else "shape" if count <= MOST_SHAPES else "op"


# -- how large a card gets, before anything is laid out ---------------------------------------------------


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
    if not fits_in_cells(array):
        width, height = map_size(array.shape)
        return max(width, 70.0), height + LINE
    return max(columns, 1) * CELL * (1 + (array.dtype.kind == "c")), max(rows, 1) * CELL_HEIGHT
