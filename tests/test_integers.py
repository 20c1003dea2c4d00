"""Integers as data: what networks compute of them is what they compute of the same numbers as floats."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import Tensor

NARROW = [np.uint8, np.int8, np.uint16, np.int64, bool]
IMAGE = np.array([[1, 3, 0, 120], [0, 127, 1, 2], [2, 0, 0, 1]])
WEIGHT = np.array([[120, 2, 100, 3], [1, 0, 90, 127]])

OF_ONE = {
    "sigmoid": tg.sigmoid,
    "relu": tg.relu,
    "softmax": tg.softmax,
    "softmax, axis 0": lambda x: tg.softmax(x, axis=0),
    "log_softmax": tg.log_softmax,
    "logsumexp": tg.logsumexp,
    "logsumexp, axis": lambda x: tg.logsumexp(x, axis=1, keepdims=True),
    "cross_entropy": lambda x: tg.cross_entropy(x, np.array([1, 3, 0], np.uint8)),
    "var": lambda x: np.var(x, axis=0, ddof=1),
    "std": lambda x: np.std(x, axis=1),
    "norm": lambda x: np.linalg.norm(x),
    "norm, ord": lambda x: np.linalg.norm(x, ord=3, axis=1),
    "mean": lambda x: np.mean(x, axis=0),
    "Sigmoid": tg.Sigmoid(),
    "Tanh": tg.Tanh(),
    "ReLU": tg.ReLU(),
    "SIGMOID": tg.SIGMOID,
    "TANH": tg.TANH,
    "RELU": tg.RELU,
    "Linear": tg.Linear(4, 2, seed=0),
    "Linear, no bias": tg.Linear(4, 2, bias=False, seed=0),
    "a network": tg.Sequential(tg.Linear(4, 3, seed=0), tg.Tanh(), tg.Linear(3, 1, seed=1)),
    "mse with itself reversed": lambda x: tg.mse(x, x[::-1]),
    "mse with floats": lambda x: tg.mse(x, np.full((3, 4), 0.5)),
    "mse of floats": lambda x: tg.mse(np.full((3, 4), 0.5), x),
    "linear": lambda x: tg.linear(x, WEIGHT.astype(x.dtype), np.array([7, 100]).astype(x.dtype)),
    "linear, no bias": lambda x: tg.linear(x, WEIGHT.astype(x.dtype)),
}


def values(y):
    return y.numpy() if isinstance(y, Tensor) else np.asarray(y)


@pytest.mark.parametrize("f", OF_ONE.values(), ids=OF_ONE.keys())
@together("dtype", NARROW)
@together("wrapped", [False, True])
def test_of_integers_as_of_floats(f, wrapped, dtype):
    x = IMAGE.astype(dtype)
    expected = f(x.astype(float)) if f not in (OF_ONE["linear"], OF_ONE["linear, no bias"]) else None
    if expected is None:
        w = WEIGHT.astype(dtype).astype(float)
        b = np.array([7, 100]).astype(dtype).astype(float) * (f is OF_ONE["linear"])
        expected = x.astype(float) @ w.T + b
    got = f(Tensor(x) if wrapped else x)
    assert values(got).dtype == np.float64
    np.testing.assert_allclose(values(got), values(expected), rtol=1e-14, atol=1e-15)


@together("dtype", NARROW)
@together("method", ["sigmoid", "relu", "var", "std", "mean"])
def test_methods(method, dtype):
    x = IMAGE.astype(dtype)
    got = getattr(Tensor(x), method)()
    np.testing.assert_allclose(got.data, getattr(Tensor(x.astype(float)), method)().data, rtol=1e-14)
    assert got.dtype == np.float64


@together("f", [tg.sigmoid, tg.relu, tg.logsumexp])
@together("x", [3, True, -2, np.uint8(3), np.int8(-2), np.True_, [1, 0], 1.5])
def test_of_numbers_and_lists(f, x):
    assert np.asarray(f(x)) == pytest.approx(f(np.array(x, float)), rel=1e-15)
    assert np.asarray(f(x)).dtype == np.float64


@together("dtype", [np.uint8, np.int16, bool])
@together("partner", [np.float16, np.float32, np.float64])
def test_targets_and_pixels_beside_recorded_floats(partner, dtype):
    x, target = IMAGE.astype(dtype), np.arange(12).reshape(3, 4).astype(dtype)
    y = Tensor(np.full((3, 4), 0.5, partner), requires_grad=True)
    loss = tg.mse(y, target)
    loss.backward()
    assert loss.dtype == partner
    np.testing.assert_allclose(y.grad.data, (0.5 - target) / 6, rtol=1e-3)
    layer = tg.Linear(4, 2, dtype=partner, seed=0)
    layer(x).sum().backward()
    np.testing.assert_allclose(layer.weight.grad.data, np.tile(x.sum(axis=0), (2, 1)), rtol=1e-3)
    assert layer.weight.grad.dtype == y.grad.dtype == partner
    assert tg.gradcheck(lambda p: tg.mse(p, target), np.full((3, 4), 0.25))
