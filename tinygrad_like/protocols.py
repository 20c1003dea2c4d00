"""NumPy's protocols: what a NumPy function means when a Tensor is among its arguments."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from . import functions
from .engine import autodiff, operators
from .engine.errors import UnsupportedError, lost_graph
from .engine.primitive import NUMPY, Function
from .engine.recording import recording
from .engine.tensor import Tensor, assign, wrap
from .primitives import (
    arithmetic,
    comparison,
    contraction,
    exponential,
    indexing,
    movement,
    neural,
    reductions,
    trigonometric,
)

# Asked of the values alone, these answer in plain Python or NumPy, and have nothing to differentiate.
INSPECTIONS = frozenset(
    {np.shape, np.ndim, np.size, np.allclose, np.array_equal, np.array_equiv, np.nonzero, np.flatnonzero}
    | {np.iscomplexobj, np.isrealobj, np.shares_memory, np.may_share_memory, np.result_type, np.can_cast}
    | {np.array2string, np.array_repr, np.array_str, np.argwhere, np.searchsorted, np.isclose}
)
# They write into their first argument.
WRITERS = frozenset({np.copyto, np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal})
REDUCED: dict[np.ufunc, Function] = {
    np.add: reductions.sum,
    np.multiply: reductions.prod,
    np.maximum: reductions.max,
    np.minimum: reductions.min,
}


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What a ufunc means when a Tensor is among its inputs or outputs."""
    if method == "at" and not is_recorded(inputs[:1]):
        return write_by(ufunc.at, inputs, options)
    out = options.pop("out", None)
    implementation: Function | None = None
    if method == "__call__":
        implementation = NUMPY.get(ufunc)
    elif method == "reduce":
        implementation = REDUCED.get(ufunc)
        options.setdefault("axis", 0)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    result = call(implementation, getattr(ufunc, method), name, inputs, options)
    return result if out is None else write(out[0], result)


def call_function(function: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What any other NumPy function means when a Tensor is among its arguments."""
    if function in INSPECTIONS:
        return function(*arrays_in(inputs), **arrays_in(options))
    if function in WRITERS or (function is np.nan_to_num and options.get("copy") is False):
        return write_by(function, inputs, options)
    out = options.pop("out", None)
    name = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
    result = call(NUMPY.get(function), function, name, inputs, options)
    return result if out is None else write(out, result)


def call(implementation: Function | None, function: Any, name: str, inputs: Any, options: dict[str, Any]) -> Any:
    """The differentiable implementation; where there is none, NumPy on the values, if nothing is recorded."""
    if implementation is not None:
        try:
            return implementation(*inputs, **options)
        except UnsupportedError:
            if is_recorded((inputs, options)):
                raise
    elif is_recorded((inputs, options)):
        raise UnsupportedError(
            f"np.{name} is not differentiable here.",
            "Compose it of functions that are (docs/primitives.md), declare it with @operation, "
            "or leave the graph with t.numpy().",
        )
    return tensors_in(function(*arrays_in(inputs), **arrays_in(options)))


def write(target: Any, result: Any) -> Any:
    """`out=`: into a Tensor through the door, into an ndarray only what is not recorded."""
    if isinstance(target, Tensor):
        assign(target, result)
        return target
    if is_recorded(result):
        raise lost_graph("Writing into an ndarray (array -= tensor, out=array)")
    np.copyto(target, arrays_in(result), casting="same_kind")
    return target


def write_by(function: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A function that writes into its first argument: into a Tensor, what it changes goes through the door."""
    if not inputs:  # np.copyto(dst=t, src=x)
        first = next(iter(options))
        inputs, options = (options[first],), {name: each for name, each in options.items() if name != first}
    target, others = inputs[0], (inputs[1:], options)
    if is_recorded(others):
        raise lost_graph("Writing into an array (np.full, np.copyto, np.put, np.add.at)")
    values, settings = arrays_in(others)
    if not isinstance(target, Tensor):
        return tensors_in(function(target, *values, **settings))
    changed = target._array.copy()
    function(changed, *values, **settings)
    old = target._array
    index = (changed != old) & ((changed == changed) | (old == old))
    assign(target, changed[index], index)
    return None if function is not np.nan_to_num else target


def is_recorded(value: Any) -> bool:
    """Whether a Tensor that is being recorded is in `value`, or in the lists and tuples in it."""
    if isinstance(value, Tensor):
        return value.requires_grad and recording.get()
    if isinstance(value, dict):
        value = list(value.values())
    return isinstance(value, (list, tuple)) and any(is_recorded(each) for each in value)


def arrays_in(value: Any) -> Any:
    """`value` with the arrays of the Tensors in it."""
    if isinstance(value, Tensor):
        return value._array
    if isinstance(value, dict):
        return {name: arrays_in(each) for name, each in value.items()}
    return type(value)(map(arrays_in, value)) if type(value) in (list, tuple) else value


def tensors_in(value: Any) -> Any:
    """`value` with Tensors in place of the arrays in it."""
    if isinstance(value, (np.ndarray, np.generic)):
        return wrap(np.asarray(value))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(tensors_in, value))
    return type(value)(map(tensors_in, value)) if type(value) in (list, tuple) else value


operators.bind(
    autodiff=autodiff,
    functions=functions,
    protocols=sys.modules[__name__],
    arithmetic=arithmetic,
    comparison=comparison,
    contraction=contraction,
    exponential=exponential,
    indexing=indexing,
    movement=movement,
    neural=neural,
    reductions=reductions,
    trigonometric=trigonometric,
)
