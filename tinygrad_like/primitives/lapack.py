"""LU factors by LAPACK: the two functions that `np.linalg.solve` is made of, which NumPy does not give apart.

They are called by ctypes, in the library that NumPy itself has loaded. A NumPy built otherwise may not have them
under these names; then there are no factors. As in NumPy, it computes with 64 bits also where the arrays have 32.
"""

from __future__ import annotations

import ctypes
import math
from functools import cache
from typing import Any

import numpy as np

from ..engine.traces import whole

LETTERS = {"f": "d", "d": "d", "F": "z", "D": "z"}  # LAPACK's for the dtype in which to compute, by that of the array
WIDE = {"d": np.float64, "z": np.complex128}
SPELLINGS = ("scipy_{}_64_", "{}_64_")  # of the symbols; those that end so take integers of 64 bits
SIZE, ADDRESS = ctypes.c_int64, ctypes.c_void_p
LENGTH = ctypes.c_size_t(1)  # of a text, which Fortran is given last


@cache
def routines(letter: str) -> Any:
    """LAPACK's getrf and getrs for one dtype; None if they cannot be found."""
    path = getattr(getattr(np.linalg, "_umath_linalg", None), "__file__", None)
    library = None if path is None else ctypes.CDLL(path)
    for spelling in SPELLINGS:
        found = [getattr(library, spelling.format(letter + name), None) for name in ("getrf", "getrs")]
        if all(found):
            return found
    return None


def can_factor(dtype: Any) -> bool:
    """Whether matrices of this dtype can be factored."""
    return dtype.char in LETTERS and routines(LETTERS[dtype.char]) is not None


def addresses(array: Any, axes: int) -> list[Any]:
    """Where each array of a contiguous stack begins, if each has so many axes."""
    step = math.prod(array.shape[array.ndim - axes :]) * array.itemsize
    return [ADDRESS(array.ctypes.data + i * step) for i in range(math.prod(array.shape[: array.ndim - axes]))]


@whole
def lu_factors(a: Any) -> tuple[Any, Any]:
    """The factors of square matrices, as LAPACK has them (column by column), and the numbers of the pivots.

    Raises LinAlgError if one is singular.
    """
    n, letter = a.shape[-1], LETTERS[a.dtype.char]
    lu = a.swapaxes(-1, -2).astype(WIDE[letter], order="C")
    pivots = np.empty(a.shape[:-1], np.int64)
    factor, size, info = routines(letter)[0], ctypes.byref(SIZE(n)), SIZE()
    for matrix, numbers in zip(addresses(lu, 2), addresses(pivots, 1)):
        factor(size, size, matrix, size, numbers, ctypes.byref(info))
        if info.value:
            raise np.linalg.LinAlgError("Singular matrix")
    return lu, pivots


@whole
def lu_solution(b: Any, lu: Any, pivots: Any, transposed: bool) -> Any:
    """The solution x of a x = b, or of aᵀ x = b, for the factors of a; b is a stack of matrices."""
    n, count = b.shape[-2:]
    columns = b.swapaxes(-1, -2).astype(lu.dtype, order="C")
    solve, how = routines(LETTERS[lu.dtype.char])[1], ctypes.c_char_p(b"T" if transposed else b"N")
    size, width, info = ctypes.byref(SIZE(n)), ctypes.byref(SIZE(count)), SIZE()
    for right, matrix, numbers in zip(addresses(columns, 2), addresses(lu, 2), addresses(pivots, 1)):
        solve(how, size, width, matrix, size, numbers, right, size, ctypes.byref(info), LENGTH)
    return columns.swapaxes(-1, -2).astype(b.dtype, order="C")
