"""Elementwise instructions as operations of C."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ..tracing.program import TEMPORARY, Instruction, Memory, Place, Value
from .c_expressions import expression
from .c_geometry import access, row_major
from .c_operations import Access, Constant, Gather, Map, Operation, squeezed
from .c_types import known


class NoExpression(Exception):
    """Why C has no loop for an instruction, so that NumPy is called."""


def require(condition: Any, why: str) -> None:
    if not condition:
        raise NoExpression(why)


def target_of(instruction: Instruction) -> Value:
    """What an instruction with one result writes."""
    written = instruction.writes or instruction.results
    require(len(written) == 1, "it has several results")
    require(known(written[0].dtype), f"C does not compute with {written[0].dtype}")
    return written[0]


def only(options: dict[str, Any], *names: str) -> None:
    """No options but these."""
    for name in options:
        require(name in names, f"the option {name}")


def temporary(shape: tuple[int, ...], dtype: Any) -> Access:
    """New memory."""
    return Access(
        Memory(TEMPORARY, max(1, prod(shape)) * dtype.itemsize, dtype), dtype, 0, row_major(shape, dtype.itemsize)
    )


def operand_of(argument: Any, shape: tuple[int, ...]) -> Any:
    if isinstance(argument, Value):
        require(known(argument.dtype), f"C does not compute with {argument.dtype}")
        return access(argument, shape)
    if isinstance(argument, (Access, Gather, Constant)):
        return argument
    require(isinstance(argument, (int, float, np.generic)), f"an operand of type {type(argument).__name__}")
    dtype = argument.dtype if isinstance(argument, np.generic) else np.dtype(type(argument))
    require(known(dtype), f"C does not compute with {dtype}")
    return Constant(argument, dtype)


def mapped(
    shape: tuple[int, ...], arguments: Any, types: Any, template: str, dtype: Any, target: Access, place: Place
) -> list[Operation]:
    """target = template(arguments) over a shape; through new memory if what is written would be read afterwards."""
    if not prod(shape):
        return []
    operands = [operand_of(each, shape) for each in arguments]
    first, second = squeezed(shape, target.strides)
    if any(clashes(each, target, shape) for each in operands):
        between = temporary(shape, target.dtype)
        one = mapped(shape, operands, types, template, dtype, between, place)
        return one + mapped(shape, [between], (target.dtype,), "{0}", target.dtype, target, place)
    narrow = [narrowed(each, shape) for each in operands]
    target = Access(target.memory, target.dtype, target.offset, second)
    return [Map(first, tuple(narrow), tuple(types), template, dtype, target, place=place)]


def narrowed(operand: Any, shape: tuple[int, ...]) -> Any:
    """The operand without axes of length 1."""
    if isinstance(operand, Access):
        return Access(operand.memory, operand.dtype, operand.offset, squeezed(shape, operand.strides)[1])
    if isinstance(operand, Gather):
        indices = tuple(replace(each, access=narrowed(each.access, shape)) for each in operand.indices)
        return Gather(narrowed(operand.access, shape), indices, operand.span)
    return operand


def clashes(operand: Any, target: Access, shape: tuple[int, ...]) -> bool:
    """Whether a loop would read elements after it has written them."""
    if isinstance(operand, Constant):
        return False
    if isinstance(operand, Gather):
        return any(clashes(each.access, target, shape) for each in operand.indices) or (
            operand.access.memory is target.memory and meet(operand.span, target.span(shape))
        )
    if operand.memory is not target.memory or not meet(operand.span(shape), target.span(shape)):
        return False
    same = squeezed(shape, operand.strides) == squeezed(shape, target.strides)
    return not (same and operand.offset == target.offset and operand.dtype == target.dtype)


def meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


# -- instructions -------------------------------------------------------------------------------


def ufunc_call(instruction: Instruction) -> list[Operation]:
    ufunc: Any = instruction.function
    only(instruction.options, "out", "dtype", "casting")
    target = target_of(instruction)
    arguments = instruction.args[: ufunc.nin]
    require(len(instruction.args) == ufunc.nin and ufunc.nout == 1, "its arguments")
    types, dtype = loop_types(ufunc, arguments, instruction.options.get("dtype"))
    constants = (*(None if isinstance(each, Value) else each for each in arguments), None)
    template = expression(ufunc, types, constants)
    require(template is not None and known(dtype), f"C has no expression for {ufunc.__name__} of {types[0]}")
    for each, kind in zip(arguments, types):
        require(isinstance(each, Value) or fits(each, kind), "a number that does not fit")
    return mapped(target.shape, arguments, types, str(template), dtype, access(target), instruction.place)


def loop_types(ufunc: Any, arguments: Any, dtype: Any) -> tuple[tuple[Any, ...], Any]:
    """The dtypes that a ufunc casts its operands to, and that of its result."""
    given: list[Any] = []
    for each in arguments:
        if isinstance(each, Value):
            given.append(float if each.weak else each.dtype)
        elif isinstance(each, np.generic):
            given.append(each.dtype)
        else:
            require(isinstance(each, (bool, int, float)), f"an operand of type {type(each).__name__}")
            given.append(np.dtype(bool) if isinstance(each, bool) else type(each))
    if not any(isinstance(each, np.dtype) for each in given):
        given = [np.dtype(each) for each in given]
    chosen = {} if dtype is None else {"signature": (*[None] * len(given), np.dtype(dtype))}
    try:
        resolved = ufunc.resolve_dtypes((*given, None), **chosen)
    except TypeError as error:
        raise NoExpression(str(error)) from error
    return resolved[:-1], resolved[-1]


def fits(number: Any, dtype: Any) -> bool:
    if dtype.kind not in "iu" or isinstance(number, (bool, np.generic)):
        return True
    return isinstance(number, int) and np.iinfo(dtype).min <= number <= np.iinfo(dtype).max


def where(instruction: Instruction) -> list[Operation]:
    require(len(instruction.args) == 3, "its arguments")
    target = target_of(instruction)
    truth = instruction.args[0].dtype if isinstance(instruction.args[0], Value) else np.dtype(bool)
    types = truth, target.dtype, target.dtype
    return mapped(
        target.shape, instruction.args, types, "{0} ? {1} : {2}", target.dtype, access(target), instruction.place
    )


def clip(instruction: Instruction) -> list[Operation]:
    only(instruction.options, "out")
    require(len(instruction.args) == 3, "its arguments")
    target, (x, low, high) = target_of(instruction), instruction.args
    types = (target.dtype,) * 3
    bounds = [each for each in (low, high) if isinstance(each, Value) or each is None]
    if not bounds and low <= high:
        template = "{0} < {1} ? {1} : ({0} > {2} ? {2} : {0})"
        return mapped(target.shape, (x, low, high), types, template, target.dtype, access(target), instruction.place)
    found: list[Operation] = []
    for ufunc, bound in ((np.maximum, low), (np.minimum, high)):
        if bound is not None:
            between = temporary(target.shape, target.dtype)
            template = str(expression(ufunc, types[:2], ()))
            found += mapped(target.shape, (x, bound), types[:2], template, target.dtype, between, instruction.place)
            x = between
    return found + assigned(target, x, instruction.place)


def assigned(target: Value, source: Any, place: Place) -> list[Operation]:
    """target[...] = source."""
    return assigned_at(access(target), target.shape, source, place)


def assigned_at(target: Access, shape: tuple[int, ...], source: Any, place: Place) -> list[Operation]:
    operand = operand_of(source, shape)
    dtype = operand.access.dtype if isinstance(operand, Gather) else operand.dtype
    if isinstance(operand, Constant):
        require(fits(operand.value, target.dtype), "a number that does not fit")
        dtype = target.dtype
    return mapped(shape, (operand,), (dtype,), "{0}", dtype, target, place)


def copied(instruction: Instruction) -> list[Operation]:
    """Functions that copy, cast or reshape, row by row. Strides tell whether `astype` and `copy` keep the layout."""
    target, source = target_of(instruction), instruction.args[0]
    require(isinstance(source, Value), "its arguments")
    if source.shape == target.shape:
        return assigned(target, source, instruction.place)
    order = next((each for each in instruction.args[1:] if isinstance(each, str)), instruction.options.get("order"))
    in_rows = order in (None, "C") or (order in ("A", "K") and source.contiguous)
    require(in_rows, "the order of its elements")
    require(target.contiguous and prod(source.shape) == prod(target.shape), "its arguments")
    strides = row_major(source.shape, target.dtype.itemsize)
    into = Access(target.memory, target.dtype, target.offset, strides)
    return assigned_at(into, source.shape, source, instruction.place)


def filled_with(number: Any) -> Any:
    def lower(instruction: Instruction) -> list[Operation]:
        value = number
        if instruction.function in (np.full, np.full_like):
            value = instruction.args[1] if len(instruction.args) > 1 else instruction.options["fill_value"]
        return assigned(target_of(instruction), value, instruction.place)

    return lower


def fill(instruction: Instruction) -> list[Operation]:
    return assigned(target_of(instruction), instruction.args[1], instruction.place)


def copyto(instruction: Instruction) -> list[Operation]:
    only(instruction.options, "casting")
    require(len(instruction.args) == 2, "its arguments")
    return assigned(target_of(instruction), instruction.args[1], instruction.place)
