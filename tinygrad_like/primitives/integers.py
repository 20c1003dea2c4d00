"""Integers as data: what networks compute of them, they compute of floats, so that nothing wraps around."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import DTypeError
from ..engine.traces import ndarray_of


def floats(x: Any) -> Any:
    """x; integers and truths as float64, as `np.mean` has it. Raises DTypeError for what are no numbers."""
    if x.__class__ is not np.ndarray and not hasattr(x, "dtype"):
        x = ndarray_of(x)
    kind = x.dtype.kind
    if kind in "iub":
        return x.astype(np.float64)
    if kind in NO_NUMBERS:
        raise no_numbers(x)
    return x


def reals(x: Any) -> Any:
    """The same, of what is no complex number either: DTypeError where numbers are compared, or their squares are."""
    kind = x.dtype.kind if hasattr(x, "dtype") else ""
    if kind == "c":
        raise complex_numbers(x.dtype)
    return x if kind == "f" else floats(x)


def complex_numbers(dtype: Any) -> DTypeError:
    return DTypeError(
        f"Only real numbers are taken here, but got {dtype}.",
        "Give parts of complex numbers: np.abs(z), or z.real and z.imag.",
    )


def as_floats(*arrays: Any) -> tuple[Any, ...]:
    """All as floats: integers and truths take the dtype of the first floats among them, or float64.

    Raises DTypeError for what are no numbers.
    """
    for each in arrays:
        if each.dtype.kind in NO_NUMBERS:
            raise no_numbers(each)
    dtype = next((each.dtype for each in arrays if each.dtype.kind not in "iub"), np.dtype(np.float64))
    return tuple(each.astype(dtype) if each.dtype.kind in "iub" else each for each in arrays)


NO_NUMBERS = "OSUMm"  # objects, text, times


def no_numbers(x: Any) -> DTypeError:
    got = repr(x.item()) if x.ndim == 0 else f"an array of {x.dtype}"
    return DTypeError(f"This is computed of numbers, but got {got}.", "Write numbers, or x.astype(float).")
