"""Dtypes and constants as C has them."""

from __future__ import annotations

import math
from typing import Any

NAMES = {
    "bool": "uint8_t",
    **{f"{sign}int{bits}": f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "float32": "float",
    "float64": "double",
}
LARGEST = {4: "FLT_MAX", 8: "DBL_MAX"}


def known(dtype: Any) -> bool:
    """Whether C computes with this dtype."""
    return dtype.name in NAMES and bool(dtype.isnative)


def c_type(dtype: Any) -> str:
    """The C type of a dtype; that of bytes for one that C only passes on to NumPy."""
    return NAMES[dtype.name] if known(dtype) else "uint8_t"


def literal(value: Any, dtype: Any) -> str:
    """A number as a constant of this dtype."""
    if dtype.kind == "f":
        return float_literal(dtype.type(value), dtype)
    if dtype.kind == "b":
        return str(int(bool(value)))
    number = int(value)
    if dtype.itemsize == 8:
        if number == -(2**63):
            return "INT64_MIN"
        return (
            f"UINT64_C({number})"
            if dtype.kind == "u"
            else f"INT64_C({number})"
            if abs(number) >= 2**31
            else f"{number}"
        )
    if number == -(2**31):
        return "INT32_MIN"
    return f"{number}u" if dtype.kind == "u" and number >= 2**31 else f"{number}"


def float_literal(value: Any, dtype: Any) -> str:
    suffix = "f" if dtype.itemsize == 4 else ""
    if math.isnan(value):
        return "NAN" if suffix else "(double)NAN"
    if math.isinf(value):
        text = "INFINITY" if suffix else "(double)INFINITY"
        return f"(-{text})" if value < 0 else text
    text = str(value)
    if "." not in text and "e" not in text:
        text += ".0"
    text += suffix
    return f"({text})" if text.startswith("-") else text


def cast(text: str, source: Any, target: Any) -> str:
    """An expression of one dtype in another."""
    if source == target:
        return text
    if target.kind == "b":
        return f"({text} != 0)"
    if source.kind == "f" and target.name in ("int32", "int64"):
        return f"{target.name}_of_{source.name}({text})"
    return f"({c_type(target)}){bracketed(text)}"


def bracketed(text: str) -> str:
    simple = text.replace("_", "").replace(".", "").isalnum() or (text.startswith("(") and closes_at_end(text))
    return text if simple else f"({text})"


def closes_at_end(text: str) -> bool:
    """Whether the first bracket is closed by the last character."""
    depth = 0
    for i, each in enumerate(text):
        depth += (each == "(") - (each == ")")
        if depth == 0:
            return i == len(text) - 1
    return False
