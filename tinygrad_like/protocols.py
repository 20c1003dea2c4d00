"""NumPy's protocols: what a NumPy function means when a Tensor is among its arguments."""

from __future__ import annotations

import functools
import sys
from importlib import import_module
from typing import Any

import numpy as np

from .engine import operators, views
from .engine.complex_numbers import CONTINUOUS
from .engine.errors import UnsupportedError, lost_graph
from .engine.kinds import check_kind
from .engine.node import is_flat
from .engine.primitive import Function
from .engine.recording import recording
from .engine.refusals import NEW, instead_of
from .engine.registry import NUMPY
from .engine.tensor import Tensor, as_array, wrap
from .engine.traces import ndarray_of, trace
from .functions.totals import WITH_OPTIONS
from .functions.ufuncs import ACCUMULATED, REDUCED, outer, reduceat
from .primitives import indexing
from .tree import leaves, mapped

# Asked of the values alone, these answer in plain Python, and have nothing to differentiate.
INSPECTIONS = frozenset(
    {np.shape, np.ndim, np.size, np.allclose, np.array_equal, np.array_equiv}
    | {np.iscomplexobj, np.isrealobj, np.shares_memory, np.may_share_memory, np.result_type, np.can_cast}
    | {np.array2string, np.array_repr, np.array_str, np.einsum_path}
)
# Of the values alone, too; these give arrays: positions and truths, constants for differentiation.
CONSTANTS = frozenset({np.nonzero, np.flatnonzero, np.argwhere, np.lexsort, np.isclose, np.isin})
# They write into their first argument, and where they take the values: by which position, by which name.
WRITERS = {
    np.copyto: (1, "src"),
    np.put: (2, "v"),
    np.place: (2, "vals"),
    np.putmask: (2, "values"),
    np.put_along_axis: (2, "values"),
    np.fill_diagonal: (1, "val"),
}
# Of these, what a method gives is true or false, and has nothing to differentiate.
LOGICAL = frozenset({np.logical_and, np.logical_or, np.logical_xor})
# What NumPy does anyway.
DEFAULTS = {"where": True, "casting": "same_kind", "order": "K", "subok": True, "initial": np._NoValue}


def call_ufunc(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What a ufunc means when a Tensor is among its inputs or outputs."""
    if method == "at":
        return add_at(ufunc, *inputs) if is_recorded(inputs) else write_by(ufunc.at, inputs, options)
    if method == "outer":
        return outer(ufunc, *inputs, **options)
    out = options.pop("out", None)
    if options:
        options = {name: v for name, v in options.items() if name not in DEFAULTS or v is not DEFAULTS[name]}
    implementation: Function | None = None
    name = name_of(ufunc) if method == "__call__" else f"{name_of(ufunc)}.{method}"
    if method == "__call__":
        implementation = meaning_of(ufunc)
        if "where" in options:
            check_mask(name, inputs, out)
            if is_recorded((inputs, out)):
                return call_where(ufunc, options.pop("where"), inputs, options, out[0])
        if options.get("dtype") is not None and is_recorded(inputs):
            inputs = in_dtype(ufunc, inputs, options.pop("dtype"))
    elif method == "reduce":
        implementation = REDUCED.get(ufunc)
        options.setdefault("axis", 0)
    elif ufunc in LOGICAL:
        return on_values(getattr(ufunc, method), inputs, options, out)
    elif method == "accumulate":
        implementation = ACCUMULATED.get(ufunc)
    elif method == "reduceat" and ufunc in REDUCED:
        implementation = functools.partial(reduceat, ufunc)
    elif method == "reduceat" and is_recorded(inputs):
        raise UnsupportedError(
            f"{shown(name)} is not differentiable here.",
            f"Write np.stack of np.{ufunc.__name__}.reduce of slices, t[i:j].",
        )
    return call(implementation, getattr(ufunc, method), name, inputs, options, out)


def meaning_of(ufunc: np.ufunc) -> Function | None:
    """The differentiable meaning of a ufunc. Those of SciPy get theirs when the first of them meets a Tensor."""
    if ufunc not in NUMPY and name_of(ufunc).startswith("scipy."):
        with operators.loading:
            import_module(f"{__package__}.scipy_families")
    return NUMPY.get(ufunc)


@functools.lru_cache(1000)
def name_of(ufunc: np.ufunc) -> str:
    """NumPy's name of a ufunc, or SciPy's: scipy.special.erf."""
    name = ufunc.__name__
    if "scipy.special" in sys.modules and getattr(np, name, None) is not ufunc:
        special = sys.modules["scipy.special"]
        # Some are called by functions of Python, under private names: zeta calls _zeta or _riemann_zeta.
        if ufunc in (getattr(special, name, None), getattr(special._ufuncs, name, None)):
            return f"scipy.special.{name.removeprefix('_riemann').lstrip('_')}"
    return name


def shown(name: str) -> str:
    """The name of a function as it is written."""
    return name if name.startswith("scipy.") else f"np.{name}"


def check_mask(name: str, inputs: Any, out: Any) -> None:
    """Refuse where= of a ufunc if the values elsewhere would be left to chance, or a graph would be lost."""
    if is_recorded((inputs, out)):
        if out is not None and all(isinstance(target, Tensor) for target in out) and len(out) == 1:
            return
        reason = "cannot be differentiated without a Tensor as out="
    elif out is None or any(target is None for target in out):
        reason = "needs out=, which holds the values elsewhere"
    else:
        return
    raise UnsupportedError(
        f"{shown(name)} of a Tensor with where= {reason}.",
        f"Write np.where(mask, {shown(name)}(...), elsewhere), or out=np.zeros_like(t).",
    )


def call_where(ufunc: np.ufunc, mask: Any, inputs: Any, options: dict[str, Any], target: Tensor) -> Tensor:
    """The ufunc with where= and out=: computed where the mask is true, and written there."""
    mask = np.broadcast_to(arrays_in(mask), target.shape)
    parts = tuple(np.broadcast_to(each, target.shape)[mask] for each in inputs)
    views.write(target, mask, call_ufunc(ufunc, "__call__", parts, options))
    return target


def in_dtype(ufunc: np.ufunc, inputs: Any, dtype: Any) -> Any:
    """The inputs in the dtype in which the ufunc is to compute: one of floats, as of others nothing is recorded."""
    if np.dtype(dtype).kind not in CONTINUOUS:
        raise UnsupportedError(
            f"{shown(name_of(ufunc))} of a recorded Tensor with dtype={np.dtype(dtype)} is not differentiable.",
            "Write .astype(dtype) of the result.",
        )
    count = 1 if ufunc is np.ldexp else len(inputs)
    return (*(as_array(each).astype(dtype, casting="same_kind") for each in inputs[:count]), *inputs[count:])


def call_function(function: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """What any other NumPy function means when a Tensor is among its arguments."""
    if function in INSPECTIONS:
        return function(*arrays_in(inputs), **arrays_in(options))
    if function in CONSTANTS:
        return on_values(function, inputs, options, None)
    if function in WRITERS or (function is np.nan_to_num and not (*inputs[1:2], options.get("copy", True))[0]):
        return write_by(function, inputs, options)
    if not inputs and (first := positional(function)[:1]) and first[0] in options:  # np.sum(a=t)
        inputs = (options.pop(first[0]),)
    if len(inputs) > 2 and "out" in (names := positional(function)):
        place = names.index("out")
        options, inputs = dict(zip(names[place:], inputs[place:])) | options, inputs[:place]
    options.pop("overwrite_input", None)  # np.median and the like would spoil a Tensor unseen
    out = options.pop("out", None)
    name = f"{function.__module__}.{function.__name__}".removeprefix("numpy.")
    return call(NUMPY.get(function), function, name, inputs, options, out)


@functools.cache
def positional(function: Any) -> list[str]:
    """The names of what a NumPy function takes by position; none, if it is built in and does not tell."""
    import inspect

    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:
        return []
    return [name for name, each in parameters.items() if each.kind in kinds]


def call(
    implementation: Function | None, function: Any, name: str, inputs: Any, options: dict[str, Any], out: Any
) -> Any:
    """The result of the differentiable implementation, or of the one that takes more options.

    Without any, it is NumPy's on the values, if nothing is recorded.
    """
    if implementation is not None:
        try:
            result = implementation(*inputs, **options)
        except UnsupportedError:
            further = WITH_OPTIONS.get(function)
            if further is None and is_recorded((inputs, options)):
                raise
        else:
            return result if out is None else write(out, result)
        if further is not None and is_recorded((inputs, options)):
            result = further(*inputs, **options)
            return result if out is None else write(out, result)
    elif is_recorded((inputs, options)):
        raise UnsupportedError(f"{shown(name)} is not differentiable here.", instead_of(name))
    return on_values(function, inputs, options, out)


def on_values(function: Any, inputs: Any, options: dict[str, Any], out: Any) -> Any:
    """NumPy's own function on the values, with all of its options; `write` writes into the Tensors among `out`."""
    inputs, options = arrays_in(inputs), arrays_in(options)
    if out is None:
        return tensors_in(function(*inputs, **options))
    targets = out if isinstance(out, tuple) else (out,)
    for target in targets:
        check_target(target, None)
    # A copy keeps the old values, for where= and for what shares the memory with an input.
    buffers = tuple(target._array.copy() if isinstance(target, Tensor) else target for target in targets)
    results = function(*inputs, out=buffers if isinstance(out, tuple) else buffers[0], **options)
    for target, buffer in zip(targets, buffers):
        if isinstance(target, Tensor):
            assign_changes(target, buffer)
    return given_back(targets, results)


def write(out: Any, results: Any) -> Any:
    """Write into `out`, and give it back: into an ndarray only what is not recorded."""
    targets = out if isinstance(out, tuple) else (out,)
    parts = results if isinstance(results, tuple) else (results,)
    for target, part in zip(targets, parts):
        check_target(target, part)
    for target, part in zip(targets, parts):
        if isinstance(target, Tensor):
            views.write(target, ..., part)
        elif target is not None:
            np.copyto(target, part._array if isinstance(part, Tensor) else part, casting="same_kind")
    return given_back(targets, results)


def given_back(targets: tuple[Any, ...], results: Any) -> Any:
    """What NumPy gives back: each target, and the result where that is None."""
    parts = results if isinstance(results, tuple) else (results,)
    given = tuple(tensors_in(part) if target is None else target for target, part in zip(targets, parts))
    return given if isinstance(results, tuple) else given[0]


def check_target(target: Any, result: Any) -> None:
    """Before anything is written: an error if the result is recorded, or the target is no array."""
    if isinstance(target, Tensor):
        if is_recorded((target, result)):
            views.check_can_change(target, target)
    elif target is None:
        return
    elif is_recorded(result):
        raise lost_graph("Writing into an ndarray (array -= tensor, out=array)", NEW)
    elif not isinstance(check_kind(target), np.ndarray):
        raise UnsupportedError(f"out= takes an ndarray or a Tensor, but got a {type(target).__name__}.")


def write_by(function: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A function that writes into its first argument; if that is a Tensor, what changes is written."""
    if not inputs:  # np.copyto(dst=t, src=x)
        first = next(iter(options))
        inputs, options = (options[first],), {name: each for name, each in options.items() if name != first}
    target, others = inputs[0], (inputs[1:], options)
    if is_recorded((target, others)):
        return write_recorded(function, inputs, options)
    values, settings = arrays_in(others)
    if not isinstance(target, Tensor):
        return tensors_in(function(target, *values, **settings))
    changed = target._array.copy()
    function(changed, *values, **settings)
    assign_changes(target, changed)
    return None if function is not np.nan_to_num else target


def write_recorded(function: Any, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The same, where something is recorded: NumPy's function, given numbers, tells which value goes where."""
    target = inputs[0]
    if isinstance(target, Tensor) and function is np.nan_to_num:
        views.update(target, ..., NUMPY[function](target, *inputs[1:], **options))
        return target
    if not isinstance(target, Tensor) or function not in WRITERS:
        raise lost_graph("Writing into an array (np.full, np.copyto, np.put, np.add.at)", NEW)
    place, name = WRITERS[function]
    arguments = list(arrays_in(inputs))
    settings = arrays_in(options)
    value = as_array(views.joined(inputs[place] if place < len(inputs) else options[name]))
    if not value.size:
        return None
    numbers = np.arange(value.size).reshape(value.shape)
    source = arguments[0] = np.full(target.shape, -1)
    if place < len(inputs):
        arguments[place] = numbers
    else:
        settings[name] = numbers
    function(*arguments, **settings)
    reached = source >= 0
    views.update(target, reached, np.ravel(value)[source[reached]])
    return None


def add_at(ufunc: np.ufunc, target: Any, index: Any, value: Any = None) -> None:
    """`np.add.at` and `np.subtract.at` of a Tensor: each index adds its value, also one that is there twice."""
    if not isinstance(target, Tensor):
        raise lost_graph(f"np.{ufunc.__name__}.at of an ndarray")
    if ufunc not in (np.add, np.subtract):
        raise UnsupportedError(
            f"np.{ufunc.__name__}.at is not differentiable here.", "Write t[index] = values, or np.add.at."
        )
    index = indexing.plain_index(index)
    parts = np.broadcast_to(value, target[index].shape)
    total = indexing.scatter_add(parts, shape=target.shape, indexes=[index])
    views.update(target, ..., ufunc(target, total))


def assign_changes(target: Tensor, changed: Any) -> None:
    """Write the elements that differ. The others were not touched, so a graph that needs them stays valid."""
    if trace() is not None:
        views.write(target, ..., changed)
        return
    shape = (*changed.shape, changed.dtype.itemsize)
    # Byte by byte: -0.0 differs from 0.0, and a nan from no other of its kind.
    old, new = (np.frombuffer(each.tobytes(), np.uint8).reshape(shape) for each in (target._array, changed))
    index = (old != new).any(axis=-1)
    views.write(target, index, changed[index])


def is_recorded(value: Any) -> bool:
    """Whether a Tensor that has a gradient to lose is in `value`, or in the containers in it."""
    return recording.get() and any(isinstance(each, Tensor) and has_gradient(each._node) for each in leaves(value))


def has_gradient(node: Any) -> bool:
    return node is not None and not is_flat(node)


def arrays_in(value: Any) -> Any:
    """`value` with the arrays of the Tensors in it."""
    return mapped(lambda each: each._array if isinstance(each, Tensor) else check_kind(each), value)


def tensors_in(value: Any) -> Any:
    """`value` with Tensors in place of the arrays in it."""
    return mapped(lambda each: wrap(ndarray_of(each)) if isinstance(each, (np.ndarray, np.generic)) else each, value)
