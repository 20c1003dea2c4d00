"""What layers and optimizers hold besides the contents of Tensors: settings and modes, which decide the way."""

from __future__ import annotations

from typing import Any

PLAIN = (int, float, str, bytes, type(None))


def state_of(holders: dict[int, Any]) -> tuple[Any, ...]:
    """What decides the way of these layers and optimizers; equal as long as that is the same."""
    return tuple(described(each) for each in holders.values())


def described(holder: Any) -> Any:
    groups = getattr(holder, "param_groups", None)
    if groups is not None:
        return tuple((*sorted(group.active), *map(outline, group.others.values())) for group in groups)
    return tuple((name, outline(value)) for name, value in getattr(holder, "__dict__", {}).items())


def outline(value: Any) -> Any:
    """A setting by its value; a Tensor by which memory it has; anything else by which object it is."""
    if isinstance(value, PLAIN):
        return value
    if type(value) is tuple:
        return tuple(map(outline, value))
    array = getattr(value, "_array", None)
    if array is not None:
        return id(value), id(array), value._node is None
    return id(value)
