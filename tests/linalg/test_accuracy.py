"""Ill-conditioned matrices: gradients against references with 40 digits.

The error of a gradient may be ten times that of the value; or of what the last digit of the matrix changes in the exact
gradient, where that is more: no function of rounded numbers can be better.
"""

import mpmath
import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import linalg

mp = mpmath.mp.clone()
mp.dps = 40
RNG = np.random.default_rng(0)
COLUMNS, WEIGHTS = RNG.normal(size=(3, 2)), RNG.normal(size=(3, 3))
B = np.array([[2.0, 0.5], [0.3, 1.0]])


def turned(diagonal, symmetric=False):
    """A matrix with these singular values, or eigenvalues."""
    left, right = (np.linalg.qr(RNG.normal(size=(3, 3)))[0] for _ in range(2))
    return left * diagonal @ (left if symmetric else right).T


def similar(a):
    basis = turned([1.0, 0.5, 0.2])
    return basis @ a @ np.linalg.inv(basis)


def exact(a):
    return a if isinstance(a, mp.matrix) else mp.matrix(np.asarray(a).tolist())


def lower(a):
    return mp.matrix([[a[i, j] if i >= j else 0 for j in range(a.cols)] for i in range(a.rows)])


def transformed(a, function):
    """f of a matrix with distinct eigenvalues."""
    values, basis = mp.eig(a)
    return (basis * mp.diag([function(each) for each in values]) * basis**-1).apply(mp.re)


def frechet(a, e, function, slope):
    """The derivative of f in a direction: by divided differences."""
    values, basis = mp.eig(a)
    inner = basis**-1 * e * basis
    for i in range(a.rows):
        for j in range(a.rows):
            x, y = values[i], values[j]
            inner[i, j] *= slope(x) if i == j else (function(x) - function(y)) / (x - y)
    return (basis * inner * basis**-1).apply(mp.re)


def sylvester(a, b, q):
    m, n = a.rows, b.rows
    system = mp.zeros(m * n)
    for i in range(m):
        for j in range(n):
            for k in range(m):
                system[i * n + j, k * n + j] += a[i, k]
            for k in range(n):
                system[i * n + j, i * n + k] += b[k, j]
    x = mp.lu_solve(system, mp.matrix([q[i, j] for i in range(m) for j in range(n)]))
    return mp.matrix([[x[i * n + j] for j in range(n)] for i in range(m)])


def of_function(name, function, slope):
    made = getattr(linalg, name)
    return made, lambda a: transformed(a, function), lambda a, w, y: frechet(a.T, w, function, slope)


def of_cholesky(a, w, y):
    inverse, inner = y**-1, lower(y.T * lower(w))
    whole = inverse.T * halved(inner) * inverse
    return halved(lower(whole + whole.T))


def halved(a):
    return a - mp.diag([a[i, i] / 2 for i in range(a.rows)])


def of_cho_solve(c, w, y):
    factor = lower(c)
    part = (factor * factor.T) ** -1 * w * y.T
    return -lower((part + part.T) * factor)


def symmetric(a):
    return lower(a) + lower(a).T - mp.diag([a[i, i] for i in range(a.rows)])


EXP = of_function("expm", mp.exp, mp.exp)
LOG = of_function("logm", mp.log, lambda x: 1 / x)
ROOT = of_function("sqrtm", mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x)))
SOLVE = (
    lambda a: linalg.solve(a, COLUMNS),
    lambda a: a**-1 * exact(COLUMNS),
    lambda a, w, y: -(a.T**-1 * w) * y.T,
)
INVERSE = linalg.inv, lambda a: a**-1, lambda a, w, y: -y.T * w * y.T
CHOLESKY = lambda a: linalg.cholesky(a, lower=True), lambda a: mp.cholesky(symmetric(a)), of_cholesky
TRIANGLE = (
    lambda a: linalg.solve_triangular(a, COLUMNS, lower=True),
    lambda a: lower(a) ** -1 * exact(COLUMNS),
    lambda a, w, y: -lower(lower(a).T ** -1 * w * y.T),
)
CHO_SOLVE = (
    lambda c: linalg.cho_solve((c, True), COLUMNS),
    lambda c: (lower(c) * lower(c).T) ** -1 * exact(COLUMNS),
    of_cho_solve,
)
SYLVESTER = (
    lambda a: linalg.solve_sylvester(a, B, COLUMNS),
    lambda a: sylvester(a, exact(B), exact(COLUMNS)),
    lambda a, w, y: -sylvester(a.T, exact(B).T, w) * y.T,
)
EIGHT = np.array([1.0, 1e-4, 1e-8])
NEAR = np.diag([1.0, 1.0 + 1e-8, 2.0])
LEAST = -np.linalg.eigvals(B).real.min()
# By name: what makes the matrix, and a function, its values and its gradient.
HARD = {
    "solve": (lambda: turned(EIGHT), *SOLVE),
    "inv": (lambda: turned(EIGHT), *INVERSE),
    "solve_triangular": (lambda: np.linalg.qr(turned(EIGHT))[1].T, *TRIANGLE),
    "cho_solve": (lambda: np.linalg.qr(turned(np.sqrt(EIGHT)))[1].T, *CHO_SOLVE),
    "solve_sylvester": (lambda: similar(np.diag([LEAST + 1e-8, 2.0, 3.0])), *SYLVESTER),
    "cholesky": (lambda: turned(EIGHT, symmetric=True), *CHOLESKY),
    "sqrtm": (lambda: turned(EIGHT, symmetric=True), *ROOT),
    "logm": (lambda: turned(EIGHT, symmetric=True), *LOG),
    "expm, nearly repeated": (lambda: similar(NEAR), *EXP),
    "logm, nearly repeated": (lambda: similar(NEAR), *LOG),
    "sqrtm, nearly repeated": (lambda: similar(NEAR), *ROOT),
}
BY_VALUE = {"solve", "inv", "solve_triangular", "solve_sylvester"}


def error_of(found, wanted):
    return float(mp.mnorm(exact(found) - wanted, "f") / mp.mnorm(wanted, "f"))


def last_digit(a):
    signs = RNG.choice([-1, 1], a.shape)
    return mp.matrix([[mp.mpf(x) * (1 + int(s) * mp.mpf(2) ** -53) for x, s in zip(*rows)] for rows in zip(a, signs)])


@pytest.mark.filterwarnings("ignore:logm result may be inaccurate")
@together("name", list(HARD))
def test_errors_are_those_of_the_value(name):
    make, function, value, slope = HARD[name]
    of_value, of_gradient, unavoidable = [], [], []
    for _ in range(3):
        a = make()
        t = tg.Tensor(a, requires_grad=True)
        y = function(t)
        weights = WEIGHTS[: y.shape[0], : y.shape[1]]
        y.backward(weights)
        right = value(exact(a))
        gradient = slope(exact(a), exact(weights), right)
        of_value.append(error_of(y.numpy(), right))
        of_gradient.append(error_of(t.grad.numpy(), gradient))
        if name not in BY_VALUE:
            moved = last_digit(a)
            unavoidable.append(error_of(slope(moved, exact(weights), value(moved)), gradient))
    assert max(of_gradient) <= 10 * max(of_value + unavoidable)
