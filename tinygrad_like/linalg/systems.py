"""Linear systems: factors, and what is solved by them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..primitives import factored, triangular
from .operands import array_of, beside, square, trans_of, without_column


def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """X with op(A) X = B, where A is a triangle, and op(A) is A, Aᵀ or Aᴴ (`trans` 0, 1 or 2; "N", "T" or "C").

    `a` is (..., n, n), of which only one triangle is read: the upper, or the `lower`; with `unit_diagonal` also the
    diagonal is not read, but taken as 1. `b` is a vector (n,) or (..., n, k), and X is like it; stacks are broadcast.
    What is not read has the gradient 0. With Ḡ that of X, the cotangent of B is S with op(A)ᵀ S = Ḡ, and that of
    op(A) is -S Xᵀ. `b` is never overwritten.

    Raises ShapeError for other shapes, LinAlgError if A is singular, ArgumentError for infinities and nans, unless
    `check_finite` is False.

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[2.0, 0.0], [1.0, 4.0]], requires_grad=True)
    >>> x = tg.linalg.solve_triangular(a, [2.0, 9.0], lower=True)
    >>> x.tolist()
    [1.0, 2.0]
    >>> x.sum().backward()
    >>> a.grad.tolist()
    [[-0.375, 0.0], [-0.25, -0.5]]
    """
    name = "solve_triangular"
    a, b, is_vector = beside(name, square(name, a), b)
    options = {"trans": trans_of(name, trans), "lower": bool(lower), "unit_diagonal": bool(unit_diagonal)}
    return without_column(triangular.solve_triangular(a, b, **options, check_finite=check_finite), is_vector)


def cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The triangle U with Uᴴ U = A, or with `lower` L with L Lᴴ = A, of a positive definite A (..., n, n).

    Only the triangle of A that is asked for is read; the other has the gradient 0 (I. Murray, Differentiation of the
    Cholesky decomposition, 2016). `a` is never overwritten.

    Raises ShapeError for other shapes, LinAlgError if A is not positive definite, ArgumentError for infinities and
    nans, unless `check_finite` is False.

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[4.0, 0.0], [2.0, 5.0]], requires_grad=True)
    >>> factor = tg.linalg.cholesky(a, lower=True)
    >>> factor.tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    >>> factor.sum().backward()
    >>> a.grad.tolist()
    [[0.1875, 0.0], [0.25, 0.25]]
    """
    return triangular.cholesky_factor(square("cholesky", a), lower=bool(lower), clean=True, check_finite=check_finite)


def cho_factor(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, bool]:
    """(c, lower), for `cho_solve`: the triangle c is that of `cholesky`; beside it stands what stood in `a`.

    Raises the errors of `cholesky`.

    >>> import tinygrad_like as tg
    >>> c, lower = tg.linalg.cho_factor([[4.0, 7.0], [2.0, 5.0]], lower=True)
    >>> c.tolist(), lower
    ([[2.0, 7.0], [1.0, 2.0]], True)
    """
    a = square("cho_factor", a)
    return triangular.cholesky_factor(a, lower=bool(lower), clean=False, check_finite=check_finite), lower


def cho_solve(c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """X with L Lᴴ X = B or Uᴴ U X = B, for the pair (c, lower) of `cho_factor`.

    `c` is (..., n, n), of which only the triangle is read; `b` is (n,) or (..., n, k), and X is like it. With S that
    solves the transposed system for the cotangent of X, and P = S Xᵀ, the cotangent of L is -(P + Pᴴ) L*.

    Raises ShapeError for other shapes, ArgumentError for infinities and nans, unless `check_finite` is False.

    >>> import tinygrad_like as tg
    >>> b = tg.Tensor([6.0, 7.0], requires_grad=True)
    >>> x = tg.linalg.cho_solve(tg.linalg.cho_factor([[4.0, 2.0], [2.0, 5.0]]), b)
    >>> x.sum().backward()
    >>> x.tolist(), b.grad.tolist()
    ([1.0, 1.0], [0.1875, 0.125])
    """
    if not isinstance(c_and_lower, (tuple, list)) or len(c_and_lower) != 2:
        raise ArgumentError("cho_solve takes a pair (c, lower) first.", "Write cho_solve(cho_factor(a), b).")
    c, lower = c_and_lower
    c, b, is_vector = beside("cho_solve", square("cho_solve", c, "c"), b)
    return without_column(triangular.cho_solve(c, b, lower=bool(lower), check_finite=check_finite), is_vector)


def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> tuple[Any, Any]:
    """(lu, piv), for `lu_solve`: P A = L U of square matrices (..., n, n), L below the diagonal and U elsewhere.

    `piv` (..., n) says which rows are exchanged, and is a constant.

    Raises ShapeError for other shapes, ArgumentError for infinities and nans, unless `check_finite` is False.

    >>> import tinygrad_like as tg
    >>> lu, piv = tg.linalg.lu_factor([[1.0, 2.0], [4.0, 4.0]])
    >>> lu.tolist(), piv.tolist()
    ([[4.0, 4.0], [0.25, 1.0]], [1, 1])
    """
    lu, piv = factored.lu_factor(square("lu_factor", a), check_finite=check_finite)
    return lu, piv


def lu_solve(lu_and_piv: Any, b: Any, trans: Any = 0, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """X with op(A) X = B, for the pair (lu, piv) of `lu_factor`; op(A) is A, Aᵀ or Aᴴ (`trans` 0, 1 or 2).

    `b` is (n,) or (..., n, k), and X is like it.

    Raises ShapeError for other shapes, ArgumentError for infinities and nans, unless `check_finite` is False.

    >>> import tinygrad_like as tg
    >>> b = tg.Tensor([3.0, 8.0], requires_grad=True)
    >>> x = tg.linalg.lu_solve(tg.linalg.lu_factor([[1.0, 2.0], [4.0, 4.0]]), b)
    >>> x.sum().backward()
    >>> x.tolist(), b.grad.tolist()
    ([1.0, 1.0], [0.0, 0.25])
    """
    if not isinstance(lu_and_piv, (tuple, list)) or len(lu_and_piv) != 2:
        raise ArgumentError("lu_solve takes a pair (lu, piv) first.", "Write lu_solve(lu_factor(a), b).")
    lu, piv = square("lu_solve", lu_and_piv[0], "lu"), array_of(lu_and_piv[1])
    if piv.shape != lu.shape[:-1]:
        raise ShapeError(f"lu_solve takes piv of shape {lu.shape[:-1]} beside lu {lu.shape}, but got {piv.shape}.")
    if piv.dtype.kind not in "iu":
        raise ArgumentError(
            f"lu_solve takes whole numbers as piv, but got {piv.dtype}.", "Leave piv as lu_factor gave it."
        )
    lu, b, is_vector = beside("lu_solve", lu, b)
    piv = np.broadcast_to(piv, lu.shape[:-1])
    x = factored.lu_solve(lu, piv, b, trans=trans_of("lu_solve", trans), check_finite=check_finite)
    return without_column(x, is_vector)
