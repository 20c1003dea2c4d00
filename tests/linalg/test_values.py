"""Values of tinygrad_like.linalg: those of SciPy, to the last bit, of arrays, lists and Tensors."""

import inspect
import subprocess
import sys

import numpy as np
import pytest
import scipy.linalg

import tinygrad_like as tg
from tests.cases import leaf, together
from tests.linalg.examples import CALLS, A, B, called
from tinygrad_like import linalg
from tinygrad_like.engine import scipy_loading

EYE = np.eye(3)


@together("call", CALLS)
def test_values_are_those_of_scipy(call):
    expected = called(scipy.linalg, *call)
    for got, want in zip(called(linalg, *call), expected, strict=True):
        want = np.asarray(want)
        assert np.asarray(got).dtype == want.dtype
        np.testing.assert_array_equal(got, want)
    function, args, options = call
    tensors = [tg.Tensor(np.asarray(x)) if isinstance(x, np.ndarray) else x for x in args]
    if any(isinstance(x, tg.Tensor) for x in tensors):
        for got, want in zip(called(linalg, function, tensors, options), expected, strict=True):
            assert isinstance(got, (tg.Tensor, bool))
            np.testing.assert_array_equal(np.asarray(got), want)


def test_every_function_is_tried():
    named = {function for function, _, _ in CALLS if isinstance(function, str)} | {"cho_solve", "lu_solve"}
    by_numpy = {"norm", "eigh", "eigvalsh", "svd", "svdvals", "qr", "LinAlgError"}
    assert set(linalg.__all__) == named | by_numpy


@together("name", sorted(set(linalg.__all__) - {"LinAlgError"}))
def test_signatures_are_those_of_scipy(name):
    mine, theirs = (inspect.signature(getattr(module, name)).parameters for module in (linalg, scipy.linalg))
    private = {"disp", "blocksize"}  # deprecated in SciPy 1.17
    assert [each for each in theirs if each not in private] == list(mine)
    for each, parameter in mine.items():
        assert parameter.kind == theirs[each].kind
        assert parameter.default == theirs[each].default


def test_what_numpy_has_as_well():
    np.testing.assert_allclose(linalg.norm(A, 1), scipy.linalg.norm(A, 1))
    np.testing.assert_allclose(linalg.norm([3, 4]), 5)
    np.testing.assert_allclose(linalg.eigvalsh(A, lower=False), scipy.linalg.eigvalsh(A, lower=False))
    np.testing.assert_allclose(linalg.eigh(A, eigvals_only=True), scipy.linalg.eigvalsh(A))
    np.testing.assert_allclose(linalg.svdvals(A), scipy.linalg.svdvals(A))
    np.testing.assert_allclose(linalg.svd(A[:2], compute_uv=False), scipy.linalg.svdvals(A[:2]))
    w, v = linalg.eigh(A + A.T)
    np.testing.assert_allclose(v * w @ v.T, A + A.T)
    for full in (False, True):
        u, s, vh = linalg.svd(A[:, :2], full_matrices=full)
        np.testing.assert_allclose(u[:, :2] * s @ vh, A[:, :2])
        assert u.shape == scipy.linalg.svd(A[:, :2], full_matrices=full)[0].shape
    for mode in ("full", "economic"):
        q, r = linalg.qr(A[:, :2], mode=mode)
        np.testing.assert_allclose(q @ r, A[:, :2])
        assert q.shape == scipy.linalg.qr(A[:, :2], mode=mode)[0].shape
    (r,) = linalg.qr(A[:, :2], mode="r")
    assert r.shape == scipy.linalg.qr(A[:, :2], mode="r")[0].shape
    assert linalg.LinAlgError is np.linalg.LinAlgError is scipy.linalg.LinAlgError


def test_lists_may_hold_tensors():
    x = tg.Tensor(2.0, requires_grad=True)
    y = linalg.inv([[x, 1.0], [0.0, x]])
    y[0, 1].backward()
    assert x.grad.item() == pytest.approx(0.25)  # of -1 / x²


def test_logarithms_of_float32_do_not_warn():
    narrow = linalg.logm(A.astype(np.float32))
    assert narrow.dtype == np.float32
    np.testing.assert_allclose(narrow, scipy.linalg.logm(A), rtol=1e-5, atol=1e-6)


def test_complex_equations_of_real_matrices_with_complex_eigenvalues():
    """SciPy 1.17 solves these wrongly."""
    turn, q = np.array([[1.0, 2.0], [-2.0, 1.0]]), np.array([[1.0, 2j], [3.0, 1j]])
    x = linalg.solve_sylvester(turn, B[:2, :2], q)
    np.testing.assert_allclose(turn @ x + x @ B[:2, :2], q)
    x = linalg.solve_continuous_lyapunov(turn, q)
    np.testing.assert_allclose(turn @ x + x @ turn.T, q)
    x = linalg.solve_discrete_lyapunov(turn / 4, q, "bilinear")
    np.testing.assert_allclose(turn @ x @ turn.T / 16 - x + q, 0, atol=1e-14)


def test_nothing_is_overwritten():
    a, b = np.asfortranarray(A), np.asfortranarray(B)
    linalg.solve_triangular(a, b, overwrite_b=True)
    linalg.lu_factor(a, overwrite_a=True)
    linalg.inv(a, overwrite_a=True)
    linalg.det(a, overwrite_a=True)
    linalg.solve(a, b, overwrite_a=True, overwrite_b=True)
    np.testing.assert_array_equal(a, A)
    np.testing.assert_array_equal(b, B)


WRONG = [
    (lambda: linalg.expm(np.ones((2, 3))), tg.ShapeError, "expm takes square matrices as A, but got shape (2, 3)"),
    (lambda: linalg.logm(np.ones(3)), tg.ShapeError, "logm takes square matrices as A, but got shape (3,)"),
    (lambda: linalg.solve_triangular(EYE, np.ones((2, 3))), tg.ShapeError, "Write a vector of shape (3,)"),
    (lambda: linalg.solve_triangular(EYE, 1.0), tg.ShapeError, "but got shape ()"),
    (lambda: linalg.solve_triangular(EYE, np.ones(3), trans=3), tg.ArgumentError, "Write 0 or 'N'"),
    (lambda: linalg.cho_solve(EYE, np.ones(3)), tg.ArgumentError, "cho_solve(cho_factor(a), b)"),
    (lambda: linalg.lu_solve(EYE, np.ones(3)), tg.ArgumentError, "lu_solve(lu_factor(a), b)"),
    (lambda: linalg.lu_solve((EYE, [0, 1]), np.ones(3)), tg.ShapeError, "piv of shape (3,)"),
    (lambda: linalg.lu_solve((EYE, [0.0, 1.0, 2.0]), np.ones(3)), tg.ArgumentError, "whole numbers"),
    (lambda: linalg.lu_solve((EYE, [0, 1, 3]), np.ones(3)), tg.ArgumentError, "a row that is not there"),
    (lambda: linalg.solve(np.ones((2, 3, 3)), np.ones((3, 3, 1))), tg.ShapeError, "(2,) and (3,)"),
    (lambda: linalg.solve(EYE, np.ones(3), assume_a="square"), tg.ArgumentError, "Write one of None, 'general'"),
    (lambda: linalg.inv(EYE, assume_a="diagonal"), tg.UnsupportedError, "np.diag(1 / np.diag(a))"),
    (lambda: linalg.inv(EYE, assume_a="banded"), tg.ArgumentError, "assume_a='banded'"),
    (lambda: linalg.solve_sylvester(EYE, EYE, np.ones((3, 2))), tg.ShapeError, "q has a row for each of a"),
    (lambda: linalg.solve_continuous_lyapunov(EYE, np.ones((2, 2))), tg.ShapeError, "of the same shape"),
    (lambda: linalg.solve_discrete_lyapunov(EYE / 2, EYE, "fast"), tg.ArgumentError, "'direct' or 'bilinear'"),
    (lambda: linalg.hankel(EYE), tg.ShapeError, "t.ravel()"),
    (lambda: linalg.block_diag(np.ones((2, 1, 1)), np.ones((3, 1, 1))), tg.ShapeError, "(2,) and (3,)"),
    (lambda: linalg.expm([[1.0, 2.0], [3.0]]), ValueError, ""),
    (lambda: linalg.cholesky([[np.nan]]), tg.ArgumentError, "Write check_finite=False"),
    (lambda: linalg.solve_sylvester([[np.inf]], EYE[:1, :1], EYE[:1, :1]), tg.ArgumentError, "finite numbers"),
    (lambda: linalg.cholesky(-EYE), linalg.LinAlgError, "positive definite"),
    (lambda: linalg.solve_triangular(0 * EYE, np.ones(3)), linalg.LinAlgError, "singular"),
    (lambda: linalg.inv(0 * EYE), linalg.LinAlgError, "singular"),
    (lambda: linalg.eigh(EYE, EYE), tg.UnsupportedError, "Leave b out"),
    (lambda: linalg.qr(EYE, pivoting=True), tg.UnsupportedError, "Leave pivoting out"),
    (lambda: linalg.qr(EYE, mode="raw"), tg.ArgumentError, "'economic'"),
    (lambda: scipy.linalg.expm(leaf(EYE)), tg.LostGraphError, "tinygrad_like.linalg has functions"),
    (lambda: scipy.linalg.solve_triangular(leaf(EYE), EYE), tg.LostGraphError, "tinygrad_like.linalg has functions"),
    (lambda: linalg.schur, AttributeError, "scipy.linalg.schur(t.numpy())"),
]


@together("number", range(len(WRONG)))
def test_errors_say_what_to_write(number):
    call, kind, text = WRONG[number]
    with pytest.raises(kind) as error:
        call()
    assert text in str(error.value)


def test_scipy_is_imported_in_a_call_only():
    code = """if True:
        import sys, tinygrad_like as tg, tinygrad_like.linalg, tinygrad_like.families
        tg.linalg.toeplitz(tg.Tensor([1.0, 2.0]))
        assert "scipy" not in sys.modules
        tg.linalg.expm(tg.Tensor([[1.0]]))
        assert "scipy.linalg" in sys.modules
    """
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize(
    ("place", "found"), [("scipy.linalg", None), ("scipy", type("old", (), {"__version__": "1.9.3"}))]
)
def test_without_scipy(monkeypatch, place, found):
    scipy_loading.scipy_linalg.cache_clear()
    monkeypatch.setitem(sys.modules, place, found)
    with pytest.raises(tg.MissingError, match=r"pip install 'tinygrad_like\[scipy\]'"):
        linalg.expm(EYE)
    scipy_loading.scipy_linalg.cache_clear()
