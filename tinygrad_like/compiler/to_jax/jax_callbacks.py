"""Functions that JAX does not have: its program calls back, and NumPy computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.errors import DTypeError
from ..tracing.program import Instruction, Value, mapped_values
from .jax_loading import jax


def is_pure(function: Any) -> bool:
    """Whether a function depends on its arguments alone: those of NumPy and of this package, but for processes."""
    module = getattr(function, "__module__", None) or ""
    if module.startswith("tinygrad_like.distributed"):
        return False
    return module.split(".")[0] in ("numpy", "tinygrad_like", "_operator") and not is_stateful(function)


def is_stateful(function: Any) -> bool:
    """Whether it is a method of an object that is none of NumPy's functions, such as a generator."""
    owner = getattr(function, "__self__", None)
    return owner is not None and not isinstance(owner, np.ufunc) and type(owner).__name__ != "module"


def called_back(instruction: Instruction, given: dict[Value, Any], failures: list[Exception]) -> list[Any]:
    """The results of an instruction, then what its `writes` hold afterwards; an error is kept in `failures`.

    Arrays travel as numbers of at most 32 bits: the thread that JAX calls back on knows no longer ones.
    """
    wanted = [*instruction.results, *instruction.writes]

    def host(*encoded: Any) -> Any:
        held = {value: decoded(np.asarray(each), value) for value, each in zip(given, encoded)}
        try:
            return [encoded_array(each, value) for each, value in zip(computed(instruction, held), wanted)]
        except Exception as error:
            failures.append(error)
            return [np.zeros(*shape_of(value)) for value in wanted]

    shapes = [jax().ShapeDtypeStruct(*shape_of(value)) for value in wanted]
    sent = [encoded_traced(array, value) for value, array in given.items()]
    if is_pure(instruction.function) and wanted:
        received = jax().pure_callback(host, shapes, *sent)
    else:
        received = jax().experimental.io_callback(host, shapes, *sent, ordered=True)
    return [decoded_traced(each, value) for each, value in zip(received, wanted)]


def computed(instruction: Instruction, held: dict[Value, Any]) -> list[Any]:
    """What NumPy makes of it."""
    args, options = (
        mapped_values(lambda leaf: held[leaf] if isinstance(leaf, Value) else leaf, part)
        for part in (instruction.args, instruction.options)
    )
    with np.errstate(all="ignore"):
        result = instruction.function(*args, **options)
    results = list(result) if instruction.container else [result] if instruction.results else []
    return [*results, *(held[each] for each in instruction.writes)]


# -- arrays as bytes -----------------------------------------------------------------------------------


def shape_of(value: Value) -> tuple[tuple[int, ...], Any]:
    """The shape and dtype of what travels."""
    if value.dtype.kind == "b":
        return value.shape, np.dtype(np.uint8)
    parts = value.dtype.itemsize // 4 if value.dtype.itemsize > 4 else 1
    return (*value.shape, parts), np.dtype(f"u{min(4, value.dtype.itemsize)}")


def encoded_array(array: Any, value: Value) -> Any:
    if np.iscomplexobj(array) and value.dtype.kind != "c":
        raise DTypeError(
            "A function gives complex numbers now, but gave real ones when it was compiled.", "Write a.astype(complex)."
        )
    shape, dtype = shape_of(value)
    return np.ascontiguousarray(array, value.dtype).view(dtype).reshape(shape)


def decoded(array: Any, value: Value) -> Any:
    """An array of NumPy, or a number; its own memory, so that it can be written to."""
    plain = np.frombuffer(bytearray(np.ascontiguousarray(array).tobytes()), value.dtype).reshape(value.shape)
    return plain[()] if value.scalar else plain


def encoded_traced(array: Any, value: Value) -> Any:
    numpy, (shape, dtype) = jax().numpy, shape_of(value)
    if value.dtype.kind == "b":
        return array.astype(dtype)
    array = numpy.asarray(array, value.dtype)
    if value.dtype.kind == "c":
        array = numpy.stack([array.real, array.imag], axis=-1)
    return jax().lax.bitcast_convert_type(array, dtype).reshape(shape)


def decoded_traced(array: Any, value: Value) -> Any:
    bitcast = jax().lax.bitcast_convert_type
    if value.dtype.kind == "b":
        return array.astype(bool)
    if value.dtype.kind == "c":
        part = np.dtype(f"f{value.dtype.itemsize // 2}")
        pairs = array.reshape(*value.shape, 2, *([2] if part.itemsize == 8 else []))
        pairs = bitcast(pairs, part)
        return jax().lax.complex(pairs[..., 0], pairs[..., 1])
    return bitcast(array if value.dtype.itemsize > 4 else array.reshape(value.shape), value.dtype)
