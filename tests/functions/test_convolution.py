"""Convolution and correlation; functions of lines of an array."""

import numpy as np
import pytest

from tests.cases import together
from tests.functions.agreeing import agrees, same
from tinygrad_like import Tensor, TinygradError

RNG = np.random.default_rng(0)
LENGTHS = [(1, 1), (5, 1), (1, 4), (5, 2), (2, 5), (4, 4), (3, 4), (4, 3), (5, 5)]


@together("mode", ["full", "same", "valid"])
@together("lengths", LENGTHS)
@together("function", [np.convolve, np.correlate])
def test_vectors(function, lengths, mode):
    agrees(lambda a, v: function(a, v, mode), *(RNG.normal(size=n) for n in lengths))


@pytest.mark.parametrize("function", [np.convolve, np.correlate])
def test_spellings(function):
    a, v = np.arange(5.0), np.arange(3.0)
    for call in (
        lambda a, v: function(a, v),
        lambda a, v: function(a, v=v, mode="same"),
        lambda a, v: function(a, v, 1),
        lambda a, v: function(a, [1, 2, 3]),
    ):
        agrees(call, a, v)


@together("function", [np.convolve, np.correlate])
@together("dtype", [bool, np.int8, int, np.float32])
def test_dtypes(function, dtype):
    a, v = np.array([1, 2, 0, 3]).astype(dtype), np.array([1, 0, 2]).astype(dtype)
    for mode in ("full", "same", "valid"):
        same(function(Tensor(a), Tensor(v), mode), function(a, v, mode), rtol=1e-6)


def test_a_number_is_a_vector_of_one():
    agrees(lambda a, v: np.convolve(a, v), np.array(2.0), np.arange(3.0))


def test_complex_numbers():
    a, v = np.array([1 + 2j, 3.0, 1j]), np.array([1j, 2.0])
    same(np.correlate(Tensor(a), v), np.correlate(a, v))
    same(np.convolve(Tensor(a), v), np.convolve(a, v))
    agrees(np.correlate, np.array([1.0, 2.0, 4.0]), v)


@pytest.mark.parametrize("function", [np.convolve, np.correlate])
@pytest.mark.parametrize(("a", "v", "mode"), [((2, 2), (2,), "full"), ((0,), (2,), "full"), ((3,), (2,), "half")])
def test_errors(function, a, v, mode):
    with pytest.raises(TinygradError):
        function(Tensor(np.ones(a)), Tensor(np.ones(v)), mode)


@together(
    "function",
    [
        lambda line: line.sum(),
        lambda line: line * line,
        lambda line: line[:1],
        lambda line: np.outer(line, line),
        lambda line: np.stack([line, line**2, line**3]),
        lambda line: np.max(line),
    ],
)
@together(("shape", "axis"), [((3,), 0), ((2, 3), 0), ((2, 3), -1), ((2, 3, 2), 1), ((2, 3, 2), 0)])
def test_apply_along_axis(function, shape, axis):
    agrees(lambda x: np.apply_along_axis(function, axis, x), RNG.normal(size=shape))


def test_apply_along_axis_hands_arguments_on():
    x = RNG.normal(size=(3, 2))
    agrees(lambda x: np.apply_along_axis(lambda line, n, scale: line[:n] * scale, 0, x, 2, scale=3.0), x)


def test_apply_along_axis_of_a_function_that_gives_numbers():
    x = RNG.normal(size=(3, 2))
    same(np.apply_along_axis(lambda line: len(line), 0, Tensor(x)), np.apply_along_axis(len, 0, x))
    same(np.apply_along_axis(lambda line: float(line[0]), 1, Tensor(x)), x[:, 0])


def test_apply_along_axis_without_a_line():
    with pytest.raises(TinygradError, match="no vector"):
        np.apply_along_axis(np.sum, 0, Tensor(np.ones((2, 0))))


@together("axes", [0, -1, (0, 2), [1, 0], (-3,)])
@together("function", [np.sum, np.max, lambda x, axis: np.sum(x, axis=axis, keepdims=True)])
def test_apply_over_axes(function, axes):
    agrees(lambda x: np.apply_over_axes(function, x, axes), RNG.normal(size=(2, 3, 2)))


def test_apply_over_axes_of_a_function_that_drops_too_much():
    with pytest.raises(TinygradError, match="keeps all axes"):
        np.apply_over_axes(lambda x, axis: np.sum(x), Tensor(np.ones((2, 3, 2))), 0)
