"""Normalisation layers: beside PyTorch's, derivatives of order 2, flat inputs, buffers, errors."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.stored import Case, check
from tinygrad_like.functions import normalising as F
from tinygrad_like.nn import norm_layers

FAMILY = "normalisation"


def case(name, shape, *args, **options):
    settings = {key: value for key, value in options.items() if key not in ("steps", "evaluate", "dtype")}
    running = {key: value for key, value in options.items() if key in ("steps", "evaluate", "dtype")}
    return Case(
        f"{name}{args} of {shape}" + "".join(f", {key}={value}" for key, value in options.items()),
        lambda: getattr(norm_layers, name)(*args, **settings),
        lambda nn: getattr(nn, name)(*args, **settings),
        (shape,),
        **running,
    )


BATCHES = [
    case("BatchNorm1d", (4, 3), 3, steps=3),
    case("BatchNorm1d", (4, 3), 3, 0.1, None, steps=3),
    case("BatchNorm1d", (2, 3, 4), 3, 1e-3, 0.3, steps=2),
    case("BatchNorm1d", (4, 3), 3, evaluate=True),
    case("BatchNorm1d", (4, 3), 3, affine=False),
    case("BatchNorm1d", (4, 3), 3, track_running_stats=False, evaluate=True),
    case("BatchNorm2d", (2, 3, 2, 2), 3, steps=2),
    case("BatchNorm2d", (2, 3, 2, 2), 3, steps=2, dtype="float32"),
    case("BatchNorm2d", (2, 3, 2, 2), 3, evaluate=True),
    case("BatchNorm3d", (2, 2, 1, 2, 2), 2),
]
CASES = [
    *BATCHES,
    case("InstanceNorm1d", (2, 3, 4), 3),
    case("InstanceNorm1d", (3, 4), 3, affine=True),
    case("InstanceNorm1d", (2, 3, 4), 3, affine=True, track_running_stats=True, steps=2),
    case("InstanceNorm2d", (2, 3, 2, 2), 3, 1e-3, 0.3, True, True, evaluate=True),
    case("InstanceNorm2d", (3, 2, 2), 3),
    case("InstanceNorm3d", (2, 2, 1, 2, 2), 2, affine=True),
    case("LayerNorm", (2, 3, 4), 4),
    case("LayerNorm", (2, 3, 4), (3, 4), 0.1),
    case("LayerNorm", (4,), 4, bias=False),
    case("LayerNorm", (2, 4), 4, elementwise_affine=False, dtype="float32"),
    case("GroupNorm", (2, 4, 3), 2, 4),
    case("GroupNorm", (3, 4), 2, 4, 0.1),
    case("GroupNorm", (2, 4, 1, 2), 1, 4, affine=False),
    case("RMSNorm", (2, 3, 4), 4),
    case("RMSNorm", (2, 3, 4), (3, 4), 0.1),
    case("RMSNorm", (2, 4), 4, elementwise_affine=False, dtype="float32"),
    case("LocalResponseNorm", (2, 4, 3), 3, 0.5),
    case("LocalResponseNorm", (1, 5, 2, 2), 2, 0.5, 0.9, 2.0),
]


@together("case", CASES)
def test_it_gives_what_pytorch_gives(case):
    check(case, FAMILY)


@together(
    ("function", "shapes"),
    [
        (lambda x, w, b: F.batch_norm(x, None, None, w, b, True), [(3, 2), (2,), (2,)]),
        (lambda x, w, b: F.batch_norm(x, None, None, w, b, True, eps=0.1), [(2, 2, 2), (2,), (2,)]),
        (lambda x, m, v: F.batch_norm(x, m, v * v), [(2, 2), (2,), (2,)]),
        (lambda x, w: F.instance_norm(x, None, None, w), [(2, 1, 3), (1,)]),
        (lambda x, b: F.group_norm(x, 2, None, b), [(1, 4, 2), (4,)]),
        (lambda x, w, b: F.layer_norm(x, 3, w, b), [(2, 3), (3,), (3,)]),
        (lambda x, w: F.rms_norm(x, (2, 2), w, 0.1), [(2, 2, 2), (2, 2)]),
        (lambda x: F.local_response_norm(x, 3, 0.5), [(1, 3, 1)]),
    ],
)
def test_derivatives(function, shapes):
    rng = np.random.default_rng(0)
    assert tg.gradcheck(function, *(rng.normal(size=shape) + 0.2 for shape in shapes), order=2)


def every():
    """A layer of each kind, and the shape that it takes."""
    for case in CASES:
        yield case.ours, case.inputs[0]


@pytest.mark.parametrize("values", [0.0, 0.1, 1e4, -1e4])
def test_equal_values_give_the_bias(values):
    for make, shape in every():
        x = tg.Tensor(np.full(shape, values), requires_grad=True)
        layer = make()
        y = layer(x)
        y.sum().backward()
        assert np.isfinite(y.numpy()).all()
        assert np.isfinite(x.grad.numpy()).all()
        if not isinstance(layer, (norm_layers.RMSNorm, norm_layers.LocalResponseNorm)):
            np.testing.assert_allclose(y.numpy(), 0.0, atol=1e-8)


def test_what_stands_far_from_0():
    x = np.array([[1.0, 2.0, 3.0, 6.0]])
    for make in (lambda: norm_layers.LayerNorm(4), lambda: norm_layers.GroupNorm(1, 4)):
        np.testing.assert_allclose(make()(x + 1e8).numpy(), make()(x).numpy(), 1e-7)


def test_dtypes_integers_and_copies():
    for make, shape in every():
        layer, x = make().to(np.float32), np.random.default_rng(0).integers(-5, 5, shape)
        assert layer(x.astype(np.float32)).dtype == np.float32
        copied, pickled = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))
        assert list(copied.state_dict()) == list(pickled.state_dict()) == list(layer.state_dict())
        layer.to(np.float64)
        np.testing.assert_allclose(layer(x), copied.to(np.float64)(x.astype(float)))
        assert repr(layer) == repr(copied)


def test_names_of_the_state():
    layer = norm_layers.BatchNorm2d(3)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    buffers = {name: (each.dtype, each.shape) for name, each in layer.named_buffers()}
    assert buffers == {
        "running_mean": (np.float64, (3,)),
        "running_var": (np.float64, (3,)),
        "num_batches_tracked": (np.int64, ()),
    }
    assert list(norm_layers.InstanceNorm2d(3).state_dict()) == []
    assert list(norm_layers.LayerNorm(3, bias=False).state_dict()) == ["weight"]


def test_running_statistics_are_written_in_place_and_in_training_only():
    layer = norm_layers.BatchNorm1d(2)
    held = layer.running_mean
    layer(np.array([[1.0, 2.0], [3.0, 6.0]]))
    assert held is layer.running_mean
    np.testing.assert_allclose(held.numpy(), [0.2, 0.4])
    np.testing.assert_allclose(layer.running_var.numpy(), [1.1, 1.7])
    before = {name: each.numpy().copy() for name, each in layer.state_dict().items()}
    layer.eval()(np.ones((1, 2)))
    with pytest.raises(tg.ShapeError):
        layer.train()(np.ones((1, 2)))
    for name, each in layer.state_dict().items():
        np.testing.assert_array_equal(each.numpy(), before[name])


def test_running_statistics_inside_transforms():
    layer = norm_layers.BatchNorm1d(2)
    slopes = tg.grad(lambda x: (layer(x) ** 3).sum())(np.array([[1.0, 2.0], [3.0, 6.0], [0.0, 1.0]]))
    assert np.abs(slopes).max() > 0.1
    assert int(layer.num_batches_tracked) == 1
    assert not layer.running_mean.requires_grad


@together(
    ("call", "message"),
    [
        (lambda: norm_layers.BatchNorm1d(3)(np.ones((1, 3))), "more than one value per channel"),
        (lambda: norm_layers.BatchNorm2d(3)(np.ones((1, 3, 1, 1))), "more than one value per channel"),
        (lambda: norm_layers.InstanceNorm1d(3)(np.ones((4, 3, 1))), "more than one value per channel"),
        (
            lambda: norm_layers.BatchNorm1d(3)(np.ones((2, 3, 4, 5))),
            r"\(N, C\) or \(N, C, L\) with 3 channels",
        ),
        (lambda: norm_layers.BatchNorm2d(3)(np.ones((2, 4, 4, 5))), "with 3 channels"),
        (lambda: norm_layers.InstanceNorm2d(3)(np.ones((2, 4, 4, 5))), "with 3 channels"),
        (lambda: norm_layers.LayerNorm(3)(np.ones((2, 4))), r"last axes are \(3,\), but got shape \(2, 4\)"),
        (lambda: norm_layers.RMSNorm((2, 3))(np.ones(3)), r"last axes are \(2, 3\)"),
        (lambda: norm_layers.GroupNorm(2, 4)(np.ones((2, 6))), r"\(N, 4, ...\)"),
        (lambda: norm_layers.GroupNorm(3, 4), "4 channels into 3"),
        (lambda: norm_layers.LocalResponseNorm(2)(np.ones((2, 6))), r"\(N, C, L, ...\)"),
        (lambda: norm_layers.BatchNorm1d(0), "at least 1"),
        (lambda: norm_layers.LayerNorm(()), "at least 1"),
        (lambda: F.local_response_norm(np.ones((1, 2, 3)), 0), "at least 1"),
        (lambda: F.batch_norm(np.ones((2, 2)), None, None), "needs running_mean"),
        (lambda: F.batch_norm(np.ones((2, 2)), np.ones(2), np.ones(2), training=True), "Running statistics"),
        (lambda: F.batch_norm(np.ones(2), None, None, training=True), r"\(N, C, ...\)"),
        (lambda: F.instance_norm(np.ones((2, 2))), r"\(N, C, L, ...\)"),
        (lambda: F.instance_norm(np.ones((2, 2, 2)), use_input_stats=False), "use_input_stats=True"),
        (lambda: F.group_norm(np.ones((2, 3)), 2), "2 groups"),
        (lambda: F.layer_norm(np.ones((2, 3)), 3, np.ones(4)), "weight for 3 values"),
    ],
)
def test_errors(call, message):
    with pytest.raises(tg.TinygradError, match=message):
        call()
