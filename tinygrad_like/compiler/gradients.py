"""Gradients that were there before a step, for programs that read them or add to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.tensor import Tensor


class Gradients:
    """The Tensors whose gradient of before the programs of a function read, each with memory that the programs know."""

    def __init__(self) -> None:
        self.places: dict[int, tuple[Tensor, Any]] = {}

    def now(self) -> tuple[bool, ...]:
        """Which of them have one: that decides what is computed."""
        return tuple([tensor._grad is None for tensor, _ in self.places.values()]) if self.places else ()

    def place_of(self, tensor: Any) -> Any:
        """The memory in which programs find the gradient of a Tensor, with what it is now; None if there is none.

        It is the gradient's place in the flat vector, or a view of memory of its own: nobody gets it by `t.grad`.
        """
        flat = getattr(tensor, "_flat", None)
        place = self.places.get(id(tensor), (None, None))[1]
        if flat is not None:
            place = flat._places[tensor._slot][0]
        elif place is None or place.shape != tensor.shape or place.dtype != tensor.dtype:
            place = np.zeros(tensor.shape, tensor.dtype)[...]
        self.places[id(tensor)] = tensor, place
        if tensor._grad is None:
            return None
        bring(tensor._grad, place)
        return place


@dataclass(eq=False)
class Kept:
    """A gradient that a program finds in `place`; if it is `written` there, it stays there."""

    tensor: Any
    place: Any
    written: bool

    def bring(self) -> None:
        """Put the gradient where the program finds it."""
        bring(self.tensor._grad, self.place)
        if self.written:
            self.tensor._grad = self.place


def bring(gradient: Any, place: Any) -> None:
    if gradient is not place:
        np.copyto(place, gradient._array if isinstance(gradient, Tensor) else gradient)
