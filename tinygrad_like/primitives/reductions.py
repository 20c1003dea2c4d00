"""Over axes: sum, mean, max, min, prod, std, norm, logsumexp, log_softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.operators import Axis
from ..engine.registry import general, reduction
from ..engine.shortcuts import all_finite, mended, products_fit
from ..engine.traces import trace, whole
from .integers import floats
from .samples import either, normal, over_axes, positive, several, spread, with_zeros
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


def spread_over(g: Any, in_shape: tuple[int, ...], *, axis: Axis) -> Any:
    return np.broadcast_to(kept(g, in_shape, axis), in_shape)


def mean_rule(g: Any, in_shape: tuple[int, ...], *, axis: Axis) -> Any:
    return spread_over(over(g, count(in_shape, axis)), in_shape, axis=axis)


def extreme_share(g: Any, x: Any, y: Any, *, axis: Axis) -> Any:
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
    """Along the last axis, the product of all earlier elements."""
    return np.concatenate([np.ones_like(x[..., :1]), np.cumprod(x[..., :-1], axis=-1)], axis=-1)


def product_of_others(x: Any, axis: Axis) -> Any:
    """For each element the product of the others; no division, so zeros are right."""
    reduced = axes_of(x.ndim, axis)
    order = tuple(i for i in range(x.ndim) if i not in reduced) + reduced
    flat = last_axis(x, axis)
    others = products_before(flat) * products_before(flat[..., ::-1])[..., ::-1]
    others = others.reshape(tuple(x.shape[i] for i in order))
    return others.transpose(tuple(order.index(i) for i in range(x.ndim)))


def prod_rule(g: Any, x: Any, y: Any, *, axis: Axis) -> Any:
    """Each element's derivative is the product of the others: of ordinary numbers, y / x."""
    if x.size == 0:
        return np.zeros_like(x)
    return kept(g, x.shape, axis) * products_without(x, kept(y, x.shape, axis), axis)


@whole
def products_without(x: Any, y: Any, axis: Axis) -> Any:
    return y / x if products_fit(x) else product_of_others(x, axis)


def std_rule(g: Any, x: Any, y: Any, *, axis: Axis, ddof: float) -> Any:
    """(x - mean) / (n - ddof) / std, and 0 where all values are equal; of complex numbers, their conjugates."""
    if x.size == 0:
        return np.zeros_like(x)
    flat = x.max(axis=axis, keepdims=True) == x.min(axis=axis, keepdims=True)
    scale = np.where(flat, 0, kept(g, x.shape, axis)) / np.where(flat, 1, nonzero(kept(y, x.shape, axis)))
    distance = np.where(flat, 0, conjugated(x - x.mean(axis=axis, keepdims=True)))
    return over(scale * distance, count(x.shape, axis) - ddof)


def norm_rule(g: Any, x: Any, y: Any, *, axis: Axis) -> Any:
    """x / norm, and 0 where the norm is 0; of complex numbers, their conjugates."""
    return kept(g, x.shape, axis) * (conjugated(x) / nonzero(kept(y, x.shape, axis)))


def below_top(x: Any, axis: Axis) -> Any:
    """x - max(x); if that is infinite, 0 where x is equal to it, and -inf elsewhere."""
    top = x.max(axis=axis, keepdims=True)

    def beside_infinite() -> Any:
        infinite = np.isinf(top)
        below = np.where(infinite, np.where(x == top, 0, -np.inf), x - np.where(infinite, 0, top))
        return below.astype(x.dtype, copy=False)

    if trace() is None:
        return x - top if all_finite(top) else beside_infinite()
    return mended(x - top, beside_infinite, top)


def logsumexp_rule(g: Any, x: Any, *, axis: Axis) -> Any:
    """The softmax. Not exp(x - y): of a large y, the digits that tell equals apart are rounded away."""
    return kept(g, x.shape, axis) * np.exp(log_softmax(x, axis))


def log_softmax_rule(g: Any, y: Any, *, axis: Axis) -> Any:
    return g - np.exp(y) * g.sum(axis=axis, keepdims=True)


def _norm(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    # np.linalg.norm(x, ord=None) flattens; squares are summed likewise over one or several axes.
    x = floats(x)
    squares = np.square(x) if x.dtype.kind != "c" else np.real(np.conjugate(x) * x)
    return np.sqrt(np.sum(squares, axis=axis, keepdims=keepdims))


@np.errstate(divide="ignore")
def _logsumexp(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
    x = floats(x)
    axes = axes_of(np.ndim(x), axis)
    top = np.max(x, axis=axis, keepdims=True)
    if not all_finite(top):
        top = np.where(np.isfinite(top), top, 0)
    total = np.log(np.sum(np.exp(x - top), axis=axes, keepdims=True)) + top
    return total if keepdims else total.squeeze(axes)


def _log_softmax(x: Any, axis: Axis = -1) -> Any:
    below = below_top(floats(x), axis)
    return below - np.log(np.sum(np.exp(below), axis=axis, keepdims=True))


def extreme(name: str, function: np.ufunc, *numpy: Any) -> Any:
    sample = over_axes(spread)
    more = {"formulas": {"x": "g where x = y, else 0"}, "chooses": True, "numpy": numpy}
    return reduction(name, function.reduce, "x", extreme_share, sample=sample, symbol=name, **more)


sum = reduction(
    "sum",
    np.add.reduce,
    "x",
    spread_over,
    sample=over_axes(),
    symbol="Σ",
    linear=True,
    numpy=np.sum,
    formulas={"y": "Σ x", "x": "g"},
)
mean = reduction(
    "mean",
    np.mean,
    "x",
    mean_rule,
    sample=over_axes(),
    symbol="µ",
    linear=True,
    formulas={"y": "Σ x / n", "x": "g / n"},
)
max = extreme("max", np.maximum, np.max, np.amax)
min = extreme("min", np.minimum, np.min, np.amin)
prod = reduction(
    "prod",
    np.multiply.reduce,
    "x",
    prod_rule,
    sample=either(over_axes(), with_zeros),
    symbol="Π",
    numpy=np.prod,
    formulas={"y": "Π x", "x": "g · y / x"},
)
std = reduction(
    "std",
    np.std,
    "x",
    std_rule,
    options={"axis": None, "ddof": 0, "keepdims": False},
    sample=either(over_axes(positive), several(((2, 3), {"axis": 1, "ddof": 1}))),
    symbol="σ",
    singular=True,
    formulas={"y": "std(x)", "x": "g · (x − mean(x)) / (n · y)"},
)
norm = reduction(
    "norm",
    _norm,
    "x",
    norm_rule,
    sample=over_axes(normal),
    symbol="‖x‖",
    singular=True,
    formulas={"x": "g · x / y"},
)
logsumexp = reduction(
    "logsumexp",
    _logsumexp,
    "x",
    logsumexp_rule,
    sample=over_axes(),
    symbol="ln Σ eˣ",
    formulas={"x": "g · softmax(x)"},
)
log_softmax = general(
    "log_softmax",
    _log_softmax,
    "x",
    log_softmax_rule,
    sample=several(((2, 3), {}), ((2, 3, 2), {"axis": (0, 2)}), ((2, 3), {"axis": None})),
    symbol="ln softmax",
    formulas={"y": "x − ln Σ e^(x)", "x": "g − softmax(x) · Σ g"},
    by_slices=True,
)
