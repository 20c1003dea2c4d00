"""Loops for what the C backend leaves to NumPy, since that is faster there, or rare."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ...engine.scattered import add_named_at
from ..to_c.c_geometry import access, broadcast
from ..to_c.c_lowering import put
from ..to_c.c_maps import assigned, assigned_at, copied, filled_with, mapped, require, target_of, temporary
from ..to_c.c_operations import Access, Gather, Index, Operation, Reduce, squeezed
from ..to_c.c_reductions import product, product_space
from ..tracing.program import Instruction, Value
from ..tracing.traced import method
from ..tracing.tracing import float_of


def any_product(instruction: Instruction) -> list[Operation]:
    """Products of any size, also of different dtypes."""
    left, right = instruction.args
    target = target_of(instruction)
    if left.dtype == right.dtype or not (left.shape and right.shape):
        return product(instruction, float("inf"))
    space, sides = product_space(left, right, target)
    return contracted(instruction, space, [each.strides for each in sides[:2]], sides[2].strides, len(space) - 1)


def pad(instruction: Instruction) -> list[Operation]:
    """Numbers around an array."""
    source, widths, *mode = instruction.args
    target = target_of(instruction)
    options = {"mode": "constant", "constant_values": 0} | instruction.options | dict(zip(("mode",), mode))
    require(set(options) == {"mode", "constant_values"} and options["mode"] == "constant", "how it fills")
    pairs = np.broadcast_to(widths, (len(source.shape), 2))
    offset = target.offset + sum(int(low) * stride for (low, _), stride in zip(pairs, target.strides))
    into = Access(target.memory, target.dtype, offset, target.strides)
    around = assigned(target, options["constant_values"], instruction.place)
    return around + assigned_at(into, source.shape, source, instruction.place)


def add_at(instruction: Instruction) -> list[Operation]:
    """array[index] += values, where an index may stand more than once."""
    array, index, values = instruction.args
    return put(instruction, array, index, values, adds=True)


def full_like(instruction: Instruction) -> list[Operation]:
    return assigned(target_of(instruction), instruction.args[1], instruction.place)


def take_along_axis(instruction: Instruction) -> list[Operation]:
    """x[..., indices, ...] where all other axes go along."""
    target, (source, indices, *rest) = target_of(instruction), instruction.args
    (axis,) = rest or [instruction.options.get("axis", -1)]
    require(axis is not None and isinstance(source, Value) and isinstance(indices, Value), "its arguments")
    axis, shape = axis % len(source.shape), target.shape
    strides = list(broadcast(source, shape))
    strides[axis] = 0
    index = Index(access(indices, shape), source.shape[axis], source.strides[axis], axis)
    place = Access(source.memory, source.dtype, source.offset, tuple(strides))
    gather = Gather(place, (index,), access(source).span(source.shape))
    return assigned_at(access(target), shape, gather, instruction.place)


def vecdot(instruction: Instruction) -> list[Operation]:
    """The sums of products along the last axis."""
    operands, target = instruction.args, target_of(instruction)
    require(len(operands) == 2 and not instruction.options, "its arguments")
    shape = np.broadcast_shapes(*(each.shape for each in operands))
    rows = [broadcast(each, shape) for each in operands]
    return contracted(instruction, shape, rows, (*broadcast(target, shape[:-1]), 0), len(shape) - 1)


def einsum(instruction: Instruction) -> list[Operation]:
    """The sums of products, over the letters that the result does not have."""
    text, *operands = instruction.args
    require(isinstance(text, str) and "." not in text and "->" in text, "how its axes are named")
    require(set(instruction.options) <= {"optimize"}, "its options")
    require(all(isinstance(each, Value) for each in operands), "its arguments")
    given, kept = text.replace(" ", "").split("->")
    lengths: dict[str, int] = dict.fromkeys(kept, 1)
    for word, each in zip(given.split(","), operands):
        for letter, n in zip(word, each.shape):
            lengths[letter] = max(n, lengths.get(letter, 1))
    rows = [steps(word, each, lengths) for word, each in zip(given.split(","), operands)]
    return contracted(
        instruction, tuple(lengths.values()), rows, steps(kept, target_of(instruction), lengths), len(kept)
    )


def tensordot(instruction: Instruction) -> list[Operation]:
    """The sums of products over pairs of axes."""
    left, right, *rest = instruction.args
    (axes,) = rest or [instruction.options.get("axes", 2)]
    if isinstance(axes, int):
        axes = range(len(left.shape) - axes, len(left.shape)), range(axes)
    mine, others = ([i % len(x.shape) for i in np.atleast_1d(pair)] for x, pair in zip((left, right), axes))
    free = [[i for i in range(len(x.shape)) if i not in used] for x, used in ((left, mine), (right, others))]
    shape = tuple(x.shape[i] for x, order in ((left, free[0]), (right, free[1]), (left, mine)) for i in order)
    rows = [
        (*(left.strides[i] for i in free[0]), *(0 for _ in free[1]), *(left.strides[i] for i in mine)),
        (*(0 for _ in free[0]), *(right.strides[i] for i in free[1]), *(right.strides[i] for i in others)),
    ]
    target = target_of(instruction)
    return contracted(instruction, shape, rows, (*target.strides, *(0 for _ in mine)), len(target.shape))


def steps(word: str, value: Value, lengths: dict[str, int]) -> tuple[int, ...]:
    """The strides of a value over all letters: 0 for those that it does not have, nor has more than one element of."""
    found = dict.fromkeys(lengths, 0)
    for letter, n, stride in zip(word, value.shape, value.strides):
        found[letter] += stride if n > 1 else 0
    return tuple(found.values())


def contracted(
    instruction: Instruction, shape: tuple[int, ...], rows: list[tuple[int, ...]], into: tuple[int, ...], kept: int
) -> list[Operation]:
    """The products of the operands over a shape, summed over its axes from `kept` on."""
    target, place = target_of(instruction), instruction.place
    operands = [each for each in instruction.args if isinstance(each, Value)]
    require(target.dtype.kind == "f", "its arguments")
    if not prod(shape):
        return assigned(target, 0, place)
    types = (target.dtype,) * len(operands)
    template = " * ".join(f"{{{i}}}" for i in range(len(operands)))
    accesses = [Access(each.memory, each.dtype, each.offset, row) for each, row in zip(operands, rows)]
    between = temporary(shape, target.dtype)
    found = mapped(shape, accesses, types, template, target.dtype, between, place)
    marks = tuple(i >= kept for i in range(len(shape)))
    space, strides, outer, reduced = squeezed(shape, between.strides, into, marks)
    between, result = replace(between, strides=strides), Access(target.memory, target.dtype, target.offset, outer)
    if not any(reduced):
        return found + mapped(space, (between,), types[:1], "{0}", target.dtype, result, place)
    return [*found, Reduce(space, between, "+", target.dtype, result, reduced, place=place)]


INLINED: dict[Any, Callable[[Instruction], list[Operation]]] = {
    **dict.fromkeys((np.dot, np.matmul, method("dot")), any_product),
    np.einsum: einsum,
    np.vecdot: vecdot,
    np.tensordot: tensordot,
    inspect.unwrap(add_named_at): add_at,
    np.pad: pad,
    np.take_along_axis: take_along_axis,
    np.full_like: full_like,
    np.zeros_like: filled_with(0),
    np.ones_like: filled_with(1),
    float_of: copied,
}
