"""Elementwise exponentials and logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.primitive import elementwise
from .samples import between, normal, positive

LN2, LN10 = float(np.log(2.0)), float(np.log(10.0))


def share(a: Any, b: Any, y: Any, exp: Any) -> Any:
    """exp(a - y), the part of y that is a's; of an infinite y the larger has all, and equals have half each."""
    tied = np.isinf(a) & (a == y)
    return np.where(tied, np.where(a == b, 0.5, 1.0), exp(np.where(tied, 0, a - y)))


exp = elementwise("exp", np.exp, "x", lambda g, y: g * y, sample=(normal,), symbol="eˣ")
exp2 = elementwise("exp2", np.exp2, "x", lambda g, y: g * (LN2 * y), sample=(normal,), symbol="2ˣ")
expm1 = elementwise("expm1", np.expm1, "x", lambda g, y: g * (y + 1), sample=(normal,), symbol="eˣ−1")
log = elementwise("log", np.log, "x", lambda g, x: g / x, sample=(positive,), symbol="ln", singular=True)
log2 = elementwise("log2", np.log2, "x", lambda g, x: g / (LN2 * x), sample=(positive,), symbol="log₂", singular=True)
log10 = elementwise(
    "log10", np.log10, "x", lambda g, x: g / (LN10 * x), sample=(positive,), symbol="log₁₀", singular=True
)
log1p = elementwise(
    "log1p", np.log1p, "x", lambda g, x: g / (1 + x), sample=(between(-0.6, 2.0),), symbol="ln(1+x)", singular=True
)
logaddexp = elementwise(
    "logaddexp",
    np.logaddexp,
    "a b",
    (lambda g, y, a, b: g * share(a, b, y, np.exp), lambda g, y, a, b: g * share(b, a, y, np.exp)),
    sample=(normal, normal),
    symbol="ln(eᵃ+eᵇ)",
)
logaddexp2 = elementwise(
    "logaddexp2",
    np.logaddexp2,
    "a b",
    (lambda g, y, a, b: g * share(a, b, y, np.exp2), lambda g, y, a, b: g * share(b, a, y, np.exp2)),
    sample=(normal, normal),
    symbol="log₂(2ᵃ+2ᵇ)",
)
