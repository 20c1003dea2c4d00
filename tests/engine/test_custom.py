"""Users' operations: what the decorator refuses, and what gradcheck finds."""

import pickle

import numpy as np
import pytest

import tinygrad_like as tg

X = np.array([0.5, -1.0])


@tg.operation(vjp=lambda g, x: g * 2 * x)
def squared(x):
    """x times x."""
    return x * x


def test_it_is_used_like_a_numpy_function():
    assert squared(X).tolist() == [0.25, 1.0]
    assert not isinstance(squared(X), tg.Tensor)
    assert tg.grad(lambda x: squared(x).sum())(X).tolist() == [1.0, -2.0]
    assert tg.gradcheck(squared, X)
    assert (squared.__name__, squared.__doc__) == ("squared", "x times x.")


@pytest.mark.parametrize("rule", [lambda g, *xs: list(xs), lambda g, **options: g])
def test_a_rule_names_what_it_needs(rule):
    with pytest.raises(tg.RuleError, match="given only what it names"):
        tg.operation(vjp=rule)(lambda *xs: sum(xs))


def test_it_pickles_by_its_name():
    assert pickle.loads(pickle.dumps(squared)) is squared


@pytest.mark.parametrize("wrong", [lambda x: (), lambda x: (x, "a"), lambda x: [x], lambda x: None])
def test_a_forward_that_gives_no_array(wrong):
    made = tg.operation(vjp=lambda g: g)(wrong)
    with pytest.raises(tg.RuleError, match="must return an array or a tuple of arrays, but returned"):
        made(tg.Tensor(X, requires_grad=True))
    with pytest.raises(tg.RuleError, match="must return an array or a tuple of arrays, but returned"):
        made(X)


def test_a_forward_that_changes_its_argument_is_refused():
    @tg.operation(vjp=lambda g: 2 * g)
    def doubled(x):
        x *= 2
        return x + 0.0

    x = tg.Tensor(np.ones(2), requires_grad=True)
    y = (x * x).sum()
    for given in (x, np.ones(2)):
        with pytest.raises(tg.RuleError, match="operation doubled writes into what it was given"):
            doubled(given)
    y.backward()
    assert (x.tolist(), x.grad.tolist()) == ([1, 1], [2, 2])


def test_buffers_that_a_users_code_keeps_are_not_shared():
    buffer, kept = np.zeros(2), np.zeros(2)
    rule = tg.operation(vjp=lambda g, x: np.multiply(g, 2, out=buffer))(lambda x: 2 * x)
    x, z = tg.Tensor(np.ones(2), requires_grad=True), tg.Tensor(np.ones(2), requires_grad=True)
    (rule(x) + 3 * rule(z)).sum().backward()
    assert (x.grad.tolist(), z.grad.tolist()) == ([2, 2], [6, 6])
    forward = tg.operation(vjp=lambda g: 2 * g)(lambda x: np.multiply(x, 2, out=kept))
    first, second = forward(np.ones(2)), forward(x * 5.0)
    assert (first.tolist(), second.tolist()) == ([2, 2], [10, 10])
    same = tg.operation(vjp=lambda g: g)(lambda x: x)
    assert not np.shares_memory(same(x).data, x.data)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("kind", [lambda a: np.ma.masked_array(a, mask=[1, 0]), np.matrix])
def test_kinds_of_array_that_are_not_taken_are_refused_from_users_code(kind):
    x = tg.Tensor(np.ones(2), requires_grad=True)
    with pytest.raises(tg.DTypeError, match="computes in another way"):
        tg.operation(vjp=lambda g: g)(lambda x: kind(x * 1.0))(x)
    y = tg.operation(vjp=lambda g: kind(g * 1.0))(lambda x: x * 1.0)(x)
    with pytest.raises(tg.DTypeError, match="computes in another way"):
        y.sum().backward()
    assert x.grad is None


def test_a_tensor_as_an_option():
    raised = tg.operation(vjp=lambda g, x, *, power: g * power * x ** (power - 1))(lambda x, *, power=2: x**power)
    x, power = tg.Tensor(X, requires_grad=True), tg.Tensor(3.0)
    raised(x, power=power).sum().backward()
    np.testing.assert_allclose(x.grad.data, 3 * X**2)
    power.requires_grad = True
    with pytest.raises(tg.LostGraphError, match="Giving it as an option"):
        raised(x, power=power)
    with tg.no_grad():
        np.testing.assert_allclose(raised(x, power=power).data, X**3)


def test_an_option_that_is_changed_afterwards():
    weighted = tg.operation(vjp=lambda g, *, weights: g * weights)(lambda x, *, weights=1: x * weights)
    for weights in (np.ones(2), [1.0, 1.0]):
        x = tg.Tensor(X, requires_grad=True)
        y = weighted(x, weights=weights)
        weights[0] = 5.0
        y.sum().backward()
        assert x.grad.tolist() == [1.0, 1.0]


def test_an_error_of_a_users_rule_stays_as_it_is():
    def rule(g):
        raise ValueError("no rule for today")

    y = tg.operation(vjp=rule)(lambda x: x * 1.0)(tg.Tensor(X, requires_grad=True))
    with pytest.raises(ValueError, match=r"^no rule for today$"):
        y.sum().backward()


def test_a_rule_cannot_write_into_tensors_either():
    def rule(g, x):
        x[0] = 5.0
        return g * 2 * x

    x = tg.Tensor(X.copy(), requires_grad=True)
    y = tg.operation(vjp=rule)(lambda x: x * x)(x)
    for recorded in (False, True):
        with tg.no_grad(), pytest.raises(tg.RuleError, match="writes into what it was given"):
            y.backward(np.ones(2), create_graph=recorded)
        assert x.tolist() == X.tolist()
