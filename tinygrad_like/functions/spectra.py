"""Composites of singular values: svd as NumPy has it, svdvals, cond."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ShapeError
from ..engine.registry import implements
from ..engine.tensor import as_array
from ..primitives import singular
from ..primitives.integers import floats


@implements(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """`np.linalg.svd`: U, S, Vᴴ, or S alone without `compute_uv`; a `hermitian` matrix by its eigenvalues.

    The cotangent of the matrix is U (diag(s̄) + K₁ / (s_j - s_i) + K₂ / (s_j + s_i)) Vᵀ, by parts of those of the vectors
    (Townsend, Differentiating the singular value decomposition, 2016). A singular value that is 0 has the derivative 0,
    as |x| has at 0. Values are equal if they differ by no more than rounding. Then a function that treats them and their
    vectors alike (the nuclear norm, U Vᴴ, a projector) has its derivative; any other has nan: a single one of them, a
    single vector, U f(S) Vᴴ. With `full_matrices`, so has what depends on the single vectors beside the first k.

    >>> s = tg.Tensor([[3.0, 0.0], [0.0, 2.0]], requires_grad=True)
    """
    if hermitian:
        return of_hermitian(a, compute_uv)
    return singular.svd(a, full_matrices=full_matrices) if compute_uv else singular.svdvals(a)
