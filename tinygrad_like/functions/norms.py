"""Norms of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, UnsupportedError
from ..engine.operators import Axis
from ..engine.registry import implements
from ..engine.tensor import as_array
from ..primitives import reductions
from ..primitives.integers import floats

OF_NOTHING: dict[str, Any] = {"initial": 0}  # the largest of no sizes


@implements(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Axis = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm`, all orders but those that need singular values; 0 has the gradient 0."""
    x = as_array(x)
    if x.dtype.kind == "c":
        raise UnsupportedError("norm of complex numbers is not differentiable here.", "Write np.sqrt(a**2 + b**2).")
    x = floats(x)
    matrix = x.ndim == 2 if axis is None else isinstance(axis, tuple) and len(axis) == 2
    if ord is None or (ord == "fro" and matrix) or (ord == 2 and x.ndim == 1) or (ord == 2 and isinstance(axis, int)):
        return reductions.norm(x, axis, keepdims=keepdims)
    if axis is None and x.ndim not in (1, 2):
        raise ArgumentError(f"norm with ord={ord!r} needs 1 or 2 dimensions, or an axis.")
    if isinstance(axis, tuple) and len(axis) > 2:
        raise ArgumentError(f"norm is over one or two axes, but got axis={axis!r}.")
    if matrix:
        return of_matrices(np.abs(x), ord, axis if isinstance(axis, tuple) else (0, 1), keepdims)
    return of_vectors(np.abs(x), ord, axis, keepdims)


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
    return np.where(total == 0, 0, np.where(total == 0, 1, total) ** (1 / ord))


def of_matrices(size: Any, ord: Any, axis: tuple[int, ...], keepdims: bool) -> Any:
    if ord not in (1, -1, np.inf, -np.inf):
        raise UnsupportedError(
            f"norm of matrices with ord={ord!r} is not differentiable here.",
            "Write np.linalg.norm(a), or ord=1.",
        )
    row, column = axis if abs(ord) == 1 else axis[::-1]
    sums = np.sum(size, axis=row, keepdims=True)
    given = OF_NOTHING if ord > 0 and not sums.size else {}
    result = (np.max if ord > 0 else np.min)(sums, axis=column, keepdims=True, **given)
    return result if keepdims else np.squeeze(result, axis=axis)


@implements(np.linalg.vector_norm)
def vector_norm(x: Any, *, axis: Axis = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """`np.linalg.vector_norm`: the norm of all values, or over the axes."""
    x = as_array(x)
    axes = np.lib.array_utils.normalize_axis_tuple(range(x.ndim) if axis is None else axis, x.ndim)
    found = norm(reductions.last_axis(x, axes), None if ord == 2 else ord, -1)
    return np.expand_dims(found, axes) if keepdims else found


@implements(np.linalg.matrix_norm)
def matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    """`np.linalg.matrix_norm`: the norm of the matrices in the last two axes."""
    return norm(x, ord, (-2, -1), keepdims)
