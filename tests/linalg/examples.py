"""Calls of every function of tinygrad_like.linalg that SciPy computes: name, arguments, options."""

import numpy as np

RNG = np.random.default_rng(0)
STACK = RNG.normal(size=(3, 2, 4, 4)) / 4 + 2 * np.eye(4)
A, B = STACK[0, 0], STACK[1, 1] + np.eye(4)
ONE_OF_TWO, THREE = STACK[0, :1], STACK[:, :1]
DEFINITE = A @ A.T + np.diag([0.1, 0.2, 0.3, 0.4])
COLUMNS, VECTOR = RNG.normal(size=(4, 2)), RNG.normal(size=4)
MANY = RNG.normal(size=(3, 1, 4, 2))
WHOLE = [[4, 1], [2, 3]]
PLANE = A + 0.3j * B
HERMITIAN = PLANE @ PLANE.conj().T
EXCHANGED = A[[2, 0, 3, 1]]


def after(factor, solve):
    """A function of a matrix and a right side: the first makes the factors that the second takes."""
    return lambda module, a, b, lower=(), **options: getattr(module, solve)(
        getattr(module, factor)(a, *lower), b, **options
    )


# Those that take what another function gives.
CHO_SOLVE, LU_SOLVE = after("cho_factor", "cho_solve"), after("lu_factor", "lu_solve")
CALLS = [
    *(("solve_triangular", (A, COLUMNS), {"trans": t, "lower": lower}) for t in (0, 1, 2) for lower in (False, True)),
    ("solve_triangular", (A, VECTOR, "T"), {"unit_diagonal": True}),
    ("solve_triangular", (ONE_OF_TWO, MANY), {"lower": True}),
    ("solve_triangular", (THREE, VECTOR), {}),
    ("solve_triangular", (PLANE, COLUMNS, "C"), {}),
    ("solve_triangular", (WHOLE, [1, 2]), {}),
    *(("cholesky", (DEFINITE,), {"lower": lower}) for lower in (False, True)),
    ("cholesky", (np.stack([DEFINITE, 2 * DEFINITE]), True), {}),
    ("cholesky", ([[4, 1], [1, 3]],), {}),
    ("cho_factor", (DEFINITE,), {}),
    ("cho_factor", (DEFINITE, True), {}),
    (CHO_SOLVE, (DEFINITE, COLUMNS), {}),
    (CHO_SOLVE, (HERMITIAN, PLANE), {"lower": (True,)}),
    ("solve", (HERMITIAN, PLANE), {"assume_a": "her"}),
    ("solve", (PLANE, PLANE), {"assume_a": "sym", "lower": True}),
    (CHO_SOLVE, (np.stack([DEFINITE, 2 * DEFINITE]), VECTOR), {"lower": (True,)}),
    ("lu_factor", (EXCHANGED,), {}),
    ("lu_factor", (THREE,), {}),
    ("lu_factor", (PLANE[::-1],), {}),
    *((LU_SOLVE, (EXCHANGED, COLUMNS), {"trans": t}) for t in (0, 1, 2)),
    (LU_SOLVE, (THREE, VECTOR), {}),
    (LU_SOLVE, (WHOLE, [1, 2]), {}),
    ("solve", (A, VECTOR), {}),
    ("solve", (THREE, COLUMNS), {}),
    ("solve", (WHOLE, [3, 4]), {}),
    ("solve", (A, COLUMNS), {"transposed": True}),
    *(
        ("solve", (DEFINITE, COLUMNS), {"assume_a": structure, "lower": lower})
        for structure in ("sym", "her", "pos", "positive definite", "general")
        for lower in (False, True)
    ),
    *(("solve", (np.triu(A, -1) * np.tri(4, k=1), VECTOR), {"assume_a": s}) for s in ("tridiagonal", "banded")),
    *(("solve", (A, VECTOR), {"assume_a": structure}) for structure in ("upper triangular", "lower triangular")),
    ("solve", (np.diag(VECTOR), COLUMNS), {"assume_a": "diagonal"}),
    *(("inv", (a,), {}) for a in (A, STACK, WHOLE, PLANE)),
    ("inv", (DEFINITE,), {"assume_a": "pos", "lower": True}),
    *(("det", (a,), {}) for a in (A, STACK, WHOLE, PLANE)),
    *(("expm", (a,), {}) for a in (A, STACK, WHOLE, PLANE, 2.0, [[0.5]])),
    *((name, (a,), {}) for name in ("logm", "sqrtm") for a in (A, THREE, WHOLE, PLANE, np.diag([-1.0, 2.0]))),
    ("solve_sylvester", (A, STACK[0, 1, :2, :2], COLUMNS), {}),
    ("solve_sylvester", (THREE, ONE_OF_TWO, B), {}),
    ("solve_sylvester", (PLANE, PLANE, PLANE), {}),
    ("solve_continuous_lyapunov", (A, B), {}),
    ("solve_lyapunov", (THREE, B), {}),
    *(("solve_discrete_lyapunov", (A / 4, B), {"method": method}) for method in (None, "direct", "bilinear")),
    ("block_diag", (A, VECTOR, 2.0, COLUMNS), {}),
    ("block_diag", (THREE, ONE_OF_TWO, [1, 2]), {}),
    ("block_diag", (WHOLE, np.zeros((2, 0))), {}),
    ("block_diag", (), {}),
    ("toeplitz", (VECTOR,), {}),
    ("toeplitz", (VECTOR, COLUMNS[:, 0][:3]), {}),
    ("toeplitz", (COLUMNS, VECTOR[:2]), {}),
    ("toeplitz", (PLANE[0],), {}),
    ("toeplitz", (2.0, [1, 5]), {}),
    ("circulant", (VECTOR,), {}),
    ("circulant", (STACK[0],), {}),
    ("circulant", ([1, 2, 3],), {}),
    ("hankel", (VECTOR,), {}),
    ("hankel", (VECTOR[:3], [1, 2, 3, 4, 5]), {}),
]


def called(module, function, args, options):
    """What a function of a module gives, as a list of arrays."""
    y = function(module, *args, **options) if callable(function) else getattr(module, function)(*args, **options)
    return list(y) if isinstance(y, (tuple, list)) else [y]
