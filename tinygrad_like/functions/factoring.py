"""Functions that factor matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, UnsupportedError
from ..engine.registry import implements
from ..engine.tensor import Tensor, as_array, values_of, wrap
from ..engine.traces import ndarray_of
from ..primitives import eigenvalues, orthogonal
from ..primitives.integers import floats


@implements(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """`np.linalg.qr`: matrices (..., m, n) as products of q, with orthonormal columns, and r, upper triangular.

    Where the first min(m, n) columns are dependent, the derivative is nan. With `mode="complete"` and more rows than
    columns, the columns of q beyond the first n are any orthonormal ones. A function that depends on which has the
    derivative nan; forward mode does not see it.

    Raises UnsupportedError for mode="raw".

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[3.0, 1.0], [4.0, 2.0]], requires_grad=True)
    >>> np.linalg.qr(a).R[0, 0].backward()  # the length of the first column, but for the sign
    >>> np.round(np.abs(a.grad), 6)
    Tensor([[0.6, 0. ],
            [0.8, 0. ]])
    """
    a = floats(as_array(a))
    if mode == "raw":
        raise UnsupportedError(
            "np.linalg.qr with mode='raw' is not differentiable here: it gives reflections, not factors.",
            "Write np.linalg.qr(a), which gives q and r.",
        )
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(f"np.linalg.qr has no mode={mode!r}.", "Write 'reduced', 'complete' or 'r'.")
    return orthogonal.qr(a)[1] if mode == "r" else orthogonal.qr(a, mode=mode)


@implements(np.linalg.eig)
def eig(a: Any) -> Any:
    """`np.linalg.eig`: the eigenvalues (..., n) of square matrices (..., n, n), and unit vectors, as columns.

    As in NumPy, the results are real if all eigenvalues of a real matrix are; so `tg.compile` takes complex matrices
    only. What is not well defined has the derivative nan: the phase of a complex vector; of equal eigenvalues, a single
    one or its vector, and what depends on the values and on the vectors. So has an eigenvalue whose left and right
    vectors are orthogonal, up to rounding: there, the matrix has too few eigenvectors, and already tiny changes move
    the eigenvalue far.

    >>> import tinygrad_like as tg
    >>> a = tg.Tensor([[2.0, 1.0], [0.0, 3.0]], requires_grad=True)
    >>> np.linalg.eig(a).eigenvalues[1].backward()  # 3, with the right vector (1, 1) and the left (0, 1)
    >>> np.round(a.grad, 6)
    Tensor([[0., 0.],
            [1., 1.]])
    """
    return eigenvalues.eig(floats(as_array(a)))


@implements(np.linalg.eigvals)
def eigvals(a: Any) -> Any:
    """`np.linalg.eigvals`: the eigenvalues alone; see `np.linalg.eig`, whose vectors the derivative needs."""
    if isinstance(a, Tensor) and a._node is None:
        return wrap(ndarray_of(np.linalg.eigvals(values_of(a))))
    return eig(a)[0]
