"""Heat maps as they are drawn: a table of few cells in DOT, which is all that a png needs; an image in an svg."""

from __future__ import annotations

import base64
import math
import re
import struct
import zlib
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from .heat import BROKEN, GAP, HeatMap, pooled
from .themes import THEMES, Theme, shades

MOST_CELLS = 16  # each way, since a table of 64 × 64 takes Graphviz 150 ms
TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{}</TABLE>'
PLACE = re.compile(r"<!--map (\w+)-->.*?<!--end-->")
# A rectangle of a colour that is nearly transparent, and says which map it is.
MARK = '<TR><TD BGCOLOR="#{:06x}01" FIXEDSIZE="TRUE" WIDTH="{}" HEIGHT="{}"></TD></TR>'
MARKED = re.compile(r'<polygon fill="#(\w{6})" fill-opacity="0.00\d*" stroke="\w+" points="([^"]*)"/>')


def table(name: str, shown: HeatMap, theme: Theme) -> str:
    """A map as a table of coloured cells, between comments that say which it is."""
    blocks = [math.ceil(length / MOST_CELLS) for length in shown.steps.shape]
    steps = shown.steps
    if max(blocks) > 1:
        steps = pooled(np.where(steps == GAP, 0, steps), *blocks)
    width, height = round(shown.width / steps.shape[1]), round(shown.height / steps.shape[0])
    size = f'FIXEDSIZE="TRUE" WIDTH="{max(width, 1)}" HEIGHT="{max(height, 1)}"'
    cells = [f'<TD BGCOLOR="{colour}" {size}></TD>' for colour in shades(theme)] + [f"<TD {size}></TD>"]  # of gaps: -1
    rows = "".join(f"<TR>{''.join(cells[index] for index in row)}</TR>" for row in (steps + BROKEN - 1).tolist())
    return f"<!--map {name}-->{TABLE.format(rows)}<!--end-->"


def with_marks(source: str, maps: Mapping[str, HeatMap]) -> str:
    """DOT with one rectangle in the place of each table; its colour is the number of the map."""
    numbers = {name: number for number, name in enumerate(maps)}

    def mark(match: re.Match[str]) -> str:
        shown = maps[match[1]]
        return TABLE.format(MARK.format(numbers[match[1]], shown.width, shown.height))

    return PLACE.sub(mark, source)


def with_images(svg: str, maps: Mapping[str, HeatMap], theme: Theme) -> str:
    """An svg with an image in the place of each rectangle."""
    shown = list(maps.values())

    def image(match: re.Match[str]) -> str:
        xs, ys = zip(*(map(float, point.split(",")) for point in match[2].split()))
        place = f'x="{min(xs):.2f}" y="{min(ys):.2f}" width="{max(xs) - min(xs):.2f}" height="{max(ys) - min(ys):.2f}"'
        data = base64.b64encode(png(shown[int(match[1], 16)].steps, theme)).decode()
        style = 'preserveAspectRatio="none" style="image-rendering: pixelated"'
        return f'<image {place} {style} xlink:href="data:image/png;base64,{data}"/>'

    return MARKED.sub(image, svg) if maps else svg


def png(steps: Any, theme: Theme) -> bytes:
    """A PNG with a pixel for each step. Those of the two themes differ in their palette only."""
    rows, columns = steps.shape
    lines = np.zeros((rows, columns + 1), np.uint8)  # each line starts with its filter: none
    lines[:, 1:] = steps.astype(np.int16) - GAP
    size = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + palette(theme)
    return start + chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)) + chunk(b"IEND", b"")


@cache
def palette(theme: Theme) -> bytes:
    """The colour of gaps, which is transparent, and those of all steps."""
    colours = bytes.fromhex("".join(each[1:] for each in (theme.zero, *shades(theme))))
    return chunk(b"PLTE", colours) + chunk(b"tRNS", b"\0")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def in_theme(image: str, theme: Theme) -> str:
    """A PNG in base64, with the palette of a theme, whichever it has."""
    content = base64.b64decode(image)
    for each in THEMES.values():
        content = content.replace(palette(each), palette(theme))
    return base64.b64encode(content).decode()
