"""Writes into memory, for JAX: what the memory holds afterwards."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ...engine.scattered import add_named_at
from ..tracing.traced import Method
from .jax_functions import Call, cast, check_within, checked_index, is_integers, is_mask
from .jax_loading import jax

ADD_AT = add_named_at.__wrapped__  # type: ignore[attr-defined]  # what a trace writes down of it
AT = {"add": "add", "subtract": "subtract", "multiply": "multiply", "maximum": "max", "minimum": "min"}


def setitem(call: Call) -> Any:
    array, index, value = call.args
    numpy = jax().numpy
    if is_mask(index) and np.size(value) == 1:
        mask = numpy.reshape(index, index.shape + (1,) * (array.ndim - index.ndim))
        return numpy.where(mask, cast(numpy.reshape(value, ()), array.dtype), array)
    value = without_leading_ones(cast(numpy.asarray(value), array.dtype), array, index)
    return array.at[checked_index(call, array.shape, index)].set(value)


def without_leading_ones(value: Any, array: Any, index: Any) -> Any:
    """NumPy takes a value with more axes than what it is written to, if the first have one element."""
    if value.ndim == 0 or value.shape[0] != 1:
        return value
    ndim = jax().eval_shape(lambda: array[index]).ndim
    while value.ndim > ndim and value.shape[0] == 1:
        value = value[0]
    return value


def copied(call: Call) -> Any:
    target, source = call.args[:2]
    source, numpy = cast(jax().numpy.asarray(call.args[1]), target.dtype), jax().numpy
    where = call.option("where", 3, True)
    while source.ndim > target.ndim:
        source = source[0]
    source = numpy.broadcast_to(source, target.shape)
    return source if where is True else numpy.where(where, source, target)


def added_at(call: Call) -> Any:
    """`ufunc.at(array, index, values)`, and `add_named_at`, which adds."""
    array, index = call.args[0], checked_index(call, call.args[0].shape, call.args[1])
    name = "add" if call.function is ADD_AT else AT[call.function.__self__.__name__]
    return getattr(array.at[index], name)(cast(jax().numpy.asarray(call.args[2]), array.dtype))


def filled(call: Call) -> Any:
    return jax().numpy.full_like(call.args[0], call.args[1])


def put(call: Call) -> Any:
    array, index, values = call.args[:3]
    numpy = jax().numpy
    if is_integers(index):
        check_within(call, index, array.size)
    index = numpy.ravel(numpy.asarray(index))
    values = numpy.resize(cast(numpy.asarray(values), array.dtype), index.shape)
    return array.ravel().at[index].set(values).reshape(array.shape)


def put_masked(call: Call) -> Any:
    array, mask, values = call.args[:3]
    return jax().numpy.where(mask, jax().numpy.resize(cast(values, array.dtype), array.shape), array)


def put_along_axis(call: Call) -> Any:
    array, index, values, axis = *call.args[:3], call.option("axis", 3)
    if is_integers(index):
        check_within(call, index, array.size if axis is None else array.shape[axis])
    return jax().numpy.put_along_axis(array, index, cast(values, array.dtype), axis, inplace=False)


def fill_diagonal(call: Call) -> Any:
    array, value, wrap = call.args[0], call.args[1], call.option("wrap", 2, False)
    return jax().numpy.fill_diagonal(array, value, wrap, inplace=False)


def sorted_along(call: Call) -> Any:
    return jax().numpy.sort(call.args[0], axis=call.option("axis", 1, -1))


WRITES: dict[Any, Callable[[Call], Any]] = {
    operator.setitem: setitem,
    np.copyto: copied,
    np.put: put,
    np.putmask: put_masked,
    np.put_along_axis: put_along_axis,
    np.fill_diagonal: fill_diagonal,
    ADD_AT: added_at,
}
METHODS: dict[str, Callable[[Call], Any]] = {"fill": filled, "put": put, "sort": sorted_along}


def write_of(function: Any) -> Callable[[Call], Any] | None:
    """How JAX computes what the first argument holds after this function has written into it, or None."""
    if isinstance(function, Method):
        return METHODS.get(function.name)
    ufunc = getattr(function, "__self__", None)
    if isinstance(ufunc, np.ufunc) and function.__name__ == "at":
        return added_at if ufunc.__name__ in AT else None
    return None if ufunc is not None and not hasattr(ufunc, "__name__") else WRITES.get(function)
