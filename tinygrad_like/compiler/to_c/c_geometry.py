"""Where the elements of values lie: broadcasting and indexing, as strides."""

from __future__ import annotations

import operator
from typing import Any

from ..tracing.program import Value
from .c_operations import Access, Gather, Index


def access(value: Value, shape: tuple[int, ...] | None = None) -> Access:
    """The elements of a value, broadcast to a shape."""
    strides = value.strides if shape is None else broadcast(value, shape)
    return Access(value.memory, value.dtype, value.offset, strides)


def broadcast(value: Value, shape: tuple[int, ...]) -> tuple[int, ...]:
    missing = len(shape) - len(value.shape)
    if missing < 0:  # axes of length 1 in front, which NumPy leaves out when it stores
        return tuple(value.strides[-missing:])
    own = (0 if n == 1 else stride for n, stride in zip(value.shape, value.strides))
    return (*(0 for _ in range(missing)), *own)


def row_major(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """The strides of an array whose elements lie row by row."""
    strides, step = [], itemsize
    for n in reversed(shape):
        strides.append(step)
        step *= n
    return tuple(reversed(strides))


def indexed(value: Value, index: Any) -> tuple[tuple[int, ...], Access | Gather] | None:
    """The shape and the place of `value[index]`: an Access if it is a view. None if it cannot be told, as of masks."""
    parts = list(index) if isinstance(index, tuple) else [index]
    if any(not simple(each) for each in parts):
        return None
    if Ellipsis not in (each for each in parts if not isinstance(each, Value)):
        parts.append(Ellipsis)
    used = sum(each is not None and each is not Ellipsis for each in parts)
    where = next(i for i, each in enumerate(parts) if each is Ellipsis)
    parts[where : where + 1] = [slice(None)] * (len(value.shape) - used)
    arrays = [each for each in parts if isinstance(each, Value)]
    # Beside an array of integers, a number is one, too.
    return gathered(value, parts) if arrays else sliced(value, parts)


def simple(part: Any) -> bool:
    if isinstance(part, Value):
        return part.dtype.kind in "iu"
    if isinstance(part, slice):
        return not any(isinstance(each, Value) for each in (part.start, part.stop, part.step))
    return part is None or part is Ellipsis or (hasattr(part, "__index__") and not isinstance(part, bool))


def sliced(value: Value, parts: list[Any]) -> tuple[tuple[int, ...], Access]:
    shape, strides, offset, axis = [], [], value.offset, 0
    for each in parts:
        if each is None:
            shape.append(1)
            strides.append(0)
            continue
        n, stride = value.shape[axis], value.strides[axis]
        axis += 1
        if isinstance(each, slice):
            start, stop, step = each.indices(n)
            length = len(range(start, stop, step))
            offset += start * stride if length else 0
            shape.append(length)
            strides.append(stride * step)
        else:
            number = operator.index(each)
            offset += (number + n if number < 0 else number) * stride
    return tuple(shape), Access(value.memory, value.dtype, offset, tuple(strides))


def gathered(value: Value, parts: list[Any]) -> tuple[tuple[int, ...], Gather] | None:
    """`value[parts]` where some parts are arrays of integers; they must stand side by side."""
    places = [
        i for i, each in enumerate(parts) if isinstance(each, Value) or not (each is None or isinstance(each, slice))
    ]
    if any(not isinstance(parts[i], Value) for i in places) or places[-1] - places[0] != len(places) - 1:
        return None
    shape = broadcast_shape([parts[i].shape for i in places])
    axis = places[0] - sum(each is None for each in parts[: places[0]])
    basic = parts[: places[0]] + [slice(0, 1)] * len(places) + parts[places[-1] + 1 :]
    outer, around = sliced(value, basic)
    full = (*outer[: places[0]], *shape, *outer[places[-1] + 1 :])
    before, after = (0,) * places[0], (0,) * (len(outer) - places[-1] - 1)
    indices = []
    for i, place in enumerate(places):
        one = access(parts[place], shape)
        own = Access(one.memory, one.dtype, one.offset, (*before, *one.strides, *after))
        indices.append(Index(own, value.shape[axis + i], value.strides[axis + i], axis + i))
    strides = (*around.strides[: places[0]], *(0,) * len(shape), *around.strides[places[-1] + 1 :])
    start = Access(value.memory, value.dtype, around.offset, strides)
    return full, Gather(start, tuple(indices), access(value).span(value.shape))


def broadcast_shape(shapes: list[tuple[int, ...]]) -> tuple[int, ...]:
    width = max(map(len, shapes))
    padded = [(1,) * (width - len(each)) + each for each in shapes]
    return tuple(next((n for n in lengths if n != 1), 1) for lengths in zip(*padded))
