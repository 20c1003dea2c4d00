"""Network on a vector and on a batch: calling it, feeding it forward, descending, drawing."""

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like import ArgumentError, Matrix, Network, ShapeError, Tensor

X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def network(outputs=3):
    return Network([2, 4, outputs], "tanh", 0.1, seed=1)


def parameters(each):
    return np.concatenate([m.data for m in each.weights + each.biases])


# -- calling it -----------------------------------------------------------------------------------


def test_a_call_gives_a_vector_for_a_vector_and_rows_for_rows():
    one, all_ = network()(X[1]), network()(X)
    assert (one.shape, all_.shape) == ((3,), (4, 3))
    np.testing.assert_allclose(all_.numpy()[1], one.numpy(), rtol=1e-14)
    np.testing.assert_allclose(one.numpy(), network().feed_forward(X[1]).data, rtol=1e-14)


@pytest.mark.parametrize("given", [[0.0, 1.0], Matrix.from_list([0, 1]), Tensor([0.0, 1.0])])
def test_a_call_takes_what_feed_forward_takes(given):
    assert np.array_equal(network()(given).numpy(), network()(X[1]).numpy())


def test_a_call_is_recorded():
    each = network()
    tg.mse(each(X), np.zeros((4, 3))).backward()
    assert all(p.grad is not None for p in each.model.parameters())
    x = np.array([0.5, -1.0])
    assert tg.gradcheck(each, x)


def test_a_call_does_not_stand_between_feed_forward_and_back_propagate():
    each, other = network(), network()
    outputs = each.feed_forward(X[1])
    each(X)
    each.back_propagate(outputs, [1, 0, 0])
    other.back_propagate(other.feed_forward(X[1]), [1, 0, 0])
    assert np.array_equal(parameters(each), parameters(other))


def test_a_call_with_another_size_says_so():
    with pytest.raises(ShapeError, match="takes inputs with 2 features"):
        network()(np.ones((4, 3)))


# -- feed_forward and back_propagate --------------------------------------------------------------


@pytest.mark.parametrize("convert", [np.array, np.ndarray.tolist, Matrix.from_list, Tensor])
def test_feed_forward_takes_a_batch_in_rows(convert):
    outputs = network().feed_forward(convert(X))
    assert outputs.shape == (4, 3)
    for row, x in zip(outputs.array, X):
        np.testing.assert_allclose(row, network().feed_forward(x).data, rtol=1e-14)


def test_rows_are_samples_and_one_column_is_one_sample():
    assert network().feed_forward(X[:1]).shape == (1, 3)
    assert network().feed_forward(X[:1].T).shape == (3, 1)
    assert Network([1, 3]).feed_forward([[1.0], [2.0]]).shape == (2, 3)
    assert Network([1, 3]).feed_forward([[1.0]]).shape == (3, 1)


def test_a_step_on_a_batch_is_the_mean_of_its_samples_steps():
    targets = np.arange(12.0).reshape(4, 3) / 12
    each, before = network(), parameters(network())
    loss = each.back_propagate(each.feed_forward(X), targets)
    losses, steps = [], []
    for x, t in zip(X, targets):
        single = network()
        losses.append(single.back_propagate(single.feed_forward(x), t))
        steps.append(parameters(single) - before)
    assert loss == pytest.approx(np.mean(losses))
    np.testing.assert_allclose(parameters(each) - before, np.mean(steps, axis=0), rtol=1e-12)


def test_targets_of_a_single_output_can_be_flat():
    each, other = network(1), network(1)
    each.back_propagate(each.feed_forward(X), [0, 1, 1, 0])
    other.back_propagate(other.feed_forward(X), [[0], [1], [1], [0]])
    assert np.array_equal(parameters(each), parameters(other))


@pytest.mark.parametrize("targets", [np.ones(3), np.ones((3, 3)), np.ones((3, 4)), np.ones(12)])
def test_targets_of_another_shape_change_nothing(targets):
    each = network()
    outputs = each.feed_forward(X)
    with pytest.raises(ShapeError, match=r"targets of this batch have the shape \(4, 3\)"):
        each.back_propagate(outputs, targets)
    assert np.array_equal(parameters(each), parameters(network()))
    assert each.back_propagate(outputs, np.ones((4, 3))) > 0


def test_outputs_of_another_batch_are_refused():
    each = network()
    first = each.feed_forward(X)
    each.feed_forward(X + 1)
    with pytest.raises(ArgumentError, match="the last feed_forward"):
        each.back_propagate(first, np.ones((4, 3)))


# -- drawing --------------------------------------------------------------------------------------


@pytest.mark.parametrize("x", [X, X[0]])
def test_a_network_draws_itself(x):
    each = network()
    picture = each.draw(x)
    assert "Network [2, 4, 3]" in picture.source
    assert picture.source == tg.draw(each, x, title="Network [2, 4, 3]").source
    assert picture.source == each.model.draw(x, title="Network [2, 4, 3]").source
    assert "other" in each.draw(x, title="other").source
