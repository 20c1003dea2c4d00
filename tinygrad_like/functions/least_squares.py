"""Least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.registry import implements
from ..engine.shortcuts import require
from ..engine.tensor import Tensor, as_array, values_of, wrap
from ..engine.traces import ndarray_of, trace
from ..primitives import fitting
from ..primitives.integers import floats

RANK = "np.linalg.lstsq was compiled for a matrix of full rank, but this one is not, within rcond."


@implements(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    """`np.linalg.lstsq`: the shortest x of those for which |b - a x| is least, with a (m, n) and b (m,) or (m, k).

    It gives x, the sums of the squared residuals (none if the rank is less than n, or m <= n), the rank, which is
    constant, and the singular values of a. The derivatives are those of a⁺ b for changes that keep the rank. Where it
    is not full, to other changes x is not continuous. `tg.compile` takes matrices of full rank.

    Raises ShapeError for other shapes; in a compiled function, ArgumentError if the rank is not full.

    >>> import tinygrad_like as tg
    >>> b = tg.Tensor([1.0, 2.0, 6.0], requires_grad=True)
    >>> x, residuals, rank, s = np.linalg.lstsq(np.ones((3, 1)), b)
    >>> x[0].backward()  # the mean
    >>> np.round(b.grad, 6)
    Tensor([0.333333, 0.333333, 0.333333])
    """
    a, b = floats(as_array(a)), floats(as_array(b))
    if a.ndim != 2 or b.ndim not in (1, 2) or len(a) != len(b):
        raise ShapeError(
            f"lstsq takes a of shape (m, n) and b of shape (m,) or (m, k), but got {a.shape} and {b.shape}.",
            "Of a stack, write np.matmul(np.linalg.pinv(a), b).",
        )
    s, right = np.linalg.svdvals(a), b if b.ndim == 2 else b[:, None]
    eps = float(np.finfo(s.dtype).eps)
    rcond = eps * max(a.shape) if rcond is None else eps if rcond == -1 else float(rcond)
    rank, full = rank_of(values_of(s), min(a.shape), rcond)
    x = fitting.lstsq(a, right, rcond=rcond)
    rest = right - np.matmul(a, x)
    rest = rest if full and a.shape[0] > a.shape[1] else rest[:, :0]
    residuals = np.sum(np.real(rest * np.conjugate(rest)), axis=0)
    return x if b.ndim == 2 else x[:, 0], residuals, as_tensor(rank), as_tensor(s)


def as_tensor(value: Any) -> Tensor:
    return value if isinstance(value, Tensor) else wrap(ndarray_of(value))


def rank_of(s: Any, most: int, rcond: float) -> tuple[Any, bool]:
    """The number of singular values above the limit, and whether it is all; a trace is written for all."""
    rank = np.sum(s > rcond * np.max(s, initial=0), dtype=np.int32)
    if trace() is None:
        return rank, bool(rank == most)
    require(rank == most, lambda: ArgumentError(RANK), RANK)
    return rank, True
