"""Ties, also of infinities and nans: the shares of what is chosen or added sum to 1."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.primitives.corners import EXTREMES, INF, NAN, PAIRS, ROWS


@together(("name", "point", "shares"), PAIRS)
def test_shares_of_two(name, point, shares):
    f = getattr(np, name)
    a, b = (tg.Tensor([value], requires_grad=True) for value in point)
    f(a, b).sum().backward()
    assert (a.grad.item(), b.grad.item()) == pytest.approx(shares, abs=1e-15)
    tangents = [tg.jvp(f, point, unit)[1] for unit in ((1.0, 0.0), (0.0, 1.0))]
    assert tangents == pytest.approx(shares, abs=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("f", "g"), [(np.maximum, 1e30), (np.fmin, INF)])
def test_the_winner_has_all_of_any_cotangent(f, g, dtype):
    a = tg.Tensor(np.array([1.0, NAN, 2.0], dtype), requires_grad=True)
    b = tg.Tensor(np.array([2.0, 1.0, 1.0], dtype), requires_grad=True)
    f(a, b).backward(np.full(3, g))
    wins = [0, 1, 1] if f is np.maximum else [1, 0, 0]
    np.testing.assert_array_equal(a.grad.data, np.where(wins, dtype(g), 0))
    np.testing.assert_array_equal(b.grad.data, np.where(wins, 0, dtype(g)))
    assert a.grad.dtype == dtype


@pytest.mark.parametrize(("row", "shares"), ROWS)
def test_logsumexp_and_softmax_agree(row, shares):
    x = np.array([row, np.zeros(len(row))])
    np.testing.assert_allclose(tg.softmax(x)[0], shares, rtol=1e-15)
    np.testing.assert_allclose(np.exp(tg.log_softmax(x)[0]), shares, rtol=1e-15)
    gradient = tg.grad(lambda x: tg.logsumexp(x, axis=1).sum())(x)
    np.testing.assert_allclose(gradient[0], shares, rtol=1e-15)
    np.testing.assert_allclose(gradient[1], 1 / len(row), rtol=1e-15)
    recorded = tg.grad(lambda z: tg.grad(lambda x: tg.logsumexp(z * x))(np.array(1.0)).sum())(np.array([1.0, 2.0]))
    assert np.isfinite(recorded).all()


@pytest.mark.parametrize(("row", "shares"), ROWS)
def test_the_jacobian_of_softmax_at_ties(row, shares):
    expected = np.diag(shares) - np.outer(shares, shares)
    np.testing.assert_allclose(tg.jacobian(tg.softmax)(np.array(row)), expected, atol=1e-15)


@pytest.mark.parametrize(("row", "shares"), ROWS)
def test_cross_entropy_at_ties(row, shares):
    x = np.array([row, np.zeros(len(row))])
    value, gradient = tg.value_and_grad(lambda x: tg.cross_entropy(x, [1, 0]))(x)
    with np.errstate(divide="ignore"):
        assert value == pytest.approx((np.log(len(row)) - np.log(shares[1])) / 2)
    one_hot = np.eye(len(row))[1]
    np.testing.assert_allclose(gradient[0], (shares - one_hot) / 2, atol=1e-15)
    composed = tg.grad(lambda x: -tg.log_softmax(x)[[0, 1], [1, 0]].mean())(x)
    np.testing.assert_allclose(composed, gradient, atol=1e-15)


@pytest.mark.parametrize("f", [np.max, np.min])
@pytest.mark.parametrize(("row", "shares"), EXTREMES)
def test_shares_of_a_reduction(f, row, shares):
    assert tg.grad(lambda x: f(x))(np.array(row)).tolist() == shares


def test_nan_makes_softmax_nan():
    assert np.isnan(tg.softmax(np.array([NAN, 1.0]))).all()
    assert np.isnan(tg.softmax(np.array([NAN, INF]))).all()


@pytest.mark.parametrize("size", [1e6, 1e12, 1e16, -1e16, 1e300])
def test_large_finite_ties_have_shares_that_sum_to_1(size):
    x = np.full(4, size)
    np.testing.assert_allclose(tg.grad(tg.logsumexp)(x), [0.25] * 4, rtol=1e-15)
    np.testing.assert_allclose(tg.jvp(tg.logsumexp, (x,), (np.arange(4.0),))[1], 1.5, rtol=1e-15)
    np.testing.assert_allclose(tg.softmax(x), [0.25] * 4, rtol=1e-15)
    np.testing.assert_allclose(tg.grad(lambda z: tg.cross_entropy(z, 0))(x), [-0.75, 0.25, 0.25, 0.25], rtol=1e-15)
    for function in (np.logaddexp, np.logaddexp2):
        np.testing.assert_allclose(tg.grad(function, argnums=(0, 1))(size, size), (0.5, 0.5), rtol=1e-15)
    np.testing.assert_allclose(tg.hessian(tg.logsumexp)(x), np.eye(4) / 4 - 1 / 16, atol=1e-15)


@pytest.mark.parametrize("offset", [0.0, 1e8, -1e8])
def test_shares_do_not_depend_on_a_common_offset(offset):
    x = np.array([0.0, 0.5, 2.0])
    np.testing.assert_allclose(tg.grad(tg.logsumexp)(x + offset), np.exp(x) / np.exp(x).sum(), rtol=1e-14)
    found = tg.grad(np.logaddexp, argnums=(0, 1))(2.0 + offset, offset)
    np.testing.assert_allclose(found, (1 / (1 + np.exp(-2.0)), 1 / (1 + np.exp(2.0))), rtol=1e-14)
