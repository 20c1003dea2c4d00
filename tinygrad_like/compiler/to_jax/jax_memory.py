"""Memory that a program writes to, for JAX, whose arrays never change: each is one flat array, made anew by a write."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

from ...engine.errors import TraceError
from ..tracing.program import Memory, Value
from .jax_loading import jax


@dataclass
class Layout:
    """Where the elements of a value stand in the flat array of its memory.

    `axes` are those of the value along which elements differ, in the order in which they are stored. The elements are
    one block, or else the `slices` of an array of shape `whole`, or else they stand at the `places`.
    """

    axes: list[int]
    start: int
    whole: tuple[int, ...] = ()
    slices: tuple[Any, ...] | None = None
    places: Any = None


def layout_of(value: Value, whole: tuple[int, ...], dtype: Any) -> Layout:
    """`whole` is the shape of all of the memory, its axes in the order in which they are stored."""
    if value.dtype != dtype:
        raise TraceError(
            f"Memory of {dtype} is written to, and also seen as {value.dtype}, which JAX cannot do.",
            "Copy the view first: x.view(dtype).copy().",
        )
    unit = value.dtype.itemsize
    steps = [stride // unit for stride in value.strides]
    axes = [k for k, n in enumerate(value.shape) if n > 1 and steps[k]]
    axes.sort(key=lambda k: -abs(steps[k]))
    start, block = value.offset // unit, 1
    for k in reversed(axes):
        if steps[k] != block:
            return layout_in_pieces(value, steps, axes, whole)
        block *= value.shape[k]
    return Layout(axes, start)


def layout_in_pieces(value: Value, steps: list[int], axes: list[int], whole: tuple[int, ...]) -> Layout:
    """The layout of a value that is no block."""
    start, rest = value.offset // value.dtype.itemsize, value.offset // value.dtype.itemsize
    slices: list[Any] = []
    order, waiting = [], list(axes)
    for j, n in enumerate(whole):
        unit = prod(whole[j + 1 :])
        first, rest = divmod(rest, unit)
        found = next((k for k in waiting if fits(steps[k], unit, first, value.shape[k], n)), None)
        if found is None:
            slices.append(first)
            continue
        waiting.remove(found)
        order.append(found)
        step = steps[found] // unit
        stop = first + step * value.shape[found]
        slices.append(slice(first, None if stop < 0 else stop, step))
    if not waiting:
        return Layout(order, start, whole, tuple(slices))
    places = np.full([value.shape[k] for k in axes], start)
    for i, k in enumerate(axes):
        places += (np.arange(value.shape[k]) * steps[k]).reshape(-1, *[1] * (len(axes) - i - 1))
    return Layout(axes, start, places=places)


def fits(step: int, unit: int, first: int, count: int, n: int) -> bool:
    """Whether so many steps, from the first on, stay on an axis of n elements that are a unit apart."""
    return step % unit == 0 and 0 <= first + step // unit * (count - 1) < n


class Store:
    """The flat arrays of the memories that are written to."""

    def __init__(self, shapes: dict[Memory, tuple[int, ...]], flats: dict[Memory, Any]) -> None:
        self.shapes, self.flats = shapes, flats

    def read(self, value: Value) -> Any:
        """The value as it is now."""
        numpy, flat = jax().numpy, self.flats[value.memory]
        if value.size == 0:
            return numpy.zeros(value.shape, value.dtype)
        whole = self.shapes[value.memory]
        if value.memory.dtype.kind == "c" and value.dtype.kind == "f":  # seen as real and imaginary parts
            flat, whole = numpy.stack([flat.real, flat.imag], axis=-1).reshape(-1), (*whole, 2)
        layout = layout_of(value, whole, flat.dtype)
        sizes = [value.shape[k] for k in layout.axes]
        if layout.places is not None:
            found = flat[layout.places]
        elif layout.slices is not None:
            found = flat.reshape(layout.whole)[layout.slices]
        else:
            found = flat[layout.start : layout.start + prod(sizes)].reshape(sizes)
        found = found.transpose(np.argsort(layout.axes))
        single = [n if k in layout.axes else 1 for k, n in enumerate(value.shape)]
        return numpy.broadcast_to(found.reshape(single), value.shape)

    def write(self, value: Value, array: Any) -> None:
        """Put an array of the value's shape and dtype in its place."""
        if value.size == 0:
            self.flats.setdefault(value.memory, self.empty(value.memory))
            return
        layout = layout_of(value, self.shapes[value.memory], value.memory.dtype)
        kept = sorted(layout.axes)
        if prod(value.shape[k] for k in kept) != value.size:
            array = array[tuple(slice(None) if k in kept else slice(1) for k in range(array.ndim))]
        array = array.reshape([value.shape[k] for k in kept]).transpose([kept.index(k) for k in layout.axes])
        self.flats[value.memory] = self.changed(value.memory, layout, array)

    def changed(self, memory: Memory, layout: Layout, array: Any) -> Any:
        if layout.slices is None and layout.places is None and array.size == prod(self.shapes[memory]):
            return array.reshape(-1)
        flat = self.flats.get(memory)
        if flat is None:
            flat = self.empty(memory)
        if layout.places is not None:
            return flat.at[layout.places].set(array)
        if layout.slices is not None:
            return flat.reshape(layout.whole).at[layout.slices].set(array).reshape(-1)
        return jax().lax.dynamic_update_slice(flat, array.reshape(-1), (layout.start,))

    def empty(self, memory: Memory) -> Any:
        return jax().numpy.zeros(prod(self.shapes[memory]), memory.dtype)


def shapes_of(values: list[Value]) -> dict[Memory, tuple[int, ...]]:
    """The shape of each memory, its axes in the order in which they are stored; where it is not known, it is flat."""
    shapes: dict[Memory, tuple[int, ...]] = {}
    for each in values:
        memory = each.memory
        if memory.array is not None and memory not in shapes and memory.array.dtype == memory.dtype:
            stored = np.argsort([-abs(stride) for stride in memory.array.strides], kind="stable")
            shapes[memory] = tuple(memory.array.shape[k] for k in stored)
        elif memory not in shapes and each.dtype == memory.dtype and each.size * each.dtype.itemsize == memory.size:
            layout = layout_of(each, (), each.dtype)
            if layout.places is None and layout.slices is None:
                shapes[memory] = tuple(each.shape[k] for k in layout.axes)
    for each in values:
        shapes.setdefault(each.memory, (each.memory.size // max(1, each.memory.dtype.itemsize),))
    return shapes
