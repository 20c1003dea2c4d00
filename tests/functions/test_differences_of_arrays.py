"""Differences of neighbours, gradients on grids, integrals, traces."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, same
from tinygrad_like import Tensor

RNG = np.random.default_rng(0)
M = RNG.normal(size=(3, 4, 5))
X = np.cumsum(RNG.uniform(0.5, 1.5, 5))


@together("n", [0, 1, 2, 4])
@together("axis", [0, 1, -1])
def test_diff(n, axis):
    agrees(lambda a: np.diff(a, n, axis), M, order=1)
    if n:
        agrees(lambda a, b, c: np.diff(a, n, axis, b, append=c), M, 2.0, np.take(M, [0, 1], axis), order=1)


def test_diff_of_other_kinds_and_errors():
    for x in (np.array([True, False, False]), np.array([1, 4, 9], np.uint8)):
        same(np.diff(Tensor(x), prepend=x[:1]), np.diff(x, prepend=x[:1]))
    for call in (lambda: np.diff(Tensor(2.0)), lambda: np.diff(Tensor(M), -1)):
        with pytest.raises(ValueError, match="diff"):
            call()
    with pytest.raises(np.exceptions.AxisError):
        np.diff(Tensor(M), axis=3)


@pytest.mark.parametrize("options", [{}, {"to_end": 2.0}, {"to_begin": np.ones((2, 1)), "to_end": [3.0]}])
def test_ediff1d(options):
    agrees(lambda a: np.ediff1d(a, **options), M[0], order=1)
    agrees(lambda a: np.ediff1d(a, **options), M[0, 0, :0], order=1)


def test_ediff1d_differentiates_its_ends():
    agrees(lambda a, b, c: np.ediff1d(a, b, c), M[0, 0], M[1, 1], 2.0, order=1)
    whole = np.array([1, 4], np.int8)
    same(np.ediff1d(Tensor(whole), to_end=7), np.ediff1d(whole, to_end=7))
    with pytest.raises(TypeError, match="to_end"):
        np.ediff1d(Tensor([1, 2]), to_end=0.5)


SPACINGS = [(), (2.0,), (0.5, 2.0), (np.arange(4) ** 2 * 1.0, 2.0), (0.3, X), (np.arange(4), X)]


@together("edge_order", [1, 2])
@together("spacing", SPACINGS)
def test_gradient(spacing, edge_order):
    agrees(lambda f, *h: np.gradient(f, *h, edge_order=edge_order), M[0], *spacing, order=1, rtol=1e-11)
    agrees(lambda f: np.gradient(f, *spacing[:1], axis=0, edge_order=edge_order), M[0], rtol=1e-11)


def test_gradient_along_chosen_axes():
    agrees(lambda f: np.gradient(f, axis=-1), M, order=1)
    agrees(lambda f, x: np.gradient(f, 2.0, x, axis=(0, 2)), M, X, order=2, rtol=1e-11)
    agrees(lambda f: np.gradient(f, X[:2]), M[0, 0, :2])


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, int])
def test_gradient_of_other_dtypes(dtype):
    x = np.array([1, 9, 3, 200]).astype(dtype)
    same(np.gradient(Tensor(x), 2.0), np.gradient(x, 2.0))
    same(
        np.gradient(Tensor(x), np.array([1, 2, 4, 7]), edge_order=2),
        np.gradient(x, np.array([1, 2, 4, 7.0]), edge_order=2),
        rtol=1e-6,
    )


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda t: np.gradient(t, edge_order=3), ValueError),
        (lambda t: np.gradient(t, 1.0, 2.0), TypeError),
        (lambda t: np.gradient(t, X, 1.0, 1.0), ValueError),
        (lambda t: np.gradient(t, M[0], 1.0, 1.0), ValueError),
        (lambda t: np.gradient(t[:1]), ValueError),
        (lambda t: np.gradient(t, axis=3), ValueError),
        (lambda t: np.gradient(t, axis=(0, 0)), ValueError),
    ],
)
def test_gradient_refuses_what_numpy_refuses(call, error):
    for t in (M, Tensor(M)):
        with pytest.raises(error):
            call(t)


@pytest.mark.parametrize("name", [name for name in ("trapezoid", "trapz") if name in vars(np)])
def test_trapezoid(name):
    f = getattr(np, name)
    agrees(f, M)
    agrees(lambda y, dx: f(y, None, dx, 1), M, 0.7)
    agrees(lambda y, x: f(y, x), M, X)
    agrees(lambda y, x: f(y, x=x, axis=0), M, X[:3])
    agrees(lambda y, x: f(y, x, axis=1), M, np.cumsum(np.abs(M), axis=1))
    agrees(lambda x: f([1.0, 2.0, 4.0], x), X[:3])
    same(f(Tensor([1, 2, 4])), f([1, 2, 4]))
    same(f(Tensor(np.float32([1, 2])), dx=2.0), f(np.float32([1, 2]), dx=2.0))


@pytest.mark.parametrize("period", [2 * np.pi, 3.0])
def test_unwrap(period):
    p = np.cumsum(RNG.uniform(-4, 4, (3, 6)), axis=1)
    agrees(lambda p: np.unwrap(p, period=period), p)
    agrees(lambda p: np.unwrap(p, 2.5, axis=0, period=period), p)
    agrees(lambda p, period: np.unwrap(p, period=period), p, period)


def test_unwrap_of_integers_and_of_exact_halves():
    for period in (6, 5):
        p = np.array([0, 1, 5, 2, -1, 2, 5])
        same(np.unwrap(Tensor(p), period=period), np.unwrap(p, period=period))
    p = np.array([0.0, 2.0, 0.0, -2.0, 6.0])
    same(np.unwrap(Tensor(p), period=4.0), np.unwrap(p, period=4.0))


@together("offset", [0, 1, -2, 9, -9])
@together("axes", [(0, 1), (2, 1), (-1, 0)])
def test_trace(offset, axes):
    agrees(lambda a: np.trace(a, offset, *axes), M, order=1)


def test_trace_of_other_dtypes_and_errors():
    same(np.trace(Tensor(np.eye(2, dtype=np.int8))), np.trace(np.eye(2, dtype=np.int8)))
    same(np.trace(Tensor(M[0]), dtype=np.float32), np.trace(M[0], dtype=np.float32), rtol=1e-6)
    for axes, x in [((0, 0), M), ((0, 5), M), ((0, 1), M[0, 0])]:
        with pytest.raises(ValueError):  # noqa: PT011  (NumPy's own, of several kinds)
            np.trace(Tensor(x), 0, *axes)


def test_second_derivatives_reach_the_coordinates():
    assert tg.gradcheck(lambda f, x: np.gradient(f, x, edge_order=2) ** 2, M[0, 0], X, order=2)
    assert tg.gradcheck(lambda y, x: np.trapezoid(y, x) ** 2 if hasattr(np, "trapezoid") else y.sum(), M, X, order=2)
