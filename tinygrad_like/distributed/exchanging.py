"""Averages over all processes, and the one all-reduce that they are made of."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, UnsupportedError
from ..engine.tensor import values_of
from ..engine.writes import writes
from .processes import ProcessError, call, communicator, size

Array = np.ndarray[Any, np.dtype[Any]]


def average(array: Array, weight: float = 1.0, present: Array | None = None) -> Array | None:
    """Replace an array, in place, by its mean over all processes, each with its weight. One all-reduce.

    Where the weight is 0, the contents do not matter. `present` says which parts of the array this process has; gives
    back which of them any process has. The numbers of all processes are equal afterwards, to the last bit.

    Raises DTypeError for an array that is not floating-point or complex, UnsupportedError for one that is read-only,
    ArgumentError for weights that are negative or all 0, ProcessError if another process averages an array of another
    size, does something else, or has ended.

    >>> a = np.array([1.0, 2.0])
    >>> average(a)
    >>> a
    array([1., 2.])
    """
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fc":
        raise DTypeError("average takes an array of floats, which it writes into.", "Write mean(value) for others.")
    if not array.flags.writeable:
        raise UnsupportedError("average writes into its array, and this one is read-only.", "Write array.copy().")
    checked_weight(weight)
    if size() == 1:
        return present
    mark = 0 if present is None or present.all() else zlib.crc32(np.packbits(present).tobytes()) + 1
    sizes, weights, marks = call("average", array.nbytes, weight, mark).T
    if (sizes != array.nbytes).any():
        raise ProcessError("The processes average different sizes, in bytes:", ", ".join(f"{n:,.0f}" for n in sizes))
    total = weights.sum()
    if total == 0:
        raise ArgumentError("The weights of all processes are 0.", "Leave out a step that has no examples.")
    if weight == 0:
        array[...] = 0  # also in the place of nan
    else:
        array *= float(weight / total)
    all_reduce(array)
    return present if (marks == mark).all() else anywhere(present)


def all_reduce(array: Array) -> None:
    """Replace an array, in place, by its sum over all processes."""
    from mpi4py import MPI

    whole = array.flags.c_contiguous and array.itemsize > 2  # MPI has no float16
    buffer = array if whole else array.astype(np.result_type(array, np.float32), order="C")
    communicator().Allreduce(MPI.IN_PLACE, buffer, MPI.SUM)
    if not whole:
        np.copyto(array, buffer, casting="same_kind")
    writes.note(array)


def anywhere(present: Any) -> Array:
    """Which parts at least one process has."""
    from mpi4py import MPI

    found: Array = np.array(present, np.int8)
    communicator().Allreduce(MPI.IN_PLACE, found, MPI.MAX)
    return found.astype(bool)


def checked_weight(weight: float) -> None:
    if not isinstance(weight, (int, float, np.number)) or not 0 <= weight < np.inf:
        raise ArgumentError(f"A weight must be a number of at least 0, but got {weight!r}.")


def mean(value: Any, weight: float = 1.0) -> Any:
    """The mean of a number (a loss, say) or array over all processes, each with its weight; a float or float64 array.

    >>> mean(2.0, weight=32)
    2.0
    """
    array = np.array(values_of(value), np.float64)
    average(array, weight)
    return array if array.ndim else array.item()
