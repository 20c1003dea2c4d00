"""What stands above a picture: its title, what is shown of the graph, and the legend."""

from __future__ import annotations

from ..graphs.graph import Graph
from ..options import Options
from .labels import font
from .themes import Theme

LONG = 160
NARROW = 10  # cards
LEGEND = ("input", "parameter", "buffer", "operation", "activation", "loss")


def header(graph: Graph, options: Options) -> str:
    """The title, what is shown of the graph, and the legend: in one row above a wide picture, else in three."""
    theme = options.colours
    facts, note = facts_and_note(graph, options)
    title = font(options.title or "", 18, theme.title, bold=True) + "&#160;&#160; "
    title += font(facts, 11, theme.muted, longest=LONG)
    chips = [legend(role, graph.result if role == "loss" else role, theme) for role in legend_roles(graph)]
    if options.detail == "value":
        for text, fraction in (("negative", -0.8), ("positive", 0.8)):
            chips.append(f'<TD BGCOLOR="{theme.cell(fraction)}" CELLPADDING="3">{font(text, 9, theme.cell_ink)}</TD>')
    notes = [f"<TD>{font(note, 9, theme.muted, longest=LONG)}</TD>"] if note else []
    space = "<TD>&#160;&#160;</TD>"
    is_wide = len(graph.cards) > NARROW and options.direction in ("LR", "RL")
    first = f'<TD ALIGN="LEFT">{title}</TD>'
    rows = [[first, space, *chips, space, *notes]] if is_wide else [[first], chips, notes]
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4" CELLPADDING="2"><TR>{}</TR></TABLE>'
    tables = [table.format("".join(row)) for row in rows if row]
    lines = "".join(f'<TR><TD ALIGN="LEFT" CELLPADDING="0">{each}</TD></TR>' for each in tables)
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0">{lines}</TABLE>>'


def facts_and_note(graph: Graph, options: Options) -> tuple[str, str]:
    """What is shown of the graph, in numbers; and what the gradients are, or why there are none."""
    facts = " · ".join([f"{shown_cards(graph):,} of {graph.total:,} nodes", *graph.facts])
    notes = [f"no gradients: {graph.reason}"] if graph.reason else []
    if options.gradients and graph.of:
        notes = [f"gradient = ∂ {graph.of} / ∂ card · arrow width = gradient norm"]
    return facts, " · ".join(notes + [graph.note] * bool(graph.note))


def legend_roles(graph: Graph) -> list[str]:
    present = {"input" if card.role == "constant" else card.role for card in graph.cards}
    return [role for role in LEGEND if role in present]


def shown_cards(graph: Graph) -> int:
    return sum(card.role != "stub" and not card.refers for card in graph.cards)


def legend(role: str, word: str, theme: Theme) -> str:
    fill, border, ink = theme.role(role)
    text = font(word, 9, ink)
    return f'<TD BGCOLOR="{fill}" BORDER="1" COLOR="{border}" STYLE="ROUNDED" CELLPADDING="3">{text}</TD>'
