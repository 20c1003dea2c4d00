"""What stands above a picture: its title, what is shown of the graph, and the legend."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graphs.graph import Graph
from ..options import Options
from .labels import font, parts, text_width
from .themes import Theme

LONG = 160
LINE = 110  # letters of a line of notes
NARROW = 10  # cards
# What a legend can name, in this order: the roles of cards, how else they are drawn, the colours of cells.
LEGEND_ROLES = ("input", "constant", "parameter", "buffer", "operation", "activation", "group", "loss", "stub")
LEGEND = (*LEGEND_ROLES, "shared", "negative", "positive", "broken")
WORDS = {"group": "collapsed", "stub": "left out", "broken": "nan, inf"}
DASHED = frozenset({"constant", "stub", "shared"})


def header(graph: Graph, options: Options) -> str:
    """The title and what is shown of the graph; below them the legend, which takes two rows above a narrow picture."""
    theme = options.colours
    facts, note = facts_and_note(graph, options)
    title = font(options.title or "", 18, theme.title, bold=True) + "&#160;&#160; "
    title += font(facts, 11, theme.muted, longest=LONG)
    chips = [chip(entry, word_of(entry, graph), theme) for entry in graph.legend]
    notes = [f'<TD ALIGN="LEFT">{font(line, 9, theme.muted, longest=LONG)}</TD>' for line in lines_of(note)]
    space = "<TD>&#160;&#160;</TD>"
    is_wide = len(graph.cards) > NARROW and options.direction in ("LR", "RL")
    # A cell at the end takes the space that is left; else all cells would grow.
    others = [text_width(options.title or "", 18, True) + text_width(facts, 11, longest=LONG)]
    others += [text_width(line, 9, longest=LONG) for line in lines_of(note)[is_wide:]]
    own = length_of(graph) + sum(text_width(line, 9, longest=LONG) + 24 for line in lines_of(note)[:is_wide])
    rest = f'<TD WIDTH="{max(0.0, max(others) - own):.0f}"></TD>'
    first = f'<TD ALIGN="LEFT">{title}</TD>'
    beside = [space, *notes[:1]] if is_wide else []
    rows = [[first], [*chips, *beside, rest], *([line] for line in notes[is_wide:])]
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4" CELLPADDING="2"><TR>{}</TR></TABLE>'
    tables = [table.format("".join(row)) for row in rows if row]
    lines = "".join(f'<TR><TD ALIGN="LEFT" CELLPADDING="0">{each}</TD></TR>' for each in tables)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0">{lines}</TABLE>>'


def lines_of(note: str) -> list[str]:
    """The note in as many lines as it takes, broken between the things that it says."""
    lines: list[str] = []
    for part in filter(None, note.split(" · ")):
        if lines and len(lines[-1]) + len(part) < LINE:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return lines


def length_of(graph: Graph) -> float:
    """About how long the legend is, in points."""
    return sum(text_width(word_of(entry, graph), 9) + 14 for entry in graph.legend)


def facts_and_note(graph: Graph, options: Options) -> tuple[str, str]:
    """What is shown of the graph, in numbers; and what the gradients are, or why there are none."""
    facts = " · ".join([f"{shown_cards(graph):,} of {graph.total:,} nodes", *graph.facts])
    notes = [f"no gradients: {graph.reason}"] if graph.reason else []
    if options.gradients and graph.of:
        notes = [f"gradient = ∂ {graph.of} / ∂ card", "arrow width = gradient norm"]
    dashed = ["broadcast"] * any(card.stretched and not card.refers for card in graph.cards)
    dashed += [word_of("stub", graph).replace("step", "from the step")] * ("stub" in graph.legend)
    notes += [f"dashed arrow = {' or '.join(dashed)}"] if dashed else []
    return facts, " · ".join(notes + [graph.note] * bool(graph.note))


def legend_of(graph: Graph, options: Options) -> list[str]:
    """The entries of LEGEND that are in the picture."""
    present = {"shared" if card.refers else card.role for card in graph.cards}
    if options.detail == "value":
        for card in graph.cards:
            for part in parts(card, options.gradients):
                array = card.value if part == "value" else card.gradient
                if array is not None and not card.refers:
                    present |= colours_in(array)
    return [entry for entry in LEGEND if entry in present]


def colours_in(array: Any) -> set[str]:
    """Which kinds of cells show an array."""
    with np.errstate(all="ignore"):
        finite = np.isfinite(array)
        sizes = np.abs(array) if array.dtype.kind == "c" else array
        found = {"negative": finite & (sizes < 0), "positive": finite & (sizes > 0), "broken": ~finite}
    return {name for name, there in found.items() if there.any()}


def word_of(entry: str, graph: Graph) -> str:
    if entry == "stub" and not any(c.nodes for c in graph.cards if c.role == "stub" and not c.refers):
        return "step before"
    if entry == "group" and all(c.name == "written" for c in graph.cards if c.role == "group" and not c.refers):
        return "written"  # what a program leaves behind
    return graph.result if entry == "loss" else WORDS.get(entry, entry)


def shown_cards(graph: Graph) -> int:
    return sum(card.role != "stub" and not card.refers for card in graph.cards)


def chip(entry: str, word: str, theme: Theme) -> str:
    """An entry of the legend, which looks like what it names."""
    cells = {"negative": theme.cell(-0.8), "positive": theme.cell(0.8), "broken": theme.broken}
    if entry in cells:
        return f'<TD BGCOLOR="{cells[entry]}" CELLPADDING="3">{font(word, 9, theme.cell_ink)}</TD>'
    fill, border, ink = theme.role("stub" if entry == "shared" else entry)
    style = "ROUNDED,DASHED" if entry in DASHED else "ROUNDED"
    frame = f'BORDER="{2 if entry == "loss" else 1}" COLOR="{border}" STYLE="{style}"'
    return f'<TD BGCOLOR="{fill}" {frame} CELLPADDING="3">{font(word, 9, ink)}</TD>'
