"""What several families need: whole numbers beside floats, and functions whose rules are for real numbers."""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np

from ...engine.errors import UnsupportedError
from ...engine.primitive import Primitive
from ...engine.recording import recording
from ...engine.registry import NUMPY
from ...engine.tensor import Tensor, values_of


def in_floats(order: Any, x: Any) -> Any:
    """Whole numbers as floats, of the dtype that the two have together."""
    return np.divide(order, 1, dtype=np.result_type(order, np.real(x), 1.0))


def for_reals(primitive: Primitive, instead: str) -> Primitive:
    """SciPy's function is this primitive for real numbers; of complex ones, a recorded Tensor is refused."""

    @wraps(primitive.forward)
    def checked(*args: Any, **options: Any) -> Any:
        recorded = recording.get() and any(isinstance(each, Tensor) and each.requires_grad for each in args)
        if recorded and any(np.iscomplexobj(values_of(each)) for each in args):
            raise UnsupportedError(f"{primitive.name} is differentiable for real numbers only.", instead)
        return primitive(*args, **options)

    NUMPY[primitive.forward] = checked
    return primitive
