"""An optimizer moves parameters into one vector; what shares memory with them stays shared."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together


def step(*parameters):
    optimizer = tg.SGD(parameters, lr=0.5)
    for p in parameters:
        p.grad = np.ones(p.shape)
    optimizer.step()


SHARERS = {
    "numpy()": lambda p: p.numpy(),
    "data": lambda p: p.data,
    "detach()": lambda p: p.detach(),
    "a view": lambda p: p.numpy().T,
    "a row": lambda p: p.numpy()[0],
    "to_matrix()": lambda p: p.to_matrix(),
    "storage": lambda p: p.storage,
    "a memoryview": lambda p: memoryview(p.numpy()),
}


@together("name", list(SHARERS))
def test_what_shares_memory_with_a_parameter_stays_shared(name):
    layer = tg.Linear(2, 3, seed=0)
    other = SHARERS[name](layer.weight)
    step(*layer.parameters())
    assert np.shares_memory(np.asarray(other), layer.weight.numpy())


def test_the_array_that_a_parameter_was_made_of_stays_shared():
    values = np.ones((2, 2))
    p = tg.Parameter(values)
    step(p, tg.Parameter([1.0]))
    assert values.tolist() == p.tolist() == [[0.5, 0.5], [0.5, 0.5]]


def test_tied_parameters_stay_tied():
    values = np.ones((2, 3))
    first, second = tg.Parameter(values), tg.Parameter(values)
    del values
    step(first, second)
    assert first.tolist() == second.tolist() == np.zeros((2, 3)).tolist()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_tied_to_the_transpose(momentum):
    values = np.arange(6.0).reshape(2, 3)
    start = values.copy()
    encoder, decoder = tg.Parameter(values), tg.Parameter(values.T)
    optimizer = tg.SGD([encoder, decoder], lr=0.5, momentum=momentum)
    ours, theirs = np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(3, 2) ** 2
    encoder.grad, decoder.grad = ours, theirs
    np.testing.assert_array_equal(decoder.grad.data, theirs)
    optimizer.step()
    np.testing.assert_allclose(values, start - 0.5 * (ours + theirs.T))
    assert np.shares_memory(encoder.data, decoder.data)
    again = pickle.loads(pickle.dumps(optimizer))
    assert len(again.params) == 2


def test_a_parameter_in_a_graph_that_is_alive():
    p = tg.Parameter(np.ones((2, 3)).T)
    y = (p * p).sum()
    optimizer = tg.SGD([p], lr=0.25)
    y.backward()
    optimizer.step()
    assert p.tolist() == np.full((3, 2), 0.5).tolist()


def test_memory_with_gaps_says_how():
    values = np.ones((4, 4))
    p = tg.Parameter(values[:, ::2])
    with pytest.raises(tg.UnsupportedError, match=r"Write Parameter\(array\.copy\(\)\)"):
        tg.SGD([p], lr=0.1)
    assert not hasattr(p, "_flat")


def test_rows_of_one_array():
    values = np.zeros((2, 3))
    rows = [tg.Parameter(values[0]), tg.Parameter(values[1])]
    step(*rows)
    assert values.tolist() == [[-0.5] * 3] * 2


def test_parameters_of_their_own_move_into_one_vector():
    model = tg.Sequential(tg.Linear(2, 3, seed=0), tg.Linear(3, 1, seed=1))
    extra = tg.Parameter(np.ones((3, 2)).T.copy())
    tg.SGD([*model.parameters(), extra], lr=0.1)
    assert len({id(p._flat) for p in (*model.parameters(), extra)}) == 1
    for copied in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        tg.SGD(copied.parameters(), lr=0.1)
        assert len({id(p._flat) for p in copied.parameters()}) == 1


def test_after_the_move_views_are_of_the_vector():
    layer = tg.Linear(2, 3, seed=0)
    optimizer = tg.SGD(layer.parameters(), lr=0.5)
    view = layer.weight.numpy()
    tg.SGD(layer.parameters(), lr=0.5)
    layer(np.ones(2)).sum().backward()
    optimizer.step()
    assert np.shares_memory(view, layer.weight.numpy())


# -- gradients that somebody keeps ----------------------------------------------------------------


def model_with_gradients(n=5):
    parameters = [tg.Parameter([float(i), 1.0]) for i in range(n)]
    optimizer = tg.SGD(parameters, lr=1.0)
    sum((p * p).sum() for p in parameters).backward()
    return parameters, optimizer


CLIPPINGS = {
    "in place": lambda p: p.grad.__imul__(0.5),
    "augmented": lambda p: setattr(p, "grad", p.grad * 0.5),
    "through data": lambda p: np.multiply(p.grad.data, 0.5, out=p.grad.data),
    "an array": lambda p: setattr(p, "grad", p.grad.numpy() * 0.5),
}


@together("keep", [False, True])
@together("name", list(CLIPPINGS))
def test_gradients_scaled_one_by_one(name, keep):
    parameters, optimizer = model_with_gradients()
    kept = []
    for p in parameters:
        if keep:
            kept.append((p.grad, p.grad.tolist()))
        CLIPPINGS[name](p)
    if name in ("augmented", "an array"):
        assert all(grad.tolist() == before for grad, before in kept)
    assert [p.grad.tolist() for p in parameters] == [[float(i), 1.0] for i in range(5)]
    optimizer.step()
    assert [p.tolist() for p in parameters] == [[0.0, 0.0]] * 5


def test_a_kept_gradient_never_changes_and_the_next_is_right():
    parameters, optimizer = model_with_gradients()
    kept = [p.grad for p in parameters]
    before = [grad.tolist() for grad in kept]
    for _ in range(3):
        sum((p * p).sum() for p in parameters).backward()
    assert [p.grad.tolist() for p in parameters] == [[8.0 * i, 8.0] for i in range(5)]
    assert [grad.tolist() for grad in kept] == before
    optimizer.step()
    optimizer.zero_grad()
    assert [p.tolist() for p in parameters] == [[-7.0 * i, -7.0] for i in range(5)]
    assert [grad.tolist() for grad in kept] == before


def test_a_gradient_that_nobody_has_read_is_added_to_in_place():
    p = tg.Parameter([1.0, 2.0])
    (2 * p).sum().backward()
    array = p._grad
    (3 * p).sum().backward()
    assert p._grad is array
    kept = p.grad
    (5 * p).sum().backward()
    assert (kept.tolist(), p.grad.tolist()) == ([5.0, 5.0], [10.0, 10.0])


def test_a_gradient_first_read_after_a_step_never_changes():
    parameters, optimizer = model_with_gradients()
    optimizer.step()
    kept = [p.grad for p in parameters]
    optimizer.zero_grad()
    sum((5 * p).sum() for p in parameters).backward()
    optimizer.step()
    assert [grad.tolist() for grad in kept] == [[2.0 * i, 2.0] for i in range(5)]
    assert [p.grad.tolist() for p in parameters] == [[5.0, 5.0]] * 5


def test_gradients_add_up_over_a_step():
    parameters, optimizer = model_with_gradients()
    optimizer.step()
    sum((5 * p).sum() for p in parameters).backward()
    optimizer.step()
    assert [p.grad.tolist() for p in parameters] == [[2.0 * i + 5.0, 7.0] for i in range(5)]


def test_a_gradient_kept_over_a_step_can_still_be_changed():
    parameters, optimizer = model_with_gradients()
    kept = [p.grad for p in parameters]
    optimizer.step()
    for grad in kept:
        grad *= -1.0
    optimizer.step()
    assert [p.tolist() for p in parameters] == [[float(i), 1.0] for i in range(5)]


@pytest.mark.parametrize("flat", [False, True])
def test_a_gradient_that_is_set_is_a_copy(flat):
    p, q = tg.Parameter([1.0]), tg.Parameter([1.0])
    if flat:
        tg.SGD([p, q], lr=1.0)
    array = np.array([3.0])
    p.grad = array
    q.grad = p.grad
    array[:] = 7.0
    p.grad *= 2.0
    assert (p.grad.tolist(), q.grad.tolist()) == ([6.0], [3.0])


def test_an_empty_parameter_whose_memory_somebody_holds():
    array = np.zeros((0, 3))
    p = tg.Parameter(array)
    tg.SGD([p], lr=0.1).step()
    assert p.shape == (0, 3)


def test_a_gradient_changed_in_place_stays_the_same_tensor():
    (p, *_), _ = model_with_gradients()
    kept = p.grad
    p.grad += 1.0
    assert p.grad is kept


def test_a_view_of_a_parameter_cannot_take_it_away_from_its_optimizer():
    p = tg.Parameter(np.ones(3))
    step(p)
    with tg.no_grad():
        view = p[:2]

    def f(x):
        view[0] = 3.0
        return np.sum(x)

    with pytest.raises(tg.GraphError, match="leaf, whose memory"):
        tg.grad(f)(np.ones(2))
