"""Linear algebra: systems of equations, inverses, determinants, Cholesky factors, powers, chains of products."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.functions.agreeing import agrees, same
from tinygrad_like import ArgumentError, ShapeError, Tensor

RNG = np.random.default_rng(0)


def of(*shape):
    return RNG.normal(size=shape)


def regular(*shape):
    return of(*shape) + 4 * np.eye(shape[-1])[:, ::-1]


SQUARE = [(3, 3), (1, 1), (2, 2, 2), (2, 1, 3, 3), (0, 2, 2)]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 3), (3,)),
        ((3, 3), (3, 2)),
        ((2, 2, 2), (2,)),
        ((4, 2, 2), (2, 2)),
        ((2, 2), (4, 2, 3)),
        ((3, 1, 2, 2), (2, 2, 1)),
        ((0, 2, 2), (0, 2, 1)),
        ((2, 2), (2, 0)),
    ],
)
def test_solve(a, b):
    agrees(np.linalg.solve, regular(*a), of(*b), rtol=1e-11)


@pytest.mark.parametrize(
    ("shape", "b", "axes"),
    [
        ((2, 3, 6), (2, 3), None),
        ((6, 2, 3), (6,), None),
        ((2, 6, 3), (6,), (0, 2)),
    ],
)
def test_tensorsolve(shape, b, axes):
    agrees(lambda a, b: np.linalg.tensorsolve(a, b, axes), regular(6, 6).reshape(shape), of(*b), rtol=1e-10)


@pytest.mark.parametrize(("shape", "ind"), [((2, 3, 6), 2), ((6, 2, 3), 1), ((3, 2, 2, 3), 2)])
def test_tensorinv(shape, ind):
    agrees(lambda a: np.linalg.tensorinv(a, ind), regular(6, 6).reshape(shape), rtol=1e-10)


@pytest.mark.parametrize("shape", SQUARE)
@pytest.mark.parametrize("function", [np.linalg.inv, np.linalg.det])
def test_inv_and_det(function, shape):
    agrees(function, regular(*shape), rtol=1e-11)


@pytest.mark.parametrize("shape", SQUARE)
def test_slogdet(shape):
    a = regular(*shape)
    agrees(lambda a: np.linalg.slogdet(a), a)
    result = np.linalg.slogdet(Tensor(a, requires_grad=True))
    assert type(result) is type(np.linalg.slogdet(a))
    assert not tg.vjp(lambda a: np.linalg.slogdet(a).sign, a)[1](result.sign.numpy())[0].any()


def test_determinants_of_singular_matrices():
    for a in (np.ones((2, 2)), np.zeros((1, 1)), np.arange(9.0).reshape(3, 3) * [[1], [1], [0]], np.zeros((3, 3))):
        agrees(np.linalg.det, a)
    both = np.stack([np.ones((2, 2)), regular(2, 2)])
    agrees(np.linalg.det, both)


@pytest.mark.parametrize("shape", SQUARE)
@pytest.mark.parametrize("options", [{}, {"upper": False}, {"upper": True}])
def test_cholesky(shape, options):
    a = of(*shape)
    a = a @ a.swapaxes(-1, -2) + np.eye(shape[-1])
    agrees(np.linalg.cholesky, a, **options)


@pytest.mark.parametrize("upper", [False, True])
def test_only_the_triangle_that_cholesky_reads_has_a_gradient(upper):
    a = of(3, 3)
    a = a @ a.T + np.eye(3)
    x = Tensor(a, requires_grad=True)
    (np.linalg.cholesky(x, upper=upper) * of(3, 3)).sum().backward()
    unread = np.tril(np.ones((3, 3)), -1).T
    assert not (x.grad.data * (unread.T if upper else unread)).any()
    assert np.count_nonzero(x.grad.data) == 6
    a[np.tril_indices(3, -1) if upper else np.triu_indices(3, 1)] = 7.0
    agrees(np.linalg.cholesky, a, upper=upper)


@pytest.mark.parametrize("function", [np.linalg.inv, np.linalg.det, lambda a: np.linalg.solve(a, a), np.linalg.slogdet])
@pytest.mark.parametrize("dtype", [bool, int, np.float32])
def test_dtypes(function, dtype):
    a = np.array([[1, 0], [1, 1]]).astype(dtype)
    same(function(Tensor(a)), function(a), rtol=1e-6)


def test_a_determinant_that_overflows():
    x = Tensor(np.diag([1e200, 1e200]), requires_grad=True)
    with np.errstate(over="ignore"):
        y = np.linalg.det(x)
    y.backward()
    assert (y.item(), x.grad.data[0, 0]) == (np.inf, np.inf)


def test_float32_gradients():
    x = Tensor(regular(3, 3).astype(np.float32), requires_grad=True)
    y = np.linalg.solve(x, np.ones(3, np.float32)).sum() + np.linalg.det(x) + np.linalg.slogdet(x)[1]
    y.backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda t: np.linalg.inv(t), "Singular matrix"),
        (lambda t: np.linalg.solve(t, t), "Singular matrix"),
        (lambda t: np.linalg.cholesky(t - 1), "not positive definite"),
        (lambda t: np.linalg.det(t[:1]), "square"),
        (lambda t: np.linalg.solve(t[:1], t[0]), "square"),
        (lambda t: np.linalg.inv(t[0]), "dimension"),
    ],
)
def test_errors(function, text):
    for x in (np.ones((2, 2)), Tensor(np.ones((2, 2)))):
        with pytest.raises(ValueError, match=text):
            function(x)


@pytest.mark.parametrize("n", [-3, -1, 0, 1, 2, 3, 6, np.int64(2)])
@pytest.mark.parametrize("shape", [(3, 3), (2, 2, 2)])
def test_matrix_power(n, shape):
    agrees(lambda a: np.linalg.matrix_power(a, n), regular(*shape) / 3, rtol=1e-10, order=2 if n else 1)


@pytest.mark.parametrize("n", [0, 1, 2, 5])
@pytest.mark.parametrize("dtype", [bool, int, np.float32])
def test_matrix_power_of_other_dtypes(n, dtype):
    a = np.array([[1, 0], [1, 1]]).astype(dtype)
    same(np.linalg.matrix_power(Tensor(a), n), np.linalg.matrix_power(a, n))


def test_matrix_power_of_what_does_not_fit():
    with pytest.raises(ShapeError, match="square"):
        np.linalg.matrix_power(Tensor(of(2, 3)), 0)
    with pytest.raises(TypeError):
        np.linalg.matrix_power(Tensor(of(2, 2)), 1.5)


@pytest.mark.parametrize(
    "shapes",
    [
        [(2, 3), (3, 4)],
        [(2, 3), (3, 1), (1, 2)],
        [(3,), (3, 4), (4, 2)],
        [(2, 3), (3, 4), (4,)],
        [(3,), (3, 3), (3, 3), (3,)],
        [(3,), (3,)],
        [(2, 2)] * 5,
    ],
)
def test_multi_dot(shapes):
    agrees(lambda *arrays: np.linalg.multi_dot(arrays), *(of(*shape) for shape in shapes), atol=1e-13)


def test_long_chains():
    a = np.array([[0.0, 1.0], [1.0, 0.5]])
    same(np.linalg.multi_dot([Tensor(a)] * 120), np.linalg.matrix_power(a, 120), rtol=1e-11)


def test_chains_of_integers():
    a = np.arange(4).reshape(2, 2)
    same(np.linalg.multi_dot([Tensor(a), a, a]), a @ a @ a)


@pytest.mark.parametrize(
    ("shapes", "error"),
    [
        ([(2, 2)], ArgumentError),
        ([(2, 3), (2, 3)], ShapeError),
        ([(2, 1), (3, 2)], ShapeError),
        ([(2,), (2,), (2,)], ShapeError),
    ],
)
def test_chains_that_do_not_fit(shapes, error):
    with pytest.raises(error):
        np.linalg.multi_dot([Tensor(of(*shape)) for shape in shapes])


@pytest.mark.parametrize("shape", [(3, 3), (2, 3), (4, 3, 2), (0, 2, 2)])
@pytest.mark.parametrize("offset", [0, 1, -1, 2, -2, 7, -7])
@pytest.mark.parametrize("function", [np.linalg.diagonal, np.linalg.trace])
def test_diagonals(function, offset, shape):
    agrees(function, of(*shape), offset=offset)


@pytest.mark.parametrize("function", [np.linalg.diagonal, np.linalg.trace, np.linalg.matrix_transpose])
def test_diagonals_of_other_dtypes(function):
    for dtype in (bool, np.int8, np.float32):
        a = np.arange(12).reshape(2, 2, 3).astype(dtype)
        same(function(Tensor(a)), function(a))
    with pytest.raises(ShapeError, match="2 dimensions"):
        function(Tensor(of(3)))


@pytest.mark.parametrize("function", [np.matrix_transpose, np.linalg.matrix_transpose])
def test_matrix_transpose(function):
    agrees(function, of(2, 3, 4))


def test_everything_together():
    """A log-likelihood, by two ways: the Cholesky factor, and determinant and solution."""
    a, x = of(3, 3), of(3)

    def with_factor(a, x):
        s = a @ a.T + np.eye(3)
        factor = np.linalg.cholesky(s)
        return 2 * np.log(np.linalg.diagonal(factor)).sum() + (np.linalg.solve(factor, x) ** 2).sum()

    def with_solution(a, x):
        s = a @ a.T + np.eye(3)
        return np.linalg.slogdet(s).logabsdet + np.dot(x, np.linalg.solve(s, x))

    for f in (with_factor, with_solution):
        agrees(f, a, x)
    for i in (0, 1):
        np.testing.assert_allclose(*(tg.grad(f, argnums=i)(a, x) for f in (with_factor, with_solution)), rtol=1e-10)


@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
@pytest.mark.parametrize("axis", [None, 0, (2, 0)])
def test_vector_norm(axis, order):
    x = np.random.default_rng(3).normal(size=(2, 3, 2))
    for keepdims in (False, True):
        agrees(lambda x, k=keepdims: np.linalg.vector_norm(x, axis=axis, ord=order, keepdims=k), x, order=1)


@pytest.mark.parametrize("order", ["fro", 1, -np.inf])
def test_matrix_norm(order):
    x = np.random.default_rng(3).normal(size=(2, 3, 2))
    agrees(lambda x: np.linalg.matrix_norm(x, ord=order), x)
    agrees(lambda x: np.linalg.matrix_norm(x, ord=order, keepdims=True), x, order=1)


@pytest.mark.parametrize("shape", [(0,), (0, 4), (3, 0)])
@pytest.mark.parametrize("order", [1, np.inf])
def test_norms_of_nothing(shape, order):
    x = np.zeros(shape)
    for t in (Tensor(x), Tensor(x, requires_grad=True)):
        same(np.linalg.norm(t, order), np.linalg.norm(x, order))


@pytest.mark.parametrize("x", [np.zeros((0, 3)), np.full((2, 3), np.inf), np.zeros((2, 3))])
@pytest.mark.parametrize("order", [-1, -2, 0.5])
def test_norms_of_extreme_vectors(x, order):
    with np.errstate(divide="ignore"):
        same(np.linalg.norm(Tensor(x), order, axis=0), np.linalg.norm(x, order, axis=0))
