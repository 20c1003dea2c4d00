"""The transposes of stacks of matrices."""

from __future__ import annotations

from typing import Any

from ..engine.complex_numbers import conjugated


def transposed(a: Any) -> Any:
    return a.swapaxes(-1, -2)


def adjoint(a: Any) -> Any:
    """The conjugate transpose."""
    return conjugated(transposed(a))
