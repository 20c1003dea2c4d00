"""`step.loop`: samples, batches, epochs, orders, interruptions; and the training of a Network, which uses it."""

import _thread
import copy
import threading

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like.compiler.looping import Loop
from tinygrad_like.compiler.to_numpy import numpy_backend
from tinygrad_like.network import network as networks

from .test_compiling import pair, same, step_of

BACKENDS = ["numpy", "c"]
rng = np.random.default_rng(1)
XS, TS = rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
XOR = [[0, 0], [0, 1], [1, 0], [1, 1]], [[0], [1], [1], [0]]


@pytest.fixture(autouse=True)
def _short_loops_are_worth_it(monkeypatch):
    monkeypatch.setattr(numpy_backend, "WORTH", 1)


def close(backend):
    return {"rtol": 0 if backend == "numpy" else 1e-12, "atol": 0 if backend == "numpy" else 1e-13}


def near(one, other, backend):
    for p, q in zip(one.parameters(), other.parameters()):
        np.testing.assert_allclose(p.numpy(), q.numpy(), **close(backend))
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), **close(backend))


@together("backend", BACKENDS)
@together("rows", [None, 1, 3, 7, 20])
def test_a_loop_is_its_calls(backend, rows):
    (one, _, eager), (other, _, plain) = pair(tg.Adam)
    losses = tg.compile(plain, backend=backend).loop(XS, TS, epochs=3, batch_size=rows)
    places = list(range(7)) if rows is None else [slice(i, i + rows) for i in range(0, 7, rows)]
    expected = [[eager(XS[place], TS[place]).item() for place in places] for _ in range(3)]
    np.testing.assert_allclose(losses, expected, **close(backend))
    near(one, other, backend)


@pytest.mark.parametrize("rows", [None, 3])
def test_a_new_order_in_each_epoch(rows):
    (one, _, eager), (other, _, plain) = pair()
    tg.seed(5)
    losses = tg.compile(plain).loop(tg.Tensor(XS), TS, epochs=3, shuffle=True, batch_size=rows)
    tg.seed(5)
    for epoch in losses:
        order = tg.random.draws().permutation(7)
        xs, ts = XS[order], TS[order]
        items = range(7) if rows is None else [slice(i, i + rows) for i in range(0, 7, rows)]
        np.testing.assert_allclose(epoch, [eager(xs[i], ts[i]).item() for i in items], rtol=1e-12)
    near(one, other, None)


def test_gradients_that_are_not_cleared_add_up_in_a_loop():
    (one, _, _), (other, _, _) = pair()

    def add(model):
        def adding(x):
            loss = (model(x) ** 2).sum()
            loss.backward()
            return loss

        return adding

    eager = add(one)
    [eager(x) for _ in range(2) for x in XS]
    tg.compile(add(other), backend="numpy").loop(XS, epochs=2)
    same(one, other)


def test_a_step_without_a_loss():
    total = np.zeros(3)

    def step(x):
        np.add(total, x, out=total)

    losses = tg.compile(step).loop(XS, epochs=2)
    np.testing.assert_allclose(total, 2 * XS.sum(axis=0))
    assert np.isnan(losses).all()
    assert losses.shape == (2, 7)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"),
    [
        ((), {}, tg.ArgumentError, "arrays of samples"),
        ((XS, 3.0), {}, tg.ArgumentError, "arrays of samples"),
        ((XS, TS[:3]), {}, tg.ShapeError, "7 and 3"),
        ((XS[:0], TS[:0]), {}, tg.ArgumentError, "at least one sample"),
        ((XS, TS), {"epochs": -1}, tg.ArgumentError, "epochs must be"),
        ((XS, TS), {"epochs": 1.5}, tg.ArgumentError, "epochs must be"),
        ((XS, TS), {"batch_size": 0}, tg.ArgumentError, "batch_size must be"),
    ],
)
def test_refuses(arguments, options, error, message):
    (model, _, plain), _ = pair()
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(error, match=message):
        tg.compile(plain).loop(*arguments, **options)
    assert all((before[name].numpy() == each.numpy()).all() for name, each in model.state_dict().items())


def test_a_loss_must_be_one_number():
    with pytest.raises(tg.ShapeError, match="one number"):
        tg.compile(lambda x: x * 2).loop(XS)


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_interruption_leaves_the_state_of_some_step(backend):
    """The weights after Ctrl-C are those after as many calls as have a loss."""
    (one, _, eager), (other, _, plain) = pair()
    step = tg.compile(plain, backend=backend)
    step(XS[0], TS[0])
    eager(XS[0], TS[0])
    loop = Loop(step, (XS, TS), 10**6)
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        for _ in loop.chunks():
            pass
    assert 0 < loop.done < 7 * 10**6
    if backend == "numpy":
        for i in range(loop.done):
            eager(XS[i % 7], TS[i % 7])
        same(one, other)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_network_trains_the_same_compiled(backend, monkeypatch):
    monkeypatch.setattr(networks, "COMPILED", 1)
    monkeypatch.setattr(networks, "COMPILED_BY_C", 10**9 if backend == "numpy" else 1)
    compiled = tg.Network([2, 3, 1], "sigmoid", 0.5, seed=1)
    losses = compiled.train(*XOR, 60)
    monkeypatch.setattr(networks, "COMPILED", 10**9)
    eager = tg.Network([2, 3, 1], "sigmoid", 0.5, seed=1)
    np.testing.assert_allclose(losses, eager.train(*XOR, 60), **close(backend))
    near(compiled.model, eager.model, backend)
    assert compiled.history == losses


def test_a_compiler_that_fails_does_not_stop_a_network(monkeypatch, use, tmp_path):
    broken = tmp_path / "cc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    use(str(broken))
    monkeypatch.setattr(networks, "COMPILED", 1)
    monkeypatch.setattr(networks, "COMPILED_BY_C", 1)
    network = tg.Network([2, 3, 1], "sigmoid", 0.5, seed=1)
    assert len(network.train(*XOR, 5)) == 5


def test_an_activation_that_looks_at_values_trains_all_the_same(monkeypatch):
    monkeypatch.setattr(networks, "COMPILED", 1)
    both = []
    for _ in range(2):
        network = tg.Network([2, 3, 1], lambda x: np.tanh(x) if x.numpy().sum() > 0 else np.tanh(x) * 1, 0.5, seed=1)
        both.append(network.train(*XOR, 5))
        monkeypatch.setattr(networks, "COMPILED", 10**9)
    assert both[0] == both[1]


# -- loops inside the backend -----------------------------------------------------------------------


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_after_a_call_with_columns_first(backend):
    """The items lie row by row, whatever the layout of the argument for which the program was made."""
    w, data = np.arange(12.0).reshape(3, 4), np.random.default_rng(3).normal(size=(5, 3, 4))
    step = tg.compile(lambda x: (x * w).sum() + x[0, 1], backend=backend)
    step(np.asfortranarray(data[0]))
    losses = step.loop(data, epochs=2)
    np.testing.assert_allclose(losses, [[(x * w).sum() + x[0, 1] for x in data]] * 2, **close(backend))


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_error_in_the_middle_leaves_the_state_of_the_steps_before(backend):
    labels = np.array([[0, 1, 2, 1], [2, 2, 1, 0], [1, 0, 0, 0], [1, 1, 1, 9], [0, 0, 0, 0]])
    xs = np.random.default_rng(4).normal(size=(5, 4, 3))
    both = []
    for _ in range(2):
        model = tg.Linear(3, 3, seed=0)
        both.append((model, step_of(model, tg.SGD(model.parameters(), lr=0.1), tg.cross_entropy)))
    (one, eager), (other, plain) = both
    for x, t in zip(xs[:3], labels[:3]):
        eager(x, t)
    step = tg.compile(plain, backend=backend)
    kept = other(tg.Tensor(xs[0], requires_grad=True)).sum()
    for _ in range(2):
        with pytest.raises(tg.ArgumentError):
            step.loop(xs, labels)
        for p, q in zip(one.parameters(), other.parameters()):
            np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-12)
        for x, t in zip(xs[:3], labels[:3]):
            eager(x, t)
    with pytest.raises(tg.GraphError, match="overwritten"):
        kept.backward()


@pytest.mark.parametrize("backend", BACKENDS)
def test_kinds_of_items_and_losses(backend):
    total = np.zeros(1)

    def step(x, t):
        np.add(total, x, out=total)
        return (total * t).reshape(1, 1)

    def item(x):
        return x * total[0]

    xs, ts = np.arange(1.0, 6.0), np.random.default_rng(5).normal(size=(5, 1))
    losses = tg.compile(step, backend=backend).loop(xs, ts, epochs=2)
    totals = np.cumsum(np.tile(xs, 2)).reshape(2, 5)
    np.testing.assert_allclose(losses, totals * ts[:, 0], rtol=1e-13)
    for each in (xs, tg.Tensor(xs)):
        np.testing.assert_allclose(tg.compile(item, backend=backend).loop(each, epochs=3), [30 * xs] * 3)


def test_numpy_source_loops_by_itself(monkeypatch):
    (_, _, eager), (_, _, plain) = pair()
    step = tg.compile(plain, backend="numpy")
    losses = step.loop(XS, TS, epochs=4)
    assert list(step.last.run.loops) == [0]
    assert step.last.calls == 4 * 7
    np.testing.assert_array_equal(losses, [[eager(x, t).item() for x, t in zip(XS, TS)] for _ in range(4)])
    monkeypatch.setattr(numpy_backend, "WORTH", 100)
    short = tg.compile(plain, backend="numpy")
    short.loop(XS, TS, epochs=10)
    assert not short.last.run.loops
    short.loop(XS, TS, epochs=10)
    assert short.last.run.loops


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_loop_writes_into_its_data(backend):
    def step(x):
        np.multiply(x, 2, out=x)
        return x.sum()

    data = np.arange(12.0).reshape(4, 3)
    losses = tg.compile(step, backend=backend).loop(data, epochs=3)
    np.testing.assert_array_equal(data, np.arange(12.0).reshape(4, 3) * 8)
    np.testing.assert_array_equal(losses, [np.arange(12.0).reshape(4, 3).sum(axis=1) * 2**k for k in (1, 2, 3)])


def test_names_of_arguments_do_not_meet_those_of_the_loop():
    step = tg.compile(lambda items, _place, __kept: (items * _place + __kept).sum(), backend="numpy")
    data = np.random.default_rng(6).normal(size=(3, 5, 2))
    losses = step.loop(*data, epochs=2)
    assert list(step.last.run.loops) == [0]
    np.testing.assert_allclose(losses, [(data[0] * data[1] + data[2]).sum(axis=1)] * 2, rtol=1e-13)


@pytest.mark.parametrize("returned", [lambda x: (x.sum(), x), lambda x: {"loss": x.sum()}, lambda x: "text"])
def test_a_step_in_a_loop_returns_its_loss_alone(returned):
    with pytest.raises(tg.ArgumentError, match=r"returns its loss, but returned a (tuple|dict|str)"):
        tg.compile(returned).loop(XS)
