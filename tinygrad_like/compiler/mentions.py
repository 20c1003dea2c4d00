"""Whose code a function is, and which names it mentions: what it may look at, besides its arguments."""

from __future__ import annotations

import dis
import sys
from functools import cache
from types import CodeType, FunctionType, ModuleType, SimpleNamespace
from typing import Any

from ..engine.callers import is_library
from ..nn.finding import NOT_USERS

NOT_LOOKED_INTO = NOT_USERS | {__name__.partition(".")[0]}
# Code that mentions one of these may look at attributes that it does not name.
BY_TEXT = frozenset({"getattr", "vars", "attrgetter", "methodcaller", "__dict__", "__getattribute__", "__slots__"})
# Methods that are called without a name: those of operators, and `forward`.
NEVER_FOLLOWED = frozenset({"__init__", "__new__", "__repr__", "__str__", "__init_subclass__", "__set_name__"})
LOOKING_UP = frozenset({"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"})


@cache
def mentioned(code: CodeType) -> frozenset[str]:
    """The names of globals and attributes in some code, and in the functions that are written in it."""
    inner = (mentioned(each) for each in code.co_consts if isinstance(each, CodeType))
    return frozenset(code.co_names).union(*inner)


@cache
def looked_up(code: CodeType) -> frozenset[str]:
    """Those of the names that are no attributes: `model` and `np`, but not the `step` of `optimizer.step()`."""
    inner = (looked_up(each) for each in code.co_consts if isinstance(each, CodeType))
    return frozenset(each.argval for each in dis.get_instructions(code) if each.opname in LOOKING_UP).union(*inner)


def is_users_function(value: Any) -> bool:
    return isinstance(value, FunctionType) and not is_library(value.__code__.co_filename)


def is_users_module(value: Any) -> bool:
    if not isinstance(value, ModuleType) or value.__name__.partition(".")[0] in NOT_LOOKED_INTO:
        return False
    return not is_library(getattr(value, "__file__", None) or "")


def is_users_class(kind: Any) -> bool:
    if not isinstance(kind, type) or kind.__module__.partition(".")[0] in NOT_LOOKED_INTO:
        return False
    module = sys.modules.get(kind.__module__)
    return module is None or is_users_module(module)


def is_read_by_name(kind: type) -> bool:
    """Whether only the user's code looks at the attributes of such an object, so that it names them."""
    if kind is SimpleNamespace:
        return True
    ours = all(base is object or is_users_class(base) for base in kind.__mro__)
    return ours and not hasattr(kind, "__dataclass_fields__")


def called_unnamed(kind: type) -> set[str]:
    """The methods of a class that are called without being named."""
    found = {name for name, each in vars(kind).items() if name.startswith("__") and isinstance(each, FunctionType)}
    return (found | {"forward"}) - NEVER_FOLLOWED


def defaults_of(kind: type) -> set[str]:
    """The attributes of the user's classes that an object may have instead: no methods, no properties."""
    bases = [vars(base) for base in kind.__mro__ if is_users_class(base)]
    return {name for base in bases for name, each in base.items() if not hasattr(type(each), "__get__")}
