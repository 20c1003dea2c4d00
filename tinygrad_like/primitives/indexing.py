"""Indexing, and its adjoint scatter_add, which differentiates again as indexing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.kinds import as_ndarray
from ..engine.primitive import Primitive, multilinear
from ..engine.tensor import Tensor
from .samples import Case, Rng, normal

BASIC = (int, slice, type(None), type(...), np.integer)


def plain_index(index: Any) -> Any:
    """An index without Tensors, and with its arrays copied: their owner could still write to them."""
    if isinstance(index, tuple):
        return tuple(plain_index(part) for part in index)
    if isinstance(index, Tensor):
        index = index._array
    if isinstance(index, (list, np.ndarray)) or (hasattr(index, "__array__") and not isinstance(index, np.generic)):
        array = np.array(as_ndarray(index))
        return array.astype(np.intp) if array.size == 0 and array.dtype.kind == "f" else array
    return index


def region(array: Any, index: Any) -> Any:
    """The view that a basic index names (0-d for a single element); all of the array for any other index."""
    parts = index if isinstance(index, tuple) else (index,)
    if not all(isinstance(p, BASIC) for p in parts):
        return array
    return array[index if any(p is ... for p in parts) else (*parts, ...)]


def is_unique(index: Any) -> bool:
    """Whether an index surely names no element twice: slices, numbers, masks."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(isinstance(p, BASIC) or (isinstance(p, np.ndarray) and p.dtype == bool) for p in parts)


def _getitem(x: Any, index: Any = ...) -> Any:
    return x[index]


def _scatter_add(x: Any, shape: Any = (), *, index: Any = ...) -> Any:
    out = np.zeros(shape, x.dtype)
    if is_unique(index):
        out[index] = x
    elif x.dtype.itemsize > 8:
        np.add.at(out, index, x)
    else:
        # Far faster than np.add.at: number the elements, and count them with weights.
        numbers = np.arange(out.size).reshape(shape)[index]
        weights = np.broadcast_to(x, numbers.shape).ravel()
        out = np.bincount(numbers.ravel(), weights, out.size).reshape(shape).astype(x.dtype)
    return out


def index_cases(rng: Rng) -> Iterator[Case]:
    x = normal(rng, (3, 4, 2))
    for index in (
        1,
        slice(None, None, -2),
        (..., None, 0),
        (slice(1, 3), -1),
        np.array([0, 2, 2]),
        (np.array([0, 1, 1]), slice(None), np.array([1, 0, 0])),
        (slice(None), np.array([[1, 1], [0, 3]])),
        x > 0,
        np.array([], dtype=int),
    ):
        yield (x,), {"index": index}
    yield (normal(rng, ()),), {"index": ()}


def scatter_cases(rng: Rng) -> Iterator[Case]:
    yield (normal(rng, (3, 2)),), {"shape": (4, 2), "index": np.array([0, 2, 2])}
    yield (normal(rng, (2,)),), {"shape": (5,), "index": slice(1, 5, 2)}


getitem_ = multilinear(
    "getitem",
    _getitem,
    "x",
    lambda g, in_shape, *, index: scatter_add(g, in_shape, index=index),
    sample=index_cases,
    symbol="[ ]",
    chooses=True,
)
scatter_add: Primitive = multilinear(
    "scatter_add",
    _scatter_add,
    "x",
    lambda g, *, index: g[index],
    sample=scatter_cases,
    symbol="scatter",
)


def getitem(x: Any, index: Any) -> Any:
    """`x[index]`, basic or advanced; an element taken twice gets both gradients."""
    return getitem_(x, plain_index(index))
