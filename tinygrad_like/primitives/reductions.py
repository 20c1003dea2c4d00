"""Over axes: sum, mean, max, min, prod, std, norm, logsumexp."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.operators import Axis
from ..engine.primitive import multilinear, reduction
from .exponential import share
from .samples import normal, over_axes, positive, spread
from .trigonometric import nonzero


def axes_of(ndim: int, axis: Axis) -> tuple[int, ...]:
    """The reduced axes, none of them negative."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(a % ndim for a in (axis if isinstance(axis, tuple) else (axis,))) if ndim else ()


def kept(value: Any, in_shape: tuple[int, ...], axis: Axis) -> Any:
    """A reduced value with the reduced axes back, of length 1, so that it broadcasts."""
    reduced = axes_of(len(in_shape), axis)
    return value.reshape(tuple(1 if i in reduced else n for i, n in enumerate(in_shape)))


def count(in_shape: tuple[int, ...], axis: Axis) -> int:
    """How many values each reduced value stands for."""
    result = 1
    for i in axes_of(len(in_shape), axis):
        result *= in_shape[i]
    return result


def over(g: Any, n: float) -> Any:
    """g / n in g's dtype, also where n itself would overflow it (float16)."""
    return (g / np.float64(n)).astype(g.dtype)


def spread_over(g: Any, in_shape: tuple[int, ...], axis: Axis) -> Any:
    return np.broadcast_to(kept(g, in_shape, axis), in_shape)


def extreme_share(g: Any, x: Any, y: Any, axis: Axis) -> Any:
    """g where x is the extreme, shared among equals; counted as integers, so that no dtype is too small."""
    chosen = (x == kept(y, x.shape, axis)) | np.isnan(x)
    ties = chosen.sum(axis=axis, keepdims=True)
    return np.where(chosen, kept(g, x.shape, axis) / ties, 0)


def last_axis(x: Any, axis: Axis) -> Any:
    """The reduced axes moved to the end and joined into one."""
    reduced = axes_of(x.ndim, axis)
    stay = tuple(i for i in range(x.ndim) if i not in reduced)
    return x.transpose(stay + reduced).reshape(*(x.shape[i] for i in stay), count(x.shape, axis))


def products_before(x: Any) -> Any:
    """Along the last axis, the product of all earlier elements, in log n doubling steps."""
    n = x.shape[-1]
    one = np.ones_like(x[..., :1])
    result = np.concatenate([one, x[..., :-1]], axis=-1)
    step = 1
    while step < n:
        ones = np.broadcast_to(one, (*x.shape[:-1], step))
        result = result * np.concatenate([ones, result[..., :-step]], axis=-1)
        step *= 2
    return result


def prod_rule(g: Any, x: Any, *, axis: Axis) -> Any:
    """Each element's derivative is the product of the others; no division, so zeros are right."""
    if x.size == 0:
        return np.zeros_like(x)
    reduced = axes_of(x.ndim, axis)
    stay = tuple(i for i in range(x.ndim) if i not in reduced)
    flat = last_axis(x, axis)
    others = products_before(flat) * products_before(flat[..., ::-1])[..., ::-1]
    order = stay + reduced
    others = others.reshape(tuple(x.shape[i] for i in order))
    back = tuple(order.index(i) for i in range(x.ndim))
    return kept(g, x.shape, axis) * others.transpose(back)


def std_rule(g: Any, x: Any, y: Any, *, axis: Axis, ddof: float) -> Any:
    """(x - mean) / (n - ddof) / std, and 0 where all values are equal."""
    if x.size == 0:
        return np.zeros_like(x)
    flat = x.max(axis=axis, keepdims=True) == x.min(axis=axis, keepdims=True)
    scale = np.where(flat, 0, kept(g, x.shape, axis)) / np.where(flat, 1, nonzero(kept(y, x.shape, axis)))
    return over(scale * (x - x.mean(axis=axis, keepdims=True)), count(x.shape, axis) - ddof)


def norm_rule(g: Any, x: Any, y: Any, *, axis: Axis) -> Any:
    """x / norm, and 0 where the norm is 0."""
    return kept(g, x.shape, axis) * (x / nonzero(kept(y, x.shape, axis)))


def logsumexp_rule(g: Any, x: Any, y: Any, *, axis: Axis) -> Any:
    return kept(g, x.shape, axis) * np.exp(share(x, kept(y, x.shape, axis)))


def _sum(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return np.sum(x, axis=axis, keepdims=keepdims)


def _mean(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return np.mean(x, axis=axis, keepdims=keepdims)


def _max(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return np.max(x, axis=axis, keepdims=keepdims)


def _min(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return np.min(x, axis=axis, keepdims=keepdims)


def _prod(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    return np.prod(x, axis=axis, keepdims=keepdims)


def _std(x: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    return np.std(x, axis=axis, ddof=ddof, keepdims=keepdims)


def _norm(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    # np.linalg.norm(x, ord=None) flattens; squares are summed likewise over one or several axes.
    x = x if np.result_type(x).kind == "f" else np.asarray(x, float)
    return np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keepdims))


@np.errstate(divide="ignore")
def _logsumexp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    axes = axes_of(np.ndim(x), axis)
    top = np.max(x, axis=axis, keepdims=True)
    if not np.isfinite(top).all():
        top = np.where(np.isfinite(top), top, 0)
    total = np.log(np.sum(np.exp(x - top), axis=axes, keepdims=True)) + top
    return total if keepdims else total.squeeze(axes)


sum = multilinear(
    "sum",
    _sum,
    "x",
    lambda g, in_shape, *, axis: spread_over(g, in_shape, axis),
    sample=over_axes(),
    symbol="Σ",
    numpy=np.sum,
)
mean = multilinear(
    "mean",
    _mean,
    "x",
    lambda g, in_shape, *, axis: spread_over(over(g, count(in_shape, axis)), in_shape, axis),
    sample=over_axes(),
    symbol="µ",
    numpy=np.mean,
)
max = reduction(
    "max",
    _max,
    "x",
    lambda g, x, y, *, axis: extreme_share(g, x, y, axis),
    sample=over_axes(spread),
    symbol="max",
    chooses=True,
    numpy=(np.max, np.amax),
)
min = reduction(
    "min",
    _min,
    "x",
    lambda g, x, y, *, axis: extreme_share(g, x, y, axis),
    sample=over_axes(spread),
    symbol="min",
    chooses=True,
    numpy=(np.min, np.amin),
)
prod = reduction("prod", _prod, "x", prod_rule, sample=over_axes(), symbol="Π", numpy=np.prod)
std = reduction("std", _std, "x", std_rule, sample=over_axes(positive), symbol="σ", numpy=np.std)
norm = reduction("norm", _norm, "x", norm_rule, sample=over_axes(normal), symbol="‖x‖")
logsumexp = reduction("logsumexp", _logsumexp, "x", logsumexp_rule, sample=over_axes(), symbol="ln Σ eˣ")
