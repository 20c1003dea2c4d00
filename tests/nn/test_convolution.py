"""Convolutions beside PyTorch; derivatives of every option; odd shapes, and errors."""

import itertools

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.primitives import sliding
from tests.stored import Case, check
from tinygrad_like.functions import filtering
from tinygrad_like.nn import conv_layers
from tinygrad_like.primitives import correlation

FAMILY = "convolution"


def case(layer, shape, *args, dtype="float64", call=(), **options):
    return Case(
        f"{layer}{args}{options or ''} {shape} {dtype}{call or ''}",
        lambda: getattr(conv_layers, layer)(*args, **options),
        lambda nn: getattr(nn, layer)(*args, **options),
        (shape,),
        dtype=dtype,
        options=call,
    )


CASES = [
    case("Conv1d", (2, 2, 7), 2, 3, 3),
    case("Conv1d", (2, 7), 2, 1, 2, 2, 1, 2, bias=False),
    case("Conv1d", (1, 2, 6), 2, 2, 4, padding="same"),
    case("Conv1d", (1, 2, 6), 2, 2, 3, 2, "valid"),
    case("Conv2d", (2, 2, 4, 5), 2, 4, 3, 2, 1, groups=2),
    case("Conv2d", (1, 5, 6), 1, 2, (2, 3), (1, 2), (0, 1), (2, 1), dtype="float32"),
    case("Conv2d", (1, 1, 4, 5), 1, 1, (2, 4), padding="same", dilation=(3, 1)),
    case("Conv2d", (2, 3, 3, 2), 3, 2, 1),
    case("Conv2d", (1, 1, 7, 7), 1, 1, 2, 3),
    case("Conv2d", (1, 1, 4, 4), 1, 2, 3, 1, 2, padding_mode="reflect"),
    case("Conv2d", (1, 1, 3, 4), 1, 2, 3, 2, 2, padding_mode="replicate"),
    case("Conv2d", (1, 3, 4), 1, 1, (2, 3), 1, "same", padding_mode="circular"),
    case("Conv2d", (2, 2, 3, 4), 2, 4, 2, groups=2, padding=1),
    case("Conv2d", (0, 1, 4, 4), 1, 2, 3),
    case("Conv3d", (1, 2, 3, 2, 3), 2, 2, 2, (1, 2, 1), (1, 0, 1)),
    case("Conv3d", (1, 3, 3, 3), 1, 1, (2, 1, 2), padding="same"),
    case("ConvTranspose1d", (2, 2, 4), 2, 3, 3, 2, 1, 1),
    case("ConvTranspose1d", (2, 3), 2, 1, 2, 1, 1, 2, 1, False, 3),
    case("ConvTranspose1d", (1, 1, 3), 1, 1, 2, 3, 0, 2),
    case("ConvTranspose2d", (1, 2, 3, 2), 2, 4, (3, 2), (2, 1), (1, 0), (1, 0), 2),
    case("ConvTranspose2d", (1, 3, 2), 1, 1, 3, 2, call=(("output_size", (8, 5)),)),
    case("ConvTranspose2d", (0, 1, 3, 2), 1, 1, 3),
    case("ConvTranspose2d", (1, 1, 3, 3), 1, 2, 2, 2, padding=1, output_padding=1, dtype="float32"),
    case("ConvTranspose3d", (1, 1, 2, 2, 3), 1, 1, 2, 2, dilation=2),
]


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")  # PyTorch's, of even kernels
@together("few", [0, correlation.FEW])
@together("case", CASES)
def test_it_gives_what_pytorch_gives(case, few, monkeypatch):
    monkeypatch.setattr(correlation, "FEW", few)
    check(case, FAMILY)


@pytest.mark.parametrize("axes", [1, 2, 3, 4])
@pytest.mark.parametrize("few", [0, 10**9])
def test_every_combination_of_settings(axes, few, monkeypatch):
    monkeypatch.setattr(correlation, "FEW", few)
    rng = np.random.default_rng(0)
    kernel, size = (2, 3, 1, 2)[:axes], (5, 4, 2, 2)[:axes]
    steps, pads, gaps = (2, 1, 1, 3), ((1, 0), (0, 0), (0, 2), (1, 1)), (2, 1, 1, 1)
    plain = (1,) * 4, ((0, 0),) * 4, (1,) * 4
    for stride, padding, dilation in itertools.product(*zip((steps, pads, gaps), plain)):
        for groups in (1, 2):
            options = {"stride": stride[:axes], "padding": padding[:axes], "dilation": dilation[:axes]}
            options["groups"] = groups
            x, w = rng.normal(size=(2, 2, *size)), rng.normal(size=(4, 2 // groups, *kernel))
            y = correlation.conv(x, w, **options)
            np.testing.assert_allclose(y, sliding.conv(x, w, **options), rtol=1e-12, atol=1e-12)
            for name, args, more in (
                ("conv_transpose", (y, w), {"size": size}),
                ("conv_weight", (x, y), {"kernel": kernel}),
            ):
                got, want = (getattr(each, name)(*args, **more, **options) for each in (correlation, sliding))
                np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("function", "shapes", "options"),
    [
        ("conv1d", ((2, 2, 4), (2, 1, 2), (2,)), {"stride": 2, "padding": 1, "groups": 2}),
        ("conv2d", ((1, 3, 3), (1, 1, 2, 2), (1,)), {"padding": "same", "dilation": (2, 1)}),
        ("conv3d", ((1, 1, 2, 2, 2), (1, 1, 2, 1, 2)), {}),
        ("conv_transpose1d", ((2, 2), (2, 1, 2), (2,)), {"stride": 2, "output_padding": 1, "groups": 2}),
        ("conv_transpose2d", ((1, 1, 2, 1), (1, 2, 2, 2), (2,)), {"padding": (1, 0), "dilation": 2}),
        ("conv_transpose3d", ((1, 1, 1, 2, 1), (1, 1, 1, 2, 2)), {"stride": (1, 2, 1)}),
    ],
)
def test_derivatives(function, shapes, options):
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape) for shape in shapes]
    assert tg.gradcheck(lambda *xs: getattr(filtering, function)(*xs, **options), *arrays, order=2)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_derivatives_of_padding_modes(mode):
    layer = conv_layers.Conv1d(1, 1, 3, padding=2, padding_mode=mode)
    assert tg.gradcheck(layer, np.array([[[1.0, -2.0, 0.5]]]), order=2)


def test_layouts_and_dtypes():
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(3, 2, 5, 4)), rng.normal(size=(2, 2, 2, 2))
    y = filtering.conv2d(x, w)
    for other in (x.copy(order="F"), x[::-1].copy()[::-1], np.repeat(x, 2, axis=3)[..., ::2]):
        np.testing.assert_allclose(filtering.conv2d(other, w), y, rtol=1e-12)
    counts = rng.integers(0, 5, (1, 2, 4, 4)).astype(np.int8)
    assert filtering.conv2d(counts, counts[:, :, :2, :2]).dtype == np.float64
    assert filtering.conv2d(counts, w.astype(np.float32)).dtype == np.float32
    assert filtering.conv2d(x.astype(np.float32), w).dtype == np.float64
    layer = conv_layers.Conv2d(2, 1, 2, dtype=np.float32)
    assert layer(counts).dtype == np.float32
    assert layer(tg.Tensor(counts)).dtype == np.float32
    images = tg.Tensor(x, requires_grad=True)
    filtering.conv2d(images, w).sum().backward(np.float64(2.0))
    assert images.grad.shape == x.shape


def test_a_transposed_layer_is_the_transpose():
    rng = np.random.default_rng(0)
    down = conv_layers.Conv2d(2, 3, 3, 2, bias=False)
    up = conv_layers.ConvTranspose2d(3, 2, 3, 2, bias=False)
    up.weight.data = down.weight.data
    x, y = rng.normal(size=(2, 8, 7)), rng.normal(size=(3, 3, 3))
    assert (down(x) * y).sum().item() == pytest.approx((up(y, output_size=(8, 7)) * x).sum().item())


def test_initial_values():
    for kind, bound in ((conv_layers.Conv2d, 1 / np.sqrt(2 * 9)), (conv_layers.ConvTranspose2d, 1 / np.sqrt(3 * 9))):
        layer = kind(4, 6, 3, groups=2, seed=0)
        for values in (layer.weight.data, layer.bias.data):
            assert 0.5 * bound < abs(values).max() <= bound
        assert np.array_equal(layer.weight.data, kind(4, 6, 3, groups=2, seed=0).weight.data)


def test_labels_and_summaries():
    model = tg.Sequential(conv_layers.Conv2d(2, 4, (3, 1), 2, (1, 0), groups=2), conv_layers.ConvTranspose2d(4, 1, 2))
    assert model[0].label() == "2 → 4, 3×1, stride 2, padding (1, 0), groups 2"
    assert conv_layers.Conv1d(2, 4, 3, padding="same", bias=False).label() == "2 → 4, kernel 3, padding same, no bias"
    summary = tg.summary(model, np.ones((5, 2, 5, 4)))
    # A multiply-add for each element of the result and each of the kernel; transposed, for each of the input.
    assert summary.multiply_adds == 5 * 4 * 3 * 2 * 3 + 5 * 4 * 3 * 2 * 4
    assert "conv" in tg.draw(model, np.ones((5, 2, 5, 4))).source


BAD_CALLS = [
    (
        lambda: conv_layers.Conv2d(3, 2, 3)(np.ones((1, 2, 5, 5))),
        r"Conv2d takes inputs \(N, 3, H, W\), .*\(1, 2, 5, 5\)",
    ),
    (lambda: conv_layers.Conv1d(3, 2, 3)(np.ones((3, 1, 1, 5))), r"Conv1d takes inputs \(N, 3, L\)"),
    (lambda: conv_layers.Conv2d(3, 2, 3)(np.ones((1, 3, 2, 5))), r"kernel of \(3, 3\).* an image of \(2, 5\)"),
    (lambda: filtering.conv1d(np.ones((1, 3, 4)), np.ones((2, 2, 2))), "takes 2 channels, but got 3"),
    (lambda: filtering.conv1d(np.ones((1, 4, 4)), np.ones((3, 2, 2)), groups=2), "groups=2 does not divide the 3"),
    (lambda: filtering.conv2d(np.ones((1, 3, 4)), np.ones((2, 2, 2))), "a weight with 4 axes"),
    (lambda: filtering.conv1d(np.ones((1, 2, 4)), np.ones((3, 2, 2)), np.ones(2)), r"a bias of shape \(3,\)"),
    (lambda: filtering.conv_transpose1d(np.ones((1, 2, 4)), np.ones((3, 2, 2))), "takes 3 channels, but got 2"),
    (lambda: filtering.conv_transpose1d(np.ones((2, 1)), np.ones((2, 1, 2)), padding=1), "no place left"),
]
BAD_SETTINGS = [
    (lambda: conv_layers.Conv2d(3, 2, 0), "kernel_size must be a whole number from 1 on"),
    (lambda: conv_layers.Conv2d(3, 2, (3, 3, 3)), "or 2 of them"),
    (lambda: conv_layers.Conv2d(3, 2, 3, padding=-1), "padding must be a whole number from 0 on"),
    (lambda: conv_layers.Conv2d(3, 2, 3, stride=1.5), "stride must be"),
    (lambda: conv_layers.Conv2d(3, 2, 3, padding="full"), '"same" or "valid"'),
    (lambda: conv_layers.Conv2d(3, 2, 3, 2, "same"), "needs a stride of 1"),
    (lambda: conv_layers.Conv2d(3, 2, 3, groups=2), "needs multiples"),
    (lambda: conv_layers.Conv2d(0, 2, 3), "channels and groups from 1 on"),
    (lambda: conv_layers.Conv2d(3, 2, 3, padding_mode="mirror"), "padding_mode must be one of"),
    (lambda: conv_layers.ConvTranspose2d(3, 2, 3, padding="same"), "takes a number as padding"),
    (lambda: conv_layers.ConvTranspose1d(1, 1, 3, 2)(np.ones((1, 4)), 12), "makes sizes from .9. to .10."),
    (lambda: filtering.conv_transpose1d(np.ones((1, 4)), np.ones((1, 1, 2)), output_padding=1), "must be smaller"),
    (lambda: filtering.conv1d(np.ones((1, 4)), np.ones((1, 1, 2)), groups=0), "groups must be"),
]


@together(
    ("call", "message", "error"),
    [(*each, tg.ShapeError) for each in BAD_CALLS] + [(*each, tg.ArgumentError) for each in BAD_SETTINGS],
)
def test_what_does_not_fit_is_an_error(call, message, error):
    with pytest.raises(error, match=message):
        call()


def test_what_is_refused():
    with pytest.raises(tg.UnsupportedError, match="zeros"):
        conv_layers.ConvTranspose2d(1, 1, 2, padding_mode="reflect")
    with pytest.raises(tg.DTypeError, match="floating-point"):
        conv_layers.Conv1d(1, 1, 2, dtype=int)
