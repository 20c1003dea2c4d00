"""np.linalg of complex matrices; and what keeps the structure of a matrix."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees

RNG = np.random.default_rng(0)


def of(*shape):
    return RNG.normal(size=shape) + 1j * RNG.normal(size=shape)


def regular(*shape):
    return of(*shape) + 4 * np.eye(shape[-1])[:, ::-1]


def definite(*shape):
    a = of(*shape)
    return a @ a.conj().swapaxes(-1, -2) + np.eye(shape[-1])


CASES = {
    "solve": (np.linalg.solve, regular(3, 3), of(3, 2)),
    "solve, a vector": (np.linalg.solve, regular(2, 3, 3), of(3)),
    "solve, a real matrix": (np.linalg.solve, regular(3, 3).real, of(3, 2)),
    "solve, a real right side": (np.linalg.solve, regular(3, 3), of(3, 2).real),
    "solve, a large matrix": (np.linalg.solve, regular(33, 33) + 9 * np.eye(33), of(33)),
    "inv": (np.linalg.inv, regular(2, 3, 3)),
    "det": (np.linalg.det, regular(3, 3)),
    "slogdet": (lambda a: np.linalg.slogdet(a), regular(2, 3, 3)),
    "cholesky": (np.linalg.cholesky, definite(2, 3, 3)),
    "cholesky, upper": (lambda a: np.linalg.cholesky(a, upper=True), definite(3, 3)),
    "matrix_power": (lambda a: np.linalg.matrix_power(a, 3), regular(3, 3)),
    "matrix_power, negative": (lambda a: np.linalg.matrix_power(a, -2), regular(3, 3)),
    "multi_dot": (lambda *arrays: np.linalg.multi_dot(arrays), of(2, 3), of(3, 4), of(4)),
    "tensorsolve": (np.linalg.tensorsolve, regular(6, 6).reshape(2, 3, 6), of(2, 3)),
    "tensorinv": (lambda a: np.linalg.tensorinv(a, ind=1), regular(6, 6).reshape(6, 2, 3)),
    "matmul": (np.linalg.matmul, of(2, 3), of(3, 2)),
    "matrix_transpose": (np.linalg.matrix_transpose, of(2, 3)),
    "diagonal": (np.linalg.diagonal, of(2, 3, 3)),
    "trace": (np.linalg.trace, of(2, 3, 3)),
    "outer": (np.linalg.outer, of(2), of(3)),
    "tensordot": (np.linalg.tensordot, of(2, 3), of(2, 3)),
    "vecdot": (np.linalg.vecdot, of(2, 3), of(2, 3)),
    "cross": (np.linalg.cross, of(2, 3), of(2, 3)),
}


@together("case", CASES)
def test_complex(case):
    function, *arrays = case
    agrees(function, *arrays, rtol=1e-9, atol=1e-12)


def test_a_complex_determinant_of_a_singular_matrix():
    agrees(np.linalg.det, np.outer(of(3), of(3)), atol=1e-12)


@pytest.mark.parametrize("upper", [False, True])
def test_only_one_triangle_of_a_hermitian_matrix_has_a_gradient(upper):
    a = definite(3, 3)
    slope = tg.grad(lambda a: np.real(np.sum(np.linalg.cholesky(a, upper=upper) * of(3, 3))))(a)
    read = slope.T if upper else slope
    assert not np.triu(read, 1).any()
    assert read[np.tril_indices(3, -1)].imag.all()
    assert not np.diagonal(read).imag.any()


@pytest.mark.parametrize(
    "function",
    [
        lambda a, g: (np.linalg.inv(a) * g).sum(),
        lambda a, g: np.linalg.slogdet(a)[1],
        lambda a, g: np.linalg.det(a),
        lambda a, g: (np.linalg.matrix_power(a, -3) * g).sum(),
    ],
)
def test_the_gradient_of_a_symmetric_matrix_is_symmetric(function):
    rng = np.random.default_rng(1)
    a, g = (x + x.T for x in rng.normal(size=(2, 4, 4)))
    slope = tg.grad(function)(a, g)
    np.testing.assert_allclose(slope, slope.T, rtol=1e-11, atol=1e-11 * np.abs(slope).max())


def test_a_singular_matrix_is_a_pole_of_slogdet():
    a = np.array([[1.0, 2.0], [2.0, 4.0]])
    assert tg.grad(lambda a: np.linalg.slogdet(a)[1])(a).tolist() == [[np.inf, -np.inf], [-np.inf, np.inf]]
    slope = tg.grad(lambda a: np.linalg.slogdet(a)[1][1])(np.stack([a, np.eye(2)]))
    assert slope[1].tolist() == np.eye(2).tolist()
