"""`Linear`; and the names that stood here in earlier versions, where pickles look for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.kinds import as_ndarray
from ..engine.tensor import Tensor
from ..functions.nonlinearities import tanh as tanh
from ..primitives import contraction
from .activation_layers import RELU as RELU
from .activation_layers import SIGMOID as SIGMOID
from .activation_layers import TANH as TANH
from .activation_layers import Activation as Activation
from .activation_layers import ReLU as ReLU
from .activation_layers import Sigmoid as Sigmoid
from .activation_layers import Tanh as Tanh
from .finding import Parameter
from .initialisers import Initialiser, generator, inverse_root
from .layer import Layer
from .sequential import Sequential as Sequential


class Linear(Layer):
    """x @ weightᵀ + bias, for x of shape (..., in_features); gives (..., out_features).

    `weight` is (out_features, in_features), `bias` (out_features,) or None. `init` makes the initial weight and
    bias, by default uniform in ±1/√in_features; `seed` (an int or a Generator) makes them repeatable.

    Raises ArgumentError for sizes below 1 and an `init` that is no function, DTypeError for a dtype that is not
    floating-point, ShapeError if `init` gives another shape; and ShapeError when the layer is called with another
    number of features.

    >>> Linear(2, 3)(np.ones((5, 2))).shape
    (5, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        dtype: Any = np.float64,
        *,
        init: Initialiser | None = None,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        for size in (in_features, out_features):
            if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
                raise ArgumentError(f"Linear needs sizes of at least 1, but got ({in_features!r}, {out_features!r}).")
        if not name_of(dtype).startswith(("float", "longdouble")):
            raise DTypeError(
                f"Linear needs a floating-point dtype, but got {name_of(dtype)}.", "Write dtype=np.float32."
            )
        rng, init = generator(seed), init or inverse_root(in_features)
        self.in_features, self.out_features = int(in_features), int(out_features)
        self.weight = initial(init, rng, (self.out_features, self.in_features), dtype, "weight")
        self.bias = initial(init, rng, (self.out_features,), dtype, "bias") if bias else None

    def forward(self, x: Any) -> Tensor:
        try:
            if self.bias is None:
                return contraction.linear.apply((x, self.weight))
            return contraction.linear.apply((x, self.weight, self.bias))
        except ShapeError:
            raise ShapeError(
                f"Linear takes inputs with {self.in_features} features, but got shape {np.shape(x)}.",
                f"weight is {self.weight.shape}",
            ) from None

    def label(self) -> str:
        return f"{self.in_features} → {self.out_features}" + ("" if self.bias is not None else ", no bias")


def initial(init: Initialiser, rng: Any, shape: tuple[int, ...], dtype: Any, name: str) -> Parameter:
    if not callable(init):
        raise ArgumentError(
            f"init must be a function of (generator, shape, dtype), but got {init!r}.",
            "Choose one of tinygrad_like.nn.initialisers, e.g. he_uniform.",
        )
    values = as_ndarray(init(rng, shape, dtype))
    if values.shape != shape:
        raise ShapeError(f"init gave the {name} the shape {values.shape}, but it has the shape {shape}.")
    return Parameter(values, dtype=dtype, name=name)


def name_of(dtype: Any) -> str:
    try:
        return str(np.dtype(dtype))
    except TypeError:
        return repr(dtype)
