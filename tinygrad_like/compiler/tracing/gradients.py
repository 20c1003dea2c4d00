"""Gradients that were there before a step, for programs that read them or add to them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.tensor import Tensor


class Gradients:
    """For each Tensor whose gradient of before the programs of a function read: the memory in which they find it."""

    def __init__(self) -> None:
        self.places: dict[int, Any] = {}
        self.tensors: dict[int, Tensor] = {}  # so that ids stay theirs

    def place_of(self, tensor: Any) -> Any:
        """The memory for the gradient of a Tensor, with what it is now.

        It is the gradient's place in the flat vector, or a view of memory of its own: nobody gets it by `t.grad`.
        """
        flat = getattr(tensor, "_flat", None)
        place = self.places.get(id(tensor))
        if flat is not None:
            place = flat._places[tensor._slot][0]
        elif place is None or place.shape != tensor.shape or place.dtype != tensor.dtype:
            place = np.zeros(tensor.shape, tensor.dtype)[...]
        self.places[id(tensor)], self.tensors[id(tensor)] = place, tensor
        bring(tensor._grad, place)
        return place


class Guard:
    """What a program expects of the gradient of a Tensor: none, or one in `place`, where it stays if `written` to."""

    def __init__(self, tensor: Any, place: Any, written: bool) -> None:
        self.tensor, self.place, self.written = tensor, place, written

    def fits(self) -> bool:
        """Whether there is a gradient if there should be one."""
        return (self.tensor._grad is None) is (self.place is None)

    def bring(self) -> None:
        """Put the gradient where the program finds it."""
        if self.place is not None:
            bring(self.tensor._grad, self.place)
            if self.written:
                self.tensor._grad = self.place


def bring(gradient: Any, place: Any) -> None:
    if gradient is not place:
        np.copyto(place, gradient._array if isinstance(gradient, Tensor) else gradient)
