"""Dropout: what is dropped and how often, what stays, whose random numbers, and the edges."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like.functions import dropping as F
from tinygrad_like.nn import dropout_layers

KINDS = [  # a layer, its function, and a shape that it takes with the shape of its mask
    (dropout_layers.Dropout, F.dropout, (4, 3), (4, 3)),
    (dropout_layers.Dropout1d, F.dropout1d, (4, 3, 2), (4, 3, 1)),
    (dropout_layers.Dropout1d, F.dropout1d, (3, 2), (3, 1)),
    (dropout_layers.Dropout2d, F.dropout2d, (2, 3, 2, 2), (2, 3, 1, 1)),
    (dropout_layers.Dropout3d, F.dropout3d, (2, 3, 1, 2, 2), (2, 3, 1, 1, 1)),
    (dropout_layers.Dropout3d, F.dropout3d, (3, 1, 2, 2), (3, 1, 1, 1)),
    (dropout_layers.AlphaDropout, F.alpha_dropout, (4, 3), (4, 3)),
    (dropout_layers.FeatureAlphaDropout, F.feature_alpha_dropout, (4, 3, 2), (4, 3, 1)),
]
ALPHA = [kind for kind in KINDS if "Alpha" in kind[0].__name__]
PLAIN = [kind for kind in KINDS if kind not in ALPHA]


def source(seed=0):
    return tg.random.Generator(seed)


@pytest.mark.parametrize(("layer", "function", "shape", "mask"), PLAIN)
def test_whole_channels_are_dropped_and_the_rest_is_scaled(layer, function, shape, mask):
    x = np.random.default_rng(0).normal(size=shape) + 5
    y = layer(0.6, generator=source())(x)
    np.testing.assert_array_equal(y, function(x, 0.6, generator=source()))
    kept = y != 0
    np.testing.assert_allclose(y[kept], x[kept] / 0.4)
    assert (kept == np.broadcast_to(kept[tuple(slice(0, n) for n in mask)], shape)).all()
    assert 0 < kept.sum() < kept.size


@pytest.mark.parametrize(("layer", "function", "shape", "mask"), ALPHA)
def test_alpha_dropout_has_the_values_of_pytorch(layer, function, shape, mask):
    y = layer(0.3, generator=source())(np.ones(shape))
    np.testing.assert_array_equal(y, function(np.ones(shape), 0.3, True, generator=source()))
    assert np.unique(y.round(6)).tolist() == LOW_AND_HIGH
    assert (y == y.reshape(*mask, -1)[..., :1].reshape(mask)).all()


LOW_AND_HIGH = [-1.059548, 1.315045]  # what PyTorch makes of ones with p = 0.3


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).normal(size=200_000)
    y = F.alpha_dropout(x, 0.3, True, generator=source())
    np.testing.assert_allclose([y.mean(), y.var()], [0, 1], atol=0.02)


def test_how_often():
    for p in (0.1, 0.5, 0.9):
        kept = F.dropout(np.ones(100_000), p, generator=source()) != 0
        np.testing.assert_allclose(kept.mean(), 1 - p, atol=0.005)


@together(("layer", "function", "shape", "mask"), KINDS)
def test_edges(layer, function, shape, mask):
    x = tg.Tensor(np.random.default_rng(0).normal(size=shape), requires_grad=True)
    assert layer(0.4).eval()(x) is x
    assert layer(0)(x) is x
    assert function(x, 0.4, False) is x
    nothing = layer(1)(x)
    assert not nothing.numpy().any()
    nothing.sum().backward()
    assert x.grad.tolist() == np.zeros(shape).tolist()


@together(("layer", "function", "shape", "mask"), KINDS)
def test_derivatives_dtypes_and_layouts(layer, function, shape, mask):
    x = np.random.default_rng(0).normal(size=shape)
    assert tg.gradcheck(lambda x: function(x, 0.4, True, generator=source()), x, order=2)
    single = function(tg.Tensor(x.astype(np.float32)), 0.4, True, generator=source())
    assert single.dtype == np.float32
    np.testing.assert_allclose(single.numpy(), function(x, 0.4, True, generator=source()), 1e-5, 1e-6)
    whole = np.arange(x.size).reshape(shape)
    np.testing.assert_array_equal(
        function(whole, 0.4, True, generator=source()), function(whole * 1.0, 0.4, True, generator=source())
    )


def test_whose_random_numbers():
    x = np.ones(50)
    tg.seed(3)
    first = [dropout_layers.Dropout()(x), F.dropout(x)]
    tg.seed(3)
    again = [F.dropout(x), dropout_layers.Dropout()(x)]
    np.testing.assert_array_equal(first, again)
    assert first[0].tolist() != first[1].tolist()
    own = dropout_layers.Dropout(generator=source(3))
    copied, pickled = copy.deepcopy(own), pickle.loads(pickle.dumps(own))
    drawn = own(x)
    np.testing.assert_array_equal(copied(x), drawn)
    np.testing.assert_array_equal(pickled(x), drawn)
    assert own(x).tolist() != drawn.tolist()
    assert list(own.state_dict()) == ["generator.state"]
    assert list(dropout_layers.Dropout().state_dict()) == []


def test_defaults_are_those_of_pytorch():
    x = np.ones(100)
    assert 0 in dropout_layers.Dropout()(x)
    assert 0 in F.dropout(x)
    assert F.alpha_dropout(x) is x
    assert repr(dropout_layers.Dropout(inplace=True)) == "Dropout(p 0.5)  # 0 parameters"


@together(
    ("call", "message"),
    [
        (lambda: dropout_layers.Dropout(1.5), "Dropout needs a probability p from 0 to 1"),
        (lambda: F.alpha_dropout(np.ones(2), -0.1), "alpha_dropout needs a probability"),
        (lambda: F.dropout(np.ones(2), float("nan")), "dropout needs a probability"),
        (lambda: F.dropout(np.ones(2), generator=np.random.default_rng(0)), "tg.random.Generator"),
        (lambda: dropout_layers.Dropout1d()(np.ones(3)), "inputs of 3 axes, or 2 without a batch"),
        (lambda: dropout_layers.Dropout2d()(np.ones((2, 3, 4))), r"x\[None\] for one \(C, H, W\), or dropout1d"),
        (lambda: dropout_layers.Dropout3d()(np.ones((2, 3, 4))), "inputs of 5 axes, or 4"),
        (lambda: dropout_layers.FeatureAlphaDropout()(np.ones(3)), r"\(N, C, ...\)"),
    ],
)
def test_errors(call, message):
    with pytest.raises((tg.ArgumentError, tg.ShapeError), match=message):
        call()
