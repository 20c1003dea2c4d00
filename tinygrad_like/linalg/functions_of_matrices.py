"""The exponential, the logarithm and the square root of square matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import matrix_functions
from .operands import array_of, square


def expm(A: Any) -> Any:
    """The matrix exponential eᴬ of square matrices (..., n, n); of a number, as a matrix (1, 1).

    The derivative in a direction E stands in the corner of the exponential of [[A, E], [0, A]] (N. Higham, Functions
    of Matrices, 2008, section 10.6); the gradient is the derivative at Aᵀ in the direction of the cotangent.

    Raises ShapeError for other shapes.

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[0.0, 1.0], [0.0, 0.0]], requires_grad=True)
    >>> y = tg.linalg.expm(a)
    >>> y.tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    >>> y.sum().backward()
    >>> a.grad.round(12).tolist()
    [[1.5, 1.0], [2.166666666667, 1.5]]
    """
    a = array_of(A)
    if a.size == 1 and a.ndim < 2:
        a = np.reshape(a, (1, 1))
    return matrix_functions.expm(square("expm", a, "A"))


def logm(A: Any) -> Any:
    """The matrix logarithm of square matrices (..., n, n): the Y with eʸ = A, whose eigenvalues are within ±πi.

    The derivative in a direction E stands in the corner of the logarithm of [[A, E], [0, A]] (N. Higham, Functions of
    Matrices, 2008, section 11.8). Where an eigenvalue is 0 or negative, to working precision, there is no derivative:
    the gradient is nan. Of real matrices with negative eigenvalues the result is complex; a compiled
    step needs a complex matrix for that.

    Raises ShapeError for other shapes, ArgumentError for infinities and nans.

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[1.0, 0.5], [0.0, 1.0]], requires_grad=True)
    >>> y = tg.linalg.logm(a)
    >>> y.round(12).tolist()
    [[0.0, 0.5], [0.0, 0.0]]
    >>> y[0, 1].backward()
    >>> a.grad.round(12).tolist()
    [[-0.25, 1.0], [0.083333333333, -0.25]]
    """
    return matrix_functions.logm(square("logm", A, "A"))


def sqrtm(A: Any) -> Any:
    """The square root Y of square matrices (..., n, n), with Y Y = A, whose eigenvalues have real parts of at least 0.

    With Ḡ the cotangent of Y, that of A is S with Yᵀ S + S Yᵀ = Ḡ. Where A is singular, to working precision, there is
    no derivative: the gradient is nan. Of real matrices with negative eigenvalues the result is complex; a compiled
    step needs a complex matrix for that.

    Raises ShapeError for other shapes.

    >>> import numpy as np
    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[4.0, 5.0], [0.0, 9.0]], requires_grad=True)
    >>> y = tg.linalg.sqrtm(a)
    >>> y.tolist()
    [[2.0, 1.0], [0.0, 3.0]]
    >>> np.trace(y).backward()
    >>> a.grad.round(12).tolist()
    [[0.25, 0.0], [-0.083333333333, 0.166666666667]]
    """
    return matrix_functions.sqrtm(square("sqrtm", A, "A"))
