"""The inverse of Moore and Penrose, and the rank."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from .eigen import folded
from .repeated import adjoint, transposed
from .samples import Case, Rng
from .singular import well_apart

NOT_GIVEN: Any = np._NoValue  # as NumPy has it: None means something else


def completed(a: Any) -> Any:
    """The hermitian matrix of which the lower triangle is read."""
    lower = np.tril(a, -1)
    diagonal = a * np.eye(a.shape[-1], dtype=a.dtype)
    return lower + adjoint(lower) + (diagonal.real if a.dtype.kind == "c" else diagonal)


def pinv_rule(g: Any, a: Any, y: Any, *, hermitian: bool) -> Any:
    """With P = A⁺: -Pᵀ g Pᵀ + conjugated((1 - A P) gᵀ P Pᴴ + Pᴴ P gᵀ (1 - P A)): Golub and Pereyra (1973).

    It holds at every rank, for changes that keep it. To others, the inverse is not continuous.
    """
    a = completed(a) if hermitian else a
    p, h = transposed(y), transposed(g)
    rows = (h - a @ (y @ h)) @ (y @ conjugated(p))
    columns = conjugated(p) @ (y @ (h - (h @ y) @ a))
    full = conjugated(rows + columns) - p @ g @ p
    return folded((full + adjoint(full)) / 2, "L") if hermitian else full


def ordinary(rng: Rng) -> Iterator[Case]:
    for shape in ((3, 2), (2, 2, 3), (3, 3), (1, 1), (0, 2, 3)):
        yield (well_apart(rng, shape),), {}
    yield (well_apart(rng, (3, 3)),), {"hermitian": True}
    yield (well_apart(rng, (2, 3)),), {"rcond": 1e-3}


def ranks(rng: Rng) -> Iterator[Case]:
    for shape in ((3, 2), (2, 2, 3), (3,)):
        yield (well_apart(rng, (*shape, 1))[..., 0] if len(shape) == 1 else well_apart(rng, shape),), {}


def _pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = NOT_GIVEN) -> Any:
    given = {} if rtol is NOT_GIVEN else {"rtol": rtol}
    return np.linalg.pinv(a, rcond, hermitian, **given)


pinv = general("pinv", _pinv, "a", pinv_rule, sample=ordinary, symbol="A⁺", numpy=np.linalg.pinv)
matrix_rank = general(
    "matrix_rank",
    np.linalg.matrix_rank,
    "A",
    options={"tol": None, "hermitian": False, "rtol": None},
    by_position=2,
    sample=ranks,
    symbol="rank",
)
