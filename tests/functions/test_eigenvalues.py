"""Eigenvalues and eigenvectors of general matrices: real and complex, repeated, defective."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.functions.agreeing import agrees, same
from tinygrad_like import Tensor

RNG = np.random.default_rng(13)


def of(*shape):
    return RNG.normal(size=shape)


def with_values(*values, dtype=float):
    """A matrix that is not symmetric, with these eigenvalues and vectors that are well apart."""
    basis = of(len(values), len(values)) / 4 + np.eye(len(values))
    return basis @ np.diag(values) @ np.linalg.inv(basis)


ROTATING = np.kron(np.diag([1.0, 3.0]), [[1.0, 2.0], [-1.0, 1.0]])[:3, :3] + np.diag([0.0, 0.0, 5.0])
SPREAD = np.diag(4.0 * np.arange(3))


def sizes(a):
    """What does not depend on the phase of a vector."""
    w, v = np.linalg.eig(a)
    return w, np.abs(v), v[..., :1, :] * v[..., 1:2, :].conj()


@pytest.mark.parametrize(
    "a",
    [
        of(3, 3) / 4 + SPREAD,
        of(2, 3, 3) / 4 + SPREAD,
        of(3, 3) / 4 + ROTATING,
        of(3, 3) / 4 + SPREAD + 1j * of(3, 3),
        of(0, 2, 2),
        np.array([[2.0 + 1j]]),
    ],
)
def test_eig(a):
    complex_only = np.iscomplexobj(a)
    agrees(lambda a: np.linalg.eigvals(a), a, rtol=1e-10, atol=1e-13, compiles=complex_only)
    agrees(lambda a: sizes(a), a, rtol=1e-10, atol=1e-13, compiles=complex_only)


def test_numpys_results():
    for dtype in (int, np.float32, np.complex64):
        a = np.array([[2, 1], [1, 4]]).astype(dtype)
        same(np.linalg.eig(Tensor(a)), np.linalg.eig(a), rtol=1e-6)
        same(np.linalg.eigvals(Tensor(a)), np.linalg.eigvals(a), rtol=1e-6)
    x = Tensor(of(2, 2).astype(np.float32) + np.diag([0, 9]).astype(np.float32), requires_grad=True)
    result = np.linalg.eig(x)
    assert type(result) is type(np.linalg.eig(np.eye(2)))
    result.eigenvectors.sum().backward()
    assert x.grad.dtype == np.float32


def test_what_is_not_recorded_has_numpys_own_values():
    a = of(30, 30)
    np.testing.assert_array_equal(np.linalg.eigvals(Tensor(a)).numpy(), np.linalg.eigvals(a))
    with tg.no_grad():
        np.testing.assert_allclose(np.linalg.eigvals(Tensor(a, requires_grad=True)).numpy().sum(), np.trace(a))


def test_real_results_and_complex_ones_of_real_matrices():
    """The same function on both sides of the point where two real eigenvalues meet and become conjugate ones."""
    for corner in (0.5, -0.5):
        a = np.array([[1.0, 2.0], [corner, 1.0]])
        w, slope = tg.value_and_grad(lambda a: np.real(np.sum(np.linalg.eigvals(a) ** 3)))(a)
        np.testing.assert_allclose(w, np.trace(a @ a @ a))
        np.testing.assert_allclose(slope, 3 * (a @ a).T, rtol=1e-12, atol=1e-13)
        assert slope.dtype == float


def repeated():
    return with_values(2.0, 2.0, 5.0)


FUNCTIONS_OF_ALL = [
    (lambda a: np.linalg.eigvals(a).sum().real, lambda a: np.eye(3)),
    (lambda a: (np.linalg.eigvals(a) ** 2).sum().real, lambda a: 2 * a.T),
    (lambda a: np.prod(np.linalg.eigvals(a)).real, lambda a: np.linalg.det(a) * np.linalg.inv(a).T),
]


@pytest.mark.parametrize(("function", "slope"), FUNCTIONS_OF_ALL)
def test_functions_of_all_eigenvalues_have_derivatives_where_some_are_equal(function, slope):
    for a in (repeated(), np.eye(3), with_values(1.0, 1.0 + 1e-6, 4.0)):
        np.testing.assert_allclose(tg.grad(function)(a), slope(a), rtol=1e-7, atol=1e-7)


def test_projectors_have_derivatives_where_eigenvalues_are_equal():
    a, weights, change = repeated(), of(3, 3), of(3, 3)

    def function(a):
        w, v = np.linalg.eig(a)
        chosen = np.abs(w - 2) < 0.1
        return np.real(np.sum(np.matmul(v * chosen, np.linalg.inv(v)) * weights))

    slope = (tg.grad(function)(a) * change).sum()
    assert slope == pytest.approx((function(a + 1e-5 * change) - function(a - 1e-5 * change)) / 2e-5, rel=1e-6)


@pytest.mark.parametrize(
    "function",
    [
        lambda a: np.linalg.eigvals(a)[np.argmin(np.abs(np.linalg.eigvals(a) - 2).numpy())],
        lambda a: np.linalg.eig(a)[1].sum(),
        lambda a: (np.matmul(np.linalg.eig(a)[1] * np.linalg.eig(a)[0], np.linalg.inv(np.linalg.eig(a)[1]))).sum(),
        lambda a: function_by_vectors(a, np.exp),
    ],
)
def test_what_is_not_defined_where_eigenvalues_are_equal_is_nan(function):
    for a in (repeated(), np.eye(3)):
        assert np.isnan(tg.grad(lambda a: np.real(function(a)))(a)).any()


def function_by_vectors(a, f):
    w, v = np.linalg.eig(a)
    return np.sum(np.matmul(v * f(w), np.linalg.inv(v)) * np.arange(9).reshape(3, 3))


def test_functions_of_matrices_with_nearly_equal_eigenvalues():
    a = with_values(1.0, 1.0 + 1e-5, 4.0)
    weights = np.arange(9).reshape(3, 3)
    slope = tg.grad(lambda a: np.real(function_by_vectors(a, np.square)))(a)
    np.testing.assert_allclose(slope, weights @ a.T + a.T @ weights, rtol=1e-5, atol=1e-5)


def turned(a):
    q = np.linalg.qr(of(*a.shape))[0]
    return q @ a @ q.T


JORDAN = [np.eye(n) + np.eye(n, k=1) for n in (2, 3)]


@pytest.mark.parametrize("a", [*JORDAN, *map(turned, JORDAN), np.eye(2, k=1), turned(JORDAN[0]) + 0j])
@pytest.mark.parametrize(
    "function", [lambda w, v: w.sum(), lambda w, v: (w * w + w).sum(), lambda w, v: np.abs(v).sum()]
)
def test_matrices_with_too_few_eigenvectors_have_no_derivative(function, a):
    slope = tg.grad(lambda a: np.real(function(*np.linalg.eig(a))))(a)
    assert not np.isfinite(slope).all()


def test_the_phase_of_a_vector_is_free():
    for a in (of(3, 3) + 1j * of(3, 3), np.array([[1.0, 2.0], [-2.0, 1.0]])):
        for function in (lambda v: (v[0, 0] * (1 + 2j)).real, lambda v: (v[0, 0] * v[1, 0]).real):
            assert np.isnan(tg.grad(lambda a, f=function: f(np.linalg.eig(a)[1]))(a)).all()


def test_conjugate_vectors_of_a_real_matrix_turn_together():
    a, change = np.array([[1.0, 2.0], [-1.0, 2.0]]), of(2, 2)

    def function(a):
        v = np.linalg.eig(a)[1]
        return np.real(v[0, 0] * v[1, 1] * (1 + 2j))

    slope = (tg.grad(function)(a) * change).sum()
    assert slope == pytest.approx((function(a + 1e-5 * change) - function(a - 1e-5 * change)) / 2e-5, rel=1e-6)
    assert tg.jvp(function, (a,), (change,))[1] == pytest.approx(slope)


def test_one_matrix_does_not_spoil_the_others():
    a = np.stack([SPREAD + of(3, 3) / 4, np.eye(3) + np.eye(3, k=1)])
    slope = tg.grad(lambda a: np.real(np.linalg.eigvals(a)).sum())(a)
    np.testing.assert_allclose(slope[0], np.eye(3), atol=1e-12)
    assert np.isnan(slope[1]).any()


def test_compiled_of_complex_matrices_only():
    with pytest.raises(tg.TraceError, match=r"depends on values.*astype\(complex\)"):
        tg.compile(lambda a: np.linalg.eig(a))(Tensor(np.eye(2)))
