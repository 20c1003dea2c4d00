"""Composites of products: of vectors and matrices (dot, vecdot, outer, cross), and over any axes (tensordot, kron)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.complex_numbers import conjugated
from ..engine.errors import ArgumentError, ShapeError
from ..engine.registry import implements
from ..engine.tensor import as_array
from ..primitives import contraction

FIRST = ord("a")  # the axes of tensordot have letters from here on


def known(name: str) -> tuple[Any, ...]:
    """NumPy's functions of a name, also in np.linalg; not every NumPy has them."""
    return tuple(getattr(place, name) for place in (np, np.linalg) if hasattr(place, name))


def conjugated_first(a: Any, b: Any) -> tuple[Any, Any]:
    """Both as arrays, the first one conjugated: what it does to real numbers is nothing."""
    return conjugated(as_array(a)), as_array(b)


@implements(np.dot)
def dot(a: Any, b: Any) -> Any:
    """`np.dot`: a product of scalars, vectors, matrices, or over a's last and b's last but one axis."""
    a, b = as_array(a), as_array(b)
    if not a.ndim or not b.ndim:
        return np.multiply(a, b)
    if b.ndim <= 2:
        return np.matmul(a, b)
    columns = np.moveaxis(b, -2, 0)
    result = np.matmul(a, np.reshape(columns, (columns.shape[0], math.prod(columns.shape[1:]))))
    return np.reshape(result, a.shape[:-1] + columns.shape[1:])


@implements(np.vdot)
@block()
def vdot(a: Any, b: Any) -> Any:
    """`np.vdot`: the product of two arrays as vectors, the first one conjugated."""
    a, b = conjugated_first(a, b)
    return np.matmul(np.reshape(a, -1), np.reshape(b, -1))


@implements(*known("vecdot"))
@block()
def vecdot(x1: Any, x2: Any, *, axis: int = -1) -> Any:
    """`np.vecdot`: the products of vectors along an axis, the first one conjugated."""
    x1, x2 = (np.moveaxis(each, axis, -1) for each in conjugated_first(x1, x2))
    return np.matmul(x1[..., None, :], x2[..., :, None])[..., 0, 0]


@implements(*known("matvec"))
@block()
def matvec(x1: Any, x2: Any) -> Any:
    """`np.matvec`: matrices times vectors."""
    return np.matmul(as_array(x1), as_array(x2)[..., :, None])[..., 0]


@implements(*known("vecmat"))
@block()
def vecmat(x1: Any, x2: Any) -> Any:
    """`np.vecmat`: vectors, conjugated, times matrices."""
    x1, x2 = conjugated_first(x1, x2)
    return np.matmul(x1[..., None, :], x2)[..., 0, :]


@implements(np.linalg.matmul)
def matmul(x1: Any, x2: Any) -> Any:
    """`np.linalg.matmul`: the same as `np.matmul`."""
    return np.matmul(x1, x2)


@implements(np.inner)
def inner(a: Any, b: Any) -> Any:
    """`np.inner`: a product over the last axis of both."""
    a, b = as_array(a), as_array(b)
    return tensordot(a, b, (-1, -1)) if a.ndim and b.ndim else np.multiply(a, b)


@implements(np.outer)
@block()
def outer(a: Any, b: Any) -> Any:
    """`np.outer`: each element of a times each of b."""
    return np.multiply(np.reshape(as_array(a), (-1, 1)), np.reshape(as_array(b), (1, -1)))


@implements(np.linalg.outer)
def outer_of_vectors(x1: Any, x2: Any) -> Any:
    """`np.linalg.outer`: `np.outer` of vectors alone."""
    shapes = np.shape(x1), np.shape(x2)
    if any(len(shape) != 1 for shape in shapes):
        raise ShapeError(f"np.linalg.outer takes vectors, but got {shapes[0]} and {shapes[1]}.", "Write np.outer.")
    return outer(x1, x2)


@implements(np.kron)
@block()
def kron(a: Any, b: Any) -> Any:
    """`np.kron`: blocks of b, each times an element of a."""
    a, b = as_array(a), as_array(b)
    ndim = max(a.ndim, b.ndim)
    shape_a, shape_b = ((1,) * (ndim - each.ndim) + each.shape for each in (a, b))
    outside = np.reshape(a, [n for size in shape_a for n in (size, 1)])
    inside = np.reshape(b, [n for size in shape_b for n in (1, size)])
    return np.reshape(np.multiply(outside, inside), [m * n for m, n in zip(shape_a, shape_b)])


@implements(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """`np.tensordot`: a product over pairs of axes; a number of axes means the last of a and the first of b."""
    a, b = as_array(a), as_array(b)
    over_a, over_b = paired_axes(a.ndim, b.ndim, axes)
    if [a.shape[i] for i in over_a] != [b.shape[i] for i in over_b]:
        raise ShapeError(
            f"tensordot of shapes {a.shape} and {b.shape} over axes {over_a} and {over_b}: the lengths differ."
        )
    left = [chr(FIRST + i) for i in range(a.ndim)]
    right = [chr(FIRST + a.ndim + j) for j in range(b.ndim)]
    for i, j in zip(over_a, over_b):
        right[j] = left[i]
    result = [x for x in left + right if (x in left) is not (x in right)]
    return contraction.contract(a, b, left="".join(left), right="".join(right), result="".join(result))


def paired_axes(ndim_a: int, ndim_b: int, axes: Any) -> tuple[list[int], list[int]]:
    """The axes of `tensordot`, none of them negative."""
    if not np.iterable(axes):
        axes = range(-int(axes), 0), range(int(axes))
    both = [list(each) if np.iterable(each) else [each] for each in axes]
    if len(both) != 2 or len(both[0]) != len(both[1]):
        raise ArgumentError(f"tensordot takes a number of axes, or as many for a as for b, but got axes={axes!r}.")
    over_a, over_b = ([axis_of(i, ndim) for i in each] for each, ndim in zip(both, (ndim_a, ndim_b)))
    if len({*over_a}) < len(over_a) or len({*over_b}) < len(over_b):
        raise ArgumentError(f"tensordot takes each axis once, but got axes={axes!r}.")
    return over_a, over_b


def axis_of(axis: Any, ndim: int) -> int:
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(axis, ndim)
    return int(axis) % ndim


@implements(np.cross)
@block()
def cross(a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> Any:
    """`np.cross` of vectors with 2 or 3 components; of 2 and 2 components, the third of the product alone."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(as_array(a), axisa, -1), np.moveaxis(as_array(b), axisb, -1)
    sizes = a.shape[-1], b.shape[-1]
    if not {*sizes} <= {2, 3}:
        raise ShapeError(f"cross takes vectors with 2 or 3 components, but got {sizes[0]} and {sizes[1]}.")
    (a0, a1, a2), (b0, b1, b2) = ([x[..., i] if i < x.shape[-1] else 0 for i in range(3)] for x in (a, b))
    third = a0 * b1 - a1 * b0
    if sizes == (2, 2):
        return third
    return np.moveaxis(np.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, third], axis=-1), -1, axisc)


@implements(np.linalg.cross)
def cross_of_three(x1: Any, x2: Any, *, axis: int = -1) -> Any:
    """`np.linalg.cross`: `np.cross` of vectors with 3 components."""
    x1, x2 = as_array(x1), as_array(x2)
    sizes = x1.shape[axis_of(axis, x1.ndim)], x2.shape[axis_of(axis, x2.ndim)]
    if sizes != (3, 3):
        raise ShapeError(f"np.linalg.cross takes vectors with 3 components, but got {sizes[0]} and {sizes[1]}.")
    return cross(x1, x2, axis=axis)
