"""Positions in a sequence: as sines that are added, and as angles that features are turned by."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import as_array
from ..primitives.integers import floats


def frequencies(features: int, base: float) -> Any:
    """base^(-2i / features), one for each pair of features."""
    if features < 2 or features % 2:
        raise ArgumentError(f"Positions take an even number of features, at least 2, but got {features}.")
    return base ** (-np.arange(0, features, 2) / features)


def sinusoidal_positions(positions: Any, features: int, base: float = 10000.0) -> Any:
    """sin(p · base^(-2i/features)) in feature 2i, the cosine in 2i + 1: Vaswani et al. (2017), 3.5.

    `positions` are numbers p of any shape; gives (..., features). An int n means the positions 0 to n - 1.

    Raises ArgumentError for an odd number of features.

    >>> sinusoidal_positions(2, 2)
    array([[0.        , 1.        ],
           [0.84147098, 0.54030231]])
    """
    positions = np.arange(positions) if isinstance(positions, (int, np.integer)) else as_array(positions)
    angles = floats(positions)[..., None] * frequencies(features, base)
    return np.stack([np.sin(angles), np.cos(angles)], axis=-1).reshape(*positions.shape, features)


def rotary(x: Any, positions: Any = None, base: float = 10000.0, interleaved: bool = True) -> Any:
    """x with each pair of features turned by the angle p · base^(-2i/E), for x of shape (..., L, E): Su et al., 2021.

    Apply it to queries and keys: their product then depends on the distance of their positions only. `positions` are
    the p, of shape (L,) or one that broadcasts to (..., L); 0 to L - 1 by default. The pairs are (0, 1), (2, 3), ... as
    in the paper; or, unless `interleaved`, the halves (0, E/2), (1, E/2 + 1), ..., as in GPT-NeoX.

    Raises ArgumentError for an odd number of features, ShapeError if the positions do not fit.

    >>> rotary(np.array([[1.0, 0.0], [1.0, 0.0]]))
    array([[1.        , 0.        ],
           [0.54030231, 0.84147098]])
    """
    x = floats(as_array(x))
    if x.ndim < 2:
        raise ShapeError(f"rotary takes x (..., L, E), but got {x.shape}.")
    length, features = x.shape[-2:]
    positions = np.arange(length) if positions is None else as_array(positions)
    if positions.shape[-1:] != (length,) or positions.ndim >= x.ndim:
        raise ShapeError(f"rotary takes positions (..., {length}) for x {x.shape}, but got {positions.shape}.")
    angles = floats(positions)[..., None] * frequencies(features, base)
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    if interleaved:
        first, second = x[..., 0::2], x[..., 1::2]
        turned = [first * cos - second * sin, first * sin + second * cos]
        return np.stack(turned, axis=-1).reshape(x.shape)
    first, second = x[..., : features // 2], x[..., features // 2 :]
    return np.concatenate([first * cos - second * sin, first * sin + second * cos], axis=-1)
