"""Choosing between values, element by element: where, maximum, minimum."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import elementwise
from .samples import normal, truth


def unless(less: Any, a: Any, b: Any, weak: Any, g: Any) -> Any:
    """g; but 0 where `less`, or only `weak` is nan; g/2 where a and b are equal or both nan; also if g is infinite."""
    nan = np.isnan(weak)
    lost = less | (nan & ((a == a) | (b == b)))
    return np.where(lost, 0, np.where((a == b) | nan, 0.5 * g, g))


def if_greater(g: Any, a: Any, b: Any) -> Any:
    """The share of a in the larger of a and b. What is nan wins."""
    return unless(a < b, a, b, b, g)


def where_condition(condition: Any, a: Any, b: Any) -> Any:
    return np.where(condition, a, b)


def if_less(g: Any, a: Any, b: Any) -> Any:
    return unless(a > b, a, b, b, g)


def if_greater_or_alone(g: Any, a: Any, b: Any) -> Any:
    """The same, but what is nan loses."""
    return unless(a < b, a, b, a, g)


def if_less_or_alone(g: Any, a: Any, b: Any) -> Any:
    return unless(a > b, a, b, a, g)


where = elementwise(
    "where",
    where_condition,
    "condition a b",
    (
        None,
        lambda g, condition: np.where(condition, g, 0),
        lambda g, condition: np.where(condition, 0, g),
    ),
    sample=(truth, normal, normal),
    symbol="where",
    chooses=True,
)
maximum = elementwise(
    "maximum",
    np.maximum,
    "a b",
    (lambda g, a, b: if_greater(g, a, b), lambda g, a, b: if_greater(g, b, a)),
    sample=(normal, normal),
    symbol="max",
    chooses=True,
)
minimum = elementwise(
    "minimum",
    np.minimum,
    "a b",
    (lambda g, a, b: if_less(g, a, b), lambda g, a, b: if_less(g, b, a)),
    sample=(normal, normal),
    symbol="min",
    chooses=True,
)
fmax = elementwise(
    "fmax",
    np.fmax,
    "a b",
    (lambda g, a, b: if_greater_or_alone(g, a, b), lambda g, a, b: if_greater_or_alone(g, b, a)),
    sample=(normal, normal),
    symbol="fmax",
    chooses=True,
)
fmin = elementwise(
    "fmin",
    np.fmin,
    "a b",
    (lambda g, a, b: if_less_or_alone(g, a, b), lambda g, a, b: if_less_or_alone(g, b, a)),
    sample=(normal, normal),
    symbol="fmin",
    chooses=True,
)
