"""Sums, largest elements and products of matrices as operations of C."""

from __future__ import annotations

import operator
from math import prod
from typing import Any

import numpy as np

from ..tracing.program import Instruction, Value
from .c_expressions import expression
from .c_geometry import access
from .c_maps import clashes, mapped, only, require, target_of
from .c_operations import Access, Operation, Position, Product, Reduce, squeezed
from .c_types import known

KINDS = {
    np.add.reduce: "+",
    np.multiply.reduce: "*",
    np.maximum.reduce: "max",
    np.minimum.reduce: "min",
    np.logical_or.reduce: "|",
    np.logical_and.reduce: "&",
}
NEUTRAL = {"+": 0, "*": 1, "max": -np.inf, "min": np.inf}
SMALL = 4096  # multiplications, up to which a product is loops, and not a call of NumPy


def axes_of(axis: Any, ndim: int) -> set[int]:
    if axis is None:
        return set(range(ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    return {operator.index(each) % ndim for each in axes} if ndim else set()


def kept_strides(target: Value, axes: set[int], ndim: int) -> tuple[int, ...]:
    """The strides of a result over the space of what is reduced."""
    waiting = iter(target.strides)
    if len(target.shape) == ndim:  # keepdims
        return tuple(0 if i in axes else stride for i, stride in enumerate(target.strides))
    return tuple(0 if i in axes else next(waiting) for i in range(ndim))


def reduced_with(kind: str) -> Any:
    def lower(instruction: Instruction) -> list[Operation]:
        only(instruction.options, "axis", "keepdims", "dtype", "out", "initial")
        require(len(instruction.args) <= 2, "its arguments")
        require(changes_nothing(kind, instruction.options.get("initial")), "the option initial")
        axis = instruction.args[1] if len(instruction.args) > 1 else instruction.options.get("axis", 0)
        return reduce_over(instruction, kind, axis)

    return lower


def changes_nothing(kind: str, initial: Any) -> bool:
    """Whether a reduction of floats begins with this number anyway."""
    return initial is None or (isinstance(initial, (int, float)) and initial == NEUTRAL.get(kind))


def reduce_over(instruction: Instruction, kind: str, axis: Any) -> list[Operation]:
    source, target = instruction.args[0], target_of(instruction)
    require(isinstance(source, Value) and known(source.dtype), "its operand")
    axes = axes_of(axis, len(source.shape))
    dtype = np.dtype(bool) if kind in "|&" else target.dtype
    reduced = tuple(i in axes for i in range(len(source.shape)))
    into = Access(target.memory, target.dtype, target.offset, kept_strides(target, axes, len(source.shape)))
    require(not clashes(access(source), into, source.shape) or not source.shape, "it overwrites its operand")
    if not prod(source.shape):
        start = {"+": 0, "*": 1, "|": 0, "&": 1}.get(kind)
        require(start is not None, "its operand is empty")
        return mapped(target.shape, (start,), (dtype,), "{0}", dtype, access(target), instruction.place)
    space, strides, kept, marks = squeezed(source.shape, source.strides, into.strides, reduced)
    operand = Access(source.memory, source.dtype, source.offset, strides)
    into = Access(into.memory, into.dtype, into.offset, kept)
    if not any(marks):
        return mapped(space, (operand,), (dtype,), "{0}", dtype, into, instruction.place)
    return [Reduce(space, operand, kind, dtype, into, marks, place=instruction.place)]


def mean(instruction: Instruction) -> list[Operation]:
    only(instruction.options, "axis", "keepdims", "dtype", "out")
    axis = instruction.args[1] if len(instruction.args) > 1 else instruction.options.get("axis")
    require(len(instruction.args) <= 2, "its arguments")
    total, target = reduce_over(instruction, "+", axis), target_of(instruction)
    source = instruction.args[0]
    require(target.dtype.kind == "f", "its dtype")
    count = prod(source.shape[i] for i in axes_of(axis, len(source.shape)))
    types = target.dtype, target.dtype
    own = access(target)
    return total + mapped(target.shape, (own, count), types, "{0} / {1}", target.dtype, own, instruction.place)


def position(sign: str) -> Any:
    def lower(instruction: Instruction) -> list[Operation]:
        only(instruction.options, "axis", "keepdims")
        source, target = instruction.args[0], target_of(instruction)
        axis = instruction.args[1] if len(instruction.args) > 1 else instruction.options.get("axis")
        require(known(source.dtype) and len(instruction.args) <= 2, "its arguments")
        ndim = len(source.shape)
        require(axis is not None or ndim == 1 or source.contiguous, "its operand has gaps")
        if axis is None or not ndim:
            return [
                Position(
                    (source.size,),
                    Access(source.memory, source.dtype, source.offset, (source.dtype.itemsize,)),
                    Access(target.memory, target.dtype, target.offset, (0,)),
                    sign,
                    place=instruction.place,
                )
            ]
        last = operator.index(axis) % ndim
        order = [i for i in range(ndim) if i != last] + [last]
        into = kept_strides(target, {last}, ndim)
        operand = Access(source.memory, source.dtype, source.offset, tuple(source.strides[i] for i in order))
        result = Access(target.memory, target.dtype, target.offset, tuple(into[i] for i in order))
        space = tuple(source.shape[i] for i in order)
        return [Position(space, operand, result, sign, place=instruction.place)] if prod(space) else []

    return lower


# -- products -----------------------------------------------------------------------------------


def product(instruction: Instruction, most: float = SMALL) -> list[Operation]:
    """np.dot, np.matmul and their like, of up to so many multiplications."""
    only(instruction.options, "out")
    require(len(instruction.args) == 2, "its arguments")
    left, right = instruction.args
    target = target_of(instruction)
    require(target.dtype.kind == "f", "its dtype")
    if not all(isinstance(each, Value) and each.shape for each in (left, right)):
        types = target.dtype, target.dtype
        return mapped(target.shape, (left, right), types, "{0} * {1}", target.dtype, access(target), instruction.place)
    require(left.dtype == right.dtype == target.dtype, "its operands have different dtypes")
    batched = len(left.shape) > 2 or len(right.shape) > 2
    require(not batched or instruction.function is np.matmul, "it has more than two axes")
    space, sides = product_space(left, right, target)
    if space[-1] == 1:
        outer = [Access(each.memory, each.dtype, each.offset, each.strides[:-1]) for each in sides]
        return mapped(
            space[:-1], outer[:2], (target.dtype,) * 2, "{0} * {1}", target.dtype, outer[2], instruction.place
        )
    if not prod(space):
        return mapped(target.shape, (0.0,), (target.dtype,), "{0}", target.dtype, access(target), instruction.place)
    require(prod(space) <= most, "it is large: a call of BLAS is faster")
    require(not any(clashes(each, sides[2], space) for each in sides[:2]), "it overwrites its operand")
    space, *strides = squeezed(space, *(each.strides for each in sides))
    a, b, c = (Access(each.memory, each.dtype, each.offset, own) for each, own in zip(sides, strides))
    return [Product(space, a, b, c, place=instruction.place)]


def product_space(left: Value, right: Value, target: Value) -> tuple[tuple[int, ...], list[Access]]:
    """The space (batches, i, j, k), and the two operands and the result over it."""
    rows = left.shape[-2:-1] if len(left.shape) > 1 else ()
    columns = right.shape[-1:] if len(right.shape) > 1 else ()
    outer = target.shape[: len(target.shape) - len(rows) - len(columns)]
    width = len(outer)
    batches = [batch_strides(each, width) for each in (left, right)]
    i, j = len(rows), len(columns)
    k = left.shape[-1]
    inner = right.strides[-2] if j else right.strides[-1]
    a = (*batches[0], *left.strides[-2:-1][:i], *(0,) * j, left.strides[-1])
    b = (*batches[1], *(0,) * i, *(right.strides[-1:] if j else ()), inner)
    c = (*target.strides, 0)
    sides = [Access(each.memory, each.dtype, each.offset, own) for each, own in zip((left, right, target), (a, b, c))]
    return (*outer, *rows, *columns, k), sides


def batch_strides(value: Value, width: int) -> tuple[int, ...]:
    shape, strides = value.shape[:-2], value.strides[:-2]
    own = tuple(0 if n == 1 else stride for n, stride in zip(shape, strides))
    return (0,) * (width - len(own)) + own


def outer_product(instruction: Instruction) -> list[Operation]:
    require(len(instruction.args) == 2 and not instruction.options, "its arguments")
    left, right = instruction.args
    target = target_of(instruction)
    require(isinstance(left, Value) and isinstance(right, Value), "its arguments")
    require(len(left.shape) == 1 and len(right.shape) == 1, "its arguments")
    types, dtype = (target.dtype,) * 2, target.dtype
    tall = Access(left.memory, left.dtype, left.offset, (left.strides[0], 0))
    wide = Access(right.memory, right.dtype, right.offset, (0, right.strides[0]))
    template = expression(np.multiply, types, (None, None))
    require(template is not None, "its dtypes")
    return mapped(target.shape, (tall, wide), types, str(template), dtype, access(target), instruction.place)
