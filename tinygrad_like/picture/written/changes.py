"""What stands on a card that is compared with another: two blocks side by side, the second coloured by the change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..graphs.graph import Card
from .heat import HeatMap
from .labels import TABLE, cells, font, framed, heading, inside_rows, label, map_rows, part_row, parts
from .numbers import Block, Cell, as_matrix, block, change, shape_text, statistics
from .themes import Theme


def label_of_pair(
    card: Card, number: int, detail: str, theme: Theme, gradients: bool, maps: Mapping[str, HeatMap]
) -> str:
    """The label of a card that has another; without numbers it is as usual."""
    if detail not in ("stats", "value") or card.role == "stub" or card.refers:
        return label(card, number, detail, theme, gradients, maps)
    rows = [heading(card, theme), *inside_rows(card, theme)]
    rows += [pair_row(card, number, part, detail, theme, maps) for part in parts(card, gradients)]
    return f"<{TABLE}{''.join(rows)}</TABLE>>"


def pair_row(card: Card, number: int, part: str, detail: str, theme: Theme, maps: Mapping[str, HeatMap]) -> str:
    """The value or the gradient of a card beside that of the other."""
    now, before = getattr(card, part), getattr(card.other, part, None)
    if card.other is None or now is None or before is None:
        return part_row(card, number, part, detail, theme, maps)
    words = [shape_text(card.shape)] if part == "value" and card.shape is not None else []
    name = f"n{number}{part[0]}"
    if detail == "stats":
        return framed(card, name, part, words, statistics_rows(now, before, card.other.words, theme), theme)
    if name in maps:
        words += ["log colours"] if maps[name].is_log else []
        return framed(card, name, f"{part}, change", words, map_rows(name, maps[name], theme), theme)
    body, power = blocks(now, before, card.other.words, theme)
    words += [f"× 1e{power}"] if power else []
    return framed(card, name, part, words, body, theme)


def blocks(now: Any, before: Any, words: tuple[str, str], theme: Theme) -> tuple[str, int]:
    """Both arrays in numbers, side by side; and the power of ten above them."""
    # The same digits and the same power of ten for both.
    both = block(np.concatenate([as_matrix(before), as_matrix(now)]))
    count = len(both.rows) // 2
    columns = []
    for word, rows, coloured in zip(words, (both.rows[:count], both.rows[count:]), (before, change(now, before))):
        pairs = [zip(row, shades) for row, shades in zip(rows, block(coloured).rows)]
        shown = Block([[Cell(cell.text, shade.fraction) for cell, shade in row] for row in pairs], 0)
        head = f'<TR><TD ALIGN="LEFT">{font(word, 8, theme.muted, bold=True)}</TD></TR>'
        columns.append(f"<TD>{TABLE}{head}<TR><TD>{cells(shown, now.size, theme)}</TD></TR></TABLE></TD>")
    return f'<TR><TD COLSPAN="2" ALIGN="LEFT">{TABLE}<TR>{"".join(columns)}</TR></TABLE></TD></TR>', both.power


def statistics_rows(now: Any, before: Any, words: tuple[str, str], theme: Theme) -> str:
    """The statistics of both, one line each."""
    old, new = dict(statistics(before)), dict(statistics(now))
    lines = [("", *words)] + [(name, old.get(name, ""), new.get(name, "")) for name in old | new]
    rows = []
    for number, (name, *texts) in enumerate(lines):
        look = (10, theme.cell_ink) if number else (8, theme.muted)
        tds = [f'<TD ALIGN="LEFT">{font(name, 8, theme.faint)}</TD>']
        tds += [f'<TD ALIGN="RIGHT">&#160;{font(text, *look, bold=not number)}</TD>' for text in texts]
        rows.append(f"<TR>{''.join(tds)}</TR>")
    return f'<TR><TD COLSPAN="2">{TABLE}{"".join(rows)}</TABLE></TD></TR>'
