"""Operations of users: a forward and its rules, by one decorator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any

import numpy as np

from .errors import RuleError
from .guarding import guarded
from .primitive import Function, Primitive

# The operations of users that were called while a gradient check collects them.
called_operations: ContextVar[list[Any] | None] = ContextVar("called_operations", default=None)

KINDS: dict[str, dict[str, Any]] = {
    "elementwise": {"shape": "elementwise"},
    "multilinear": {"linear": True},
    "reduction": {"shape": "reduction"},
    "general": {},
}


class Operation(Primitive):
    """A user's own primitive, made by `operation`; `gradcheck` checks it on the values that it is called with."""

    path: str
    trusted = False

    def __reduce__(self) -> str:
        # For pickle: where the decorated name is found again.
        return self.path

    def __call__(self, *args: Any, **options: Any) -> Any:
        calls = called_operations.get()
        if calls is not None:
            calls.append((self, *self._bind(args, options)))
        return super().__call__(*args, **options)


def one_array(forward: Function) -> Function:
    """The forward, with a word if it does not give one array."""

    @wraps(forward)
    def checked(*args: Any, **options: Any) -> Any:
        y = guarded(forward, f"The operation {forward.__name__}", args, options)
        if not isinstance(y, (np.ndarray, np.generic, float, int)):
            raise RuleError(
                f"The operation {forward.__name__} must return one array, but returned a {type(y).__name__}.",
                "Return an array; np.stack joins several.",
            )
        return y

    return checked


def operation(
    vjp: Function | Sequence[Function | None], *, kind: str = "general", symbol: str | None = None
) -> Callable[[Function], Operation]:
    """Make a NumPy function a differentiable operation: `@operation(vjp=rule)`.

    The positional parameters are the array arguments, keyword-only ones options. There is one rule
    per array argument: a plain-NumPy function of `g`, the cotangent, and of what it needs by
    name: an argument, `y` (the result), `in_shape`, or keyword-only an option. A rule
    returns the transposed Jacobian applied to g; it need not undo broadcasting.

    Raises RuleError if a rule asks for something that does not exist.

    >>> import numpy as np, tinygrad_like as tg
    >>> @tg.operation(vjp=lambda g, x: g / (1 + np.exp(-x)))
    ... def softplus(x):
    ...     return np.log1p(np.exp(x))
    >>> tg.grad(softplus)(0.0)
    0.5
    """

    if kind not in KINDS:
        raise RuleError(f"operation has the kind {kind!r}.", f"Choose one of {', '.join(KINDS)}.")

    def make(forward: Function) -> Operation:
        code = getattr(forward, "__code__", None)
        if code is None:
            raise RuleError(
                f"operation decorates a Python function, but got {forward!r}; a rule takes the cotangent `g` first.",
                "Write @operation(vjp=rule) above `def f(x): ...`.",
            )
        defaults = len(forward.__defaults__ or ())
        names = code.co_varnames[: code.co_argcount - defaults]
        made = Operation(forward.__name__, one_array(forward), " ".join(names), vjp, symbol=symbol, **KINDS[kind])
        made.__module__, made.path = forward.__module__, forward.__qualname__
        return made

    return make
