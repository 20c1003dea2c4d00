"""Functions of scipy.linalg under SciPy's names and signatures, differentiable: pip install 'tinygrad_like[scipy]'.

NumPy's functions dispatch on Tensors, SciPy's do not; so these stand here. Each computes by SciPy, of lists and arrays
as of Tensors, and takes stacks of matrices. SciPy is imported when the first of them is called.

* `systems`: triangles, and factors by Cholesky and Gauss;
* `inverses`: solve, inv and det, with structures;
* `functions_of_matrices`: exponential, logarithm, square root;
* `equations`: Sylvester's and Lyapunov's;
* `building`: block_diag, toeplitz, circulant, hankel;
* `by_numpy`: what np.linalg has as well.

>>> import tinygrad_like as tg
>>> import numpy as np
>>> tg.grad(lambda a: tg.linalg.expm(a)[0, 1])(np.array([[0.0, 1.0], [0.0, 0.0]])).round(12).tolist()
[[0.5, 1.0], [0.166666666667, 0.5]]
"""

from __future__ import annotations

from typing import Any

from numpy.linalg import LinAlgError

from ..engine.errors import MissingMethodError
from .building import block_diag, circulant, hankel, toeplitz
from .by_numpy import eigh, eigvalsh, norm, qr, svd, svdvals
from .equations import solve_continuous_lyapunov, solve_discrete_lyapunov, solve_lyapunov, solve_sylvester
from .functions_of_matrices import expm, logm, sqrtm
from .inverses import det, inv, solve
from .systems import cho_factor, cho_solve, cholesky, lu_factor, lu_solve, solve_triangular

__all__ = [
    "LinAlgError",
    "block_diag",
    "cho_factor",
    "cho_solve",
    "cholesky",
    "circulant",
    "det",
    "eigh",
    "eigvalsh",
    "expm",
    "hankel",
    "inv",
    "logm",
    "lu_factor",
    "lu_solve",
    "norm",
    "qr",
    "solve",
    "solve_continuous_lyapunov",
    "solve_discrete_lyapunov",
    "solve_lyapunov",
    "solve_sylvester",
    "solve_triangular",
    "sqrtm",
    "svd",
    "svdvals",
    "toeplitz",
]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    raise MissingMethodError(
        f"tinygrad_like.linalg has no {name}: it is not differentiable here.",
        f"Write scipy.linalg.{name}(t.numpy()) for the values alone; or @tg.operation declares one with your own rule.",
    )
