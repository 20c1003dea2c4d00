"""Adding at indices: every way gives what np.add.at gives, and many cost no more than they must."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like.engine import scattered

RNG = np.random.default_rng(0)
# What is taken: few and many, once and twice, short rows and long ones.
TAKEN = {
    "many, once": ((500,), RNG.permutation(500)),
    "many, repeated": ((500,), RNG.integers(-500, 500, 900)),
    "few": ((500,), np.array([3, 3, -1])),
    "long rows, once": ((60, 32), RNG.permutation(60)[:20]),
    "long rows, from the end": ((60, 32), -1 - RNG.permutation(60)),
    "long rows, twice by two names": ((60, 32), np.append(np.arange(40), -30)),
    "long rows, repeated": ((60, 32), RNG.integers(0, 60, 90)),
    "short rows": ((300, 2), RNG.integers(0, 300, 400)),
    "a block of rows": ((9, 5, 4), RNG.integers(0, 9, (3, 7))),
    "columns": ((6, 40), (slice(None), RNG.integers(0, 40, 70))),
    "pairs": ((30, 40), (RNG.integers(0, 30, 900), RNG.integers(-40, 40, 900))),
    "a mask": ((30, 40), RNG.random((30, 40)) < 0.5),
    "a slice": ((30, 40), (slice(2, 9), None, 3)),
    "nothing": ((0, 20), np.zeros(0, int)),
}


@pytest.mark.parametrize(("shape", "index"), TAKEN.values(), ids=TAKEN.keys())
@together("order", ["C", "F"])
@together("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_add_at(shape, index, dtype, order):
    buffer = np.asarray(RNG.integers(-4, 5, shape)).astype(dtype, order=order)
    values = np.asarray(RNG.integers(-4, 5, buffer[index].shape)).astype(dtype)
    expected = buffer.astype(np.longdouble)
    np.add.at(expected, index, values)
    scattered.add_at(buffer, index, values)
    assert buffer.dtype == dtype
    np.testing.assert_array_equal(buffer, expected)


@together(("shape", "index"), TAKEN)
def test_the_gradient_of_indexing(shape, index):
    x = np.asarray(RNG.normal(size=shape))
    g, expected = RNG.normal(size=x[index].shape), np.zeros(shape)
    np.add.at(expected, index, g)
    t = tg.Tensor(x, requires_grad=True)
    t[index].backward(g)
    np.testing.assert_allclose(t.grad.data, expected, rtol=1e-12, atol=1e-14)


def test_narrow_numbers_are_added_up_in_wide_ones():
    for dtype, count in ((np.float16, 5000), (np.float32, 2**24 + 100)):
        t = tg.Tensor(np.zeros(2, dtype), requires_grad=True)
        t[np.zeros(count, np.intp)].sum().backward()
        assert t.grad.tolist() == [dtype(count), 0]


def test_many_rows_are_added_in_pairs(monkeypatch):
    def at(*_):
        raise AssertionError("one by one")

    monkeypatch.setattr(scattered, "sums", at)
    numbers, values = RNG.integers(-50, 50, (300, 5)), RNG.normal(size=(300, 5, 100))
    numbers[0] = 7
    for dtype, tolerance in ((np.float32, 1e-5), (np.float64, 1e-13), (np.float16, 2e-2)):
        buffer, expected = np.ones((50, 100), dtype), np.ones((50, 100))
        np.add.at(expected, numbers, values.astype(dtype))
        scattered.add_at(buffer, numbers, values.astype(dtype))
        assert buffer.dtype == dtype
        np.testing.assert_allclose(buffer, expected, rtol=tolerance, atol=tolerance)


def test_whole_rows_are_added_where_each_is_named_once():
    rows = np.zeros((60, 32))
    assert scattered.names_rows_once(rows, RNG.permutation(60))
    assert not scattered.names_rows_once(rows, np.array([1] * 10))
    assert not scattered.names_rows_once(rows, np.append(np.arange(40), -30))
    assert not scattered.names_rows_once(np.zeros((60, 2)), RNG.permutation(60))
    assert not scattered.names_rows_once(rows, (slice(None), np.arange(30)))
