"""Activation functions under PyTorch's names; each is its formula in NumPy.

They take an array or a Tensor and give the same; integers count as float64. What has a limit at ±inf has that value
there. At a kink the gradient is PyTorch's. None works in place.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, ShapeError
from ..engine.shortcuts import all_finite
from ..engine.tensor import Tensor, as_array
from ..primitives import activating, error_function, neural, reductions, trigonometric
from ..primitives.integers import floats, reals
from ..random import Generator, draws
from .networks import softmax

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def given(x: Any) -> Any:
    """A Tensor or an array of floats; DTypeError for complex numbers, which have no order."""
    return reals(as_array(x))


def of_the_plane(x: Any) -> Any:
    """The same, or of complex numbers: for functions that do not compare."""
    return floats(as_array(x))


def factor_and_argument(x: Any) -> tuple[Any, Any]:
    """The two x of x·f(x), where f quickly tends to 0 below and to 1 above: the limits are 0 and x, the slopes 0 and 1.

    With 0 in place of -inf, and in f a number in place of inf, neither of them becomes inf · 0.
    """
    if all_finite(x):
        return x, x
    x = np.where(x == -np.inf, 0, x)
    return x, np.where(x == np.inf, 100, x)


def steps(condition: Any, x: Any) -> Any:
    """1 where the condition holds, else 0, in the dtype of x; to multiply with them is faster than to choose."""
    return condition.astype(x.dtype)


def with_slope(x: Any, slope: Any) -> Any:
    """x where it is above 0, else slope · x."""
    above = steps(x > 0, x)
    return x * (above + (1 - above) * slope)


def exponential_below(x: Any, alpha: float, scale: float) -> Any:
    """x where it is above 0, else alpha (exp(x / scale) - 1), whose exponential has no overflow."""
    return neural.relu(x) + alpha * np.expm1(np.where(x > 0, 0, x) / scale)


def tanh(x: Any) -> Any:
    """The hyperbolic tangent, element by element; of integers in float64, not in NumPy's float16."""
    return trigonometric.tanh(of_the_plane(x))


@block("activation")
def elu(input: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha (exp(x) - 1): Clevert et al. (2015).

    >>> elu(np.array([2.0, 0.0, -np.inf])).tolist()
    [2.0, 0.0, -1.0]
    """
    return exponential_below(given(input), alpha, 1.0)


@block("activation")
def selu(input: Any) -> Any:
    """1.0507 elu(x, 1.6733), which keeps mean 0 and variance 1: Klambauer et al. (2017)."""
    return SELU_SCALE * elu(input, SELU_ALPHA)


@block("activation")
def celu(input: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha (exp(x / alpha) - 1): Barron (2017). Raises ArgumentError for alpha = 0."""
    if alpha == 0:
        raise ArgumentError("celu needs an alpha other than 0.")
    return exponential_below(given(input), alpha, alpha)


@block("activation", formulas={"y": "x · Φ(x)"})
def gelu(input: Any, approximate: str = "none") -> Any:
    """x Φ(x), with Φ the normal distribution function: Hendrycks and Gimpel (2016); or, "tanh", their approximation.

    Raises ArgumentError for any other `approximate`.

    >>> gelu(np.array([0.0, -np.inf])).tolist()
    [0.0, 0.0]
    """
    x, z = factor_and_argument(given(input))
    if approximate == "none":
        return x * (0.5 + 0.5 * error_function.erf(z * math.sqrt(0.5)))
    if approximate != "tanh":
        raise ArgumentError(f'gelu takes approximate="none" or "tanh", but got {approximate!r}.')
    t = np.clip(z, -20, 20)  # beyond, the tangent is ±1; the cube could overflow
    return x * (0.5 + 0.5 * np.tanh(math.sqrt(2 / math.pi) * (t + 0.044715 * (t * t * t))))


@block("activation")
def leaky_relu(input: Any, negative_slope: float = 0.01) -> Any:
    """x where x > 0, else negative_slope · x: Maas et al. (2013)."""
    return with_slope(given(input), negative_slope)


@block("activation")
def prelu(input: Any, weight: Any) -> Any:
    """x where x > 0, else weight · x: He et al. (2015). `weight` has one value, or one per channel (axis 1).

    Raises ShapeError for another number of them.

    >>> prelu(np.array([[-1.0, -1.0]]), np.array([0.5, 2.0])).tolist()
    [[-0.5, -2.0]]
    """
    x, weight = given(input), as_array(weight)
    channels = x.shape[1] if x.ndim > 1 else 1
    if weight.ndim > 1 or weight.size not in (1, channels):
        raise ShapeError(
            f"prelu takes one weight, or one for each of the {channels} channels, but got shape {weight.shape}.",
            f"The channels are axis 1 of the input, whose shape is {x.shape}.",
        )
    return with_slope(x, weight.reshape(-1, *[1] * (x.ndim - 2)) if x.ndim else weight.reshape(()))


@block("activation")
def rrelu(
    input: Any,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    *,
    generator: Generator | None = None,
) -> Any:
    """leaky_relu, in training with a slope for each element, uniform in [lower, upper): Xu et al. (2015).

    Otherwise the slope is the mean of both. Raises ArgumentError if lower > upper.
    """
    if not lower <= upper:
        raise ArgumentError(f"rrelu needs lower ≤ upper, but got {lower!r} and {upper!r}.")
    x = given(input)
    if not training:
        return leaky_relu(x, (lower + upper) / 2)
    return with_slope(x, draws(generator).uniform(lower, upper, x.shape).astype(x.dtype))


@block("activation", formulas={"y": "x · σ(x)", "x": "g · σ(x) · (1 + x · (1 − σ(x)))"})
def silu(input: Any) -> Any:
    """x · sigmoid(x): Elfwing et al. (2018), also called swish.

    >>> silu(np.array([0.0, -np.inf])).tolist()
    [0.0, 0.0]
    """
    x, z = factor_and_argument(of_the_plane(input))
    return x * neural.sigmoid(z)


@block("activation")
def mish(input: Any) -> Any:
    """x · tanh(softplus(x)): Misra (2019)."""
    x, z = factor_and_argument(given(input))
    return x * np.tanh(activating.softplus(z))


@block("activation")
def softplus(input: Any, beta: float = 1.0, threshold: float = 20.0) -> Any:
    """ln(1 + exp(beta x)) / beta, and x where beta x > threshold: Dugas et al. (2001).

    >>> softplus(np.array([-1e4, 1e4])).tolist()
    [0.0, 10000.0]
    """
    x = given(input)
    return np.where(x * beta > threshold, x, activating.softplus(x * beta) / beta)


@block("activation")
def logsigmoid(input: Any) -> Any:
    """ln sigmoid(x), without overflow.

    >>> logsigmoid(np.array([-1e4, 1e4])).tolist()
    [-10000.0, -0.0]
    """
    return -activating.softplus(-given(input))


@block("activation")
def softsign(input: Any) -> Any:
    """x / (1 + |x|): Turian et al. (2009)."""
    x = of_the_plane(input)
    if not all_finite(x):
        x = np.clip(x, np.finfo(x.dtype).min, np.finfo(x.dtype).max)
    return x / (1 + np.abs(x))


@block("activation")
def tanhshrink(input: Any) -> Any:
    """x - tanh(x)."""
    x = of_the_plane(input)
    return x - np.tanh(x)


@block("activation")
def softshrink(input: Any, lambd: float = 0.5) -> Any:
    """x moved towards 0 by lambd, and 0 where |x| ≤ lambd: Donoho (1995). Raises ArgumentError for lambd < 0."""
    if lambd < 0:
        raise ArgumentError(f"softshrink needs lambd of at least 0, but got {lambd!r}.")
    x = given(input)
    return (x - lambd * np.sign(x)) * steps(~(np.abs(x) <= lambd), x)


@block("activation")
def hardshrink(input: Any, lambd: float = 0.5) -> Any:
    """x, and 0 where |x| ≤ lambd."""
    x = given(input)
    return x * steps(~(np.abs(x) <= lambd), x)


@block("activation")
def threshold(input: Any, threshold: float, value: float) -> Any:
    """x where x > threshold, else value."""
    x = given(input)
    return np.where(x <= threshold, value, x)


@block("activation")
def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0) -> Any:
    """x limited to [min_val, max_val]; at the limits the gradient is 0, unlike that of `np.clip`.

    Raises ArgumentError if min_val > max_val.
    """
    if min_val > max_val:
        raise ArgumentError(f"hardtanh needs min_val ≤ max_val, but got {min_val!r} and {max_val!r}.")
    return activating.limited(given(input), low=min_val, high=max_val)


@block("activation")
def relu6(input: Any) -> Any:
    """x limited to [0, 6]: Krizhevsky (2010)."""
    return hardtanh(input, 0.0, 6.0)


@block("activation")
def hardsigmoid(input: Any) -> Any:
    """relu6(x + 3) / 6: Courbariaux et al. (2015)."""
    return relu6(given(input) + 3) / 6


@block("activation")
def hardswish(input: Any) -> Any:
    """x · hardsigmoid(x): Howard et al. (2019)."""
    x, z = factor_and_argument(given(input))
    return x * hardsigmoid(z)


@block("activation")
def softmin(input: Any, dim: int = -1) -> Any:
    """softmax(-x): large where x is small."""
    return softmax(-of_the_plane(input), dim)


@block("activation")
def glu(input: Any, dim: int = -1) -> Any:
    """a · sigmoid(b), of the two halves a and b along `dim`: Dauphin et al. (2017).

    Raises ShapeError if the axis is odd.

    >>> glu(np.array([3.0, 0.0])).tolist()
    [1.5]
    """
    x = of_the_plane(input)
    if not -x.ndim <= dim < x.ndim or x.shape[dim] % 2:
        raise ShapeError(f"glu halves axis {dim}, but got shape {x.shape}.", "That axis must be even.")
    a, b = np.split(x, 2, axis=dim)
    return a * neural.sigmoid(b)


@block("activation")
def gumbel_softmax(
    logits: Any, tau: float = 1.0, hard: bool = False, dim: int = -1, *, generator: Generator | None = None
) -> Any:
    """softmax((x + noise) / tau) with Gumbel noise, a random choice that has a gradient: Jang et al. (2017).

    With `hard`, a 1 at the largest and 0 elsewhere, with the gradient of the soft values. Raises ArgumentError for tau
    that is not positive.

    >>> bool(np.isclose(gumbel_softmax(np.zeros((2, 3))).sum(), 2.0))
    True
    """
    if not tau > 0:
        raise ArgumentError(f"gumbel_softmax needs a positive tau, but got {tau!r}.")
    x = given(logits)
    soft = softmax((x + draws(generator).gumbel(size=x.shape).astype(x.dtype)) / tau, dim)
    if not hard:
        return soft
    values = soft.detach() if isinstance(soft, Tensor) else soft
    places = np.moveaxis(np.arange(x.shape[dim]).reshape(-1, *[1] * (x.ndim - 1)), 0, dim)
    chosen = np.expand_dims(np.argmax(values, axis=dim), dim) == places
    return chosen + (soft - values)


@block()
def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Any:
    """x / max(‖x‖ₚ, eps), over `dim`; zeros stay zeros.

    >>> normalize(np.array([[3.0, 4.0]])).tolist()
    [[0.6, 0.8]]
    """
    x = of_the_plane(input)
    return x / np.maximum(norm(x, p, dim, True), eps)


@block()
def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    """The cosine of the angle between vectors along `dim`; the norms count at least eps.

    >>> cosine_similarity(np.array([[1.0, 0.0]]), np.array([[2.0, 0.0]])).tolist()
    [1.0]
    """
    a, b = np.broadcast_arrays(*of_fitting_shapes("cosine_similarity", x1, x2))
    return np.sum(normalize(a, 2.0, dim, eps) * normalize(b, 2.0, dim, eps), axis=dim)


@block()
def pairwise_distance(x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Any:
    """‖x1 - x2 + eps‖ₚ over the last axis; eps keeps the gradient of equal vectors finite.

    >>> round(float(pairwise_distance(np.array([3.0, 4.0]), np.array([0.0, 0.0]))), 4)
    5.0
    """
    a, b = of_fitting_shapes("pairwise_distance", x1, x2)
    return norm(a - b + eps, p, -1, keepdim)


def of_fitting_shapes(name: str, x1: Any, x2: Any) -> tuple[Any, Any]:
    """Both as arrays, if their shapes can be broadcast to one."""
    a, b = given(x1), given(x2)
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError as error:
        raise ShapeError(f"{name} compares vectors of equal shapes, but got {a.shape} and {b.shape}.") from error
    return a, b


def norm(x: Any, p: float, dim: Any, keepdims: bool) -> Any:
    if p == 2:
        return reductions.norm(x, dim, keepdims=keepdims)
    return np.linalg.norm(x, p, dim, keepdims)
