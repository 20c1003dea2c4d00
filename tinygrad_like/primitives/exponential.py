"""Elementwise exponentials and logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import elementwise
from .samples import between, normal, positive

LN2, LN10 = float(np.log(2.0)), float(np.log(10.0))


def share(a: Any, b: Any, logaddexp: Any, exp: Any) -> Any:
    """exp(a) / (exp(a) + exp(b)), from b - a alone: large values keep their digits. Equal infinities have half each."""
    tied = np.isinf(a) & (a == b)
    return np.where(tied, 0.5, exp(-logaddexp(0, np.where(tied, 0, b - a))))


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
    (lambda g, a, b: g * share(a, b, np.logaddexp, np.exp), lambda g, a, b: g * share(b, a, np.logaddexp, np.exp)),
    sample=(normal, normal),
    symbol="ln(eᵃ+eᵇ)",
)
logaddexp2 = elementwise(
    "logaddexp2",
    np.logaddexp2,
    "a b",
    (lambda g, a, b: g * share(a, b, np.logaddexp2, np.exp2), lambda g, a, b: g * share(b, a, np.logaddexp2, np.exp2)),
    sample=(normal, normal),
    symbol="log₂(2ᵃ+2ᵇ)",
)
