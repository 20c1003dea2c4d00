"""The activation of a Network: an Activation, a function, or a name."""

import pickle

import numpy as np
import pytest

from tinygrad_like import RELU, SIGMOID, TANH, Activation, ArgumentError, Network, Tanh, gradcheck


@pytest.mark.parametrize(("name", "activation"), [("sigmoid", SIGMOID), ("tanh", TANH), ("relu", RELU)])
def test_a_name_means_the_activation(name, activation):
    named, given = (Network([2, 3, 1], each, seed=1) for each in (name, activation))
    assert named.activation is activation
    assert named.train([[0, 1]], [[1]], 3) == given.train([[0, 1]], [[1]], 3)


@pytest.mark.parametrize("function", [np.tanh, np.sin, np.arctan, lambda x: x / np.sqrt(1 + x * x)])
def test_a_numpy_function_is_an_activation(function):
    network = Network([2, 3, 1], function, 0.1, seed=1)
    W, b = network.weights, network.biases
    hidden = function(W[0].array @ [[0.5], [-1.0]] + b[0].array)
    np.testing.assert_allclose(
        network.feed_forward([0.5, -1.0]).array, function(W[1].array @ hidden + b[1].array), rtol=1e-14
    )
    assert gradcheck(network.model, np.array([[0.5, -1.0]]))
    losses = network.train([[0.5, -1.0]], [[0.3]], 20)
    assert losses[-1] < losses[0]


def test_a_numpy_function_names_itself_and_can_be_pickled():
    network = Network([2, 1], np.tanh, seed=1)
    assert repr(network) == "Network([2, 1], tanh, learning_rate=0.5)  # 3 parameters"
    twin = pickle.loads(pickle.dumps(network))
    assert twin.feed_forward([1, 2]) == network.feed_forward([1, 2])


def test_an_unknown_name_lists_the_known():
    with pytest.raises(ArgumentError, match=r"'swish'; the names are 'relu', 'sigmoid', 'tanh'\.\n  .*np\.tanh"):
        Network([2, 1], "swish")


def test_an_activation_without_a_name_has_that_of_its_class():
    assert repr(Activation(Tanh())).startswith("Activation(Tanh)")


@pytest.mark.parametrize("activation", [3, None, ["tanh"]])
def test_what_is_no_activation(activation):
    with pytest.raises(ArgumentError, match="an Activation, a function or a name, but got"):
        Network([2, 1], activation)
