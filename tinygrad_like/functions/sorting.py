"""Composites that put in order: sort, partition; in place as methods."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import UnsupportedError
from ..engine.registry import implements
from ..engine.tensor import Tensor, as_array
from ..engine.views import write
from ..primitives import gathering
from .selecting import positive_axis


def along_last(function: Any, a: Any, axis: int | None) -> Any:
    """A function that works along the last axis, at another; at all in one dimension for None."""
    a = as_array(a)
    if axis is None:
        return function(np.ravel(a))
    axis = positive_axis(axis, a.ndim)
    return function(a) if axis == a.ndim - 1 else np.swapaxes(function(np.swapaxes(a, axis, -1)), axis, -1)


def refuse_order(name: str, order: Any) -> None:
    if order is not None:
        raise UnsupportedError(f"{name} with order= is for arrays of records, which Tensors are not.")


@implements(np.sort)
def sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None, *, stable: bool | None = None) -> Any:
    """`np.sort`: in ascending order along `axis`, or all in one dimension. Equal values are as good as any `kind`."""
    refuse_order("sort", order)
    np.argsort(np.zeros(0), kind=kind, stable=stable)  # refuses what it does not know
    return along_last(gathering.sort, a, axis)


@implements(np.sort_complex)
def sort_complex(a: Any) -> Any:
    """`np.sort_complex`: sorted as complex numbers, by their real parts, then by their imaginary ones."""
    a = as_array(a)
    return np.sort(a if a.dtype.kind == "c" else a.astype(np.sort_complex(np.zeros(0, a.dtype)).dtype))


@implements(np.partition)
def partition(a: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None) -> Any:
    """`np.partition`: the kth element where it is in sorted order, none above it before it, none below it after it."""
    refuse_order("partition", order)
    np.argpartition(np.zeros(1), 0, kind=kind)  # refuses what it does not know
    return along_last(lambda x: gathering.partition(x, kth), a, axis)


def sort_in_place(t: Tensor, axis: int, kind: Any, order: Any, stable: Any) -> None:
    """As an ndarray's `sort`."""
    write(t, ..., np.sort(t, axis, kind, order, stable=stable))


def partition_in_place(t: Tensor, kth: Any, axis: int, kind: Any, order: Any) -> None:
    """As an ndarray's `partition`."""
    write(t, ..., np.partition(t, kth, axis, kind, order))
