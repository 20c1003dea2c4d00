"""The exponential, the logarithm and the square root of matrices, by scipy.linalg.

f of the block matrix [[A, E], [0, A]] has in its corner the Fréchet derivative of f at A in the direction E (N. Higham,
Functions of Matrices, 2008, section 3.2). It is linear in E, and its transpose is the derivative at Aᵀ.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.batches.batched_stacks import of_stacks
from ..engine.registry import general
from ..engine.scipy_loading import nan_where_not_finite, require_finite, scipy_linalg
from .matrix_equations import around, regular_sylvester
from .samples import Case, Rng, normal
from .stacks import transposed


def blocks(a: Any, e: Any, below: Any) -> Any:
    """[[A, E], [below, A]]."""
    return np.concatenate((np.concatenate((a, e), -1), np.concatenate((below, a), -1)), -2)


def corner(a: Any) -> Any:
    """The upper right quarter."""
    n = a.shape[-1] // 2
    return a[..., :n, n:]


# -- exp -------------------------------------------------------------------------------------------------


@of_stacks
def _expm(a: Any) -> Any:
    return scipy_linalg().expm(a)


@of_stacks
def _expm_frechet(a: Any, e: Any) -> Any:
    dtype = np.result_type(a, e)
    if not a.size:
        return np.zeros(np.broadcast_shapes(a.shape, e.shape), dtype)  # SciPy refuses stacks of no matrices
    return scipy_linalg().expm_frechet(a, e, compute_expm=False, check_finite=False).astype(dtype, copy=False)


def expm_rule(g: Any, a: Any) -> Any:
    return expm_frechet(transposed(a), g)


def frechet_direction(g: Any, a: Any) -> Any:
    return expm_frechet(transposed(a), g)


def frechet_point(g: Any, a: Any, e: Any) -> Any:
    """From that of the block matrix, in which A stands twice."""
    n, zero = a.shape[-1], np.zeros_like(g)
    found = expm_frechet(transposed(blocks(a, e, np.zeros_like(a))), blocks(zero, g, zero))
    return found[..., :n, :n] + found[..., n:, n:]


# -- log -------------------------------------------------------------------------------------------------


@of_stacks
def _logm(a: Any, *, check_finite: bool = True) -> Any:
    require_finite(check_finite, a)
    if not a.size:
        return a
    if a.dtype not in (np.float32, np.complex64):
        return nan_where_not_finite(scipy_linalg().logm, a)
    # SciPy 1.17 measures the error of every logarithm by double precision, and warns of it.
    found = _logm(a.astype(f"{a.dtype.kind}{2 * a.itemsize}"), check_finite=check_finite)
    return found.astype(f"{found.dtype.kind}{found.itemsize // 2}")


@of_stacks
def _at_cut(a: Any) -> Any:
    """0; nan where an eigenvalue lies on the negative real axis or at 0, to working precision."""
    values = np.linalg.eigvals(a)
    limit = np.abs(values).max(-1, keepdims=True, initial=0) * (a.shape[-1] * np.finfo(a.dtype).eps)
    distance = np.where(values.real < 0, np.abs(values.imag), np.abs(values))
    return np.where((distance <= limit).any(-1), np.nan, 0).astype(a.real.dtype)[..., None, None]


def logm_rule(g: Any, a: Any) -> Any:
    block = blocks(transposed(a), g, np.zeros_like(a))
    return corner(logm(block, check_finite=False)) + at_cut(a)


# -- sqrt ------------------------------------------------------------------------------------------------


@of_stacks
def _sqrtm(a: Any) -> Any:
    return scipy_linalg().sqrtm(a)


def sqrtm_rule(g: Any, y: Any) -> Any:
    """S with Yᵀ S + S Yᵀ = g."""
    turned = transposed(y)
    return regular_sylvester(turned, turned, g)


# -- samples ---------------------------------------------------------------------------------------------


def any_matrices(rng: Rng) -> Iterator[Case]:
    for shape in ((2, 2), (3, 3), (2, 2, 2)):
        yield (normal(rng, shape) / 2,), {}


def directions(rng: Rng) -> Iterator[Case]:
    for shape in ((2, 2), (2, 1, 1)):
        yield (normal(rng, shape) / 2, normal(rng, shape)), {}


def off_the_cut(rng: Rng) -> Iterator[Case]:
    for shape in ((2, 2), (2, 1, 1)):
        yield (around(rng, shape, 1.5),), {}


at_cut = general("at_cut", _at_cut, "a", sample=off_the_cut, symbol="at a cut")
expm = general("expm", _expm, "a", expm_rule, sample=any_matrices, symbol="eᴬ")
expm_frechet: Any = general(
    "expm_frechet", _expm_frechet, "a e", (frechet_point, frechet_direction), sample=directions, symbol="L(A, E)"
)
logm: Any = general("logm", _logm, "a", logm_rule, sample=off_the_cut, symbol="ln A")
sqrtm = general("sqrtm", _sqrtm, "a", sqrtm_rule, sample=off_the_cut, symbol="√A")
