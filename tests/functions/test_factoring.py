"""QR factors: tall, wide, square, in stacks; what is not well defined is nan."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.functions.agreeing import agrees, same
from tinygrad_like import ArgumentError, Tensor, UnsupportedError

RNG = np.random.default_rng(4)


def of(*shape):
    return RNG.normal(size=shape)


def in_plane(*shape):
    return of(*shape) + 1j * of(*shape)


SHAPES = [(3, 3), (4, 2), (2, 4), (2, 3, 2), (0, 2, 2), (3, 0), (1, 1)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode", ["reduced", "r"])
def test_qr(shape, mode):
    for make in (of, in_plane):
        agrees(lambda a: np.linalg.qr(a, mode), make(*shape), rtol=1e-10)
    if mode == "reduced":
        result = np.linalg.qr(Tensor(of(*shape), requires_grad=True))
        assert type(result) is type(np.linalg.qr(of(*shape)))


def projectors(a):
    """What the columns beside the first ones are good for, and well defined: their projector; and r."""
    q, r = np.linalg.qr(a, mode="complete")
    beside = q[..., a.shape[-1] :]
    return beside @ beside.swapaxes(-1, -2).conj(), q[..., : a.shape[-1]], r


@pytest.mark.parametrize("shape", [(4, 2), (2, 3, 1), (2, 3), (3, 3)])
def test_complete_factors(shape):
    for make in (of, in_plane):
        agrees(projectors, make(*shape), rtol=1e-10)


def test_the_columns_beside_are_any():
    x = Tensor(of(4, 2), requires_grad=True)
    (np.linalg.qr(x, mode="complete").Q[0, 3]).backward()
    assert np.isnan(x.grad.numpy()).all()
    rows = tg.jacobian(lambda x: np.linalg.qr(x, mode="complete").Q[0])(of(3, 1))
    assert np.isfinite(rows[0]).all()
    assert np.isnan(rows[1:]).all()


@pytest.mark.parametrize("shape", [(3, 3), (2, 3, 2), (2, 3)])
def test_dependent_columns_have_no_derivative(shape):
    a = of(*shape)
    a[..., :2] = a[..., :1] * [1, -3]
    for function in (lambda a: np.linalg.qr(a).Q.sum(), lambda a: np.linalg.qr(a, mode="r")[..., 1, 1].sum()):
        assert np.isnan(tg.grad(function)(a)).any()
        assert not np.isfinite(tg.jvp(function, (a,), (np.ones_like(a),))[1])


def test_one_matrix_with_dependent_columns_does_not_spoil_the_others():
    a = np.stack([of(3, 2), np.ones((3, 2))])
    slope = tg.grad(lambda a: (np.linalg.qr(a).Q ** 3).sum())(a)
    alone = tg.grad(lambda a: (np.linalg.qr(a).Q ** 3).sum())(a[0])
    np.testing.assert_allclose(slope[0], alone, rtol=1e-12)
    assert np.isnan(slope[1]).all()


def test_other_dtypes_and_modes():
    for dtype in (int, np.float32, np.complex64):
        a = np.array([[2, 1], [1, 3], [0, 1]]).astype(dtype)
        same(np.linalg.qr(Tensor(a)), np.linalg.qr(a), rtol=1e-6)
    x = Tensor(of(2, 2).astype(np.float32), requires_grad=True)
    np.linalg.qr(x).Q.sum().backward()
    assert x.grad.dtype == np.float32
    with pytest.raises(UnsupportedError, match=r"reflections.*\n.*Write np.linalg.qr\(a\)"):
        np.linalg.qr(x, mode="raw")
    assert type(np.linalg.qr(Tensor(of(2, 2)), mode="raw")[0]) is Tensor
    with pytest.raises(ArgumentError, match="'reduced', 'complete' or 'r'"):
        np.linalg.qr(x, mode="full")
