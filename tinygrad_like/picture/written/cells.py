"""The tables of numbers in an svg, drawn here: Graphviz, which takes long for tables, only leaves their place free."""

from __future__ import annotations

import html
import math
import re
from functools import lru_cache

from .lettering import width
from .themes import Theme

Rows = list[list[tuple[str, str]]]  # of each cell its colour and its text

# How `labels.py` writes a table of numbers, and the sizes that Graphviz gives it, in points.
TABLE = re.compile(r'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="1" CELLPADDING="2">(.*?)</TABLE>')
CELL = re.compile(r'<TD BGCOLOR="(#\w{6})" ALIGN="RIGHT" WIDTH="38">([^<]*)</TD>')
NARROWEST, HEIGHT, SPACE, PADDING, FONT = 38.0, 16.0, 1.0, 2.0, 10
# A rectangle of a colour that is nearly transparent, and says which table it is.
FREE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0"><TR>{}</TR></TABLE>'
PLACE = FREE.format('<TD BGCOLOR="#{:06x}03" WIDTH="{}" HEIGHT="{}"></TD>')
PLACED = re.compile(r'<polygon fill="#(\w{6})" fill-opacity="0.01\d*" stroke="\w+" points="([^"]*)"/>')


def with_places(source: str) -> tuple[str, list[Rows]]:
    """DOT with one rectangle in the place of each table of numbers; and the tables."""
    tables: list[Rows] = []

    def place(match: re.Match[str]) -> str:
        rows = [CELL.findall(row) for row in match[1].split("</TR>")[:-1]]
        if len({len(row) for row in rows}) > 1 or sum(map(len, rows)) != match[1].count("<TD"):
            return match[0]
        tables.append(rows)
        wide = sum(widths_of(rows)) + SPACE * (len(rows[0]) + 1)
        high = HEIGHT * len(rows) + SPACE * (len(rows) + 1)
        return PLACE.format(len(tables) - 1, math.ceil(wide), math.ceil(high))

    return TABLE.sub(place, source), tables


def widths_of(rows: Rows) -> list[float]:
    """How wide the columns are."""
    return [max(NARROWEST, *(measured(text)[0] + 2 * PADDING for _, text in column)) for column in zip(*rows)]


@lru_cache(4096)
def measured(text: str) -> tuple[float, str]:
    """How wide a text is in points; and its element, but for the place and the colour."""
    plain = html.unescape(text)
    long = sum(width(each, False) for each in plain) * FONT / 1000
    ink = html.escape(plain).replace("-", "&#45;")
    return long, f'font-size="{FONT}.00" textLength="{long:.2f}" lengthAdjust="spacingAndGlyphs"{{}}>{ink}</text>'


def with_cells(svg: str, tables: list[Rows], theme: Theme) -> str:
    """The svg with the cells of each table in its place."""

    def cells(match: re.Match[str]) -> str:
        xs, ys = zip(*(map(float, point.split(",")) for point in match[2].split()))
        return "\n".join(drawn(tables[int(match[1], 16)], (min(xs), min(ys), max(xs)), theme))

    return PLACED.sub(cells, svg) if tables else svg


def drawn(rows: Rows, place: tuple[float, float, float], theme: Theme) -> list[str]:
    """The rectangles and texts of a table; columns share what the place has more than they need."""
    left, top, right = place
    widths = widths_of(rows)
    more = (right - left - sum(widths) - SPACE * (len(widths) + 1)) / len(widths)
    ink = f' fill="{theme.cell_ink}"'
    found = []
    for i, row in enumerate(rows):
        x, high = left + SPACE, top + SPACE + i * (HEIGHT + SPACE)
        low = high + HEIGHT
        for wide, (colour, text) in zip(widths, row):
            end = x + wide + more
            points = f"{x:.2f},{low:.2f} {x:.2f},{high:.2f} {end:.2f},{high:.2f} {end:.2f},{low:.2f} {x:.2f},{low:.2f}"
            found.append(f'<polygon fill="{colour}" stroke="none" points="{points}"/>')
            long, element = measured(text)
            start = f'<text xml:space="preserve" text-anchor="start" x="{end - PADDING - long:.2f}" y="{low - 4:.2f}" '
            found.append(start + element.replace("{}", ink, 1))
            x = end + SPACE
    return found
