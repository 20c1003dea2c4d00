"""What is being recorded, per thread and per context: on or off, in which layer, how deep."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any, Self, TypeVar, overload

from .errors import ArgumentError

F = TypeVar("F", bound=Callable[..., Any])

recording: ContextVar[bool] = ContextVar("recording", default=True)
transform_depth: ContextVar[int] = ContextVar("transform_depth", default=0)


# The layer that is being called (weakly) or the named block (blocks.py), and the scope of the call around it.
Scope = tuple[Callable[[], Any], Any]
scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


# Told of every operation on Tensors in this context, and of every call of a layer when it returns:
# (primitive or layer, arguments, options, result).
Observer = Callable[[Any, tuple[Any, ...], dict[str, Any], Any], None]
observer: ContextVar[Observer | None] = ContextVar("observer", default=None)


def tell(what: Any, args: tuple[Any, ...], options: dict[str, Any], result: Any) -> None:
    watcher = observer.get()
    if watcher is not None:
        watcher(what, args, options, result)


# What `recording` was outside the blocks that are open in this context, as pairs (last, before that).
before: ContextVar[Any] = ContextVar("before", default=())
SUSPENDS = 0x20 | 0x80 | 0x200  # the flags of generators, coroutines and asynchronous generators


class _Recording:
    """A context manager, and a decorator, that sets `recording` for the code inside."""

    value: bool

    @overload
    def __new__(cls) -> Self: ...
    @overload
    def __new__(cls, function: F) -> F: ...  # type: ignore[misc]  # no instance
    def __new__(cls, function: Any = None) -> Any:
        """With a function, `@no_grad` without parentheses, the decorated function."""
        made = super().__new__(cls)
        return made if function is None else made(function)

    def __enter__(self) -> None:
        before.set((recording.get(), before.get()))
        recording.set(self.value)

    def __exit__(self, *error: object) -> None:
        last, outer = before.get()
        before.set(outer)
        recording.set(last)

    def __call__(self, function: F) -> F:
        name = type(self).__name__
        if not callable(function) or isinstance(function, type):
            raise ArgumentError(
                f"{name} takes a function or nothing, but got {function!r}.",
                f"Write `with {name}():`, or @{name} above a def (below @classmethod).",
            )
        if getattr(function, "__code__", None) and function.__code__.co_flags & SUSPENDS:
            raise ArgumentError(
                f"{name} cannot decorate {function.__name__}, which runs after the call returns.",
                "Write `with no_grad():` inside it, around code that does not yield or await.",
            )

        @wraps(function)
        def inside(*args: Any, **options: Any) -> Any:
            with self:
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
