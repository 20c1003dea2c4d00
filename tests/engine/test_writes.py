"""Writes into what a rule has saved: seen, whoever writes and whichever part; and no false alarm."""

import sys
import threading

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf
from tinygrad_like.engine.writes import clock, writes


def saved(buffer):
    """A loss whose rule keeps all of `buffer`."""
    w = leaf(np.ones(np.shape(buffer)))
    return w, (w * buffer).sum()


WRITERS = {
    "copyto": lambda t: np.copyto(t, 100.0),
    "copyto by name": lambda t: np.copyto(dst=t, src=np.full(t.shape, 3.0)),
    "copyto where": lambda t: np.copyto(t, 100.0, where=np.arange(6).reshape(2, 3) == 4),
    "put": lambda t: np.put(t, [1, 2], 7.0),
    "place": lambda t: np.place(t, np.ones(t.shape, bool), [9.0]),
    "putmask": lambda t: np.putmask(t, np.ones(t.shape, bool), 9.0),
    "put_along_axis": lambda t: np.put_along_axis(t, np.array([[0], [1]]), 9.0, axis=1),
    "fill_diagonal": lambda t: np.fill_diagonal(t, 9.0),
    "add.at": lambda t: np.add.at(t, (0, [1, 1]), 2.0),
    "negative.at": lambda t: np.negative.at(t, (0, 1)),
    "a ufunc's out": lambda t: np.multiply(t, 3.0, out=t),
    "a function's out": lambda t: np.clip(np.ones(t.shape), 5.0, 6.0, out=t),
    "nan_to_num": lambda t: (t.__setitem__((0, 0), np.nan), np.nan_to_num(t, copy=False)),
    "nan_to_num by position": lambda t: (t.__setitem__((0, 0), np.nan), np.nan_to_num(t, False)),
    "out by position": lambda t: np.round(t * 3.3, 0, t),
    "out of take": lambda t: np.take(np.arange(6.0), np.arange(6).reshape(2, 3), None, t),
    "True": lambda t: t.__setitem__(True, 9.0),
    "a mask": lambda t: t.__setitem__(np.ones(t.shape, bool), 9.0),
    "a list": lambda t: t.__setitem__([0, 1], 9.0),
    "None": lambda t: t.__setitem__(None, 9.0),
    "ellipsis": lambda t: t.__setitem__(..., 9.0),
    "a view": lambda t: t.detach().__setitem__((0, 1), 9.0),
    "a transposed view": lambda t: t.detach().T.__setitem__((1, 0), 9.0),
    "augmented": lambda t: t.__iadd__(1.0),
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", ["constant", "leaf"])
def test_a_write_is_seen(name, kind):
    t = tg.Tensor(np.ones((2, 3)), requires_grad=kind == "leaf")
    other, y = saved(t)
    with tg.no_grad():
        WRITERS[name](t)
    assert (t.data != 1).any(), "nothing was written"
    with pytest.raises(tg.GraphError, match="overwritten"):
        y.backward()
    assert other.grad is None


@pytest.mark.parametrize("name", [n for n in WRITERS if n not in ("a view", "a transposed view", "augmented")])
def test_what_is_in_the_graph_cannot_be_written_to(name):
    x = leaf(np.ones((2, 3)))
    result = x * 2.0
    with tg.no_grad(), pytest.raises(tg.GraphError, match="cannot be written to"):
        WRITERS[name](result)
    assert (result.data == 2).all()


@pytest.mark.parametrize(
    "write",
    [
        lambda into, t: np.copyto(into, t),
        lambda into, t: np.put(into, [0], t),
        lambda into, t: np.add.at(into, [0], t),
        lambda into, t: np.putmask(into, into > 0, t),
        lambda into, t: np.place(into, into > 0, t),
    ],
)
def test_writing_something_recorded_into_an_ndarray_is_refused(write):
    into, t = np.ones(2), leaf([5.0])
    with pytest.raises(tg.LostGraphError):
        write(into, t)
    assert np.asarray(into).tolist() == [1, 1]


def test_unrecorded_tensors_are_written_as_arrays_are():
    for make in (np.array, tg.Tensor):
        t = make([1.0, 2.0, 3.0])
        np.put(t, [0, 2], tg.Tensor([7.0, 8.0]))
        np.add.at(t, [0, 0], 1.0)
        assert np.asarray(t).tolist() == [9, 2, 8]
        with pytest.raises(IndexError):
            np.put(t, [5], 1.0)
        assert np.asarray(t).tolist() == [9, 2, 8]


def test_an_input_is_not_overwritten_where_numpy_may():
    t = tg.Tensor(np.arange(9.0)[::-1].copy())
    for function in (np.median, np.nanmedian):
        assert function(t, overwrite_input=True).item() == 4.0
    assert np.percentile(t, 50, overwrite_input=True).item() == 4.0
    assert t.tolist() == np.arange(9.0)[::-1].tolist()


# -- no false alarms --------------------------------------------------------------------------------

APART = {
    "columns": ((slice(None), 0), (slice(None), 1)),
    "rows": (0, 1),
    "every other": (slice(None, None, 2), slice(1, None, 2)),
    "blocks": ((slice(0, 2), slice(0, 2)), (slice(2, 4), slice(0, 2))),
    "side by side": ((slice(0, 4), slice(0, 2)), (slice(0, 4), slice(2, 4))),
    "reversed": (slice(1, None, -1), slice(2, None)),
    "a list": (0, [1, 3]),
    "a mask": (0, np.array([False, True, False, True])),
}


@pytest.mark.parametrize("many", [1, 100])
@pytest.mark.parametrize("name", APART)
def test_a_write_beside_is_no_overwrite(name, many):
    read, written = APART[name]
    buffer = tg.Tensor(np.arange(16.0).reshape(4, 4))
    part = buffer.data[read].copy()
    other, y = saved(buffer[read])
    for _ in range(many):
        buffer[written] = -1.0
    y.backward()  # no error
    np.testing.assert_array_equal(other.grad.data, part)
    other, y = saved(buffer[read])
    buffer[written] = -1.0
    buffer[read] = 0.5
    with pytest.raises(tg.GraphError, match="overwritten"):
        y.backward()


def test_writes_to_many_other_parameters_of_an_optimizer():
    model = tg.Sequential(*[tg.Linear(2, 2, seed=i) for i in range(100)])
    tg.SGD(model.parameters(), lr=0.1)
    x = leaf(np.ones((1, 2)))
    y = model.layers[0](x).sum()
    for p in model.parameters()[2:]:
        p.data = p.data * 2
    y.backward()
    np.testing.assert_allclose(x.grad.data, model.layers[0].weight.data.sum(0, keepdims=True))
    y = model.layers[0](x).sum()
    model.layers[0].weight.data = np.ones((2, 2))
    with pytest.raises(tg.GraphError, match="overwritten"):
        y.backward()


@pytest.mark.parametrize("together", [False, True], ids=["a vector each", "one vector"])
def test_two_networks_take_turns(together):
    first, second = tg.Linear(2, 2, seed=0), tg.Linear(2, 2, seed=1)
    if together:
        tg.SGD([*first.parameters(), *second.parameters()], lr=0.1)
    ours, theirs = tg.SGD(first.parameters(), lr=0.1), tg.SGD(second.parameters(), lr=0.1)
    x = leaf(np.ones((3, 2)))
    for _ in range(100):
        a, b = np.tanh(first(x)).sum(), np.tanh(second(x)).sum()
        ours.zero_grad()
        a.backward()
        ours.step()
        theirs.zero_grad()
        b.backward()
        theirs.step()


def test_a_stretch_beside_what_is_read_in_strides():
    buffer = np.arange(16.0).reshape(4, 4)
    other, y = saved(tg.Tensor(buffer)[:, 0])
    tg.Tensor(buffer[1, 1:3]).data = np.zeros(2)
    y.backward()
    assert other.grad.tolist() == [0, 4, 8, 12]
    other, y = saved(tg.Tensor(buffer)[:, 0])
    tg.Tensor(buffer[1, 0:3]).data = np.zeros(3)
    with pytest.raises(tg.GraphError, match="overwritten"):
        y.backward()


def test_the_log_keeps_few_stretches():
    parameters = [tg.Parameter(np.ones(3)) for _ in range(300)]
    tg.SGD(parameters, lr=0.1)
    for p in parameters:
        p.data = np.zeros(3)
    written = writes._log[id(parameters[0]._flat.values)]
    assert len(written.runs) <= written.most_runs


def test_the_log_of_another_dtype_stays_small():
    z = np.zeros(1000, complex)
    for i in range(1000):
        tg.Tensor(z.real[i : i + 1]).data = [1.0]
    assert len(writes._log[id(z)].runs) <= 64


def test_minus_zero_is_written():
    t = tg.Tensor([0.0, 1.0, np.nan])
    np.copyto(t, [-0.0, 1.0, np.nan])
    assert np.signbit(t.data).tolist() == [True, False, False]


def test_first_writes_of_two_threads_are_both_seen():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(300):
            buffer = tg.Tensor(np.zeros(2))
            time = clock()
            both = [threading.Thread(target=buffer.__setitem__, args=(i, 1.0)) for i in (0, 1)]
            for thread in both:
                thread.start()
            for thread in both:
                thread.join()
            assert all(writes.written_since(buffer.data[i : i + 1], time) for i in (0, 1))
    finally:
        sys.setswitchinterval(interval)


# -- threads ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_optimizer", [False, True])
@pytest.mark.parametrize("shared_graph", [False, True])
def test_threads_into_one_leaf(with_optimizer, shared_graph):
    w = tg.Parameter(np.zeros(3))
    optimizer = tg.SGD([w], lr=0.1) if with_optimizer else None
    loss = w.sum()
    problems = []

    def work():
        try:
            for _ in range(300):
                (loss if shared_graph else w.sum()).backward(retain_graph=True)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns within an addition, too
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not problems
    assert w.grad.tolist() == [1200] * 3
    assert optimizer is None or optimizer._parts


# -- requires_grad, switched off ----------------------------------------------------------------------


@pytest.mark.parametrize("with_optimizer", [False, True])
def test_no_gradient_reaches_what_was_switched_off(with_optimizer):
    p, q = tg.Parameter([1.0, 2.0]), tg.Parameter([3.0])
    if with_optimizer:
        tg.SGD([p, q], lr=0.1)
    y = (p * q).sum()
    p.requires_grad = False
    y.backward(retain_graph=True)
    assert (p.grad, q.grad.tolist()) == (None, [3.0])
    p.requires_grad = True
    y.backward()
    assert p.grad.tolist() == [3.0, 3.0]
    assert q.grad.tolist() == [6.0]


def test_the_input_of_a_transform_cannot_be_switched_off():
    def f(x):
        x.requires_grad = False
        return (x * x).sum()

    for transform in (tg.grad(f), tg.jacobian(f), lambda x: tg.jvp(f, (x,), (x,)), lambda x: tg.vjp(f, x)):
        with pytest.raises(tg.GraphError, match="cannot stop requiring"):
            transform(np.ones(2))
