"""Padding layers beside PyTorch, and beside np.pad; derivatives, margins that do not fit, integers."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.stored import Case, check
from tinygrad_like.functions.margins import pad
from tinygrad_like.nn import pad_layers

FAMILY = "padding"


def case(layer, shape, *args, dtype="float64"):
    return Case(
        f"{layer}{args} {shape} {dtype}",
        lambda: getattr(pad_layers, layer)(*args),
        lambda nn: getattr(nn, layer)(*args),
        (shape,),
        dtype=dtype,
    )


CASES = [
    case("ConstantPad1d", (2, 3), (1, 2), 3.5),
    case("ConstantPad2d", (1, 2, 3), 1, -1.0, dtype="float32"),
    case("ConstantPad2d", (1, 3, 4), (-1, 2, 0, -2), 2.0),
    case("ConstantPad3d", (1, 2, 2, 2), (1, 0, 0, 1, 1, -1), 0.5),
    case("ZeroPad1d", (2, 3), 1),
    case("ZeroPad2d", (1, 2, 3), (1, 0, 2, 1)),
    case("ZeroPad3d", (1, 1, 1, 2, 2), 1),
    case("ReflectionPad1d", (1, 2, 4), (3, 1)),
    case("ReflectionPad2d", (1, 3, 4), (3, 1, 0, 2)),
    case("ReflectionPad3d", (1, 2, 2, 3), (1, 1, 1, 0, 0, 1)),
    case("ReplicationPad1d", (2, 3), (4, 1)),
    case("ReplicationPad2d", (1, 2, 2, 3), (0, 2, 1, 1), dtype="float32"),
    case("ReplicationPad3d", (1, 2, 1, 2), 1),
    case("CircularPad1d", (2, 3), (3, 2)),
    case("CircularPad2d", (1, 3, 3), (1, 2, -1, 2)),
    case("CircularPad3d", (1, 2, 2, 2), (1, 2, 0, 1, 2, 0)),
    case("ReflectionPad1d", (0, 2, 4), 2),
]


@together("case", CASES)
def test_it_gives_what_pytorch_gives(case):
    check(case, FAMILY)


NAMES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}


@pytest.mark.parametrize("mode", NAMES)
def test_it_is_np_pad_with_the_last_axis_first(mode):
    x = np.arange(12).reshape(3, 4)
    expected = np.pad(x, ((2, 0), (1, 3)), NAMES[mode])
    assert pad(x, (1, 3, 2, 0), mode).tolist() == expected.tolist()
    assert pad(tg.Tensor(x), (1, 3, 2, 0), mode).tolist() == expected.tolist()
    assert pad(x, (1, 3, 2, 0), mode).dtype == x.dtype
    assert tg.gradcheck(lambda x: pad(x, (1, 2, -1, 0), mode) ** 2, np.arange(6.0).reshape(2, 3), order=2)


def test_the_value_may_be_a_tensor():
    assert tg.grad(lambda value: pad(np.ones((2, 2)), (1, 2), value=value).sum())(3.0) == 6.0


REFUSED = [
    (lambda: pad_layers.ZeroPad2d((1, 2)), tg.ArgumentError, "or 4 .left, right, top, bottom."),
    (lambda: pad_layers.ConstantPad1d(1.5, 0), tg.ArgumentError, "whole number"),
    (lambda: pad_layers.ReflectionPad1d(3)(np.ones((1, 3))), tg.ShapeError, "at most 2 along axis 1"),
    (lambda: pad_layers.CircularPad1d(4)(np.ones((1, 3))), tg.ShapeError, "at most 3 along axis 1"),
    (lambda: pad_layers.ReplicationPad1d(1)(np.ones((1, 0))), tg.ShapeError, "at most 0 along axis 1"),
    (lambda: pad_layers.ZeroPad2d(1)(np.ones(3)), tg.ShapeError, "ZeroPad2d needs 2 axes"),
    (lambda: pad(np.ones(3), (-2, -2)), tg.ShapeError, "cannot take"),
    (lambda: pad(np.ones(3), (1, 1, 1, 1)), tg.ShapeError, "margins for 2 axes"),
    (lambda: pad(np.ones(3), (1, 1, 1)), tg.ArgumentError, "two for each axis"),
    (lambda: pad(np.ones(3), (1, 1), "edge"), tg.ArgumentError, "Write one of constant, reflect"),
    (lambda: pad(np.ones(3), (1, 1), "reflect", 0), tg.ArgumentError, "value for mode='constant'"),
]


@together(("call", "error", "message"), REFUSED)
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_labels():
    assert repr(pad_layers.ZeroPad2d(1)).startswith("ZeroPad2d(1)")
    assert pad_layers.ConstantPad1d((1, 2), 0.5).label() == "(1, 2), value 0.5"
