"""NumPy's warnings (division by zero, overflow) point at the user's line.

NumPy gives a warning at the Python code that calls it, which would be ours. In a module whose registry of warnings is
no dict, Python cannot give any, and raises TypeError. So where nothing is wrong, nothing is paid; where something is,
it is computed once more, and the warning is given where the user called.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .callers import outside

PACKAGE = __name__.partition(".")[0]


def raise_warnings_in(namespace: dict[str, Any]) -> None:
    """From now on, a warning in the module of this namespace raises TypeError."""
    if namespace["__name__"].partition(".")[0] == PACKAGE:
        namespace["__warningregistry__"] = "warnings are given at the user's line"


def namespace_of(function: Any) -> dict[str, Any]:
    """The names of the module whose code a function is; of a decorated one, the code that is decorated."""
    return getattr(getattr(function, "__wrapped__", function), "__globals__", {"__name__": ""})


def compute_again(function: Callable[..., Any], name: str, arrays: Any, options: dict[str, Any]) -> Any:
    """What the function gives, with its warnings at the user's line."""
    found: list[str] = []
    modes: dict[str, Any] = {kind: "call" for kind, mode in np.geterr().items() if mode == "warn"}
    with np.errstate(call=lambda kind, flag: found.append(kind), **modes):
        try:
            y = function(*arrays, **options)
        except TypeError:
            y = with_other_warnings(function, arrays, options)
    for kind in dict.fromkeys(found):
        warn(f"{kind} encountered in {name}", RuntimeWarning)
    return y


def with_other_warnings(function: Callable[..., Any], arrays: Any, options: dict[str, Any]) -> Any:
    """What a function gives that warns of something else than its numbers. It also makes Python forget what warned."""
    namespace = namespace_of(function)
    before = namespace.pop("__warningregistry__", None)
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            y = function(*arrays, **options)
    finally:
        if before is not None:
            namespace["__warningregistry__"] = before
    for each in found:
        warn(str(each.message), each.category)
    return y


def warn(message: str, category: type[Warning]) -> None:
    """Give a warning at the user's line."""
    frame = next(outside(), sys._getframe())
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    module = str(frame.f_globals.get("__name__", "<string>"))  # none in exec(code, {})
    warnings.warn_explicit(message, category, frame.f_code.co_filename, frame.f_lineno, module, registry)
