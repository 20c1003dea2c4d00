"""`Copy`: layers, and what holds and uses them, with other Tensors in the place of some."""

from __future__ import annotations

import copy
import weakref
from collections import UserDict, UserList, deque
from collections.abc import Iterator
from functools import cached_property, partial
from types import CellType, FunctionType, MappingProxyType, MemberDescriptorType, MethodType
from typing import Any

import numpy as np

from ..engine.errors import UnsupportedError
from ..engine.tensor import Tensor
from ..tree import rebuilt
from .finding import ATOMS, Holder, attributes, is_users_own, parts, walk

FILLED = (dict, list, deque, UserDict, UserList, np.ndarray)  # copied as they are, then filled


class Copy:
    """A copy of layers, and of the containers, objects and functions that lead to a replaced Tensor or to a layer.

    `values` has what takes the place of each Tensor, by its id. All else is shared.
    """

    def __init__(self, model: Holder, values: dict[int, Any]) -> None:
        self.made: dict[int, Any] = dict(values)  # by the id of what they stand for
        self.waiting: list[tuple[Any, Any]] = []
        self.model = model
        self.alive: list[Any] = []  # what was made while looking, so that ids stay theirs
        self.needed = self.leading(model)

    @cached_property
    def own(self) -> set[int]:
        """The ids of the model's layers and Tensors: needed only if a function is kept in it."""
        return {id(self.model)} | {id(each) for _, each in walk(self.model)}

    def leading(self, model: Holder) -> set[int]:
        """The ids of all that leads to a replaced Tensor or to a layer."""
        holders: dict[int, list[int]] = {}
        stack, found = [model], []
        while stack:
            value = stack.pop()
            if isinstance(value, Holder) or id(value) in self.made:
                found.append(id(value))
            for each in self.inner(value):
                if type(each) in ATOMS:
                    continue
                if id(each) not in holders:
                    self.alive.append(each)
                    stack.append(each)
                holders.setdefault(id(each), []).append(id(value))
        needed: set[int] = set()
        while found:
            if (one := found.pop()) not in needed:
                needed.add(one)
                found += holders.get(one, ())
        return needed

    def inner(self, value: Any) -> Iterator[Any]:
        """What a value holds or, if it is a function, refers to."""
        if isinstance(value, FunctionType):
            yield from referred(value)
            names = value.__code__.co_names
            yield from (each for name in names if id(each := value.__globals__.get(name)) in self.own)
        elif isinstance(value, weakref.ref):
            yield value()
        elif not isinstance(value, Tensor):
            yield from (each for _, each in parts(value))
            if hasattr(type(value), "cache_info"):
                yield getattr(value, "__wrapped__", None)

    def of(self, layer: Any) -> Any:
        """The copy of a layer, without recursion from layer to layer."""
        copied = self.place(layer)
        while self.waiting:
            self.fill(*self.waiting.pop())
        return copied

    def place(self, value: Any) -> Any:
        """What stands in the place of `value`: a copy, if it leads to what is replaced."""
        if type(value) in ATOMS or id(value) not in self.needed or isinstance(value, Tensor):
            return self.made.get(id(value), value)
        if id(value) not in self.made:
            made = self.fixed(value)
            if made is None:
                made = blank(value)
                self.waiting.append((value, made))
            self.made.setdefault(id(value), made)
        return self.made[id(value)]

    def fixed(self, value: Any) -> Any:
        """The copy of what is complete when it is made; None for all that is filled later."""
        if isinstance(value, FunctionType):
            return self.function(value)
        if isinstance(value, MethodType):
            return MethodType(value.__func__, self.place(value.__self__))
        if isinstance(value, partial):
            keywords = {name: self.place(each) for name, each in value.keywords.items()}
            return partial(self.place(value.func), *map(self.place, value.args), **keywords)
        if isinstance(value, weakref.ref):
            return weakref.ref(self.place(value()))
        if isinstance(value, MappingProxyType):
            return MappingProxyType({key: self.place(each) for key, each in value.items()})
        if isinstance(value, (set, frozenset)):
            return type(value)(map(self.place, value))
        if isinstance(value, tuple) and not isinstance(value, Holder):
            return rebuilt(value, list(map(self.place, value)))
        return None

    def function(self, value: FunctionType) -> FunctionType:
        """A function that refers to the copies. Its cells are filled at the end, for what contains itself."""
        if any(id(value.__globals__.get(name)) in self.own for name in value.__code__.co_names):
            raise UnsupportedError(
                f"functional_call cannot replace what the function {value.__qualname__} uses by a global name.",
                "Give it to the function as an argument, or write a method of the layer.",
            )
        cells = tuple(CellType() for _ in value.__closure__ or ())
        made = FunctionType(value.__code__, value.__globals__, value.__name__, None, cells or None)
        self.made[id(value)] = made
        made.__qualname__, made.__doc__, made.__module__ = value.__qualname__, value.__doc__, value.__module__
        self.waiting.append((value, made))
        return made

    def fill(self, value: Any, made: Any) -> None:
        """Give a copy what the original holds; also what its class holds, if that is replaced."""
        if isinstance(value, FunctionType):
            self.fill_function(value, made)
        elif isinstance(value, (dict, UserDict)):
            for key, each in list(made.items()):
                del made[key]
                made[self.place(key)] = self.place(each)
        elif isinstance(value, (list, deque, UserList)):
            for i, each in enumerate(value):
                made[i] = self.place(each)
        elif isinstance(value, np.ndarray):
            for place in np.ndindex(value.shape):
                made[place] = self.place(value[place])
        if isinstance(value, Holder) or is_users_own(value):
            self.fill_attributes(value, made)

    def fill_function(self, value: FunctionType, made: FunctionType) -> None:
        for old, new in zip(value.__closure__ or (), made.__closure__ or ()):
            if (content := content_of(old)) is not old:
                new.cell_contents = self.place(content)
        made.__defaults__ = value.__defaults__ and tuple(map(self.place, value.__defaults__))
        made.__kwdefaults__ = value.__kwdefaults__ and {k: self.place(v) for k, v in value.__kwdefaults__.items()}
        made.__dict__.update({name: self.place(each) for name, each in vars(value).items()})

    def fill_attributes(self, value: Any, made: Any) -> None:
        own = getattr(value, "__dict__", {})
        for step, each in attributes(value):
            name, new = step[1:], self.place(each)
            held = getattr(type(value), name, None)
            if isinstance(held, cached_property) and isinstance(each, Tensor) and not each.is_leaf:
                getattr(made, "__dict__", {}).pop(name, None)  # computed anew, from the new values
            elif new is not each or name in own or isinstance(held, MemberDescriptorType):
                object.__setattr__(made, name, new)


def content_of(cell: CellType) -> Any:
    """What a cell holds, or the cell itself, if that is nothing yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return cell


def referred(function: FunctionType) -> Iterator[Any]:
    """What a function has in its closure, defaults and attributes."""
    yield from map(content_of, function.__closure__ or ())
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    yield from vars(function).values()


def blank(value: Any) -> Any:
    """A copy to be filled, without a call of the constructor."""
    kind = type(value)
    if not isinstance(value, FILLED):
        if not (isinstance(value, Holder) or is_users_own(value)):
            raise uncopied(kind)
        try:
            return object.__new__(kind)
        except TypeError:  # made by C code
            pass
    try:
        return copy.copy(value)
    except Exception as error:
        raise uncopied(kind) from error


def uncopied(kind: type) -> UnsupportedError:
    return UnsupportedError(
        f"functional_call cannot copy the {kind.__name__} in which a parameter or a layer stands.",
        "Keep parameters in attributes, lists, tuples, dicts and objects of your own.",
    )
