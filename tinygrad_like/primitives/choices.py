"""Choosing between values, element by element: where, maximum, minimum, heaviside."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import elementwise, ufunc
from .samples import normal, truth


def unless(less: Any, a: Any, b: Any, weak: Any, g: Any) -> Any:
    """g; but 0 where `less`, or only `weak` is nan; g/2 where a and b are equal or both nan; also if g is infinite."""
    nan = np.isnan(weak)
    lost = less | (nan & ((a == a) | (b == b)))
    return np.where(lost, 0, np.where((a == b) | nan, 0.5 * g, g))


def if_greater(g: Any, a: Any, b: Any) -> Any:
    """The share of a in the larger of a and b. What is nan wins."""
    return unless(a < b, a, b, b, g)


def if_less(g: Any, a: Any, b: Any) -> Any:
    return unless(a > b, a, b, b, g)


def if_greater_or_alone(g: Any, a: Any, b: Any) -> Any:
    """The same, but what is nan loses."""
    return unless(a < b, a, b, a, g)


def if_less_or_alone(g: Any, a: Any, b: Any) -> Any:
    return unless(a > b, a, b, a, g)


where = elementwise(
    "where",
    lambda condition, a, b: np.where(condition, a, b),
    "condition a b",
    (
        None,
        lambda g, condition: np.where(condition, g, 0),
        lambda g, condition: np.where(condition, 0, g),
    ),
    sample=(truth, normal, normal),
    symbol="where",
    formulas={"y": "a where condition, else b"},
    chooses=True,
)


def winner(function: np.ufunc, share: Any, symbol: str, sign: str) -> Any:
    """Of two values one; `share(g, a, b)` is what a gets of the cotangent."""
    rules = (lambda g, a, b: share(g, a, b), lambda g, a, b: share(g, b, a))
    formulas = {x: f"g where {x} {sign} {other}, g / 2 where {x} = {other}, else 0" for x, other in ("ab", "ba")}
    return ufunc(function, rules, sample=(normal, normal), symbol=symbol, chooses=True, formulas=formulas)


maximum = winner(np.maximum, if_greater, "max", ">")
minimum = winner(np.minimum, if_less, "min", "<")
fmax = winner(np.fmax, if_greater_or_alone, "fmax", ">")
fmin = winner(np.fmin, if_less_or_alone, "fmin", "<")
# The second argument is the value at 0.
heaviside = ufunc(
    np.heaviside,
    (None, lambda g, a: np.where(a == 0, g, 0)),
    sample=(lambda rng, shape: rng.integers(-1, 2, shape, np.int8), normal),
    chooses=True,
)
