"""Whose memory is whose: what is written to, kept or handed out never changes anything else."""

import gc

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf
from tinygrad_like.engine.errors import GraphError
from tinygrad_like.engine.writes import copies, writes


def test_the_gradient_given_to_a_leaf_is_copied():
    x, g = leaf([1.0, 2.0]), np.array([1.0, 1.0])
    x.backward(g)
    x.grad[0] = 5.0
    assert g.tolist() == [1.0, 1.0]


def test_a_recorded_gradient_is_not_the_one_that_was_given():
    x, g = leaf([1.0, 2.0]), leaf([1.0, 1.0])
    (x + 0.0).backward(g, create_graph=True)
    assert x.grad is not g
    assert not np.shares_memory(x.grad.data, g.data)


def test_retained_gradients_do_not_share_memory():
    h = leaf([1.0, 2.0, 3.0]) * 2
    k = h.reshape(3, 1)
    h.retain_grad()
    k.retain_grad()
    k.sum().backward()
    k.grad[:] = 55.0
    assert h.grad.tolist() == [1.0, 1.0, 1.0]


def test_plain_and_recorded_gradients_of_a_flat_parameter_add_up():
    p = leaf([1.0])
    optimizer = tg.SGD([p], lr=1.0)
    (p * p).sum().backward(create_graph=True)
    (3 * p).sum().backward()
    assert p.grad.tolist() == [5.0]
    optimizer.step()
    assert p.tolist() == [-4.0]
    assert p.grad.tolist() == [5.0]


def test_zero_grad_also_clears_a_recorded_gradient():
    p = leaf([1.0])
    optimizer = tg.SGD([p], lr=1.0)
    (p * p).sum().backward(create_graph=True)
    optimizer.zero_grad()
    assert p.grad is None


def test_create_graph_is_kept_when_it_accumulates_under_no_grad():
    x = leaf(2.0)
    y, z = x**3, x**2
    with tg.no_grad():
        y.backward(create_graph=True)
        z.backward(create_graph=True)
    assert x.grad.item() == 16.0
    assert x.grad.requires_grad


def test_an_index_array_is_copied():
    x, i = leaf([1.0, 2.0]), np.array([0, 1])
    y = x[(i,)]
    i[:] = 0
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_the_results_of_transforms_are_the_users():
    x, t = np.ones(1), np.ones(1)
    value, tangent = tg.jvp(lambda x: x + 0.0, (x,), (t,))
    tangent[0] = 7.0
    value[0] = 9.0
    value, _ = tg.value_and_grad(lambda z: z)(x)
    value += 9.0
    assert (x[0], t[0]) == (1.0, 1.0)


def test_an_input_of_a_transform_cannot_be_written_to():
    def f(x):
        x[0] = 5.0
        return (x * x).sum()

    x = np.ones(2)
    with pytest.raises(GraphError, match="being differentiated cannot be written to") as caught:
        tg.grad(f)(x)
    assert x.tolist() == [1.0, 1.0]
    # What it advises keeps the gradient.
    assert "np.where" in str(caught.value)
    assert "detach" not in str(caught.value)
    assert tg.grad(lambda x: (np.where([True, False], 5.0, x) ** 2).sum())(x).tolist() == [0.0, 2.0]


def test_in_place_operators_work_inside_a_transform():
    def f(x):
        x += 1
        return (x * x).sum()

    x = np.ones(2)
    assert tg.grad(f)(x).tolist() == [4.0, 4.0]
    assert x.tolist() == [1.0, 1.0]


def test_under_no_grad_transforms_record_nothing_for_outside():
    w, x = leaf(2.0), tg.Tensor(3.0)
    with tg.no_grad():
        assert not tg.grad(lambda x: w * x * x)(x).requires_grad
        assert not tg.jvp(lambda x: w * x * x, (x,), (tg.Tensor(1.0),))[1].requires_grad
        _, pullback = tg.vjp(lambda x: x * x, x)
        assert not pullback(leaf(1.0))[0].requires_grad


def test_a_write_elsewhere_in_the_same_tensor_is_no_overwriting():
    buffer, w = tg.Tensor(np.zeros((3, 2))), leaf([1.0, 2.0])
    total = 0.0
    for k in range(3):
        buffer[k] = float(k + 1)
        total = total + (w * buffer[k]).sum()
    total.backward()
    assert w.grad.tolist() == [6.0, 6.0]


@pytest.mark.parametrize("index", [0, (0, 0), ..., slice(0, 1), np.array([0]), (..., 0)])
def test_a_write_to_what_was_saved_is_found(index):
    buffer, w = tg.Tensor(np.ones((3, 2))), leaf([[1.0, 2.0]])
    y = (w * buffer[:1]).sum()
    buffer[index] = 7.0
    with pytest.raises(GraphError, match="overwritten"):
        y.backward()


def test_the_log_of_writes_stays_small():
    before = len(writes._log)
    buffer = tg.Tensor(np.zeros(1000))
    for i in range(1000):
        buffer[i] = 1.0
    written = writes._log[id(buffer.data)]
    assert len(written.runs) <= written.most_runs
    assert written.times.size == 1000
    del buffer
    gc.collect()
    assert len(writes._log) <= before


def test_an_empty_view_of_what_was_written_is_no_error():
    buffer, w = tg.Tensor(np.ones(3)), leaf([])
    y = (w * buffer[:0]).sum()
    buffer[0] = 5.0
    y.backward()
    assert w.grad.shape == (0,)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.longdouble])
def test_a_large_array_is_copied_again_only_if_it_has_changed(dtype):
    a, x = np.zeros(5000, dtype), leaf(np.ones(5000), dtype)
    a[1] = np.nan
    first, second = x * a, x * a
    kept = first._node.saved[0]
    assert not np.shares_memory(kept, a)
    assert (second._node.saved[0] is kept) == (dtype is not np.longdouble)
    a[0] = -0.0
    third = x * a
    for y, sign in ((first, False), (third, True)):
        x.grad = None
        y.backward(np.ones(5000))
        assert np.signbit(x.grad.data[0]) == sign


def test_copies_of_plain_arrays_are_forgotten_with_their_graphs():
    before = len(copies._copies)
    y = leaf(np.ones(5000)) * np.arange(5000.0)
    assert len(copies._copies) == before + 1
    del y
    assert len(copies._copies) == before
