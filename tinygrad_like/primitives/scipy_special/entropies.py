"""x ln y, entropies, and robust losses. Where a function is 0 by definition, at 0 ln 0, so is its derivative."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from ...engine.registry import elementwise
from ...engine.traces import whole
from ..samples import normal, positive
from .orders import for_reals

NEAR = 2.0  # up to this ratio, a difference is exact, and a logarithm of 1 more than it loses no digits


def _log_ratio(a: Any, b: Any) -> Any:
    ratio = a / b
    is_near, fits = (ratio > 1 / NEAR) & (ratio < NEAR), (ratio > 0) & (ratio < np.inf)
    return np.where(is_near, np.log1p((a - b) / b), np.where(fits, np.log(ratio), np.log(a) - np.log(b)))


# ln(a / b), also where a is nearly b, or the quotient is too large or too small.
log_ratio = elementwise(
    "special.log_ratio",
    whole(_log_ratio),
    "a b",
    (lambda g, a: g / a, lambda g, b: -g / b),
    sample=(positive, positive),
    symbol="ln(a/b)",
    singular=True,
)


def rel_entr_left(g: Any, a: Any, b: Any) -> Any:
    return g * np.where((a == 0) & (b == 0), 0, log_ratio(a, b) + 1)


def rel_entr_right(g: Any, a: Any, b: Any) -> Any:
    return -g * (a / np.where((a == 0) & (b == 0), np.inf, b))


def kl_div_left(g: Any, a: Any, b: Any) -> Any:
    return g * np.where((a == 0) & (b == 0), 0, log_ratio(a, b))


def kl_div_right(g: Any, a: Any, b: Any) -> Any:
    return g * np.where((a == 0) & (b == 0), 1, (b - a) / b)


def xlogy_left(g: Any, a: Any, b: Any) -> Any:
    return g * np.where((a == 0) & (b <= 0), 0, np.log(b))


def xlogy_right(g: Any, a: Any, b: Any) -> Any:
    return g * (a / np.where((a == 0) & (b == 0), np.inf, b))


def xlog1py_left(g: Any, a: Any, b: Any) -> Any:
    return g * np.where((a == 0) & (b <= -1), 0, np.log1p(b))


def xlog1py_right(g: Any, a: Any, b: Any) -> Any:
    return g * (a / np.where((a == 0) & (b == -1), np.inf, b + 1.0))


def huber_delta(g: Any, a: Any, b: Any) -> Any:
    return g * np.maximum(np.abs(b) - a, 0)


def huber_residual(g: Any, a: Any, b: Any) -> Any:
    return g * np.maximum(np.minimum(b, a), -1.0 * a)


def pseudo_huber_delta(g: Any, a: Any, b: Any) -> Any:
    length = np.hypot(a, b)
    share = b / (length + a)
    return g * (share * share * b * (b / length))


entr = elementwise(
    "special.entr",
    special.entr,
    "x",
    lambda g, x: -g * (1 + np.log(x)),
    sample=(positive,),
    symbol="-x ln x",
    singular=True,
)
rel_entr = elementwise(
    "special.rel_entr",
    special.rel_entr,
    "a b",
    (rel_entr_left, rel_entr_right),
    sample=(positive, positive),
    symbol="a ln(a/b)",
    singular=True,
)
kl_div = elementwise(
    "special.kl_div",
    special.kl_div,
    "a b",
    (kl_div_left, kl_div_right),
    sample=(positive, positive),
    symbol="a ln(a/b)-a+b",
    singular=True,
)
xlogy = for_reals(
    elementwise(
        "special.xlogy",
        special.xlogy,
        "a b",
        (xlogy_left, xlogy_right),
        sample=(normal, positive),
        symbol="a ln b",
        singular=True,
    ),
    "Write x * np.log(y).",
)
xlog1py = for_reals(
    elementwise(
        "special.xlog1py",
        special.xlog1py,
        "a b",
        (xlog1py_left, xlog1py_right),
        sample=(normal, positive),
        symbol="a ln(1+b)",
        singular=True,
    ),
    "Write x * np.log1p(y).",
)
huber = elementwise(
    "special.huber",
    special.huber,
    "a b",
    (huber_delta, huber_residual),
    sample=(positive, normal),
    symbol="huber",
    role="loss",
)
pseudo_huber = elementwise(
    "special.pseudo_huber",
    special.pseudo_huber,
    "a b",
    (pseudo_huber_delta, lambda g, a, b: g * (b * (a / np.hypot(a, b)))),
    sample=(positive, normal),
    symbol="pseudo huber",
    role="loss",
)
