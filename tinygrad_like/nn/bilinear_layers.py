"""`Bilinear`: a map of two vectors that is linear in each."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..functions.embedding import bilinear
from .initialisers import Initialiser, generator, inverse_root
from .layer import Layer
from .layers import initial, name_of


class Bilinear(Layer):
    """yₖ = x1ᵀ Wₖ x2 + bₖ: takes (..., in1_features) and (..., in2_features), gives (..., out_features).

    `weight` is (out_features, in1_features, in2_features), `bias` (out_features,) or None; their initial values are
    uniform in ±1/√in1_features, or those of `init`. Raises ArgumentError for sizes below 1, DTypeError for a dtype that
    is not floating-point; and ShapeError when it is called with other shapes.

    >>> Bilinear(2, 3, 4)(np.ones((5, 2)), np.ones((5, 3))).shape
    (5, 4)
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        dtype: Any = np.float64,
        *,
        init: Initialiser | None = None,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        sizes = in1_features, in2_features, out_features
        if not all(isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n > 0 for n in sizes):
            raise ArgumentError(f"Bilinear needs sizes of at least 1, but got {sizes}.")
        if not name_of(dtype).startswith(("float", "longdouble")):
            raise DTypeError(f"Bilinear needs a floating-point dtype, but got {name_of(dtype)}.", "Write np.float32.")
        self.in1_features, self.in2_features, self.out_features = map(int, sizes)
        rng, init = generator(seed), init or inverse_root(self.in1_features)
        shape = (self.out_features, self.in1_features, self.in2_features)
        self.weight = initial(init, rng, shape, dtype, "weight")
        self.bias = initial(init, rng, shape[:1], dtype, "bias") if bias else None

    def forward(self, input1: Any, input2: Any) -> Any:
        try:
            return bilinear(input1, input2, self.weight, self.bias)
        except ShapeError:
            raise ShapeError(
                f"Bilinear takes inputs (..., {self.in1_features}) and (..., {self.in2_features}), but got shapes "
                f"{np.shape(input1)} and {np.shape(input2)}.",
                f"weight is {self.weight.shape}",
            ) from None

    def label(self) -> str:
        inputs = f"{self.in1_features}, {self.in2_features} → {self.out_features}"
        return inputs + ("" if self.bias is not None else ", no bias")
