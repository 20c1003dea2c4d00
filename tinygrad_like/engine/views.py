"""Tensors that share memory, and writing values into them that are recorded.

A recorded write makes a Tensor the result of an operation, `setitem`. Its old memory stays as it was, for whatever the
graph saved of it. The Tensor moves to a copy, and with it every other that shares its memory: so a view, and what it
views, show the same values ever after, as in NumPy, and the gradient flows through all of them.
"""

from __future__ import annotations

from _thread import RLock
from collections.abc import Iterable
from typing import Any
from weakref import ref

import numpy as np

from . import operators
from .assigning import assign
from .errors import DTypeError, GraphError, ShapeError, UnsupportedError
from .node import is_users_leaf
from .recording import recording, transform_depth
from .storage import is_shared
from .tensor import Tensor, values_of
from .traces import lifted, real, whole
from .writes import Array, across_forks, base_of

# Two threads that make the first views of a Tensor find one family. Reentrant, for what a garbage collection calls.
joining = across_forks(RLock())


def join_views(args: Iterable[Any], result: Tensor) -> None:
    """Remember that a result shares its memory with an operand, if it does; of a number it is a copy."""
    memory = base_of(result._array)
    for each in args:
        if not isinstance(each, Tensor) or base_of(each._array) is not memory:
            continue
        if not is_number(each):
            join(each, result)
        elif result._array.flags.writeable:
            result._array = result._array.copy()


def join(one: Tensor, other: Tensor) -> None:
    """Two Tensors share their memory: all that share it are in one set, weakly."""
    with joining:
        family = getattr(one, "_family", None)
        if family is None:
            family = one._family = set()
            family.add(ref(one, family.discard))
    family.add(ref(other, family.discard))
    other._family = family


def family_of(tensor: Tensor) -> list[Tensor]:
    """The living Tensors that share memory with this one, which comes first."""
    others = (each() for each in getattr(tensor, "_family", set()).copy())
    memory = base_of(tensor._array)
    alive = [t for t in others if t is not None and t is not tensor and base_of(t._array) is memory]
    return [tensor, *(alive if len(alive) < 2 else sorted(alive, key=order_of))]


def order_of(tensor: Tensor) -> Any:
    """By what a family is sorted, so that each trace of a function finds the same order."""
    array = real(tensor._array)
    index = 0 if tensor._node is None else tensor._node.index
    return index, array.__array_interface__["data"][0], array.shape, array.strides


def is_number(tensor: Tensor) -> bool:
    """Whether this is a result that in NumPy is a number, of which what is reshaped is a copy.

    It is taken for one if it has no axes, and its memory to itself; what is not recorded, inside a transform alone.
    """
    if tensor._array.ndim:
        return False
    node = tensor._node
    if node is None:
        if type(tensor) is not Tensor or not transform_depth.get():
            return False
    elif is_users_leaf(node) or is_input(node):
        return False
    return len(family_of(tensor)) == 1


def is_input(node: Any) -> bool:
    """Whether this is the place of an input of a function that is being differentiated."""
    if node is None:
        return False
    if node.primitive is not None:
        return node.primitive is operators.movement.alias
    return node.owner is None and not node.is_result


def write(target: Tensor, index: Any, value: Any) -> None:
    """`target[index] = value`: recorded, where that or what it overwrites is."""
    value = joined(value)
    if is_there(target, index, value):
        return
    on = recording.get()
    if on and (needs_record(target) or (isinstance(value, Tensor) and value._node is not None)):
        update(target, index, value)
        return
    if on and target._node is None and transform_depth.get() and is_shared(target):
        # What the graph saved of the old values stays as it is.
        family = family_of(target)
        for each in family:
            check_can_change(each, target)
        move(family)
    assign(target, value, index)


def joined(value: Any) -> Any:
    """Nested lists and tuples with Tensors as one Tensor; anything else as it is."""
    if not isinstance(value, (list, tuple)):
        return value
    parts = [joined(each) for each in value]
    return operators.movement.stack_(*parts) if any(isinstance(each, Tensor) for each in parts) else value


def is_there(target: Tensor, index: Any, value: Any) -> bool:
    """Whether the value is itself what stands at this index: the end of `t[index] += x`."""
    if not isinstance(value, Tensor) or base_of(value._array) is not base_of(target._array):
        return False
    if value._node is None and target._node is not None:  # t[index] = t[index].detach()
        return False
    place = real(target._array[operators.indexing.plain_index(index)]).__array_interface__
    here = real(value._array).__array_interface__
    return all(place[each] == here[each] for each in ("data", "shape", "strides"))


def needs_record(target: Tensor) -> bool:
    return target._node is not None and not is_users_leaf(target._node)


def update(target: Tensor, index: Any, value: Any, is_new: bool = False) -> None:
    """`target[index] = value`, recorded, for all Tensors that share the memory of `target`.

    A value that `is_new`, which nobody else has, may take the place of the whole target. Raises GraphError if one of
    these is a leaf or the input of a transform, ShapeError or DTypeError if the value does not fit, UnsupportedError
    for memory that cannot be written to; nothing is changed then.
    """
    family = family_of(target)
    for each in family:
        check_can_change(each, target)
    index = operators.indexing.plain_index(index)
    value = fitting(target, index, value)
    whole = is_new and value.shape == target.shape and value.dtype == target.dtype
    written = value if whole else operators.indexing.setitem.apply((target, value), {"index": index})
    if len(family) == 1:
        target._array = written._array
        put(target, written._node)
    else:
        update_all(family, index, value, written._node)


def check_can_change(tensor: Tensor, target: Tensor) -> None:
    """An error if `tensor`, which shares memory with the `target` of a write, must keep its values."""
    if not target._array.flags.writeable:
        raise UnsupportedError("This Tensor cannot be written to: its memory is read-only.", "Write t.copy().")
    if not is_users_leaf(tensor._node) and not is_input(tensor._node):
        return
    what = "A leaf" if is_users_leaf(tensor._node) else "The input of a function that is being differentiated"
    shared = "" if tensor is target else ", whose memory this Tensor shares,"
    raise GraphError(
        f"{what}{shared} cannot be written to while operations are recorded.",
        "Write to a copy: x = x.copy(); or build the new value with np.where, np.stack or np.concatenate.",
    )


def fitting(target: Tensor, index: Any, value: Any) -> Any:
    """The value as a Tensor or an array that broadcasts to `target[index]`."""
    value = value if isinstance(value, Tensor) else Tensor(value)
    if not np.can_cast(value.dtype, target.dtype, "same_kind"):
        raise DTypeError(f"A Tensor of dtype {target.dtype} cannot take values of {value.dtype}.")
    known = tuple(map(real, index)) if isinstance(index, tuple) else real(index)
    place = np.broadcast_to(np.int8(0), target.shape)[known].shape
    if operators.indexing.is_traced_mask(index):
        place = ()
    extra = value.ndim - len(place)
    shape = value.shape
    if extra > 0 and all(n == 1 for n in shape[:extra]):
        value, shape = value.reshape(shape[extra:]), shape[extra:]
    fits = len(shape) <= len(place) and all(a in (1, b) for a, b in zip(shape[::-1], place[::-1]))
    if not fits:
        raise ShapeError(f"Values of shape {shape} cannot be written to where the shape is {place}.")
    return value


def update_all(family: list[Tensor], index: Any, value: Tensor, node: Any) -> None:
    """Write into the memory of a whole family, whose first member gets this node."""
    target = family[0]
    memory = base_of(target._array)
    # Where in the value each element of the memory comes from; -1, if from nowhere.
    source = np.full(memory.size, -1)
    alike(target._array, memory, source)[index] = np.arange(value.size).reshape(value.shape)
    places = [node, *(node_after(each, alike(each._array, memory, source), value) for each in family[1:])]
    move(family)
    target._array[index] = values_of(value)
    for each, place in zip(family, places):
        put(each, place)


def put(tensor: Tensor, node: Any) -> None:
    """Give a Tensor its new place in the graph; if it keeps its gradient (`retain_grad`), that of its new values."""
    old, tensor._node = tensor._node, node
    if old is not None and old.owner is not None and old is not node:
        old.owner = None
        if node is not None:
            node.owner = ref(tensor)


def node_after(tensor: Tensor, source: Array, value: Tensor) -> Any:
    """The place in the graph of a Tensor, of which some elements come from a value that was written."""
    reached = source >= 0
    if not reached.any():
        return tensor._node
    index = box_of(reached)
    numbers = source[index]
    whole = numbers.size == value.size and np.array_equal(numbers.ravel(), np.arange(value.size))
    if not whole:
        value = value.reshape(-1)[numbers]
    elif value.shape != numbers.shape:
        value = value.reshape(numbers.shape)
    return operators.indexing.setitem(tensor, value, index=index)._node


def box_of(mask: Array) -> Any:
    """The slices that select what a mask does, if there are such slices; else the mask."""
    slices = []
    for axis in range(mask.ndim):
        found = np.flatnonzero(mask.any(axis=tuple(i for i in range(mask.ndim) if i != axis)))
        step = int(found[1] - found[0]) if found.size > 1 else 1
        slices.append(slice(int(found[0]), int(found[-1]) + 1, step))
    index = tuple(slices)
    return index if mask[index].all() and mask[index].size == mask.sum() else mask


def move(family: list[Tensor]) -> None:
    """Give Tensors that share memory a copy of it, which they share again."""
    old = base_of(family[0]._array)
    if not old.flags.forc:
        raise UnsupportedError("This Tensor shares memory that has gaps in it.", "Write to a copy: t.copy().")
    new = lifted(old).copy(order="K").ravel(order="K")
    for each in family:
        moved = alike(each._array, old, new)
        moved.flags.writeable = each._array.flags.writeable
        each._array = moved


def alike(array: Array, memory: Array, flat: Array) -> Array:
    """The view of `flat` that `array` is of its own memory, element by element."""
    start = real(array).__array_interface__["data"][0] - real(memory).__array_interface__["data"][0]
    strides = [step // memory.itemsize * flat.itemsize for step in array.strides]
    look = part_of if real(flat) is not flat else view_of
    return look(flat, array.shape, start // memory.itemsize * flat.itemsize, strides)


def view_of(flat: Array, shape: tuple[int, ...], start: int, strides: list[int]) -> Array:
    """A view of memory, laid out like this."""
    return np.ndarray(shape, flat.dtype, flat, start, strides)


part_of = whole(view_of)
