"""`Before`: what was there before a trace, and what becomes of it: memory, gradients, layers and optimizers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from sys import getrefcount
from typing import Any

import numpy as np
from numpy import ndarray

from ...engine.tensor import Tensor
from ...engine.writes import base_of, clock
from .gradients import Gradients, Guard
from .program import INPUT, REFERENCE, Memory, address
from .traced import TracedArray


def is_traced(value: Any) -> bool:
    return type(value) is TracedArray


class Before:
    """The part of a trace that knows what was there before it.

    The trace runs on the real memory, so that whatever reads it sees what an ordinary run would; `undo` puts all back.
    """

    def __init__(self, gradients: Gradients, first: Before | None = None) -> None:
        self.gradients, self.start, self.first = gradients, clock(), first
        self.before: dict[int, tuple[ndarray, ndarray]] = {}  # memory that was written to, with its old contents
        self.seen: dict[int, tuple[Tensor, Any, Any, Any]] = {}  # Tensors of before, and what they held
        self.made: dict[int, Tensor] = {}  # Tensors that are not of before
        self.noted: list[tuple[ndarray, Any]] = []  # writes that graphs of before must hear of
        self.cleared: set[int] = set()  # Tensors whose gradient of before does not matter
        self.brought: dict[int, TracedArray | None] = {}  # by id of a Tensor whose gradient of before is read: that
        self.holders: dict[int, Any] = {}  # layers and optimizers that took part

    def lift(self, array: Any) -> Any:
        """What stands for an array of before."""
        raise NotImplementedError

    def keep(self, target: TracedArray) -> None:
        """Note the contents of memory of before that is about to be written to."""
        if target.value.memory.kind in (INPUT, REFERENCE):
            base = base_of(target.traced_value)
            # What the first trace keeps, it puts back after this one, too.
            if id(base) not in self.before and (self.first is None or id(base) not in self.first.before):
                self.before[id(base)] = base, base.copy(order="K")

    def keep_written(self, view: ndarray, values: Any) -> None:
        """Take a write into what is put back after the trace, too."""
        base = base_of(view)
        kept = self.before.get(id(base)) or (self.first.before.get(id(base)) if self.first else None)
        if kept is not None:
            old = kept[1]
            np.ndarray(view.shape, view.dtype, old, address(view) - address(base), view.strides)[...] = values

    def see(self, tensor: Tensor) -> None:
        """Note what a Tensor holds before the function changes it."""
        if id(tensor) not in self.seen:
            self.seen[id(tensor)] = tensor, tensor._grad, tensor._array, tensor._node

    def see_gradient(self, tensor: Tensor, cleared: bool) -> None:
        """Note whether the gradient that a Tensor had before is read, or does not matter."""
        if is_traced(tensor._array) or self.made_here(tensor):
            return
        self.see(tensor)
        if not cleared and id(tensor) not in self.cleared:
            place = None if tensor._grad is None else self.lift(self.gradients.place_of(tensor))
            tensor._grad = self.brought[id(tensor)] = place
        self.cleared.add(id(tensor))

    def made_here(self, tensor: Tensor) -> bool:
        """Whether a leaf was made during the trace."""
        node = tensor._node
        return node is not None and node.primitive is None and node.index > self.start

    def guards(self, stored: set[Memory]) -> list[Guard]:
        """The Tensors whose gradient of before the program reads, if there was one."""
        found = []
        for key, traced in self.brought.items():
            place = None if traced is None else self.gradients.places[key]
            written = traced is not None and traced.value.memory in stored
            found.append(Guard(self.seen[key][0], place, written))
        return found

    def took_part(self) -> dict[int, Any]:
        """The layers, the optimizers and the Tensors of before, by id; not those that nobody else has any more."""
        (alone,) = (getrefcount(each[0]) for each in {0: (object(), None)}.values())
        return self.holders | {key: each[0] for key, each in self.seen.items() if getrefcount(each[0]) > alone}

    @contextmanager
    def as_after(self) -> Iterator[None]:
        """Inside, the memory that was written to is as it was after the function had run."""
        for base, kept in self.before.values():
            exchange(base, kept)
        try:
            yield
        finally:
            for base, old in self.before.values():
                np.copyto(base, old)

    def undo(self) -> None:
        """Put back what was there before. A first trace keeps what was there after in its place."""
        for base, old in self.before.values():
            if self.first is None:
                exchange(base, old)
            else:
                np.copyto(base, old)
        for tensor, gradient, array, node in self.seen.values():
            tensor._grad, tensor._array, tensor._node = gradient, array, node

    def let_go(self) -> None:
        """Hold nothing any more: what else holds a parameter's memory keeps an optimizer from moving it."""
        for each in (self.before, self.seen, self.made, self.brought, self.holders, self.noted):
            each.clear()


def exchange(one: ndarray, other: ndarray) -> None:
    """Each of two arrays gets the contents of the other."""
    kept = one.copy(order="K")
    np.copyto(one, other)
    np.copyto(other, kept)
