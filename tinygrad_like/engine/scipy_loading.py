"""scipy.linalg and scipy.special, imported when they are first used; and what the former is given."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from .errors import ArgumentError, MissingError


@cache
def scipy_linalg() -> Any:
    """The module scipy.linalg. Raises MissingError if SciPy is not installed, or too old for stacks of matrices."""
    needed = "Write pip install 'tinygrad_like[scipy]'."
    try:
        import scipy
        import scipy.linalg
    except ImportError as error:
        raise MissingError("tinygrad_like.linalg needs the package scipy.", needed) from error
    if tuple(map(int, scipy.__version__.split(".")[:2])) < (1, 17):
        raise MissingError(f"tinygrad_like.linalg needs scipy 1.17 or later, but got {scipy.__version__}.", needed)
    return scipy.linalg


@cache
def scipy_special() -> Any:
    """The module scipy.special. Raises MissingError if SciPy is not installed."""
    try:
        import scipy.special
    except ImportError as error:
        needed = "Write pip install 'tinygrad_like[scipy]'."
        raise MissingError("tinygrad_like.special needs the package scipy.", needed) from error
    return scipy.special


def require_finite(check: bool, *arrays: Any) -> None:
    """Raise ArgumentError for infinities and nans, of which LAPACK's algorithms may not end, if `check` says so."""
    if check and not all(np.isfinite(each).all() for each in arrays):
        raise ArgumentError(
            "scipy.linalg takes finite numbers, but an array has an infinity or a nan.",
            "Write check_finite=False where there is this option, or np.nan_to_num(t).",
        )


def nan_where_not_finite(function: Any, stack: Any) -> Any:
    """What a function gives of a stack of square matrices that takes finite ones only; nan for the others."""
    bad = ~np.isfinite(stack).all((-2, -1), keepdims=True)
    if not bad.any():
        return function(stack)
    return np.where(bad, np.nan, function(np.where(bad, np.eye(stack.shape[-1], dtype=stack.dtype), stack)))
