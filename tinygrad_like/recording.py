"""What is being recorded, per thread and per context: on or off, in which layer, how deep."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import ContextVar, Token
from functools import wraps
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

recording: ContextVar[bool] = ContextVar("recording", default=True)
transform_depth: ContextVar[int] = ContextVar("transform_depth", default=0)


# The layer that is being called (weakly), and the scope of the call around it.
Scope = tuple[weakref.ref[Any], Any]
scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


class _Recording:
    """A context manager, and a decorator, that sets `recording` for the code inside."""

    value: bool

    def __init__(self) -> None:
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(recording.set(self.value))

    def __exit__(self, *error: object) -> None:
        recording.reset(self._tokens.pop())

    def __call__(self, function: F) -> F:
        @wraps(function)
        def inside(*args: Any, **options: Any) -> Any:
            with type(self)():
                return function(*args, **options)

        return inside  # type: ignore[return-value]


class no_grad(_Recording):
    """Inside, nothing is recorded; for this thread (or asyncio task) only.

    >>> import tinygrad_like as tg
    >>> x = tg.Tensor(3.0, requires_grad=True)
    >>> with tg.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    value = False


class enable_grad(_Recording):
    """Inside, operations are recorded again, also within `no_grad`.

    >>> import tinygrad_like as tg
    >>> x = tg.Tensor(3.0, requires_grad=True)
    >>> with tg.no_grad(), tg.enable_grad():
    ...     y = x * x
    >>> y.requires_grad
    True
    """

    value = True


def is_recording() -> bool:
    """Whether operations on Tensors that require a gradient are being recorded here."""
    return recording.get()
