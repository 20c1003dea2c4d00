"""Operations of users: a forward and its rules, by one decorator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from functools import wraps
from typing import Any

import numpy as np

from .arguments import bound
from .errors import RuleError
from .guarding import guarded
from .primitive import Function, Primitive

# The operations of users that were called while a gradient check collects them.
called_operations: ContextVar[list[Any] | None] = ContextVar("called_operations", default=None)

TAKES_ANY_NUMBER = 0x04  # the flag of code that takes *args

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
            calls.append((self, *bound(self, args, options)))
        return super().__call__(*args, **options)


ARRAYS = (np.ndarray, np.generic, float, int)


def arrays_only(forward: Function) -> Function:
    """The forward, with a word if it gives something else than an array or a tuple of arrays."""

    @wraps(forward)
    def checked(*args: Any, **options: Any) -> Any:
        y = guarded(forward, f"The operation {forward.__name__}", args, options)
        if not (all(isinstance(each, ARRAYS) for each in y) and y if isinstance(y, tuple) else isinstance(y, ARRAYS)):
            raise RuleError(
                f"The operation {forward.__name__} must return an array or a tuple of arrays, but returned {y!r}.",
                "Return np.array(...), or several arrays as a tuple.",
            )
        return y

    return checked


def args_of(forward: Function) -> str:
    """The names of the array arguments; of `*arrays`, which is a list of any number of them, with the star."""
    code = forward.__code__
    names = code.co_varnames[: code.co_argcount - len(forward.__defaults__ or ())]
    if not code.co_flags & TAKES_ANY_NUMBER:
        return " ".join(names)
    if code.co_argcount:
        raise RuleError(
            f"operation decorates a function of arrays or of *arrays, but {forward.__name__} has both.",
            "Take all arrays as *arrays.",
        )
    return "*" + code.co_varnames[code.co_kwonlyargcount]


def operation(
    vjp: Function | Sequence[Function | None], *, kind: str = "general", symbol: str | None = None
) -> Callable[[Function], Operation]:
    """Make a NumPy function a differentiable operation: `@operation(vjp=rule)`.

    The positional parameters are the array arguments, keyword-only ones options. There is one rule
    per array argument: a plain-NumPy function of `g`, the cotangent, and of what it needs by
    name: an argument, `y` (the result), `in_shape`, or keyword-only an option. A rule
    returns the transposed Jacobian applied to g; it need not undo broadcasting. A function of `*arrays`, a list of any
    number of them, has one rule, which returns a list. If the function returns a tuple of arrays, `g` is a tuple, with
    zeros for those that nothing was computed from.

    Raises RuleError if a rule asks for something that does not exist.

    >>> import numpy as np, tinygrad_like as tg
    >>> @tg.operation(vjp=lambda g, x: g / (1 + np.exp(-x)))
    ... def softplus(x):
    ...     return np.log1p(np.exp(x))
    >>> tg.grad(softplus)(0.0)
    0.5
    >>> @tg.operation(vjp=lambda g, x: g[0] + g[1] * 2 * x)
    ... def powers(x):
    ...     return x, x * x
    >>> tg.grad(lambda x: powers(x)[1] + 10 * powers(x)[0])(3.0)
    16.0
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
        made = Operation(forward.__name__, arrays_only(forward), args_of(forward), vjp, symbol=symbol, **KINDS[kind])
        made.__module__, made.path = forward.__module__, forward.__qualname__
        return made

    return make
