"""The reverse sweep: accumulation, freeing, errors, higher orders, depth, memory."""

import gc
import weakref

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tinygrad_like import Tensor
from tinygrad_like.engine.errors import GraphError, RuleError


def gradient_of(f, *values, dtype=float):
    xs = [leaf(value, dtype) for value in values]
    f(*xs).sum().backward()
    return [x.grad.numpy() for x in xs]


@pytest.fixture
def no_collector():
    """With the collector off, only what is free of cycles is freed."""
    gc.disable()
    yield
    gc.enable()


def test_backward_adds_to_grad():
    x = leaf([1.0, 2.0])
    for _ in range(3):
        (x * x).sum().backward()
    assert x.grad.tolist() == [6.0, 12.0]


def test_a_kept_gradient_does_not_change():
    x = leaf([1.0, 2.0])
    (x * x).sum().backward()
    kept = x.grad
    (x * x).sum().backward()
    assert kept.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: x + x, 2.0),
        (lambda x: x * x * x, 12.0),
        (lambda x: x - x, 0.0),
        (lambda x: (x * x) + (x * x) * x, 16.0),
        (lambda x: np.stack([x, x, 2 * x]), 4.0),
        (lambda x: +x + +x, 2.0),
    ],
)
def test_a_value_used_twice_gets_both_gradients(f, expected):
    assert gradient_of(f, 2.0) == [expected]


def test_the_gradients_of_two_leaves_do_not_share_memory():
    a, b = leaf([1.0]), leaf([1.0])
    (a + b).sum().backward()
    a.grad[0] = 7.0
    assert b.grad.tolist() == [1.0]


def test_the_gradient_does_not_share_memory_with_what_was_given():
    x, given = leaf([1.0, 2.0]), np.ones(2)
    (+x).backward(given)
    given[:] = 5.0
    assert x.grad.tolist() == [1.0, 1.0]


def test_a_shared_node_is_visited_once():
    visits = []

    def rule(g):
        visits.append(1)
        return g

    @tg.operation(vjp=rule)
    def once(x):
        return np.array(x)

    h = once(leaf(1.0))
    (h * 2 + h * 3 + h * h).backward()
    assert len(visits) == 1


def test_doubling_a_thousand_times_is_linear():
    x = leaf(1.0)
    y = x
    for _ in range(1000):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**1000


def test_retain_grad_keeps_the_gradient_of_a_result():
    x = leaf(3.0)
    h = x * x
    h.retain_grad()
    (h * h).backward()
    assert (h.grad.item(), x.grad.item()) == (18.0, 108.0)


def test_the_gradient_of_a_result_is_not_kept_without_it():
    h = leaf(3.0) * 2
    (h * h).backward()
    with pytest.warns(UserWarning, match="retain_grad"):
        assert h.grad is None


@together(
    ("left", "right"),
    [((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2, 3)), ((1, 1, 1), (2,)), ((4, 1, 3), (2, 1)), ((0, 2), (1,))],
)
@together("swap", [False, True])
def test_a_cotangent_is_summed_back_where_numpy_broadcast(left, right, swap):
    a, b = (np.full(shape, 2.0) for shape in ((right, left) if swap else (left, right)))
    ga, gb = gradient_of(np.multiply, a, b)
    uses = np.broadcast(a, b).size
    np.testing.assert_array_equal(ga, np.full(a.shape, 2.0 * uses / max(a.size, 1)))
    np.testing.assert_array_equal(gb, np.full(b.shape, 2.0 * uses / max(b.size, 1)))


FLOAT32 = [
    lambda x: x * 2.0 + 1,
    lambda x: 2.0 / x - x**2 + x**0.5,
    lambda x: np.sin(x) * x.mean() + np.where(x > 1, x, 0) * (x @ x),
    lambda x: x.std() + np.linalg.norm(x),
    lambda x: tg.softmax(x) * tg.sigmoid(x) + tg.relu(x),
    lambda x: x[[0, 0, 1]] * np.maximum(x, 1.5)[:1],
]


@pytest.mark.parametrize("f", FLOAT32)
def test_float32_stays_float32(f):
    x = leaf([1.0, 2.0, 3.0], np.float32)
    y = f(x)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)


def test_a_rule_sees_the_dtype_of_its_result():
    seen = []

    @tg.operation(vjp=lambda g: seen.append(g.dtype) or g)
    def single(x):
        return np.array(x)

    single(leaf([1.0, 2.0], np.float32)).backward([1.0, 2.0])
    single(leaf(1.0, np.float32)).backward()
    assert seen == [np.float32, np.float32]


def test_each_gradient_has_the_dtype_of_its_leaf():
    a, b = leaf([1.0], np.float32), leaf([2.0], np.float64)
    (a * b).sum().backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float32, np.float64)


@pytest.mark.parametrize("given", [[1, 2], np.array([1.0, 2.0], np.float32), Tensor([1.0, 2.0])])
def test_a_given_gradient_can_be_anything_of_the_right_shape(given):
    x = leaf([1.0, 1.0])
    (x * 3).backward(given)
    assert (x.grad.tolist(), x.grad.dtype) == ([3.0, 6.0], np.float64)


SINGULAR = {
    "sqrt": (lambda x: np.where(x >= 0, x, np.sqrt(-x)), [1.0, 0.0, -4.0], [1.0, 1.0, -0.25]),
    "log": (lambda x: np.where(x > 0, np.log(x), 0.0), [2.0, 0.0], [0.5, 0.0]),
    "divide": (lambda x: np.where(x != 0, 1 / x, 0.0), [2.0, 0.0], [-0.25, 0.0]),
    "power": (lambda x: np.where(x > 0, x**0.5, 0.0), [4.0, 0.0], [0.25, 0.0]),
    "arcsin": (lambda x: np.where(abs(x) < 1, np.arcsin(x), x), [0.0, 1.0], [1.0, 1.0]),
    "norm": (np.linalg.norm, [0.0, 0.0], [0.0, 0.0]),
    "std": (np.std, [3.0, 3.0], [0.0, 0.0]),
}


@pytest.mark.parametrize(("f", "x", "expected"), SINGULAR.values(), ids=SINGULAR)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value)")
def test_a_pole_that_is_not_chosen_has_no_gradient(f, x, expected):
    np.testing.assert_allclose(gradient_of(f, x)[0], expected)


@pytest.mark.parametrize(("f", "x", "expected"), SINGULAR.values(), ids=SINGULAR)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value)")
def test_nor_a_forward_or_second_derivative(f, x, expected):
    x = np.array(x)
    np.testing.assert_allclose(tg.jvp(lambda t: f(t).sum(), (x,), (np.ones(x.shape),))[1], sum(expected))
    assert np.isfinite(tg.hessian(lambda t: (f(t) ** 2).sum())(x)).all()


def test_a_zero_times_a_pole_has_finite_second_derivatives_too():
    assert tg.grad(tg.grad(lambda x: x * x * np.sqrt(x)))(0.0) == 0.0


def test_a_zero_cotangent_alone_masks_nothing():
    assert tg.grad(tg.grad(lambda x: np.log(x) ** 2))(1.0) == 2.0


@pytest.mark.filterwarnings("ignore:divide by zero")
def test_a_pole_that_is_chosen_is_infinite():
    assert gradient_of(np.sqrt, 0.0) == [np.inf]
    assert tg.jvp(np.sqrt, (0.0,), (1.0,))[1] == np.inf


@pytest.mark.parametrize("f", [lambda x: x * x, lambda x: x + 1, lambda x: np.concatenate([x, x]), np.exp])
def test_a_second_backward_on_a_freed_graph_is_an_error(f):
    y = f(leaf([1.0, 2.0])).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(GraphError, match=r"freed.*\n.*retain_graph=True"):
        y.backward()


@pytest.mark.parametrize("f", [lambda x: x * x, np.exp])
def test_a_freed_part_shared_by_another_result_is_an_error(f):
    h = f(leaf([1.0, 2.0]))
    first, second = h.sum(), (h * 2).sum()
    first.backward()
    with pytest.raises(GraphError, match="freed"):
        second.backward()


@pytest.mark.parametrize("f", [lambda x: x + 1, lambda x: x.reshape(2, 1), lambda x: np.concatenate([x, x])])
def test_a_shared_part_that_saves_no_values_can_be_swept_again(f):
    x = leaf([1.0, 2.0])
    h = f(x)
    first, second = h.sum(), (h * 2).sum()
    first.backward()
    second.backward()
    assert x.grad.tolist() == [3.0 * h.size / 2] * 2


def test_an_overwritten_argument_is_an_error_that_names_the_operation():
    x = leaf([1.0, 2.0])
    y = np.sin(x).sum()
    x.data -= 1.0
    with pytest.raises(GraphError, match=r"sin saved.*overwritten"):
        y.backward()
    assert x.grad is None


def test_an_overwritten_result_is_an_error():
    x = leaf([1.0, 2.0])
    h = np.exp(x)
    h.detach()[0] = 5.0
    with pytest.raises(GraphError, match="exp"):
        h.sum().backward()


def test_overwriting_what_no_rule_needs_is_fine():
    x = leaf([1.0, 2.0])
    y = (x + 1).sum()
    x.data = [7.0, 7.0]
    y.backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_an_array_that_a_rule_saves_can_be_changed_by_its_owner():
    x, factor, index = leaf([1.0, 2.0]), np.array([3.0, 4.0]), np.array([0, 1])
    y = (x * factor)[index].sum()
    factor[:] = index[:] = 0
    y.backward()
    assert x.grad.tolist() == [3.0, 4.0]


def test_no_grad_is_changed_when_backward_fails():
    def broken(g):
        raise ZeroDivisionError

    @tg.operation(vjp=broken)
    def unlucky(x):
        return np.array(x)

    a, b = leaf(1.0), leaf(2.0)
    a.grad = 5.0
    y = a * 2 + unlucky(b) + b
    with pytest.raises(ZeroDivisionError):
        y.backward()
    assert (a.grad.item(), b.grad) == (5.0, None)


def test_create_graph_to_the_third_order():
    x = leaf(2.0)
    derivatives = [x**5]
    for _ in range(3):
        x.grad = None
        derivatives[-1].backward(create_graph=True)
        derivatives.append(x.grad)
    assert [d.item() for d in derivatives] == [32.0, 80.0, 160.0, 240.0]


def test_a_gradient_penalty():
    w, x = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    (w * x * x).sum().backward(create_graph=True)
    penalty = (x.grad * x.grad).sum()
    w.grad = None
    penalty.backward()
    np.testing.assert_allclose(w.grad.numpy(), 8 * w.data * x.data**2)


def test_a_rule_that_ignores_the_cotangent_can_be_recorded():
    @tg.operation(vjp=lambda g, x: np.zeros(x.shape))
    def step(x):
        return np.floor(x)

    x = leaf([1.5])
    (x * x + step(x)).sum().backward(create_graph=True)
    assert x.grad.tolist() == [3.0]


WRONG = {
    "too short": (lambda g: g[:1], r"shape \(1,\) for an argument of shape \(2,\)"),
    "a number": (lambda g: 3.0, r"shape \(\) for an argument of shape \(2,\)"),
    "transposed": (lambda g: g[:, None] * np.ones(3), r"shape \(2, 3\) for an argument of shape \(2,\)"),
    "None": (lambda g: None, "None"),
    "text": (lambda g: "g", "'g'"),
    "a function": (lambda g: len, "<built-in"),
    "an array of text": (lambda g: np.array(["a", "b"]), ""),
    "an array of objects": (lambda g: np.array([None, None]), ""),
}


@together(("rule", "message"), WRONG)
def test_a_wrong_cotangent_is_an_error_of_the_rule(rule, message):
    @tg.operation(vjp=rule)
    def mine(x):
        return x * 1.0

    x = leaf([1.0, 2.0])
    with pytest.raises(RuleError, match=f"rule of mine returned {message}"):
        mine(x).sum().backward()
    assert x.grad is None


def test_a_rule_that_returns_its_argument_does_not_write_into_it():
    @tg.operation(vjp=lambda g, x: x)
    def half_square(x):
        return x * x / 2

    x = leaf([1.0, 2.0])
    (half_square(x) + half_square(x)).sum().backward()
    assert x.tolist() == [1.0, 2.0]


def test_a_long_chain_needs_no_recursion_and_is_freed_at_once(no_collector):
    x = leaf(1.0)
    y = x
    for _ in range(50_000):
        y = y + 0.0
    y.backward()
    last = weakref.ref(y)
    del y
    assert (x.grad.item(), last()) == (1.0, None)


def test_a_long_chain_can_be_freed_without_backward(no_collector):
    x = leaf([1.0])
    first = np.exp(x)
    saved = weakref.ref(first.data)
    y = first
    del first
    for _ in range(50_000):
        y = y * 1.0
    del y
    assert saved() is None


CYCLE_FREE = {
    "backward": lambda y, x: y.backward(),
    "retain_graph": lambda y, x: y.backward(retain_graph=True),
    "retain_grad": lambda y, x: (y.retain_grad(), y.backward(create_graph=True), setattr(x, "grad", None)),
    "transform": lambda y, x: tg.grad(lambda t: (t * y).sum())(x),
}


@pytest.mark.parametrize("use", CYCLE_FREE.values(), ids=CYCLE_FREE)
def test_a_graph_has_no_cycles(use, no_collector):
    x = leaf([1.0, 2.0])
    h = np.exp(x)
    y = (h * h).sum()
    use(y, x)
    kept = [weakref.ref(each) for each in (x, h, h.data, y)]
    del x, h, y
    assert not any(each() for each in kept)


def test_backward_frees_what_the_graph_saved():
    h = np.exp(leaf([1.0, 2.0]))
    saved = weakref.ref(h.data)
    y = h.sum()
    del h
    y.backward()
    assert saved() is None


def test_a_rule_with_an_axis_too_many_is_an_error():
    @tg.operation(vjp=lambda g: np.stack([g, g]))
    def mine(x):
        return x * 2

    with pytest.raises(tg.RuleError, match=r"shape \(2, 2\) for an argument of shape \(2,\)"):
        mine(leaf([1.0, 2.0])).sum().backward()
