"""Indexing; its adjoint scatter_add, which differentiates again as indexing; and writing at an index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.kinds import as_ndarray
from ..engine.recording import observer, tell
from ..engine.registry import multilinear
from ..engine.scattered import Scattered, add_at, is_unique
from ..engine.several import one_of
from ..engine.shortcuts import fixed
from ..engine.tensor import Tensor
from ..engine.traces import copy_of, real, trace, zeros
from .samples import Case, Rng, normal, several

MASKS = "How many elements a mask selects is not known. Write np.where."


def plain_index(index: Any) -> Any:
    """An index without Tensors, and with its arrays copied: their owner could still write to them."""
    if isinstance(index, tuple):
        return tuple(plain_index(part) for part in index)
    given = index
    if isinstance(index, Tensor):
        index = index._array
    if isinstance(index, (list, np.ndarray)) or (hasattr(index, "__array__") and not isinstance(index, np.generic)):
        array = as_ndarray(index)
        array = fixed(array, "x[mask]", MASKS) if array.dtype == bool and is_plain(array) else copy_of(array)
        array = array.astype(np.intp) if array.size == 0 and array.dtype.kind == "f" else array
        if observer.get() is not None:
            tell(plain_index, (given,), {}, array)  # pictures connect an index with what it was computed from
        return array
    return index


def is_plain(array: Any) -> bool:
    """Whether a trace is being written, and has not computed this array."""
    return trace() is not None and real(array) is array


def is_traced_mask(index: Any) -> bool:
    """Whether how many elements an index selects is only known when a program runs."""
    return isinstance(index, np.ndarray) and index.dtype == bool and trace() is not None and not is_plain(index)


def _scatter_add(*parts: Any, shape: Any = (), indexes: Any = (...,)) -> Any:
    out = zeros(shape, np.result_type(*(part.dtype for part in parts)))
    for part, index in zip(parts, indexes):
        add_at(out, index, part)
    return out


def _setitem(*arrays: Any, index: Any = ...) -> Any:
    x, value = arrays
    y = copy_of(x)
    y[index] = value
    return y


def setitem_rule(g: Any, shapes: Any, *, index: Any) -> Any:
    """What was overwritten gets nothing. Of an element that was written twice, the last value gets it."""
    if is_traced_mask(index):
        return [np.where(index, 0, g), np.where(index, g, 0)]  # the value is one number
    part = g[index]
    if not is_unique(index):
        numbers = np.arange(part.size).reshape(part.shape)
        last = zeros(g.shape, numbers.dtype)
        last[index] = numbers
        part = np.where(last[index] == numbers, part, 0)
    return [setitem(g, np.zeros((), g.dtype), index=index), part]


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
    yield (normal(rng, (3, 2)),), {"shape": (4, 2), "indexes": [np.array([0, 2, 2])]}
    yield (normal(rng, (2,)), normal(rng, ())), {"shape": (5,), "indexes": [slice(1, 5, 2), 3]}


def setitem_cases(rng: Rng) -> Iterator[Case]:
    for (x, *_), options in index_cases(rng):
        yield (x, normal(rng, x[options["index"]].shape)), options
    yield (normal(rng, (4, 3)), normal(rng, (2, 1))), {"index": slice(1, 3)}
    yield (normal(rng, (3,)), normal(rng, ())), {"index": np.array([0, 2, 2])}


getitem_ = multilinear(
    "getitem",
    lambda x, index=...: x[index],
    "x",
    lambda g, *, index: Scattered(g, index),
    sample=index_cases,
    symbol="[ ]",
    formulas={"x": "g at the places taken, else 0"},
    chooses=True,
)
scatter_add = multilinear(
    "scatter_add",
    _scatter_add,
    "*parts",
    lambda g, shapes, *, indexes: [g[index] for index in indexes],
    sample=scatter_cases,
    symbol="scatter",
)

setitem = multilinear(
    "setitem",
    _setitem,
    "*arrays",
    setitem_rule,
    sample=setitem_cases,
    symbol="[ ] =",
    chooses=True,
    formulas={"arrays": "g where it was not overwritten, else 0"},
)

# Along the last two axes; a view that cannot be written to, as NumPy's.
diagonal = multilinear(
    "diagonal",
    lambda x, *, offset=0: np.diagonal(x, offset, -2, -1),
    "x",
    lambda g, in_shape, *, offset: Scattered(g, (..., *np.diagonal(np.indices(in_shape[-2:]), offset, 1, 2))),
    sample=several(((3, 4), {}), ((2, 3, 4), {"offset": -1}), ((2, 3, 4), {"offset": 1}), ((2, 2), {"offset": 3})),
    symbol="diagonal",
    chooses=True,
)

# One of several results, out of the vector of all of them; a number, which `[()]` gives, is a copy.
part = multilinear(
    "part",
    lambda y, *, start=0, stop=None, shape=-1, dtype=None: one_of(y, start, stop, shape, dtype or y.dtype)[()],
    "y",
    lambda g, *, start, stop: Scattered(g.reshape(-1), slice(start, stop)),
    sample=several(((5,), {"start": 1, "stop": 5, "shape": (2, 2)})),
    symbol="part",
    chooses=True,
)


def getitem(x: Any, index: Any) -> Any:
    """`x[index]`, basic or advanced; an element taken twice gets both gradients."""
    return getitem_.apply((x,), {"index": plain_index(index)})
