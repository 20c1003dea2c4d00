"""Named blocks: functions of several operations that pictures show as one, such as softmax or layer_norm."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeVar

from .recording import observer, scope

F = TypeVar("F", bound=Callable[..., Any])


class Block:
    """A named function in a scope, where layers are, too; and of a call that is watched, what it was given."""

    __slots__ = ("arguments", "function", "name", "options", "role")

    def __init__(
        self, name: str, role: str, function: Any, options: Sequence[str] = (), arguments: Sequence[Any] = ()
    ) -> None:
        self.name, self.role, self.function = name, role, function
        self.options, self.arguments = options, arguments

    def __call__(self) -> Block:
        """Itself: a scope has a weak reference to a layer, whose call gives the layer."""
        return self

    def called(self, args: tuple[Any, ...], options: dict[str, Any]) -> Block:
        """The block of one call, with the options that are not the defaults."""
        parameters = inspect.signature(self.function).parameters
        defaults = {name: each.default for name, each in parameters.items() if each.default is not each.empty}
        given = dict(zip(parameters, args)) | options
        return Block(self.name, self.role, self.function, words(given, defaults), (*args, *options.values()))


def block(role: str = "operation", name: str = "") -> Callable[[F], F]:
    """A decorator: pictures show a call of this function as one card, with its name, in the colour of `role`."""

    def enter(function: F) -> F:
        known = Block(name or function.__name__.replace("_", " "), role, function)

        @wraps(function)
        def inside(*args: Any, **options: Any) -> Any:
            what = known if observer.get() is None else known.called(args, options)
            token = scope.set((what, scope.get()))
            try:
                return function(*args, **options)
            finally:
                scope.reset(token)

        return inside  # type: ignore[return-value]

    return enter


def words(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """The options that differ from the defaults, as short texts: "stride 2", "no bias", "axis -1".

    Only numbers, texts, truths and tuples of them are written.

    >>> words({"stride": (2, 2), "bias": False, "padding": 0}, {"stride": 1, "bias": True, "padding": 0})
    ['stride 2', 'no bias']
    """
    found = []
    for name, default in defaults.items():
        value, text = plain(values.get(name, default)), name.replace("_", " ")
        if not is_short(value) or value == plain(default):
            continue
        if isinstance(value, bool):
            found.append(text if value else f"no {text}")
        else:
            found.append(f"{text} {value:g}" if isinstance(value, float) else f"{text} {value}")
    return found


def is_short(value: Any) -> bool:
    return isinstance(value, (bool, int, float, str)) or (isinstance(value, tuple) and all(map(is_short, value)))


def plain(value: Any) -> Any:
    """A tuple of equal numbers as one of them."""
    return value[0] if isinstance(value, tuple) and is_short(value) and len(set(value)) == 1 else value
