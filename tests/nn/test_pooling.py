"""Pooling beside PyTorch; what is right at nan, infinities and equal values; wrong shapes and settings."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.stored import Case, check
from tinygrad_like.functions import adaptive_pools, pools
from tinygrad_like.nn import pool_layers

FAMILY = "pooling"
INF, NAN = np.inf, np.nan


def case(layer, shape, *args, dtype="float64", **options):
    """A layer on whole numbers, many of them equal, and one beside them that is not whole."""

    def values(rng):
        return rng.integers(-1, 3, shape) + 0.25 * (rng.random(shape) < 0.2)

    def positive(rng):
        return values(rng) + 1.5

    name = f"{layer}{args}{options or ''} {shape} {dtype}"
    return Case(
        name,
        lambda: getattr(pool_layers, layer)(*args, **options),
        lambda nn: getattr(nn, layer)(*args, **options),
        (positive if layer.startswith("LP") else values,),
        dtype=dtype,
    )


CASES = [
    case("MaxPool1d", (2, 2, 7), 3, 2, 1, return_indices=True),
    case("MaxPool1d", (2, 5), 2, dilation=2, stride=1),
    case("MaxPool2d", (2, 2, 4, 6), 2),
    case("MaxPool2d", (2, 2, 4, 6), 2, dtype="float32"),
    case("MaxPool2d", (1, 7, 6), (3, 2), (2, 1), (1, 0), return_indices=True),
    case("MaxPool2d", (1, 2, 6, 7), 3, 2, 1, (1, 2), return_indices=True, ceil_mode=True),
    case("MaxPool2d", (1, 1, 5, 5), 2, 3, ceil_mode=True),
    case("MaxPool2d", (0, 2, 4, 4), 2),
    case("MaxPool3d", (1, 1, 4, 3, 5), 2, 1, (1, 0, 1), return_indices=True),
    case("AvgPool1d", (2, 2, 7), 3, 2, 1),
    case("AvgPool1d", (2, 7), 3, 2, 1, ceil_mode=True, count_include_pad=False),
    case("AvgPool2d", (2, 2, 4, 6), 2),
    case("AvgPool2d", (2, 2, 4, 6), (2, 3), 1, 1, dtype="float32"),
    case("AvgPool2d", (1, 5, 6), 3, 2, 1, True),
    case("AvgPool2d", (1, 5, 6), 3, 2, 1, True, False),
    case("AvgPool2d", (1, 5, 6), 3, 2, 1, divisor_override=2),
    case("AvgPool3d", (1, 1, 4, 3, 5), 2, 2, 1, True),
    case("LPPool1d", (2, 2, 7), 2, 3),
    case("LPPool2d", (1, 2, 5, 6), 3.0, 2, 2, True),
    case("LPPool3d", (1, 1, 3, 3, 4), 1, 2, 1),
    case("AdaptiveAvgPool1d", (2, 2, 7), 3),
    case("AdaptiveAvgPool2d", (1, 2, 4, 6), (2, 3)),
    case("AdaptiveAvgPool2d", (1, 5, 4), (3, None)),
    case("AdaptiveAvgPool2d", (2, 3, 4, 4), 1, dtype="float32"),
    case("AdaptiveAvgPool3d", (1, 1, 3, 4, 5), (2, 5, 3)),
    case("AdaptiveMaxPool1d", (2, 2, 7), 3, True),
    case("AdaptiveMaxPool2d", (1, 5, 4), (3, 2), True),
    case("AdaptiveMaxPool2d", (2, 1, 5, 4), (None, 7)),
    case("AdaptiveMaxPool3d", (1, 1, 3, 4, 5), 2, return_indices=True),
]


@together("case", CASES)
def test_it_gives_what_pytorch_gives(case):
    check(case, FAMILY)


DIFFERENTIATED = {
    "max, overlapping": lambda x: pools.max_pool2d(x, 2, 1, 1, ceil_mode=True),
    "max, apart": lambda x: pools.max_pool2d(x, (1, 2), 2),
    "mean": lambda x: pools.avg_pool2d(x, 2, 1, 1, count_include_pad=False),
    "mean, one axis": lambda x: pools.avg_pool1d(x, 2, 2),
    "norm": lambda x: pools.lp_pool2d(x + 9, 3, 2, 1),
    "adaptive mean": lambda x: adaptive_pools.adaptive_avg_pool2d(x, 2),
    "adaptive max": lambda x: adaptive_pools.adaptive_max_pool2d(x, 2),
}


@pytest.mark.parametrize("name", DIFFERENTIATED)
def test_derivatives_of_order_2_in_both_modes(name):
    x = np.random.default_rng(0).permutation(9).reshape(1, 3, 3) / 2.0
    f = DIFFERENTIATED[name]
    assert tg.gradcheck(lambda x: f(x) ** 2, x, order=2)


def test_the_first_of_equal_values_has_the_gradient():
    x = np.array([[0.0, 0.0, 3.0, 1.0], [0.0, 0.0, 1.0, 3.0]])[None]
    expected = [[[1, 0, 1, 0], [0, 0, 0, 0]]]
    assert tg.grad(lambda x: pools.max_pool2d(x, 2).sum())(x).tolist() == expected
    _, tangent = tg.jvp(lambda x: pools.max_pool2d(x, 2), (x,), (np.arange(8.0).reshape(1, 2, 4),))
    assert tangent.tolist() == [[[0.0, 2.0]]]


def test_nan_is_the_maximum_and_has_the_gradient():
    x = np.array([[1.0, NAN, 2.0, 5.0, 4.0, 3.0]])
    y, indices = pools.max_pool1d(x, 3, return_indices=True)
    assert np.isnan(y[0, 0])
    assert (y[0, 1], indices.tolist()) == (5.0, [[1, 3]])
    assert tg.grad(lambda x: pools.max_pool1d(x, 3).sum())(x).tolist() == [[0, 1, 0, 1, 0, 0]]


def test_infinities_stay_in_their_windows():
    x = np.array([[-INF, -INF, INF, 1.0, 2.0, 3.0]])
    assert pools.max_pool1d(x, 2).tolist() == [[-INF, INF, 3.0]]
    y = adaptive_pools.adaptive_avg_pool1d(np.array([[INF, 1.0, 1.0, 2.0, 2.0, 3.0]]), 4)
    assert y.tolist() == [[INF, 1.0, 2.0, 2.5]]
    pulled = tg.vjp(lambda x: pools.max_pool1d(x, 2), x)[1](np.array([[2.0, INF, 1.0]]))
    assert pulled[0].tolist() == [[2.0, 0, INF, 0, 0, 1.0]]


def test_a_window_of_padding_alone():
    x = np.zeros((1, 2))
    assert pools.max_pool1d(x, 2, padding=1, dilation=3).tolist() == [[-INF]]
    assert tg.grad(lambda x: pools.max_pool1d(x, 2, padding=1, dilation=3).sum())(x).tolist() == [[0, 0]]


def test_the_norm_of_zeros_has_the_gradient_zero():
    x = np.array([[0.0, 0.0, 3.0, 4.0]])
    assert tg.grad(lambda x: pools.lp_pool1d(x, 2, 2, 1).sum())(x).tolist() == [[0, 0, 1 + 0.6, 0.8]]


def test_integers():
    x = np.array([[3, 1, 2, 2]])
    assert pools.max_pool1d(x, 2, padding=1).tolist() == [[3, 2, 2]]
    assert pools.max_pool1d(x, 2).dtype == x.dtype
    assert pools.avg_pool1d(x, 2).tolist() == [[2.0, 2.0]]
    assert adaptive_pools.adaptive_avg_pool1d(tg.Tensor(x), 1).tolist() == [[2.0]]


def test_arrays_give_arrays_and_what_is_given_stays():
    x = np.ones((1, 4))
    y = pool_layers.MaxPool1d(1)(x)
    y[:] = 0
    assert x.all()


def test_layouts_of_memory_make_no_difference():
    x = np.random.default_rng(0).integers(0, 3, (2, 6, 4, 3)).astype(float)
    swapped = tg.Tensor(x.transpose(0, 3, 1, 2), requires_grad=True)
    plain = tg.Tensor(x.transpose(0, 3, 1, 2).copy(), requires_grad=True)
    for each in (swapped, plain):
        (pools.max_pool2d(each, 2) * np.arange(36.0).reshape(2, 3, 3, 2)).sum().backward()
    np.testing.assert_array_equal(swapped.grad, plain.grad)


REFUSED = [
    (lambda: pool_layers.MaxPool2d(3, padding=2), tg.ArgumentError, "at most half of kernel_size"),
    (lambda: pool_layers.MaxPool2d(0), tg.ArgumentError, "kernel_size must be one whole number, or 2"),
    (lambda: pool_layers.AvgPool2d((2, 2, 2)), tg.ArgumentError, "kernel_size"),
    (lambda: pool_layers.AvgPool2d(2, divisor_override=0), tg.ArgumentError, "divisor_override"),
    (lambda: pool_layers.LPPool2d(INF, 2), tg.ArgumentError, "Write max_pool2d"),
    (lambda: pool_layers.AdaptiveAvgPool2d((2, 0)), tg.ArgumentError, "output_size"),
    (lambda: pool_layers.MaxPool2d(5)(np.ones((1, 4, 4))), tg.ShapeError, "do not fit into an input of shape"),
    (lambda: pool_layers.MaxPool2d(2)(np.ones((4, 4))), tg.ShapeError, r"takes inputs \(N, C, H, W\) or \(C, H, W\)"),
    (lambda: pool_layers.AvgPool1d(2)(np.ones((1, 1, 4, 4))), tg.ShapeError, r"\(N, C, L\)"),
    (lambda: pool_layers.AdaptiveMaxPool1d(2)(np.ones((1, 0))), tg.ShapeError, "at least one element"),
]


@together(("call", "error", "message"), REFUSED)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_labels():
    assert pool_layers.MaxPool2d(2).label() == "kernel 2"
    shown = pool_layers.MaxPool2d(3, 2, 1, ceil_mode=True).label()
    assert shown == "kernel 3, stride 2, padding 1, ceil mode"
    assert pool_layers.AvgPool2d(2, count_include_pad=False).label() == "kernel 2, padding not counted"
    assert pool_layers.AdaptiveAvgPool2d((1, None)).label() == "to (1, None)"
    assert pool_layers.LPPool1d(2, 3).label() == "p 2, kernel 3"
