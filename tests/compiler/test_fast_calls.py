"""The fast way of a call: what it takes, what it refuses, and what it leaves behind."""

import copy
import pickle
import types
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_like as tg
from tests.compiler.test_compiling import pair
from tinygrad_like.compiler.runner import MISS
from tinygrad_like.engine.recording import observer
from tinygrad_like.tree import leaves

each_backend = pytest.mark.parametrize("backend", ["numpy", "c"])
scale = 1.0
X, T = np.random.default_rng(0).normal(size=(4, 3)), np.random.default_rng(1).normal(size=(4, 2))


def warm(function, backend, *args):
    """The function compiled, and called once."""
    step = tg.compile(function, backend=backend)
    step(*args)
    return step


def is_fast(step, *args):
    return step.quick(args) is not MISS


@each_backend
def test_the_fast_way_leads_to_the_same(backend):
    (one, first, eager), (other, second, plain) = pair(tg.Adam)
    step = warm(plain, backend, X, T)
    eager(X, T)
    for i in range(6):
        if i == 2:
            first.lr = second.lr = 0.3
        if i == 4:
            one.parameters()[0].grad = other.parameters()[0].grad = None
        assert is_fast(step, X, T)
        step(X, T)
        eager(X, T)
        eager(X, T)
    for p, q in zip(one.parameters(), other.parameters()):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-10)
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-8, atol=1e-12)


@each_backend
def test_arguments_of_other_kinds_are_refused(backend):
    step = warm(lambda x: x * 2 + 1, backend, X)
    floats = {
        "another shape": X[:2],
        "fewer axes": X[0],
        "another dtype": X.astype(np.float32),
        "integers": X.astype(int),
    }
    others = {"a Tensor": tg.Tensor(X), "an axis more": X[None], "a masked array": np.ma.array(X), "a number": 3.0}
    for name, each in (floats | others).items():
        assert not is_fast(step, each), name
        assert not is_fast(step, each, each), name
        if backend == "c":
            continue
        got, wanted = step(each), each * 2 + 1
        assert type(got) is type(wanted), name
        np.testing.assert_array_equal(np.asarray(got), np.asarray(wanted), err_msg=name)
        assert np.asarray(got).dtype == np.asarray(wanted).dtype, name
        step(X)
    assert not is_fast(step, tg.Tensor(X, requires_grad=True))


@each_backend
def test_layouts_and_owners_of_memory(backend):
    step = warm(lambda x: x.sum(axis=0) * 2, backend, X)
    big = np.random.default_rng(2).normal(size=(8, 6))
    arrays = {
        "columns": big[:4, 1:4],
        "every second row": big[::2, :3],
        "backwards": X[::-1],
        "columns first": np.asfortranarray(X),
        "of bytes": np.frombuffer(X.tobytes()).reshape(4, 3),
        "read-only": np.broadcast_to(X[0], (4, 3)),
        "not aligned": np.frombuffer(b"0" + X.tobytes(), np.uint8)[1:].view(np.float64).reshape(4, 3),
        "unpickled": pickle.loads(pickle.dumps(X)),
        "copied": copy.deepcopy(X),
        "a view of a view": big[1:5][:, :3],
    }
    for name, each in arrays.items():
        assert is_fast(step, each), name
        np.testing.assert_allclose(step(each), each.sum(axis=0) * 2, rtol=1e-14, err_msg=name)


@each_backend
def test_arguments_that_share_memory_with_what_is_written(backend):
    """A program computes the sum of its argument once, since it knows that nothing writes to it."""

    def made():
        memory = np.arange(1.0, 9.0)
        w = tg.Tensor(memory[2:6])

        def function(x):
            first = (x * 2).sum()
            tg.assign(w, w * 0.5 + x)
            return first + (x * 2).sum() * 10

        return memory, function

    memory, plain = made()
    step = warm(plain, backend, np.ones(4))
    assert is_fast(step, np.ones(4))
    other, eager = made()
    eager(np.ones(4)), eager(np.ones(4))
    for place in (slice(2, 6), slice(0, 4), slice(4, 8), slice(1, 8, 2), slice(7, 3, -1), slice(3, None, -1)):
        np.testing.assert_allclose(step(memory[place]), eager(other[place]), rtol=1e-12)
        np.testing.assert_allclose(memory, other, rtol=1e-12)
        np.testing.assert_allclose(step(np.ones(4)), eager(np.ones(4)), rtol=1e-12)


@each_backend
def test_a_result_is_memory_of_its_own(backend):
    step = warm(lambda x: (x * 2).sum(), backend, tg.Tensor(X))
    first, second = step(tg.Tensor(X)), step(tg.Tensor(X))
    assert type(first) is tg.Tensor
    assert (first.name, first.grad, first.requires_grad) == (None, None, False)
    first.data = 7.0
    first.name = "mine"
    first.requires_grad = True
    third = step(tg.Tensor(X))
    assert second.item() == third.item() == (X * 2).sum()
    assert (third.name, third.grad, third.requires_grad) == (None, None, False)


@each_backend
def test_what_is_returned(backend):
    x = np.arange(3.0)
    functions = [
        lambda x: (x + 1, [x.sum(), None, "text"], {"a": tg.Tensor(x) * 2}, x[1:], tg.Tensor(x)[1] * 2),
        lambda x: x + 1,
        lambda x: tg.Tensor(x).sum(),
        lambda x: None,
        lambda x: x.sum(),
        lambda x: x[1:],
        lambda x: 3,
    ]
    for function in functions[: 3 if backend == "c" else None]:
        step = warm(function, backend, x)
        assert is_fast(step, x)
        got, wanted = leaves(step(x)), leaves(function(x))
        assert list(map(type, got)) == list(map(type, wanted))
        for one, other in zip(got, wanted):
            assert np.array_equal(one, other) if isinstance(other, (np.ndarray, tg.Tensor)) else one == other


def test_recording_and_observers_take_other_ways():
    w = tg.Tensor([1.0, 2.0, 3.0], requires_grad=True)
    traced = []

    def function(x):
        traced.append(1)
        return (x * w).sum().requires_grad * 1.0 + (x * w).sum().detach()

    step = warm(function, "numpy", X)
    count = len(traced)
    recorded = step(X).item()
    with tg.no_grad():
        assert not is_fast(step, X)
        bare = step(X).item()
        assert is_fast(step, X)
    assert recorded == pytest.approx(bare + 1)
    assert not is_fast(step, X)
    assert len(traced) > count
    step(X)
    count = len(traced)
    told = []
    token = observer.set(lambda *operation: told.append(operation))
    try:
        assert not is_fast(step, X)
        step(X)
    finally:
        observer.reset(token)
    assert told
    assert len(traced) == count + 1
    assert step(X).item() == recorded


def test_a_leaf_that_is_switched_off_and_on():
    (one, _, eager), (other, _, plain) = pair()
    step = warm(plain, "numpy", X, T)
    eager(X, T)
    for value in (False, True):
        one.parameters()[0].requires_grad = other.parameters()[0].requires_grad = value
        assert not is_fast(step, X, T)
        for _ in range(2):
            step(X, T)
            eager(X, T)
    assert is_fast(step, X, T)
    eager(X, T)
    for p, q in zip(one.parameters(), other.parameters()):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-11)


def test_methods_and_floats_take_the_fast_way():
    class Trainer:
        def __init__(self, factor):
            self.factor = factor

        def step(self, x, by):
            return x * self.factor * by

        compiled = tg.compile(step, backend="numpy")

    one, other = Trainer(2.0), Trainer(3.0)
    one.compiled(X, 0.5)
    assert is_fast(Trainer.compiled, one, X, 0.25)
    assert not is_fast(Trainer.compiled, other, X, 0.25)
    assert not is_fast(Trainer.compiled, one, X, 1)
    for trainer, by in ((one, 0.25), (other, 4.0), (one, 2.0), (other, 0.125)):
        np.testing.assert_array_equal(trainer.compiled(X, by), X * trainer.factor * by)


@pytest.mark.filterwarnings("ignore:.*compiled for the")
def test_variables_and_containers_around_the_function():
    factors, named, shift = [1.0], {"a": 2.0}, 0.0
    space = {"scale": 2.0}

    def function(x):
        for each in (*factors, *named.values()):
            x = x * each
        return x * scale + shift

    plain = types.FunctionType(function.__code__, space, "function", None, function.__closure__)
    step = warm(plain, "numpy", X)

    def check():
        assert not is_fast(step, X)
        for _ in range(2):
            np.testing.assert_allclose(step(X), plain(X), rtol=1e-14)
        assert is_fast(step, X)

    factors.append(3.0)
    check()
    factors[0] = 4.0
    check()
    named["b"] = 5.0
    check()
    shift = 1.0
    check()
    space["scale"] = 3.0
    check()
    factors.extend([1.0] * 30)
    check()
    factors[20] = 2.0
    check()
    del space["scale"]
    with pytest.raises(NameError):
        step(X)
    space["scale"] = 3.0
    cell = plain.__closure__[plain.__code__.co_freevars.index("shift")]
    del cell.cell_contents
    with pytest.raises(NameError):
        step(X)


def test_small_steps_in_threads_do_not_mix():
    step = warm(lambda x: np.exp(x) * 2 + x, "c", X)
    inputs = [np.full((4, 3), float(i)) for i in range(3)]
    wanted = [np.exp(x) * 2 + x for x in inputs]

    def work(i):
        return sum(np.allclose(step(inputs[i]), wanted[i], rtol=1e-12, atol=0) for _ in range(400))

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(work, range(3))) == [400] * 3


@each_backend
def test_graphs_of_before_hear_of_what_is_written(backend):
    _, (other, _, plain) = pair()
    step = warm(plain, backend, X, T)
    assert is_fast(step, X, T)
    kept = (other(tg.Tensor(X)) ** 2).sum()
    step(X, T)
    with pytest.raises(tg.GraphError, match="overwritten"):
        kept.backward()


def test_a_function_may_be_defined_before_what_it_refers_to():
    space = {"tg": tg}
    exec("@tg.compile\ndef step(x):\n    return x * by", space)
    for by in (2.0, 2.0, 3.0, 3.0, 2.0):
        space["by"] = by
        np.testing.assert_array_equal(space["step"](X), X * by)
    assert len(space["step"].programs) == 2


@each_backend
def test_a_function_without_arguments(backend):
    total = tg.Tensor(np.zeros(3))
    step = warm(lambda: tg.assign(total, total + 1.0), backend)
    for _ in range(3):
        assert is_fast(step)
    np.testing.assert_array_equal(total.numpy(), [4.0] * 3)
    assert not is_fast(step, X)
