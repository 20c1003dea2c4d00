"""Least squares: tall, wide and square systems, of full rank and not."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.functions.agreeing import agrees, same
from tinygrad_like import Tensor

RNG = np.random.default_rng(5)


def of(*shape):
    return RNG.normal(size=shape)


def in_plane(*shape):
    return of(*shape) + 1j * of(*shape)


@pytest.mark.parametrize("make", [of, in_plane])
@pytest.mark.parametrize(("a", "b"), [((5, 2), (5,)), ((5, 2), (5, 3)), ((2, 4), (2,)), ((3, 3), (3, 2))])
def test_lstsq(a, b, make):
    def without_rank(a, b):
        x, residuals, _, s = np.linalg.lstsq(a, b)
        return x, residuals, s

    a, b = make(*a) + 2 * np.eye(*a), make(*b)
    agrees(without_rank, a, b, rtol=1e-10, atol=1e-13)
    results = np.linalg.lstsq(Tensor(a, requires_grad=True), Tensor(b, requires_grad=True))
    same(results, np.linalg.lstsq(a, b), rtol=1e-10, atol=1e-13)
    assert (results[2].item(), results[2].requires_grad) == (min(a.shape), False)


def test_matrices_that_keep_a_lower_rank():
    def function(u, v, b):
        x, residuals, _, _ = np.linalg.lstsq(np.matmul(u, v), b)
        return x, residuals

    for make in (of, in_plane):
        agrees(function, make(4, 2), make(2, 3), make(4, 2), rtol=1e-9, atol=1e-12, compiles=False)
    a = of(4, 2) @ of(2, 3)
    assert np.linalg.lstsq(Tensor(a), of(4))[1].shape == (0,)
    assert np.linalg.lstsq(Tensor(a), of(4))[2].item() == 2


@pytest.mark.parametrize("rcond", [None, -1, 0.1, 1e-5])
def test_rcond(rcond):
    a = np.diag([4.0, 3.0, 0.2, 1e-15])[:, [0, 3, 1, 2]]
    b = of(4)
    same(np.linalg.lstsq(Tensor(a, requires_grad=True), b, rcond), np.linalg.lstsq(a, b, rcond), rtol=1e-9)


def test_other_dtypes_and_shapes():
    for dtype in (int, np.float32, np.complex64):
        a, b = np.array([[2, 1], [1, 3], [0, 1]]).astype(dtype), np.arange(3).astype(dtype)
        for given in ((Tensor(a), b), (a, Tensor(b))):
            same(np.linalg.lstsq(*given), np.linalg.lstsq(a, b), rtol=1e-5, atol=1e-6)
    x = Tensor(of(3, 2).astype(np.float32), requires_grad=True)
    np.linalg.lstsq(x, np.ones(3, np.float32))[0].sum().backward()
    assert x.grad.dtype == np.float32
    for a, b in (((2, 3, 2), (3,)), ((3, 2), (2,)), ((3, 2), (3, 2, 1))):
        with pytest.raises(tg.ShapeError, match=r"lstsq takes a of shape \(m, n\)"):
            np.linalg.lstsq(Tensor(of(*a)), of(*b))


def test_compiled_for_full_rank():
    step = tg.compile(lambda a, b: tg.grad(lambda a: np.linalg.lstsq(a, b)[0].sum())(a))
    a, b = of(4, 2), of(4)
    np.testing.assert_allclose(step(a, b), tg.grad(lambda a: np.linalg.lstsq(a, b)[0].sum())(a), rtol=1e-10)
    with pytest.raises(tg.ArgumentError, match="compiled for a matrix of full rank"):
        step(np.ones((4, 2)), b)
    with pytest.raises(tg.ArgumentError, match="full rank"):
        tg.compile(lambda a: np.linalg.lstsq(a, b)[0])(Tensor(np.ones((4, 2))))
