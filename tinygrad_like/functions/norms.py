"""Norms of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError
from ..engine.operators import Axis
from ..engine.registry import implements
from ..engine.tensor import as_array
from ..primitives import reductions, singular
from ..primitives.integers import floats

OF_NOTHING: dict[str, Any] = {"initial": 0}  # the largest of no sizes
FROBENIUS = ("fro", "f")


@implements(np.linalg.norm)
@block()
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm`, of vectors and of matrices; 0 has the gradient 0.

    With the orders 2, -2 and "nuc", a matrix has the largest, the smallest and the sum of its singular values. Singular
    values that are 0 have the derivative 0. The largest (smallest) has none if the next is equal to it: nan.
    """
    x = floats(as_array(x))
    matrix = x.ndim == 2 if axis is None else isinstance(axis, tuple) and len(axis) == 2
    if ord is None or (ord in FROBENIUS and matrix) or (ord == 2 and not matrix and is_of_vectors(x, axis)):
        return reductions.norm(x, axis, keepdims=keepdims)
    if axis is None and x.ndim not in (1, 2):
        raise ArgumentError(f"norm with ord={ord!r} needs 1 or 2 dimensions, or an axis.")
    if isinstance(axis, tuple) and len(axis) > 2:
        raise ArgumentError(f"norm is over one or two axes, but got axis={axis!r}.")
    if matrix:
        return of_matrices(x, ord, axis if isinstance(axis, tuple) else (0, 1), keepdims)
    return of_vectors(np.abs(x), ord, axis, keepdims)


def is_of_vectors(x: Any, axis: Axis) -> bool:
    return x.ndim == 1 if axis is None else isinstance(axis, int) or len(axis) == 1


def of_vectors(size: Any, ord: Any, axis: Axis, keepdims: bool) -> Any:
    if ord == np.inf:
        return np.max(size, axis=axis, keepdims=keepdims, **OF_NOTHING if not size.size else {})
    if ord == -np.inf:
        return np.min(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum(size != 0, axis=axis, keepdims=keepdims).astype(size.dtype)
    if isinstance(ord, str):
        raise ArgumentError(f"norm of vectors does not have ord={ord!r}.")
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    total = np.sum(size**ord, axis=axis, keepdims=keepdims)
    return np.where(total == 0, 0 if ord > 0 else np.inf, np.where(total == 0, 1, total) ** (1 / ord))


def of_matrices(x: Any, ord: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    if ord in (2, -2, "nuc"):
        found = of_singular_values(singular.svdvals(np.moveaxis(x, axis, (-2, -1))), ord)
        return np.expand_dims(found, tuple(a % x.ndim for a in axis)) if keepdims else found
    if ord not in (1, -1, np.inf, -np.inf):
        raise ArgumentError(f"norm of matrices does not have ord={ord!r}.")
    row, column = axis if abs(ord) == 1 else axis[::-1]
    sums = np.sum(np.abs(x), axis=row, keepdims=True)
    given = OF_NOTHING if ord > 0 and not sums.size else {}
    result = (np.max if ord > 0 else np.min)(sums, axis=column, keepdims=True, **given)
    return result if keepdims else np.squeeze(result, axis=axis)


def of_singular_values(s: Any, ord: Any) -> Any:
    """By place, not by size: of equals, np.max would give a share to each."""
    if ord == "nuc":
        return np.sum(s, axis=-1)
    if not s.shape[-1]:
        return np.max(s, axis=-1, **OF_NOTHING) if ord == 2 else np.min(s, axis=-1)
    return s[..., 0] if ord == 2 else s[..., -1]


@implements(np.linalg.vector_norm)
@block()
def vector_norm(x: Any, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """`np.linalg.vector_norm`: the norm of all values, or over the axes."""
    x = as_array(x)
    axes = np.lib.array_utils.normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    found = norm(reductions.last_axis(x, axes), None if ord == 2 else ord, -1)
    return np.expand_dims(found, axes) if keepdims else found


@implements(np.linalg.matrix_norm)
@block()
def matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """`np.linalg.matrix_norm`: the norm of the matrices in the last two axes."""
    return norm(x, ord, (-2, -1), keepdims)
