"""Gathering: elements at integer positions, which are an operand; their adjoints, which add, are primitives too.

Sorting is gathering in an order that the values give.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.registry import general, multilinear
from ..engine.scattered import Scattered, add_at
from ..engine.tensor import Tensor
from ..engine.traces import zeros
from .samples import Case, Rng, normal, spread


def as_index(indices: Any, axis: int) -> Any:
    """The index that takes along one axis what `np.take` takes."""
    return indices if axis == 0 else (*(slice(None),) * axis, indices)


def index_along(indices: Any, shape: tuple[int, ...], axis: int) -> Any:
    """The index that takes what `np.take_along_axis` takes from an array of this shape."""
    if len(shape) == 1:
        return indices
    index = list(np.ogrid[tuple(slice(n) for n in shape)])
    index[axis] = indices
    return tuple(index)


def _index_add(x: Any, indices: Any, *, shape: Any = (), axis: int = 0) -> Any:
    out = zeros(shape, x.dtype)
    add_at(out, as_index(indices, axis), x)
    return out


def _add_along_axis(x: Any, indices: Any, *, shape: Any = (), axis: int = 0) -> Any:
    out = zeros(shape, x.dtype)
    add_at(out, index_along(indices, shape, axis), x)
    return out


def take_rule(g: Any, indices: Any, in_shape: tuple[int, ...], *, axis: int) -> Any:
    """Unrecorded, in the one buffer of all that is taken from an array."""
    if isinstance(g, Tensor):
        return index_add(g, indices, shape=in_shape, axis=axis)
    return Scattered(g, as_index(indices, axis))


def take_along_rule(g: Any, indices: Any, in_shape: tuple[int, ...], *, axis: int) -> Any:
    return add_along_axis(g, indices, shape=in_shape, axis=axis)


def sort_rule(g: Any, x: Any) -> Any:
    """Each element of g back to where it came from."""
    return add_along_axis(g, np.argsort(x), shape=x.shape, axis=-1)


def rearranged(g: Any, x: Any, y: Any) -> Any:
    """To each element of x what came to it in y, which is x in another order along the last axis."""
    return sort_rule(take_along_axis(g, np.argsort(y)), x)


def take_cases(rng: Rng) -> Iterator[Case]:
    yield (normal(rng, (3, 4)), np.array([[0, 2], [2, -3]])), {"axis": 1}
    yield (normal(rng, (3, 4)), np.array(1)), {"axis": 0}
    yield (normal(rng, (2, 3, 4)), np.array([3, 0, -1])), {"axis": 2}
    yield (normal(rng, (5,)), np.array([4, 0, 4])), {"axis": 0}
    yield (normal(rng, (2, 0)), np.array([], np.intp)), {"axis": 1}


def along_cases(rng: Rng) -> Iterator[Case]:
    yield (normal(rng, (2, 3, 2)), rng.integers(-3, 3, (2, 4, 2))), {"axis": 1}
    yield (normal(rng, (2, 3)), np.array([[0, 2, 2]])), {"axis": -1}
    yield (normal(rng, (1, 3)), np.array([[0, 2], [2, 2]])), {"axis": 1}
    yield (normal(rng, (4,)), np.array([3, 3, -1, 0, 1])), {"axis": 0}


def index_add_cases(rng: Rng) -> Iterator[Case]:
    yield (normal(rng, (3, 2, 2)), np.array([[0, 2], [2, -3]])), {"shape": (3, 4), "axis": 1}
    yield (normal(rng, (3, 2)), np.array([2, 0, 2])), {"shape": (4, 2), "axis": 0}


def add_along_cases(rng: Rng) -> Iterator[Case]:
    yield (normal(rng, (2, 4, 2)), rng.integers(-3, 3, (2, 4, 2))), {"shape": (2, 3, 2), "axis": 1}
    yield (normal(rng, (2, 3)), np.array([[0, 3, 3]])), {"shape": (2, 4), "axis": -1}
    yield (normal(rng, (3,)), np.array([1, 1, 0])), {"shape": (2,), "axis": 0}


def partition_cases(rng: Rng) -> Iterator[Case]:
    yield (spread(rng, (2, 9)), np.array([4, 1])), {}
    yield (spread(rng, (5,)), np.array(2)), {}


take = multilinear(
    "take",
    lambda x, indices, axis=0: np.take(x, indices, axis),
    "x indices",
    (take_rule, None),
    sample=take_cases,
    symbol="take",
    formulas={"y": "x[indices]", "x": "g, added up at the indices"},
    chooses=True,
)
index_add = multilinear(
    "index_add",
    _index_add,
    "x indices",
    (lambda g, indices, *, axis: take(g, indices, axis), None),
    sample=index_add_cases,
    symbol="scatter",
    chooses=True,
)
take_along_axis = multilinear(
    "take_along_axis",
    lambda x, indices, axis=-1: np.take_along_axis(x, indices, axis),
    "x indices",
    (take_along_rule, None),
    sample=along_cases,
    symbol="take",
    formulas={"y": "x[indices]", "x": "g, added up at the indices"},
    chooses=True,
)
add_along_axis = multilinear(
    "add_along_axis",
    _add_along_axis,
    "x indices",
    (lambda g, indices, *, axis: take_along_axis(g, indices, axis), None),
    sample=add_along_cases,
    symbol="scatter",
    chooses=True,
)
sort = general(
    "sort",
    lambda x: np.sort(x, axis=-1),
    "x",
    sort_rule,
    sample=lambda rng: iter([((spread(rng, (2, 5)),), {}), ((spread(rng, (4,)),), {})]),
    symbol="sort",
    formulas={"x": "g, back where each came from"},
    chooses=True,
)
partition = general(
    "partition",
    lambda x, kth: np.partition(x, kth, axis=-1),
    "x kth",
    (rearranged, None),
    sample=partition_cases,
    symbol="partition",
    chooses=True,
)
