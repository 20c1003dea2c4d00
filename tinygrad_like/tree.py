"""Containers as trees: nested lists, tuples and dicts, and the leaves in them, which are everything else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

CONTAINERS = (list, tuple, dict)


def parts(container: Any) -> Any:
    """The values in a container, in order."""
    return container.values() if isinstance(container, dict) else container


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
    import copy  # for unusual containers only

    made = copy.copy(container)  # keeps the default of a defaultdict, and attributes
    if isinstance(container, dict):
        dict.update(made, zip(container, values))
    else:
        made[:] = values
    return made


def leaves(value: Any) -> list[Any]:
    """The leaves in a value, in order; a value that is no container is its own leaf."""
    found, stack = [], [value]
    while stack:
        value = stack.pop()
        if isinstance(value, CONTAINERS):
            stack.extend(reversed(parts(value)))
        else:
            found.append(value)
    return found


def mapped(function: Callable[[Any], Any], value: Any) -> Any:
    """The same containers, with function(leaf) in place of each leaf, called in order."""
    if not isinstance(value, CONTAINERS):
        return function(value)
    return rebuilt(value, [mapped(function, each) for each in parts(value)])


def flatten(value: Any) -> tuple[list[Any], Any]:
    """(leaves, structure): the leaves in order, and the containers with None in place of each leaf.

    >>> flatten([2.0, {"a": (3.0, 4.0)}])
    ([2.0, 3.0, 4.0], [None, {'a': (None, None)}])
    """
    found: list[Any] = []
    return found, mapped(found.append, value)


def in_order_of(structure: Any, value: Any) -> list[Any]:
    """The leaves of a value of an equal structure, of which the keys may stand in another order."""
    if not isinstance(structure, CONTAINERS):
        return [value]
    inner = [value[key] for key in structure] if isinstance(structure, dict) else value
    return [leaf for part, each in zip(parts(structure), inner) for leaf in in_order_of(part, each)]


def unflatten(structure: Any, values: Iterable[Any]) -> Any:
    """The containers of a structure, with these leaves in order.

    >>> unflatten([None, {"a": (None, None)}], [1, 2, 3])
    [1, {'a': (2, 3)}]
    """
    waiting = iter(values)
    return mapped(lambda _: next(waiting), structure)
