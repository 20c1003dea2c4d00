"""Putting in order: values as NumPy's, and derivatives, of sort and partition; positions; in place as an ndarray."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, is_constant, same
from tinygrad_like import Tensor

RNG = np.random.default_rng(0)
X = RNG.permutation(12).reshape(3, 4) * 0.3 + RNG.uniform(0, 0.1, (3, 4))
CUBE = RNG.permutation(24).reshape(2, 3, 4) * 0.2
ROW = RNG.permutation(9) * 0.5

ORDERS = {
    "sort": (np.sort, X),
    "sort, axis 0": (lambda x: np.sort(x, 0), X),
    "sort, middle axis": (lambda x: np.sort(x, axis=-2), CUBE),
    "sort, flat": (lambda x: np.sort(x, axis=None), X),
    "sort, kind": (lambda x: np.sort(x, kind="mergesort"), X),
    "sort, stable": (lambda x: np.sort(x, stable=True), X),
    "sort, transposed": (lambda x: np.sort(x.T), X),
    "sort of one": (np.sort, np.array([2.0])),
    "sort of nothing": (np.sort, np.zeros((2, 0))),
    "sort, a number, flat": (lambda x: np.sort(x, axis=None), np.array(2.0)),
    "partition": (lambda x: np.partition(x, 2), X),
    "partition, from the end": (lambda x: np.partition(x, -1), ROW),
    "partition, several": (lambda x: np.partition(x, (1, 5)), ROW),
    "partition, axis 0": (lambda x: np.partition(x, 1, 0), X),
    "partition, flat": (lambda x: np.partition(x, kth=[3, 6], axis=None, kind="introselect"), X),
}


@together(("f", "x"), ORDERS)
def test_orders(f, x):
    agrees(f, x)


@together("dtype", [np.float32, np.float16, np.int64, np.uint8, bool])
@together(("f", "x"), ORDERS)
def test_dtypes(f, x, dtype):
    x = (x * 20).astype(dtype)
    same(f(Tensor(x)), f(x))


def test_a_large_partition_is_numpys_and_each_gradient_returns():
    x, g = RNG.normal(size=5000), RNG.normal(size=5000)
    t = Tensor(x, requires_grad=True)
    y = np.partition(t, 700)
    expected = np.partition(x, 700)
    np.testing.assert_array_equal(y.data, expected)
    y.backward(g)
    places = np.argsort(x)[np.searchsorted(np.sort(x), expected)]
    np.testing.assert_array_equal(t.grad.data[places], g)


@pytest.mark.parametrize("f", [np.sort, lambda x: np.partition(x, 2)])
def test_ties_are_taken_in_some_order(f):
    x = np.array([2.0, 1.0, 2.0, 1.0, 2.0])
    g = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    (found,) = tg.vjp(f, x)[1](g)
    assert sorted(found) == sorted(g)
    assert found[x == 1].sum() == g[f(x) == 1].sum()
    _, tangent = tg.jvp(f, (x,), (found,))
    assert tangent.tolist() == g.tolist()


@pytest.mark.parametrize("x", [[np.nan, 1.0, -np.inf, np.inf, 0.5], [np.inf, np.inf, 2.0, np.nan, np.nan]])
def test_what_is_not_finite_is_in_order_too(x):
    x, g = np.array(x), np.array([1.0, 2.0, 3.0, np.inf, 5.0])
    same(np.sort(Tensor(x)), np.sort(x))
    (found,) = tg.vjp(np.sort, x)[1](g)
    assert found[np.argsort(x)].tolist() == g.tolist()


def test_derivatives_of_what_is_made_of_sorted_values():
    agrees(lambda x: np.sort(x**3, axis=1)[:, ::-1] * np.arange(4.0), X)
    agrees(lambda x: np.take_along_axis(x**2, np.argsort(x, axis=1), 1), X)
    assert tg.hessian(lambda x: np.sort(x)[0] ** 3)(np.array([2.0, 1.0])).tolist() == [[0, 0], [0, 6]]


POSITIONS = {
    "argsort": np.argsort,
    "argsort, kind": lambda x: np.argsort(x, 0, "stable"),
    "argsort, stable": lambda x: x.argsort(axis=None, stable=True),
    "argsort, method": lambda x: x.argsort(0),
    "argpartition": lambda x: np.argpartition(x, (1, 2), axis=1),
    "argpartition, method": lambda x: x.argpartition(1, 0),
    "lexsort": lambda x: np.lexsort((x[0], x[1])),
    "lexsort, one array": lambda x: np.lexsort(x, axis=0),
}


@together("f", POSITIONS)
def test_positions_are_constants(f):
    is_constant(f, X)


IN_PLACE = {
    "sort": lambda x: x.sort(),
    "sort, axis": lambda x: x.sort(0, kind="stable"),
    "partition": lambda x: x.partition(2),
    "partition, axis": lambda x: x.partition(1, axis=0),
}


@pytest.mark.parametrize("f", IN_PLACE.values(), ids=IN_PLACE.keys())
def test_in_place(f):
    array, t, leaf = X.copy(), Tensor(X.copy()), Tensor(X.copy(), requires_grad=True)
    memory = t.data
    f(array)
    assert f(t) is None
    np.testing.assert_array_equal(memory, array)
    with pytest.raises(tg.GraphError, match="A leaf cannot be written to"):
        f(leaf)
    np.testing.assert_array_equal(leaf.data, X)
    with tg.no_grad():
        f(leaf)
    np.testing.assert_array_equal(leaf.data, array)


@pytest.mark.parametrize("f", IN_PLACE.values(), ids=IN_PLACE.keys())
def test_the_gradient_flows_through_it(f):
    def sorted_copy(x):
        y = x.copy()
        f(y)
        return y * np.arange(12.0).reshape(3, 4)

    np.testing.assert_array_equal(tg.vjp(sorted_copy, X)[0], sorted_copy(X))
    assert tg.gradcheck(sorted_copy, X)


def test_sorting_in_place_is_noticed_by_backward():
    w, t = Tensor(np.ones(3), requires_grad=True), Tensor(np.array([3.0, 1.0, 2.0]))
    y = (w * t).sum()
    t.sort()
    with pytest.raises(tg.GraphError, match="overwritten"):
        y.backward()


def test_out_is_written():
    target = Tensor(np.zeros((3, 4)))
    assert np.take_along_axis(Tensor(X), np.argsort(Tensor(X)), 1).tolist() == np.sort(X).tolist()
    assert np.take(np.sort(Tensor(X), axis=None), [0, 11], out=Tensor(np.zeros(2))).tolist() == [X.min(), X.max()]
    target[...] = np.sort(Tensor(X))
    same(target, np.sort(X))


WRONG = {
    "sort, axis": (lambda x: np.sort(x, axis=2), np.exceptions.AxisError),
    "sort of a number": (lambda x: np.sort(x[0, 0]), np.exceptions.AxisError),
    "sort, kind": (lambda x: np.sort(x, kind="bogo"), ValueError),
    "sort, kind and stable": (lambda x: np.sort(x, kind="stable", stable=True), ValueError),
    "partition, kth": (lambda x: np.partition(x, 4), ValueError),
    "partition, no integer": (lambda x: np.partition(x, 1.5), TypeError),
    "partition, axis": (lambda x: np.partition(x, 1, axis=5), np.exceptions.AxisError),
    "partition, kind": (lambda x: np.partition(x, 1, kind="bogo"), ValueError),
    "argpartition, kth": (lambda x: np.argpartition(x, 4), ValueError),
    "argsort, axis": (lambda x: np.argsort(x, axis=2), np.exceptions.AxisError),
}


@together("recorded", [False, True])
@together(("f", "error"), WRONG)
def test_errors_stay_errors(f, error, recorded):
    with pytest.raises(error):
        f(X)
    with pytest.raises(error):
        f(Tensor(X, requires_grad=recorded))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sort(x, order="a"),
        lambda x: np.partition(x, 1, order="a"),
        lambda x: np.argsort(x, order="a"),
        lambda x: np.argpartition(x, 1, order="a"),
    ],
)
def test_what_is_refused(f):
    with pytest.raises(tg.UnsupportedError):
        f(Tensor(X, requires_grad=True))


def test_sort_complex_of_values():
    same(np.sort_complex(Tensor(ROW)), np.sort_complex(ROW))
