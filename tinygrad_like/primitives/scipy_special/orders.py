"""Orders and degrees that are whole numbers, beside floats."""

from __future__ import annotations

from typing import Any

import numpy as np


def in_floats(order: Any, x: Any) -> Any:
    """Whole numbers as floats, of the dtype that the two have together."""
    return np.divide(order, 1, dtype=np.result_type(order, x, 1.0))
