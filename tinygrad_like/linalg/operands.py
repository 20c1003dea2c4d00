"""What the functions of this package are given: matrices, and right sides."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import as_array
from ..numpy.lists import stacked

TRANS = {0: 0, 1: 1, 2: 2, "N": 0, "T": 1, "C": 2}


def array_of(value: Any) -> Any:
    """An array or a Tensor; also of nested lists of numbers and Tensors."""
    return as_array(stacked(value))


def square(name: str, a: Any, what: str = "a") -> Any:
    """A stack of square matrices, as an array or a Tensor."""
    a = array_of(a)
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(
            f"{name} takes square matrices as {what}, but got shape {a.shape}.",
            "Write an array of shape (..., n, n).",
        )
    return a


def beside(name: str, a: Any, b: Any) -> tuple[Any, Any, bool]:
    """Matrices and right sides as stacks of the same shape; and whether b is one vector, which becomes a column."""
    b = array_of(b)
    rows, is_vector = a.shape[-1], b.ndim < 2
    if b.ndim == 0 or b.shape[-1 if is_vector else -2] != rows:
        raise ShapeError(
            f"{name} takes right sides with {rows} rows beside matrices of shape {a.shape}, but got shape {b.shape}.",
            f"Write a vector of shape ({rows},), or columns as an array of shape (..., {rows}, k).",
        )
    if is_vector:
        b = np.reshape(b, (rows, 1))
    stack = stack_of(name, a, b)
    return broadcast(a, stack), broadcast(b, stack), is_vector


def without_column(x: Any, is_vector: bool) -> Any:
    """The solution, as a vector if the right side was one."""
    return x[..., 0] if is_vector else x


def stack_of(name: str, *arrays: Any) -> Any:
    """The shape of the stack that several stacks of matrices are broadcast to."""
    stacks = [each.shape[:-2] for each in arrays]
    try:
        return np.broadcast_shapes(*stacks)
    except ValueError:
        raise ShapeError(
            f"{name} got stacks of the shapes {' and '.join(map(str, stacks))}, which do not fit together.",
            "Stacks of matrices are broadcast as NumPy broadcasts: lengths must be equal or 1, from the last on.",
        ) from None


def broadcast(a: Any, stack: Any) -> Any:
    return a if a.shape[:-2] == stack else np.broadcast_to(a, (*stack, *a.shape[-2:]))


def trans_of(name: str, trans: Any) -> int:
    """0, 1 or 2, for A, its transpose and its conjugate transpose."""
    if trans not in TRANS:
        raise ArgumentError(f"{name} got trans={trans!r}.", "Write 0 or 'N', 1 or 'T', 2 or 'C'.")
    return TRANS[trans]
