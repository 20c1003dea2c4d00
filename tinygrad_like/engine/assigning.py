"""`assign`, through which every write goes that is not recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import operators
from .errors import DTypeError, GraphError, ShapeError, UnsupportedError, lost_graph
from .recording import recording
from .tensor import Tensor
from .writes import store, writes


def writable_value(target: Tensor, value: Any) -> Any:
    """What can be written into `target`: an error where that would lose or falsify a gradient."""
    node = target._node
    if node is not None and node.primitive is not None:
        raise GraphError(
            f"A result of {node.primitive.name} cannot be written to; it is part of the graph.",
            "Build the new value with np.where, np.stack or np.concatenate, or write to t.detach().",
        )
    if node is not None and node.owner is None:
        raise GraphError(
            "The input of a function that is being differentiated cannot be written to.",
            "Build the new value with np.where, np.stack or np.concatenate, so that the gradient flows through it.",
        )
    if not isinstance(value, Tensor):
        return value
    if value._node is not None and recording.get():
        raise lost_graph("Writing into a Tensor")
    return value._array


def assign(target: Tensor, value: Any, index: Any = ..., *, using: np.ufunc | None = None) -> None:
    """Write `value` into `target`'s memory. Every write goes through this function.

    `value` must broadcast to `target[index]`. With `using`, a ufunc of two arguments, target ← using(target, value)
    in place, without a temporary. Raises GraphError if `target` is the result of a recorded
    operation, LostGraphError if `value` is recorded, ShapeError or DTypeError if it does not fit; nothing is
    written then.

    >>> p = Tensor([1.0, 2.0])
    >>> assign(p, [3.0, 4.0])
    >>> p
    Tensor([3., 4.])
    """
    value = writable_value(target, value)
    data = target._array
    if value.__class__ is np.ndarray:
        array = value
    else:
        exact = type(value) in (int, bool) and data.dtype.kind in "iu"
        array = Tensor(value, dtype=data.dtype if exact else None)._array
    try:
        if index is ...:
            store(data, array, using)
        else:
            if not np.can_cast(array.dtype, data.dtype, "same_kind"):
                raise TypeError(f"cannot write {array.dtype} into {data.dtype}")
            index = operators.indexing.plain_index(index)
            store(data, array, index=index)
    except TypeError as error:
        raise DTypeError(f"A Tensor of dtype {data.dtype} cannot take values of {array.dtype}.") from error
    except IndexError:
        raise
    except ValueError as error:
        if not data.flags.writeable:
            raise UnsupportedError("This Tensor shares a read-only array.", "Write Tensor(array.copy()).") from error
        raise ShapeError(f"A Tensor of shape {data.shape} cannot take values of shape {array.shape}.") from error
    writes.note(data, index)
