"""Unique values and sets: values as NumPy's, and derivatives; equal values share the gradient."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.functions.agreeing import agrees, same
from tinygrad_like import Tensor

X = np.array([3.0, 1.0, 2.5, 1.0, 3.0, 1.0, -2.0])
APART = np.array([[3.0, 1.0], [2.5, -1.0], [0.5, 7.0]])
ROWS = np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0], [0.0, 5.0]])
ODD = np.array([np.inf, 1.0, np.inf, np.nan, np.nan, -np.inf, 1.0])
A, B = np.array([5.0, 1.0, 2.0, 1.0]), np.array([[2.0, 7.0], [1.0, 9.0]])
CALLS = {
    "unique": np.unique,
    "unique, index": lambda x: np.unique(x, True),
    "unique, inverse": lambda x: np.unique(x, return_inverse=True),
    "unique, counts": lambda x: np.unique(x, return_counts=True),
    "unique, all": lambda x: np.unique(x, True, True, True),
    "unique, nan": lambda x: np.unique(x, equal_nan=False),
    "unique_all": np.unique_all,
    "unique_counts": np.unique_counts,
    "unique_inverse": np.unique_inverse,
    "unique_values": lambda x: np.sort(np.unique_values(x)),
}
SETS = {
    "union1d": np.union1d,
    "intersect1d": np.intersect1d,
    "intersect1d, indices": lambda a, b: np.intersect1d(a, b, return_indices=True),
    "setdiff1d": np.setdiff1d,
    "setxor1d": np.setxor1d,
    "setdiff1d, unique": lambda a, b: np.setdiff1d(a, b, assume_unique=True),
}


@pytest.mark.parametrize("f", CALLS.values(), ids=CALLS.keys())
@pytest.mark.parametrize("x", [X, APART, ODD, X.astype(np.float32), X.astype(int), X[:0], np.array(2.0)], ids=repr)
def test_values(f, x):
    for t in (Tensor(x), Tensor(x, requires_grad=x.dtype.kind == "f")):
        same(f(t), f(x))
        assert type(f(t)) in (Tensor, type(f(x)))


@pytest.mark.parametrize(
    "options", [{}, {"return_index": True, "return_inverse": True, "return_counts": True}], ids=len
)
@pytest.mark.parametrize(("x", "axis"), [(ROWS, 0), (ROWS, -1), (ROWS.T, 1), (ROWS.astype(int), 0)])
def test_unique_along_an_axis(x, axis, options):
    same(np.unique(Tensor(x), axis=axis, **options), np.unique(x, axis=axis, **options))


@pytest.mark.parametrize("name", [name for name in CALLS if name != "unique, nan"])
def test_derivatives_where_all_are_different(name):
    agrees(CALLS[name], APART)


def test_derivatives_along_an_axis():
    agrees(lambda x: np.unique(x, axis=0), APART)
    agrees(lambda x: np.unique(x**2, axis=1), APART)


def test_equals_share_the_gradient():
    found = tg.grad(lambda x: np.unique(x) @ np.array([1.0, 2.0, 3.0, 4.0]))(X)
    np.testing.assert_allclose(found, [2, 2 / 3, 3, 2 / 3, 2, 2 / 3, 1], rtol=1e-15)
    assert tg.jvp(np.unique, (X,), (np.arange(7.0),))[1] == pytest.approx([6, 3, 2, 2])
    rows = tg.grad(lambda x: np.unique(x, axis=0)[1] @ np.array([1.0, 4.0]))(ROWS)
    assert rows.tolist() == [[0.5, 2], [0, 0], [0.5, 2], [0, 0]]


def test_second_derivatives_of_equals():
    hessian = tg.hessian(lambda x: (np.unique(x) ** 2).sum())(np.array([1.0, 3.0, 1.0]))
    np.testing.assert_allclose(hessian, [[0.5, 0, 0.5], [0, 2, 0], [0.5, 0, 0.5]], rtol=1e-15)


def test_what_is_not_finite_has_a_finite_gradient():
    (found,) = tg.vjp(np.unique, ODD)[1](np.array([1.0, 2.0, 3.0, 4.0]))
    np.testing.assert_allclose(found, [3, 1, 0, 4, 0, 1, 1], rtol=1e-15)


@pytest.mark.parametrize("f", SETS.values(), ids=SETS.keys())
@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("dtypes", [(float, float), (np.float32, float), (int, float), (int, int)])
def test_sets(f, recorded, dtypes):
    a, b = A.astype(dtypes[0]), B.astype(dtypes[1])
    first = Tensor(a, requires_grad=recorded and a.dtype.kind == "f")
    same(f(first, Tensor(b)), f(a, b))
    same(f(a, Tensor(b)), f(a, b))
    same(f(first, b), f(a, b))


@pytest.mark.parametrize(
    ("f", "first", "second"),
    [
        (np.union1d, [4, 0.5, 1, 0.5], [[1, 8], [0.5, 16]]),
        (np.intersect1d, [0, 0.25, 1, 0.25], [[1, 0], [0.5, 0]]),
        (np.setdiff1d, [1, 0, 0, 0], [[0, 0], [0, 0]]),
        (np.setxor1d, [1, 0, 0, 0], [[0, 2], [0, 4]]),
    ],
)
def test_the_gradient_of_what_was_found(f, first, second):
    """Of values that stand in both, both have a share."""
    found = tg.grad(lambda a, b: (f(a, b) * 2.0 ** np.arange(f(A, B).size)).sum(), (0, 1))(A, B)
    if f is np.union1d:
        first, second = [4, 1 / 3, 1, 1 / 3], [[1, 8], [1 / 3, 16]]
    np.testing.assert_allclose(found[0], first, rtol=1e-15)
    np.testing.assert_allclose(found[1], second, rtol=1e-15)


@pytest.mark.parametrize("f", SETS.values(), ids=SETS.keys())
def test_derivatives_where_equals_move_together(f):
    agrees(lambda a: f(a, np.concatenate([a[0], [0.1]])), APART)


def test_errors_stay_errors():
    with pytest.raises(np.exceptions.AxisError):
        np.unique(Tensor(X, requires_grad=True), axis=1)
