"""The error function: its digits, its ends, its dtypes."""

import math

import numpy as np

from tinygrad_like.primitives.error_function import BLOCK, erf

POINTS = np.concatenate([np.linspace(-6.5, 6.5, 4001), np.linspace(0.49, 0.51, 201), 10.0 ** -np.arange(1, 320)])
EXACT = np.array([math.erf(x) for x in POINTS])


def test_all_digits():
    assert (np.abs(erf(POINTS) - EXACT) <= 2 * np.spacing(np.abs(EXACT))).all()
    # From mpmath, at places where math.erf cannot hide an error of its own.
    assert [round(float(erf(x)), 15) for x in (0.25, 0.75, 2.0)] == [
        0.276326390168237,
        0.711155633653515,
        0.995322265018953,
    ]


def test_float32():
    points = POINTS.astype(np.float32)
    exact = np.array([math.erf(x) for x in points.astype(float)])
    found = erf(points)
    assert found.dtype == np.float32
    assert (np.abs(found - exact) <= 3 * np.spacing(np.abs(exact).astype(np.float32))).all()
    assert erf(np.float16(0.5)).dtype == np.float16


def test_ends():
    for dtype in (np.float64, np.float32):
        x = np.array([np.inf, -np.inf, np.nan, 0.0, -0.0, 1e30, -1e30], dtype)
        np.testing.assert_array_equal(erf(x), np.array([1, -1, np.nan, 0, -0.0, 1, -1], dtype))
        assert np.signbit(erf(x))[4]
        tiny = np.finfo(dtype).smallest_subnormal
        assert erf(np.array([tiny, -tiny])).tolist() == [tiny, -tiny]


def test_shapes_and_blocks():
    x = np.linspace(-3, 3, 2 * BLOCK + 6).reshape(2, -1)
    np.testing.assert_array_equal(erf(x)[:, ::5], erf(x[:, ::5]))
    assert erf(np.ones((0, 2))).shape == (0, 2)
    assert erf(1) == erf(np.ones(1, int))[0] == erf(1.0)
