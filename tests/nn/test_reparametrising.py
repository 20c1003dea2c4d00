"""Weight and spectral norm: beside PyTorch's, derivatives, copies, pickles, states, what is refused."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.stored import Case, check
from tinygrad_like.nn.reparametrising import remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm

FAMILY = "reparametrising"
REMOVE = {weight_norm: remove_weight_norm, spectral_norm: remove_spectral_norm}


def theirs(nn, norm, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch has newer ones, whose names in states are longer
        return getattr(nn.utils, norm)(nn.Linear(3, 4), **options)


def case(norm, running=(), **options):
    return Case(
        f"{norm.__name__} {options} {dict(running)}",
        lambda: norm(tg.Linear(3, 4), **options),
        lambda nn: theirs(nn, norm.__name__, **options),
        ((5, 3),),
        **dict(running),
    )


CASES = [
    case(weight_norm),
    case(weight_norm, dim=1),
    case(weight_norm, dim=None),
    case(weight_norm, name="bias"),
    case(weight_norm, {"dtype": "float32"}),
    case(spectral_norm),
    case(spectral_norm, {"steps": 3}, n_power_iterations=2),
    case(spectral_norm, dim=1),
    case(spectral_norm, {"evaluate": True}),
]


@together("case", CASES)
def test_it_gives_what_pytorch_gives(case):
    check(case, FAMILY)


class Cubic(tg.Layer):
    """A layer whose weight has three axes, read twice."""

    def __init__(self):
        self.weight = tg.Parameter(np.arange(6.0).reshape(2, 3, 1) + 1)

    def forward(self, x):
        return (self.weight * x).sum() + self.weight[0, 0, 0]


@pytest.mark.parametrize("norm", [weight_norm, spectral_norm])
@pytest.mark.parametrize("dim", [0, 1, -1])
def test_derivatives_by_the_parameters(norm, dim):
    layer = norm(Cubic(), dim=dim).eval()
    names = [name for name, _ in layer.named_parameters()]
    x = np.random.default_rng(0).normal(size=(2, 3, 1))

    def function(*values):
        return tg.functional_call(layer, dict(zip(names, values)), x)

    assert tg.gradcheck(function, *(each.numpy() for each in layer.parameters()), order=2)


def test_the_norms_are_what_they_say():
    layer = weight_norm(tg.Linear(3, 2))
    tg.assign(layer.weight_g, [[2.0], [5.0]])
    np.testing.assert_allclose(np.linalg.norm(layer.weight.numpy(), axis=1), [2.0, 5.0])
    layer = spectral_norm(tg.Linear(3, 4), n_power_iterations=100)
    layer(np.ones(3))
    np.testing.assert_allclose(np.linalg.svd(layer.weight.numpy())[1][0], 1.0)


@pytest.mark.parametrize("norm", REMOVE)
def test_norm_and_removal_keep_the_function(norm):
    layer, x = tg.Linear(3, 2, seed=0), np.ones(3)
    before, wanted = layer.weight.numpy().copy(), layer(x).numpy()
    assert norm(layer) is layer
    assert isinstance(layer, tg.Linear)
    assert repr(layer).startswith(f"Linear(3 → 2, {'weight' if norm is weight_norm else 'spectral'} norm)")
    if norm is weight_norm:
        np.testing.assert_allclose(layer(x).numpy(), wanted)
    now = layer.weight.numpy()
    assert REMOVE[norm](layer) is layer
    assert type(layer) is tg.Linear
    np.testing.assert_array_equal(layer.weight.numpy(), now)
    assert sorted(vars(layer)) == sorted(vars(tg.Linear(3, 2)))
    assert (norm is weight_norm) == np.allclose(now, before)


@pytest.mark.parametrize("norm", REMOVE)
def test_copies_pickles_states_pictures(norm):
    model = tg.Sequential(norm(tg.Linear(3, 2, seed=0)), tg.Tanh())
    x = np.random.default_rng(0).normal(size=(4, 3))
    model(x)
    model.eval()
    for again in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())
        tg.assign(again.parameters()[0], np.ones(2))
        assert again(x).tolist() != model(x).tolist()
        again.load_state_dict(model.state_dict())
        np.testing.assert_array_equal(again(x).numpy(), model(x).numpy())
    assert "Linear" in model.draw(x).source
    assert model.to(np.float32)(x.astype(np.float32)).dtype == np.float32


def test_training_moves_all_parameters():
    model = tg.Sequential(
        weight_norm(tg.Linear(2, 3, seed=0)), tg.Tanh(), spectral_norm(tg.Linear(3, 1, seed=1), seed=2)
    )
    optimizer = tg.SGD(model.parameters(), lr=0.1)
    x, target = np.eye(2), np.array([[1.0], [-1.0]])
    before = [p.numpy().copy() for p in model.parameters()]
    losses = []
    for _ in range(50):
        loss = tg.mse(model(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.1 * losses[0]
    assert all((p.numpy() != b).any() for p, b in zip(model.parameters(), before))


def test_reading_the_weight_changes_nothing():
    layer = spectral_norm(tg.Linear(3, 2))
    before = layer.weight_u.numpy().copy()
    np.testing.assert_array_equal(layer.weight.numpy(), layer.weight.numpy())
    layer.eval()(np.ones(3))
    np.testing.assert_array_equal(layer.weight_u.numpy(), before)
    layer.train()(np.ones(3))
    assert (layer.weight_u.numpy() != before).any()
    first, second = layer(np.ones(3)), layer(np.ones(3))  # the second call moves u and v, which the first has used
    (first + second).sum().backward()
    assert layer.weight_orig.grad is not None


def test_a_repr_names_the_norms():
    layer = spectral_norm(weight_norm(tg.nn.RNN(2, 1), "weight_hh_l0"), "weight_ih_l0")
    assert repr(layer).startswith("RNN(2 → 1, weight norm of weight_hh_l0, spectral norm of weight_ih_l0)")
    assert repr(weight_norm(tg.Linear(2, 1))).startswith("Linear(2 → 1, weight norm)")
    assert repr(weight_norm(tg.nn.PReLU())).startswith("PReLU(weight norm)")


def test_two_weights_of_a_layer():
    layer = weight_norm(weight_norm(tg.Linear(3, 2, seed=0)), "bias")
    assert list(layer.state_dict()) == ["weight_g", "weight_v", "bias_g", "bias_v"]
    wanted = layer(np.ones(3)).numpy()
    remove_weight_norm(layer)
    remove_weight_norm(layer, "bias")
    np.testing.assert_allclose(layer(np.ones(3)).numpy(), wanted)
    assert type(layer) is tg.Linear


def test_zeros_stay_zeros():
    for norm in REMOVE:
        layer = tg.Linear(3, 2)
        tg.assign(layer.weight, 0.0)
        norm(layer)(np.ones(3)).sum().backward()
        assert not layer.weight.numpy().any()
        assert all(np.isfinite(p.grad.numpy()).all() for p in layer.parameters())


def set_weight():
    weight_norm(tg.Linear(3, 2)).weight = np.ones((2, 3))


@together(
    ("call", "message"),
    [
        (set_weight, "Linear.weight is computed from weight_g and weight_v"),
        (lambda: weight_norm(tg.Linear(3, 2), "kernel"), "no parameter 'kernel'"),
        (lambda: weight_norm(tg.Linear(3, 2, bias=False), "bias"), "no parameter 'bias'"),
        (lambda: weight_norm(weight_norm(tg.Linear(3, 2))), "has a norm already"),
        (lambda: spectral_norm(weight_norm(tg.Linear(3, 2))), "has a norm already"),
        (lambda: weight_norm(tg.Linear(3, 2), dim=2), "has no axis 2"),
        (lambda: spectral_norm(tg.Linear(3, 2), n_power_iterations=0), "at least 1"),
        (lambda: remove_weight_norm(tg.Linear(3, 2)), "has no WeightNorm"),
        (lambda: remove_weight_norm(spectral_norm(tg.Linear(3, 2))), "has no WeightNorm"),
    ],
)
def test_errors(call, message):
    with pytest.raises(tg.ArgumentError, match=message):
        call()


def test_a_missing_attribute_is_missing():
    with pytest.raises(AttributeError, match="'missing'"):
        _ = weight_norm(tg.Linear(3, 2)).missing
