"""Formulas as a page shows them: plain text, names in italics ("v"), and what stands above the line ("s")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

Piece = str | tuple[str, str]
Pieces = list[Piece]
SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def variable(name: str) -> Piece:
    return "v", name


def pieces(formula: str, names: Mapping[str, Piece]) -> Pieces:
    """A formula in the letters of a record, with a piece for each of these letters.

    >>> pieces("g · a^(b − 1)", {"g": ("v", "g"), "a": ("v", "x"), "b": "3"})
    [('v', 'g'), ' · ', ('v', 'x'), '²']
    >>> pieces("e^(−x)", {"x": ("v", "t")})
    ['e', ('s', '−t')]
    """
    before, raised, after = split_at_power(formula)
    found: Pieces = []
    for i, text in enumerate(re.split(pattern(names), before)):
        found += [names[text] if i % 2 else text] if text else []
    if raised:
        power = exponent(spoken(pieces(raised, names)))
        found.append(("s", power) if not power.isdigit() else "" if power == "1" else power.translate(SUPERSCRIPTS))
        found += pieces(after, names)
    return joined(found)


def pattern(names: Iterable[str]) -> str:
    """Letters that stand alone: not those in longer words, or below an accent."""
    letters = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    return rf"(?<![A-Za-zα-ωΑ-Ω_.-])({letters})(?![A-Za-z_\u0300-\u036f-])"


def split_at_power(formula: str) -> tuple[str, str, str]:
    """What stands before the first ^(…), in it, and after it."""
    before, power, rest = formula.partition("^(")
    if not power:
        return formula, "", ""
    depth = 1
    for i, letter in enumerate(rest):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return before, rest[:i], rest[i + 1 :]
    return formula, "", ""


def exponent(text: str) -> str:
    """An exponent like "3 − 1", computed; and a number without brackets."""
    match = re.fullmatch(r"\(?(−?\d+(?:\.\d+)?)\)?( − 1)?", text)
    return f"{float(match[1].replace('−', '-')) - bool(match[2]):g}".replace("-", "−") if match else text


def joined(found: Pieces) -> Pieces:
    """With neighbouring texts as one."""
    result: Pieces = []
    for piece in found:
        if isinstance(piece, str) and result and isinstance(result[-1], str):
            result[-1] += piece
        elif piece:
            result.append(piece)
    return result


def spoken(found: Iterable[Piece]) -> str:
    """The same as one text."""
    texts = (piece if isinstance(piece, str) else piece[1] if piece[0] == "v" else above(piece[1]) for piece in found)
    return "".join(texts)


def above(text: str) -> str:
    """An exponent in plain text."""
    return f"^({text})" if " " in text else f"^{text}"
