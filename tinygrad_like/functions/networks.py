"""Functions of networks: activations and the affine map."""

from __future__ import annotations

from typing import Any, TypeVar, overload

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ShapeError
from ..engine.operators import Axis
from ..engine.tensor import Tensor, as_array
from ..engine.writes import Array
from ..primitives import contraction, neural, reductions

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
    return neural.sigmoid.apply((x,))


@overload
def relu(x: Values) -> Values: ...
@overload
def relu(x: Any) -> Any: ...
def relu(x: Any) -> Any:
    """max(x, 0), element by element; the gradient at 0 is 0.

    >>> relu(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    return neural.relu.apply((x,))


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
    return contraction.linear.apply((x, weight) if bias is None else (x, weight, bias))


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
def log_softmax(x: Values, axis: int = -1, *, dim: int | None = None) -> Values: ...
@overload
def log_softmax(x: Any, axis: int = -1, *, dim: int | None = None) -> Any: ...
@block("activation")
def log_softmax(x: Any, axis: int = -1, *, dim: int | None = None) -> Any:
    """log(softmax(x)) over `axis`: x - logsumexp(x), also at infinities: where `softmax` is 0, -inf.

    `dim` is another name for `axis`.
    """
    return reductions.log_softmax(x, axis if dim is None else dim)


@overload
def softmax(x: Values, axis: int = -1, *, dim: int | None = None) -> Values: ...
@overload
def softmax(x: Any, axis: int = -1, *, dim: int | None = None) -> Any: ...
@block("activation", formulas={"y": "e^(x) / Σ e^(x)", "x": "y · (g − Σ g · y)"})
def softmax(x: Any, axis: int = -1, *, dim: int | None = None) -> Any:
    """exp(x) / sum(exp(x)) over `axis`, without overflow; `dim` is another name for `axis`.

    If the largest are infinite (inf, or all are -inf), they have equal shares.

    >>> softmax(np.array([0.0, 0.0]))
    array([0.5, 0.5])
    """
    return np.exp(reductions.log_softmax(x, axis if dim is None else dim))
