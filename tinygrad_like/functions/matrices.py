"""Composites of linear algebra: diagonal, trace, powers, chains of products, cholesky."""

from __future__ import annotations

import itertools
import math
import operator
import string
from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, ShapeError
from ..engine.recording import recording
from ..engine.registry import implements
from ..engine.tensor import as_array, values_of
from ..primitives import lapack, linear_algebra, solving
from .einsum import diagonal_of, einsum

LARGE = 32  # rows, from which on a factorisation takes longer than a call


@implements(np.matrix_transpose, np.linalg.matrix_transpose)
def matrix_transpose(x: Any) -> Any:
    """`np.matrix_transpose`: the last two axes exchanged."""
    x = as_array(x)
    if x.ndim < 2:
        raise ShapeError(f"matrix_transpose takes at least 2 dimensions, but got shape {x.shape}.")
    return np.swapaxes(x, -1, -2)


@implements(np.linalg.diagonal)
def diagonal(x: Any, *, offset: int = 0) -> Any:
    """`np.linalg.diagonal`: the diagonals of the matrices in the last two axes."""
    x = as_array(x)
    if x.ndim < 2:
        raise ShapeError(f"diagonal takes at least 2 dimensions, but got shape {x.shape}.")
    return diagonal_of(x, operator.index(offset))


@implements(np.linalg.trace)
@block()
def trace(x: Any, *, offset: int = 0) -> Any:
    """`np.linalg.trace`: the sums of the diagonals of the matrices in the last two axes."""
    return np.sum(diagonal(x, offset=offset), axis=-1)


@implements(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    """`np.linalg.multi_dot`: a chain of products of matrices (the ends may be vectors), in a cheap order."""
    operands = [as_array(each) for each in arrays]
    shapes = [each.shape for each in operands]
    if len(operands) < 2:
        raise ArgumentError(f"multi_dot takes at least two arrays, but got {len(operands)}.")
    if any(len(s) != 2 for s in shapes[1:-1]) or any(len(s) not in (1, 2) for s in (shapes[0], shapes[-1])):
        raise ShapeError(f"multi_dot takes matrices, and vectors at the ends, but got {shapes}.")
    if any(s[-1] != t[0] for s, t in itertools.pairwise(shapes)):
        raise ShapeError(f"multi_dot got {shapes}: the last axis of each must be as long as the next one's first.")
    if len(operands) >= len(string.ascii_letters):
        middle = len(operands) // 2
        return np.matmul(multi_dot(operands[:middle]), multi_dot(operands[middle:]))
    letters = string.ascii_letters
    terms = [letters[i : i + 2] for i in range(len(operands))]
    terms[0], terms[-1] = terms[0][2 - len(shapes[0]) :], terms[-1][: len(shapes[-1])]
    ends = terms[0][: len(shapes[0]) - 1] + terms[-1][1:]
    return einsum(",".join(terms) + "->" + ends, *operands, optimize="greedy")


@implements(np.linalg.matrix_power)
def matrix_power(a: Any, n: Any) -> Any:
    """`np.linalg.matrix_power`: a square matrix to an integer power, by repeated squares."""
    a, n = as_array(a), operator.index(n)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(f"matrix_power takes square matrices, but got shape {a.shape}.")
    if n == 0:
        return np.zeros_like(a) + np.eye(a.shape[-1], dtype=a.dtype)
    base = np.linalg.inv(a) if n < 0 else a
    result = None
    for bit in f"{abs(n):b}":
        if result is not None:
            result = np.matmul(result, result)
        if bit == "1":
            result = base if result is None else np.matmul(result, base)
    return np.copy(result) if result is base else result


@implements(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    """`np.linalg.solve`: x with a @ x = b; b is a vector if it has one dimension, else a stack of matrices."""
    a, b = as_array(a), as_array(b)
    if b.ndim == 1:
        return solve(a, b[:, None])[..., 0]
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (x if x.shape[:-2] == stack else np.broadcast_to(x, stack + x.shape[-2:]) for x in (a, b))
    return solving.solve(a, b, factors=factors_for(a, b))


def factors_for(a: Any, b: Any) -> Any:
    """The factors of a, where they are worth it: derivatives need them again. Else None."""
    is_large = a.ndim > 1 and a.shape[-1] >= LARGE and a.shape[-2:] == (b.shape[-2],) * 2
    if not is_large or a.dtype != b.dtype or not recording.get() or not lapack.can_factor(a.dtype):
        return None
    return solving.Factors(*lapack.lu_factors(values_of(a)))


@implements(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """`np.linalg.tensorsolve`: x with tensordot(a, x, x.ndim) = b; `axes` of a are moved to its end first."""
    a, b = as_array(a), as_array(b)
    if axes is not None:
        a = np.moveaxis(a, axes, range(-len(axes), 0))
    shape = a.shape[b.ndim :]
    return np.reshape(solve(np.reshape(a, (b.size, math.prod(shape))), np.reshape(b, b.size)), shape)


@implements(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """`np.linalg.tensorinv`: the inverse of a product over the axes from `ind` on."""
    a = as_array(a)
    if ind <= 0:
        raise ArgumentError(f"tensorinv takes a positive number of axes, but got ind={ind}.")
    first, last = a.shape[:ind], a.shape[ind:]
    return np.reshape(np.linalg.inv(np.reshape(a, (math.prod(first), math.prod(last)))), last + first)


@implements(np.linalg.cholesky)
def cholesky(a: Any, *, upper: bool = False) -> Any:
    """`np.linalg.cholesky`. Only the triangle that is read has a gradient: the lower; with `upper`, the upper."""
    if not upper:
        return linear_algebra.cholesky(a)
    return np.swapaxes(linear_algebra.cholesky(np.swapaxes(a, -1, -2)), -1, -2)
