"""What a primitive is called with, sorted into array arguments and options."""

from __future__ import annotations

from collections.abc import Container
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import UnsupportedError, lost_graph
from .recording import recording
from .tensor import Tensor

if TYPE_CHECKING:
    from .primitive import Primitive

Bound = tuple[tuple[Any, ...], dict[str, Any]]
USE = "Apply that option as a separate step, or leave the graph with t.numpy()."
# Options of these types are sorted once for each combination of values, if these are few.
SIMPLE = frozenset({int, bool, type(None), str})
MOST = 100


def bound(primitive: Primitive, args: tuple[Any, ...], options: dict[str, Any]) -> Bound:
    """The array arguments, and all options in their places."""
    extra = args[primitive.arity :]
    # With the types, since True is equal to 1.
    key = *extra, *options.items(), *map(type, extra), *map(type, options.values())
    try:
        known = primitive.sorted_before.get(key)
    except TypeError:  # a list or an array has no hash
        return sort(primitive, args, options)
    if known is not None:
        return args[: primitive.arity], known
    arrays, every = sort(primitive, args, options)
    if SIMPLE.issuperset(map(type, (*extra, *options.values()))) and len(primitive.sorted_before) < MOST:
        primitive.sorted_before[key] = every
    return arrays, every


def sort(primitive: Primitive, args: tuple[Any, ...], options: dict[str, Any]) -> Bound:
    """Sort what was given by position and by name into array arguments and options."""
    arrays, extra = list(args[: primitive.arity]), args[primitive.arity :]
    check_count(primitive.name, len(args), primitive.arity + primitive.positional)
    every = dict(primitive.defaults)
    every.update(zip(primitive.defaults, extra))
    by_name = list(takewhile(options.__contains__, primitive.args[len(arrays) :]))
    arrays += [options[name] for name in by_name]
    every |= known_options(primitive.name, {name: v for name, v in options.items() if name not in by_name}, every)
    return tuple(arrays), {name: plain_option(value) for name, value in every.items()}


def plain_option(value: Any) -> Any:
    """An option without a Tensor, and copied where its owner could still write to it."""
    if isinstance(value, Tensor):
        if value._node is not None and recording.get():
            raise lost_graph("Giving it as an option")
        return value._array
    return value.copy() if isinstance(value, (list, np.ndarray)) else value


def check_count(name: str, count: int, most: int) -> None:
    if count > most:
        raise UnsupportedError(f"{name} of a Tensor takes {most} arguments by position.", USE)


def known_options(name: str, options: dict[str, Any], known: Container[str]) -> dict[str, Any]:
    """Those of the options that are known and given; an error for another that is given a value."""
    given = {each: value for each, value in options.items() if value is not np._NoValue}
    for each, value in given.items():
        if each not in known and value is not None:
            raise UnsupportedError(f"{name} of a Tensor does not take {each}={value!r}.", USE)
    return {each: value for each, value in given.items() if each in known}
