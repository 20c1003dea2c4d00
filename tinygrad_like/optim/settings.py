"""The settings of an optimizer: how their values are checked, and `ParamGroup`, which keeps them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np

from ..engine.assigning import assign
from ..engine.errors import ArgumentError
from ..engine.tensor import Tensor

Check = Callable[[str, Any], Any]


def title(name: str) -> str:
    return "The learning rate" if name == "lr" else name


def number(name: str, value: Any) -> float:
    """`value` as a float, if it is finite and not negative."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{title(name)} must be a number, but got {value!r}.") from error
    if not math.isfinite(number) or number < 0:
        raise ArgumentError(f"{title(name)} must be finite and at least 0, but got {value!r}.", "Write one like 0.1.")
    return number


def fraction(name: str, value: Any) -> float:
    """`value` as a float, if it is at least 0 and less than 1."""
    checked = number(name, value)
    if checked >= 1:
        raise ArgumentError(f"{name} must be less than 1, but got {value!r}.", "Write one like 0.9.")
    return checked


def pair_of(check: Check) -> Check:
    """A check of two numbers."""

    def pair(name: str, value: Any) -> tuple[Any, Any]:
        try:
            first, second = value
        except (TypeError, ValueError) as error:
            raise ArgumentError(f"{name} must be two numbers, but got {value!r}.") from error
        return check(f"{name}[0]", first), check(f"{name}[1]", second)

    return pair


def switch(name: str, value: Any) -> bool:
    """`value` as a truth."""
    return bool(value)


def whole(name: str, value: Any) -> int:
    """`value`, if it is a whole number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise ArgumentError(f"{name} must be a whole number of at least 0, but got {value!r}.")
    return int(value)


class ParamGroup(MutableMapping[str, Any]):
    """Some parameters of an optimizer ("params") and their settings, as a dict: `group["lr"] = 0.1`.

    Numbers are kept in Tensors, `memory`, so that a change is a write. Of those that are 0, `on` is false: a formula
    asks this in place of the value, so that what it computes depends on the settings, not on values.
    """

    def __init__(self, parameters: list[Tensor], checks: Mapping[str, Check], settings: Mapping[str, Any]) -> None:
        self.memory: dict[str, Tensor] = {}
        self.others: dict[str, Any] = {"params": parameters}
        self.checks = checks
        self.zeros: set[str] = set()
        self.update(settings)

    def on(self, name: str) -> bool:
        """Whether a setting is neither 0 nor false."""
        return name not in self.zeros and bool(self.others.get(name, True))

    def __getitem__(self, name: str) -> Any:
        if name not in self.memory:
            return self.others[name]
        value = self.memory[name].tolist()
        return tuple(value) if isinstance(value, list) else value

    def __setitem__(self, name: str, value: Any) -> None:
        value = self.checks[name](name, value) if name in self.checks else value
        if not isinstance(value, float) and not (isinstance(value, tuple) and isinstance(value[0], float)):
            self.memory.pop(name, None)
            self.others[name] = value
            return
        (self.zeros.discard if value else self.zeros.add)(name)
        if name in self.memory:
            assign(self.memory[name], value)
        else:
            self.memory[name] = Tensor(np.array(value))
            self.others.pop(name, None)

    def __delitem__(self, name: str) -> None:
        raise ArgumentError(f"The setting {name} cannot be taken out of a group.", "Give it another value.")

    def __iter__(self) -> Iterator[str]:
        return iter([*self.others, *self.memory])

    def __len__(self) -> int:
        return len(self.others) + len(self.memory)

    def __repr__(self) -> str:
        return repr(dict(self))
