"""Repeated eigenvalues and singular values: what is well defined is right, also at order 2; the rest is nan.

First derivatives at exactly equal values stand in spectral_corners.py.
"""

import mpmath
import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together

RNG = np.random.default_rng(6)
Q = np.linalg.qr(RNG.normal(size=(4, 4)))[0]
P = np.linalg.qr(RNG.normal(size=(5, 5)))[0]
WEIGHTS = RNG.normal(size=(4, 4))


def symmetric(values, q=Q):
    a = q * values @ q.T
    return (a + a.T) / 2


def halved(a):
    return (a + a.T) / 2


def of_values(f):
    return lambda a: np.sum(f(np.linalg.eigvalsh(halved(a))))


def with_vectors(f):
    """The same of eigh, whose vectors are used for nothing."""
    return lambda a: np.sum(f(np.linalg.eigh(halved(a))[0]))


def projector(a):
    v = np.linalg.eigh(halved(a))[1][:, :2]
    return np.sum(v @ v.T * WEIGHTS)


def right_or_nan(found, expected, tolerance=1e-9):
    """Which elements are finite; all of these are right."""
    known = np.isfinite(found)
    np.testing.assert_allclose(found[known], expected[known], rtol=tolerance, atol=tolerance)
    return known


def hessians(f, a):
    """Forward over reverse, and reverse over reverse."""
    n = a.size
    return [np.reshape(way(a), (n, n)) for way in (tg.hessian(f), tg.jacobian(tg.grad(f)))]


def of_trace(f):
    """The Hessian of the same function, written as the trace of a polynomial."""
    return lambda a: np.trace(f(halved(a)))


@together("values", [[1.0, 1.0, 2.0, 3.0], [-1.0, 2.0, 2.0, 2.0], [3.0] * 4, [0.0, 0.0, 0.0, 1.0]])
def test_functions_of_equal_eigenvalues(values):
    a = symmetric(values)
    for f, slope in (
        (np.exp, np.exp),
        (lambda w: (w - 3) ** 2, lambda w: 2 * (w - 3)),
        (lambda w: w**3, lambda w: 3 * w**2),
    ):
        expected = symmetric(slope(np.array(values)))
        for way in (of_values, with_vectors):
            np.testing.assert_allclose(tg.grad(way(f))(a), expected, rtol=1e-12, atol=1e-12)
    both = tg.grad(lambda a: of_values(np.exp)(a) + projector(a))(a)
    if values[1] == values[2]:
        assert np.isnan(both).all()
    else:
        np.testing.assert_allclose(both, tg.grad(of_values(np.exp))(a) + tg.grad(projector)(a))


UNDEFINED = {
    "the first of two": lambda w, v: w[0],
    "the larger of two": lambda w, v: w[1],
    "a vector": lambda w, v: np.sum(v[:, 0] * WEIGHTS[0]),
    "its projector": lambda w, v: np.sum(np.outer(v[:, 1], v[:, 1]) * WEIGHTS),
    "a function of the matrix": lambda w, v: np.sum((v * np.exp(w)) @ v.T * WEIGHTS),
    "a little of a vector": lambda w, v: 1e-9 * v[2, 0] + w[3],
}


@together("f", UNDEFINED)
def test_what_has_no_derivative_is_nan(f):
    for q in (Q, np.linalg.qr(RNG.normal(size=(4, 4)))[0]):
        for shift in (1e-17, 1e-16, 3e-16):
            a = symmetric([1.0, 1.0 + shift, 2.0, 3.0], q)
            assert np.isnan(tg.grad(lambda a: f(*np.linalg.eigh(halved(a))))(a)).all()


def test_equal_values_by_their_size_and_precision():
    for size in (1e-150, 1e-9, 1.0, 1e5):
        for dtype in (np.float32, np.float64):
            if size > np.finfo(dtype).tiny:
                a = (size * symmetric([1.0, 1.0, 2.0, 3.0])).astype(dtype)
                assert np.isnan(tg.grad(of_values(lambda w: w[:1]))(a)).all()
                assert np.isfinite(tg.grad(of_values(lambda w: w[3:]))(a)).all()


def test_a_loss_at_its_minimum_has_the_slope_0():
    a = symmetric([2.0, 2.0, 2.0, 5.0])
    target = np.array([2.0, 2.0, 2.0, 5.0])
    assert np.abs(tg.grad(of_values(lambda w: (w - target) ** 2))(a)).max() < 1e-13


@together("order", [1, 2, 3])
def test_second_derivatives_at_equal_eigenvalues(order):
    """No wrong number: of equal values, a rule cannot see how f' changes. Of the sum, it is known to be 0."""
    powers = {1: lambda a: a, 2: lambda a: a @ a, 3: lambda a: a @ a @ a}
    of_numbers = {1: lambda w: w, 2: lambda w: w**2, 3: lambda w: w**3}
    for a in (np.eye(2), np.diag([1.0, 1.0, 2.0]), symmetric([1.0, 1.0, 2.0, 4.0])):
        expected = tg.hessian(of_trace(powers[order]))(a).reshape(a.size, a.size)
        for way in (of_values, with_vectors):
            for found in hessians(way(of_numbers[order]), a):
                known = right_or_nan(found, expected)
                assert known.all() == (order == 1)


def test_no_rotation_of_equal_singular_values_is_missed():
    for a in (np.eye(2), np.eye(3, 2), np.diag([2.0, 0.0]), np.diag([2.0, 0.0, 0.0])[:, :2], np.zeros((2, 2))):
        expected = 2 * np.eye(a.size)
        for s in (np.linalg.svdvals, lambda a: np.linalg.svd(a, full_matrices=False)[1], lambda a: np.linalg.svd(a)[1]):
            for found in hessians(lambda a, s=s: np.sum(s(a) ** 2), a):
                assert not right_or_nan(found, expected).all()


@together("rank", [0, 1, 2])
def test_products_of_all_three_factors_where_a_singular_value_is_0(rank):
    """U S Vᴴ is the matrix, of which the value that is 0 has a part. A rule cannot tell: nan, in both modes."""
    a, weights = P[:3, :rank] @ P[:rank, :3], RNG.normal(size=(3, 3))

    def product(a, count=3):
        u, s, vh = np.linalg.svd(a)
        return np.sum((u[:, :count] * s[:count]) @ vh[:count] * weights)

    assert np.isnan(tg.grad(product)(a)).all()
    assert np.isnan(tg.jvp(product, (a,), (weights,))[1])
    values = lambda a: np.sum(np.linalg.svd(a)[1] ** 2)  # noqa: E731
    np.testing.assert_allclose(tg.grad(values)(a), 2 * a, atol=1e-14)
    if rank:
        assert np.isfinite(tg.grad(lambda a: product(a, rank))(a)).all()


def test_the_nuclear_norm():
    """At equal values twice differentiable; at 0 once, by the choice that 0 has the slope 0."""
    f = lambda a: np.linalg.norm(a, "nuc")  # noqa: E731
    a = 2 * P[:, :3]
    np.testing.assert_allclose(tg.grad(f)(a), P[:, :3], rtol=1e-12, atol=1e-14)
    step, direction = 1e-4, RNG.normal(size=a.shape)
    difference = (tg.grad(f)(a + step * direction) - tg.grad(f)(a - step * direction)) / (2 * step)
    found = tg.grad(lambda a: np.sum(tg.grad(f)(a) * direction))(a)
    assert right_or_nan(found, difference, 1e-6).all()


def exact(a, f, digits=60):
    """The derivative of Σ f(a) over the vectors of a symmetric matrix, in many digits."""
    with mpmath.workdps(digits):
        w, v = mpmath.eigsy(mpmath.matrix(a.tolist()))
        order = sorted(range(len(w)), key=lambda i: w[i])
        return f([w[i] for i in order], [[v[k, i] for k in range(len(w))] for i in order])


@together("gap", [1e-2, 1e-6, 1e-9])
def test_nearly_equal_values_against_many_digits(gap):
    """The product of a vector with itself: its change is by 1 / gap, and so is its error."""
    a = symmetric([1.0, 1.0 + gap, 2.0, 3.0])

    def first(w, v):
        g = [[mpmath.mpf(0)] * 4 for _ in range(4)]
        weights = halved(WEIGHTS).tolist()
        for j in range(1, 4):
            share = sum(v[0][k] * weights[k][i] * v[j][i] for k in range(4) for i in range(4)) / (w[0] - w[j])
            for k in range(4):
                for i in range(4):
                    g[k][i] += share * (v[0][k] * v[j][i] + v[j][k] * v[0][i])
        return np.array([[float(each) for each in row] for row in g])

    expected = exact(a, first)
    found = tg.grad(lambda a: UNDEFINED["its projector"](*with_sign(a)))(a)
    assert np.abs(found - expected).max() <= 100 * 2.2e-16 / gap * np.abs(expected).max()
    np.testing.assert_allclose(tg.grad(of_values(np.exp))(a), symmetric(np.exp([1.0, 1.0 + gap, 2.0, 3.0])), rtol=1e-11)


def with_sign(a):
    """The vectors with the first two exchanged, so that the projector of the second is that of the first."""
    w, v = np.linalg.eigh(halved(a))
    return w, v[:, [1, 0, 2, 3]]


@together("gap", [1e-2, 1e-6])
def test_second_derivatives_at_nearly_equal_values(gap):
    a = symmetric([1.0, 1.0 + gap, 2.0, 3.0])
    expected = tg.hessian(of_trace(lambda a: a @ a @ a))(a).reshape(16, 16)
    for found in hessians(of_values(lambda w: w**3), a):
        np.testing.assert_allclose(found, expected, atol=1e-13 / gap, rtol=0)


def test_forward_mode_at_equal_values():
    """Along a line, equal values part: their tangents are nan. Those of the others are right."""
    a, t = symmetric([1.0, 1.0, 2.0, 3.0]), symmetric([0.3, -1.0, 0.5, 2.0], np.eye(4)[::-1])
    _, tangent = tg.jvp(lambda a: np.linalg.eigvalsh(a), (a,), (t,))
    assert np.isnan(tangent[:2]).all()
    np.testing.assert_allclose(tangent[2:], [Q[:, i] @ t @ Q[:, i] for i in (2, 3)])


def test_rounding_is_no_gap():
    """Values that rounding moved apart give no number, whatever the rotation that made the matrix."""
    for n in (2, 3, 8):
        for _ in range(20):
            q = np.linalg.qr(RNG.normal(size=(n, n)))[0]
            a = symmetric([1.0] * 2 + [3.0] * (n - 2), q)
            assert np.isnan(tg.grad(lambda a: np.sum(np.linalg.eigh(halved(a))[1][:2, 0] * [0.3, 0.8]))(a)).all()
            b = q * np.r_[2.0, 2.0, np.ones(n - 2)] @ np.linalg.qr(RNG.normal(size=(n, n)))[0]
            assert np.isnan(tg.grad(lambda b: np.sum(np.linalg.svd(b)[0][:2, 0] * [0.3, 0.8]))(b)).all()
            assert np.isnan(tg.grad(lambda b: np.linalg.norm(b, 2))(b)).all()


@pytest.mark.parametrize("full", [False, True])
def test_polar_factors_of_stacks(full):
    """U Vᴴ is smooth at equal values; its derivative is that of a (aᵀ a)^(-1/2), by a series around the identity."""
    a = np.stack([2 * Q, 3 * Q.T])

    def polar(a):
        u, _, vh = np.linalg.svd(a, full_matrices=full)
        return np.sum(u @ vh * WEIGHTS)

    found = tg.grad(polar)(a)
    for g, q, size in zip(found, (Q, Q.T), (2.0, 3.0)):
        turned = q.T @ WEIGHTS
        np.testing.assert_allclose(g, q @ (turned - turned.T) / (2 * size), rtol=1e-11, atol=1e-13)


def of_matrix(a):
    w, v = np.linalg.eigh(a)
    return (v * w**2) @ v.T


def of_factors(a):
    u, s, vh = np.linalg.svd(a)
    return (u * s**3) @ vh


@together("function", [of_matrix, of_factors])
def test_a_function_of_a_matrix_is_not_taken_for_a_projector(function):
    """The cotangents of its values are 0 here, but it uses them: the true derivative of an element is 2, or 2."""
    for at in (np.eye(2), np.diag([1.0, 1.0, 2.0])):
        assert np.isnan(tg.grad(lambda a: function(a)[1, 0])(at)).any()
        assert np.isnan(tg.jacobian(function)(at)[1, 0]).any()
