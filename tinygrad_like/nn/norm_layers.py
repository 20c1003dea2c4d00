"""Stand-in."""

from typing import Any

import numpy as np

from .layer import Layer, Parameter


class LayerNorm(Layer):
    def __init__(
        self, shape: Any, eps: float = 1e-5, elementwise_affine: bool = True, bias: bool = True, dtype: Any = np.float64
    ) -> None:
        self.eps = eps
        self.weight = Parameter(np.ones(shape, dtype))
        self.bias = Parameter(np.zeros(shape, dtype)) if bias else None

    def forward(self, x: Any) -> Any:
        d = x - x.mean(axis=-1, keepdims=True)
        y = d / np.sqrt((d * d).mean(axis=-1, keepdims=True) + self.eps) * self.weight
        return y if self.bias is None else y + self.bias
