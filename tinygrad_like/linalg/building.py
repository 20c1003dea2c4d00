"""Matrices that are made of vectors, or of smaller matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ShapeError
from .operands import array_of, broadcast, stack_of


def block_diag(*arrs: Any) -> Any:
    """The matrices (..., m, n) along the diagonal of one, with zeros beside them; a vector is a row, a number (1, 1).

    Stacks are broadcast. Raises ShapeError where they do not fit together.

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[1.0, 2.0]], requires_grad=True)
    >>> tg.linalg.block_diag(a, 3.0).tolist()
    [[1.0, 2.0, 0.0], [0.0, 0.0, 3.0]]
    """
    blocks = [array_of(each) for each in arrs or ([],)]
    blocks = [np.reshape(each, (1, -1) if each.size else (1, each.size)) if each.ndim < 2 else each for each in blocks]
    stack, dtype = stack_of("block_diag", *blocks), np.result_type(*(each.dtype for each in blocks))
    width, rows, before = sum(each.shape[-1] for each in blocks), [], 0
    for each in blocks:
        count, columns = each.shape[-2:]
        beside = (before, width - before - columns)
        left, right = (np.zeros((*stack, count, zeros), dtype) for zeros in beside)
        rows.append(np.concatenate((left, broadcast(each, stack), right), -1))
        before += columns
    return np.concatenate(rows, -2)


def toeplitz(c: Any, r: Any = None) -> Any:
    """The matrix with the first column `c` and the first row `r`, constant along each diagonal; r[0] is not read.

    `c` is (..., m), `r` is (..., n) and by default the conjugate of c. The gradient of an element is the sum along its
    diagonal. Raises ShapeError where stacks do not fit together.

    >>> import tinygrad_like as tg
    >>> c = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> y = tg.linalg.toeplitz(c, [0.0, 5.0, 6.0])
    >>> y.tolist()
    [[1.0, 5.0, 6.0], [2.0, 1.0, 5.0]]
    >>> y.sum().backward()
    >>> c.grad.tolist()
    [2.0, 1.0]
    """
    c = vectors(c)
    r = np.conj(c) if r is None else vectors(r)
    stack = stack_of("toeplitz", c[..., None], r[..., None])
    c, r = (broadcast(each[..., None], stack)[..., 0] for each in (c, r))
    m, n = c.shape[-1], r.shape[-1]
    values = np.concatenate((c[..., ::-1], r[..., 1:]), -1)
    return np.take(values, np.arange(n) - np.arange(m)[:, None] + (m - 1), axis=-1)


def circulant(c: Any) -> Any:
    """The square matrices whose first columns are `c` (..., n); each next column is turned down by one.

    >>> import tinygrad_like as tg
    >>> tg.linalg.circulant(tg.Tensor([1.0, 2.0, 3.0])).tolist()
    [[1.0, 3.0, 2.0], [2.0, 1.0, 3.0], [3.0, 2.0, 1.0]]
    """
    c = vectors(c)
    n = c.shape[-1]
    return np.take(c, (np.arange(n)[:, None] - np.arange(n)) % max(n, 1), axis=-1)


def hankel(c: Any, r: Any = None) -> Any:
    """The matrix with the first column `c` (m,) and the last row `r` (n,), constant along each antidiagonal.

    r[0] is not read; by default r is zeros. Raises ShapeError if one is no vector.

    >>> import tinygrad_like as tg
    >>> tg.linalg.hankel(tg.Tensor([1.0, 2.0]), [0.0, 5.0, 6.0]).tolist()
    [[1.0, 2.0, 5.0], [2.0, 5.0, 6.0]]
    """
    c = array_of(c)
    r = np.zeros(c.shape, c.dtype) if r is None else array_of(r)
    if c.ndim != 1 or r.ndim != 1:
        raise ShapeError(f"hankel takes vectors, but got shapes {c.shape} and {r.shape}.", "Write t.ravel().")
    m, n = c.shape[0], r.shape[0]
    return np.take(np.concatenate((c, r[1:])), np.arange(m)[:, None] + np.arange(n), axis=0)


def vectors(a: Any) -> Any:
    """A stack of vectors; a number as a vector of one."""
    a = array_of(a)
    return a if a.ndim else np.reshape(a, 1)
