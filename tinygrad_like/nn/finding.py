"""Where parameters and layers are found: `walk`, and `Holder`, the objects whose attributes it looks into."""

from __future__ import annotations

import sys
from collections import ChainMap, UserDict, UserList, deque
from collections.abc import Iterator
from functools import partial
from types import MappingProxyType, MemberDescriptorType, MethodType, SimpleNamespace
from typing import Any

import numpy as np

from ..engine.copying import own_attributes
from ..engine.errors import ArgumentError
from ..engine.tensor import Tensor

# They hold no parameters: plain values, and objects of these packages.
ATOMS = frozenset({int, float, complex, bool, str, type(None)})
# Others could load what they hold only when it is read, such as data sets; they are looked at as objects.
MAPPINGS = (dict, MappingProxyType, UserDict, ChainMap)
SEQUENCES = (list, tuple, deque, UserList)
BASES = {__name__, f"{__package__}.state", f"{__package__}.layer"}  # of the base classes, which keep nothing
NOT_USERS = sys.stdlib_module_names | {"numpy"}


class Holder:
    """What keeps parameters in its attributes; `Layer` is one."""

    def _named_parts(self) -> Iterator[tuple[str, Any]]:
        """(name, part) pairs of what is kept here, as the names of states have it: Tensors first, as in PyTorch."""
        return iter(sorted(parts(self), key=lambda each: not isinstance(each[1], Tensor)))


class Visitor:
    """What works on the parameters of others: an optimizer or a schedule. What it keeps is no part of a model."""


class Parameter(Tensor):
    """A Tensor that a Layer owns and an optimizer trains; it requires a gradient.

    Raises DTypeError for a dtype that is not floating-point, if it is to require a gradient.

    >>> Parameter([1.0, 2.0])
    Tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = True, name: str | None = None) -> None:
        super().__init__(data, dtype, requires_grad, name)


def is_parameter(value: Any) -> bool:
    return isinstance(value, Parameter) or (isinstance(value, Tensor) and value.is_leaf and value.requires_grad)


def walk(
    root: Any, layers: bool = True, ordered: bool = False, functions: bool = False, dotted: bool = False
) -> Iterator[tuple[str, Any]]:
    """Every layer and Tensor below `root` with its path, in order, each once; iteratively.

    With `ordered`, a set of several parameters is refused: its copies have another order. With `functions`, those in
    containers are given too, at each place. A path is what one writes in Python; with `dotted`, it is the name in a
    state, and what was found before is given again at each further place (but what is in it is not).
    """
    seen: set[int] = set()
    stack: list[tuple[str, Any]] = [("", root)]
    while stack:
        path, value = stack.pop()
        if functions and path.endswith("]") and callable(value) and not isinstance(value, (Holder, type)):
            yield path, value
        again = id(value) in seen
        if (again and not dotted) or type(value) in ATOMS:
            continue
        seen.add(id(value))
        if path and isinstance(value, (Holder, Tensor)):
            yield path, value
        if ordered and isinstance(value, (set, frozenset)):
            check_set(value, root, path)
        if not again and (layers or value is root or not isinstance(value, Holder)):
            inner = named_parts(value) if dotted else parts(value)
            stack.extend(reversed([(path + step if path else step.lstrip("."), each) for step, each in inner]))


def named_parts(value: Any) -> Iterator[tuple[str, Any]]:
    """The same as `parts`, with steps as the names in states have them: `.weight`, `.0`, `.key`."""
    steps = value._named_parts() if isinstance(value, Holder) else parts(value)
    return ((dotted(step), each) for step, each in steps)


def dotted(step: str) -> str:
    """A step of a path as it stands in a name: `.0` for `[0]`, `.key` for `['key']`."""
    if step.startswith("."):
        return step.replace("()[", ".").replace("[", ".").rstrip("]")
    return "." + step[1:-1].strip("'\"")


def parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What a container or an object holds, each with the step that leads to it."""
    kind = type(value)
    if kind is Parameter or kind is Tensor:
        return
    if kind is list or kind is tuple:
        yield from ((f"[{i}]", each) for i, each in enumerate(value))
        return
    if isinstance(value, MAPPINGS):
        yield from ((f"[{key!r}]", each) for key, each in value.items())
        yield from ((f".keys()[{i}]", key) for i, key in enumerate(value) if isinstance(key, (Tensor, Holder)))
    elif isinstance(value, np.ndarray):
        yield from ((f".flat[{i}]", each) for i, each in enumerate(value.flat if value.dtype == object else ()))
    elif isinstance(value, SEQUENCES):
        yield from ((f"[{i}]", each) for i, each in enumerate(value))
    elif isinstance(value, (set, frozenset)):
        yield from ((f"{{{i}}}", each) for i, each in enumerate(value))
    elif isinstance(value, partial):
        yield from ((".args", value.args), (".keywords", value.keywords), (".func", value.func))
    elif isinstance(value, MethodType):
        yield ".__self__", value.__self__
    if isinstance(value, Tensor):
        yield from ((f".{name}", each) for name, each in own_attributes(value).items())
    elif isinstance(value, Holder) or is_users_own(value):
        yield from attributes(value)


def check_set(value: Any, root: Any, path: str) -> None:
    found = [each for each in value if any(is_parameter(part) for _, part in walk([each]))]
    if len(found) > 1:
        raise ArgumentError(
            f"{type(root).__name__} keeps {len(found)} parameters (or layers with some) in a set at {path}, which has "
            "no order: a copy of the model would have its parameters in another one.",
            "Keep them in a list or a dict.",
        )


def is_users_own(value: Any) -> bool:
    """Whether an object that is no layer may keep parameters: not one of Python's own, or of NumPy, or an optimizer."""
    kind = type(value)
    own = isinstance(value, SimpleNamespace) or kind.__module__.partition(".")[0] not in NOT_USERS
    return own and not isinstance(value, (type, Visitor))


def attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """(".name", attribute) pairs of an object: its own, in slots too, and those of its class."""
    own = dict(getattr(value, "__dict__", ()))
    yield from ((f".{name}", each) for name, each in own.items())
    for kind in type(value).__mro__:
        if kind is object or kind.__module__ in BASES:
            continue
        for name, each in kind.__dict__.items():
            if name in own or name.startswith("__"):
                continue
            if isinstance(each, MemberDescriptorType):
                if hasattr(value, name):
                    yield f".{name}", getattr(value, name)
            elif not hasattr(type(each), "__get__"):  # no method, no property
                yield f".{name}", each
