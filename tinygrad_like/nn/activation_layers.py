"""A layer for each activation function, with PyTorch's names and constructors; the formulas are in `functions`.

`inplace` is accepted and ignored: the result is always new, and the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.blocks import name_of, written
from ..engine.errors import ArgumentError, ShapeError
from ..functions.networks import log_softmax, relu, sigmoid, softmax
from ..functions.nonlinearities import (
    celu,
    elu,
    gelu,
    glu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    prelu,
    relu6,
    rrelu,
    selu,
    silu,
    softmin,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    threshold,
)
from ..random import Generator
from .finding import Parameter
from .layer import Layer, refuse_class, settings


class Activation(Layer):
    """A layer made of a function of one Tensor, applied element by element; the shape stays.

    Raises ArgumentError for what cannot be called, and for a class.

    >>> from tinygrad_like import Tensor
    >>> softplus = Activation(lambda x: np.log1p(np.exp(x)), name="softplus")
    >>> softplus(Tensor([0.0]))
    Tensor([0.69314718])
    """

    def __init__(self, function: Callable[[Any], Any], name: str | None = None) -> None:
        refuse_class(function, "Activation takes a function")
        if not callable(function):
            raise ArgumentError(f"Activation takes a function, but got {function!r}.")
        self.function = function
        self.name: str = name or name_of(function) or written(function)

    def forward(self, x: Any) -> Any:
        return self.function(x)

    def again(self) -> Activation:
        """The same activation as another layer, with a place of its own in a model."""
        return Activation(self.function, self.name)

    def label(self) -> str:
        return self.name


class InPlace(Layer):
    """The base of activations of which PyTorch has a form in place."""

    def __init__(self, inplace: bool = False) -> None:
        pass


class Nonlinear(Layer):
    """The base of activations with settings, which are attributes."""

    def label(self) -> str:
        return ", ".join(settings(self))


class OverAxis(Nonlinear):
    """The base of activations along an axis. With dim=None this is the last one; PyTorch guesses 0 or 1 instead."""

    def __init__(self, dim: int | None = None) -> None:
        self.dim = dim

    def axis(self) -> int:
        return -1 if self.dim is None else self.dim


class Sigmoid(Layer):
    """1 / (1 + exp(-x)), element by element."""

    forward = staticmethod(sigmoid)


class Tanh(Layer):
    """The hyperbolic tangent, element by element."""

    forward = staticmethod(tanh)


class ReLU(InPlace):
    """max(x, 0), element by element; the gradient at 0 is 0."""

    forward = staticmethod(relu)


class ReLU6(InPlace):
    """x limited to [0, 6]."""

    forward = staticmethod(relu6)


class SELU(InPlace):
    """1.0507 elu(x, 1.6733): Klambauer et al. (2017)."""

    forward = staticmethod(selu)


class SiLU(InPlace):
    """x · sigmoid(x), also called swish."""

    forward = staticmethod(silu)


class Mish(InPlace):
    """x · tanh(softplus(x))."""

    forward = staticmethod(mish)


class Hardsigmoid(InPlace):
    """relu6(x + 3) / 6."""

    forward = staticmethod(hardsigmoid)


class Hardswish(InPlace):
    """x · relu6(x + 3) / 6."""

    forward = staticmethod(hardswish)


class Softsign(Layer):
    """x / (1 + |x|)."""

    forward = staticmethod(softsign)


class Tanhshrink(Layer):
    """x - tanh(x)."""

    forward = staticmethod(tanhshrink)


class LogSigmoid(Layer):
    """ln(1 / (1 + exp(-x))), without overflow."""

    forward = staticmethod(logsigmoid)


class ELU(Nonlinear):
    """x where x > 0, else alpha (exp(x) - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = alpha

    def forward(self, input: Any) -> Any:
        return elu(input, self.alpha)


class CELU(Nonlinear):
    """x where x > 0, else alpha (exp(x / alpha) - 1)."""

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        self.alpha = alpha

    def forward(self, input: Any) -> Any:
        return celu(input, self.alpha)


class GELU(Nonlinear):
    """x Φ(x), with Φ the normal distribution function; or, "tanh", an approximation."""

    def __init__(self, approximate: str = "none") -> None:
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        return gelu(input, self.approximate)


class LeakyReLU(Nonlinear):
    """x where x > 0, else negative_slope · x."""

    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        self.negative_slope = negative_slope

    def forward(self, input: Any) -> Any:
        return leaky_relu(input, self.negative_slope)


class Softplus(Nonlinear):
    """ln(1 + exp(beta x)) / beta, and x where beta x > threshold."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Any) -> Any:
        return softplus(input, self.beta, self.threshold)


class Softshrink(Nonlinear):
    """x moved towards 0 by lambd, and 0 where |x| ≤ lambd."""

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        return softshrink(input, self.lambd)


class Hardshrink(Nonlinear):
    """x, and 0 where |x| ≤ lambd."""

    def __init__(self, lambd: float = 0.5) -> None:
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        return hardshrink(input, self.lambd)


class Hardtanh(Nonlinear):
    """x limited to [min_val, max_val]."""

    def __init__(self, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> None:
        self.min_val, self.max_val = min_val, max_val

    def forward(self, input: Any) -> Any:
        return hardtanh(input, self.min_val, self.max_val)


class Threshold(Nonlinear):
    """x where x > threshold, else value."""

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        self.threshold, self.value = threshold, value

    def label(self) -> str:
        return f"{self.threshold:g}, value {self.value:g}"

    def forward(self, input: Any) -> Any:
        return threshold(input, self.threshold, self.value)


class Softmin(OverAxis):
    """softmax(-x) along axis `dim`."""

    def forward(self, input: Any) -> Any:
        return softmin(input, self.axis())


class Softmax(OverAxis):
    """exp(x) / sum(exp(x)) along axis `dim`, without overflow."""

    def forward(self, input: Any) -> Any:
        return softmax(input, self.axis())


class LogSoftmax(OverAxis):
    """ln softmax(x) along axis `dim`."""

    def forward(self, input: Any) -> Any:
        return log_softmax(input, self.axis())


class GLU(Nonlinear):
    """a · sigmoid(b), of the two halves a and b along axis `dim`."""

    def __init__(self, dim: int = -1) -> None:
        self.dim = dim

    def forward(self, input: Any) -> Any:
        return glu(input, self.dim)


class Softmax2d(Layer):
    """softmax over the channels of (N, C, H, W) or (C, H, W). Raises ShapeError for other shapes."""

    def forward(self, input: Any) -> Any:
        if np.ndim(input) not in (3, 4):
            raise ShapeError(f"Softmax2d takes inputs of shape (N, C, H, W) or (C, H, W), but got {np.shape(input)}.")
        return softmax(input, -3)


class RReLU(Nonlinear):
    """leaky_relu with a random slope for each element in training, uniform in [lower, upper), and else their mean.

    `generator` is a `tg.random.Generator` of its own; without it, the default one draws.
    """

    def __init__(
        self,
        lower: float = 1 / 8,
        upper: float = 1 / 3,
        inplace: bool = False,
        *,
        generator: Generator | None = None,
    ) -> None:
        self.lower, self.upper, self.generator = lower, upper, generator

    def forward(self, input: Any) -> Any:
        return rrelu(input, self.lower, self.upper, self.training, generator=self.generator)

    def label(self) -> str:
        return f"{self.lower:.3g} to {self.upper:.3g}"


class PReLU(Layer):
    """x where x > 0, else weight · x, with a parameter `weight`: He et al. (2015).

    It has one value, or one for each of `num_parameters` channels (axis 1), and starts at `init`. Raises ArgumentError
    for num_parameters below 1, ShapeError for another number of channels.

    >>> PReLU(init=0.5)(np.array([-2.0]))
    Tensor([-1.], ...)
    """

    def __init__(self, num_parameters: int = 1, init: float = 0.25, dtype: Any = np.float64) -> None:
        if num_parameters < 1:
            raise ArgumentError(f"PReLU needs at least 1 parameter, but got {num_parameters!r}.")
        self.channels = num_parameters
        self.weight = Parameter(np.full(num_parameters, init, dtype), name="weight")

    def forward(self, input: Any) -> Any:
        return prelu(input, self.weight)

    def label(self) -> str:
        return "" if self.channels == 1 else f"{self.channels} channels"


SIGMOID, TANH, RELU = Activation(sigmoid), Activation(tanh), Activation(relu)
