"""Values of primitives that are functions of scipy.linalg, by SciPy itself, which they must equal."""

import numpy as np
import scipy.linalg


def cholesky_factor(a, lower=False, clean=True):
    return scipy.linalg.cholesky(a, lower) if clean else scipy.linalg.cho_factor(a, lower)[0]


def unsolvable(a, b, product=False):
    """nan where the matrix of the linear system is singular."""
    one, other = np.eye(a.shape[-1]), np.eye(b.shape[-1])
    stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    found = np.zeros((*stack, 1, 1))
    for i in np.ndindex(stack):
        x, y = (np.broadcast_to(each, stack + each.shape[-2:])[i] for each in (a, b))
        system = np.kron(one, other) - np.kron(x, y.T) if product else np.kron(x, other) + np.kron(one, y.T)
        found[i] = np.nan if np.linalg.matrix_rank(system) < len(system) else 0
    return found


def at_cut(a):
    """nan where an eigenvalue is 0, or negative."""
    values = np.linalg.eigvals(a)
    return np.where(((values.imag == 0) & (values.real <= 0)).any(-1), np.nan, 0)[..., None, None]


def row_order(piv):
    """The numbers of the rows, exchanged."""
    rows = np.broadcast_to(np.arange(piv.shape[-1]), piv.shape).copy()
    for of_one, exchanges in zip(rows.reshape(-1, piv.shape[-1]), piv.reshape(-1, piv.shape[-1])):
        for i, j in enumerate(exchanges):
            of_one[[i, j]] = of_one[[j, i]]
    return rows


def equal_kinds(function):
    """Complex where one is: SciPy solves wrongly where Q is, and a real matrix has complex eigenvalues."""
    return lambda *arrays, **options: function(*(x.astype(np.result_type(*arrays)) for x in arrays), **options)


FORMULAS = {
    "solve_triangular": scipy.linalg.solve_triangular,
    "cholesky_factor": cholesky_factor,
    "cho_solve": lambda c, b, lower=False: scipy.linalg.cho_solve((c, lower), b),
    "lu_factor": lambda a: np.concatenate([np.ravel(each) for each in scipy.linalg.lu_factor(a)]),
    "row_order": row_order,
    "lu_solve": lambda lu, piv, b, trans=0: scipy.linalg.lu_solve((lu, piv), b, trans),
    "solve_as": scipy.linalg.solve,
    "inverse": scipy.linalg.inv,
    "determinant": scipy.linalg.det,
    "solve_sylvester": equal_kinds(scipy.linalg.solve_sylvester),
    "solve_continuous_lyapunov": equal_kinds(scipy.linalg.solve_continuous_lyapunov),
    "solve_discrete_lyapunov": equal_kinds(scipy.linalg.solve_discrete_lyapunov),
    "unsolvable": unsolvable,
    "expm": scipy.linalg.expm,
    "expm_frechet": lambda a, e: scipy.linalg.expm_frechet(a, e, compute_expm=False),
    "logm": scipy.linalg.logm,
    "at_cut": at_cut,
    "sqrtm": scipy.linalg.sqrtm,
}
