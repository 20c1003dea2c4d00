"""Options given by position and by name; those of a call are sorted once."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf
from tinygrad_like.engine import arguments
from tinygrad_like.primitives import movement, reductions

X = np.arange(6.0).reshape(2, 3)


def test_calls_are_told_apart_by_type():
    np.sum(leaf(X), axis=1)
    with pytest.raises(TypeError):
        np.sum(leaf(X), axis=1.0)
    assert reductions.sum(leaf(X), 0).shape == (3,)
    assert reductions.sum(leaf(X), None, keepdims=True).shape == (1, 1)
    assert reductions.sum(leaf(X), axis=None, keepdims=False).shape == ()


def test_the_same_call_is_sorted_once():
    args, options = (leaf(X), -1), {"keepdims": True}
    first = arguments.bound(reductions.sum, args, options)[1]
    assert first == {"axis": -1, "keepdims": True}
    assert arguments.bound(reductions.sum, args, options)[1] is first


def test_what_could_change_is_sorted_each_time():
    axes = [1, 0]
    y = np.transpose(leaf(X), axes)
    axes[:] = [0, 1]
    y.sum().backward()
    t = tg.Tensor(np.arange(2))
    for each in (axes, np.array([1, 0]), t):
        arguments.bound(movement.transpose, (leaf(X), each), {})
    assert not any(
        isinstance(v, list | tg.Tensor | np.ndarray) for key in movement.transpose.sorted_before for v in key
    )


def test_few_calls_are_remembered():
    x = leaf(np.arange(300.0))
    for i in range(2 * arguments.MOST):
        np.roll(x, i)
    from tinygrad_like.primitives import shifting

    assert 0 < len(shifting.roll.sorted_before) <= arguments.MOST


def test_an_error_is_not_remembered():
    for _ in range(2):
        with pytest.raises(tg.UnsupportedError, match="casting"):
            np.clip(leaf(X), 0, 1, casting="no")
        with pytest.raises(np.exceptions.AxisError):
            np.sum(leaf(X), axis=5)
