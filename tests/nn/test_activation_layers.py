"""Activations: values and gradients beside PyTorch's, derivatives of order 2, extremes, dtypes, errors."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.stored import Case, check
from tinygrad_like.functions import nonlinearities as F
from tinygrad_like.nn import activation_layers, layers

FAMILY = "activations"
POINTS = np.array([[-1e4, -30, -3, -1, -0.5, -0.1], [0, 0.1, 0.5, 1, 3, 6], [6.5, 19, 21, 25, 1e4, 2]])
INF = np.inf
PLAIN = ["Sigmoid", "Tanh", "ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Softsign", "Tanhshrink", "LogSigmoid"]
DEFAULTS = [
    "Hardswish",
    "ELU",
    "CELU",
    "GELU",
    "LeakyReLU",
    "Softplus",
    "Softshrink",
    "Hardshrink",
    "Hardtanh",
    "RReLU",
]
IN_PLACE = ["ReLU", "ReLU6", "SELU", "SiLU", "Mish", "Hardsigmoid", "Hardswish", "ELU", "CELU", "LeakyReLU", "RReLU"]


def case(name, *args, inputs=POINTS, **more):
    def given(rng):
        return inputs if isinstance(inputs, np.ndarray) else rng.normal(size=inputs)

    return Case(
        f"{name}{args}" + ("" if inputs is POINTS else f" of {np.shape(inputs) or inputs}"),
        lambda: getattr(activation_layers, name)(*args),
        lambda nn: getattr(nn, name)(*args),
        (given,),
        evaluate=True,
        **more,
    )


POINTWISE = [
    *(case(name) for name in PLAIN + DEFAULTS),
    case("Hardsigmoid", tolerance=1e-7),  # PyTorch's gradient has the digits of float32
    case("ELU", 0.7),
    case("CELU", 2.0),
    case("GELU", "tanh"),
    case("LeakyReLU", -0.2),
    case("Softplus", 2.0, 10.0),
    case("Softshrink", 0.1),
    case("Hardshrink", 0.1),
    case("Hardtanh", -0.5, 3.0),
    case("Threshold", 0.5, -2.0),
    case("RReLU", 0.2, 0.8),
    case("PReLU"),
]
CASES = [
    *POINTWISE,
    case("PReLU", 3, inputs=(2, 3, 2)),
    case("PReLU", 1, 0.5, inputs=(4,)),
    *(case(name, dim, inputs=(2, 3, 2)) for name in ("Softmax", "LogSoftmax", "Softmin") for dim in (1, -1)),
    case("Softmax2d", inputs=(2, 3, 2, 1)),
    case("Softmax2d", inputs=(3, 2, 2)),
    case("GLU", inputs=(2, 4)),
    case("GLU", 0, inputs=(2, 3)),
    case("GELU", inputs=(5,), dtype="float32"),
    case("Mish", inputs=(5,), dtype="float32"),
]


@together("case", CASES)
def test_it_gives_what_pytorch_gives(case):
    check(case, FAMILY)


@together("case", POINTWISE)
def test_derivatives_dtypes_and_copies(case):
    layer = case.ours().eval()
    for extreme in (np.array([-2.2, -0.7, 0.3, 0.8, 2.4]), np.array([0.45])):
        assert tg.gradcheck(layer, extreme, order=2)
    for values in (np.array([-2.0, 3.0], np.float32), np.array(0.3, np.float32)):
        y, wide = layer(tg.Tensor(values)), layer(tg.Tensor(values.astype(float)))
        assert y.dtype == (np.float32 if case.name != "PReLU()" else np.float64)
        np.testing.assert_allclose(y.numpy(), wide.numpy(), 1e-5)
    np.testing.assert_array_equal(layer([-2, 3]), layer(np.array([-2.0, 3.0])))
    assert repr(pickle.loads(pickle.dumps(layer))) == repr(copy.deepcopy(layer)) == repr(layer)


@together(
    ("function", "limits", "slopes"),
    [
        (F.elu, [-1.0, INF], [0.0, 1.0]),
        (F.celu, [-1.0, INF], [0.0, 1.0]),
        (F.selu, [-F.SELU_SCALE * F.SELU_ALPHA, INF], [0.0, F.SELU_SCALE]),
        (F.gelu, [0.0, INF], [0.0, 1.0]),
        (lambda x: F.gelu(x, "tanh"), [0.0, INF], [0.0, 1.0]),
        (F.leaky_relu, [-INF, INF], [0.01, 1.0]),
        (F.relu6, [0.0, 6.0], [0.0, 0.0]),
        (F.silu, [0.0, INF], [0.0, 1.0]),
        (F.mish, [0.0, INF], [0.0, 1.0]),
        (F.softplus, [0.0, INF], [0.0, 1.0]),
        (F.logsigmoid, [-INF, 0.0], [1.0, 0.0]),
        (F.softsign, [-1.0, 1.0], [0.0, 0.0]),
        (F.tanhshrink, [-INF, INF], [1.0, 1.0]),
        (F.hardsigmoid, [0.0, 1.0], [0.0, 0.0]),
        (F.hardswish, [0.0, INF], [0.0, 1.0]),
        (F.tanh, [-1.0, 1.0], [0.0, 0.0]),
    ],
)
def test_limits(function, limits, slopes):
    x = tg.Tensor([-INF, INF, -1e4, 1e4], requires_grad=True)
    y = function(x)
    y.backward(np.ones(4))
    np.testing.assert_array_equal(y.numpy()[:2], limits)
    np.testing.assert_allclose(x.grad.numpy(), slopes * 2, atol=1e-7)
    assert np.isfinite(y.numpy()[2:]).all()


def test_logits_of_ten_thousand():
    x = np.array([-1e4, 1e4])
    assert F.softplus(x).tolist() == [0.0, 1e4]
    assert F.logsigmoid(x).tolist() == [-1e4, 0.0]
    assert F.mish(x).tolist() == F.silu(x).tolist() == F.gelu(x).tolist() == F.gelu(x, "tanh").tolist() == [0.0, 1e4]
    for axis in activation_layers.Softmax(), activation_layers.Softmin(0):
        assert sorted(axis(x).tolist()) == [0.0, 1.0]


def test_digits_of_softplus():
    x = np.concatenate([np.linspace(-40, 40, 801), [-700.0, 1e-20]])
    np.testing.assert_allclose(F.softplus(x, threshold=1e3), np.logaddexp(0, x), 4e-16)
    single = x[:801].astype(np.float32)
    np.testing.assert_allclose(F.softplus(single), np.logaddexp(0, single.astype(float)), 3e-7)


def test_dim_is_the_last_axis_and_another_name_of_axis():
    x = np.arange(24.0).reshape(2, 3, 4)
    for made in (activation_layers.Softmax, activation_layers.LogSoftmax, activation_layers.Softmin):
        np.testing.assert_array_equal(made()(x), made(-1)(x))
    np.testing.assert_array_equal(tg.softmax(x, dim=1), tg.softmax(x, 1))
    np.testing.assert_array_equal(tg.log_softmax(x, dim=0), tg.log_softmax(x, 0))
    np.testing.assert_allclose(F.softmin(x, 1), tg.softmax(-x, 1))


def test_rrelu_draws_slopes_in_training_only():
    x = np.full(2000, -1.0)
    layer = activation_layers.RReLU(0.2, 0.6, generator=tg.random.Generator(1))
    drawn = layer(x)
    assert -0.6 < drawn.min() < -0.59
    assert -0.21 < drawn.max() < -0.2
    assert layer(x).tolist() != drawn.tolist()
    np.testing.assert_allclose(layer.eval()(x), -0.4)
    again = activation_layers.RReLU(0.2, 0.6, generator=tg.random.Generator(1))
    assert again(tg.Tensor(x.astype(np.float32))).dtype == np.float32
    t = tg.Tensor([-2.0, 2.0], requires_grad=True)
    y = again(t)
    y.backward(np.ones(2))
    np.testing.assert_allclose(t.grad.numpy(), y.numpy() / t.numpy())


def test_gumbel_softmax():
    x = tg.Tensor(np.log([[0.1, 0.2, 0.7]] * 4000), requires_grad=True)
    hard = F.gumbel_softmax(x, hard=True, generator=tg.random.Generator(0))
    assert set(hard.numpy().ravel().tolist()) == {0.0, 1.0}
    np.testing.assert_allclose(hard.numpy().mean(0), [0.1, 0.2, 0.7], atol=0.03)
    (hard * np.arange(3.0)).sum().backward()
    slope = x.grad.numpy()
    x.grad = None
    soft = F.gumbel_softmax(x, generator=tg.random.Generator(0))
    np.testing.assert_array_equal(soft.numpy().argmax(-1), hard.numpy().argmax(-1))
    (soft * np.arange(3.0)).sum().backward()
    np.testing.assert_array_equal(slope, x.grad.numpy())
    across = F.gumbel_softmax(np.zeros((3, 2, 2)), 0.1, True, 1, generator=tg.random.Generator(0))
    np.testing.assert_array_equal(across.sum(1), np.ones((3, 2)))


def test_lengths_and_distances():
    a, b = np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([[4.0, 3.0], [1.0, 0.0]])
    np.testing.assert_allclose(F.normalize(a), [[0.6, 0.8], [0.0, 0.0]])
    np.testing.assert_allclose(F.normalize(a, 1.0, 0), [[1.0, 1.0], [0.0, 0.0]])
    np.testing.assert_allclose(F.cosine_similarity(a, b), [0.96, 0.0])
    np.testing.assert_allclose(F.cosine_similarity(a[:, None], b, 2), [[0.96, 0.6], [0.0, 0.0]])
    np.testing.assert_allclose(F.pairwise_distance(a, b, eps=0.0), [2**0.5, 1.0])
    np.testing.assert_allclose(F.pairwise_distance(a, b, 1.0, 0.0, True), [[2.0], [1.0]])
    zero = tg.Tensor(np.zeros((1, 2)), requires_grad=True)
    (F.normalize(zero).sum() + F.cosine_similarity(zero, b).sum() + F.pairwise_distance(zero, zero).sum()).backward()
    assert np.isfinite(zero.grad.numpy()).all()
    for f in (F.cosine_similarity, F.pairwise_distance, lambda x, y: F.normalize(x, 3.0) * y):
        assert tg.gradcheck(f, a + 0.5, b, order=2)


def test_layers_with_parameters_and_halves():
    layer = activation_layers.PReLU(2)
    x = np.array([[[-1.0, 2.0], [3.0, -0.5]]])
    assert tg.gradcheck(lambda x, w: F.prelu(x, w), x, layer.weight.numpy(), order=2)
    assert list(layer.state_dict()) == ["weight"]
    assert tg.gradcheck(F.glu, x, order=2)
    assert tg.gradcheck(lambda x: F.softmin(x, 1), x, order=2)


def test_a_number_stays_a_number_in_prelu():
    for weight in (np.array([0.5]), np.array(0.5)):
        y = F.prelu(-2.0, weight)
        assert (np.shape(y), y) == ((), -1.0)
    assert activation_layers.PReLU()(-2.0).shape == ()


def test_inplace_changes_nothing():
    x = np.array([-1.0, 1.0])
    for name in [*IN_PLACE, "Hardtanh"]:
        getattr(activation_layers, name)(inplace=True).eval()(x)
        assert x.tolist() == [-1.0, 1.0]


@together(
    ("call", "message"),
    [
        (lambda: F.gelu(1.0, "erf"), '"none" or "tanh"'),
        (lambda: F.hardtanh(1.0, 2.0, 1.0), "min_val ≤ max_val"),
        (lambda: F.softshrink(1.0, -1.0), "at least 0"),
        (lambda: F.celu(1.0, 0.0), "other than 0"),
        (lambda: F.rrelu(1.0, 0.5, 0.1), "lower ≤ upper"),
        (lambda: F.gumbel_softmax(np.ones(2), 0.0), "positive tau"),
        (lambda: activation_layers.PReLU(0), "at least 1 parameter"),
        (lambda: activation_layers.PReLU(3)(np.ones((2, 4))), "4 channels"),
        (lambda: activation_layers.GLU()(np.ones((2, 3))), "must be even"),
        (lambda: activation_layers.GLU(2)(np.ones((2, 3))), "axis 2"),
        (lambda: activation_layers.Softmax2d()(np.ones((2, 3))), r"\(N, C, H, W\)"),
    ],
)
def test_errors(call, message):
    with pytest.raises((tg.ArgumentError, tg.ShapeError), match=message):
        call()


def test_the_names_of_earlier_versions():
    for name in ["Activation", "Sigmoid", "Tanh", "ReLU", "SIGMOID", "TANH", "RELU", "tanh"]:
        assert getattr(layers, name) is getattr(activation_layers, name)
