"""The inverse of Moore and Penrose, and the rank."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from .complexes import plane
from .eigen import folded, half
from .samples import Case, Rng
from .singular import well_apart
from .stacks import adjoint, transposed

NOT_GIVEN: Any = np._NoValue  # as NumPy has it: None means something else


def completed(a: Any) -> Any:
    """The hermitian matrix of which the lower triangle is read."""
    return half(a, "L") + adjoint(half(a, "L"))


def pinv_rule(g: Any, a: Any, y: Any, *, hermitian: bool) -> Any:
    """With P = A⁺: -Pᵀ g Pᵀ + conjugated((1 - A P) gᵀ P Pᴴ + Pᴴ P gᵀ (1 - P A)): Golub and Pereyra (1973).

    It holds at every rank, for changes that keep it. To others, the inverse is not continuous.
    """
    a = completed(a) if hermitian else a
    p, h = transposed(y), transposed(g)
    rows = (h - a @ (y @ h)) @ (y @ conjugated(p))
    columns = conjugated(p) @ (y @ (h - (h @ y) @ a))
    full = conjugated(rows + columns) - p @ g @ p
    return folded(full, "L") if hermitian else full


def ordinary(rng: Rng) -> Iterator[Case]:
    for shape in ((3, 2), (2, 2, 3), (3, 3), (1, 1), (0, 2, 3)):
        yield (well_apart(rng, shape),), {}
        yield (well_apart(rng, shape) + 0.1 * plane(rng, shape),), {}
    for more in (0, 0.1 * plane(rng, (3, 3))):
        yield (well_apart(rng, (3, 3)) + more,), {"hermitian": True}
    yield (well_apart(rng, (2, 3)),), {"rcond": 1e-3}


def ranks(rng: Rng) -> Iterator[Case]:
    for shape in ((3, 2), (2, 2, 3), (3,)):
        yield (well_apart(rng, (*shape, 1))[..., 0] if len(shape) == 1 else well_apart(rng, shape),), {}


def _pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = NOT_GIVEN) -> Any:
    given = {} if rtol is NOT_GIVEN else {"rtol": rtol}
    return np.linalg.pinv(a, rcond, hermitian, **given)


def _matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    if np.ndim(A) < 2:  # of a vector, NumPy's way is a Python truth
        return np.any(A != 0).astype(np.int64)
    return np.linalg.matrix_rank(A, tol, hermitian, rtol=rtol)


pinv = general("pinv", _pinv, "a", pinv_rule, sample=ordinary, symbol="A⁺", numpy=np.linalg.pinv)
matrix_rank = general("matrix_rank", _matrix_rank, "A", sample=ranks, symbol="rank", numpy=np.linalg.matrix_rank)
