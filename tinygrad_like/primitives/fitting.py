"""The solution of systems of equations by least squares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.registry import general
from .complexes import plane
from .samples import Case, Rng, normal
from .stacks import adjoint, transposed


def lstsq_left(g: Any, a: Any, b: Any, y: Any, *, rcond: float | None) -> Any:
    """The cotangent of a, with P = a⁺: -Pᵀ g xᵀ + conj((b - a x) gᵀ P Pᴴ + Pᴴ x gᵀ (1 - P a)).

    It holds at every rank, for changes that keep it: Golub and Pereyra (1973).
    """
    p = np.linalg.pinv(a, rcond)
    of_b = transposed(g) @ p
    apart = (b - a @ y) @ (of_b @ adjoint(p)) + adjoint(p) @ y @ (transposed(g) - of_b @ a)
    return conjugated(apart) - transposed(p) @ g @ transposed(y)


def lstsq_right(g: Any, a: Any, *, rcond: float | None) -> Any:
    return transposed(np.linalg.pinv(a, rcond)) @ g


def solution_by_least_squares(a: Any, b: Any, rcond: float | None = None) -> Any:
    return np.linalg.lstsq(a, b, rcond)[0]


def systems(rng: Rng) -> Iterator[Case]:
    for shape in ((4, 2), (2, 4), (3, 3)):
        yield (normal(rng, shape) + 3 * np.eye(*shape), normal(rng, (shape[0], 2))), {}
    yield (plane(rng, (4, 2)) + 3 * np.eye(4, 2), plane(rng, (4, 1))), {}
    yield (plane(rng, (2, 3)) + 3 * np.eye(2, 3), plane(rng, (2, 1))), {}


lstsq = general(
    "lstsq",
    solution_by_least_squares,
    "a b",
    (lstsq_left, lstsq_right),
    sample=systems,
    symbol="A⁺b",
)
