"""Derivatives of tinygrad_like.linalg: orders 1 and 2 in both modes, what is not read, and where there is none."""

import warnings

import numpy as np
import pytest
import scipy.linalg

import tinygrad_like as tg
from tests.cases import leaf, together
from tests.linalg.examples import CALLS, DEFINITE, A, B, called
from tinygrad_like import linalg
from tinygrad_like.primitives import matrix_functions, triangular

ON_THE_CUT = np.diag([-1.0, 2.0])  # where the logarithm has no derivative
SMALL = 2  # rows that are enough to see a wrong derivative


def smaller(x):
    """The first rows and columns, and of a stack the first two matrices."""
    return x[tuple(slice(SMALL) for _ in range(x.ndim))] if isinstance(x, np.ndarray) else x


def packed(function, args, options, floats):
    """The call as a function of its float arrays, with all results in one vector."""

    def f(*xs):
        given = iter(xs)
        full = [next(given) if i in floats else x for i, x in enumerate(args)]
        parts = called(linalg, function, full, options)
        return np.concatenate([np.ravel(y) for y in parts if np.result_type(y).kind in "fc"])

    return f


@together("number", range(len(CALLS)))
def test_derivatives(number):
    """Of order 2 for some: the primitives by themselves are tested for it, and the rest are linear functions."""
    function, args, options = CALLS[number]
    args = [smaller(x) for x in args]
    floats = [i for i, x in enumerate(args) if isinstance(x, np.ndarray) and x.size]
    if floats and not (function == "logm" and np.array_equal(args[0], ON_THE_CUT)):
        assert tg.gradcheck(
            packed(function, args, options, floats), *(args[i] for i in floats), order=1 + (number % 5 == 0)
        )


def test_by_numpy():
    x = leaf(A)
    linalg.norm(x).backward()
    np.testing.assert_allclose(x.grad, A / np.linalg.norm(A))
    a = A[:3, :3]
    for f in (linalg.eigvalsh, linalg.svdvals, lambda a: linalg.qr(a, mode="r")[0], lambda a: linalg.eigh(a)[0]):
        assert tg.gradcheck(f, a, order=2)


# -- what is not read ------------------------------------------------------------------------------------

LOWER, UPPER = np.tri(4, dtype=bool), np.tri(4, dtype=bool).T
BESIDE = {
    "upper": (~UPPER, lambda a: linalg.solve_triangular(a, B)),
    "lower": (~LOWER, lambda a: linalg.solve_triangular(a, B, lower=True)),
    "transposed": (~UPPER, lambda a: linalg.solve_triangular(a, B, trans=1)),
    "unit": (LOWER, lambda a: linalg.solve_triangular(a, B, unit_diagonal=True)),
    "cholesky": (~LOWER, lambda a: linalg.cholesky(a, lower=True)),
    "cho_solve": (~UPPER, lambda a: linalg.cho_solve((a, False), B)),
    "symmetric": (~UPPER, lambda a: linalg.solve(a, B, assume_a="sym")),
    "positive": (~LOWER, lambda a: linalg.solve(a, B, assume_a="pos", lower=True)),
    "inverse": (~LOWER, lambda a: linalg.inv(a, assume_a="pos", lower=True)),
    "diagonal": (~np.eye(4, dtype=bool), lambda a: linalg.solve(a, B, assume_a="diagonal")),
    "tridiagonal": (
        ~(np.tri(4, k=1) * np.tri(4, k=1).T).astype(bool),
        lambda a: linalg.solve(a, B, assume_a="tridiagonal"),
    ),
}


OF_SQUARES = {
    "expm": linalg.expm,
    "logm": linalg.logm,
    "sqrtm": linalg.sqrtm,
    "sylvester": lambda a: linalg.solve_sylvester(a, a, a),
}


@together("shape", [(0, 0), (2, 0, 0), (0, 2, 2)])
def test_gradients_of_nothing(shape):
    for name, f in OF_SQUARES.items():
        assert tg.grad(lambda a, f=f: np.sum(f(a)))(np.zeros(shape)).shape == shape, name


@together("case", BESIDE)
def test_what_is_not_read_has_the_gradient_0(case):
    beside, f = case
    changed = DEFINITE + 100 * beside
    np.testing.assert_array_equal(f(changed), f(DEFINITE))
    gradient = tg.grad(lambda a: (f(a) ** 3).sum())(changed)
    assert (gradient[beside] == 0).all()
    assert (gradient[~beside] != 0).all()


def test_a_factor_and_its_solution_give_the_gradient_of_the_solution():
    """Through cho_factor and cho_solve, and through lu_factor and lu_solve, as through solve."""
    ways = (
        lambda a: linalg.cho_solve(linalg.cho_factor(a, lower=True), B),
        lambda a: linalg.solve(a, B, assume_a="pos", lower=True),
    )
    one, other = (tg.grad(lambda a, f=f: (f(a) ** 3).sum())(DEFINITE) for f in ways)
    np.testing.assert_allclose(one, other, rtol=1e-9)
    ways = lambda a: linalg.lu_solve(linalg.lu_factor(a), B, 1), lambda a: np.linalg.solve(a.T, B)
    one, other = (tg.grad(lambda a, f=f: (f(a) ** 3).sum())(A[::-1]) for f in ways)
    np.testing.assert_allclose(one, other, rtol=1e-9)


# -- complex numbers -------------------------------------------------------------------------------------


def test_descent_along_the_gradient_of_complex_matrices():
    """grad gives ∂/∂re + i ∂/∂im: along it the loss falls, as its squared length says."""
    a = A + 0.2j * B
    for f in (linalg.expm, linalg.sqrtm, linalg.logm, lambda a: linalg.solve_triangular(a, B)):
        loss = lambda a, f=f: (np.abs(f(a)) ** 2).sum()  # noqa: E731
        slope = tg.grad(loss)(a)
        step = 1e-6 / np.abs(slope).max()
        change = (loss(a + step * slope) - loss(a - step * slope)) / (2 * step)
        assert change == pytest.approx((np.abs(slope) ** 2).sum(), rel=1e-5)


def test_real_matrices_with_complex_functions():
    """A real matrix with a negative eigenvalue has a complex square root; its gradient is real."""
    a = np.array([[-1.0, 0.5], [0.2, 2.0]])
    loss = lambda a: (np.abs(linalg.sqrtm(a)) ** 2).sum()  # noqa: E731
    slope = tg.grad(loss)(a)
    assert slope.dtype == float
    for i in np.ndindex(2, 2):
        step = np.zeros((2, 2))
        step[i] = 1e-6
        assert slope[i] == pytest.approx((loss(a + step) - loss(a - step)) / 2e-6, rel=1e-6)


# -- where there is no derivative ------------------------------------------------------------------------

TURNED = np.array([[1.0, 1.0], [1.0, 1.0]])  # eigenvalues 0 and 2
OPPOSITE = np.array([[1.0, 3.0], [0.0, -1.0]])
NOWHERE = {
    "logm at 0": (linalg.logm, np.diag([0.0, 1.0])),
    "logm of a singular matrix": (linalg.logm, TURNED),
    "logm of zeros": (linalg.logm, np.zeros((2, 2))),
    "logm on the cut": (linalg.logm, np.array([[-1.0, 0.3], [0.1, 2.0]])),
    "sqrtm at 0": (linalg.sqrtm, np.diag([0.0, 1.0])),
    "sqrtm of a singular matrix": (linalg.sqrtm, TURNED),
    "sqrtm of no root": (linalg.sqrtm, np.array([[0.0, 1.0], [0.0, 0.0]])),
    "sylvester": (lambda a: linalg.solve_sylvester(a, np.array([[-1.0]]), np.ones((2, 1))), OPPOSITE),
    "lyapunov": (lambda a: linalg.solve_continuous_lyapunov(a, np.eye(2)), OPPOSITE),
    "discrete": (
        lambda a: linalg.solve_discrete_lyapunov(a, np.eye(2), "bilinear"),
        np.array([[0.0, 1.0], [-1.0, 0.0]]),
    ),
}


@together("case", NOWHERE)
def test_no_derivative_is_nan(case):
    f, a = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SciPy's, of the values
        try:
            gradient = tg.grad(lambda a: np.real(f(a)).sum())(a)
        except np.linalg.LinAlgError:
            return
    assert not np.isfinite(gradient).any()


@together("case", {name: case for name, case in NOWHERE.items() if name.startswith(("logm", "sqrtm"))})
def test_beside_a_stack_of_others_only_one_is_nan(case):
    f, a = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gradient = tg.grad(lambda a: np.real(f(a)).sum())(np.stack([np.diag([2.0, 3.0]), a]))
        alone = tg.grad(lambda a: f(a).sum())(np.diag([2.0, 3.0]))
    np.testing.assert_allclose(gradient[0], alone, rtol=1e-12)
    assert not np.isfinite(gradient[1]).any()


def test_warnings_of_scipy_are_given():
    with pytest.warns(scipy.linalg.LinAlgWarning, match="singular"):
        linalg.sqrtm(leaf(TURNED))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        linalg.logm(leaf(np.zeros((2, 2))))
    assert "logm" in str(found[0].message)
    nearly = np.array([[1.0, 1.0], [1.0, 1.0 + 2.3e-16]])
    with pytest.warns(scipy.linalg.LinAlgWarning) as found:
        linalg.solve(leaf(nearly), [1.0, 2.0])
    assert found[0].filename == __file__


# -- repeated eigenvalues, where there is one ------------------------------------------------------------


def test_repeated_eigenvalues():
    """At multiples of I the derivative is a multiple of the direction, f′(c) E."""
    e = np.array([[1.0, 2.0], [3.0, 5.0]])
    for f, slope in ((linalg.expm, np.exp(4.0)), (linalg.logm, 0.25), (linalg.sqrtm, 0.25)):
        np.testing.assert_allclose(tg.jvp(f, (4 * np.eye(2),), (e,))[1], slope * e, rtol=1e-14)
        np.testing.assert_allclose(tg.grad(lambda a, f=f: (f(a) * e).sum())(4 * np.eye(2)), slope * e, rtol=1e-14)
    jordan = np.array([[4.0, 1.0], [0.0, 4.0]])
    for f in (linalg.expm, linalg.logm, linalg.sqrtm):
        assert tg.gradcheck(f, jordan, order=2)


# -- compiled --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["numpy", "c"])
def test_a_step_is_compiled(backend):
    def step(a):
        c = linalg.cho_factor(a @ a.T + np.eye(2))
        return (linalg.expm(linalg.cho_solve(c, a)) + linalg.sqrtm(a @ a.T + np.eye(2))).sum()

    both = tg.value_and_grad(step)
    program = tg.compile(both, backend=backend)
    for scale in (1.0, 0.5, -0.3):
        for got, want in zip(program(scale * A[:2, :2]), both(scale * A[:2, :2]), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-12)


def test_on_jax():
    jax_functions = pytest.importorskip("tinygrad_like.compiler.to_jax.jax_functions")
    pytest.importorskip("jax", reason="the backend of JAX needs jax")
    for forward in (triangular._solve_triangular, triangular._cho_solve, matrix_functions._expm):
        assert jax_functions.way_of(forward)

    def step(a):
        x = linalg.solve_triangular(a, B[:2, :2], trans=1)
        return (linalg.cho_solve((a, True), x) + linalg.expm(x)).sum()

    program = tg.compile(step, backend="jax")
    for a in (A[:2, :2], B[:2, :2]):
        np.testing.assert_allclose(program(a), step(a), rtol=1e-12)
    root = tg.compile(linalg.sqrtm, backend="jax")
    root(np.eye(2))
    with pytest.raises(tg.DTypeError, match=r"a\.astype\(complex\)"):  # its dtype depends on values
        root(-np.eye(2))
    for bad, error in ((np.tri(2, k=-1), np.linalg.LinAlgError), (np.full((2, 2), np.nan), ValueError)):
        for run in (step, program):
            with pytest.raises(error):
                run(bad)
