"""Cases that other frameworks got wrong, and their relatives: deep, wide and shared graphs, memory, writes.

Names such as "micrograd PR #64" say where a case was first reported.
"""

import contextlib
import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import Tensor
from tinygrad_like.engine.errors import GraphError, LostGraphError

from .test_known_failures import leaf

LONG = 25_000


@pytest.fixture
def no_collector():
    """With the collector off, only what is free of cycles is freed."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def chain(x, length=LONG):
    for _ in range(length):
        x = x + 1
    return x


# -- graphs ------------------------------------------------------------------------------------------


def test_a_node_shared_by_two_others():
    """micrograd PR #64: the gradient must be complete before it goes further down."""
    a = leaf(1.0)
    b = a + a
    (b + b).backward()
    assert a.grad.item() == 4.0
    a = leaf(1.0)
    b = a * 2
    c = b * 3
    (b * c + c).backward()
    assert a.grad.item() == 24 + 6


def test_two_leaves_of_equal_value():
    """tinygrad #9597: equal values are not the same leaf."""
    a, b = leaf(3.0), leaf(3.0)
    (a + b).backward()
    assert (a.grad.item(), b.grad.item()) == (1.0, 1.0)
    assert tg.grad(lambda x, y: x * x * y, (0, 1))(3.0, 3.0) == (18.0, 9.0)
    same = np.array([3.0])
    assert [part.item() for part in tg.grad(lambda x, y: (x * x * y).sum(), (0, 1))(same, same)] == [18.0, 9.0]
    assert len({a, b, a}) == 2


@together("f", [lambda x: x + x, lambda x: x * x, lambda x: x * np.ones(3), lambda x: x * 1])
@together("create_graph", [False, True])
def test_the_gradient_of_a_single_number_is_an_array_that_can_be_written_to(f, create_graph):
    """NumPy turns the sum of two 0-d arrays into a scalar, which cannot."""
    x = leaf(3.0)
    f(x).sum().backward(create_graph=create_graph)
    gradient = x.grad.detach()
    assert type(gradient.numpy()) is np.ndarray
    gradient[...] = 5.0
    gradient -= 1.0
    assert gradient.item() == 4.0


def test_a_deep_graph_needs_no_recursion():
    """micrograd PR #90."""
    x = leaf(0.0)
    chain(x).backward()
    assert x.grad.item() == 1.0
    assert tg.grad(chain)(0.0) == 1.0
    assert tg.jvp(chain, 0.0, 3.0) == (LONG, 3.0)
    assert tg.grad(tg.grad(lambda x: chain(x, LONG // 5) * x))(1.0) == 2.0


@pytest.mark.parametrize("step", [np.sin, lambda x: x * x, lambda x: np.stack([x, x])[0], lambda x: x[..., None][0]])
def test_other_deep_graphs(step):
    x = leaf(0.5)
    y = x[None] if step(np.ones(1)).ndim == 1 else x
    for _ in range(5_000):
        y = step(y)
    y.sum().backward(create_graph=True)
    assert np.isfinite(x.grad.item())


def test_the_end_of_a_deep_chain_is_freed_pickled_and_copied():
    """PyTorch #5534."""
    x = leaf(0.0)
    y = chain(x, 25_000)
    assert pickle.loads(pickle.dumps(y)).item() == 25_000
    copied = copy.deepcopy(y)
    copied.backward()
    assert (copied.item(), x.grad.item()) == (25_000, 1.0)
    assert repr(y)
    del y, copied


def doubled(x, times=1_000):
    for _ in range(times):
        x = x + x
    return x


def test_a_thousand_doublings_are_linear():
    """Any walk that visits a node once per path would never end: there are 2 ** 1000 paths."""
    x = leaf(1.0)
    doubled(x).backward(create_graph=True)
    assert x.grad.item() == 2.0**1000
    assert tg.grad(doubled)(1.0) == tg.jvp(doubled, 1.0, 1.0)[1] == tg.jacobian(doubled)(1.0) == 2.0**1000
    assert tg.grad(tg.grad(doubled))(1.0) == tg.jvp(tg.grad(doubled), 1.0, 1.0)[1] == 0.0
    assert tg.grad(lambda x: tg.grad(lambda y: doubled(y) * 2.0**-1000 * x)(x))(1.0) == 1.0
    assert copy.deepcopy(doubled(x)).item() == 2.0**1000


def test_a_gradient_in_every_step_of_a_loop():
    """Each step is itself a transform; nesting them one after the other must not multiply their costs."""

    def descend(x):
        for _ in range(60):
            x = x - 0.25 * tg.grad(lambda v: v * v + doubled(v, 30) * 0)(x)
        return x

    assert tg.grad(descend)(1.0) == pytest.approx(0.5**60)


def test_the_graph_does_not_grow_over_optimizer_steps(no_collector):
    """tinygrad-rs PR #3."""
    model = tg.Sequential(tg.Linear(2, 3, seed=0), tg.Tanh(), tg.Linear(3, 1, seed=1))
    optimizer = tg.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=0.01)
    x, t = np.ones((4, 2)), np.zeros((4, 1))

    def steps(count):
        for _ in range(count):
            optimizer.zero_grad()
            tg.mse(model(x), t).backward()
            optimizer.step()
        return len(gc.get_objects())

    few = steps(20)
    assert steps(1_000) - few < 20


@tg.operation(vjp=lambda g, y: g * y)
def keeps_its_result(x):
    return np.exp(x)


@tg.operation(vjp=lambda g, x, y: g * y / x)
def keeps_everything(x):
    return x * 1.0


def overwritten(y, x):
    x.detach()[0] = 9.0
    with contextlib.suppress(GraphError):
        y.backward()


def refused(y, x):
    with pytest.raises(LostGraphError):
        np.array([y, y])


USES = {
    "forward": lambda y, x: None,
    "backward": lambda y, x: y.backward(),
    "retain_graph": lambda y, x: y.backward(retain_graph=True),
    "create_graph": lambda y, x: y.backward(create_graph=True),
    "retain_grad": lambda y, x: (y.retain_grad(), y.backward(create_graph=True)),
    "second order": lambda y, x: (y.backward(create_graph=True), (x.grad * x.grad).sum().backward(create_graph=True)),
    "overwritten": overwritten,
    "refused": refused,
}


@together("use", USES)
@together("f", [keeps_its_result, keeps_everything, np.exp, tg.softmax, lambda x: np.std(x) * x[[0, 0]]])
def test_what_an_operation_saved_is_freed_without_the_collector(f, use, no_collector):
    """PyTorch #25340: an operation that saves its own result must not make a cycle."""
    x = leaf([1.0, 2.0])
    middle = f(x)
    array, y = weakref.ref(middle.numpy()), (middle * middle).sum()
    del middle
    use(y, x)
    x.grad = None
    del y
    assert array() is None


# -- in place ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("operand", [np.array([3.0]), np.ones((1, 2))[:, :1] * 3, np.array([3.0], np.float32)])
def test_an_array_that_its_owner_overwrites_after_it_was_saved(operand):
    """PyTorch PR #18523."""
    operand = operand.copy()
    x = leaf([2.0])
    y = x * operand
    operand[...] = 100.0
    y.sum().backward()
    assert x.grad.item() == 3.0


def memory_of(kind):
    values = np.array([3.0])
    shared = {
        "view": lambda: values[:],
        "subclass": lambda: values.view(type("Values", (np.ndarray,), {})),
        "memoryview": lambda: memoryview(values),
        "Matrix": lambda: tg.Matrix(1, 1, values),
    }[kind]()
    return values, shared


@pytest.mark.parametrize("kind", ["view", "subclass", "memoryview", "Matrix"])
def test_memory_that_is_shared_in_other_ways_is_copied_too(kind):
    values, shared = memory_of(kind)
    x = leaf([2.0])
    y = x * shared
    values[0] = 100.0
    y.sum().backward()
    assert x.grad.item() == 3.0


@together(
    ("f", "operand", "expected"),
    [
        (lambda x, a: x[a], [0, 0], [2.0, 0.0]),
        (lambda x, a: x[(a,)], [0, 0], [2.0, 0.0]),
        (lambda x, a: np.where(a, x, 0), [True, False], [1.0, 0.0]),
        (lambda x, a: tg.mse(x, a), [1.0, 1.0], [0.0, 1.0]),
        (lambda x, a: x @ a, [3.0, 4.0], [3.0, 4.0]),
        (lambda x, a: np.maximum(x, a), [0.0, 5.0], [1.0, 0.0]),
        (lambda x, a: x.reshape(a), [1, 2], [1.0, 1.0]),
        (lambda x, a: x[None].transpose(a)[:, 0] * [1.0, 5.0], [1, 0], [1.0, 5.0]),
        (lambda x, a: x**a, [1.0, 2.0], [1.0, 4.0]),
        (lambda x, a: tg.cross_entropy(np.stack([x, x]), a), [0, 0], [-0.73105858, 0.73105858]),
    ],
)
@together("make", [np.array, list])
def test_other_operands_that_are_overwritten(f, operand, expected, make):
    operand = make(operand)
    x = leaf([1.0, 2.0])
    y = f(x, operand)
    operand[0], operand[1] = operand[1], operand[0]
    operand[0] = operand[1]
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), expected)


@together("write", ["a[0] = 9", "a.data = [9, 9]", "a += 1", "a.detach()[0] = 9", "a[1:][0] = 9"])
@together("name", ["multiply", "divide", "matmul", "power"])
def test_a_tensor_that_is_overwritten_is_an_error_that_names_the_operation(name, write):
    x, a = leaf([2.0, 2.0]), Tensor([3.0, 4.0])
    y = getattr(np, name)(x, a)
    exec(write, {"a": a})
    with pytest.raises(GraphError, match=name):
        y.sum().backward()
    assert x.grad is None


def test_the_input_of_a_pullback_is_overwritten():
    x = np.array([2.0])
    _, pullback = tg.vjp(lambda x: x * x, x)
    x[0] = 100.0
    assert pullback(np.ones(1))[0].item() == 4.0


def test_the_results_of_a_transform_are_the_users_own():
    """They can be written to, and do not share memory with each other or with what was given."""
    for f in (np.sum, lambda x: x.sum() + 0.0, lambda x: (x + x).sum()):
        gradient = tg.grad(f)(np.ones(3))
        gradient *= 2
    a, b = tg.grad(lambda x, y: (x + y).sum(), (0, 1))(np.ones(3), np.ones(3))
    assert not np.shares_memory(a, b)
    cotangent = np.ones(3)
    _, pullback = tg.vjp(lambda x, y: x + y, np.ones(3), np.ones(3))
    a, b = pullback(cotangent)
    a[0] = 9.0
    assert (b.tolist(), cotangent.tolist()) == ([1, 1, 1], [1, 1, 1])


def test_a_running_sum_written_element_by_element_is_refused_of_an_ndarray():
    """HIPS autograd #13."""
    x, out = leaf([1.0, 2.0, 3.0]), np.zeros(3)
    with pytest.raises(ValueError, match="sequence") as caught:
        out[0] = x[0]
    assert isinstance(caught.value.__cause__, LostGraphError)


def test_a_running_sum_written_element_by_element():
    x = leaf([1.0, 2.0, 3.0])
    out = np.zeros_like(x)
    for i, each in enumerate(x):
        out[i] = out[i - 1] + each
    out.sum().backward()
    assert (out.tolist(), x.grad.tolist()) == ([1.0, 3.0, 6.0], [3.0, 2.0, 1.0])


def test_a_running_sum_by_stack():
    x = leaf([1.0, 2.0, 3.0])
    total, sums = 0.0, []
    for each in x:
        total = total + each
        sums.append(total)
    np.stack(sums).sum().backward()
    assert x.grad.tolist() == [3.0, 2.0, 1.0]
