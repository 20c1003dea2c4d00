"""Copies and pickles of Tensors: what goes along, and what would be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import lost_graph
from .node import leaf_node
from .recording import recording, transform_depth
from .writes import Array

if TYPE_CHECKING:
    from .tensor import Tensor


class Copying:
    """What `copy`, `deepcopy` and `pickle` do with a Tensor.

    A copy of what is recorded, be it a result or the input of a function that is being differentiated, is recorded:
    the gradient flows through it. A leaf of the user's becomes a leaf of its own, with the same gradient. Attributes
    that a subclass adds go along; its `__getstate__` may choose. A pickle keeps the value only; inside a function that
    is being differentiated, that would lose a gradient, and is refused.
    """

    __slots__ = ()

    def __copy__(self: Any) -> Any:
        copied = copy_of_recorded(self) if is_recorded(self) else copy_of_leaf(self)
        restore(copied, self.__getstate__())
        return copied

    def __deepcopy__(self: Any, memo: dict[int, Any]) -> Any:
        from copy import deepcopy  # loaded already by whoever calls this

        copied = memo[id(self)] = copy_of_recorded(self) if is_recorded(self) else copy_of_leaf(self)
        restore(copied, deepcopy(self.__getstate__(), memo))
        return copied

    def __getstate__(self: Any) -> Any:
        return own_attributes(self)

    def __reduce__(self: Any) -> tuple[Any, ...]:
        if is_recorded(self) and transform_depth.get() and recording.get():
            raise lost_graph("Pickling")
        needs = self._node is not None and self.is_leaf
        arguments = type(self), self._array, needs, self.name
        state = self.__getstate__()
        return (_rebuild, arguments, state, None, None, restore) if state else (_rebuild, arguments)


def is_recorded(tensor: Any) -> bool:
    """Whether a Tensor is in a graph, other than as a leaf that a user owns."""
    node = tensor._node
    return node is not None and (node.primitive is not None or node.owner is None)


def copy_of_recorded(tensor: Any) -> Any:
    """A copy through which the gradient flows; also of a parameter that stands for another value for a while."""
    result = tensor.copy()
    return shell(type(tensor), result._array, result._node, tensor.name)


def copy_of_leaf(tensor: Any) -> Any:
    copied = _rebuild(type(tensor), tensor._array, tensor._node is not None, tensor.name)
    if tensor._grad is not None:
        copied.grad = tensor.grad.detach()
    return copied


def own_attributes(tensor: Any) -> dict[str, Any]:
    """The attributes that a subclass added, in its `__dict__` or in slots."""
    state = dict(getattr(tensor, "__dict__", ()))
    for kind in type(tensor).__mro__:
        if kind.__module__ == __package__ + ".tensor":
            break
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name.startswith("__") and not name.endswith("__"):
                name = f"_{kind.__name__.lstrip('_')}{name}"
            if name not in ("__dict__", "__weakref__") and hasattr(tensor, name):
                state.setdefault(name, getattr(tensor, name))
    return state


def restore(tensor: Any, state: Any) -> None:
    if not state:
        return
    if hasattr(tensor, "__setstate__"):
        tensor.__setstate__(state)
        return
    for name, value in state.items():
        object.__setattr__(tensor, name, value)


def shell(kind: type[Tensor], array: Array, node: Any, name: str | None) -> Any:
    """A Tensor of a subclass, made without its constructor."""
    tensor: Any = object.__new__(kind)
    tensor._array, tensor._node, tensor._grad, tensor.name = array, node, None, name
    return tensor


def _rebuild(kind: type[Tensor], data: Array, requires_grad: bool, name: str | None) -> Tensor:
    # A copy, since the unpickler holds `data` for a while: an optimizer would take it for shared memory.
    tensor = shell(kind, data.copy(), None, name)
    if requires_grad:
        tensor._node = leaf_node(tensor._array, tensor)
    return tensor
