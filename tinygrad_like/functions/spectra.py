"""Composites of singular values: svd as NumPy has it, svdvals, cond."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ShapeError
from ..engine.registry import implements
from ..engine.tensor import as_array, values_of
from ..primitives import singular
from ..primitives.integers import floats


@implements(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """`np.linalg.svd`: U, S, Vᴴ, or S alone without `compute_uv`; a `hermitian` matrix by its eigenvalues.

    The cotangent of the matrix is U (diag(s̄) + K₁ / (s_j - s_i) + K₂ / (s_j + s_i)) Vᵀ, by parts K of those of the
    vectors (Townsend, Differentiating the singular value decomposition, 2016). A singular value that is 0 has the
    derivative 0, as |x| has at 0; but nan where vectors are used, too, since it may be what U f(S) Vᴴ needs.
    Values are equal if they differ by no more than rounding. Then a function that treats them and their vectors alike
    (the nuclear norm, U Vᴴ, a projector) has its derivative; any other has nan: a single one of them, a single vector,
    U f(S) Vᴴ. So has what depends on a single vector beside the first k.

    >>> import tinygrad_like as tg
    >>> tg.grad(lambda a: np.linalg.svd(a)[1].sum())(np.array([[0.0, 2.0], [3.0, 0.0]])).round(3)
    array([[0., 1.],
           [1., 0.]])
    """
    if hermitian:
        return of_hermitian(floats(as_array(a)), compute_uv)
    return singular.svd(a, full_matrices=bool(full_matrices)) if compute_uv else singular.svdvals(a)


def of_hermitian(a: Any, compute_uv: bool) -> Any:
    """By eigenvalues: their sizes in falling order, their signs in V."""
    if not compute_uv:
        return np.flip(np.sort(np.abs(np.linalg.eigvalsh(a)), axis=-1), axis=-1)
    w, v = np.linalg.eigh(a)
    order = np.argsort(np.abs(w), axis=-1)[..., ::-1]
    s, signs = (np.take_along_axis(each, order, axis=-1) for each in (np.abs(w), np.sign(w)))
    u = np.take_along_axis(v, order[..., None, :], axis=-1)
    # The sign of an eigenvalue that is 0 is unknown: NumPy has 0, and what depends on it has no derivative.
    vh = singular.at_zero(np.conjugate(np.swapaxes(u * signs[..., None, :], -1, -2)), s)
    names = type(np.linalg.svd(np.eye(1)))
    return names(u, s, vh)


@implements(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """`np.linalg.svdvals`: the singular values in falling order. One that is 0 has the derivative 0, as |x| at 0."""
    return singular.svdvals(x)


@implements(np.linalg.cond)
@block()
def cond(x: Any, p: Any = None) -> Any:
    """`np.linalg.cond`: ‖x‖ ‖x⁻¹‖; with p None, 2 or -2 by the singular values. Of a singular matrix it is inf."""
    x = floats(as_array(x))
    if x.ndim < 2 or 0 in x.shape[-2:]:
        raise ShapeError(f"cond takes matrices that are not empty, but got shape {x.shape}.")
    with np.errstate(all="ignore"):
        r = of_singular_values(x, p) if p in (None, 2, -2) else of_inverse(x, p)
    lost = np.isnan(values_of(r)) & ~np.isnan(values_of(x)).any(axis=(-2, -1))
    return np.where(lost, np.inf, r)


def of_singular_values(x: Any, p: Any) -> Any:
    s = singular.svdvals(x)
    return s[..., -1] / s[..., 0] if p == -2 else s[..., 0] / s[..., -1]


def of_inverse(x: Any, p: Any) -> Any:
    """In double precision, as NumPy has it. A singular matrix has no inverse: its norm is inf."""
    is_singular = np.linalg.slogdet(values_of(x))[0] == 0
    regular = np.where(is_singular[..., None, None], np.eye(x.shape[-1], dtype=x.dtype), x)
    wide = regular.astype(np.result_type(x.dtype, np.float64))
    of_regular = np.linalg.norm(np.linalg.inv(wide), p, axis=(-2, -1))
    product = np.linalg.norm(x, p, axis=(-2, -1)) * np.where(is_singular, np.inf, of_regular)
    return product.astype(np.finfo(x.dtype).dtype)
