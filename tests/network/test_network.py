"""Network: what can be read, what it is fed, how it trains, what it refuses."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinygrad_like as tg
from tinygrad_like import RELU, SIGMOID, TANH, Activation, ArgumentError, Matrix, Network, ShapeError, Tensor

XOR = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0], [1.0], [1.0], [0.0]]

topologies = st.lists(st.integers(1, 6), min_size=2, max_size=5)


def xor_network(**options):
    return Network([2, 3, 1], SIGMOID, 0.5, seed=1, **options)


def state(network):
    """Everything that training changes, as copies."""
    values = [m.data.tolist() for m in network.weights + network.biases]
    return values, list(network.history), network.learning_rate


def double_tanh(x):
    return 2 * np.tanh(x)


# -- what can be read -----------------------------------------------------------------------------


def test_layers_activation_and_learning_rate_are_readable():
    network, default = Network([2, 3, 1], TANH, 0.25), Network([2, 3, 1])
    assert (network.layers, network.activation, network.learning_rate) == ([2, 3, 1], TANH, 0.25)
    assert (default.layers, default.activation, default.learning_rate) == ([2, 3, 1], SIGMOID, 0.5)


@given(topologies, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=50)
def test_weights_are_matrices_of_outputs_by_inputs_uniform_in_0_1(sizes, seed):
    network = Network(sizes, seed=seed)
    assert [w.shape for w in network.weights] == list(zip(sizes[1:], sizes[:-1]))
    assert [b.shape for b in network.biases] == [(size, 1) for size in sizes[1:]]
    for matrix in network.weights + network.biases:
        assert isinstance(matrix, Matrix)
        assert ((matrix.data >= 0) & (matrix.data < 1)).all()


def test_initial_values_fill_the_interval():
    values = Network([50, 50], seed=0).weights[0].data
    assert values.min() < 0.01
    assert values.max() > 0.99
    assert abs(values.mean() - 0.5) < 0.02
    assert abs(values.std() - 12**-0.5) < 0.02


def test_weights_share_memory_with_the_model():
    network = xor_network()
    network.weights[0].data[:] = 0
    network.biases[0].data[:] = 0
    network.weights[1].data[:] = [1, 2, 3]
    network.biases[1].data[:] = 0.5
    assert network.feed_forward([1, 1]).data[0] == pytest.approx(1 / (1 + np.exp(-3.5)))


def test_repr_tells_topology_activation_rate_and_size():
    assert repr(Network([2, 3, 1], TANH, 0.1)) == "Network([2, 3, 1], tanh, learning_rate=0.1)  # 13 parameters"


# -- seeds ----------------------------------------------------------------------------------------


@given(topologies, st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=25)
def test_a_seed_repeats_a_run_bit_for_bit(sizes, seed):
    rng = np.random.default_rng(seed)
    inputs, targets = rng.random((3, sizes[0])), rng.random((3, sizes[-1]))
    runs = [Network(sizes, seed=seed) for _ in range(2)]
    for network in runs:
        network.train(inputs, targets, 4)
    assert state(runs[0]) == state(runs[1])


def test_seeds_differ():
    assert Network([2, 3, 1], seed=1).weights != Network([2, 3, 1], seed=2).weights


def test_without_a_seed_every_network_is_another():
    assert Network([2, 3, 1]).weights != Network([2, 3, 1]).weights


def test_the_packages_seed_also_repeats_a_network():
    try:
        tg.seed(5)
        first = Network([2, 3, 1])
        tg.seed(5)
        assert Network([2, 3, 1]).weights == first.weights
    finally:
        tg.seed(None)


# -- feed_forward and back_propagate --------------------------------------------------------------


def test_feed_forward_computes_layer_by_layer():
    network = Network([2, 3, 2], TANH, seed=3)
    column = Matrix.from_list([0.5, -1.0])
    for weight, bias in zip(network.weights, network.biases):
        column = weight.dot_multiply(column).add(bias).map(np.tanh)
    outputs = network.feed_forward([0.5, -1.0])
    assert outputs.shape == (2, 1)
    np.testing.assert_allclose(outputs.data, column.data, rtol=1e-14)


@pytest.mark.parametrize(
    "inputs",
    [
        [0.25, 4],
        [[0.25], [4]],
        np.array([0.25, 4], dtype=np.float32),
        np.array([0.25, 0, 4, 0])[::2],
        np.array([[0.25, 4]]),
        Matrix.from_list([0.25, 4]),
        Tensor([0.25, 4]),
    ],
)
def test_inputs_can_be_columns_lists_or_arrays(inputs):
    assert xor_network().feed_forward(inputs) == xor_network().feed_forward([0.25, 4.0])


def test_outputs_keep_their_values():
    network = xor_network()
    outputs = network.feed_forward([0, 1])
    before = outputs.data.tolist()
    network.back_propagate(outputs, [1])
    network.feed_forward([1, 1])
    assert outputs.data.tolist() == before


def test_writing_into_the_outputs_does_not_change_the_step():
    network, other = xor_network(), xor_network()
    outputs = network.feed_forward([0, 1])
    outputs.data[:] = 0.1
    with pytest.raises(ArgumentError, match="the last feed_forward"):
        network.back_propagate(outputs, [1])
    network.back_propagate(network.feed_forward([0, 1]), [1])
    other.back_propagate(other.feed_forward([0, 1]), [1])
    assert state(network) == state(other)


def test_writing_into_the_inputs_does_not_change_the_step():
    network, other = xor_network(), xor_network()
    inputs = np.array([0.0, 1.0])
    outputs = network.feed_forward(inputs)
    inputs[:] = 7
    network.back_propagate(outputs, [1])
    other.back_propagate(other.feed_forward([0, 1]), [1])
    assert state(network) == state(other)


def test_back_propagate_refuses_outputs_of_another_feed_forward():
    network = xor_network()
    first = network.feed_forward([0, 1])
    network.feed_forward([1, 1])
    before = state(network)
    with pytest.raises(ArgumentError, match="the last feed_forward"):
        network.back_propagate(first, [1])
    assert state(network) == before


def test_back_propagate_steps_once_per_feed_forward():
    network = xor_network()
    outputs = network.feed_forward([0, 1])
    network.back_propagate(outputs, [1])
    before = state(network)
    with pytest.raises(ArgumentError, match="the last feed_forward"):
        network.back_propagate(outputs, [1])
    assert state(network) == before


def test_back_propagate_can_be_repeated_after_a_wrong_target():
    network = xor_network()
    outputs = network.feed_forward([0, 1])
    before = state(network)
    with pytest.raises(ShapeError, match="targets of this Network have 1 values"):
        network.back_propagate(outputs, [1, 0])
    assert state(network) == before
    assert network.back_propagate(outputs, [1]) > 0


# -- train ----------------------------------------------------------------------------------------


def test_training_lowers_the_loss_of_xor():
    network = Network([2, 3, 1], SIGMOID, 0.5, seed=0)
    losses = network.train(*XOR, 3000)
    assert losses[-1] < 0.01 < 0.1 < losses[0]
    answers = [round(network.feed_forward(x).data[0]) for x in XOR[0]]
    assert answers == [0, 1, 1, 0]


def test_training_equals_its_steps():
    trained, stepped = xor_network(), xor_network()
    for loss in trained.train(*XOR, 3):
        steps = [stepped.back_propagate(stepped.feed_forward(inputs), target) for inputs, target in zip(*XOR)]
        assert loss == sum(steps) / 4
    assert trained.weights == stepped.weights
    assert trained.biases == stepped.biases


def test_history_keeps_the_mean_loss_of_every_epoch():
    network = xor_network()
    first = network.train(*XOR, 3)
    second = network.train(*XOR, 2)
    assert (len(first), len(second)) == (3, 2)
    assert network.history == first + second


def test_history_keeps_what_was_trained_before_an_interruption():
    calls = 0

    def failing(x):
        nonlocal calls
        calls += 1
        if calls > 5:
            raise KeyboardInterrupt
        return np.tanh(x)

    network = Network([2, 1], Activation(failing), seed=0)
    with pytest.raises(KeyboardInterrupt):
        network.train([[0, 1], [1, 0]], [[1], [0]], 10)
    assert len(network.history) == 2


def columns(rows):
    return [Matrix.from_list(row) for row in rows]


@pytest.mark.parametrize("convert", [np.array, Matrix.from_list, Tensor, columns])
def test_samples_can_be_lists_arrays_or_matrices(convert):
    network, other = xor_network(), xor_network()
    assert network.train(convert(XOR[0]), convert(XOR[1]), 2) == other.train(*XOR, 2)


def test_the_learning_rate_can_be_set_between_steps():
    network, other = xor_network(), Network([2, 3, 1], SIGMOID, 0.1, seed=1)
    network.learning_rate = 0.1
    network.train(*XOR, 2)
    other.train(*XOR, 2)
    assert state(network) == state(other)


@pytest.mark.parametrize("activation", [SIGMOID, TANH, RELU, Activation(double_tanh), double_tanh])
def test_training_lowers_the_loss_with_every_activation(activation):
    network = Network([2, 3, 1], activation, 0.05, seed=0)
    losses = network.train([[0, 1], [1, 1]], [[0.9], [0.2]], 30)
    assert losses[-1] < losses[0]


def test_a_users_activation_is_named():
    assert "softplus" in repr(Network([2, 1], Activation(lambda x: np.log1p(np.exp(x)), "softplus")))
    assert "double_tanh" in repr(Network([2, 1], double_tanh))


# -- progress -------------------------------------------------------------------------------------


def test_progress_shows_epochs_and_loss(capsys):
    losses = xor_network().train(*XOR, 3, progress=True)
    shown = capsys.readouterr()
    assert "3/3" in shown.err
    assert f"loss={losses[-1]:.6f}" in shown.err
    assert shown.out == ""


def test_progress_can_be_turned_off(capsys):
    xor_network().train(*XOR, 300, progress=False)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("epochs", "shown"), [(3, False), (300, True)])
def test_long_training_shows_its_progress(capsys, epochs, shown):
    xor_network().train(*XOR, epochs)
    assert bool(capsys.readouterr().err) is shown


# -- what it refuses ------------------------------------------------------------------------------


@pytest.mark.parametrize("layers", [[], [2], [2, 0, 1], [0, 1], [2, -3, 1], [2, 3.0, 1], [2, True]], ids=str)
def test_refuses_topologies(layers):
    with pytest.raises(ArgumentError, match="layer"):
        Network(layers)


@pytest.mark.parametrize("rate", [np.inf, np.nan, -0.5, "fast", None], ids=str)
def test_refuses_learning_rates(rate):
    with pytest.raises(ArgumentError, match="learning rate"):
        Network([2, 3, 1], SIGMOID, rate)


@pytest.mark.parametrize("rate", [np.inf, np.nan, -0.5, "fast", None], ids=str)
def test_a_refused_learning_rate_leaves_the_old_one(rate):
    network = xor_network()
    with pytest.raises(ArgumentError, match="learning rate"):
        network.learning_rate = rate
    assert state(network) == state(xor_network())


@pytest.mark.parametrize(
    "inputs", [[1.0], [1.0, 2.0, 3.0], 1.0, [], np.ones((2, 3)), np.ones((0, 2)), np.ones((1, 1, 2))]
)
def test_refuses_inputs_of_another_size(inputs):
    network = xor_network()
    with pytest.raises(ShapeError, match="inputs of this Network have 2 values"):
        network.feed_forward(inputs)
    assert state(network) == state(xor_network())


@pytest.mark.parametrize(
    ("inputs", "targets", "error", "message"),
    [
        ([], [], ArgumentError, "at least one sample, but inputs are empty"),
        ([[0, 1]], [], ArgumentError, "at least one sample, but targets are empty"),
        (np.zeros((0, 2)), np.zeros((0, 1)), ArgumentError, "at least one sample"),
        ([[0, 1]], [[1], [0]], ShapeError, "got 1 inputs, but 2 targets"),
        ([[0, 1], [1]], [[1], [0]], ShapeError, r"inputs\[1\] of this Network have 2 values"),
        ([[0, 1], [1, 1]], [[1], [0, 1]], ShapeError, r"targets\[1\] of this Network have 1 values"),
    ],
)
def test_refuses_data_sets_before_anything_is_trained(inputs, targets, error, message):
    network = xor_network()
    with pytest.raises(error, match=message):
        network.train(inputs, targets, 5)
    assert state(network) == state(xor_network())


@pytest.mark.parametrize("epochs", [-1, 1.5, True, None], ids=str)
def test_refuses_numbers_of_epochs(epochs):
    network = xor_network()
    with pytest.raises(ArgumentError, match="epochs"):
        network.train(*XOR, epochs)
    assert state(network) == state(xor_network())


# -- copies ---------------------------------------------------------------------------------------


def pickled(network):
    return pickle.loads(pickle.dumps(network))


copies = pytest.mark.parametrize("copied", [copy.deepcopy, pickled])


@copies
def test_a_copy_goes_on_as_the_original_would(copied):
    network = xor_network()
    network.train(*XOR, 3)
    twin = copied(network)
    assert state(twin) == state(network)
    assert twin.train(*XOR, 3) == network.train(*XOR, 3)
    assert state(twin) == state(network)


@copies
def test_training_a_copy_leaves_the_original(copied):
    network = xor_network()
    before = state(network)
    copied(network).train(*XOR, 3)
    assert state(network) == before


@copies
def test_a_copy_needs_a_feed_forward_of_its_own(copied):
    network = xor_network()
    outputs = network.feed_forward([0, 1])
    twin = copied(network)
    before = state(twin)
    with pytest.raises(ArgumentError, match="the last feed_forward"):
        twin.back_propagate(outputs, [1])
    assert state(twin) == before
    assert all(p.grad is None for p in network.model.parameters())


@copies
def test_a_copy_keeps_a_users_activation(copied):
    network = Network([2, 3, 1], double_tanh, seed=0)
    twin = copied(network)
    assert twin.train(*XOR, 2) == network.train(*XOR, 2)
