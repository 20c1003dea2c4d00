"""Activations whose rules are much faster than those of their formulas: softplus, and limits with the gradient 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import elementwise
from ..engine.shortcuts import mended
from .integers import floats
from .neural import sigmoid
from .samples import Array, Rng, normal


def _softplus(x: Any) -> Any:
    """max(x, 0) + ln(1 + u), u = exp(-|x|). What 1 + u rounds away is added to its logarithm: faster than log1p."""
    x = floats(x)
    u = np.exp(-np.abs(x))
    total = 1 + u
    return np.maximum(x, 0) + (np.log(total) + (u - (total - 1)) / total)


def limited_rule(g: Any, y: Any, *, low: float, high: float) -> Any:
    """g where y is no limit. The product is faster than a choice, but inf times 0 is nan."""
    inside = (y != low) & (y != high)
    part = g * inside
    return mended(part, lambda: np.where(inside, g, 0))


def away_from_one(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Within the limits and beyond, away from these."""
    return (rng.integers(-2, 2, shape) + 0.5) * rng.uniform(0.8, 1.2, shape)


softplus = elementwise(
    "softplus",
    _softplus,
    "x",
    lambda g, x: g * sigmoid(x),
    sample=(normal,),
    symbol="softplus",
    role="activation",
    real="Write np.log(1 + np.exp(z)).",
)
limited = elementwise(
    "limited",
    lambda x, low=-1.0, high=1.0: np.clip(floats(x), low, high),
    "x",
    limited_rule,
    sample=(away_from_one,),
    symbol="limit",
    real="Complex numbers have no order: write it of z.real and of z.imag.",
    chooses=True,
    role="activation",
)
