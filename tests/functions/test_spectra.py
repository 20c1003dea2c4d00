"""Eigenvalues and singular values: NumPy's results to the bit, derivatives of order 2 in both modes, structure."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, is_constant
from tinygrad_like import ShapeError, Tensor

RNG = np.random.default_rng(4)


def real(*shape):
    """Values far apart, and far from 0."""
    return RNG.normal(size=shape) * 0.3 + np.eye(*shape[-2:])[:, ::-1] * (2.0 + 2 * np.arange(shape[-1]))


def complex_(*shape):
    return real(*shape) + 0.3j * RNG.normal(size=shape)


def hermitian(a):
    return np.conj(np.swapaxes(a, -1, -2))


def by_eigenvalues(a, UPLO="L"):
    """V f(w) Vᴴ, which no phase of a vector changes."""
    w, v = np.linalg.eigh(a, UPLO)
    return (v * (w**2 * np.arange(1.0, w.shape[-1] + 1))[..., None, :]) @ hermitian(v)


def by_singular_values(a, full_matrices=False):
    """U f(s) Vᴴ, and the products of the vectors beside the first k with themselves."""
    u, s, vh = np.linalg.svd(a, full_matrices)
    k = s.shape[-1]
    more, other = u[..., k:], vh[..., k:, :]
    first = (u[..., :k] * (s**2 * np.arange(1.0, k + 1))[..., None, :]) @ vh[..., :k, :]
    return first, more @ hermitian(more), hermitian(other) @ other


NAMED = {
    "eigh": lambda a: np.linalg.eigh(a),
    "eigh, U": lambda a: np.linalg.eigh(a, UPLO="U"),
    "eigvalsh": lambda a: np.linalg.eigvalsh(a),
    "eigvalsh, u": lambda a: np.linalg.eigvalsh(a, "u"),
    "svd": lambda a: np.linalg.svd(a),
    "svd, reduced": lambda a: np.linalg.svd(a, full_matrices=False),
    "svd, values": lambda a: np.linalg.svd(a, compute_uv=False),
    "svd, hermitian": lambda a: np.linalg.svd(a, hermitian=True),
    "svd, values, hermitian": lambda a: np.linalg.svd(a, True, False, True),
    "svdvals": lambda a: np.linalg.svdvals(a),
    "pinv": lambda a: np.linalg.pinv(a),
    "pinv, hermitian": lambda a: np.linalg.pinv(a, hermitian=True),
    "pinv, rtol": lambda a: np.linalg.pinv(a, rtol=None),
    "matrix_rank": lambda a: np.linalg.matrix_rank(a),
    **{f"cond, {p}": lambda a, p=p: np.linalg.cond(a, p) for p in (None, 2, -2, "fro", 1, -1, np.inf, -np.inf)},
    **{f"norm, {p}": lambda a, p=p: np.linalg.matrix_norm(a, ord=p) for p in ("nuc", 2, -2, "fro", 1, -np.inf)},
}
SQUARES = [real(3, 3), complex_(2, 3, 3), real(1, 1), real(0, 2, 2), RNG.normal(size=(3, 3)).astype(np.float32)]


@together("function", NAMED)
def test_results_are_numpys_to_the_bit(function):
    for a in SQUARES:
        expected = function(a)
        for t in (Tensor(a), Tensor(a, requires_grad=True)):
            got = function(t)
            assert isinstance(got, Tensor if not isinstance(expected, tuple) else type(expected))
            for mine, theirs in zip(*((each if isinstance(each, tuple) else (each,)) for each in (got, expected))):
                assert (mine.shape, mine.dtype) == (np.shape(theirs), np.asarray(theirs).dtype)
                np.testing.assert_array_equal(mine.numpy(), theirs)


@together("UPLO", "LUlu")
@together("matrix", [real, complex_])
def test_eigenvalues(matrix, UPLO):
    agrees(lambda a: np.linalg.eigvalsh(a, UPLO), matrix(2, 3, 3))
    agrees(lambda a: by_eigenvalues(a, UPLO), matrix(2, 2, 2))


@together(
    ("matrix", "shape", "full"),
    [
        (real, (2, 2), True),
        (real, (4, 2), True),
        (real, (2, 3, 2), False),
        (complex_, (2, 2), False),
        (complex_, (4, 2), True),
        (complex_, (2, 4), True),
        (complex_, (2, 4), False),
        (complex_, (3, 2), False),
    ],
)
def test_singular_vectors(matrix, shape, full):
    def f(a):
        return np.concatenate([np.ravel(part) for part in by_singular_values(a, full)])

    agrees(f, matrix(*shape), rtol=1e-11, atol=1e-12, compiles=full)


@together(
    "function", {name: NAMED[name] for name in NAMED if name.startswith(("svd, v", "svdv", "cond", "norm", "pinv"))}
)
@together("matrix", [real, complex_])
def test_functions_of_singular_values(matrix, function):
    agrees(function, matrix(3, 3), rtol=1e-10, compiles=matrix is real)


@together("matrix", [real, complex_])
def test_rectangles(matrix):
    for shape in ((4, 2), (2, 2, 3)):
        for name in ("svdvals", "pinv", "cond, None", "norm, nuc", "norm, -2"):
            agrees(NAMED[name], matrix(*shape), rtol=1e-11, compiles=False)


def test_singular_values_of_a_hermitian_matrix_by_its_eigenvalues():
    a = np.diag([3.0, -5.0, 1.0]) + 0.1 * RNG.normal(size=(3, 3))

    def f(a):
        u, s, vh = np.linalg.svd(a, hermitian=True)
        return s, (u * s**2) @ vh

    agrees(f, a)
    agrees(lambda a: f(a)[1], a + 0.1j * RNG.normal(size=(3, 3)), compiles=False)


@together("order", [None, 1, 2, 3, -1, 0.5, np.inf, -np.inf])
def test_norms_of_complex_vectors(order):
    x = RNG.normal(size=(3, 2)) + 1j * RNG.normal(size=(3, 2))
    agrees(lambda x: np.linalg.norm(x, order, axis=0), x, compiles=False)
    agrees(lambda x: np.linalg.vector_norm(x, ord=2 if order is None else order), x, compiles=False)


@together("order", ["nuc", 2, -2])
@together("axis", [(0, 1), (2, 0), (-1, 1)])
def test_norms_along_two_axes(axis, order):
    x = RNG.normal(size=(3, 2, 4))
    for keepdims in (False, True):
        agrees(lambda x, k=keepdims: np.linalg.norm(x, order, axis, k), x, order=1, compiles=False)


def test_norms_of_nothing():
    x = Tensor(np.zeros((2, 0, 3)), requires_grad=True)
    for order in ("nuc", 2):
        assert np.linalg.norm(x, order, axis=(1, 2)).tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="zero-size"):
        np.linalg.norm(x, -2, axis=(1, 2))


@together("UPLO", "LU")
def test_only_the_triangle_that_is_read_has_a_gradient(UPLO):
    other = np.triu if UPLO == "L" else np.tril
    a = complex_(4, 4)
    for f in (lambda a: (np.linalg.eigvalsh(a, UPLO) ** 2).sum(), lambda a: np.abs(by_eigenvalues(a, UPLO)[0, 1])):
        g = tg.grad(f)(a)
        assert not other(g, 1 if UPLO == "L" else -1).any()
        assert not np.diag(g).imag.any()
        assert np.all(np.diag(g).real)


def test_the_gradient_of_a_symmetric_matrix_is_symmetric():
    b = real(4, 4)
    f = tg.grad(lambda b: by_eigenvalues((b + b.T) / 2)[0, 1])
    np.testing.assert_allclose(f(b), f(b).T, rtol=1e-13)
    g = tg.grad(lambda b: (np.linalg.eigvalsh((b + b.T) / 2) ** 2).sum())(b)
    np.testing.assert_allclose(g, b + b.T, rtol=1e-13, atol=1e-13)


def test_eigenvalues_alone_need_no_vectors(monkeypatch):
    a, eigh = real(3, 3), np.linalg.eigh
    calls = []
    monkeypatch.setattr(np.linalg, "eigh", lambda *args, **options: calls.append(1) or eigh(*args, **options))
    np.linalg.eigvalsh(Tensor(a))
    y = np.linalg.eigvalsh(Tensor(a, requires_grad=True)).sum()
    assert not calls
    y.backward()
    assert calls


def test_pinv_of_dependent_columns():
    """The formula of Golub and Pereyra holds where the rank is constant, also below full."""
    agrees(lambda b, c: np.linalg.pinv(b @ c), RNG.normal(size=(4, 2)), RNG.normal(size=(2, 3)), rtol=1e-11)
    agrees(lambda b: np.linalg.pinv(b @ hermitian(b), hermitian=True), complex_(4, 2), rtol=1e-11, compiles=False)


def test_pinv_of_independent_columns():
    a, weights = real(5, 3), RNG.normal(size=(3, 5))
    found = tg.grad(lambda a: (np.linalg.pinv(a) * weights).sum())(a)
    expected = tg.grad(lambda a: (np.linalg.inv(a.T @ a) @ a.T * weights).sum())(a)
    np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_a_rank_is_constant():
    is_constant(lambda a: np.linalg.matrix_rank(a, tol=0.1), real(2, 3, 4))
    assert tg.grad(lambda a: np.linalg.matrix_rank(a) * a.sum())(np.eye(2)).tolist() == [[2.0, 2.0], [2.0, 2.0]]


@together("p", [None, 1, "fro", np.inf])
def test_the_condition_of_a_singular_matrix(p):
    """Infinite, and so is its slope; beside it, a regular matrix has its own."""
    a = np.stack([np.array([[1.0, 2.0], [2.0, 4.0]]), np.diag([1.0, 3.0])])
    x = Tensor(a, requires_grad=True)
    y = np.linalg.cond(x, p)
    assert (y.numpy() > 1e15).tolist() == [True, False]
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy()[1], tg.grad(lambda a: np.linalg.cond(a, p))(a[1]), rtol=1e-14)
    first = np.abs(x.grad.numpy()[0])
    assert not np.any(np.isfinite(first) & (first < 1e15) & (first != 0))


def test_the_condition_of_zeros_and_of_nan():
    assert np.linalg.cond(Tensor(np.zeros((2, 2)))).item() == np.inf
    assert np.linalg.cond(Tensor(np.zeros((2, 2))), 1).item() == np.inf
    with pytest.raises(ShapeError, match=r"not empty, but got shape \(0, 2\)"):
        np.linalg.cond(Tensor(np.zeros((0, 2))))


def test_errors_are_numpys():
    with pytest.raises(np.linalg.LinAlgError, match="square"):
        np.linalg.eigh(Tensor(np.zeros((2, 3))))
    with pytest.raises(tg.ArgumentError, match="'trace'"):
        np.linalg.norm(Tensor(np.eye(2)), "trace")
