"""Flat storage: `FlatVector`, many parameters in one vector, and which parameters may move into one."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from sys import getrefcount
from typing import Any

import numpy as np

from .errors import GraphError, UnsupportedError
from .traces import active, changes, real, seen
from .writes import Array, store


def holders(tensor: Any) -> tuple[int, int]:
    """The numbers of references to a Tensor's array, and to the array whose memory that one reads."""
    return getrefcount(tensor._array), getrefcount(tensor._array.base)


class _Alone:
    """Something that alone holds an array, and one that alone holds a view of another."""

    def __init__(self, array: Array) -> None:
        self._array = array


_one, _two = _Alone(np.empty(1)), _Alone(np.empty(1)[:])
ALONE, ALONE_WITH_BASE = holders(_one)[0], holders(_two)[1]


def is_shared(parameter: Any) -> bool:
    """Whether anything else holds a parameter's memory. If the parameter moved, the two would come apart."""
    own, base = holders(parameter)
    return own > ALONE or (parameter._array.base is not None and base > ALONE_WITH_BASE)


def memory_of(parameter: Any) -> Array:
    """The values of a parameter that must stay where it is, as a vector."""
    array: Array = parameter._array
    flat = array.ravel(order="K")
    if array.size and not np.may_share_memory(flat, array):
        raise UnsupportedError(
            f"A parameter of shape {array.shape} shares its memory with something else (an array or view that somebody "
            "holds, or a graph that is still alive), and has gaps in it; an optimizer would take them apart.",
            "Write Parameter(array.copy()) for memory of its own.",
        )
    return flat


def layout(array: Array) -> tuple[int, ...] | None:
    """The axes from the longest stride to the shortest, if that is not their own order."""
    return None if array.flags.c_contiguous else tuple(np.argsort([-step for step in array.strides], kind="stable"))


class FlatVector:
    """Several parameters of one dtype, each a view of a part of one vector, `values`.

    A parameter moves in once and stays. `gather` brings the gradients into a vector of their own, `gradients`, which no
    user ever holds: a gradient that was read stays the user's Tensor, and is copied.
    """

    __slots__ = ("values", "gradients", "offsets", "shapes", "layouts", "_places", "_claims", "__weakref__")

    def __init__(self, parameters: Iterable[Any], values: Array | None = None) -> None:
        parameters = list(parameters)
        self.shapes = [p.shape for p in parameters]
        # What moves in is laid out row by row. What stays where it is keeps its layout.
        self.layouts = [None if values is None else layout(p._array) for p in parameters]
        self.offsets = [0, *itertools.accumulate(p.size for p in parameters)]
        self.values: Array = np.empty(self.offsets[-1], parameters[0].dtype) if values is None else values
        self.gradients = np.empty_like(self.values)
        self._places = [
            (self.part(self.gradients, slot), *self.offsets[slot : slot + 2]) for slot in range(len(parameters))
        ]
        self._claims: dict[int, Any] = {}  # by slot: the sweep that is writing a gradient there
        for slot, p in enumerate(parameters):
            p._flat, p._slot = self, slot
            if values is None:
                changes.note()
                view = self.part(self.values, slot)
                view[...] = p._array
                p._array = view

    def part(self, vector: Array, slot: int) -> Array:
        """The view of `vector` that is a parameter's, in its shape and layout."""
        flat, shape, order = vector[self.offsets[slot] : self.offsets[slot + 1]], self.shapes[slot], self.layouts[slot]
        if order is None:
            return flat.reshape(shape)
        return flat.reshape([shape[i] for i in order]).transpose(np.argsort(order))

    def claimed(self, slot: int, claims: Any) -> Array | None:
        """The place of a gradient, entered among the claims of a sweep; None if it is another's, or is not row by row.

        A claim holds until it is released. So two sweeps at the same time never write to the same place.
        """
        if self.layouts[slot] is not None or self._claims.setdefault(slot, claims) is not claims:
            return None
        claims.append((self, slot))
        place: Array = self._places[slot][0]
        return place

    def release(self, slot: int) -> None:
        """End the claim of a sweep."""
        self._claims.pop(slot, None)

    def gather(self, parameters: Iterable[Any]) -> Iterator[slice]:
        """Bring the gradients of `parameters` into the vector; give the contiguous stretches that they fill.

        `parameters` stand in the order of the vector. Those without a gradient are left out.
        """
        start = stop = 0
        for p in parameters:
            if active:
                seen(p)
            gradient = p._grad
            if gradient is not None:
                if getattr(p, "_flat", None) is not self:
                    raise GraphError(
                        f"A parameter of shape {p.shape} has moved since the optimizer was made, by to(dtype).",
                        "Make the optimizer after to(dtype).",
                    )
                place, first, last = self._places[p._slot]
                if gradient is place or (active and real(gradient) is place):
                    pass
                elif gradient.__class__ is np.ndarray:
                    if active:
                        store(place, gradient)
                    else:
                        place[...] = gradient  # which takes half the time of a call
                    p._grad = place
                else:
                    store(place, gradient._array)
                if first != stop:
                    if start != stop:
                        yield slice(start, stop)
                    start = first
                stop = last
        if start != stop:
            yield slice(start, stop)


def move_in(parameters: Iterable[Any]) -> None:
    """Give each parameter a place in a flat vector, if it has none: new ones move into one vector per dtype.

    A parameter stays where it is, as a flat vector of its own, if its memory is shared: with an array that it was made
    of, with `p.numpy()`, with a tied parameter. Moving it would take them apart.
    """
    staying: list[tuple[Any, Array]] = []
    moving: dict[Any, list[Any]] = {}
    for p in parameters:
        if not hasattr(p, "_flat"):
            if is_shared(p):
                staying.append((p, memory_of(p)))
            else:
                moving.setdefault(p.dtype, []).append(p)
    for p, vector in staying:
        FlatVector([p], vector)
    for together in moving.values():
        FlatVector(together)


def give_dtype(tensor: Any, dtype: Any) -> None:
    """Give a leaf values of another dtype, in memory of its own: it leaves its flat vector."""
    if tensor.dtype == dtype:
        return
    changes.note()
    array, gradient, node = tensor._array.astype(dtype), tensor.grad, tensor._node
    if hasattr(tensor, "_flat"):
        del tensor._flat, tensor._slot
    tensor._node, tensor._array = None, array
    tensor._node_before = None
    if node is not None:
        tensor.requires_grad = True
    if gradient is not None:
        tensor.grad = gradient.detach().astype(dtype)


def count_of(parameters: Iterable[Any]) -> str:
    """How many numbers parameters hold, for reprs: "1 parameter", "1,024 parameters"."""
    count = sum(p.size for p in parameters)
    return f"{count:,} parameter{'s' * (count != 1)}"


def __getattr__(name: str) -> Any:
    """`Matrix`, which pickles of earlier versions look for here."""
    if name != "Matrix":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ..network.matrix import Matrix

    return Matrix
