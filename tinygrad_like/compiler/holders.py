"""What layers and optimizers hold besides the contents of Tensors: settings and modes, which decide the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import is_
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..engine.tensor import Tensor
from ..engine.traces import changes
from ..nn.finding import Visitor, attributes, is_users_own
from ..nn.layer import Layer
from ..optim.optimizer import Optimizer

PLAIN = (int, float, complex, str, bytes, np.generic, type(None))
CONTAINERS = (list, tuple, dict)
FEW = 16  # things in a container that are looked at one by one
WHOLE = (np.ndarray, np.dtype, FunctionType, BuiltinFunctionType, MethodType, ModuleType)


class Same:
    """Something that is only equal to itself. It is kept alive, so that nothing else gets its id."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


class Holders:
    """The layers, optimizers and Tensors of before that take part in the programs of a function.

    `now` gives the number of their state: a program holds as long as that is the same. Attributes of layers, and
    settings, say that they have changed (`changes`). Lists, dicts and other objects do not: they are looked at.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.roots: dict[int, Any] = {}
        self.names = Names(function)
        self.numbers: dict[Any, int] = {}
        self.number = 0
        self.forget()

    def forget(self) -> None:
        self.count = -1
        self.watched: list[tuple[Any, list[Any]]] = []  # in containers: now, and when looked at

    def add(self, roots: dict[int, Any]) -> None:
        """Other layers and optimizers take part, too."""
        self.roots |= roots
        self.forget()

    def now(self) -> int:
        """The number of the state."""
        if changes.count != self.count or not self.names.are_same():
            self.look()
            return self.number
        for values, before in self.watched:
            if len(values) != len(before) or not all(map(is_, values, before)):
                self.look()
                break
        return self.number

    def conditions(self, known: dict[str, Any]) -> list[str]:
        """Lines that `return miss` unless all is as when it was looked at. What they name is put into `known`."""
        lines, tests = [], []
        known |= {"is_": is_, "globals_": self.names.globals}
        for i, (cell, before) in enumerate(self.names.around):
            known |= {f"cell{i}": cell, f"held{i}": before}
            tests.append(f"cell{i}.cell_contents is not held{i}")
        for i, (name, before) in enumerate(self.names.above):
            known[f"global{i}"] = before
            tests.append(f"globals_[{name!r}] is not global{i}")
        own = [(self.names.own.values(), self.names.inside)] if self.names.fixed else []
        for i, (values, before) in enumerate([*self.watched, *own]):
            known |= {f"values{i}": values, f"before{i}": before}
            lines += unpacked(i, before, known, tests)
        if tests:
            lines += [f"if {' or '.join(tests)}:", "    return miss"]
        inside = [f"    {each}" for each in lines or ["pass"]]
        return ["try:", *inside, "except (ValueError, KeyError):", "    return miss"]

    def look(self) -> None:
        self.forget()
        self.count = changes.count
        state, met, waiting = [], set[int](), list(self.roots.values())
        state.append(tuple(outline(each, waiting) for each in self.names.look()))
        while waiting:
            each = waiting.pop()
            if id(each) not in met:
                met.add(id(each))
                self.watch(each)
                state.append((Same(each), type(each), *(outline(value, waiting) for value in held_by(each))))
        self.number = self.numbers.setdefault(tuple(state), len(self.numbers))

    def watch(self, holder: Any) -> None:
        """Keep a copy of what changes without saying so."""
        if isinstance(holder, (Layer, Optimizer, Tensor, tuple)):
            return
        container: Any = holder if isinstance(holder, CONTAINERS) else vars(holder)
        values = container.values() if isinstance(container, dict) else container
        self.watched.append((values, list(values)))


def unpacked(i: int, before: list[Any], known: dict[str, Any], tests: list[str]) -> list[str]:
    """Lines that take a container apart, if it is small; the tests that it holds what it did come among the others."""
    if not 0 < len(before) <= FEW:
        tests.append(f"len(values{i}) != {len(before)} or not all(map(is_, values{i}, before{i}))")
        return []
    known |= {f"before{i}_{k}": each for k, each in enumerate(before)}
    tests += [f"now{i}_{k} is not before{i}_{k}" for k in range(len(before))]
    return [f"{', '.join(f'now{i}_{k}' for k in range(len(before)))}, = values{i}"]


class Names:
    """The variables that a function refers to: those of its object, around it, and among the globals."""

    def __init__(self, function: Any) -> None:
        owner = getattr(function, "__self__", None)
        self.own: dict[str, Any] = getattr(owner, "__dict__", {})
        self.fixed = [] if owner is None else [owner]
        code = getattr(function, "__code__", None)
        self.cells = () if code is None else function.__closure__ or ()
        self.globals: dict[str, Any] = {} if code is None else function.__globals__
        self.names = () if code is None else code.co_names

    def look(self) -> list[Any]:
        """What they refer to now, which is remembered."""
        self.around = [(cell, contents(cell)) for cell in self.cells]
        # Only now: a function may be defined before what it refers to.
        self.above = [(name, self.globals[name]) for name in self.names if name in self.globals]
        self.inside = list(self.own.values())
        variables = [*(each for _, each in self.around), *map(self.globals.get, self.names)]
        return [*self.fixed, *self.inside, *variables]

    def are_same(self) -> bool:
        """Whether they refer to what they did when they were looked at."""
        for cell, before in self.around:
            if contents(cell) is not before:
                return False
        for name, before in self.above:
            if self.globals.get(name) is not before:
                return False
        return len(self.own) == len(self.inside) and all(map(is_, self.own.values(), self.inside))


def contents(cell: Any) -> Any:
    """What a variable around a function refers to; nothing if it has no value yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def held_by(holder: Any) -> Iterator[Any]:
    """What decides the way of a layer or an optimizer, and what is in a container or an object."""
    if isinstance(holder, Tensor):
        yield holder
    elif isinstance(holder, Optimizer):
        for group in holder.param_groups:
            yield from (tuple(sorted(group.active)), *group.others.values())
        for part in holder._parts:
            yield from (Same(part), tuple(part.parameters))
    elif isinstance(holder, Layer):
        yield holder.training
        for name, value in attributes(holder):
            if name != ".training":
                yield from (name, value)
    elif isinstance(holder, dict):
        yield from (*holder, *holder.values())
    elif isinstance(holder, CONTAINERS):
        yield from holder
    else:
        for name, value in vars(holder).items():
            yield from (name, value)


def is_walked(value: Any) -> bool:
    """Whether the attributes of an object count, too."""
    if not hasattr(value, "__dict__") or isinstance(value, WHOLE):
        return False
    if type(value).__module__ == f"{__package__}.compiling":
        return False
    return isinstance(value, Visitor) or is_users_own(value)  # schedules are visitors


def outline(value: Any, waiting: list[Any]) -> Any:
    """A setting by its value; a Tensor by which memory it has; anything else by which object it is.

    What there is more to say of is put among the `waiting`.
    """
    if isinstance(value, (*PLAIN, Same)):
        return type(value), value
    if isinstance(value, Tensor):
        return Same(value), Same(value._array), value._node is None
    if type(value) is tuple:
        return tuple(outline(each, waiting) for each in value)
    if isinstance(value, (*CONTAINERS, Optimizer)) or is_walked(value):
        waiting.append(value)
    return Same(value)
