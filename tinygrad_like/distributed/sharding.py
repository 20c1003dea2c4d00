"""The data of each process: the same shuffled order everywhere, and its own part of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import Tensor
from ..random import Generator
from .processes import rank, size

Array = np.ndarray[Any, np.dtype[Any]]


def order_of(arrays: tuple[Any, ...], seed: Any, epoch: int) -> Array:
    """The order of the examples in an epoch, the same in all processes; with the seed None, their own order."""
    if not arrays:
        raise ArgumentError("There is nothing to share out.", "Write shard(xs, ys).")
    lengths = [len(each) for each in arrays]
    if len(set(lengths)) > 1:
        raise ShapeError(f"All arrays must have equally many examples, but they have {', '.join(map(str, lengths))}.")
    if seed is None:
        return np.arange(lengths[0])
    whole = list(seed) if isinstance(seed, (list, tuple)) else [seed]
    return Generator([*whole, epoch]).numpy().permutation(lengths[0])


def taken(arrays: tuple[Any, ...], places: Array) -> tuple[Any, ...]:
    return tuple((each if isinstance(each, Tensor) else np.asarray(each))[places] for each in arrays)


def shard(*arrays: Any, seed: Any = 0, epoch: int = 0) -> tuple[Any, ...]:
    """This process's part of a shuffled data set: every size()-th example of the order that `seed` and `epoch` give.

    `arrays` have an example in each row, and are the same in all processes; the order is, too. With the seed None
    nothing is shuffled. Parts differ by one example if the number does not divide.

    Raises ShapeError if the arrays have different lengths, ArgumentError for what is no seed.

    >>> xs, ys = shard(np.arange(4.0), np.arange(4), seed=None)
    >>> ys
    array([0, 1, 2, 3])
    """
    return taken(arrays, order_of(arrays, seed, epoch)[rank() :: size()])


def batches(*arrays: Any, batch_size: int, seed: Any = 0, epoch: int = 0) -> Iterator[tuple[Any, ...]]:
    """This process's parts of the batches of one epoch: of `batch_size` examples in all processes together.

    The batches do not depend on the number of processes, which all get equally many. Parts differ by one example if
    the size does not divide, and may be empty in the last batch. So give `average_gradients` the size of the part as
    its weight: then a step is the one that a single process takes.

    Raises ArgumentError for a batch_size below 1 and for what is no seed, ShapeError for arrays of different lengths.

    >>> [ys.tolist() for (ys,) in batches(np.arange(5), batch_size=2, seed=None)]
    [[0, 1], [2, 3], [4]]
    """
    if batch_size < 1:
        raise ArgumentError(f"batch_size must be at least 1, but got {batch_size!r}.")
    order = order_of(arrays, seed, epoch)
    starts = range(0, len(order), batch_size)
    return (taken(arrays, order[start : start + batch_size][rank() :: size()]) for start in starts)
