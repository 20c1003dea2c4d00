"""Composites: functions built of primitives, which have no derivative rules of their own."""

from __future__ import annotations

import math
from typing import Any, TypeVar, overload

import numpy as np

from .engine.errors import ArgumentError, DTypeError, ShapeError, UnsupportedError
from .engine.operators import Axis
from .engine.registry import implements
from .engine.tensor import Tensor, as_array, values_of
from .engine.writes import Array
from .primitives import choices, contraction, neural, reductions
from .primitives.integers import floats

# -- NumPy's composites ---------------------------------------------------------------------------


@implements(np.clip)
def clip(x: Any, min: Any = None, max: Any = None, *, a_min: Any = np._NoValue, a_max: Any = np._NoValue) -> Any:
    """`np.clip`: limited to [min, max] (or a_min, a_max); exactly at a limit the gradient is shared equally with it."""
    low = min if a_min is np._NoValue else one_of(min, a_min, "min")
    high = max if a_max is np._NoValue else one_of(max, a_max, "max")
    if type(low) is int or type(high) is int:
        low, high = within_reach(as_array(x).dtype, low, high)
    if low is None and high is None:
        return np.copy(x)
    if low is not None:
        x = np.maximum(x, low)
    return x if high is None else np.minimum(x, high)


def one_of(limit: Any, other: Any, name: str) -> Any:
    """A limit, under whichever of its two names it was given."""
    if limit is not None and other is not None:
        raise ArgumentError(f"clip got both {name} and a_{name}.", f"Write {name}= alone.")
    return other if limit is None else limit


def within_reach(dtype: Any, low: Any, high: Any) -> tuple[Any, Any]:
    """The limits; those beyond what integers of this dtype can be are none, as in NumPy."""
    if dtype.kind in "iu":
        ends = np.iinfo(dtype)
        low = None if type(low) is int and low < ends.min else low
        high = None if type(high) is int and high > ends.max else high
    return low, high


@implements(np.divmod)
def divmod(a: Any, b: Any) -> tuple[Any, Any]:
    """`np.divmod`: the quotient rounded down, a constant, and what remains."""
    return np.floor_divide(a, b), np.remainder(a, b)


@implements(np.modf)
def modf(x: Any) -> tuple[Any, Any]:
    """`np.modf`: what stands behind the point, with the gradient 1, and what stands before it, a constant."""
    x = as_array(x)
    if x.dtype.kind != "f":
        raise UnsupportedError(f"modf is differentiable for floats, but got {x.dtype}.")
    return np.fmod(np.where(np.isinf(x), 0, x), 1), np.trunc(x)


@implements(np.where)
def where(condition: Any, *values: Any) -> Any:
    """`np.where`: a where the condition holds, else b; with the condition alone, the indices where it holds."""
    return choices.where(condition, *values) if values else np.nonzero(values_of(condition))


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


@implements(np.var)
def var(x: Any, axis: Axis = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
    """`np.var`: the mean squared distance from the mean, divided by n - ddof instead of n."""
    count = reductions.count(np.shape(x), axis)
    distance = x - np.mean(x, axis=axis, keepdims=True)
    mean = np.mean(np.square(distance), axis=axis, keepdims=keepdims)
    return mean * (count / (count - ddof) if count > ddof else np.nan) if ddof else mean


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm`, all orders but those that need singular values; 0 has the gradient 0."""
    x = as_array(x)
    if x.dtype.kind == "c":
        raise UnsupportedError("norm of complex numbers is not differentiable here.", "Write np.sqrt(a**2 + b**2).")
    x = floats(x)
    matrix = x.ndim == 2 if axis is None else isinstance(axis, tuple) and len(axis) == 2
    if ord is None or (ord == "fro" and matrix) or (ord == 2 and x.ndim == 1) or (ord == 2 and isinstance(axis, int)):
        return reductions.norm(x, axis, keepdims=keepdims)
    if axis is None and x.ndim not in (1, 2):
        raise ArgumentError(f"norm with ord={ord!r} needs 1 or 2 dimensions, or an axis.")
    if isinstance(axis, tuple) and len(axis) > 2:
        raise ArgumentError(f"norm is over one or two axes, but got axis={axis!r}.")
    if matrix:
        return matrix_norm(np.abs(x), ord, axis if isinstance(axis, tuple) else (0, 1), keepdims)
    return vector_norm(np.abs(x), ord, axis, keepdims)


def vector_norm(size: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    if ord == np.inf:
        return np.max(size, axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(size != 0, axis=axis, keepdims=keepdims).astype(size.dtype)
    if isinstance(ord, str):
        raise ArgumentError(f"norm of vectors does not have ord={ord!r}.")
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    total = np.sum(size**ord, axis=axis, keepdims=keepdims)
    return np.where(total == 0, 0, np.where(total == 0, 1, total) ** (1 / ord))


def matrix_norm(size: Any, ord: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    if ord not in (1, -1, np.inf, -np.inf):
        raise UnsupportedError(f"norm of matrices with ord={ord!r} is not differentiable here.")
    row, column = axis if abs(ord) == 1 else axis[::-1]
    sums = np.sum(size, axis=row, keepdims=True)
    result = (np.max if ord > 0 else np.min)(sums, axis=column, keepdims=True)
    return result if keepdims else np.squeeze(result, axis=axis)


# -- networks -------------------------------------------------------------------------------------

Values = TypeVar("Values", Tensor, Array, float)  # what comes out is what went in


@overload
def sigmoid(x: Values) -> Values: ...
@overload
def sigmoid(x: Any) -> Any: ...
def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), element by element; array or Tensor, as x is.

    >>> sigmoid(np.array([0.0]))
    array([0.5])
    """
    return neural.sigmoid(x)


@overload
def relu(x: Values) -> Values: ...
@overload
def relu(x: Any) -> Any: ...
def relu(x: Any) -> Any:
    """max(x, 0), element by element; the gradient at 0 is 0.

    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return neural.relu(x)


@overload
def linear(x: Any, weight: Tensor, bias: Any = None) -> Tensor: ...
@overload
def linear(x: Values, weight: Array, bias: Array | None = None) -> Values: ...
@overload
def linear(x: Any, weight: Any, bias: Any = None) -> Any: ...
def linear(x: Any, weight: Any, bias: Any = None) -> Any:
    """x @ weightᵀ + bias, for x (..., in), weight (out, in), bias (out,) or None; gives (..., out).

    Raises ShapeError if the shapes do not fit.

    >>> linear(np.ones((1, 2)), np.ones((3, 2)), np.zeros(3))
    array([[2., 2., 2.]])
    """
    x, weight = as_array(x), as_array(weight)
    if weight.ndim != 2 or not x.ndim or x.shape[-1] != weight.shape[1]:
        raise ShapeError(f"linear takes x (..., in) and weight (out, in), but got {x.shape}, {weight.shape}.")
    if bias is not None and as_array(bias).shape != weight.shape[:1]:
        raise ShapeError(f"linear takes a bias of shape {weight.shape[:1]}, but got {as_array(bias).shape}.")
    return contraction.linear(x, weight) if bias is None else contraction.linear(x, weight, bias)


@overload
def logsumexp(x: Values, axis: Axis = None, keepdims: bool = False) -> Values: ...
@overload
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any: ...
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(exp(x))) over `axis`, without overflow.

    >>> round(float(logsumexp(np.array([1000.0, 1000.0]))), 4)
    1000.6931
    """
    return reductions.logsumexp(x, axis, keepdims=keepdims)


@overload
def log_softmax(x: Values, axis: int = -1) -> Values: ...
@overload
def log_softmax(x: Any, axis: int = -1) -> Any: ...
def log_softmax(x: Any, axis: int = -1) -> Any:
    """log(softmax(x)) over `axis`: x - logsumexp(x), also at infinities: where `softmax` is 0, -inf."""
    return reductions.log_softmax(x, axis)


@overload
def softmax(x: Values, axis: int = -1) -> Values: ...
@overload
def softmax(x: Any, axis: int = -1) -> Any: ...
def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum(exp(x)) over `axis`, without overflow.

    If the largest are infinite (inf, or all are -inf), they have equal shares.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    return np.exp(log_softmax(x, axis))


@overload
def mse(prediction: Tensor, target: Any) -> Tensor: ...
@overload
def mse(prediction: Any, target: Any) -> Any: ...
def mse(prediction: Any, target: Any) -> Any:
    """The mean over all elements of (prediction - target)²; the shapes must be equal.

    Raises ShapeError otherwise: (4, 1) against (4,) would silently compare all with all.

    >>> mse(np.array([1.0, 2.0]), [1.0, 4.0]).item()
    2.0
    """
    prediction, target = as_array(prediction), as_array(target)
    shape, wanted = prediction.shape, target.shape
    if shape != wanted:
        raise ShapeError(
            f"mse compares equal shapes, but the prediction is {shape} and the target {wanted}.",
            "Write target.reshape(prediction.shape), if that is what you mean.",
        )
    if 0 in shape:
        raise ShapeError(f"mse needs at least one element, but got shape {shape}.")
    return neural.mse(prediction, target)


@overload
def cross_entropy(logits: Tensor, classes: Any) -> Tensor: ...
@overload
def cross_entropy(logits: Any, classes: Any) -> Any: ...
def cross_entropy(logits: Any, classes: Any) -> Any:
    """The mean of -log softmax(logits)[class], with logits (..., classes) and integer classes (...).

    Raises ShapeError if the shapes do not fit, DTypeError if the classes are not integers,
    ArgumentError if one is outside 0 ... number of classes - 1.

    >>> round(cross_entropy([[0.0, 0.0]], [1]).item(), 4)
    0.6931
    """
    logits = as_array(logits)
    shape, numbers = logits.shape, as_array(values_of(classes))
    if not shape or numbers.shape != shape[:-1] or not numbers.size:
        raise ShapeError(
            f"cross_entropy takes logits (..., classes) and classes (...), but got {shape} and {numbers.shape}."
        )
    if numbers.dtype.kind not in "iu":
        raise DTypeError(f"cross_entropy takes integer class numbers, but got {numbers.dtype}.")
    if numbers.min() < 0 or numbers.max() >= shape[-1]:
        raise ArgumentError(
            f"cross_entropy takes classes 0 to {shape[-1] - 1}, but got {numbers.min()} to {numbers.max()}."
        )
    return neural.softmax_cross_entropy(logits, numbers)
