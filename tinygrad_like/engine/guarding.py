"""Users' code inside the engine: it cannot write into what others need, and gives memory of its own."""

from __future__ import annotations

from typing import Any

from numpy import ndarray

from .errors import RuleError, UnsupportedError
from .kinds import check_kind
from .tensor import Tensor, wrap
from .traces import copy_of


def guarded(function: Any, what: str, args: Any, options: dict[str, Any] | None = None) -> Any:
    """What a user's function gives for arrays that it cannot write to; a copy, in case it keeps the result.

    Raises RuleError, which names `what`, if it writes into them; DTypeError for a kind of array that is not taken.
    """
    try:
        result = function(*map(read_only, args), **(options or {}))
    except (ValueError, UnsupportedError) as error:
        if "read-only" not in str(error):
            raise
        raise RuleError(
            f"{what} writes into what it was given.",
            "Write g = g * 2 in place of g *= 2, or work on a copy: others need the same array.",
        ) from error
    if isinstance(result, tuple):
        return tuple.__new__(type(result), map(copied, result))
    return list(map(copied, result)) if isinstance(result, list) else copied(result)


def copied(result: Any) -> Any:
    return copy_of(check_kind(result)) if isinstance(result, ndarray) else result


def read_only(value: Any) -> Any:
    """The same values in memory that cannot be written to through this."""
    if isinstance(value, Tensor):
        return wrap(read_only(value._array), value._node)
    if value.__class__ is not ndarray:
        return value
    view = value.view()
    view.flags.writeable = False
    return view
