"""Containers as trees: nested lists, tuples, dicts and dataclasses, and the leaves in them, which are all else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .engine.errors import ArgumentError
from .engine.tensor import Tensor

CONTAINERS = (list, tuple, dict)
LEAVES = frozenset({Tensor, np.ndarray, float, int, bool, str, type(None)})  # most leaves, known at once
SAME = "Write it in the same lists, tuples, dicts and dataclasses."
FIELDS = "__dataclass_fields__"  # what the class of a dataclass instance has


def is_container(value: Any) -> bool:
    """Whether a value is a list, a tuple, a dict or an instance of a dataclass."""
    kind = type(value)
    return kind not in LEAVES and (isinstance(value, CONTAINERS) or hasattr(kind, FIELDS))


def keys(container: Any) -> Any:
    """The keys, places or field names in a container, in order."""
    if isinstance(container, dict):
        return container
    if isinstance(container, CONTAINERS):
        return range(len(container))
    from dataclasses import fields  # loaded already, if there is an instance of one

    return [each.name for each in fields(container) if hasattr(container, each.name)]


def parts(container: Any) -> Any:
    """The values in a container, in order."""
    if isinstance(container, CONTAINERS):
        return container.values() if isinstance(container, dict) else container
    return [getattr(container, name) for name in keys(container)]


def rebuilt(container: Any, values: list[Any]) -> Any:
    """A container of the same type, with these values at the same places or keys."""
    kind = type(container)
    if kind is list or kind is tuple:
        return kind(values)
    if kind is dict:
        return dict(zip(container, values))
    if isinstance(container, tuple):
        try:
            return tuple.__new__(kind, values)  # a named tuple's own constructor takes them one by one
        except TypeError:  # a class written in C
            return tuple(values)
    if not issubclass(kind, CONTAINERS):
        return dataclass_with(container, values)
    import copy  # for unusual containers only

    made = copy.copy(container)  # keeps the default of a defaultdict, and attributes
    if isinstance(container, dict):
        dict.update(made, zip(container, values))
    else:
        made[:] = values
    return made


def dataclass_with(container: Any, values: list[Any]) -> Any:
    """An instance of the same dataclass with other values in its fields; its constructor is not called.

    It has the other attributes, too, except cached properties, which may have been computed from the fields.
    """
    made = object.__new__(type(container))
    for name, value in other_attributes(container):
        object.__setattr__(made, name, value)
    for name, value in zip(keys(container), values):
        object.__setattr__(made, name, value)  # a frozen one refuses setattr
    return made


def other_attributes(container: Any) -> list[tuple[str, Any]]:
    """The attributes of a dataclass instance that are neither fields nor cached properties, with their names."""
    from functools import cached_property

    kind, own = type(container), getattr(container, "__dict__", {})
    names = [name for name in own if name not in getattr(kind, FIELDS)]
    return [(name, own[name]) for name in names if not isinstance(getattr(kind, name, None), cached_property)]


def dataclasses_in(value: Any) -> list[Any]:
    """The dataclass instances among the containers in a value."""
    if not is_container(value):
        return []
    inside = [each for part in parts(value) if type(part) not in LEAVES for each in dataclasses_in(part)]
    return inside if isinstance(value, CONTAINERS) else [value, *inside]


def leaves(value: Any) -> list[Any]:
    """The leaves in a value, in order; a value that is no container is its own leaf."""
    found, stack = [], [value]
    while stack:
        value = stack.pop()
        if type(value) in LEAVES or not is_container(value):
            found.append(value)
        else:
            stack.extend(reversed(parts(value)))
    return found


def steps(container: Any) -> list[str]:
    """How one writes the way to each value in a container: `['a']`, `[0]` or `.name`."""
    named = not isinstance(container, CONTAINERS)
    return [f".{key}" if named else f"[{key!r}]" for key in keys(container)]


def paths(value: Any, path: str = "") -> list[str]:
    """How one writes the way to each leaf.

    >>> paths({"a": [1.0, 2.0]}, "p")
    ["p['a'][0]", "p['a'][1]"]
    """
    if not is_container(value):
        return [path]
    return [leaf for step, each in zip(steps(value), parts(value)) for leaf in paths(each, path + step)]


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """The same containers, with function(leaf) in place of each leaf, called in order."""
    if not is_container(value):
        return function(value)
    return rebuilt(value, [mapped(function, each) for each in parts(value)])


def flatten(value: Any) -> tuple[list[Any], Any]:
    """(leaves, structure): the leaves in order, and the containers with None in place of each leaf.

    >>> flatten([2.0, {"a": (3.0, 4.0)}])
    ([2.0, 3.0, 4.0], [None, {'a': (None, None)}])
    """
    found: list[Any] = []
    return found, mapped(found.append, value)


def in_order_of(structure: Any, value: Any, what: str, path: str = "") -> list[Any]:
    """What stands in a value at the leaves of a structure; the keys of dicts may stand in another order.

    Raises ArgumentError, which begins with `what`, if the value has other containers.
    """
    if not is_container(structure):
        return [value]
    kind = next((each for each in CONTAINERS if isinstance(structure, each)), type(structure))
    same = isinstance(value, kind) and len(keys(value)) == len(keys(structure))
    if not same or (isinstance(value, dict) and value.keys() != structure.keys()):
        where = f"at {path}, " if path else ""
        raise ArgumentError(f"{what}: {where}{outline(structure)} is needed, but got {outline(value)}.", SAME)
    inner = [value[key] for key in structure] if isinstance(structure, dict) else parts(value)
    found = []
    for part, each, step in zip(parts(structure), inner, steps(structure)):
        found += in_order_of(part, each, what, path + step)
    return found


def outline(value: Any) -> str:
    """A few words on a container, for errors."""
    name = type(value).__name__
    name = f"an {name}" if name[0] in "aeiou" else f"a {name}"
    if isinstance(value, dict):
        return f"{name} with the keys {', '.join(map(repr, value)) or '(none)'}"
    return f"{name} of {len(keys(value))}" if is_container(value) else name


def unflatten(structure: Any, values: Iterable[Any]) -> Any:
    """The containers of a structure, with these leaves in order.

    >>> unflatten([None, {"a": (None, None)}], [1, 2, 3])
    [1, {'a': (2, 3)}]
    """
    waiting = iter(values)
    return mapped(lambda _: next(waiting), structure)
