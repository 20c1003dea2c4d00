"""NumPy's functions on Tensors: results in pairs, clip in all of its spellings, comparisons with what is no number."""

from unittest import mock

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import Tensor

X = np.array([1.5, -2.25, 0.0, 7.0])
PAIRS = {
    "modf": np.modf,
    "frexp": np.frexp,
    "divmod": lambda x, **o: np.divmod(x, 2, **o),
    "divmod of a number": lambda x, **o: np.divmod(7.0, x + 0.5, **o),
}


@together("dtype", [np.float32, np.float64, np.int64])
@together("f", PAIRS)
def test_results_in_pairs(f, dtype):
    x = X.astype(dtype)
    expected = f(x)
    got = f(Tensor(x))
    assert isinstance(got, tuple)
    for part, want in zip(got, expected, strict=True):
        assert isinstance(part, Tensor)
        assert part.dtype == want.dtype
        np.testing.assert_array_equal(part.data, want)


@together("make", [lambda a: a, Tensor])
@together("f", PAIRS)
def test_pairs_into_out(f, make):
    expected = f(X)
    targets = tuple(make(np.zeros_like(part)) for part in expected)
    given = f(Tensor(X), out=targets)
    assert all(a is b for a, b in zip(given, targets, strict=True))
    for part, want in zip(targets, expected):
        np.testing.assert_array_equal(np.asarray(part), want)
    given = f(Tensor(X), out=(None, targets[1]))
    assert given[1] is targets[1]
    np.testing.assert_array_equal(given[0].data, expected[0])


@pytest.mark.parametrize("f", PAIRS.values(), ids=PAIRS.keys())
def test_pairs_with_where(f):
    expected = tuple(np.full_like(part, 5) for part in f(X))
    targets = tuple(Tensor(part.copy()) for part in expected)
    mask = X > 0
    f(X, out=expected, where=mask)
    f(Tensor(X), out=targets, where=mask)
    for part, want in zip(targets, expected):
        np.testing.assert_array_equal(part.data, want)
    with pytest.raises(tg.UnsupportedError, match="needs out="):
        f(Tensor(X), out=(None, targets[1]), where=mask)


def test_derivatives_of_pairs():
    x = np.array([1.5, -2.25, 3.1])
    assert tg.grad(lambda x: np.modf(x)[0] @ np.arange(3.0))(x).tolist() == [0, 1, 2]
    assert tg.grad(lambda x: np.modf(x)[1].sum())(x).tolist() == [0, 0, 0]
    assert tg.gradcheck(lambda a, b: np.divmod(a, b)[1], x, np.array([2.0, -1.5, 0.7]), order=2)
    assert tg.grad(lambda x: np.modf(x)[0])(np.inf) == 0
    assert np.modf(Tensor(-np.inf))[1].item() == -np.inf
    assert tg.gradcheck(lambda x: np.frexp(x)[0], x, order=2)


def test_pairs_of_a_recorded_tensor_are_not_written():
    first, second = np.full(4, 5.0), np.full(4, 5.0)
    with pytest.raises(tg.LostGraphError):
        np.divmod(Tensor(X, requires_grad=True), 2, out=(first, second))
    assert (first == 5).all()
    assert (second == 5).all()
    np.divmod(Tensor(X, requires_grad=True), 2, out=(first, None))
    assert first.tolist() == (X // 2).tolist()


CLIPS = {
    "a_min, a_max": lambda x: np.clip(x, a_min=0.0, a_max=1.0),
    "min, max": lambda x: np.clip(x, min=0.0, max=1.0),
    "by position": lambda x: np.clip(x, 0.0, 1.0),
    "mixed": lambda x: np.clip(x, 0.0, a_max=1.0),
    "method": lambda x: x.clip(0.0, 1.0),
    "method, named": lambda x: x.clip(min=0.0, max=1.0),
    "arrays": lambda x: np.clip(x, a_min=np.zeros(4), a_max=np.ones(4)),
    "lower": lambda x: np.clip(x, a_min=0.0, a_max=None),
    "upper": lambda x: np.clip(x, None, 1.0),
    "upper alone": lambda x: np.clip(x, max=1.0),
    "neither": lambda x: np.clip(x, None, None),
}


@together("f", CLIPS)
def test_clip_in_all_spellings(f):
    x = np.array([-1.0, 0.25, 0.75, 3.0])
    t = Tensor(x, requires_grad=True)
    y = f(t)
    np.testing.assert_array_equal(y.data, f(x))
    y.backward(np.ones(4))
    np.testing.assert_array_equal(t.grad.data, np.asarray(f(x) == x, float))
    copy = f(Tensor(x))
    assert not np.shares_memory(copy.data, x)


def test_clip_of_integers():
    u = Tensor(np.array([1, 200], np.uint8))
    assert np.clip(u, -1, 300).tolist() == [1, 200]
    assert np.clip(u, a_min=-5, a_max=100).tolist() == u.clip(-5, 100).tolist() == [1, 100]
    assert np.clip(u, -1, 100).dtype == np.uint8


def test_clip_to_limits_that_are_recorded():
    low = Tensor(0.5, requires_grad=True)
    np.clip(np.array([0.0, 0.25, 2.0]), a_min=low, a_max=1.0).sum().backward()
    assert low.grad.item() == 2.0


def test_clip_with_a_limit_twice():
    with pytest.raises(tg.ArgumentError, match="both min and a_min"):
        np.clip(Tensor(X), a_min=0, min=0)


@together("recorded", [False, True])
@together("other", ["auto", None, object(), ["a", "b", "c", "d"], b"x"])
def test_a_tensor_is_not_equal_to_what_is_no_number(other, recorded):
    t, number = Tensor(X, requires_grad=recorded), Tensor(1.0, requires_grad=recorded)
    assert (t == other).tolist() == [False] * 4
    assert (t != other).tolist() == [True] * 4
    assert (other == t).tolist() == [False] * 4
    if not isinstance(other, list):
        assert not number == other  # noqa: SIM201
        assert number != other


def test_what_decides_for_itself_is_asked():
    assert (Tensor(1.0) == mock.ANY) is not False
    assert Tensor([1.0, 2.0]) == pytest.approx([1.0, 2.0])
    assert "auto" not in Tensor(X)
