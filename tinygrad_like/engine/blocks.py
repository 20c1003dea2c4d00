"""Named blocks: functions of several operations that pictures show as one, such as softmax or layer_norm."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial, wraps
from typing import Any, TypeVar

from .recording import observer, scope

F = TypeVar("F", bound=Callable[..., Any])

BY_POSITION = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
LONGEST = 40  # a function with its parameters


class Block:
    """A named function in a scope, where layers are, too; of a call that is watched, with its options and arguments."""

    def __init__(self, function: Any, role: str, name: str, counted: bool, formulas: Mapping[str, str]) -> None:
        self.function, self.role, self.counted, self.formulas = function, role, counted, formulas
        self.name = name or function.__name__.replace("_", " ")
        self.options: list[str] = []  # those that are not the defaults
        self.arguments: frozenset[int] = frozenset()  # their ids, while the call lasts

    def __call__(self) -> Block:
        """Itself: a scope has a weak reference to a layer, whose call gives the layer."""
        return self

    def called(self, args: tuple[Any, ...], options: dict[str, Any]) -> Block:
        """The block of one call."""
        parameters = inspect.signature(self.function).parameters
        defaults = {name: each.default for name, each in parameters.items() if each.default is not each.empty}
        made = Block(self.function, self.role, self.name, self.counted, self.formulas)
        made.options = words(dict(zip(parameters, args)) | options, defaults)
        made.arguments = frozenset(map(id, (*args, *options.values())))
        return made


def block(
    role: str = "operation", name: str = "", counted: bool = True, formulas: Mapping[str, str] | None = None
) -> Callable[[F], F]:
    """A decorator: pictures show a call of this function as one card, with its name, in the colour of `role`.

    Summaries do not count the multiply-adds in it if it is not `counted`. `formulas` has that of the result, "y", and
    those of the gradients of arguments, as the record of a primitive has.
    """

    def enter(function: F) -> F:
        known = Block(function, role, name, counted, formulas or {})

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


def name_of(function: Any) -> str:
    """What a function is called: also a method, a partial, an object that can be called; "" for a lambda."""
    while isinstance(function, partial):
        function = function.func
    name = str(getattr(function, "__name__", type(function).__name__))
    return "" if "<" in name else name


def written(function: Any) -> str:
    """A function with the parameters that it needs, as it is written: "rosenbrock(x, y)"; a lambda is an f.

    >>> written(lambda a, b, c=2: a + b)
    'f(a, b)'
    """
    name = name_of(function) or "f"
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # some builtins have no signature
        return name
    needed = [each.name for each in parameters if each.default is each.empty and each.kind in BY_POSITION]
    text = f"{name}({', '.join(needed)})"
    return text if needed and len(text) <= LONGEST else name


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
    """A tuple of equal numbers as one of them, also one of tuples."""
    is_same = isinstance(value, tuple) and is_short(value) and len(set(value)) == 1
    return plain(value[0]) if is_same else value
