"""Masks of attention, as what all kinds of them come to: what takes part, and what is added to the scores."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..engine.errors import DTypeError, ShapeError
from ..engine.tensor import as_array


class Masks(NamedTuple):
    """What takes part, and what is added to the scores; None is everything, and nothing."""

    allowed: Any = None
    added: Any = None

    def __and__(self, other: Masks) -> Masks:
        """Both masks at once."""
        return Masks(joined(np.logical_and, self.allowed, other.allowed), joined(np.add, self.added, other.added))

    def reshaped(self, *shape: int) -> Masks:
        return Masks(*(None if each is None else each.reshape(shape) for each in self))

    def widened(self) -> Masks:
        """The masks with one more key, which takes part."""
        return Masks(*(None if each is None else with_column(each) for each in self))


def joined(function: Any, first: Any, second: Any) -> Any:
    return second if first is None else first if second is None else function(first, second)


def with_column(mask: Any) -> Any:
    """The mask with a last column of True, or 0."""
    shape = (*mask.shape[:-1], 1)
    return np.concatenate([mask, np.ones(shape, bool) if mask.dtype == bool else np.zeros(shape, mask.dtype)], axis=-1)


def causal(length: int, keys: int) -> Masks:
    """(length, keys), True where the query i may see the key j: j ≤ i."""
    return Masks(np.tri(length, keys, dtype=bool))


def read_mask(mask: Any, name: str, ignores: bool = False) -> Masks:
    """The mask that a user gave. With `ignores`, True leaves out; -inf among floats always does.

    Raises DTypeError for one of integers.
    """
    if mask is None:
        return Masks()
    mask = as_array(mask)
    if mask.dtype == bool:
        return Masks(np.logical_not(mask) if ignores else mask)
    if mask.dtype.kind != "f":
        raise DTypeError(
            f"{name} is of booleans, or of floats that are added, but got {mask.dtype}.", "Write mask == 1."
        )
    finite = mask != -np.inf
    return Masks(finite, np.where(finite, mask, 0))


def check_mask(mask: Any, name: str, *shapes: tuple[int, ...]) -> None:
    """An error if a mask has none of these shapes."""
    if mask is not None and np.shape(mask) not in shapes:
        raise ShapeError(f"{name} has the shape {' or '.join(map(str, shapes))}, but got {np.shape(mask)}.")
