"""The settings of an optimizer: how their values are checked, and `ParamGroup`, which keeps them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from ..engine.assigning import assign
from ..engine.errors import ArgumentError
from ..engine.tensor import Tensor
from ..engine.traces import changes, lifted, number_of

Check = Callable[[str, Any], Any]


def title(name: str) -> str:
    return "The learning rate" if name == "lr" else name


def finite(name: str, value: Any) -> float:
    """`value` as a float, if it is finite."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{title(name)} must be a number, but got {value!r}.") from error
    if not math.isfinite(number):
        raise ArgumentError(f"{title(name)} must be finite, but got {value!r}.", "Write one like 0.1.")
    return number


def number(name: str, value: Any) -> float:
    """`value` as a float, if it is finite and not negative."""
    checked = finite(name, value)
    if checked < 0:
        raise ArgumentError(f"{title(name)} must be finite and at least 0, but got {value!r}.", "Write one like 0.1.")
    return checked


def fraction(name: str, value: Any) -> float:
    """`value` as a float, if it is at least 0 and less than 1."""
    checked = number(name, value)
    if checked >= 1:
        raise ArgumentError(f"{name} must be less than 1, but got {value!r}.", "Write one like 0.9.")
    return checked


def between(least: float, most: float) -> Check:
    """A check of a number."""

    def within(name: str, value: Any) -> float:
        checked = finite(name, value)
        if not least <= checked <= most:
            limits = [
                f"{word} {limit:g}" for word, limit in (("at least", least), ("at most", most)) if abs(limit) < 1e300
            ]
            raise ArgumentError(f"{title(name)} must be {' and '.join(limits)}, but got {value!r}.")
        return checked

    return within


def several(*checks: Check) -> Check:
    """A check of as many values as there are checks."""

    def tuple_of(name: str, value: Any) -> tuple[Any, ...]:
        given = value if isinstance(value, (tuple, list)) else ()
        if len(given) != len(checks):
            raise ArgumentError(f"{name} must be a tuple of {len(checks)} values, but got {value!r}.")
        return tuple(check(f"{name}[{i}]", each) for i, (check, each) in enumerate(zip(checks, given)))

    return tuple_of


def pair_of(check: Check) -> Check:
    """A check of two numbers."""
    return several(check, check)


def optional(check: Check) -> Check:
    """A check of something that may also be None."""
    return lambda name, value: None if value is None else check(name, value)


def one_of(*choices: Any) -> Check:
    """A check that a value is one of some."""

    def choice(name: str, value: Any) -> Any:
        if not isinstance(value, (str, type(None))) or value not in choices:
            raise ArgumentError(f"{name} must be {' or '.join(map(repr, choices))}, but got {value!r}.")
        return value

    return choice


def switch(name: str, value: Any) -> bool:
    """`value` as a truth."""
    return bool(value)


def whole(name: str, value: Any) -> int:
    """`value`, if it is a whole number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise ArgumentError(f"{name} must be a whole number of at least 0, but got {value!r}.")
    return int(value)


def positive(name: str, value: Any) -> int:
    """`value`, if it is a whole number of at least 1."""
    checked = whole(name, value)
    if not checked:
        raise ArgumentError(f"{name} must be a whole number of at least 1, but got {value!r}.")
    return checked


class ParamGroup(MutableMapping[str, Any]):
    """Some parameters of an optimizer ("params") and their settings, as a dict: `group["lr"] = 0.1`.

    Numbers are kept in Tensors, `memory`, so that a change is a write. `active` has the names of those that are neither
    0 nor false: a formula asks this in place of the value, so that what it computes depends on the settings.
    """

    def __init__(self, parameters: list[Tensor], checks: Mapping[str, Check], settings: Mapping[str, Any]) -> None:
        self.memory: dict[str, Tensor] = {}
        self.others: dict[str, Any] = {"params": parameters}
        self.readers: list[Any] = []
        self.checks = checks
        self.active: set[str] = set()
        self.update(settings)

    def give_to(self, reader: Any) -> None:
        """Keep the settings as attributes of `reader`, numbers as arrays, now and whenever they change."""
        for name in self.checks:
            if name in vars(reader) or hasattr(type(reader), name):
                raise ArgumentError(f"A setting cannot be called {name}: that is something else of s.", "Rename it.")
            setattr(reader, name, self.memory[name]._array if name in self.memory else self.others[name])
        self.readers.append(reader)

    def __getitem__(self, name: str) -> Any:
        if name not in self.memory:
            return self.others[name]
        array = lifted(self.memory[name]._array)
        return tuple(map(number_of, array)) if array.ndim else number_of(array)

    def __setitem__(self, name: str, value: Any) -> None:
        if name == "params":
            raise ArgumentError(
                "The parameters of a group cannot be changed.", "Write optimizer.add_param_group({...})."
            )
        value = self.checks[name](name, value) if name in self.checks else value
        if bool(value) is not (name in self.active) or name not in self.memory:
            changes.note()
        (self.active.add if value else self.active.discard)(name)
        if not all(isinstance(each, float) for each in (value if isinstance(value, tuple) else (value,))):
            self.memory.pop(name, None)
            self.others[name] = value
        elif name in self.memory:
            assign(self.memory[name], value)
            return
        else:
            self.memory[name] = Tensor(np.array(value))
            self.others.pop(name, None)
        for reader in self.readers if name in self.checks else []:
            setattr(reader, name, self.memory[name]._array if name in self.memory else value)

    def __delitem__(self, name: str) -> None:
        raise ArgumentError(f"The setting {name} cannot be taken out of a group.", "Give it another value.")

    def __iter__(self) -> Iterator[str]:
        return iter([*self.others, *self.memory])

    def __len__(self) -> int:
        return len(self.others) + len(self.memory)

    def __repr__(self) -> str:
        return repr(dict(self))
