"""What plots are given, as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import DTypeError
from ..engine.tensor import values_of
from ..engine.writes import Array


def numbers(values: Any, what: str) -> Array:
    """Values as a float64 array, from Tensors, arrays or lists of them."""
    try:
        values = [values_of(each) for each in values] if isinstance(values, (list, tuple)) else values_of(values)
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DTypeError(f"{what} must be numbers: {error}.", "Write a list or an array of floats.") from error
