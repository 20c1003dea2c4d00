"""Scans: cumulative sums, products and extremes."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, same
from tinygrad_like import Tensor
from tinygrad_like.functions.scans import accumulated_maximum, accumulated_minimum

RNG = np.random.default_rng(0)
M = RNG.normal(size=(2, 3, 2))
HOLES = np.where(M > 0.5, np.nan, M)
SUMS = [np.cumsum, np.nancumsum, np.cumprod, np.nancumprod]


@together("axis", [None, 0, 1, -1])
@together("f", SUMS)
def test_axes(f, axis):
    agrees(f, M, axis=axis)
    agrees(f, np.array(2.5), axis=None)
    agrees(f, M[:, :0], axis=axis)


@together("f", SUMS)
@together("dtype", [None, np.float64, np.float32, int])
@together("kind", [np.float32, np.int8, bool, np.uint8])
def test_dtypes(f, dtype, kind):
    x = np.array([[1, 0, 3], [2, 4, 1]]).astype(kind)
    same(f(Tensor(x), axis=1, dtype=dtype), f(x, axis=1, dtype=dtype))
    same(f(Tensor(x), 1, dtype), f(x, 1, dtype))


@pytest.mark.parametrize("f", SUMS, ids=lambda f: f.__name__)
def test_spellings_and_errors(f):
    same(f(a=Tensor(M), axis=1), f(M, axis=1))
    out = Tensor(np.zeros(M.shape))
    assert f(Tensor(M), 0, None, out) is out
    same(out, f(M, 0))
    with pytest.raises(np.exceptions.AxisError):
        f(Tensor(M), axis=3)


def test_nan_counts_as_nothing():
    for f, axis in [(np.nancumsum, 1), (np.nancumprod, 0), (np.nancumsum, None)]:
        same(f(Tensor(HOLES), axis=axis), f(HOLES, axis=axis))
    gradient = tg.grad(lambda x: np.nancumprod(x).sum())(np.array([2.0, np.nan, 3.0]))
    assert gradient.tolist() == [1 + 1 + 3, 0, 2]
    assert tg.jvp(np.nancumsum, (np.array([2.0, np.nan, 3.0]),), (np.ones(3),))[1].tolist() == [1, 1, 2]


@pytest.mark.parametrize("x", [[0.0, 2, 3], [2.0, 0, 3], [2.0, 3, 0], [0.0, 2, 0], [0.0, 0, 0], [1.0, 0, 2, 0, 3]])
def test_cumprod_with_zeros_at_every_order(x):
    agrees(np.cumprod, np.array(x))
    # A sum of products is a polynomial: its third derivative is what a difference quotient of the second says.
    x, step = np.array(x), np.eye(len(x))[1]

    def f(x):
        return (np.cumprod(x) * np.arange(1.0, len(x) + 1)).sum()

    third = tg.jvp(tg.hessian(f), (x,), (step,))[1]
    np.testing.assert_allclose(third, (tg.hessian(f)(x + step) - tg.hessian(f)(x - step)) / 2, atol=1e-12)


def test_cumprod_of_many_numbers():
    x = 1 + RNG.normal(size=2000) / 50
    expected = [(np.cumprod(x)[i:] / x[i]).sum() for i in range(len(x))]
    np.testing.assert_allclose(tg.grad(lambda x: np.cumprod(x).sum())(x), expected, rtol=1e-11)


@pytest.mark.parametrize("axis", [None, 0, 1, -1])
@pytest.mark.parametrize("include_initial", [False, True])
@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
def test_names_of_the_array_standard(name, include_initial, axis):
    f = pytest.importorskip("numpy").__dict__.get(name)
    if f is None:
        pytest.skip("NumPy 2.0 does not have it")
    x = M if axis is not None else M.ravel()
    agrees(f, x, axis=axis, include_initial=include_initial)
    agrees(f, np.array(3.0), include_initial=include_initial)
    same(f(Tensor([1, 2]), dtype=np.float32), f([1, 2], dtype=np.float32))
    with pytest.raises(tg.ArgumentError, match="several axes"):
        f(Tensor(M))


EXTREMES = [(accumulated_maximum, np.maximum.accumulate), (accumulated_minimum, np.minimum.accumulate)]


@pytest.mark.parametrize(("f", "reference"), EXTREMES)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_extremes_so_far(f, reference, axis):
    same(f(Tensor(M), axis), reference(M, axis))
    np.testing.assert_array_equal(f(M, axis), reference(M, axis))
    same(f(Tensor(np.int8([3, 1, 4])), 0, float), reference(np.int8([3, 1, 4]), 0, float))
    assert tg.gradcheck(lambda x: f(x, axis) ** 2, M)
    with pytest.raises(np.exceptions.AxisError):
        f(Tensor(M), 3)


@pytest.mark.parametrize(("f", "reference"), EXTREMES)
def test_equal_extremes_share(f, reference):
    x = np.array([[2.0, 2, 1, 3, 3], [5.0, 4, 5, 4, 5]])
    if f is accumulated_minimum:
        x = -x
    expected = []
    for row in x:
        jacobian = [(row[: k + 1] == top) / (row[: k + 1] == top).sum() for k, top in enumerate(reference(row))]
        expected.append(sum(np.pad(part, (0, len(row) - len(part))) for part in jacobian))
    np.testing.assert_allclose(tg.grad(lambda x: f(x, 1).sum())(x), expected, rtol=1e-15)
    tangent = RNG.normal(size=x.shape)
    weights = RNG.normal(size=x.shape)
    forward = (tg.jvp(lambda x: f(x, 1), (x,), (tangent,))[1] * weights).sum()
    backward = (tg.vjp(lambda x: f(x, 1), x)[1](weights)[0] * tangent).sum()
    assert forward == pytest.approx(backward)


def test_methods():
    same(Tensor(M).cumsum(1), M.cumsum(1))
    same(Tensor(M).cumsum(), M.cumsum())
    same(Tensor(M).cumprod(axis=-1, dtype=np.float32), M.cumprod(axis=-1, dtype=np.float32))
    same(Tensor(M[0]).trace(1), M[0].trace(1))
    same(Tensor([1.0, 2.0]).searchsorted([1.5, 2.0], "right"), np.array([1.0, 2.0]).searchsorted([1.5, 2.0], "right"))
