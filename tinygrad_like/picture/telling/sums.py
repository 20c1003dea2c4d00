"""Formulas with numbers put in: the first number of a result, out of the first numbers of what it is computed from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine.primitive import Primitive
from ..written.excerpts import FEW, Excerpt, spelled
from .markup import Pieces, pieces

PRODUCT = re.compile(r"(\w+?)(ᵀ?) (\w+?)(ᵀ?)(?: \+ (\w+))?")


def factor(value: Any) -> str:
    """A number as it stands in a product."""
    text = spelled(value)
    return f"({text})" if "−" in text[:1] or isinstance(value, complex) else text


def terms(products: list[tuple[Any, ...]], more: bool, last: list[Any] | None = None) -> str:
    """0.3 · 2 + (−1) · 4 + …"""
    texts = [" · ".join(map(factor, each)) for each in products] + ["…"] * more + list(map(factor, last or []))
    return " + ".join(texts)


def put_in(formula: str, values: Mapping[str, Any]) -> Pieces:
    """A formula with a number for each letter; nothing if there is no number for one."""
    found = pieces(formula, {letter: factor(value) for letter, value in values.items()})
    return [re.sub(r"(?<=\()\((−[^()]*)\)(?=[,)])", r"\1", x) if isinstance(x, str) else x for x in found]


def row_by_column(formula: str, excerpts: Mapping[str, Excerpt | None], joins: bool) -> str:
    """The first number of a product of matrices or vectors; "" of other formulas, and of stacks of matrices.

    If the product `joins` all leading axes into one, as that of a layer does, there are no stacks.
    """
    match = PRODUCT.fullmatch(formula)
    if match is None:
        return ""
    left, right = excerpts.get(match[1]), excerpts.get(match[3])
    added = excerpts.get(match[5]) if match[5] else None
    if left is None or right is None or (match[5] and added is None):
        return ""
    if (match[2] and left.ndim < 2) or (match[4] and right.ndim < 2):
        return terms([(left.first[0], right.first[0])], False)  # every number by every number
    row, length = (left.column, left.lengths[1]) if match[2] else (left.row, left.lengths[0])
    is_row = match[4] or right.ndim < 2
    column, other = (right.row, right.lengths[0]) if is_row else (right.column, right.lengths[1])
    if length != other or (max(left.ndim, right.ndim) > 2 and not joins):
        return ""
    return terms(list(zip(row, column)), length > FEW, [added.first[0]] if added else None)


def total(x: Excerpt, shape: tuple[int, ...], result: tuple[int, ...]) -> str:
    """The first number of a sum over all axes, or over one of a matrix; "" of any other."""
    count = x.size if result in ((), (1,)) else 0
    if count:
        return terms([(each,) for each in x.first[:FEW]], count > FEW)
    if len(shape) == 2 and result in ((shape[1],), (1, shape[1])):
        return terms([(each,) for each in x.column], shape[0] > FEW)
    if len(shape) == 2 and result in ((shape[0],), (shape[0], 1)):
        return terms([(each,) for each in x.row], shape[1] > FEW)
    return ""


def first_part(primitive: Primitive, place: int, values: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    """The first number of what an elementwise rule gives; None if something that it needs is not there."""
    rule = primitive.rules[place]
    wanted = [*rule.wants, "g"] if rule is not None else []
    is_known = (
        all(each in values for each in wanted) and all(each in options for each in rule.options) if rule else False
    )
    if rule is None or not is_known or primitive.shape != "elementwise" or not primitive.trusted:
        return None
    with np.errstate(all="ignore"):
        g, *others = (np.asarray(values[each])[()] for each in ("g", *rule.wants))
        part = rule.function(g, *others, **{name: options[name] for name in rule.options})
    return np.asarray(part).item()
