"""Composites of products: dot."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.registry import implements


@implements(np.dot)
def dot(a: Any, b: Any) -> Any:
    """`np.dot`: a product of scalars, vectors, matrices, or over a's last and b's last but one axis."""
    a_ndim, b_ndim = np.ndim(a), np.ndim(b)
    if not a_ndim or not b_ndim:
        return np.multiply(a, b)
    if b_ndim <= 2:
        return np.matmul(a, b)
    columns = np.moveaxis(b, -2, 0)
    result = np.matmul(a, np.reshape(columns, (columns.shape[0], math.prod(columns.shape[1:]))))
    return np.reshape(result, np.shape(a)[:-1] + columns.shape[1:])
