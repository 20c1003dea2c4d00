"""Which arguments a transform differentiates: argnums and argnames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..engine.errors import ArgumentError

Argnums = int | tuple[int, ...]
Argnames = str | tuple[str, ...]


class Choice:
    """The arguments that a user chose, by their numbers, their names or both; the first one without a choice."""

    def __init__(self, argnums: Argnums | None, argnames: Argnames | None) -> None:
        self.argnums = 0 if argnums is None and argnames is None else argnums
        self.argnames = argnames
        self.numbers, self.names = as_tuple(self.argnums), as_tuple(argnames)
        if any(not isinstance(number, int) or isinstance(number, bool) for number in self.numbers):
            raise ArgumentError(
                f"argnums must be an int or a tuple of them, but is {argnums!r}.", "Write argnames='x' for a name."
            )
        for names in self.names:
            if not isinstance(names, str):
                raise ArgumentError(f"argnames must be a str or a tuple of them, but is {argnames!r}.")

    def keys(self, function: Callable[..., Any], args: Sequence[Any], options: dict[str, Any]) -> list[int | str]:
        """The place of each chosen argument in a call, or its keyword."""
        keys = [self.checked_number(number, len(args)) for number in self.numbers]
        named = [name if name in options else position_of(name, function, len(args)) for name in self.names]
        if len({*keys, *named}) < len(keys) + len(named):
            raise ArgumentError(f"{self} names an argument twice.")
        return [*keys, *named]

    def checked_number(self, number: int, count: int) -> int:
        if not -count <= number < count:
            raise ArgumentError(
                f"{self}, but the function was given {count} arguments by position.",
                "Write argnames='x' for an argument that is given by keyword.",
            )
        return number % count

    def formed(self, parts: Sequence[Any]) -> Any:
        """One part for each argument, in the form of the choice: one, or a tuple; with numbers and names, a pair."""
        by_number, by_name = list(parts[: len(self.numbers)]), list(parts[len(self.numbers) :])
        formed = [
            tuple(each) if isinstance(chosen, tuple) else each[0]
            for chosen, each in ((self.argnums, by_number), (self.argnames, by_name))
            if chosen is not None
        ]
        return formed[0] if len(formed) == 1 else tuple(formed)

    def __str__(self) -> str:
        given = {"argnums": self.argnums, "argnames": self.argnames}
        return ", ".join(f"{name}={value!r}" for name, value in given.items() if value is not None)


def as_tuple(chosen: Any) -> tuple[Any, ...]:
    return () if chosen is None else chosen if isinstance(chosen, tuple) else (chosen,)


def position_of(name: str, function: Callable[..., Any], count: int) -> int:
    """The place of the positional argument of this name, in a call with so many."""
    import inspect

    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # some functions written in C do not tell
        parameters = []
    for place, each in enumerate(parameters[:count]):
        if each.name == name and each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD):
            return place
    raise ArgumentError(
        f"argnames names {name!r}, but the function was given no argument of this name.",
        f"Write {name}=... in the call.",
    )
