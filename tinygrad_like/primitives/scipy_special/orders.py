"""What several families need: whole numbers beside floats, and functions whose rules are for real numbers."""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from ...engine.errors import UnsupportedError
from ...engine.primitive import Primitive
from ...engine.registry import NUMPY


def in_floats(order: Any, x: Any) -> Any:
    """Whole numbers as floats, of the dtype that the two have together."""
    return np.divide(order, 1, dtype=np.result_type(order, x, 1.0))


def for_reals(primitive: Primitive, instead: str) -> Primitive:
    """SciPy's function is this primitive for real numbers; a recorded result that is complex is refused."""

    @wraps(primitive.forward)
    def checked(*args: Any, **options: Any) -> Any:
        result = primitive(*args, **options)
        if result.dtype.kind == "c" and result.requires_grad:
            raise UnsupportedError(f"{primitive.name} is differentiable for real numbers only.", instead)
        return result

    NUMPY[primitive.forward] = checked
    return primitive
