"""Operations with several results, and operations on a list of arrays."""

import collections

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf

X = np.array([0.5, 1.5, 2.0])
calls = []


def powers_rule(g, x, y):
    calls.append(g)
    return g[0] + 2 * x * g[1] + np.sum(g[2]) * 3 * x * x


@tg.operation(vjp=powers_rule)
def powers(x):
    return x.copy(), x * x, np.sum(x**3).reshape(1, 1)


@tg.operation(vjp=lambda g, y: g[0] * y[0] - g[1] * y[1])
def exponentials(x):
    """The rule names the results."""
    return np.exp(x), np.exp(-x)


Pair = collections.namedtuple("Pair", "value place")


@tg.operation(vjp=lambda g, x, y: np.where(np.arange(x.size) == y[1], g[0], 0.0))
def largest(x):
    """One result is an integer."""
    return Pair(np.max(x), np.argmax(x))


@tg.operation(vjp=lambda g, *, n: sum(part * (i + 1) for i, part in enumerate(g)), kind="multilinear")
def multiples(x, *, n=3):
    return tuple(x * (i + 1) for i in range(n))


@tg.operation(vjp=lambda g, x, y: g[1] * 2 * x + np.where(np.arange(x.size) == y[0], g[2], 0.0))
def placed(x):
    """An integer, which is not in the vector of the results, stands before floats."""
    return np.argmax(x), x * x, np.max(x)


FUNCTIONS = {
    "all parts": lambda x: powers(x)[0] * powers(x)[1] + powers(x)[2].reshape(-1),
    "one part": lambda x: powers(x)[1] ** 2,
    "of one call": lambda x: np.prod(np.stack(powers(x)[:2]), axis=0),
    "results in the rule": lambda x: exponentials(x * x)[0] * exponentials(x)[1],
    "a named tuple": lambda x: largest(x**2).value ** 2 + largest(x).place,
    "an integer first": lambda x: placed(x**2)[1] * placed(x)[2] + placed(x)[0],
    "linear": lambda x: multiples(np.sin(x))[2] * multiples(x, n=2)[1],
}


@pytest.mark.parametrize("f", FUNCTIONS.values(), ids=FUNCTIONS)
def test_derivatives(f):
    assert tg.gradcheck(f, X)
    assert tg.gradcheck(lambda x: tg.grad(lambda x: f(x).sum())(x), X, order=1)


def test_the_rule_runs_once_and_gets_zeros_where_nothing_arrived():
    x = leaf(X)
    first, second, third = powers(x)
    calls.clear()
    (first * 2 + third.reshape(-1) * 5).sum().backward()
    assert len(calls) == 1
    assert [part.tolist() for part in calls[0]] == [[2, 2, 2], [0, 0, 0], [[15]]]
    np.testing.assert_allclose(x.grad.data, 2 + 15 * 3 * X * X)
    assert second.requires_grad


def test_values_kinds_and_names():
    pair = largest(leaf(X))
    assert isinstance(pair, Pair)
    assert (pair.value.item(), pair.place.item()) == (2.0, 2)
    assert (pair.value.requires_grad, pair.place.requires_grad) == (True, False)
    assert isinstance(largest(X), Pair)
    assert not isinstance(largest(X).value, tg.Tensor)
    assert not largest(tg.Tensor(X)).value.requires_grad


def test_results_of_two_dtypes():
    @tg.operation(vjp=lambda g: g[0].astype(np.float64) + g[1])
    def both(x):
        return x.astype(np.float32), x.copy()

    narrow, wide = both(leaf(X))
    assert (narrow.dtype, wide.dtype) == (np.float32, np.float64)
    narrow.sum().backward(retain_graph=True)
    x = leaf(X)
    narrow, wide = both(x)
    (narrow.sum() + wide.sum()).backward()
    assert (x.grad.dtype, x.grad.tolist()) == (np.float64, [2, 2, 2])


def product_rule(g, arrays):
    return [g * np.prod(np.stack([b for j, b in enumerate(arrays) if j != i]), axis=0) for i in range(len(arrays))]


@tg.operation(vjp=product_rule)
def product(*arrays):
    return np.prod(np.stack(arrays), axis=0)


@tg.operation(vjp=lambda g, shapes: [g / len(shapes)] * len(shapes), kind="multilinear")
def average(*arrays):
    return sum(arrays) / len(arrays)


def test_a_list_of_arrays():
    assert tg.gradcheck(lambda a, b, c: product(a, b * c, c, np.ones(3)), X, X + 1, 2 * X)
    assert tg.gradcheck(lambda a, b: average(a * b, b, a) ** 2, X, X + 1)
    a, b = leaf(X), leaf(X + 1)
    product(a, b).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ((X + 1).tolist(), X.tolist())


def test_a_rule_of_a_list_gives_a_list():
    wrong = tg.operation(vjp=lambda g, arrays: g)(lambda *arrays: arrays[0] + arrays[1])
    with pytest.raises(tg.RuleError, match="gave a ndarray for 2 arguments"):
        wrong(leaf(X), leaf(X)).sum().backward()
    wrong = tg.operation(vjp=lambda g, arrays: [g])(lambda *arrays: arrays[0] + arrays[1])
    with pytest.raises(tg.RuleError, match="gave 1 parts for 2 arguments"):
        wrong(leaf(X), leaf(X)).sum().backward()


def test_arrays_and_a_list_are_too_much():
    with pytest.raises(tg.RuleError, match="has both"):
        tg.operation(vjp=lambda g: g)(lambda x, *arrays: x)


def test_results_have_memory_of_their_own():
    buffer = np.zeros(2)

    @tg.operation(vjp=lambda g, x: g[0] + g[1])
    def kept(x):
        buffer[...] = x
        return x, buffer

    t = tg.Tensor([1.0, 2.0])
    a, b = kept(t)
    t[0] = 5.0
    kept(t)
    assert (a.tolist(), b.tolist()) == ([1.0, 2.0], [1.0, 2.0])
    a[0] = 3.0  # nor is it read-only


def test_a_constant_among_the_results_can_be_changed():
    def rule(g, x, y):
        gradient = np.zeros_like(x)
        gradient[y[1]] = g[0]
        return gradient

    @tg.operation(vjp=rule)
    def largest(x):
        return np.max(x), np.argmax(x)

    def f(x):
        value, place = largest(x)
        place += 1
        return value * 2

    assert tg.grad(f)(np.array([1.0, 5.0, 2.0])).tolist() == [0.0, 2.0, 0.0]


def test_a_rule_may_keep_the_list_that_it_gives():
    buffer = np.zeros(2)

    def rule(g, shapes):
        buffer[...] = g
        return [buffer] * len(shapes)

    total = tg.operation(vjp=rule, kind="multilinear")(lambda *arrays: sum(arrays))
    x = leaf([1.0, 2.0])
    (total(x * 3.0, x) + 10.0 * total(x, x)).sum().backward()
    assert x.grad.tolist() == [24.0, 24.0]
