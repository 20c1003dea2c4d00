"""Which kinds of number have derivatives, and what becomes of cotangents between real and complex ones.

Inside the engine, a cotangent g and a tangent t give the change Re(Σ g t). So a rule is a plain transpose, for complex
numbers too. What reaches a real value keeps its real part. The gradient that a user sees is conjugated once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .errors import DTypeError

CONTINUOUS = "fc"  # the kinds of dtype that have derivatives: real and complex numbers


def conjugated(value: Any) -> Any:
    """A user's gradient as a cotangent inside, and the other way round. Real ones are the same."""
    return np.conjugate(value) if value.dtype.kind == "c" else value


def converted(value: Any, dtype: np.dtype[Any]) -> Any:
    """A copy in another dtype; where that is real, a complex number keeps its real part."""
    if value.dtype.kind == "c" and dtype.kind != "c":
        value = np.real(value)
    return value.astype(dtype)


def check_real(name: str, arrays: list[Any], instead: str) -> None:
    """Raise DTypeError if an operation of real numbers is given complex ones."""
    for each in arrays:
        if isinstance(each, complex) or getattr(each, "dtype", np.dtype(float)).kind == "c":
            raise DTypeError(f"{name} is of real numbers, but got {np.result_type(each)}.", instead)


def check_stays_complex(dtype: np.dtype[Any]) -> None:
    """Raise DTypeError if complex numbers would be converted to this dtype of real ones."""
    if dtype.kind != "c":
        raise DTypeError(f"astype({dtype}) would drop the imaginary part.", "Write t.real, t.imag or np.abs(t).")


def check_takes(dtype: np.dtype[Any], value: Any) -> None:
    """Raise DTypeError if a complex value would be written where the dtype is one of real numbers."""
    given = value.dtype if hasattr(value, "dtype") else np.dtype(complex if isinstance(value, complex) else float)
    if given.kind == "c" and dtype.kind != "c":
        raise DTypeError(f"An array of {dtype} cannot take values of {given}.", "Write z.real, z.imag or np.abs(z).")


def dtype_of_rule(value: np.dtype[Any], result: np.dtype[Any]) -> np.dtype[Any]:
    """In which dtype a rule is given a value: in the precision of the result, complex if the value is."""
    if value.kind == "c":
        return result if result.kind == "c" else np.result_type(value, result)
    return np.finfo(result).dtype if result.kind == "c" else result
