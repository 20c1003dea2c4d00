"""Large systems: the matrix is factored once, for the solution and its derivatives of any order."""

import mpmath
import numpy as np
import pytest

import tinygrad_like as tg
from tests.compiler.agreeing import BACKENDS, by_backward, by_second, runs_compiled
from tinygrad_like.functions import matrices
from tinygrad_like.primitives import lapack

N = matrices.LARGE
RNG = np.random.default_rng(2)


def system(*shape, columns=2):
    return RNG.normal(size=shape) + 20 * np.eye(shape[-1])[::-1], RNG.normal(size=(*shape[:-1], columns))


@pytest.fixture
def factored(monkeypatch):
    """How often LAPACK has factored a matrix: by its own function, and inside of np.linalg.solve."""
    calls = {"getrf": 0, "getrs": 0, "solve": 0}

    def counting(name, function):
        def called(*args):
            calls[name] += 1
            return function(*args)

        return called

    found = lapack.routines
    monkeypatch.setattr(
        lapack, "routines", lambda letter: [counting(n, f) for n, f in zip(("getrf", "getrs"), found(letter))]
    )
    monkeypatch.setattr(np.linalg, "solve", counting("solve", np.linalg.solve))
    return calls


needs_factors = pytest.mark.skipif(not lapack.can_factor(np.dtype(float)), reason="this NumPy has no getrf")


@needs_factors
def test_a_matrix_is_factored_once(factored):
    a, b = (tg.Tensor(each, requires_grad=True) for each in system(N, N))
    matrices.solve(a, b).sum().backward()
    assert factored == {"getrf": 1, "getrs": 3, "solve": 0}


@needs_factors
def test_once_for_second_derivatives(factored):
    a, b = system(N, N)
    tg.grad(lambda a: (tg.grad(lambda a: (matrices.solve(a, b) ** 3).sum())(a) ** 2).sum())(a)
    assert (factored["getrf"], factored["solve"]) == (1, 0)
    factored["getrf"] = 0
    tg.jvp(lambda a: matrices.solve(a, b), (a,), (a,))
    assert (factored["getrf"], factored["solve"]) == (1, 0)


@needs_factors
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_the_solution_is_numpys(dtype):
    rtol = np.finfo(dtype).eps * 100
    for shape, columns in (((N, N), 1), ((N + 1, N + 1), N), ((2, 3, N, N), 2), ((0, N, N), 2), ((N, N), 0)):
        a, b = (each.astype(dtype) for each in system(*shape, columns=columns))
        if a.dtype.kind == "c":
            a, b = a + 1j * a[..., ::-1], b - 2j * b[..., ::-1]
        factors, expected = lapack.lu_factors(a), np.linalg.solve(a, b)
        for found in (lapack.lu_solution(b, *factors, False), np.linalg.solve(tg.Tensor(a), tg.Tensor(b)).numpy()):
            assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
            np.testing.assert_allclose(found, expected, rtol=rtol, atol=rtol)
        turned = lapack.lu_solution(b, *factors, True)
        np.testing.assert_allclose(turned, np.linalg.solve(a.swapaxes(-1, -2), b), rtol=rtol, atol=rtol)


def random_direction(*shapes):
    return [RNG.normal(size=shape) for shape in shapes]


def same_by_both_ways(step, monkeypatch, rtol=1e-9):
    """What a step gives by factors, and without them."""
    found = step()
    monkeypatch.setattr(matrices, "LARGE", 10**9)
    for got, want in zip(found, step(), strict=True):
        np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("shapes", [((N, N), (N, 2)), ((N, N), (N,)), ((2, N, N), (N, 1)), ((N, N), (3, N, 2))])
def test_derivatives_are_those_without_factors(shapes, monkeypatch):
    a, b = system(*shapes[0])[0], RNG.normal(size=shapes[1])
    tangents = random_direction(*shapes)

    def step():
        def f(a, b):
            return (np.linalg.solve(a, b) ** 3).sum()

        def slope(a, b):
            return sum((each * t).sum() for each, t in zip(tg.grad(f, (0, 1))(a, b), tangents))

        return [*tg.grad(f, (0, 1))(a, b), *tg.grad(slope, (0, 1))(a, b), *tg.jvp(f, (a, b), tangents)]

    same_by_both_ways(step, monkeypatch)


def test_jacobians_are_those_without_factors(monkeypatch):
    a, b = system(N, N, columns=1)
    same_by_both_ways(lambda: tg.jacobian(lambda b: np.linalg.solve(a, b)[:, 0])(b), monkeypatch)


def test_a_numpy_without_these_functions(monkeypatch):
    a, b = (tg.Tensor(each, requires_grad=True) for each in system(N, N))
    np.linalg.solve(a, b).sum().backward()
    found = a.grad.numpy(), b.grad.numpy()
    monkeypatch.setattr(lapack, "routines", lambda letter: None)
    a.grad = b.grad = None
    np.linalg.solve(a, b).sum().backward()
    for got, want in zip(found, (a.grad.numpy(), b.grad.numpy())):
        np.testing.assert_allclose(got, want, rtol=1e-10, atol=1e-13)


def test_a_large_singular_matrix():
    for a in (np.zeros((N, N)), np.ones((2, N, N))):
        with pytest.raises(np.linalg.LinAlgError, match="Singular"):
            np.linalg.solve(tg.Tensor(a, requires_grad=True), np.ones((N, 1)))


@pytest.mark.parametrize("backend", [*BACKENDS, "c"])
def test_compiled(backend):
    points = system(N, N), system(N, N)
    for way in (by_backward, by_second):
        runs_compiled(way(np.linalg.solve), *points, backend=backend, exact=False)
    runs_compiled(by_backward(np.linalg.solve), *points, backend=backend, exact=False)


def relative(got, exact):
    return np.linalg.norm(got - exact) / np.linalg.norm(exact)


def exact_solution(a, b, g):
    """The solution, and the gradients for both in 60 digits."""
    with mpmath.workdps(60):
        matrix, right, weights = (mpmath.matrix(each.tolist()) for each in (a, b, g))
        x = mpmath.lu_solve(matrix, right)
        share = mpmath.lu_solve(matrix.T, weights)
        return [np.array(each.tolist(), dtype=float) for each in (x, -share * x.T, share)]


def errors_of_system(n, seed):
    """The errors of the solution of a system with the condition 1e8, and of the two gradients."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.normal(size=(n, n)))[0] for _ in range(2))
    a = left * np.logspace(0, -8, n) @ right
    b, g = rng.normal(size=(n, 1)), rng.normal(size=(n, 1))
    y, pull_back = tg.vjp(np.linalg.solve, a, b)
    return [relative(np.asarray(got), true) for got, true in zip((y, *pull_back(g)), exact_solution(a, b, g))]


@pytest.mark.parametrize(("n", "seeds"), [(8, range(6)), (N, (0,))])
def test_gradients_of_ill_conditioned_systems_are_as_accurate_as_the_solution(n, seeds):
    """On the average of some, as the error of a single solution may be small by chance."""
    error, of_a, of_b = np.mean([errors_of_system(n, seed) for seed in seeds], axis=0)
    assert error > 1e-12  # such systems are hard
    assert max(of_a, of_b) < 10 * error
