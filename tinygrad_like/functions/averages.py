"""Weighted averages and covariances: average, cov, corrcoef."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.complex_numbers import conjugated
from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.operators import Axis
from ..engine.registry import implements
from ..engine.shortcuts import require
from ..engine.tensor import Tensor, as_array
from ..primitives import reductions


@implements(np.average)
@block()
def average(a: Any, axis: Axis = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """`np.average`: Σ weight · value / Σ weight over the axes; with `returned`, also the sum of the weights."""
    a = as_array(a)
    if weights is None:
        result = np.mean(a, axis=axis, keepdims=keepdims)
        total = np.full(result.shape, reductions.count(a.shape, axis), result.dtype)
    else:
        w = matching_weights(as_array(weights), a, axis)
        dtype = np.result_type(a.dtype, w.dtype, *((np.float64,) if a.dtype.kind in "iub" else ()))
        w = w.astype(dtype)
        total = np.sum(w, axis=axis, keepdims=keepdims)
        text = "The weights of average sum to 0, so nothing can be divided by their sum."
        require(np.all(total != 0), lambda: ZeroDivisionError(text), text)
        result = np.sum(a.astype(dtype) * w, axis=axis, keepdims=keepdims) / total
        total = np.broadcast_to(total, result.shape)
    return (result, beside(total, result)) if returned else result


def beside(value: Any, result: Any) -> Any:
    """A constant as a Tensor, where the result that it is given with is one."""
    return Tensor(value) if isinstance(result, Tensor) and not isinstance(value, Tensor) else value


def matching_weights(w: Any, a: Any, axis: Axis) -> Any:
    """The weights in a shape that broadcasts against the values: that of all of them, or of the axes alone."""
    if w.shape == a.shape:
        return w
    if axis is None:
        raise DTypeError(f"average got weights {w.shape} of values {a.shape}.", "Say of which axis they are: axis=0.")
    axes = np.lib.array_utils.normalize_axis_tuple(axis, a.ndim)
    if w.shape != tuple(a.shape[i] for i in axes):
        raise ShapeError(f"average of values {a.shape} over axis={axis} does not take weights of shape {w.shape}.")
    w = np.transpose(w, tuple(int(i) for i in np.argsort(axes)))
    return np.reshape(w, tuple(n if i in axes else 1 for i, n in enumerate(a.shape)))


def as_rows(m: Any, rowvar: bool, dtype: Any) -> Any:
    """A matrix with one variable in each row."""
    m = as_array(m)
    if m.ndim > 2:
        raise ShapeError(f"cov takes one or two axes, but got shape {m.shape}.")
    m = m.astype(dtype)
    return np.reshape(m, (1, -1)) if m.ndim < 2 else m if rowvar else np.transpose(m)


def checked_weights(values: Any, count: int, name: str) -> Any:
    """Frequencies or weights of the observations, as floats."""
    w = as_array(values).astype(np.float64)
    if w.shape != (count,):
        raise ShapeError(f"cov takes {name} of shape {(count,)}, but got {w.shape}.")
    text = f"cov takes {name} that are not negative."
    require(~np.any(w < 0), lambda: ArgumentError(text), text)
    if name == "fweights":
        text = "cov takes whole numbers as fweights."
        require(np.all(w == np.rint(w)), lambda: DTypeError(text, "Write aweights= for others."), text)
    return w


@implements(np.cov)
@block()
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """`np.cov`: the covariances of variables, one in each row (or column), of observations that may be weighted.

    Of complex numbers, the second factor of each product is conjugated.
    """
    if ddof is not None and ddof != int(ddof):
        raise ArgumentError(f"cov takes a whole number as ddof, but got {ddof}.")
    dtype = dtype or np.result_type(*(as_array(each).dtype for each in (m, y) if each is not None), np.float64)
    x = as_rows(m, rowvar, dtype)
    if not x.shape[0]:
        return x[:, :0]
    if y is not None:
        x = np.concatenate([x, as_rows(y, rowvar or np.shape(y)[:1] == (1,), dtype)])
    given = {"fweights": fweights, "aweights": aweights}
    weights = {name: checked_weights(w, x.shape[1], name) for name, w in given.items() if w is not None}
    ddof = (0 if bias else 1) if ddof is None else ddof
    if not weights:
        distance = weighted = x - np.mean(x, axis=1, keepdims=True)
        count: Any = np.maximum(float(x.shape[1] - ddof), 0.0)
    else:
        w = weights["fweights"] * weights["aweights"] if len(weights) == 2 else next(iter(weights.values()))
        distance = x - np.average(x, axis=1, weights=w, keepdims=True)
        weighted, total = distance * w, np.sum(w)
        lost = ddof * np.sum(w * weights["aweights"]) / total if "aweights" in weights else ddof
        count = np.maximum(total - lost, 0.0)
    product = np.matmul(distance, np.transpose(conjugated(weighted))) * np.true_divide(1, beside(count, x))
    return np.squeeze(product.astype(dtype))


@implements(np.corrcoef)
@block()
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """`np.corrcoef`: the covariances divided by both standard deviations; real and imaginary part are in [-1, 1]."""
    c = np.cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    place = np.arange(c.shape[0])
    deviation = np.sqrt(np.real(c[place, place]))
    c = c / deviation[:, None] / deviation
    if c.dtype.kind == "c":
        return np.clip(np.real(c), -1, 1) + np.clip(np.imag(c), -1, 1) * 1j
    return np.clip(c, -1, 1)
