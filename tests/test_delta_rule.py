"""The delta rule by hand, autodiff and finite differences agree; a shortcut departs in hidden layers."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tinygrad_like import RELU, SIGMOID, TANH, Activation, Linear, Network, Sequential
from tinygrad_like.nn.initialisers import uniform

ROUNDING = 2e-14
STEP = 2e-5


def logistic(z):
    return 1 / (1 + np.exp(-z))


# name: (the layer that autodiff differentiates, f, f' by hand)
CURVES = {
    "sigmoid": (SIGMOID, logistic, lambda z: logistic(z) * (1 - logistic(z))),
    "tanh": (TANH, np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (RELU, lambda z: np.maximum(z, 0), lambda z: (z > 0) * 1.0),
    "softplus": (Activation(lambda x: np.log1p(np.exp(x)), "softplus"), lambda z: np.log1p(np.exp(z)), logistic),
    "bump": (Activation(lambda x: np.exp(-x * x), "bump"), lambda z: np.exp(-z * z), lambda z: -2 * z * np.exp(-z * z)),
}


class Case:
    """A model with values in ±1, a batch of inputs and targets; one sample per row."""

    def __init__(self, sizes, curve, batch, seed):
        rng = np.random.default_rng(seed)
        layer, self.f, self.slope = CURVES[curve]
        linears = [Linear(*pair, init=uniform(-1.0, 1.0), seed=rng) for pair in pairwise(sizes)]
        self.model = Sequential(*[each for linear in linears for each in (linear, layer)])
        self.x, self.t = rng.uniform(-1, 1, (batch, sizes[0])), rng.uniform(-1, 1, (batch, sizes[-1]))

    def gradients(self):
        """By autodiff, of half the squared error: weight, bias, weight, bias …"""
        loss = ((self.t - self.model(self.x)) ** 2).sum() / 2
        loss.backward()
        return [p.grad.numpy() for p in self.model.parameters()]

    def by_hand(self):
        """The negative gradients by the delta rule, and a bound of the magnitudes summed for them."""
        parameters = values(self.model)
        zs, outputs = forward(parameters, self.f, self.x)
        slopes = [self.slope(z) for z in zs]
        steps = delta_rule(parameters, outputs, slopes, self.t - outputs[-1])
        sizes = [np.abs(p) for p in parameters], [np.abs(a) for a in outputs], [np.abs(s) for s in slopes]
        return steps, delta_rule(*sizes, np.abs(self.t) + np.abs(outputs[-1]))

    def numerically(self):
        """By differences of the loss in each weight and bias."""
        parameters = values(self.model)
        return differences(parameters, lambda: loss_by_hand(parameters, self.f, self.x, self.t))


def values(model):
    return [p.numpy().copy() for p in model.parameters()]


def forward(parameters, f, x):
    """z of every layer, and the outputs of every layer, the inputs first."""
    zs, outputs = [], [x]
    for weight, bias in zip(parameters[::2], parameters[1::2]):
        zs.append(outputs[-1] @ weight.T + bias)
        outputs.append(f(zs[-1]))
    return zs, outputs


def loss_by_hand(parameters, f, x, t):
    return ((t - forward(parameters, f, x)[1][-1]) ** 2).sum() / 2


def delta_rule(parameters, outputs, slopes, errors):
    """delta = e f'(z); W gains deltaᵀ a, b gains delta; W carries the delta to the layer before."""
    found = []
    for weight, below, slope in reversed(list(zip(parameters[::2], outputs, slopes))):
        delta = errors * slope
        found = [delta.T @ below, delta.sum(0), *found]
        errors = delta @ weight
    return found


def differences(parameters, loss):
    """Central differences over five points."""

    def at(array, index, shift):
        before = array[index]
        array[index] = before + shift
        result = loss()
        array[index] = before
        return result

    def slope(array, index):
        near = at(array, index, STEP) - at(array, index, -STEP)
        far = at(array, index, 2 * STEP) - at(array, index, -2 * STEP)
        return (8 * near - far) / (12 * STEP)

    return [np.reshape([slope(a, i) for i in np.ndindex(a.shape)], a.shape) for a in parameters]


topologies = st.lists(st.integers(1, 5), min_size=2, max_size=5)
curves = st.sampled_from(sorted(CURVES))
seeds = st.integers(0, 2**32 - 1)
cases = st.builds(Case, topologies, curves, batch=st.integers(1, 6), seed=seeds)


@settings(deadline=None, max_examples=100)
@given(cases)
def test_autodiff_gives_the_delta_rule(case):
    steps, bounds = case.by_hand()
    for gradient, step, bound in zip(case.gradients(), steps, bounds, strict=True):
        assert (np.abs(gradient + step) <= ROUNDING * bound).all()


@settings(deadline=None, max_examples=100)
@given(cases)
def test_finite_differences_agree_with_both(case):
    if case.f is CURVES["relu"][1]:
        zs, _ = forward(values(case.model), case.f, case.x)
        assume(min(np.abs(z).min() for z in zs) > 200 * STEP)
    steps, _ = case.by_hand()
    for numeric, gradient, step in zip(case.numerically(), case.gradients(), steps, strict=True):
        np.testing.assert_allclose(gradient, numeric, rtol=1e-8, atol=1e-8)
        np.testing.assert_allclose(-step, numeric, rtol=1e-8, atol=1e-8)


def test_a_wrong_rule_is_seen_by_the_finite_differences():
    case = Case([2, 3, 2], "sigmoid", batch=4, seed=0)
    doubled = [2 * step for step in case.by_hand()[0]]
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(-doubled[0], case.numerically()[0], rtol=1e-8, atol=1e-8)


# -- one step and many steps of a Network ---------------------------------------------------------


def hand_step(parameters, curve, rate, x, t):
    """Descend once for one sample, in place; gives the loss before."""
    _, f, slope = CURVES[curve]
    x, t = np.reshape(x, (1, -1)), np.reshape(t, (1, -1))
    loss = loss_by_hand(parameters, f, x, t)
    zs, outputs = forward(parameters, f, x)
    steps = delta_rule(parameters, outputs, [slope(z) for z in zs], t - outputs[-1])
    for parameter, step in zip(parameters, steps):
        parameter += rate * step
    return loss


def samples(sizes, count, seed):
    rng = np.random.default_rng([seed, count])
    return rng.uniform(-1, 1, (count, sizes[0])), rng.uniform(-1, 1, (count, sizes[-1]))


@settings(deadline=None, max_examples=60)
@given(topologies, curves, st.floats(0.0, 2.0), seeds)
def test_back_propagate_steps_by_the_delta_rule(sizes, curve, rate, seed):
    network = Network(sizes, CURVES[curve][0], rate, seed=seed)
    expected = values(network.model)
    (x,), (t,) = samples(sizes, 1, seed)
    loss = network.back_propagate(network.feed_forward(x), t)
    assert loss == pytest.approx(hand_step(expected, curve, rate, x, t), rel=1e-13)
    for parameter, wanted in zip(values(network.model), expected, strict=True):
        np.testing.assert_allclose(parameter, wanted, rtol=1e-13, atol=1e-13 * (1 + np.abs(wanted).max()))


@settings(deadline=None, max_examples=30)
@given(topologies, st.sampled_from(["sigmoid", "tanh"]), st.integers(1, 4), st.integers(1, 5), seeds)
def test_train_repeats_the_step_sample_by_sample(sizes, curve, count, epochs, seed):
    network = Network(sizes, CURVES[curve][0], 0.5, seed=seed)
    expected = values(network.model)
    xs, ts = samples(sizes, count, seed)
    losses = network.train(xs, ts, epochs)
    wanted = [np.mean([hand_step(expected, curve, 0.5, x, t) for x, t in zip(xs, ts)]) for _ in range(epochs)]
    np.testing.assert_allclose(losses, wanted, rtol=1e-11)
    for parameter, value in zip(values(network.model), expected, strict=True):
        np.testing.assert_allclose(parameter, value, rtol=1e-11, atol=1e-11)


# -- the shortcut ---------------------------------------------------------------------------------

CONSTANT_RATE = 0.5
HIDDEN = [[2, 3, 1], [2, 3, 2], [3, 5, 4, 2], [2, 4, 4, 4, 1]]


def bits(sizes, seed):
    """A sample of zeros and ones, as in XOR."""
    rng = np.random.default_rng([seed, 1])
    return rng.integers(0, 2, sizes[0]) * 1.0, rng.integers(0, 2, sizes[-1]) * 1.0


def true_changes(parameters, outputs, slopes, errors, rate):
    return [rate * step for step in delta_rule(parameters, outputs, slopes, errors)]


def shortcut_changes(parameters, outputs, slopes, errors, rate, raw=True, updated=True, constant=True):
    """As the program of Hashi Warsame's post: the output layer by the delta rule, with `rate`; below it the raw errors,
    carried back through weights that were already updated, and a constant rate. Each of the three can be left out.
    """
    found = []
    for weight, below, slope in reversed(list(zip(parameters[::2], outputs, slopes))):
        delta = errors * slope
        change = rate * delta.T @ below
        found = [change, rate * delta.sum(0), *found]
        errors = (errors if raw else delta) @ (weight + change if updated else weight)
        rate = CONSTANT_RATE if constant else rate
    return found


def changes(rule, sizes, seed, rate=0.5, **options):
    """What `rule` and what a Network change for one sample; one (rule's, network's) pair of vectors per layer."""
    network = Network(sizes, SIGMOID, rate, seed=seed)
    x, t = bits(sizes, seed)
    before = values(network.model)
    zs, outputs = forward(before, logistic, x[None])
    slopes = [logistic(z) * (1 - logistic(z)) for z in zs]
    theirs = rule(before, outputs, slopes, t[None] - outputs[-1], rate, **options)
    network.model(x).backward(outputs[-1][0] - t)
    ours = [-rate * p.grad.numpy() for p in network.model.parameters()]
    return list(zip(by_layer(theirs), by_layer(ours), strict=True))


def by_layer(arrays):
    return [np.concatenate([weight.ravel(), bias]) for weight, bias in zip(arrays[::2], arrays[1::2])]


def distance(got, true):
    return np.linalg.norm(got - true) / np.linalg.norm(true)


def cosine(got, true):
    return got @ true / (np.linalg.norm(got) * np.linalg.norm(true))


@pytest.mark.parametrize("sizes", HIDDEN, ids=str)
def test_the_true_rule_changes_what_a_network_changes(sizes):
    for seed in range(20):
        for got, ours in changes(true_changes, sizes, seed):
            assert distance(got, ours) <= 1e-13


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 5), min_size=3, max_size=5), st.floats(0.01, 2.0), seeds)
def test_the_shortcut_agrees_at_the_output_layer(sizes, rate, seed):
    got, ours = changes(shortcut_changes, sizes, seed, rate)[-1]
    assert distance(got, ours) <= 1e-13


@pytest.mark.parametrize("sizes", HIDDEN, ids=str)
def test_the_shortcut_departs_in_every_hidden_layer(sizes):
    """Further than if the layer were not changed at all, which is at distance 1."""
    for seed in range(20):
        for got, ours in changes(shortcut_changes, sizes, seed)[:-1]:
            assert distance(got, ours) > 1


@pytest.mark.parametrize("sizes", HIDDEN, ids=str)
def test_the_shortcut_departs_further_with_every_layer(sizes):
    layers = np.array([[distance(*pair) for pair in changes(shortcut_changes, sizes, seed)] for seed in range(20)])
    medians = np.median(layers, axis=0)
    assert (medians[:-1] > 4 * np.maximum(medians[1:], 1)).all()


def test_finite_differences_tell_which_one_is_the_gradient():
    sizes, seed, rate = [2, 3, 2], 7, 0.5
    network = Network(sizes, SIGMOID, rate, seed=seed)
    x, t = bits(sizes, seed)
    parameters = values(network.model)
    numeric = differences(parameters, lambda: loss_by_hand(parameters, logistic, x, t))
    hidden = -rate * by_layer(numeric)[0]
    shortcut, ours = changes(shortcut_changes, sizes, seed, rate)[0]
    assert distance(ours, hidden) < 1e-8
    assert distance(shortcut, hidden) > 1


def test_raw_errors_lack_the_slope_of_the_output():
    """With a single output the missing factor is a number, f'(z): the change is too long by its inverse."""
    for seed in range(20):
        network = Network([2, 3, 1], SIGMOID, seed=seed)
        x, _ = bits([2, 3, 1], seed)
        y = network.feed_forward(x).data[0]
        got, ours = changes(shortcut_changes, [2, 3, 1], seed, updated=False, constant=False)[0]
        np.testing.assert_allclose(got, ours / (y * (1 - y)), rtol=1e-12)


def test_weights_updated_too_early_turn_the_direction():
    pairs = [changes(shortcut_changes, [2, 3, 1], seed, raw=False, constant=False)[0] for seed in range(20)]
    assert min(distance(got, ours) for got, ours in pairs) > 1e-3
    assert all(cosine(got, ours) < 1 - 1e-12 for got, ours in pairs)


def test_a_constant_rate_does_not_follow_the_learning_rate():
    got, ours = changes(shortcut_changes, [2, 3, 1], 0, rate=0.1, raw=False, updated=False)[0]
    np.testing.assert_allclose(got, ours * (CONSTANT_RATE / 0.1), rtol=1e-12)


def test_the_shortcut_can_point_uphill():
    sizes, seed = [2, 3, 2], 1340
    network = Network(sizes, SIGMOID, seed=seed)
    x, t = bits(sizes, seed)
    parameters = values(network.model)
    before = loss_by_hand(parameters, logistic, x, t)
    change, _ = changes(shortcut_changes, sizes, seed)[0]
    parameters[0] += 1e-3 * change[:6].reshape(3, 2)
    parameters[1] += 1e-3 * change[6:]
    assert loss_by_hand(parameters, logistic, x, t) > before
