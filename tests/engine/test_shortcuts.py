"""Shortcuts: taken where the values allow it, never in a trace; both ways give the same numbers."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import calls_in, together
from tinygrad_like.engine import autodiff, shortcuts
from tinygrad_like.primitives import neural, reductions


class Unknown:
    """What stands for a value in a trace: it cannot be asked for its truth."""

    def __bool__(self):
        raise AssertionError("a trace does not know its values")


def test_an_unknown_value_allows_no_shortcut():
    assert not shortcuts.shortcut(Unknown())


@pytest.mark.parametrize("truth", [True, np.True_, np.array(True), tg.Tensor(True)])
def test_a_known_value_decides(truth):
    assert shortcuts.shortcut(truth)
    assert not shortcuts.shortcut(truth ^ True)


@pytest.fixture
def general_way(monkeypatch):
    for module in (autodiff, neural, reductions):
        for name in ("shortcut", "all_finite", "products_fit"):
            monkeypatch.setattr(module, name, lambda *_: False, raising=False)


FUNCTIONS = {
    "prod": np.prod,
    "prod over axes": lambda x: np.sin(np.prod(x, axis=(0, 2))).sum(),
    "prod, kept": lambda x: (np.prod(x, axis=1, keepdims=True) * x).sum(),
    "logsumexp": lambda x: tg.logsumexp(x, axis=1).sum() ** 2,
    "log_softmax": lambda x: (tg.log_softmax(x) * x).sum(),
    "cross entropy": lambda x: tg.cross_entropy(x, [[0, 1, 3], [2, 2, 1]]),
    "relu": lambda x: (tg.relu(x) ** 2).sum(),
    "chosen log": lambda x: np.log(np.where(x > 0, x, 1)).sum(),
}
X = np.random.default_rng(3).uniform(-2, 2, (2, 3, 4))


def derivatives(f):
    return f(X), tg.grad(f)(X), tg.jvp(f, (X,), (np.cos(X),))[1], tg.grad(lambda x: (tg.grad(f)(x) * X).sum())(X)


EXPECTED = {name: derivatives(f) for name, f in FUNCTIONS.items()}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_ways_give_the_same(name, general_way):
    for got, want in zip(derivatives(FUNCTIONS[name]), EXPECTED[name]):
        np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


PRODUCTS = {
    "no zero": ([2.0, -3.0, 4.0], [-12.0, 8.0, -6.0]),
    "one zero": ([2.0, 0.0, 4.0], [0.0, 8.0, 0.0]),
    "two zeros": ([0.0, 0.0, 4.0], [0.0, 0.0, 0.0]),
    "overflow": ([1e200, 1e200, 2.0], [2e200, 2e200, np.inf]),
    "underflow": ([1e-200, 1e-200, 2.0], [2e-200, 2e-200, 0.0]),
    "subnormal on the way": ([1e-160, 1e-160, 1e160], [1.0, 1.0, 1e-320]),
    "subnormal": ([5e-324, 2.0], [2.0, 5e-324]),
    "a subnormal and a large one": ([3e-310, 1e300], [1e300, 3e-310]),
    "infinite": ([np.inf, 2.0], [2.0, np.inf]),
    "infinite and zero": ([np.inf, 0.0], [0.0, np.inf]),
}


@together(("values", "expected"), PRODUCTS)
def test_the_gradient_of_a_product(values, expected):
    x = np.array(values)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(tg.grad(np.prod)(x), expected, rtol=1e-14, atol=0)
        columns = [tg.jvp(np.prod, (x,), (unit,))[1] for unit in np.eye(len(x))]
    finite = np.isfinite(expected).all()
    np.testing.assert_allclose(columns if finite else expected, expected, rtol=1e-14, atol=0)


def test_a_large_cotangent_of_a_large_product():
    x = tg.Tensor([1e200, 0.5], requires_grad=True)
    x.prod().backward(1e200)
    assert x.grad.tolist() == [5e199, np.inf]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_products_fit_where_all_of_them_are_ordinary_numbers(dtype):
    tiny, largest = float(np.log(np.finfo(dtype).tiny)), float(np.log(np.finfo(dtype).max))
    assert shortcuts.products_fit(np.array([2, 0.5, -1], dtype))
    assert shortcuts.products_fit(np.ones(1000, dtype))
    assert not shortcuts.products_fit(np.array([2, 0], dtype))
    assert not shortcuts.products_fit(np.array([np.inf, 1], dtype))
    assert not shortcuts.products_fit(np.array([np.nan, 1], dtype))
    assert not shortcuts.products_fit(np.full(int(largest) + 1, np.e, dtype))
    assert not shortcuts.products_fit(np.full(int(-tiny) + 1, 1 / np.e, dtype))


@pytest.mark.parametrize("zero", [False, True])
def test_a_product_of_a_million_takes_a_few_calls(zero):
    values = np.exp(np.random.default_rng(0).normal(0, 1e-3, 10**6))
    values[-1] *= not zero
    x = tg.Tensor(values, requires_grad=True)
    y = x.prod()
    assert calls_in(y.backward) < 200
    others = np.prod(values[:-1])
    np.testing.assert_allclose(x.grad.data[-1], others, rtol=1e-9)
    np.testing.assert_allclose(x.grad.data[:-1], y.item() / values[:-1], rtol=1e-9)
