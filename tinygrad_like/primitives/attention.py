"""What attention needs beyond NumPy: a softmax that leaves masked elements out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.registry import general
from ..engine.shortcuts import SQUARED_FAST, mended, shortcut
from .integers import floats
from .samples import Case, Rng, normal

MODERATE = 40.0  # exp of it is far from overflow and underflow, also in float32 and in sums


def are_moderate(x: Any) -> bool:
    """Whether exp(x) may be taken as it is."""
    return x.dtype in SQUARED_FAST and x.size > 0 and shortcut(np.max(x) < MODERATE) and shortcut(np.min(x) > -MODERATE)


def exponentials(x: Any, mask: Any) -> Any:
    """exp(x - max(x)) over the last axis, 0 where masked; infinities have equal shares. Any other factor does, too."""
    if are_moderate(x):
        parts = np.exp(x)
        if mask is not None:
            parts *= mask
        return parts
    if mask is not None:
        x = np.where(mask, x, -np.inf)
    top = x.max(axis=-1, keepdims=True, initial=-np.inf)
    with np.errstate(invalid="ignore"):
        exps = np.exp(x - top)

    def beside_infinite() -> Any:
        infinite = np.isinf(top)
        exps = np.exp(np.where(infinite, -np.inf, x - np.where(infinite, 0, top)))
        return np.where(infinite, (x == top) & (top > 0), exps)

    return mended(exps, beside_infinite, top)


def _masked_softmax(x: Any, mask: Any = None) -> Any:
    parts = exponentials(floats(x), mask)
    total = np.matmul(parts, np.ones(parts.shape[-1], parts.dtype))[..., None]
    parts /= total + (total == 0)
    return parts


def masked_softmax_rule(g: Any, y: Any) -> Any:
    """y (g - Σ g y); all of it is 0 where y is."""
    return y * (g - np.vecdot(g, y)[..., None])


def masked_softmax_cases(rng: Rng) -> Iterator[Case]:
    yield (normal(rng, (2, 3)),), {}
    yield (normal(rng, (2, 2, 3)), np.array([[True, False, True], [False, False, False]])), {}


masked_softmax = general(
    "masked_softmax",
    _masked_softmax,
    "x mask",
    (masked_softmax_rule, None),
    sample=masked_softmax_cases,
    symbol="softmax",
    real="Shares are real: give real scores, such as np.abs(z).",
)
