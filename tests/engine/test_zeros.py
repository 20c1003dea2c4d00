"""Exact zeros: what was not chosen contributes 0, through any kind of rule; poles have the same value in both modes."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together

BIG = np.array([1e200, 1e200, 1e200])
INFINITE = np.array([[np.inf], [1.0], [np.nan]])

# Functions of BIG whose rules overflow, each of another kind of rule.
UNSELECTED = {
    "prod": np.prod,
    "prod over an axis": lambda x: np.prod(x.reshape(1, 3), axis=1)[0],
    "mse": lambda x: tg.mse(x * x, np.zeros(3)),
    "cross entropy": lambda x: tg.cross_entropy((x * x).reshape(1, 3), [0]),
    "logsumexp": lambda x: tg.logsumexp(x * x),
    "norm": np.linalg.norm,
    "std": np.std,
    "matmul": lambda x: (x @ INFINITE)[0],
    "linear": lambda x: tg.linear(x, INFINITE.T)[0],
    "exp": lambda x: np.exp(x).sum(),
    "a user's": lambda x: overflows(x),
}


@tg.operation(vjp=lambda g, x: g * x * x * x)
def overflows(x):
    return np.sum(x * x)


CHOICES = {
    "where": lambda other, taken: np.where(True, taken, other),
    "minimum": lambda other, taken: np.minimum(np.where(np.isnan(other), np.inf, other), taken),
    "stack": lambda other, taken: np.stack([other, taken])[1],
    "concatenate": lambda other, taken: np.concatenate([other.reshape(1), taken.reshape(1)])[1:].sum(),
    "fmin": lambda other, taken: np.fmin(other, taken),
}


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("name", UNSELECTED)
@pytest.mark.filterwarnings("ignore")
def test_what_was_not_chosen_contributes_nothing(name, choice):
    other = UNSELECTED[name]

    def f(x):
        return CHOICES[choice](other(x), np.sum(x))

    if choice in ("minimum", "fmin") and not tg.Tensor(BIG).sum().item() < np.nan_to_num(other(BIG), nan=np.inf):
        pytest.skip("the other value is the smaller one")
    np.testing.assert_array_equal(tg.grad(f)(BIG), [1, 1, 1])
    np.testing.assert_array_equal(tg.jvp(f, (BIG,), (np.array([1.0, 0.0, 2.0]),))[1], 3)
    np.testing.assert_array_equal(tg.hessian(f)(BIG), np.zeros((3, 3)))


@pytest.mark.parametrize("name", ["prod", "std", "logsumexp", "max"])
def test_rows_of_a_reduction_that_were_not_chosen(name):
    f = {"prod": np.prod, "std": np.std, "logsumexp": tg.logsumexp, "max": np.max}[name]
    x = np.array([[1.0, 2.0, 4.0], [1e200, 1e200, -1e200]])
    alone = tg.grad(lambda row: f(row))(x[0])
    with np.errstate(all="ignore"):
        found = tg.grad(lambda x: np.where([True, False], f(x * np.array([[1.0], [1e100]]), axis=1), 0.0).sum())(x)
    np.testing.assert_allclose(found, [alone, np.zeros(3)], rtol=1e-14)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_masked_sample_that_is_not_finite_does_not_spoil_the_weights(bad):
    x = np.array([[1.0, 2.0], [bad, 3.0], [0.5, bad]])
    keep = np.array([True, False, False])
    layer = tg.Linear(2, 4, seed=0)

    def loss(layer, x, keep):
        with np.errstate(invalid="ignore"):
            return np.where(keep[:, None], np.tanh(layer(x)), 0.0).sum()

    loss(layer, x, keep).backward()
    found = [p.grad.numpy().copy() for p in layer.parameters()]
    layer.zero_grad()
    loss(layer, x[:1], keep[:1]).backward()
    for got, p in zip(found, layer.parameters()):
        np.testing.assert_allclose(got, p.grad.numpy(), rtol=1e-15)


@pytest.mark.filterwarnings("ignore")
def test_a_product_counts_only_what_is_not_zero():
    b = np.array([[np.inf, 2.0], [3.0, 4.0]])

    def f(a):
        return np.where([[False, True]], a @ b, 0.0).sum()

    np.testing.assert_array_equal(tg.grad(f)(np.ones((1, 2))), [[2.0, 4.0]])
    np.testing.assert_array_equal(tg.hessian(lambda a: f(a) ** 2)(np.ones(2)[None])[0, :, 0], [[8, 16], [16, 32]])
    assert tg.grad(lambda a: (a @ b)[0, 0])(np.ones((1, 2)))[0, 0] == np.inf


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("spoilt", ["x", "weight", "gradient"])
def test_the_edges_of_a_large_product_show_what_is_infinite(spoilt):
    rng = np.random.default_rng(0)
    x, weight, gradient = (rng.standard_normal(shape) for shape in ((4, 12, 30), (40, 30), (4, 12, 40)))
    for array in (x, weight, gradient):
        array[rng.random(array.shape) < 0.2] = 0
    {"x": x[1], "weight": weight, "gradient": gradient[2]}[spoilt][-2, -3] = np.inf
    x, weight = tg.Tensor(x, requires_grad=True), tg.Tensor(weight, requires_grad=True)
    tg.linear(x, weight).backward(gradient)
    for leaf, other, axis in ((x, weight.numpy(), 2), (weight, x.numpy()[..., None, :], (0, 1))):
        wanted = sum_of_products(gradient[..., None], other, axis)
        np.testing.assert_allclose(leaf.grad.numpy(), wanted, rtol=1e-12, atol=1e-12)


def sum_of_products(a, b, axis):
    """Σ a · b over the axes, where 0 times anything is 0."""
    return np.where((a == 0) | (b == 0), 0, a * b).sum(axis=axis)


# Where a pole meets a derivative of 0; the product is 0 by convention, from whichever side one comes.
POLES = {
    "log of a square": lambda x: np.log(x * x),
    "log of a power": lambda x: np.log(x**2),
    "1 / square": lambda x: 1 / (x * x),
    "reciprocal of a square": lambda x: np.reciprocal(np.square(x)),
    "root of a square": lambda x: np.sqrt(x * x),
    "square of a root": lambda x: np.sqrt(x) ** 2,
    "root of 1 - cos": lambda x: np.sqrt(1 - np.cos(x)),
    "power": lambda x: (x * x) ** 0.5,
    "norm by hand": lambda x: np.sqrt(np.sum(x * x)),
    "log of a product": lambda x: np.log((x * np.ones((1, 2))) @ np.zeros((2, 1)) + x * x),
    "log of a loss": lambda x: np.log(tg.mse(x, np.zeros(1))),
    "log of a difference": lambda x: np.log(np.cosh(x) - 1),
    "cancelling": lambda x: np.log(x * x) - 2 * np.log(x * x),
    "behind a choice": lambda x: np.where(x >= 0, np.log(x * x), 0.0),
}


@together("name", list(POLES))
@pytest.mark.filterwarnings("ignore")
def test_both_modes_agree_at_a_pole(name):
    f, x = POLES[name], np.zeros(1)
    y = f(x)
    forward = tg.jvp(f, (x,), (np.ones(1),))[1]
    backward = tg.vjp(f, x)[1](np.ones(np.shape(y)))[0]
    np.testing.assert_array_equal(np.ravel(forward), np.ravel(backward))
    assert backward == 0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("f", [np.log, np.sqrt, np.reciprocal, np.cbrt], ids=lambda f: f.__name__)
def test_a_pole_that_meets_no_zero_is_infinite_in_both_modes(f):
    backward = tg.grad(f)(0.0)
    assert np.isinf(backward)
    assert tg.jvp(f, (0.0,), (1.0,))[1] == backward


def test_a_cotangent_with_zeros_starts_a_careful_sweep():
    x = np.array([1.0, 2.0])

    def f(x):
        return np.stack([np.sum(x), np.prod(x * 1e200)])

    with np.errstate(all="ignore"):
        y, pullback = tg.vjp(f, x * 1e100)
        assert y[1] == np.inf
        np.testing.assert_array_equal(pullback(np.array([1.0, 0.0]))[0], [1, 1])
        np.testing.assert_array_equal(tg.jacobian(f)(x * 1e100)[0], [1, 1])


def test_what_is_infinite_and_was_chosen_stays_infinite():
    with np.errstate(all="ignore"):
        assert tg.grad(lambda x: np.where(True, np.prod(x), 0.0))(BIG).tolist() == [np.inf] * 3
        assert tg.grad(lambda w: np.where(True, w, 0.0) @ np.array([np.inf, 1.0]))(np.ones(2)).tolist() == [np.inf, 1]


def test_a_users_operation_with_several_results_that_all_receive_zero():
    triple = tg.operation(vjp=lambda g, x: g * (x * 1e200))(lambda x: 3 * x)
    x = np.array([1e200, 2.0])

    def f(x):
        return np.where(False, triple(x), x).sum()

    assert tg.grad(f)(x).tolist() == [1, 1]
    several = tg.operation(vjp=lambda g, x: np.sum(g * (x * 1e200)) * np.ones(2))(lambda x: 3 * x[::-1])
    assert tg.grad(lambda x: np.where(False, several(x), x).sum())(x).tolist() == [1, 1]


larger = tg.operation(vjp=(lambda g, a, b: g * (a >= b), lambda g, a, b: g * (a < b)))(lambda a, b: np.maximum(a, b))
fourth = tg.operation(vjp=lambda g, x: g * x * x * x)(lambda x: x**4 / 4)
root = tg.operation(vjp=lambda g, x: g / (2 * np.sqrt(x)))(lambda x: np.sqrt(x))


@pytest.mark.filterwarnings("ignore")
def test_a_users_operation_that_chooses():
    def f(x):
        return larger(x, -np.exp(x))

    assert tg.grad(f)(1000.0) == 1.0
    assert tg.jvp(f, (1000.0,), (1.0,))[1] == 1.0
    assert tg.grad(tg.grad(f))(1000.0) == 0.0


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("choice", CHOICES)
def test_a_users_operation_that_is_not_chosen_at_order_2(choice):
    def f(x):
        return CHOICES[choice](fourth(x), x * x)

    assert tg.grad(tg.grad(f))(1e150) == 2.0


AT_INFINITY = {
    "sqrt": lambda x: np.sqrt(x * x),
    "log": lambda x: np.log(x * x),
    "log2": lambda x: np.log2(x * x),
    "cbrt": lambda x: np.cbrt(x * x),
    "log1p": lambda x: np.log1p(x * x - 1),
    "arccosh": lambda x: np.arccosh(1 + x * x),
    "sigmoid": lambda x: tg.sigmoid(np.log(x * x)),
    "logaddexp": lambda x: np.logaddexp(np.log(x * x), 1.0),
    "std": lambda x: np.std(np.stack([x * x, x * x])),
    "a product": lambda x: np.sqrt(x * x * np.stack([x, 1 + x])).sum(),
}


@pytest.mark.filterwarnings("ignore")
@together("name", list(AT_INFINITY))
@together("x", [np.inf, -np.inf, 1e200])
def test_both_modes_agree_at_infinity(name, x):
    backward, forward = tg.grad(AT_INFINITY[name])(x), tg.jvp(AT_INFINITY[name], (x,), (1.0,))[1]
    np.testing.assert_array_equal(backward, forward)


@pytest.mark.filterwarnings("ignore")
def test_a_users_pole():
    f = lambda x: root(x * x)  # noqa: E731
    assert tg.grad(f)(0.0) == tg.jvp(f, (0.0,), (1.0,))[1] == 0.0


@pytest.mark.parametrize("function", [tg.log_softmax, tg.softmax])
def test_a_masked_row_of_a_softmax(function):
    x, keep = np.array([[1.0, 2.0], [np.nan, 3.0]]), np.array([[True], [False]])

    def loss(w, x, keep):
        return np.where(keep, function(x @ w), 0.0)[:, 0].sum()

    w = np.array([[0.5, 0.1], [0.2, 0.3]])
    expected = tg.grad(loss)(w, x[:1], keep[:1])
    assert np.isfinite(expected).all()
    np.testing.assert_allclose(tg.grad(loss)(w, x, keep), expected, rtol=1e-15)


@pytest.mark.filterwarnings("ignore")
def test_given_cotangents_of_zero_and_infinity():
    for start in (0.0, np.float64(0.0), [0.0]):
        x = tg.Tensor(1000.0 if np.ndim(start) == 0 else [1000.0], requires_grad=True)
        np.exp(x).backward(start)
        assert x.grad.item() == 0.0
    assert tg.vjp(lambda b: (b * np.array([0.0, 1.0])).sum(), np.ones(2))[1](np.inf)[0].tolist() == [0.0, np.inf]


def test_looking_for_infinities_warns_of_nothing():
    with np.errstate(over="raise"):
        assert np.isfinite(tg.log_softmax(np.full((2000, 2), 1e30, np.float32))).all()


@pytest.mark.parametrize(
    ("x", "cotangent"), [([np.nan, 1.0], [-1.0, 0.0]), ([np.nan, 1.0], [0.0, -1.0]), ([2.0, 2.0], [np.inf, 1.0])]
)
def test_what_is_not_finite_in_a_slice_stays_if_no_factor_of_it_is_zero(x, cotangent):
    found = tg.vjp(tg.log_softmax, np.array(x))[1](np.array(cotangent))[0]
    assert not np.isfinite(found).any()
