"""Elementwise exponentials and logarithms."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import ufunc
from .samples import between, normal, positive

LN2, LN10 = float(np.log(2.0)), float(np.log(10.0))


def share(a: Any, b: Any, logaddexp: Any, exp: Any) -> Any:
    """exp(a) / (exp(a) + exp(b)), from b - a alone: large values keep their digits. Equal infinities have half each."""
    tied = np.isinf(a) & (a == b)
    return exp(-logaddexp(0, np.where(tied, 0, b - a)))


exp = ufunc(np.exp, lambda g, y: g * y, sample=(normal,), symbol="eˣ")
exp2 = ufunc(np.exp2, lambda g, y: g * (LN2 * y), sample=(normal,), symbol="2ˣ")
expm1 = ufunc(np.expm1, lambda g, y: g * (y + 1), sample=(normal,), symbol="eˣ−1")
log = ufunc(np.log, lambda g, x: g / x, sample=(positive,), symbol="ln", singular=True)
log2 = ufunc(np.log2, lambda g, x: g / (LN2 * x), sample=(positive,), symbol="log₂", singular=True)
log10 = ufunc(np.log10, lambda g, x: g / (LN10 * x), sample=(positive,), symbol="log₁₀", singular=True)
log1p = ufunc(np.log1p, lambda g, x: g / (1 + x), sample=(between(-0.6, 2.0),), symbol="ln(1+x)", singular=True)


def log_of_sum(function: np.ufunc, exp: np.ufunc, symbol: str, real: str) -> Any:
    rules = (lambda g, a, b: g * share(a, b, function, exp), lambda g, a, b: g * share(b, a, function, exp))
    return ufunc(function, rules, sample=(normal, normal), symbol=symbol, real=real)


logaddexp = log_of_sum(np.logaddexp, np.exp, "ln(eᵃ+eᵇ)", "Write np.log(np.exp(a) + np.exp(b)).")
logaddexp2 = log_of_sum(np.logaddexp2, np.exp2, "log₂(2ᵃ+2ᵇ)", "Write np.log2(2**a + 2**b).")
