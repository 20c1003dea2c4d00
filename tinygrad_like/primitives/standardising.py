"""What normalisation layers are made of: values less their mean, and values divided by their root mean square.

Either has a rule that is shorter than that of its parts. Together they give (x - mean) / √(variance + eps).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import general, multilinear
from .integers import floats
from .samples import arrays, several

Axes = tuple[int, ...]


def mean_over(x: Any, axis: Axes) -> Any:
    """The mean over axes, which stay with length 1. Along the last one, a product with ones is faster than a sum."""
    if axis[-1] != -1:
        return np.mean(x, axis=axis, keepdims=True)
    n = x.shape[-1]
    rows = (x @ np.ones(n, x.dtype) / n)[..., None]
    return np.mean(rows, axis=axis[:-1], keepdims=True) if len(axis) > 1 else rows


def mean_of_product(a: Any, b: Any, axis: Axes) -> Any:
    """mean(a·b) over axes, which stay with length 1. Along the last one, without an array of the products."""
    if axis[-1] != -1:
        return np.mean(a * b, axis=axis, keepdims=True)
    rows = (np.vecdot(a, b) / a.shape[-1])[..., None]
    return np.mean(rows, axis=axis[:-1], keepdims=True) if len(axis) > 1 else rows


def inverse_rms(x: Any, axis: Axes, eps: float) -> Any:
    return 1 / np.sqrt(mean_of_product(x, x, axis) + eps)


def _centred(x: Any, *, axis: Axes = (-1,)) -> Any:
    x = floats(x)
    return x - mean_over(x, axis)


def _over_rms(x: Any, *, axis: Axes = (-1,), eps: float = 0.0) -> Any:
    x = floats(x)
    return x * inverse_rms(x, axis, eps)


def over_rms_rule(g: Any, x: Any, y: Any, *, axis: Axes, eps: float) -> Any:
    part = y * -mean_of_product(g, y, axis)
    part += g  # in place: new memory costs more than arithmetic
    part *= inverse_rms(x, axis, eps)
    return part


def over_axes(**options: Any) -> Any:
    """Cases over the last axis, over others, and over both."""
    return several(
        ((2, 3), {"axis": (-1,), **options}),
        ((3, 2, 1), {"axis": (1,), **options}),
        ((3, 2, 1), {"axis": (1, -1), **options}),
    )


# The mean's own matrix is symmetric, so the rule is the function itself. In each rule, `axis` ends with -1 if the last
# axis is among them.
centred: Any = multilinear(
    "centred",
    _centred,
    "x",
    lambda g, *, axis: centred(g, axis=axis),
    sample=over_axes(),
    symbol="x − µ",
    formulas={"y": "x − mean(x)", "x": "g − mean(g)"},
)
over_rms = general(
    "over_rms",
    _over_rms,
    "x",
    over_rms_rule,
    sample=over_axes(eps=0.1),
    symbol="x / rms",
    formulas={"y": "x / rms(x)", "x": "(g − y · mean(g · y)) / rms(x)"},
    real="Write z / np.sqrt(np.mean(np.abs(z) ** 2) + eps).",
)


def _affine(x: Any, weight: Any, bias: Any = None) -> Any:
    y = x * weight
    if bias is None:
        return y
    if y.dtype is bias.dtype and y.ndim:
        y += bias
        return y
    return y + bias


def weight_share(g: Any, x: Any, in_shape: Axes) -> Any:
    """Σ g·x over all axes but the one that the weight has a value for, without an array of the products."""
    letters = "abcdefgh"[: x.ndim]
    return np.einsum(f"{letters},{letters}->{letters[-len(in_shape)]}", g, x).reshape(in_shape)


affine = multilinear(
    "affine",
    _affine,
    "x weight bias",
    (lambda g, weight: g * weight, weight_share, lambda g: g),
    sample=arrays(((2, 3), (3,), (3,)), ((1, 2, 2), (2, 1), (2, 1)), ((2,), (2,))),
    symbol="w · x + b",
    formulas={"y": "x · weight + bias", "weight": "Σ g · x"},
    added="bias",
)
