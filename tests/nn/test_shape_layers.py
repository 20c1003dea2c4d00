"""Layers that change shapes and sizes, beside PyTorch; Lambda and Residual."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.stored import Case, check
from tinygrad_like.functions import rearranging, resizing
from tinygrad_like.nn import shape_layers

FAMILY = "shapes"


def case(layer, shape, *args, dtype="float64", **options):
    return Case(
        f"{layer}{args}{options or ''} {shape} {dtype}",
        lambda: getattr(shape_layers, layer)(*args, **options),
        lambda nn: getattr(nn, layer)(*args, **options),
        (shape,),
        dtype=dtype,
    )


CASES = [
    case("Identity", (2, 3), 54, unused=0.1),
    case("Flatten", (2, 3, 2, 2)),
    case("Flatten", (2, 3, 2), 0, 1),
    case("Flatten", (2, 3, 2), -2),
    case("Unflatten", (2, 6), 1, (3, -1)),
    case("Unflatten", (2, 6, 2), -2, (2, 3)),
    case("PixelShuffle", (2, 4, 2, 3), 2),
    case("PixelShuffle", (9, 1, 2), 3),
    case("PixelUnshuffle", (1, 2, 4, 6), 2),
    case("ChannelShuffle", (1, 6, 2, 2), 3),
    case("Unfold", (1, 2, 4, 5), (2, 3), 1, (0, 1), 2),
    case("Unfold", (2, 4, 4), 2, 2),
    case("Fold", (1, 8, 9), 4, 2),
    case("Fold", (4, 6), (3, 5), 2, (1, 2), (1, 0), (2, 1)),
    case("Upsample", (1, 2, 3), 6),
    case("Upsample", (1, 1, 3, 4), (5, 3)),
    case("Upsample", (1, 1, 2, 3), scale_factor=2, dtype="float32"),
    case("Upsample", (1, 1, 5, 2), scale_factor=(1.3, 2.5)),
    case("Upsample", (1, 1, 2, 2, 2), scale_factor=2),
    case("Upsample", (1, 1, 5), 3, mode="nearest-exact"),
    case("Upsample", (1, 2, 3), scale_factor=2, mode="linear"),
    case("Upsample", (1, 2, 4), scale_factor=0.7, mode="linear"),
    case("Upsample", (1, 1, 3, 4), (4, 6), mode="bilinear"),
    case("Upsample", (1, 1, 3, 4), (4, 1), mode="bilinear", align_corners=True),
    case("Upsample", (1, 1, 3, 4), scale_factor=1.7, mode="bilinear"),
    case("Upsample", (1, 1, 3, 4), scale_factor=1.7, mode="bilinear", recompute_scale_factor=True, dtype="float32"),
    case("Upsample", (1, 1, 4, 4), scale_factor=(1.5, 0.5), mode="bicubic"),
    case("Upsample", (1, 1, 3, 3), (5, 4), mode="bicubic", align_corners=True),
    case("Upsample", (1, 1, 2, 2, 3), (3, 3, 4), mode="trilinear"),
    case("Upsample", (1, 1, 4, 5), (2, 3), mode="area"),
]


@together("case", CASES)
def test_it_gives_what_pytorch_gives(case):
    check(case, FAMILY)


X = np.arange(8.0).reshape(1, 2, 2, 2) / 3
DIFFERENTIATED = {
    "flatten": lambda x: rearranging.flatten(x, 1, 2),
    "shuffle": lambda x: rearranging.channel_shuffle(x, 2),
    "unshuffle": lambda x: rearranging.pixel_unshuffle(x, 2),
    "unfold": lambda x: rearranging.unfold(x, (1, 2), padding=(0, 1)),
    "fold": lambda x: rearranging.fold(x.reshape(4, 2), (1, 3), (1, 2)),
    "nearest": lambda x: resizing.interpolate(x, (3, 4)),
    "bilinear": lambda x: resizing.interpolate(x, 3, mode="bilinear"),
    "bicubic": lambda x: resizing.interpolate(x, (1, 3), mode="bicubic"),
}


@together("name", list(DIFFERENTIATED))
def test_derivatives_of_order_2_in_both_modes(name):
    assert tg.gradcheck(lambda x: DIFFERENTIATED[name](x) ** 2, X, order=2)


def test_nearest_keeps_integers_and_other_modes_make_floats_of_them():
    x = np.array([[[1, 2]]])
    assert resizing.interpolate(x, 4).dtype == x.dtype
    assert resizing.interpolate(x, 4, mode="linear").tolist() == [[[1.0, 1.25, 1.75, 2.0]]]


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_long_axes_are_resized_as_short_ones(mode, monkeypatch):
    expected = resizing.interpolate(X, (3, 1), mode=mode)
    monkeypatch.setattr(resizing, "LONG", 0)
    np.testing.assert_allclose(resizing.interpolate(X, (3, 1), mode=mode), expected, rtol=1e-14, atol=1e-15)
    assert tg.gradcheck(lambda x: resizing.interpolate(x, (3, 1), mode=mode) ** 2, X, order=2)


def test_an_infinity_reaches_its_neighbours_alone():
    x = np.array([[[1.0, 2.0, 3.0, np.inf]]])
    assert resizing.interpolate(x, 8, mode="linear").tolist() == [[[1.0, 1.25, 1.75, 2.25, 2.75, *[np.inf] * 3]]]


def test_a_number_is_flattened_to_a_sequence_of_one():
    assert rearranging.flatten(tg.Tensor(3.0)).shape == (1,)


def test_a_lambda_takes_any_arguments():
    layer = shape_layers.Lambda(lambda x, y, scale=1: (x @ y) * scale, name="product")
    assert layer(np.ones((2, 3)), np.ones((3, 1)), scale=2).tolist() == [[6.0], [6.0]]
    assert repr(layer).startswith("Lambda(product)")


def test_a_residual_adds_its_input():
    layer = shape_layers.Residual(tg.Linear(3, 5, seed=0), tg.Tanh(), tg.Linear(5, 3, seed=1))
    x = np.ones((2, 3))
    np.testing.assert_array_equal(layer(x), tg.Sequential(*layer)(x) + x)
    assert [name for name, _ in layer.named_parameters()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert tg.gradcheck(layer, np.array([[0.1, -0.2, 0.3]]), order=2)
    outer = tg.Sequential(tg.Linear(3, 3, seed=2), layer)
    assert len(outer.parameters()) == 6


REFUSED = [
    (lambda: shape_layers.Residual(tg.Linear(3, 1))(np.ones((2, 3))), tg.ShapeError, r"made \(2, 1\) of \(2, 3\)"),
    (lambda: shape_layers.Lambda(tg.Tanh), tg.ArgumentError, "Write Tanh"),
    (lambda: shape_layers.Lambda(3), tg.ArgumentError, "Lambda takes a function"),
    (lambda: shape_layers.Flatten()(np.ones(3)), tg.ArgumentError, "start_dim must be an axis"),
    (lambda: shape_layers.Flatten(2, 1)(np.ones((2, 3, 4))), tg.ArgumentError, "behind end_dim"),
    (lambda: shape_layers.Unflatten(1, (4, -1))(np.ones((2, 6))), tg.ShapeError, "cannot make"),
    (lambda: shape_layers.PixelShuffle(2)(np.ones((1, 6, 2, 2))), tg.ShapeError, "a multiple of 4 channels"),
    (lambda: shape_layers.PixelUnshuffle(2)(np.ones((1, 3, 2))), tg.ShapeError, "multiples of 2"),
    (lambda: shape_layers.ChannelShuffle(2)(np.ones((1, 3, 2))), tg.ShapeError, "multiple of 2 channels"),
    (lambda: shape_layers.Upsample(), tg.ArgumentError, "either size or scale_factor"),
    (lambda: shape_layers.Upsample(2, mode="cubic"), tg.ArgumentError, "nearest, nearest-exact, area"),
    (lambda: shape_layers.Upsample(2, align_corners=True), tg.ArgumentError, "align_corners has no meaning"),
    (lambda: shape_layers.Upsample(2, mode="bilinear")(np.ones((1, 1, 3))), tg.ShapeError, r"takes \(N, C, H, W\)"),
    (lambda: shape_layers.Upsample(scale_factor=0.1)(np.ones((1, 1, 3))), tg.ShapeError, "Nothing would be left"),
    (lambda: shape_layers.Upsample(scale_factor=-1)(np.ones((1, 1, 3))), tg.ArgumentError, "positive number"),
    (lambda: resizing.interpolate(X, 1, mode="bilinear", antialias=True), tg.UnsupportedError, "mode='area'"),
    (lambda: shape_layers.Unfold(3)(np.ones((1, 2, 5))), tg.ShapeError, "do not fit"),
    (lambda: shape_layers.Fold(4, 2)(np.ones((1, 8, 8))), tg.ShapeError, r"takes inputs \(N, C · 4, 9\)"),
]


@together(("call", "error", "message"), REFUSED)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_labels():
    assert shape_layers.Flatten().label() == ""
    assert shape_layers.Flatten(0, 1).label() == "axes 0 to 1"
    assert shape_layers.Unflatten(1, [2, 3]).label() == "axis 1 to (2, 3)"
    assert shape_layers.Upsample(scale_factor=2, mode="bilinear").label() == "× 2, bilinear"
    assert shape_layers.Upsample((4, 5)).label() == "to (4, 5), nearest"
    assert shape_layers.PixelShuffle(2).label() == "× 2"
