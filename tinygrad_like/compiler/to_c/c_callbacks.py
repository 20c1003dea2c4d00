"""The calls of NumPy that a C program makes: functions without arguments, on views of its memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tracing.program import Instruction, Value, mapped_values
from .c_operations import Callback

INTO = frozenset({np.dot, np.matmul, np.take, np.cumsum, np.cumprod, np.einsum})


def caller(one: Callback, held: dict[Value, Any]) -> Callable[[], None]:
    """A function that runs an instruction on what `held` has for its values when it is called."""
    instruction = one.instruction
    scope: dict[str, Any] = {"held": held, "function": instruction.function, "copyto": np.copyto}

    def text(structure: Any) -> str:
        if isinstance(structure, Value):
            return named(structure)
        if isinstance(structure, (tuple, list)) and type(structure) in (tuple, list):
            inner = "".join(f"{text(each)}, " for each in structure)
            return f"({inner})" if isinstance(structure, tuple) else f"[{inner}]"
        name = f"constant{len(scope)}"
        scope[name] = structure
        return name

    def named(value: Value) -> str:
        return f"held[{name_of(value)}]" + (".item()" if value.weak else "[()]" if value.scalar else "")

    def into(value: Value) -> str:
        return f"held[{name_of(value)}]"

    def name_of(value: Value) -> str:
        name = f"value{value.number}"
        scope[name] = value
        return name

    arguments = [text(each) for each in instruction.args]
    arguments += [f"{name}={text(each)}" for name, each in instruction.options.items()]
    lines = body(instruction, arguments, text, into)
    exec("def call():\n    " + "\n    ".join(lines), scope)
    function: Callable[[], None] = scope["call"]
    return function


def body(instruction: Instruction, arguments: list[str], text: Any, into: Any) -> list[str]:
    results = instruction.results
    if not results:
        return [f"function({', '.join(arguments)})"]
    if len(results) == 1 and instruction.container is None:
        function, target = instruction.function, results[0]
        fits = isinstance(function, np.ufunc) or (is_hashable(function) and function in INTO)
        if fits and not target.scalar and "out" not in instruction.options and target.contiguous:
            return [f"function({', '.join([*arguments, f'out={text(target)}'])})"]
        return [f"copyto({into(target)}, function({', '.join(arguments)}))"]
    lines = [f"results = function({', '.join(arguments)})"]
    return lines + [f"copyto({into(each)}, results[{i}])" for i, each in enumerate(results)]


def is_hashable(function: Any) -> bool:
    return getattr(function, "__hash__", None) is not None


def values_called(calls: list[Callback]) -> list[Value]:
    """The values that the calls take and give."""
    found: dict[Value, None] = {}

    def note(leaf: Any) -> Any:
        if isinstance(leaf, Value):
            found[leaf] = None
        return leaf

    for each in calls:
        one = each.instruction
        mapped_values(note, (one.args, one.options))
        found |= dict.fromkeys((*one.results, *one.writes))
    return list(found)
