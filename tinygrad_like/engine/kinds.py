"""Which kinds of array are taken: those that compute as an ndarray does, and what NumPy makes such an ndarray of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import ndarray

from .errors import DTypeError
from .traces import active, in_dtype, stacked

NUMBERS = "Write numbers, in nested lists of equal lengths, and dtype=float or a NumPy dtype such as np.float32."
# A subclass that has its own of these computes in its own way (matrices, masks, units).
OWN = ("__array_ufunc__", "__array_function__", "__add__", "__mul__", "__matmul__")


def check_kind(value: Any) -> Any:
    """`value`; an error if it is an array that means something else by `*`, or by its elements, than an ndarray."""
    kind = value.__class__
    if kind is ndarray or not isinstance(value, ndarray):
        return value
    if any(getattr(kind, name) is not getattr(ndarray, name) for name in OWN):
        instead = "array.filled(0), or np.where(mask, other, array.data)" if hasattr(value, "mask") else "np.asarray(a)"
        raise DTypeError(
            f"{kind.__module__}.{kind.__name__} computes in another way than an ndarray, which Tensors would lose.",
            f"Write {instead}.",
        )
    return value


def as_ndarray(value: Any, dtype: Any = None) -> Any:
    """`np.asarray`, but of the kinds of array that are taken, also in a list; not of lists of unequal lengths."""
    value = stacked(value) if active else value
    if value.__class__ is ndarray or (active and hasattr(value, "traced_value")):
        return np.asarray(value, dtype) if not active else in_dtype(value, dtype)
    check_kind(value)
    if value.__class__ in (list, tuple) and value and isinstance(value[0], ndarray):
        for each in value:
            check_kind(each)
    try:
        return np.asarray(value, dtype)
    except ValueError as error:
        text = repr(value)
        text = text if len(text) <= 60 else text[:57] + "..."
        raise DTypeError(f"No array of numbers can be made of {text}: {error}.", NUMBERS) from error
