"""Layers that tell a sequence's elements where they stand."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ShapeError
from ..engine.tensor import as_array
from ..functions.positions import frequencies, rotary, sinusoidal_positions
from ..primitives.integers import floats
from .layer import Layer


class SinusoidalPositions(Layer):
    """x + sines and cosines of the positions: Vaswani et al. (2017), 3.5; see `sinusoidal_positions`.

    x is (N, L, features), (L, N, features) without `batch_first`, or (L, features). No length is the longest.

    Raises ArgumentError for an odd number of features, ShapeError for inputs of another number.

    >>> SinusoidalPositions(2)(np.zeros((1, 2, 2)))
    array([[[0.        , 1.        ],
            [0.84147098, 0.54030231]]])
    """

    def __init__(self, features: int, base: float = 10000.0, batch_first: bool = True) -> None:
        frequencies(features, base)
        self.features, self.base, self.batch_first = features, base, batch_first

    def forward(self, x: Any) -> Any:
        x = floats(as_array(x))
        if x.ndim not in (2, 3) or x.shape[-1] != self.features:
            raise ShapeError(
                f"SinusoidalPositions takes x (N, L, {self.features}) or (L, {self.features}), but got {x.shape}."
            )
        first = x.ndim == 3 and not self.batch_first
        positions = sinusoidal_positions(x.shape[0 if first else -2], self.features, self.base).astype(x.dtype)
        return x + (positions[:, None] if first else positions)

    def label(self) -> str:
        return str(self.features)


class RotaryPositions(Layer):
    """Turns queries and keys (..., L, features) by their positions: Su et al., RoFormer, 2021; see `rotary`.

    Raises ArgumentError for an odd number of features, ShapeError for inputs of another number.

    >>> turn = RotaryPositions(2)
    >>> turn(np.array([[1.0, 0.0], [1.0, 0.0]]))
    array([[1.        , 0.        ],
           [0.54030231, 0.84147098]])
    """

    def __init__(self, features: int, base: float = 10000.0, interleaved: bool = True) -> None:
        frequencies(features, base)
        self.features, self.base, self.interleaved = features, base, interleaved

    def forward(self, x: Any, positions: Any = None) -> Any:
        if np.shape(x)[-1:] != (self.features,):
            raise ShapeError(f"RotaryPositions takes x (..., L, {self.features}), but got {np.shape(x)}.")
        return rotary(x, positions, self.base, self.interleaved)

    def label(self) -> str:
        return str(self.features)
