"""What np.linalg has as well, under SciPy's names and options: it is computed by NumPy.

Its results can differ from SciPy's in their last digits, and vectors in their signs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, UnsupportedError
from .operands import array_of


def refuse(name: str, **given: Any) -> None:
    """Raise UnsupportedError for options that are not their defaults: (what was given, the default)."""
    for option, (value, default) in given.items():
        if value is not default:
            raise UnsupportedError(
                f"{name} with {option}={value!r} is not differentiable here.",
                f"Leave {option} out, or write scipy.linalg.{name}(t.numpy(), ...) for the values alone.",
            )


def norm(a: Any, ord: Any = None, axis: Any = None, keepdims: bool = False, check_finite: bool = True) -> Any:
    """`np.linalg.norm`, of vectors or matrices.

    >>> import tinygrad_like as tg
    >>> tg.linalg.norm(tg.Tensor([3.0, 4.0])).item()
    5.0
    """
    return np.linalg.norm(array_of(a), ord, axis, keepdims)


def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    """`np.linalg.eigh` as a tuple (w, v); of the `lower` or the upper triangle. With `eigvals_only`, w alone.

    Raises UnsupportedError for `b`, and for subsets.

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[2.0, 0.0], [0.0, 5.0]], requires_grad=True)
    >>> w, v = tg.linalg.eigh(a)
    >>> w.sum().backward()
    >>> w.tolist(), a.grad.tolist()
    ([2.0, 5.0], [[1.0, 0.0], [0.0, 1.0]])
    """
    subsets = {"subset_by_index": (subset_by_index, None), "subset_by_value": (subset_by_value, None)}
    refuse("eigh", b=(b, None), type=(type, 1), **subsets)
    part: Any = "L" if lower else "U"
    return np.linalg.eigvalsh(array_of(a), part) if eigvals_only else tuple(np.linalg.eigh(array_of(a), part))


def eigvalsh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: Any = None,
) -> Any:
    """`np.linalg.eigvalsh`, of the `lower` or the upper triangle.

    Raises UnsupportedError for `b`, and for subsets.

    >>> import tinygrad_like as tg
    >>> tg.linalg.eigvalsh(tg.Tensor([[2.0, 0.0], [0.0, 5.0]])).tolist()
    [2.0, 5.0]
    """
    subsets = {"subset_by_index": (subset_by_index, None), "subset_by_value": (subset_by_value, None)}
    refuse("eigvalsh", b=(b, None), type=(type, 1), **subsets)
    return np.linalg.eigvalsh(array_of(a), "L" if lower else "U")


def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """`np.linalg.svd` as a tuple (u, s, vh), or s alone.

    >>> import tinygrad_like as tg
    >>> u, s, vh = tg.linalg.svd(tg.Tensor([[3.0, 0.0], [0.0, 4.0]]))
    >>> s.tolist()
    [4.0, 3.0]
    """
    if not compute_uv:
        return svdvals(a)
    return tuple(np.linalg.svd(array_of(a), full_matrices))


def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """The singular values, by `np.linalg.svd`.

    >>> import tinygrad_like as tg
    >>> tg.linalg.svdvals(tg.Tensor([[3.0, 0.0], [0.0, 4.0]])).tolist()
    [4.0, 3.0]
    """
    return np.linalg.svd(array_of(a), compute_uv=False)


def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """`np.linalg.qr` as a tuple (q, r), of the `mode` "full" or "economic"; (r,) of the mode "r".

    Raises UnsupportedError for `pivoting`, ArgumentError for another mode.

    >>> import tinygrad_like as tg
    >>> q, r = tg.linalg.qr(tg.Tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> abs(r).round(12).tolist()
    [[5.0, 2.2], [0.0, 0.4]]
    """
    refuse("qr", pivoting=(bool(pivoting), False))
    if mode not in ("full", "economic", "r"):
        raise ArgumentError(f"qr got mode={mode!r}.", "Write 'full', 'economic' or 'r'.")
    shape: Any = "reduced" if mode == "economic" else "complete"
    found = tuple(np.linalg.qr(array_of(a), shape))
    return found[1:] if mode == "r" else found
