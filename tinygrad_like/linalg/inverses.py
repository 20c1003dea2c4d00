"""Systems, inverses and determinants of whole matrices, also of a known structure."""

from __future__ import annotations

from typing import Any

from ..engine.errors import ArgumentError, UnsupportedError
from ..primitives import structured
from .operands import beside, square, without_column

STRUCTURES = (
    *(None, "general", "gen", "diagonal", "tridiagonal", "banded", "upper triangular", "lower triangular"),
    *("symmetric", "sym", "hermitian", "her", "positive definite", "pos"),
)
INVERTED = (None, "general", "gen", "upper triangular", "lower triangular", "sym", "her", "pos")


def check_structure(name: str, assume_a: Any, known: tuple[Any, ...]) -> None:
    if assume_a not in known:
        raise ArgumentError(
            f"{name} knows no structure assume_a={assume_a!r}.", f"Write one of {', '.join(map(repr, known))}."
        )


def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: Any = None,
    transposed: bool = False,
) -> Any:
    """X with A X = B, or Aᵀ X = B if `transposed`; `assume_a` is a structure that A has.

    `a` is (..., n, n); `b` is (n,) or (..., n, k), and X is like it. If a structure is assumed, then only what
    it leaves is read and has a gradient: the diagonals that are not 0, one triangle, or of "sym", "her" and "pos" the
    triangle that `lower` says. With S that solves the transposed system for the cotangent of X, that of A is -S Xᵀ.
    Nothing is overwritten.

    Raises ShapeError for other shapes, LinAlgError if A is singular, ArgumentError for an unknown structure, and for
    infinities and nans unless `check_finite` is False.

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[4.0, 9.0], [2.0, 5.0]], requires_grad=True)
    >>> x = tg.linalg.solve(a, [8.0, 12.0], assume_a="pos", lower=True)
    >>> x.round(12).tolist()
    [1.0, 2.0]
    >>> x.sum().backward()
    >>> a.grad.round(12).tolist()
    [[-0.1875, 0.0], [-0.5, -0.25]]
    """
    check_structure("solve", assume_a, STRUCTURES)
    a, b, is_vector = beside("solve", square("solve", a), b)
    options = {"lower": bool(lower), "assume_a": assume_a, "transposed": bool(transposed)}
    return without_column(structured.solve_as(a, b, **options, check_finite=check_finite), is_vector)


def inv(
    a: Any, overwrite_a: bool = False, check_finite: bool = True, *, assume_a: Any = None, lower: bool = False
) -> Any:
    """A⁻¹ of square matrices (..., n, n); `assume_a` is a structure that A has, as in `solve`.

    With Ḡ the cotangent of Y = A⁻¹, that of A is -Yᵀ Ḡ Yᵀ, for what is read of A.

    Raises ShapeError for other shapes, LinAlgError if A is singular, ArgumentError for an unknown structure, and for
    infinities and nans unless `check_finite` is False; UnsupportedError for diagonal matrices.

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[2.0, 0.0], [0.0, 4.0]], requires_grad=True)
    >>> tg.linalg.inv(a).sum().backward()
    >>> a.grad.tolist()
    [[-0.25, -0.125], [-0.125, -0.0625]]
    """
    if assume_a == "diagonal":
        raise UnsupportedError(
            'inv with assume_a="diagonal" leaves what is beside the diagonal as it was, so it is not done here.',
            "Write np.diag(1 / np.diag(a)), or leave assume_a out.",
        )
    check_structure("inv", assume_a, INVERTED)
    return structured.inverse(square("inv", a), assume_a=assume_a, lower=bool(lower), check_finite=check_finite)


def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The determinants of square matrices (..., n, n), whose derivative is the matrix of cofactors.

    Raises ShapeError for other shapes, ArgumentError for infinities and nans, unless `check_finite` is False.

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[2.0, 1.0], [0.0, 3.0]], requires_grad=True)
    >>> tg.linalg.det(a).backward()
    >>> a.grad.round(12).tolist()
    [[3.0, 0.0], [-1.0, 2.0]]
    """
    return structured.determinant(square("det", a), check_finite=check_finite)
