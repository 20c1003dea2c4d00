"""Instructions as operations of C; those that C has no loop for become calls of NumPy."""

from __future__ import annotations

import operator
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ...engine.shortcuts import raise_unless
from ...primitives.error_function import _erf
from ..tracing.program import Instruction, Value
from ..tracing.traced import method
from .c_expressions import CHEAP, filled
from .c_geometry import access, broadcast, indexed
from .c_maps import (
    NoExpression,
    assigned_at,
    clip,
    copied,
    copyto,
    fill,
    filled_with,
    mapped,
    narrowed,
    operand_of,
    require,
    target_of,
    ufunc_call,
    where,
)
from .c_operations import Access, Callback, Condition, Constant, Gather, Map, Operation, Require, Scatter, squeezed
from .c_reductions import KINDS, mean, outer_product, position, product, reduced_with
from .c_types import known

MOST_SELECTED = 24  # operations of a condition's body that are done for each element, without a branch
MOST_COSTLY = 2  # of them, functions like exp


def lowered(instructions: list[Instruction]) -> list[Operation]:
    """What the instructions do, in order."""
    return [one for _, part in parts_of(instructions) for one in part]


def parts_of(instructions: list[Instruction]) -> list[tuple[Instruction, list[Operation]]]:
    """What each instruction does."""
    return [(each, operations_of(each)) for each in instructions if not only_views(each)]


def only_views(instruction: Instruction) -> bool:
    """Whether all results are other looks at memory of the operands."""
    if instruction.writes or instruction.body is not None or not instruction.results:
        return False
    known = {id(each.memory) for each in instruction.reads}
    return all(id(each.memory) in known for each in instruction.results)


def operations_of(instruction: Instruction) -> list[Operation]:
    try:
        if instruction.body is not None:
            return conditional(instruction)
        lower = known_loop(instruction.function)
        if lower is None and isinstance(instruction.function, np.ufunc):
            lower = ufunc_call
        if lower is None and getattr(instruction.function, "__name__", "") == "at":
            lower = ufunc_at
        require(lower is not None, "C has no loop for it")
        return lower(instruction)
    except NoExpression as error:
        return [Callback((), instruction, str(error), place=instruction.place)]


def known_loop(function: Any) -> Any:
    """What makes the operations of a function; of one that is `whole`, by what it is inside."""
    if getattr(function, "__hash__", None) is None:
        return None
    return LOWER.get(function) or LOWER.get(getattr(function, "__wrapped__", None))


# -- conditions ---------------------------------------------------------------------------------


def conditional(instruction: Instruction) -> list[Operation]:
    """The body if an element is not finite; a short body of cheap operations is done for each element instead."""
    checked, body = instruction.args[0], instruction.body or []
    if checked.dtype.kind not in "fc":
        return []
    operations = lowered(body)
    if checked.dtype.kind == "c":
        return [Condition(*real_and_imaginary(checked), operations, place=instruction.place)]
    require(known(checked.dtype), f"C does not compute with {checked.dtype}")
    short = len(operations) <= MOST_SELECTED and all(map(is_plain, operations)) and costly(body) <= MOST_COSTLY
    last = operations[-1] if operations else None
    result = instruction.writes[0] if instruction.writes else body[-1].writes[0]
    if short and isinstance(last, Map) and 2 * checked.size >= result.size:
        own, (space, strides) = last.target, squeezed(result.shape, broadcast(checked, result.shape))
        if last.space == space and last.template == "{0}":
            test = Access(checked.memory, checked.dtype, checked.offset, strides)
            template = filled("fabs{f}({0}) <= {largest} ? {1} : {2}", checked.dtype)
            operands, types = (test, own, *last.operands), (checked.dtype, own.dtype, own.dtype)
            return [*operations[:-1], Map(space, operands, types, template, own.dtype, own, place=last.place)]
    own = access(checked)
    space, strides = squeezed(checked.shape, own.strides)
    look = Access(own.memory, own.dtype, own.offset, strides)
    return [Condition(space, look, operations, place=instruction.place)]


def real_and_imaginary(checked: Value) -> tuple[tuple[int, ...], Access]:
    """The space and the place of the real and imaginary parts of complex numbers, along a last axis of length 2."""
    own, dtype = access(checked), np.empty(0, checked.dtype).real.dtype
    space, strides = squeezed((*checked.shape, 2), (*own.strides, dtype.itemsize))
    return space, Access(own.memory, dtype, own.offset, strides)


def is_plain(operation: Operation) -> bool:
    return isinstance(operation, Map) and not any(isinstance(each, Gather) for each in operation.operands)


def costly(instructions: list[Instruction]) -> int:
    return sum(isinstance(each.function, np.ufunc) and each.function not in CHEAP for each in instructions)


# -- indexing -----------------------------------------------------------------------------------


def getitem(instruction: Instruction) -> list[Operation]:
    source, index = instruction.args
    return picked(instruction, source, index)


def picked(instruction: Instruction, source: Any, index: Any) -> list[Operation]:
    target = target_of(instruction)
    require(isinstance(source, Value) and known(source.dtype), "its operand")
    place = indexed(source, index)
    require(place is not None, "its index")
    shape, elements = place  # type: ignore[misc]
    require(shape == target.shape, "its index")
    return assigned_at(access(target), shape, elements, instruction.place)


def take(instruction: Instruction) -> list[Operation]:
    source, indices = instruction.args[:2]
    axis = instruction.args[2] if len(instruction.args) > 2 else instruction.options.get("axis")
    require(set(instruction.options) <= {"axis"} and len(instruction.args) <= 3, "its options")
    require(isinstance(source, Value) and isinstance(indices, Value), "its arguments")
    require(axis is not None or len(source.shape) == 1, "it takes from several axes")
    before = operator.index(axis or 0) % len(source.shape)
    return picked(instruction, source, (*(slice(None),) * before, indices))


def setitem(instruction: Instruction) -> list[Operation]:
    target, index, value = instruction.args
    return put(instruction, target, index, value, adds=False)


def ufunc_at(instruction: Instruction) -> list[Operation]:
    require(getattr(instruction.function, "__self__", None) is np.add, "C has no loop for it")
    require(len(instruction.args) == 3, "its arguments")
    target, index, value = instruction.args
    return put(instruction, target, index, value, adds=True)


def put(instruction: Instruction, target: Value, index: Any, value: Any, adds: bool) -> list[Operation]:
    require(known(target.dtype), f"C does not compute with {target.dtype}")
    place = indexed(target, index)
    require(place is not None, "its index")
    shape, elements = place  # type: ignore[misc]
    if isinstance(elements, Access):
        require(not adds, "its index")
        return assigned_at(elements, shape, value, instruction.place)
    operand = operand_of(value, shape)
    require(not isinstance(operand, Access) or operand.memory is not target.memory, "it overwrites its operand")
    require(not adds or target.dtype.kind == "f", f"C does not add into {target.dtype}")
    if isinstance(operand, Constant):
        operand = Constant(operand.value, target.dtype)
    if not prod(shape):
        return []
    narrow = narrowed(elements, shape)
    space = squeezed(shape)[0]
    return [Scatter(space, narrowed(operand, shape), narrow, adds, place=instruction.place)]


# -- joining ------------------------------------------------------------------------------------


def concatenate(instruction: Instruction) -> list[Operation]:
    arrays, target = instruction.args[0], target_of(instruction)
    axis = instruction.args[1] if len(instruction.args) > 1 else instruction.options.get("axis", 0)
    require(set(instruction.options) <= {"axis", "dtype", "casting"} and axis is not None, "its options")
    require(isinstance(arrays, (tuple, list)) and all(isinstance(each, Value) for each in arrays), "its arguments")
    axis = operator.index(axis) % len(target.shape)
    found, start = [], 0
    for each in arrays:
        offset = target.offset + start * target.strides[axis]
        part = Access(target.memory, target.dtype, offset, target.strides)
        found += assigned_at(part, each.shape, each, instruction.place)
        start += each.shape[axis]
    return found


def stack(instruction: Instruction) -> list[Operation]:
    arrays, target = instruction.args[0], target_of(instruction)
    axis = instruction.args[1] if len(instruction.args) > 1 else instruction.options.get("axis", 0)
    require(set(instruction.options) <= {"axis", "dtype", "casting"}, "its options")
    require(isinstance(arrays, (tuple, list)) and all(isinstance(each, Value) for each in arrays), "its arguments")
    axis = operator.index(axis) % len(target.shape)
    strides = target.strides[:axis] + target.strides[axis + 1 :]
    found = []
    for i, each in enumerate(arrays):
        part = Access(target.memory, target.dtype, target.offset + i * target.strides[axis], strides)
        found += assigned_at(part, each.shape, each, instruction.place)
    return found


def required(instruction: Instruction) -> list[Operation]:
    condition = instruction.args[0]
    require(isinstance(condition, Value) and condition.size == 1, "its arguments")
    own = access(condition)
    return [Require((), Access(own.memory, own.dtype, own.offset, ()), instruction, place=instruction.place)]


def erf(instruction: Instruction) -> list[Operation]:
    target = target_of(instruction)
    require(target.dtype.kind == "f", "its dtype")
    template, types = filled("erf_{n}({0})", target.dtype), (target.dtype,)
    return mapped(target.shape, instruction.args, types, template, target.dtype, access(target), instruction.place)


def broadcast_to(instruction: Instruction) -> list[Operation]:
    """What was broadcast lies in memory once: axes that repeat elements have one there."""
    source, target = instruction.args[0], target_of(instruction)
    shape = tuple(n if stride else 1 for n, stride in zip(target.shape, target.strides))
    operand = access(source, target.shape) if isinstance(source, Value) else source
    return assigned_at(access(target), shape, operand, instruction.place)


def nothing(instruction: Instruction) -> list[Operation]:
    target_of(instruction)
    return []


LOWER: dict[Any, Callable[[Instruction], list[Operation]]] = {
    **{function: reduced_with(kind) for function, kind in KINDS.items()},
    np.mean: mean,
    method("mean"): mean,
    np.where: where,
    np.clip: clip,
    method("clip"): clip,
    np.copyto: copyto,
    np.zeros: filled_with(0),
    np.ones: filled_with(1),
    np.full: filled_with(None),
    np.zeros_like: filled_with(0),
    np.ones_like: filled_with(1),
    np.full_like: filled_with(None),
    np.empty_like: nothing,
    np.broadcast_to: broadcast_to,
    np.empty: nothing,
    method("fill"): fill,
    operator.getitem: getitem,
    operator.setitem: setitem,
    np.take: take,
    method("take"): take,
    np.concatenate: concatenate,
    np.stack: stack,
    np.dot: product,
    method("dot"): product,
    np.matmul: product,
    np.outer: outer_product,
    np.argmax: position(">"),
    method("argmax"): position(">"),
    np.argmin: position("<"),
    method("argmin"): position("<"),
    raise_unless: required,
    _erf: erf,
}
for function in (np.copy, np.ascontiguousarray, np.reshape, np.ravel, np.array, np.asarray):
    LOWER[function] = copied
for name in ("astype", "copy", "ravel", "flatten"):
    LOWER[method(name)] = copied
