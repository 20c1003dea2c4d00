"""The registry: all primitives by name, and what NumPy's functions mean when they are given a Tensor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import numpy as np

from .arguments import check_count, known_options
from .errors import RuleError
from .primitive import Function, Primitive
from .warned import namespace_of, raise_warnings_in

VARIADIC = 0x04  # the flag of code that takes *args
KEYWORDS = 0x08  # and of code that takes **options

REGISTRY: dict[str, Primitive] = {}
NUMPY: dict[Callable[..., Any], Function] = {}

# The options of reductions, by default, and of others that work over axes.
OVER_AXES: dict[str, Any] = {"options": {"axis": None, "keepdims": False}, "by_position": 1}


def general(
    name: str, forward: Function, args: str, vjp: Any = (), *, sample: Any, numpy: Any = None, **more: Any
) -> Primitive:
    """Enter a primitive of the package, and the `numpy` functions that it is. `sample` makes it testable."""
    if sample is None:
        raise RuleError(f"{name} has no sample, so no test could reach it.", "Declare sample=...")
    if name in REGISTRY:
        raise RuleError(f"{name} is registered twice.")
    is_numpys = isinstance(forward, np.ufunc) or str(getattr(forward, "__module__", "")).startswith("numpy")
    functions = numpy or (forward if is_numpys else ())
    functions = functions if isinstance(functions, tuple) else (functions,)
    primitive = REGISTRY[name] = Primitive(name, forward, args, vjp, sample=sample, numpy=functions, **more)
    NUMPY.update(dict.fromkeys(functions, primitive))
    raise_warnings_in(namespace_of(forward))
    return primitive


elementwise = partial(general, shape="elementwise")
multilinear = partial(general, linear=True)


def reduction(name: str, forward: Function, args: str, vjp: Any, **more: Any) -> Primitive:
    """A primitive over axes: each element of the argument reaches one element of the result."""
    return general(name, forward, args, vjp, shape="reduction", **(OVER_AXES | more))


def ufunc(function: np.ufunc, vjp: Any = (), **more: Any) -> Primitive:
    """An elementwise primitive that is a ufunc of NumPy. Its arguments are called x, or a and b."""
    return elementwise(function.__name__, function, "x" if function.nin == 1 else "a b", vjp, **more)


def implements(*functions: Any) -> Callable[[Function], Function]:
    """Make a composite the meaning of NumPy functions on Tensors; other arguments than its own are refused."""

    def enter(composite: Function) -> Function:
        code, name = getattr(composite, "__wrapped__", composite).__code__, composite.__name__
        names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        most = 10**9 if code.co_flags & VARIADIC else code.co_argcount
        takes_all = code.co_flags & KEYWORDS

        @wraps(composite)
        def checked(*args: Any, **options: Any) -> Any:
            check_count(name, len(args), most)
            return composite(*args, **known_options(name, options, options if takes_all else names))

        NUMPY.update(dict.fromkeys(functions, checked))
        return composite

    return enter
