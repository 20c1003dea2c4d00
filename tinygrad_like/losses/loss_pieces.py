"""Small functions that several losses are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.shortcuts import all_finite


def times(factor: Any, value: Any) -> Any:
    """factor · value, where 0 times an infinity is 0."""
    if all_finite(value):
        return factor * value
    return factor * np.where((factor == 0) & np.isinf(value), 0, value)


def softplus(x: Any) -> Any:
    """ln(1 + exp(x)), without overflow."""
    return np.logaddexp(x, 0)


def hinge(x: Any) -> Any:
    """max(x, 0). At 0 the gradient is 1: what is at its margin is still pushed away from it."""
    return np.where(x < 0, 0, x)
