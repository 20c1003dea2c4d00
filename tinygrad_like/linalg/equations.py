"""Sylvester's and Lyapunov's equations."""

from __future__ import annotations

from typing import Any

from ..engine.errors import ArgumentError, ShapeError
from ..primitives import matrix_equations
from .operands import array_of, broadcast, square, stack_of


def solve_sylvester(a: Any, b: Any, q: Any) -> Any:
    """X with A X + X B = Q: `a` (..., m, m), `b` (..., n, n), `q` and X (..., m, n).

    With S that solves Aᵀ S + S Bᵀ = Ḡ for the cotangent Ḡ of X, those of Q, A and B are S, -S Xᵀ and -Xᵀ S. Where an
    eigenvalue of A and one of -B are equal, to working precision, there is no single X; SciPy gives one of a system
    nearby, and the gradient is nan.

    Raises ShapeError for other shapes, ArgumentError for infinities and nans in `a` or `b`.

    >>> import tinygrad_like as tg
    >>> q = tg.Tensor([[3.0], [8.0]], requires_grad=True)
    >>> x = tg.linalg.solve_sylvester([[1.0, 0.0], [0.0, 2.0]], [[2.0]], q)
    >>> x.sum().backward()
    >>> x.tolist(), q.grad.round(12).tolist()
    ([[1.0], [2.0]], [[0.333333333333], [0.25]])
    """
    a, b, q = square("solve_sylvester", a), square("solve_sylvester", b, "b"), array_of(q)
    wanted = (a.shape[-1], b.shape[-1])
    if q.ndim < 2 or q.shape[-2:] != wanted:
        raise ShapeError(
            f"solve_sylvester takes q of shape (..., {wanted[0]}, {wanted[1]}) beside a {a.shape} and b {b.shape}, "
            f"but got shape {q.shape}.",
            "q has a row for each of a, and a column for each of b.",
        )
    stack = stack_of("solve_sylvester", a, b, q)
    return matrix_equations.solve_sylvester(*(broadcast(each, stack) for each in (a, b, q)))


def solve_continuous_lyapunov(a: Any, q: Any) -> Any:
    """X with A X + X Aᴴ = Q, all (..., n, n). Also called `solve_lyapunov`.

    With S that solves Aᵀ S + S A* = Ḡ for the cotangent Ḡ of X, those of Q and A are S and -(S Xᵀ + Sᴴ X*). Where the
    sum of an eigenvalue and a conjugate one is 0, to working precision, there is no single X: the gradient is nan.

    Raises ShapeError for other shapes, ArgumentError for infinities and nans.

    >>> import numpy as np
    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[1.0, 0.0], [0.0, 2.0]], requires_grad=True)
    >>> x = tg.linalg.solve_continuous_lyapunov(a, [[2.0, 3.0], [3.0, 4.0]])
    >>> np.trace(x).backward()
    >>> x.tolist(), a.grad.tolist()
    ([[1.0, 1.0], [1.0, 1.0]], [[-1.0, -1.0], [-0.5, -0.5]])
    """
    return matrix_equations.solve_continuous_lyapunov(*pair("solve_continuous_lyapunov", a, q))


solve_lyapunov = solve_continuous_lyapunov


def solve_discrete_lyapunov(a: Any, q: Any, method: str | None = None) -> Any:
    """X with A X Aᴴ - X + Q = 0, all (..., n, n), by the `method` "direct" or "bilinear".

    With S that solves S - Aᵀ S A* = Ḡ for the cotangent Ḡ of X, those of Q and A are S and S A* Xᵀ + Sᴴ (A X)*. Where
    the product of an eigenvalue and a conjugate one is 1, to working precision, there is no single X: the gradient is
    nan, or SciPy raises LinAlgError.

    Raises ShapeError for other shapes, ArgumentError for another method, and for infinities and nans.

    >>> import numpy as np
    >>> import tinygrad_like as tg
    >>> q = tg.Tensor([[3.0, 0.0], [0.0, 1.0]], requires_grad=True)
    >>> x = tg.linalg.solve_discrete_lyapunov([[0.5, 0.0], [0.0, 0.0]], q)
    >>> np.trace(x).backward()
    >>> x.tolist(), q.grad.round(12).tolist()
    ([[4.0, 0.0], [0.0, 1.0]], [[1.333333333333, 0.0], [0.0, 1.0]])
    """
    if method not in (None, "direct", "bilinear"):
        raise ArgumentError(f"solve_discrete_lyapunov got method={method!r}.", "Write 'direct' or 'bilinear'.")
    return matrix_equations.solve_discrete_lyapunov(*pair("solve_discrete_lyapunov", a, q), method=method)


def pair(name: str, a: Any, q: Any) -> tuple[Any, Any]:
    """Two stacks of matrices of the same shape."""
    a, q = square(name, a), square(name, q, "q")
    if a.shape[-1] != q.shape[-1]:
        raise ShapeError(f"{name} takes a and q of the same shape, but got {a.shape} and {q.shape}.")
    stack = stack_of(name, a, q)
    return broadcast(a, stack), broadcast(q, stack)
