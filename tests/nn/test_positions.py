"""Sinusoidal and rotary positions: their formulas, what they promise, derivatives."""

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like.functions.positions import rotary, sinusoidal_positions
from tinygrad_like.nn.position_layers import RotaryPositions, SinusoidalPositions


def table(length, features, base=10000.0):
    """Vaswani et al. (2017), 3.5, element by element."""
    found = np.zeros((length, features))
    for p in range(length):
        for i in range(features // 2):
            angle = p / base ** (2 * i / features)
            found[p, 2 * i : 2 * i + 2] = np.sin(angle), np.cos(angle)
    return found


def turned(x, base=10000.0):
    """Su et al. (2021), (15): a matrix for each position."""
    found = np.zeros_like(x)
    for p in range(x.shape[-2]):
        for i in range(x.shape[-1] // 2):
            angle = p * base ** (-2 * i / x.shape[-1])
            rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            found[..., p, 2 * i : 2 * i + 2] = x[..., p, 2 * i : 2 * i + 2] @ rotation.T
    return found


def draw(*shape):
    return np.random.default_rng(0).normal(size=shape)


def test_sines():
    np.testing.assert_allclose(sinusoidal_positions(5, 6), table(5, 6), rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(sinusoidal_positions(np.array([[3], [1]]), 4, 10.0)[0, 0], table(5, 4, 10.0)[3])
    x = draw(2, 5, 6)
    layer = SinusoidalPositions(6)
    np.testing.assert_allclose(layer(x), x + table(5, 6), rtol=1e-12)
    np.testing.assert_allclose(layer(x[0]), x[0] + table(5, 6), rtol=1e-12)
    np.testing.assert_allclose(SinusoidalPositions(6, batch_first=False)(x.swapaxes(0, 1)), layer(x).swapaxes(0, 1))
    assert layer(x.astype(np.float32)).dtype == np.float32
    assert not layer.state_dict()


@pytest.mark.parametrize("interleaved", [True, False])
def test_turning(interleaved):
    x = draw(2, 3, 5, 6)
    order = np.arange(6) if interleaved else np.array([0, 3, 1, 4, 2, 5])
    np.testing.assert_allclose(rotary(x, interleaved=interleaved)[..., order], turned(x[..., order]), rtol=1e-12)
    q, k = draw(4, 6), draw(4, 6)[::-1]
    at = [rotary(q, np.arange(4) + n, interleaved=interleaved) @ rotary(k, np.arange(4) + n, interleaved=interleaved).T
          for n in (0, 9)]  # fmt: skip
    np.testing.assert_allclose(at[0], at[1], rtol=1e-11)
    layer = RotaryPositions(6, interleaved=interleaved)
    np.testing.assert_array_equal(layer(x), rotary(x, interleaved=interleaved))
    np.testing.assert_allclose(layer(x[..., 2:, :], np.arange(2, 5)), layer(x)[..., 2:, :], rtol=1e-12)
    assert layer(x.astype(np.float32)).dtype == np.float32
    assert tg.gradcheck(layer, draw(3, 6), order=2)


def test_positions_have_derivatives():
    assert tg.gradcheck(lambda p: sinusoidal_positions(p, 4), draw(2), order=2)
    assert tg.gradcheck(lambda x, p: rotary(x, p), draw(3, 2), draw(3), order=2)


MISTAKES = {
    "an even number of features, at least 2, but got 3": lambda: SinusoidalPositions(3),
    "an even number of features, at least 2, but got 5": lambda: rotary(np.ones((2, 5))),
    r"takes x \(N, L, 4\)": lambda: SinusoidalPositions(4)(np.ones((2, 6))),
    r"takes x \(\.\.\., L, 4\)": lambda: RotaryPositions(4)(np.ones((2, 6))),
    r"positions \(\.\.\., 2\) for x \(2, 4\), but got \(3,\)": lambda: rotary(np.ones((2, 4)), np.arange(3)),
    r"rotary takes x \(\.\.\., L, E\), but got \(4,\)": lambda: rotary(np.ones(4)),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_mistakes(message):
    with pytest.raises(tg.TinygradError, match=message):
        MISTAKES[message]()
