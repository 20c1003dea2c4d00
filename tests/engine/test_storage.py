"""FlatVector: the parameters of a model in one vector, and their gradients."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_like as tg
from tinygrad_like import SGD, Linear, Sequential
from tinygrad_like.engine.storage import FlatVector
from tinygrad_like.nn.finding import Parameter

few = settings(deadline=None, max_examples=50)


def pickled(value):
    return pickle.loads(pickle.dumps(value))


shapes = st.lists(st.lists(st.integers(0, 3), max_size=3).map(tuple), min_size=1, max_size=5)


def parameters_of(*shapes):
    return [Parameter(np.full(shape, float(i))) for i, shape in enumerate(shapes)]


def backward(*parameters, factor=1.0):
    sum((p * factor).sum() for p in parameters).backward()


@few
@given(shapes)
def test_parameters_become_views_of_one_vector(shapes):
    parameters = parameters_of(*shapes)
    flat = FlatVector(parameters)
    assert flat.values.shape == (sum(p.size for p in parameters),)
    for i, (p, shape) in enumerate(zip(parameters, shapes)):
        assert p.shape == shape
        assert (p.numpy() == i).all()
    flat.values[:] = 7
    assert all((p.numpy() == 7).all() for p in parameters)


@few
@given(shapes)
def test_gradients_are_gathered_in_one_vector(shapes):
    parameters = parameters_of(*shapes)
    flat = FlatVector(parameters)
    backward(*parameters, factor=3.0)
    runs = list(flat.gather(parameters))
    assert runs == [slice(0, flat.values.size)] * bool(flat.values.size)
    assert flat.gradients.tolist() == [3.0] * flat.values.size
    # What nobody has read needs no memory beside the vector.
    assert all(p._grad.base is flat.gradients for p in parameters)
    for p in parameters:
        assert p.grad.shape == p.shape
        assert not np.shares_memory(p.grad.numpy(), flat.gradients)


def test_an_optimizer_keeps_one_vector_per_dtype():
    model = Sequential(Linear(2, 3), Linear(3, 2, dtype=np.float32), Linear(2, 1))
    parameters = model.parameters()
    SGD(parameters, lr=0.1)
    vectors = {p.dtype: p.numpy().base for p in parameters}
    assert {dtype: vector.size for dtype, vector in vectors.items()} == {np.dtype("f8"): 12, np.dtype("f4"): 8}
    assert all(p.numpy().base is vectors[p.dtype] for p in parameters)


def test_a_second_optimizer_leaves_parameters_where_they_are():
    first, second, third = parameters = parameters_of((2,), (3,), (1,))
    SGD([first, second], lr=0.1)
    home = first.numpy().base
    SGD(parameters, lr=0.1)
    assert first.numpy().base is home
    assert second.numpy().base is home
    assert third.numpy().base is not home


def test_a_kept_gradient_never_changes():
    p, q = parameters_of((2,), (3,))
    optimizer = SGD([p, q], lr=0.1)
    backward(p, q)
    kept = p.grad
    backward(p)
    assert (p.grad.tolist(), q.grad.tolist()) == ([2.0, 2.0], [1.0, 1.0, 1.0])
    optimizer.step()
    optimizer.zero_grad()
    backward(p, q, factor=5.0)
    assert p.grad.tolist() == [5.0, 5.0]
    assert kept.tolist() == [1.0, 1.0]


def test_gradients_accumulate_until_cleared():
    p, q = parameters_of((2,), (1,))
    optimizer = SGD([p, q], lr=0.1)
    backward(p, q)
    backward(p, factor=2.0)
    assert (p.grad.tolist(), q.grad.tolist()) == ([3.0, 3.0], [1.0])
    optimizer.zero_grad()
    assert p.grad is None
    assert q.grad is None


def test_a_gradient_changed_in_place_is_the_one_that_steps():
    p, q = parameters_of((2,), (1,))
    optimizer = SGD([p, q], lr=1.0)
    backward(p, q)
    p.grad *= 3.0
    q.grad = np.array([4.0])
    optimizer.step()
    assert (p.tolist(), q.tolist()) == ([-3.0, -3.0], [-3.0])


def test_a_gradient_that_is_set_is_copied():
    (p,) = parameters_of((2,))
    SGD([p], lr=1.0)
    values = np.ones(2)
    p.grad = values
    backward(p)
    assert values.tolist() == [1.0, 1.0]
    assert p.grad.tolist() == [2.0, 2.0]


@few
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=8))
def test_runs_cover_the_chosen_slots_that_have_a_gradient(slots):
    parameters = parameters_of(*[(size,) for size, _, _ in slots])
    flat = FlatVector(parameters)
    for p, (_, filled, _) in zip(parameters, slots):
        if filled:
            p.grad = np.ones(p.shape)
    flat.gradients[:] = 0
    runs = list(flat.gather(p for p, (_, _, chosen) in zip(parameters, slots) if chosen))
    covered = np.zeros(flat.values.size, bool)
    for run in runs:
        assert run.start < run.stop
        assert not covered[run].any()
        covered[run] = True
    assert covered.tolist() == [filled and chosen for size, filled, chosen in slots for _ in range(size)]
    assert covered.tolist() == flat.gradients.tolist()


def test_neighbours_are_one_run():
    parameters = parameters_of((2,), (3,), (1,), (2, 2))
    flat = FlatVector(parameters)
    backward(*parameters)
    assert list(flat.gather(parameters)) == [slice(0, 10)]
    parameters[1].grad = None
    assert list(flat.gather(parameters)) == [slice(0, 2), slice(5, 10)]


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_copied_model_and_optimizer_share_a_vector_of_their_own(copied):
    model = Linear(2, 3)
    twin, optimizer = copied((model, SGD(model.parameters(), lr=1.0)))
    before = model.weight.tolist()
    twin.weight.grad = np.ones((3, 2))
    optimizer.step()
    assert twin.weight.numpy().base is twin.bias.numpy().base
    assert model.weight.tolist() == before
    assert np.allclose(twin.weight.numpy(), np.array(before) - 1)


# -- gradients that are written straight into the flat vector -------------------------------------


def trained_layer():
    """A layer large enough that its gradient is worth a place; the layer, its optimizer, the place."""
    layer = tg.Linear(90, 60, seed=0)
    optimizer = tg.SGD(layer.parameters(), lr=0.1)
    return layer, optimizer, layer.weight._flat._places[layer.weight._slot][0]


def test_the_gradient_of_a_weight_is_written_into_its_flat_view():
    layer, optimizer, place = trained_layer()
    layer(np.ones((4, 90))).sum().backward()
    assert layer.weight._grad is place
    np.testing.assert_array_equal(place, np.full((60, 90), 4.0))
    layer(np.ones((1, 90))).sum().backward()
    assert layer.weight._grad is place
    np.testing.assert_array_equal(place, np.full((60, 90), 5.0))
    assert not layer.weight._flat._claims
    kept = layer.weight.grad
    optimizer.zero_grad()
    layer(np.zeros((1, 90))).sum().backward()
    np.testing.assert_array_equal(kept.numpy(), np.full((60, 90), 5.0))


def test_what_is_written_there_is_the_product():
    layer, _, place = trained_layer()
    x, g = np.random.default_rng(0).normal(size=(2, 4, 90)), np.random.default_rng(1).normal(size=(2, 4, 60))
    layer(x).backward(g)
    assert layer.weight._grad is place
    np.testing.assert_allclose(place, np.einsum("bni,bnj->ij", g, x), rtol=1e-10)


def test_a_weight_that_is_used_twice_gets_the_sum():
    layer, *_ = trained_layer()
    (layer(np.ones((4, 90))) + 2 * layer(np.ones((4, 90)))).sum().backward()
    np.testing.assert_array_equal(layer.weight._grad, np.full((60, 90), 12.0))


def test_what_is_infinite_stays_so_there():
    x = np.ones((4, 90))
    x[0, 3], x[1, 5] = np.inf, np.nan
    gradients = []
    for layer in (trained_layer()[0], tg.Linear(90, 60, seed=0)):
        with np.errstate(invalid="ignore"):
            np.where(True, layer(x), 0.0).sum().backward()
        gradients.append(layer.weight.grad.numpy())
    np.testing.assert_array_equal(gradients[0][0, 3:6], [np.inf, 4.0, np.nan])
    np.testing.assert_array_equal(*gradients)


def test_a_claimed_place_is_left_to_the_sweep_that_has_it():
    layer, _, place = trained_layer()
    flat, other = layer.weight._flat, []
    assert flat.claimed(layer.weight._slot, other) is place
    place.fill(7.0)
    layer(np.ones((4, 90))).sum().backward()
    np.testing.assert_array_equal(place, np.full((60, 90), 7.0))
    np.testing.assert_array_equal(layer.weight._grad, np.full((60, 90), 4.0))


def test_other_dtypes_and_failed_sweeps_leave_the_place_alone():
    layer, optimizer, _ = trained_layer()
    layer.weight.grad = np.ones((60, 90))
    layer(np.ones((4, 90))).sum().backward()
    np.testing.assert_array_equal(layer.weight.grad.numpy(), np.full((60, 90), 5.0))
    half = tg.Linear(90, 60, dtype=np.float32, seed=0)
    tg.SGD(half.parameters(), lr=0.1)
    half(np.ones((4, 90))).sum().backward()
    np.testing.assert_array_equal(half.weight.grad.numpy(), np.full((60, 90), 4.0, np.float32))
    optimizer.zero_grad()

    def rule(g):
        raise ValueError("broken")

    broken = tg.operation(vjp=rule)(lambda x: x * 1)
    first = broken(tg.Tensor(np.ones((1, 90)), requires_grad=True))
    with pytest.raises(ValueError, match="broken"):
        layer(first).sum().backward()
    assert layer.weight.grad is None
    assert not layer.weight._flat._claims
