"""Initial values for parameters: functions of (generator, shape, dtype) that give an array of that shape and dtype.

`generator` is NumPy's (`np.random.default_rng(0)`); `shape` is that of the parameter. A weight has the shape
(outputs, inputs, ...), a bias (outputs,).

>>> he_normal(np.random.default_rng(0), (3, 2), np.float32).shape
(3, 2)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..random import Generator, default

Array = np.ndarray[Any, np.dtype[Any]]
Initialiser = Callable[[Any, tuple[int, ...], Any], Array]


def generator(source: int | np.random.Generator | Generator | None = None) -> np.random.Generator:
    """NumPy's generator that `source` means: a seed, a generator, or for None the one that `tg.seed` sets."""
    if source is None:
        return default().numpy()
    return source.numpy() if isinstance(source, Generator) else np.random.default_rng(source)


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """(inputs, outputs) of a weight of shape (outputs, inputs, ...); both are n for a vector of shape (n,).

    >>> fans((3, 2)), fans((3, 2, 5, 5)), fans((3,))
    ((2, 3), (50, 75), (3, 3))
    """
    receptive = math.prod(shape[2:])
    return (shape[1] if len(shape) > 1 else shape[0]) * receptive, shape[0] * receptive


def uniform(low: float, high: float) -> Initialiser:
    """An initialiser of any shape: uniform in [low, high)."""
    return lambda rng, shape, dtype: rng.uniform(low, high, shape).astype(dtype)


def normal(mean: float = 0.0, std: float = 1.0) -> Initialiser:
    """An initialiser of any shape: normal, with this mean and standard deviation."""
    return lambda rng, shape, dtype: rng.normal(mean, std, shape).astype(dtype)


def zeros(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Array:
    """All zero, of any shape."""
    return np.zeros(shape, dtype)


def inverse_root(fan_in: int) -> Initialiser:
    """An initialiser of any shape: uniform in ±1/√fan_in, the default of `Linear` (as in PyTorch)."""
    bound = 1 / math.sqrt(max(fan_in, 1))
    return uniform(-bound, bound)


def xavier_uniform(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Array:
    """Uniform in ±√(6 / (inputs + outputs)): Glorot and Bengio (2010), for sigmoid and tanh.

    `shape` is (outputs, inputs, ...); gives an array of this shape and dtype.

    >>> bool((abs(xavier_uniform(np.random.default_rng(0), (4, 2), np.float64)) <= 1).all())
    True
    """
    bound = math.sqrt(6 / max(sum(fans(shape)), 1))
    return uniform(-bound, bound)(rng, shape, dtype)


def xavier_normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Array:
    """Normal with variance 2 / (inputs + outputs): Glorot and Bengio (2010), for sigmoid and tanh.

    `shape` is (outputs, inputs, ...); gives an array of this shape and dtype.
    """
    return normal(0.0, math.sqrt(2 / max(sum(fans(shape)), 1)))(rng, shape, dtype)


def he_uniform(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Array:
    """Uniform in ±√(6 / inputs): He et al. (2015), for relu.

    `shape` is (outputs, inputs, ...); gives an array of this shape and dtype.
    """
    bound = math.sqrt(6 / max(fans(shape)[0], 1))
    return uniform(-bound, bound)(rng, shape, dtype)


def he_normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Array:
    """Normal with variance 2 / inputs: He et al. (2015), for relu.

    `shape` is (outputs, inputs, ...); gives an array of this shape and dtype.
    """
    return normal(0.0, math.sqrt(2 / max(fans(shape)[0], 1)))(rng, shape, dtype)
