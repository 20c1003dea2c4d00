"""Selecting: values as NumPy's, and derivatives, of take, compress, choose, select, piecewise; errors stay errors."""

import tracemalloc

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, is_constant, same
from tinygrad_like import Tensor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 4))
CUBE = RNG.normal(size=(2, 3, 4))
ROW = RNG.normal(size=5)
TWICE = np.array([[0, 2], [2, -1]])
ALONG = np.argsort(X, axis=1)
NUMBERS = np.array([[0, 1, 2, 0], [2, 2, 1, 0], [1, 1, 0, 0]])

SELECTIONS = {
    "take": (lambda x: np.take(x, TWICE), X),
    "take, axis": (lambda x: np.take(x, TWICE, 1), X),
    "take, last axis": (lambda x: np.take(x, [2, 0], axis=-1), CUBE),
    "take, middle axis": (lambda x: x.take(TWICE, axis=1), CUBE),
    "take one": (lambda x: np.take(x, 1, axis=0), X),
    "take by name": (lambda x: np.take(a=x, indices=[1, -2], axis=0), X),
    "take, wrap": (lambda x: np.take(x, [-7, 5, 9], axis=1, mode="wrap"), X),
    "take, clip": (lambda x: x.take([-7, 2, 9], 1, None, "clip"), X),
    "take, bools": (lambda x: np.take(x, [True, False, True]), X),
    "take none": (lambda x: np.take(x, [], axis=1), X),
    "take of a number": (lambda x: np.take(x, [0, 0], axis=0), np.array(2.5)),
    "take, unsigned": (lambda x: np.take(x, np.array([0, 2], np.uint8), 1), X),
    "take_along_axis": (lambda x: np.take_along_axis(x, ALONG, 1), X),
    "take_along_axis, last": (lambda x: np.take_along_axis(x, ALONG[:, :2]), X),
    "take_along_axis, one row of indices": (lambda x: np.take_along_axis(x, np.array([[0, -1, 0, 0, 2]]), 1), X),
    "take_along_axis, stretched": (lambda x: np.take_along_axis(x[:1], ALONG, axis=1), X),
    "take_along_axis, middle": (lambda x: np.take_along_axis(x, np.array([[[2], [0]]]), axis=1), CUBE),
    "take_along_axis, flat": (lambda x: np.take_along_axis(x, np.array([11, 0, 0]), None), X),
    "compress": (lambda x: np.compress([True, False, True], x, axis=0), X),
    "compress, short": (lambda x: x.compress([0, 1], axis=-1), X),
    "compress, flat": (lambda x: np.compress([True, False, True, True], x), X),
    "extract": (lambda x: np.extract(NUMBERS == 1, x), X),
    "extract, method of a condition": (lambda x: np.extract([True, False, True], x), ROW),
    "where": (lambda x: x[np.where(NUMBERS == 2)], X),
    "nonzero as an index": (lambda x: x[np.nonzero(Tensor(NUMBERS))], X),
    "choose": (lambda x: np.choose(NUMBERS, [x, -x, 2.0]), X),
    "choose, an array of choices": (lambda x: np.choose([2, 0, 1, 1], x), X),
    "choose, broadcast": (lambda x: np.choose([[0], [1]], [x, x * x]), ROW),
    "choose, wrap": (lambda x: np.choose(NUMBERS - 3, [x, x * x], mode="wrap"), X),
    "choose, clip": (lambda x: np.choose(NUMBERS * 2 - 1, (x, x * x), None, "clip"), X),
    "choose, bools": (lambda x: np.choose(NUMBERS > 0, [x, x * x]), X),
    "select": (lambda x: np.select([NUMBERS == 0, NUMBERS < 2], [x, x * x]), X),
    "select, default": (lambda x: np.select([NUMBERS == 0, NUMBERS[0] < 2], [2.0, x * x], default=x), X),
    "select, broadcast": (lambda x: np.select([NUMBERS == 0], [x[0]], default=-1), X),
    "piecewise": (lambda x: np.piecewise(x, [NUMBERS == 0, NUMBERS == 1], [np.sin, np.exp, 3]), X),
    "piecewise, overlapping": (lambda x: np.piecewise(x, [NUMBERS < 2, NUMBERS == 1], [np.sin, np.exp]), X),
    "piecewise, one condition": (lambda x: np.piecewise(x, ROW > 0, [lambda v: v * v, np.sin]), ROW),
    "piecewise of a number": (lambda x: np.piecewise(x, [False, True], [1.0, np.sin]), np.array(0.5)),
    "piecewise, a function that gives one number": (lambda x: np.piecewise(x, [ROW > 0], [np.sum]), ROW),
    "piecewise, arguments": (
        lambda x: np.piecewise(x, [ROW > 0], [lambda v, a, b: a * v**b, 1.0], 3.0, b=2),
        ROW,
    ),
}


@together(("f", "x"), SELECTIONS)
def test_selections(f, x):
    agrees(f, x)


@together("dtype", [np.float32, np.int64, np.int8])
@together("name", [name for name in SELECTIONS if "piecewise" not in name])
def test_dtypes_of_selections(name, dtype):
    f, x = SELECTIONS[name]
    x = (x * 3).astype(dtype)
    same(f(Tensor(x)), f(x))


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_piecewise_keeps_the_dtype(dtype):
    x = np.arange(4).astype(dtype)
    for pieces in ([0.5, lambda v: v * 1.75], [lambda v: v > 0, np.float64(2.5)]):
        same(np.piecewise(Tensor(x), [x > 2], pieces), np.piecewise(x, [x > 2], pieces))


def test_piecewise_calls_each_function_with_its_elements_only():
    seen = []
    np.piecewise(Tensor(ROW), [ROW > 100, ROW > 0], [seen.append, lambda v: seen.append(v) or v, 0])
    assert [each.tolist() for each in seen] == [ROW[ROW > 0].tolist()]
    assert tg.grad(lambda x: np.piecewise(x, [x > 0], [np.log, 0]).sum())(np.array([-1.0, 0.0, 2.0])).tolist() == [
        0,
        0,
        0.5,
    ]


def test_the_gradient_reaches_every_choice():
    agrees(lambda a, b, c: np.choose(NUMBERS, [a, b, c]), X, X[0], np.array(1.5))
    agrees(lambda a, b: np.select([NUMBERS == 0, NUMBERS == 1], [a, b], default=a * b), X, X[:, :1] + 1)
    constant = Tensor(2.0, requires_grad=True)
    np.piecewise(Tensor(ROW), [ROW > 0], [constant, 0]).sum().backward()
    assert constant.grad.item() == (ROW > 0).sum()


def test_second_derivatives_go_through_the_indices():
    agrees(lambda x: np.take(x**3, TWICE) * np.take(x, TWICE), X)
    agrees(lambda x: np.take_along_axis(x**3, ALONG, 1) ** 2, X)
    hessian = tg.hessian(lambda x: (np.take(x, [0, 0, 1]) ** 3).sum())(np.array([1.0, 2.0, 3.0]))
    assert hessian.tolist() == [[12, 0, 0], [0, 12, 0], [0, 0, 0]]


def test_indices_may_be_tensors_and_the_rest_arrays():
    same(np.take(Tensor(X), Tensor(TWICE), 1), np.take(X, TWICE, 1))
    np.testing.assert_array_equal(np.take(X, Tensor(TWICE), 1), np.take(X, TWICE, 1))
    same(np.take_along_axis(X, Tensor(ALONG), 1), np.take_along_axis(X, ALONG, 1))
    same(np.choose(Tensor(NUMBERS), [X, -X, 0.0]), np.choose(NUMBERS, [X, -X, 0.0]))
    same(Tensor(NUMBERS).choose([X, -X, 0.0]), NUMBERS.choose([X, -X, 0.0]))
    same(np.compress(Tensor([True, False, True]), X, 0), X[[0, 2]])


def test_indices_are_operands():
    """What is written to them later changes neither the result nor its gradient."""
    indices, x = np.array([0, 0, 1]), Tensor(ROW, requires_grad=True)
    y = np.take(x, indices)
    indices[:] = 4
    y.sum().backward()
    assert x.grad.tolist() == [2, 1, 0, 0, 0]


def test_an_infinite_cotangent_reaches_only_what_was_taken():
    x = np.array([1.0, 2.0, 3.0])
    for f in (lambda x: np.take(x, [2, 0]), lambda x: np.take_along_axis(x, np.array([2, 0]), 0)):
        assert tg.vjp(f, x)[1](np.array([np.inf, 1.0]))[0].tolist() == [1, 0, np.inf]
        assert tg.jvp(f, (x,), (np.array([np.inf, 5.0, 1.0]),))[1].tolist() == [1, np.inf]


def test_what_is_taken_from_an_array_is_added_up_in_one():
    x = Tensor(np.ones(100_000), requires_grad=True)
    y = sum((np.take(x, [i, i + 1]).sum() for i in range(10)), Tensor(0.0))
    tracemalloc.start()
    y.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.5 * x.data.nbytes
    assert x.grad.data[:12].tolist() == [1, *[2] * 9, 1, 0]


def test_nothing_but_the_indices_is_kept():
    x = Tensor(np.ones(1000), requires_grad=True)
    node = np.take(x, [1, 2])._node
    assert [np.shape(each) for each in node.saved] == [(2,)]


INTO = [lambda x, out: np.take(x, [2, 0], 0, out), lambda x, out: x.compress([1, 0, 1], 0, out)]


@pytest.mark.parametrize("f", INTO)
def test_out(f):
    target, array = Tensor(np.zeros((2, 4))), np.zeros((2, 4))
    assert f(Tensor(X), target) is target
    f(X, array)
    np.testing.assert_array_equal(target.data, array)
    with pytest.raises(tg.LostGraphError):
        f(Tensor(X, requires_grad=True), array)


CONSTANTS = {
    "nonzero": np.nonzero,
    "nonzero, method": lambda x: x.nonzero(),
    "flatnonzero": np.flatnonzero,
    "argwhere": np.argwhere,
    "where alone": lambda x: np.where(x > 0),
    "isin": lambda x: np.isin(x, [1.0, 2.0], invert=True),
    "isclose": lambda x: np.isclose(x, 1.0),
    "searchsorted": lambda x: np.searchsorted(x[1], [0.5, 1.0], side="right"),
    "searchsorted, method": lambda x: x[1].searchsorted(1.0, "right"),
    "searchsorted, values": lambda x: np.searchsorted([0.0, 1.0, 2.0], x),
}


@together("f", CONSTANTS)
def test_constants(f):
    is_constant(f, np.array([[1.0, 0.0, -2.0], [0.0, 1.0, 3.0]]))


def test_answers_in_plain_python():
    t = Tensor(X, requires_grad=True)
    assert np.allclose(t, X) is True
    assert np.array_equal(t, X) is True
    assert type(np.shape(t)) is tuple


WRONG = {
    "take, index": (lambda x: np.take(x, 7, axis=0), IndexError),
    "take, axis": (lambda x: np.take(x, 0, axis=2), np.exceptions.AxisError),
    "take, mode": (lambda x: np.take(x, 0, mode="wild"), ValueError),
    "take, floats": (lambda x: np.take(x, np.array([1.0])), TypeError),
    "take of nothing": (lambda x: np.take(x[:0], [0], axis=0, mode="wrap"), IndexError),
    "take_along_axis, index": (lambda x: np.take_along_axis(x, ALONG + 1, 1), IndexError),
    "take_along_axis, dimensions": (lambda x: np.take_along_axis(x, ALONG[0], 1), ValueError),
    "take_along_axis, flat": (lambda x: np.take_along_axis(x, ALONG, None), ValueError),
    "take_along_axis, shapes": (lambda x: np.take_along_axis(x, ALONG[:2], 1), (IndexError, ValueError)),
    "take_along_axis, floats": (lambda x: np.take_along_axis(x, X, 1), (IndexError, TypeError)),
    "compress, condition": (lambda x: np.compress([[True]], x), ValueError),
    "compress, long": (lambda x: np.compress([True] * 9, x, axis=0), IndexError),
    "choose, number": (lambda x: np.choose(NUMBERS, [x, x]), ValueError),
    "choose, below 0": (lambda x: np.choose(NUMBERS - 1, [x, x]), ValueError),
    "choose, floats": (lambda x: np.choose(X, [x, x]), TypeError),
    "select, lengths": (lambda x: np.select([NUMBERS == 0], [x, x]), ValueError),
    "select, nothing": (lambda x: np.select([], [], default=x), ValueError),
    "select, integers": (lambda x: np.select([NUMBERS], [x]), TypeError),
    "piecewise, lengths": (lambda x: np.piecewise(x, [x > 0], [1, 2, 3]), ValueError),
}


@together("recorded", [False, True])
@together(("f", "error"), WRONG)
def test_errors_stay_errors(f, error, recorded):
    with pytest.raises(error):
        f(X)
    with pytest.raises(error):
        f(Tensor(X, requires_grad=recorded))


def test_put_writes():
    t, array = Tensor(np.zeros(4)), np.zeros(4)
    assert t.put([0, -1, 6], [1.0, 2.0, 3.0], mode="wrap") is None
    array.put([0, -1, 6], [1.0, 2.0, 3.0], mode="wrap")
    np.testing.assert_array_equal(t.data, array)
    x = Tensor([2.0], requires_grad=True)
    t.put([0], x * x)
    t.sum().backward()
    assert (t.tolist()[0], x.grad.tolist()) == (4.0, [4.0])


def test_item_at_an_index():
    t = Tensor(X, requires_grad=True)
    assert [t.item(5), t.item((1, 2)), t.item(1, -1)] == [X.item(5), X.item((1, 2)), X.item(1, -1)]
    assert type(t.item(5)) is float
    with pytest.raises(IndexError):
        t.item(12)
    with pytest.raises(tg.ShapeError):
        t.item()
