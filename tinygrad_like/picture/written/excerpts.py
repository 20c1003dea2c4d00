"""The first numbers of a card's value and gradient: what a page tells of them, when the arrays are gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graphs.graph import Card
from .numbers import as_matrix, short

MOST, FEW = 9, 3


@dataclass(slots=True, frozen=True)
class Excerpt:
    """The first numbers of an array, those of its first row and column, and how many it has of each."""

    first: list[Any]
    row: list[Any]
    column: list[Any]
    size: int
    lengths: tuple[int, int]  # of the row, of the column
    ndim: int


def excerpt(array: Any) -> Excerpt | None:
    """The excerpt of an array of numbers; None if it is None, or empty."""
    if array is None or not array.size:
        return None
    array = np.asarray(array)
    matrix = as_matrix(array)
    first = array.reshape(-1)[:MOST].tolist() if array.size <= MOST else array.flat[:MOST].tolist()
    row, column = matrix[0, :FEW].tolist(), matrix[:FEW, 0].tolist()
    return Excerpt(first, row, column, array.size, matrix.shape[::-1], array.ndim)


def forget_arrays(card: Card) -> None:
    """Keep of a card's arrays the first numbers, and of its call's options those that are numbers or short."""
    card.numbers = excerpt(card.value), excerpt(card.gradient)
    card.value = card.gradient = card.origin = None
    if card.call is not None:
        options = {name: value for name, value in card.call.options.items() if is_small(value)}
        card.call = card.call._replace(options=options)


def is_small(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(is_small, value))
    return value is None or isinstance(value, (bool, int, float, str))


def spelled(value: Any) -> str:
    """A number in a sentence, with a minus that is read out: −0.383."""
    if isinstance(value, complex):
        real, imaginary = spelled(value.real), spelled(value.imag)
        return f"{real} + {imaginary}i".replace("+ −", "− ")
    text = str(value) if isinstance(value, (bool, int)) else short(value + 0.0)  # no -0
    return text.replace("e-0", "e-").replace("-", "−")
