"""What a Network is given, as float64 arrays: one sample, a batch, or a data set."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.kinds import as_ndarray
from ..engine.tensor import Tensor
from ..engine.writes import Array
from .matrix import Matrix


def numbers_of(values: Any, size: int, what: str) -> Array:
    """The values as a float64 array; an error if some are not finite numbers."""
    if isinstance(values, Tensor):
        values = values.numpy()
    try:
        array = as_ndarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise DTypeError(f"{what} of this Network must be {size} numbers: {error}.") from error
    if not np.isfinite(array).all():
        raise ArgumentError(f"{what} of this Network must be finite, but got {array.tolist()}.")
    return array


def sample(values: Any, size: int, what: str) -> Array:
    """One sample as a flat array of `size` values."""
    array = numbers_of(values, size, what)
    if array.size != size or array.ndim > 2 or (array.ndim == 2 and 1 not in array.shape):
        raise ShapeError(f"{what} of this Network have {size} values, but got shape {array.shape}.")
    return array.reshape(size)


def sample_or_batch(values: Any, size: int, what: str) -> Array:
    """One sample as a flat array, or several in the rows of a 2-D array; one column is one sample."""
    array = numbers_of(values, size, what)
    if array.ndim == 2 and array.shape != (size, 1) and array.shape[1] == size and len(array):
        return array
    return sample(array, size, what)


def of_shape(values: Any, shape: tuple[int, ...], what: str) -> Array:
    """The targets or outputs of one sample, shape (size,), or of a batch, shape (samples, size)."""
    if len(shape) == 1:
        return sample(values, shape[0], what)
    array = numbers_of(values, shape[1], what)
    if array.shape != shape and (array.shape != shape[:1] or shape[1] != 1):
        raise ShapeError(f"{what} of this batch have the shape {shape}, but got shape {array.shape}.")
    return array.reshape(shape)


def samples(values: Any, size: int, what: str) -> list[Array]:
    """Samples as a list of flat arrays: one per row of a 2-D array or a Matrix; a Matrix may also be one column."""
    if isinstance(values, Tensor):
        values = values.numpy()
    if isinstance(values, Matrix):
        values = [values] if values.shape == (size, 1) else values.array
    if not np.iterable(values):
        raise ArgumentError(f"{what} must be a sequence of samples, but got {values!r}.")
    rows = list(values)
    if not rows:
        raise ArgumentError(f"train needs at least one sample, but {what} are empty.")
    return [sample(row, size, f"{what}[{i}]") for i, row in enumerate(rows)]
