"""What stands on a card: Graphviz's HTML-like text, at four levels of detail."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..graphs.graph import Card
from .heat import HeatMap
from .heat_images import table
from .lettering import thousandths
from .numbers import Block, block, norm, number_text, shape_text, short, statistics
from .themes import Theme

DETAILS = ("op", "shape", "stats", "value")
LONGEST = 48
# Control characters, those that turn the direction of writing, and what XML does not allow.
UNSHOWABLE = r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffe\uffff]+"
TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="1">'
NO_MAPS: Mapping[str, HeatMap] = {}
SCALAR = 0.35  # how strongly the sign of a single number is tinted


def plain(text: str, longest: int = LONGEST) -> str:
    """Any text as one short line that can be drawn: no control characters, no halves of surrogate pairs."""
    if len(text) <= longest and text.isascii() and text.isprintable():
        return text.strip()
    text = text.encode("utf-8", "replace").decode("utf-8")
    text = re.sub(UNSHOWABLE, " ", text).strip()
    return text if len(text) <= longest else text[: longest - 1] + "…"


def escaped(text: str, longest: int = LONGEST) -> str:
    """For HTML-like text, where Graphviz replaces \\N by the node's name, too."""
    return html.escape(plain(text, longest)).replace("\\", "\\\\")


def text_width(text: str, size: int, bold: bool = False, longest: int = LONGEST) -> float:
    """The width of a text in points."""
    return thousandths(plain(text, longest), bold) * size / 1000


def font(text: str, size: int, colour: str, bold: bool = False, longest: int = LONGEST) -> str:
    """Escaped text in a font; nothing for no text, since an empty FONT is a syntax error."""
    inner = escaped(text, longest)
    if not inner:
        return ""
    inner = f"<B>{inner}</B>" if bold else inner
    return f'<FONT POINT-SIZE="{size}" COLOR="{colour}">{inner}</FONT>'


def label(
    card: Card, number: int, detail: str, theme: Theme, gradients: bool, maps: Mapping[str, HeatMap] = NO_MAPS
) -> str:
    """The label of a card; `maps` are those of arrays that are too large for numbers."""
    rows = [heading(card, theme), *inside_rows(card, theme)]
    if card.role != "stub" and not card.refers:
        if detail == "shape":
            rows += shape_rows(card, theme)
        elif detail in ("stats", "value"):
            rows += [part_row(card, number, part, detail, theme, maps) for part in parts(card, gradients)]
    return f"<{TABLE}{''.join(rows)}</TABLE>>"


def heading(card: Card, theme: Theme) -> str:
    """Symbol and name on the left; what the user calls it, and how many it stands for, on the right."""
    ink = theme.role(card.role)[2]
    left = font(card.symbol, 14, ink, bold=card.role != "stub")
    if card.name and card.name != card.symbol:
        left += "&#160; " + font(card.name, 10, ink)
    if card.options:
        left += "&#160; " + font(card.options, 10, theme.muted)
    right = "&#160; " + font(right_words(card), 11, theme.title, bold=True) if right_words(card) else ""
    second = f'<TD ALIGN="RIGHT">{right}</TD>' if right else "<TD></TD>"
    return f'<TR><TD ALIGN="LEFT">{left}</TD>{second}</TR>'


def right_words(card: Card) -> str:
    """What stands on the right of the heading: the layer, what the user calls the card, and how many it stands for."""
    called = " · ".join(dict.fromkeys(filter(None, (card.place, card.label))))
    called = f"{called} {card.mark}".strip()
    return f"{called} ×{card.count:,}".strip() if card.count > 1 else called


def inside_rows(card: Card, theme: Theme) -> Iterator[str]:
    """What a card for several holds: how many parameters and operations."""
    words = [plural(card.parameters, "parameter")] if card.role == "group" and card.parameters else []
    words += [plural(card.operations, "operation")] if card.operations > 1 else []
    if words:
        yield f'<TR><TD COLSPAN="2" ALIGN="LEFT">{font(" · ".join(words), 9, theme.muted)}</TD></TR>'


def plural(count: int, word: str) -> str:
    return f"{count:,} {word}{'s' * (count != 1)}"


def shape_rows(card: Card, theme: Theme) -> Iterator[str]:
    text = shape_text(card.shape)
    if card.count > 1:
        text = f"{card.count:,} of {text}" if text else ""
    if card.dtype is not None and str(card.dtype) != "float64":
        text = f"{text}  {card.dtype}"
    if text:
        yield f'<TR><TD COLSPAN="2" ALIGN="LEFT">{font(text, 9, theme.muted)}</TD></TR>'


def parts(card: Card, gradients: bool) -> Iterator[str]:
    is_number = card.role == "constant" and card.shape == () and card.count == 1 and card.value is not None
    is_number = is_number and card.symbol == number_text(card.value)  # its symbol says it all
    if not is_number and (card.value is not None or card.note or card.shape is not None):
        yield "value"
    if gradients and card.gradient is not None:
        yield "gradient"


def part_row(card: Card, number: int, part: str, detail: str, theme: Theme, maps: Mapping[str, HeatMap]) -> str:
    """The value or the gradient of a card: a line with its name and shape, and its numbers below."""
    array = card.value if part == "value" else card.gradient
    words = [shape_text(card.shape)] if part == "value" and card.shape is not None else []
    if card.count > 1 and words:
        each = f"{card.count:,} of {words[0]}" if card.shape else f"{card.count:,} scalars"
        words = [f"last of {card.count:,}, {words[0]}" if card.in_row else each]
    name = f"n{number}{part[0]}"
    body = ""
    if array is None:
        body = f'<TR><TD COLSPAN="2" ALIGN="LEFT">{font(card.note, 8, theme.faint)}</TD></TR>' if card.note else ""
    elif detail == "stats":
        body = stats_rows(array, part, theme)
    elif name in maps:
        words += ["log colours"] if maps[name].is_log else []
        body = map_rows(name, maps[name], theme)
    else:
        shown = block(array)
        words += [f"× 1e{shown.power}"] if shown.power else ["log colours"] if shown.is_log else []
        body = f'<TR><TD COLSPAN="2">{cells(shown, array.size, theme)}</TD></TR>'
    what = f"{part}, {card.note}" if array is not None and card.note and part == "value" else part
    return framed(card, name, what, words, body, theme)


def framed(card: Card, name: str, what: str, words: list[str], body: str, theme: Theme) -> str:
    """A part of a card, whose id is `name`: a line with what it is at the left and `words` at the right; its body."""
    first = f'<TD ALIGN="LEFT"><FONT POINT-SIZE="8" COLOR="{theme.faint}">{escaped(what)}&#160;&#160;</FONT></TD>'
    line = f'<TR>{first}<TD ALIGN="RIGHT">{font(" · ".join(words), 8, theme.faint)}</TD></TR>'
    tip = f"{what.partition(',')[0]} of {card.label or card.symbol}"
    inner = f"{TABLE}{line}{body}</TABLE>"
    # The system's dot writes the id only where there is a target.
    attributes = f'ID="{name}" TOOLTIP="{escaped(tip)}" TARGET="_self"'
    return f'<TR><TD COLSPAN="2" {attributes}>{inner}</TD></TR>'


def map_rows(name: str, shown: HeatMap, theme: Theme) -> str:
    rows = [f'<TR><TD COLSPAN="2">{table(name, shown, theme)}</TD></TR>']
    rows += [f'<TR><TD COLSPAN="2" ALIGN="LEFT">{font(note, 8, theme.faint)}</TD></TR>' for note in shown.notes]
    return "".join(rows)


def stats_rows(array: Any, part: str, theme: Theme) -> str:
    lines = statistics(array)
    if part == "gradient" and array.size > 1:
        lines.append(("norm", short(norm(array))))
    return "".join(
        f'<TR><TD ALIGN="LEFT">{font(name, 8, theme.faint)}</TD>'
        f'<TD ALIGN="RIGHT">{font(text, 10, theme.cell_ink)}</TD></TR>'
        for name, text in lines
    )


def cells(shown: Block, size: int, theme: Theme) -> str:
    """The table of coloured numbers, in the font of the node: one less tag for each makes large pictures faster."""
    if not shown.rows or not shown.rows[0]:
        return font("empty", 8, theme.faint)
    rows = []
    for row in shown.rows:
        tds = []
        for cell in row:
            fraction = cell.fraction if size > 1 else cell.fraction * SCALAR
            # Never bold: Graphviz would draw it on a line of its own.
            tds.append(f'<TD BGCOLOR="{theme.cell(fraction)}" ALIGN="RIGHT" WIDTH="38">{cell.text}</TD>')
        rows.append(f"<TR>{''.join(tds)}</TR>")
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="2">{"".join(rows)}</TABLE>'
