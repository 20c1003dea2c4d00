"""Derivatives of functions with complex results: f′ of a holomorphic one, the Jacobian of one of real variables."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.errors import ArgumentError, DTypeError
from ..engine.tensor import values_of
from ..engine.traces import ndarray_of, trace
from .evaluation import Evaluation


def derivative_of(evaluation: Evaluation, retain: bool) -> list[Any]:
    """f′ for each input, where the function is holomorphic: its gradient for the cotangent 1, conjugated.

    Raises DTypeError for real inputs; ArgumentError if the function is not holomorphic here: then the gradient for the
    cotangent i is not i times that for 1.
    """
    y = evaluation.y.active[0]
    if any(node.dtype.kind != "c" for node in evaluation.nodes):
        raise real_inputs()
    if y.dtype.kind != "c":
        raise not_holomorphic()
    one = np.ones(y.shape, y.dtype)
    parts = evaluation.pull({0: one}, retain=True, given=False)
    if trace() is None:
        turned = evaluation.pull({0: one * 1j}, retain=retain)
        if not all(map(is_turned, parts, turned)):
            raise not_holomorphic()
    return [conjugated_like(part) for part in parts]


def is_turned(part: Any, turned: Any, size: Any = None) -> bool:
    """Whether the Cauchy-Riemann equations hold, to half of the digits; also if something is not finite."""
    a, b = ndarray_of(values_of(part)) * 1j, ndarray_of(values_of(turned))
    gap, size = (np.max(np.abs(each), initial=0) for each in (a - b, a if size is None else size))
    return not gap > np.sqrt(np.finfo(a.dtype).eps) * size


def check_rows(evaluation: Evaluation, number: int, rows: list[Any]) -> None:
    """Raise ArgumentError if the function is not holomorphic: the same for a weighted sum of the rows of a Jacobian."""
    y = evaluation.y.active[number]
    if trace() is not None or not y.size or y.dtype.kind != "c":
        return
    weights = np.cos(np.arange(y.size)).astype(y.dtype)
    turned = evaluation.pull({number: weights.reshape(y.shape) * 1j}, retain=True, given=False)
    for each, one in zip(rows, turned):
        weighted = values_of(each) * weights.reshape(-1, *[1] * (each.ndim - 1))
        if not is_turned(weighted.sum(axis=0), one, np.abs(weighted).sum(axis=0)):
            raise not_holomorphic()


def conjugated_like(part: Any) -> Any:
    """The conjugate of a number, an array or a Tensor."""
    return part.conjugate() if isinstance(part, complex) else conjugated(part)


def not_holomorphic() -> ArgumentError:
    return ArgumentError(
        "The function is not holomorphic here: its derivative depends on the direction in the plane.",
        "Leave holomorphic=True out for the gradient of a real number; or use jvp for one direction.",
    )


def real_inputs() -> DTypeError:
    return DTypeError("holomorphic=True is for functions of complex numbers, but got real ones.", "Write x + 0j.")


def complex_result(dtype: Any) -> DTypeError:
    return DTypeError(
        f"grad of a function with a result of {dtype} has no single meaning.",
        "Return a real number, such as np.abs(y)**2; or write holomorphic=True for f′ of a holomorphic function.",
    )


def check_jacobian(evaluation: Evaluation, holomorphic: bool) -> None:
    """Raise DTypeError if complex results depend on complex inputs, and nobody says that they are holomorphic.

    And if a holomorphic function has real inputs; ArgumentError if its result is real.
    """
    complex_inputs = [node.dtype.kind == "c" for node in evaluation.nodes]
    if holomorphic and not all(complex_inputs):
        raise real_inputs()
    for y, root in zip(evaluation.y.active, evaluation.roots):
        if holomorphic and root is not None and y.dtype.kind != "c":
            raise not_holomorphic()
        if doubled(y, holomorphic) and any(complex_inputs):
            raise DTypeError(
                f"A result of {y.dtype} has no single Jacobian by complex numbers: it depends on both of their parts.",
                "Write the function of two real arrays, f(x + 1j * y); or holomorphic=True for a holomorphic function.",
            )


def doubled(y: Any, holomorphic: bool) -> bool:
    """Whether a result has two sets of rows: those of its real and of its imaginary parts."""
    return y.dtype.kind == "c" and not holomorphic


def joined_parts(rows: list[Any]) -> list[Any]:
    """Both sets of rows as complex ones."""
    return [each[: len(each) // 2] + 1j * each[len(each) // 2 :] for each in rows]
