"""How wide the texts of an svg are drawn: as wide as in Helvetica, by which the cards were laid out, in any font."""

from __future__ import annotations

import html
import re
import unicodedata
from functools import cache, lru_cache

# Those as wide as Helvetica come first, then one that is nearly so.
FONTS = "Helvetica, Arial, Liberation Sans, Nimbus Sans, Arimo, DejaVu Sans Condensed, DejaVu Sans, sans-serif"

# The width of ASCII characters in Helvetica, in thousandths of the font's size.
REGULAR = {
    191: "'",
    222: "ijl",
    260: "|",
    278: " !,./:;I[\\]ft",
    333: "()-`r",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu",
    584: "+<=>~",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1015: "@",
}
BOLD = {
    238: "'",
    278: " ,./I\\ijl",
    280: "|",
    333: "!()-:;[]`ft",
    389: "*r{}",
    474: '"',
    500: "z",
    556: "#$0123456789J_aceksvxy",
    584: "+<=>^~",
    611: "?FLTZbdghnopqu",
    667: "EPSVXY",
    722: "&ABCDHKNRU",
    778: "GOQw",
    833: "M",
    889: "%m",
    944: "W",
    975: "@",
}
SYMBOLS = {278: "\xa0·", 333: "²³¹", 494: "∂", 549: "√≠≤≥", 584: "×±−÷", 713: "∇∞", 1000: "…→←—"}
LETTER, SQUARE, BYTE = 600, 1000, 278  # other letters; Chinese and emoji; what a layout allows for each byte of UTF-8
TEXT = re.compile(r' font-family="[^"]*"([^<>]*?) font-size="([\d.]+)"([^<>]*)>([^<]*)</text>')


@cache
def width(character: str, bold: bool) -> int:
    """How wide a character is in Helvetica, in thousandths of the font's size."""
    for table in (BOLD if bold else REGULAR, SYMBOLS):
        for each, characters in table.items():
            if character in characters:
                return each
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):  # accents, and what is not seen
        return 0
    return SQUARE if unicodedata.east_asian_width(character) in "WF" else LETTER


def allowed(character: str, bold: bool) -> int:
    """How wide the layout takes a character to be."""
    return width(character, bold) if character.isascii() else BYTE * len(character.encode("utf-8"))


@lru_cache(4096)
def thousandths(text: str, bold: bool) -> int:
    """The width of a text in Helvetica, but not more than its place; 0 for what may be as wide as it is.

    A sign such as + has enough space around it, and would look crushed.
    """
    text = html.unescape(text)
    if text.isspace() or (len(text) == 1 and not text.isalnum()):
        return 0
    natural = sum(width(each, bold) for each in text)
    return natural if text.isascii() else min(natural, sum(allowed(each, bold) for each in text))


def lettered(svg: str) -> str:
    """The svg with a list of fonts and, at each text, how wide it is to be drawn."""

    def with_length(match: re.Match[str]) -> str:
        style, size, colour, text = match.groups()
        em = thousandths(text, "bold" in style)
        length = f' textLength="{em * float(size) / 1000:.2f}" lengthAdjust="spacingAndGlyphs"' if em else ""
        return f'{style} font-size="{size}"{length}{colour}>{text}</text>'

    return TEXT.sub(with_length, svg).replace("<svg ", f'<svg font-family="{FONTS}" ', 1)
