"""What layers and optimizers hold besides the contents of Tensors: settings and modes, which decide the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from functools import partial
from operator import is_
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..engine.tensor import Tensor
from ..engine.traces import changes
from ..nn.finding import Visitor, attributes, is_users_own
from ..nn.layer import Layer
from ..optim.optimizer import Optimizer
from .mentions import (
    BY_TEXT,
    called_unnamed,
    defaults_of,
    is_read_by_name,
    is_users_class,
    is_users_function,
    is_users_module,
    looked_up,
    mentioned,
)

PLAIN = (int, float, complex, str, bytes, np.generic, type(None))
CONTAINERS = (list, tuple, dict)
FEW = 16  # things in a container that are looked at one by one
CALLING = (MethodType, partial, staticmethod, classmethod, property)
WHOLE = (np.ndarray, np.dtype, BuiltinFunctionType)


class Same:
    """Something that is only equal to itself. It is kept alive, so that nothing else gets its id."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and other.value is self.value

    def __hash__(self) -> int:
        return id(self.value)


class Holders:
    """The layers, optimizers and Tensors of before that take part in the programs of a function, and its variables.

    `now` gives the number of their state: a program holds as long as that is the same. Attributes of layers, and
    settings, say that they have changed (`changes`). Variables, lists, dicts and other objects do not: they are looked
    at. So are those of the user's functions that it calls.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.roots: dict[int, Any] = {}
        self.names: set[str] = set()  # that the code of the function, and of those that it calls, mentions
        self.numbers: dict[Any, int] = {}
        self.number = 0
        self.forget()

    def forget(self) -> None:
        self.count = -1
        self.watched: list[tuple[Any, list[Any]]] = []  # in containers: now, and when looked at
        self.cells: list[tuple[Any, Any]] = []  # of variables around a function, and what was in them
        self.variables: dict[Any, tuple[Any, str, Any]] = {}  # globals and attributes: where, by which name, and what

    def add(self, roots: dict[int, Any]) -> None:
        """Other layers and optimizers take part, too."""
        self.roots |= roots
        self.forget()

    def now(self) -> int:
        """The number of the state."""
        if changes.count != self.count or not self.are_same():
            self.look()
        return self.number

    def are_same(self) -> bool:
        """Whether all that does not say so is as it was when it was looked at."""
        for cell, held in self.cells:
            if contents(cell) is not held:
                return False
        for variables, name, held in self.variables.values():
            if variables.get(name) is not held:
                return False
        return all(len(values) == len(before) and all(map(is_, values, before)) for values, before in self.watched)

    def conditions(self, known: dict[str, Any]) -> list[str]:
        """Lines that `return miss` unless all is as when it was looked at. What they name is put into `known`."""
        lines, tests, places = [], [], dict[int, str]()
        known["is_"] = is_
        for i, (cell, held) in enumerate(self.cells):
            known |= {f"cell{i}": cell, f"held{i}": held}
            tests.append(f"cell{i}.cell_contents is not held{i}")
        for i, ((owner, _), (variables, name, held)) in enumerate(self.variables.items()):
            place = places.setdefault(owner, f"variables{len(places)}")
            known |= {place: variables, f"variable{i}": held}
            tests.append(f"{place}{f'[{name!r}]' if name in variables else f'.get({name!r})'} is not variable{i}")
        for i, (values, before) in enumerate(self.watched):
            known |= {f"values{i}": values, f"before{i}": before}
            lines += unpacked(i, before, known, tests)
        if tests:
            lines += [f"if {' or '.join(tests)}:", "    return miss"]
        inside = [f"    {each}" for each in lines or ["pass"]]
        return ["try:", *inside, "except (ValueError, KeyError):", "    return miss"]

    def look(self) -> None:
        while True:
            known = len(self.names)
            state = self.state()
            if len(self.names) == known:
                break
        self.number = self.numbers.setdefault(state, len(self.numbers))

    def state(self) -> tuple[Any, ...]:
        """What the function may look at, as far as names are known by now."""
        self.forget()
        self.count = changes.count
        state, met, waiting = [], set[int](), [*self.roots.values(), self.function]
        while waiting:
            each = waiting.pop()
            if id(each) not in met:
                met.add(id(each))
                state.append((Same(each), type(each), *(outline(value, waiting) for value in self.held_by(each))))
        return tuple(state)

    def held_by(self, holder: Any) -> Iterator[Any]:
        """What a holder refers to; what changes without saying so is watched from now on."""
        if isinstance(holder, FunctionType):
            yield from self.of_function(holder)
        elif isinstance(holder, ModuleType):
            yield from self.referred(holder, vars(holder), self.names)
        elif isinstance(holder, type):
            for base in filter(is_users_class, holder.__mro__):
                yield from self.referred(base, vars(base), self.names | called_unnamed(base))
        elif isinstance(holder, (Tensor, Optimizer, Layer)):
            yield from own_of(holder)
            yield type(holder)
        elif (inner := around(holder)) is not None:
            yield from inner
        elif isinstance(holder, CONTAINERS):
            yield from self.of_container(holder)
        elif is_read_by_name(type(holder)) and self.names.isdisjoint(BY_TEXT):
            yield from self.referred(holder, vars(holder), self.names)
            for name in (self.names & defaults_of(type(holder))) - vars(holder).keys():
                self.variables[id(holder), name] = vars(holder), name, None  # it may get one of its own
            yield type(holder)
        elif hasattr(holder, "__dict__"):
            yield from self.of_container(vars(holder))
            yield type(holder)

    def of_function(self, function: Any) -> Iterator[Any]:
        self.names |= mentioned(function.__code__)
        for cell in function.__closure__ or ():
            self.cells.append((cell, contents(cell)))
            yield contents(cell)
        yield from self.referred(function.__globals__, function.__globals__, looked_up(function.__code__))
        yield from (function.__defaults__, function.__kwdefaults__, vars(function) or None)

    def referred(self, owner: Any, variables: Any, names: Set[str]) -> Iterator[Any]:
        """What is found by some names among some variables."""
        for name in sorted(names & variables.keys()):
            value = variables[name]
            if not isinstance(value, ModuleType):
                self.variables[id(owner), name] = variables, name, value
                yield name
            yield value

    def of_container(self, holder: Any) -> Iterator[Any]:
        values = holder.values() if isinstance(holder, dict) else holder
        if not isinstance(holder, tuple):
            self.watched.append((values, list(values)))
        yield from (*holder, *values) if isinstance(holder, dict) else values


def unpacked(i: int, before: list[Any], known: dict[str, Any], tests: list[str]) -> list[str]:
    """Lines that take a container apart, if it is small; the tests that it holds what it did come among the others."""
    if not 0 < len(before) <= FEW:
        tests.append(f"len(values{i}) != {len(before)} or not all(map(is_, values{i}, before{i}))")
        return []
    known |= {f"before{i}_{k}": each for k, each in enumerate(before)}
    tests += [f"now{i}_{k} is not before{i}_{k}" for k in range(len(before))]
    return [f"{', '.join(f'now{i}_{k}' for k in range(len(before)))}, = values{i}"]


def around(holder: Any) -> tuple[Any, ...] | None:
    """What something that calls a function consists of; None for other things."""
    if isinstance(holder, MethodType):
        return holder.__func__, holder.__self__
    if isinstance(holder, partial):
        return holder.func, holder.args, holder.keywords
    if isinstance(holder, (staticmethod, classmethod)):
        return (holder.__func__,)
    if isinstance(holder, property):
        return (holder.fget,)
    return (holder.function,) if is_compiled(holder) else None


def contents(cell: Any) -> Any:
    """What a variable around a function refers to; nothing if it has no value yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return None


def own_of(holder: Any) -> Iterator[Any]:
    """What decides the way of a Tensor, an optimizer or a layer."""
    if isinstance(holder, Tensor):
        yield holder
    elif isinstance(holder, Optimizer):
        for group in holder.param_groups:
            yield from (tuple(sorted(group.active)), *group.others.values())
        for part in holder._parts:
            yield from (Same(part), tuple(part.parameters))
    else:
        yield holder.training
        for name, value in attributes(holder):
            if name != ".training":
                yield from (name, value)


def is_compiled(value: Any) -> bool:
    return type(value).__module__ == f"{__package__}.compiling"


def is_walked(value: Any) -> bool:
    """Whether what an object refers to counts, too."""
    if isinstance(value, (*CONTAINERS, Optimizer, *CALLING)) or is_compiled(value):
        return True
    if isinstance(value, (FunctionType, type, ModuleType)):
        return is_users_function(value) or is_users_class(value) or is_users_module(value)
    if not hasattr(value, "__dict__") or isinstance(value, WHOLE):
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
    if is_walked(value):
        waiting.append(value)
    return Same(value)
