"""Medians, quantiles, averages, covariances."""

import warnings

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, same
from tinygrad_like import Tensor

RNG = np.random.default_rng(0)
M = RNG.normal(size=(3, 4, 5))
ROWS = RNG.normal(size=(3, 7))
HOLES = np.where(RNG.random(M.shape) < 0.3, np.nan, M)
METHODS = ["inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen"]
METHODS += ["weibull", "linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest"]
Q = np.array([0.0, 0.1, 0.25, 0.5, 0.62, 0.9, 1.0])


@together("axis", [None, 0, -1, (0, 2), (1, 0), ()])
@together("keepdims", [False, True])
@together("f", [np.median, np.nanmedian])
def test_median(f, axis, keepdims):
    agrees(lambda a: f(a, axis=axis, keepdims=keepdims), M, order=1)


@together("x", [[3, 1, 2], [4, 1], [True, False, True], np.float32([3, 1, 5, 4]), [[1.0, np.nan], [2, 1]]])
@together("f", [np.median, np.nanmedian])
def test_median_of_other_kinds(f, x):
    same(f(Tensor(x)), f(x))
    same(f(Tensor(x), 0), f(x, 0))
    same(f(Tensor(x), 0, None, True, True), f(x, 0, None, False, True))
    np.testing.assert_array_equal(np.asarray(x), Tensor(x).data)  # overwrite_input spoils nothing


@together("method", METHODS)
@together("n", [1, 2, 6, 7, 10])
def test_methods(method, n):
    x = RNG.normal(size=n)
    agrees(lambda a: np.quantile(a, Q, method=method), x, order=1)
    agrees(lambda a: np.nanquantile(np.concatenate([[np.nan], a]), Q, method=method), x, order=1)


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2)])
@pytest.mark.parametrize("q", [0.3, [0.2, 0.9], np.array([[0.2, 0.9], [0.1, 0.5]])], ids=str)
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("f", [np.quantile, np.nanquantile], ids=lambda f: f.__name__)
def test_quantile(f, axis, q, keepdims):
    if f is np.nanquantile and np.ndim(q) == 2 and isinstance(axis, tuple):
        pytest.skip("NumPy itself mixes up the axes of its result")
    agrees(lambda a: f(a, q, axis=axis, keepdims=keepdims), M, order=1)


@pytest.mark.parametrize("f", [np.percentile, np.nanpercentile], ids=lambda f: f.__name__)
def test_percentile(f):
    agrees(lambda a: f(a, 30, axis=1), M, order=1)
    agrees(lambda a: f(a, [5, 50.0], (0, 1), method="weibull", keepdims=True), M, order=1)
    same(f(Tensor(M), 20, 0, None, True, "lower", True), f(M, 20, 0, None, False, "lower", True))


@pytest.mark.filterwarnings("ignore:All-NaN")
@together("axis", [None, 0, (0, 2)])
@together("method", ["linear", "hazen", "nearest", "averaged_inverted_cdf"])
def test_without_nan(axis, method):
    for x in (HOLES, np.where(M > 0, np.nan, M), np.full((2, 2, 2), np.nan)):
        same(np.nanquantile(Tensor(x), Q, axis=axis, method=method), np.nanquantile(x, Q, axis=axis, method=method))
        same(np.nanmedian(Tensor(x), axis=axis), np.nanmedian(x, axis=axis))
    gradient = tg.grad(lambda x: (np.nanquantile(x, Q, axis=axis, method=method) * 1.5).sum())(HOLES)
    assert np.isfinite(gradient).all()
    assert (gradient[np.isnan(HOLES)] == 0).all()
    middle = tg.grad(lambda x: np.nanmedian(x, axis=axis).sum())(HOLES)
    assert (middle[np.isnan(HOLES)] == 0).all()
    count = np.isfinite(np.nanmedian(HOLES, axis=axis)).sum()
    assert gradient.sum() == pytest.approx(1.5 * len(Q) * count)
    assert middle.sum() == pytest.approx(count)


@pytest.mark.parametrize("method", ["linear", "lower", "hazen", "midpoint"])
def test_with_nan(method):
    same(np.quantile(Tensor(HOLES), Q, axis=1, method=method), np.quantile(HOLES, Q, axis=1, method=method))
    same(np.median(Tensor(HOLES), axis=1), np.median(HOLES, axis=1))


@together("kind", [np.float32, np.float16, int, np.uint8])
@together("q", [0.3, [0.3, 0.5], np.float32(0.5), 1, np.array([0, 1])])
@together("method", ["linear", "higher", "hazen", "midpoint", "inverted_cdf"])
def test_dtypes(kind, q, method):
    x = np.array([[3, 1, 4, 1], [5, 9, 2, 6]]).astype(kind)
    if method in ("hazen", "inverted_cdf") and isinstance(q, int):
        q = 1.0
    same(np.quantile(Tensor(x), q, 1, method=method), np.quantile(x, q, 1, method=method))


@pytest.mark.parametrize("method", ["linear", "hazen", "normal_unbiased"])
def test_the_share_is_differentiable(method):
    agrees(lambda a, q: np.quantile(a, q, axis=1, method=method), ROWS, np.array([0.23, 0.61]))
    agrees(lambda q: np.percentile(ROWS[0], q, method=method), np.array(23.0))


def test_equal_values_share():
    x = np.array([3.0, 1, 3, 3, 5, 1])
    assert tg.grad(np.median)(x) == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3, 0, 0])
    assert tg.grad(lambda x: np.quantile(x, 0.1))(x) == pytest.approx([0, 0.5, 0, 0, 0, 0.5])
    for q, extreme in ((0, np.min), (1, np.max)):
        assert tg.grad(lambda x, q=q: np.quantile(x, q))(x) == pytest.approx(tg.grad(lambda x, f=extreme: f(x))(x))
    tangent = RNG.normal(size=6)
    assert tg.jvp(np.median, (x,), (tangent,))[1] == pytest.approx(tangent[[0, 2, 3]].mean())
    rows = np.array([x, [0.1, 0.1, 0.1, 7, 0.7, 0.7]])
    assert np.array_equal(np.median(Tensor(rows), axis=1).data, np.median(rows, axis=1))
    gradient = tg.grad(lambda x: np.quantile(x, [0.0, 0.9], axis=1).sum())(rows)
    assert gradient == pytest.approx(np.array([[1 / 6, 0.5, 1 / 6, 1 / 6, 0.5, 0.5], [1 / 3] * 3 + [0.5, 0.25, 0.25]]))


def test_infinite_values():
    x = np.array([np.inf, 1.0, 2.0, -np.inf, np.inf])
    same(np.median(Tensor(x)), np.median(x))
    assert tg.grad(np.median)(x).tolist() == [0, 0, 1, 0, 0]


@together(
    ("call", "error"),
    [
        (lambda t: np.quantile(t, 1.5), ValueError),
        (lambda t: np.percentile(t, [50, 101]), ValueError),
        (lambda t: np.quantile(t, 0.5, method="none"), ValueError),
        (lambda t: np.quantile(t, 0.5, axis=3), ValueError),
        (lambda t: np.quantile(t, np.full((1, 1, 1), 0.5)), ValueError),
        (lambda t: np.quantile(t[:0, 0, 0], 0.5), IndexError),
        (lambda t: np.median(t, axis=(0, 0)), ValueError),
        (lambda t: np.average(t, weights=np.ones(5)), TypeError),
        (lambda t: np.average(t, 0, np.ones(5)), ValueError),
        (lambda t: np.average(t, 2, np.zeros(5)), ZeroDivisionError),
        (lambda t: np.cov(t), ValueError),
        (lambda t: np.cov(t[0], ddof=0.5), ValueError),
        (lambda t: np.cov(t[0], aweights=-np.ones(5)), ValueError),
        (lambda t: np.cov(t[0], fweights=np.full(5, 0.5)), TypeError),
    ],
)
def test_refuses_what_numpy_refuses(call, error):
    for t in (M, Tensor(M)):
        with pytest.raises(error):
            call(t)


def test_weighted_quantiles_are_numpys_where_nothing_is_recorded():
    weights = np.array([1.0, 2, 0, 1])
    options = {"axis": 1, "weights": weights, "method": "inverted_cdf"}
    same(np.quantile(Tensor(M), 0.4, **options), np.quantile(M, 0.4, **options))
    with pytest.raises(tg.UnsupportedError, match="weights"):
        np.quantile(Tensor(M, requires_grad=True), 0.4, **options)


# -- average, cov, corrcoef --------------------------------------------------------------------------------


@together("returned", [False, True])
@together("keepdims", [False, True])
@together("axis", [None, 0, -1, (2, 0)])
def test_average(axis, keepdims, returned):
    agrees(lambda a: np.average(a, axis, returned=returned, keepdims=keepdims), M, order=1)
    weights = RNG.uniform(0.5, 1.5, M.shape)
    agrees(lambda a, w: np.average(a, axis, w, returned, keepdims=keepdims), M[:2], weights[:2])
    if axis is not None:
        shape = tuple(M.shape[i] for i in axis) if isinstance(axis, tuple) else M.shape[axis]
        agrees(lambda a, w: np.average(a, axis, weights=w, keepdims=keepdims), M, RNG.uniform(0.5, 1.5, shape), order=1)


def test_average_of_other_dtypes():
    whole = np.array([1, 2, 4], np.int8)
    for weights in (None, whole, np.float32([1, 2, 1])):
        for x in (whole, np.float32([3, 1, 2])):
            same(np.average(Tensor(x), weights=weights, returned=True), np.average(x, weights=weights, returned=True))
    agrees(lambda w: np.average([1.0, 2.0, 5.0], weights=w), np.array([1.0, 2.0, 3.0]))


COUNTS, WEIGHTS = np.array([1, 2, 0, 1, 3, 1, 1]), RNG.uniform(0.5, 1.5, 7)
COVARIANCES = [{}, {"bias": True}, {"ddof": 2}, {"fweights": COUNTS}, {"fweights": COUNTS, "ddof": 0}]


@pytest.mark.parametrize("options", COVARIANCES, ids=str)
def test_cov(options):
    agrees(lambda m: np.cov(m, **options), ROWS)
    agrees(lambda m, y: np.cov(m, y, **options), ROWS[:2], ROWS[2])
    agrees(lambda m, y: np.cov(m.T, y, False, **options), ROWS[:2], ROWS[2])
    agrees(lambda m, w: np.cov(m, aweights=w, **options), ROWS[:2], WEIGHTS)
    agrees(lambda m: np.cov(m, **options), ROWS[0])


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:divide by zero", "ignore:invalid value")
def test_cov_at_the_edges():
    for x, options in [
        (ROWS[:0], {}),
        (ROWS[:, :1], {}),
        (ROWS[:, :1], {"rowvar": False}),
        (ROWS.astype(np.float32), {}),
        (ROWS, {"dtype": np.float32}),
        (np.arange(6).reshape(2, 3), {}),
        (np.array(2.0), {"ddof": 0}),
    ]:
        same(np.cov(Tensor(x), **options), np.cov(x, **options), rtol=1e-6)
    same(np.cov(Tensor([1j, 2.0])), np.cov([1j, 2.0]))
    assert tg.grad(lambda x: np.corrcoef(x)[0, 1])(np.array([[1.0, 2], [2, 4]])) == pytest.approx(np.zeros((2, 2)))


@pytest.mark.parametrize("rowvar", [True, False])
def test_corrcoef(rowvar):
    agrees(lambda x: np.corrcoef(x, rowvar=rowvar), ROWS, atol=1e-12, rtol=1e-9)
    agrees(lambda x, y: np.corrcoef(x, y), ROWS[0], ROWS[1])
    agrees(lambda x: np.corrcoef(x), ROWS[0])
    same(np.corrcoef(Tensor(ROWS), dtype=np.float32), np.corrcoef(ROWS, dtype=np.float32), rtol=1e-6)


def test_complex_numbers_are_left_to_numpy():
    x = np.array([[1 + 2j, 2 - 1j, 4j], [0.5j, 3, np.nan]])
    for function in (np.var, np.std, np.nanmedian):
        same(function(tg.Tensor(x), axis=0), function(x, axis=0))
    same(tg.Tensor(x[0]).var(), x[0].var())
    same(np.var(tg.Tensor(x), axis=1, ddof=1), np.var(x, axis=1, ddof=1))


@pytest.mark.filterwarnings("ignore:Degrees of freedom", "ignore:divide by zero", "ignore:invalid value")
def test_variances_without_freedom():
    for x in (np.array([1.0, 2.0, 4.0]), np.full((2, 2), 3.0), np.array([[1.0, 2.0], [3.0, 3.0]])):
        for options in ({"ddof": 4}, {"ddof": x.shape[-1], "axis": -1}):
            same(np.var(Tensor(x), **options), np.var(x, **options))
            same(Tensor(x).std(**options), x.std(**options))


def test_a_covariance_without_freedom_warns_here():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        np.cov(Tensor(np.ones((2, 1))))
        np.var(Tensor(np.ones(2)), ddof=2)
    assert caught
    assert {each.filename for each in caught} == {__file__}


@pytest.mark.parametrize("q", [np.float32(0.3), np.array([0.2, 0.9], np.float32)])
def test_quantiles_without_nan_keep_float32(q):
    x = np.array([1.0, np.nan, 2.5, 4.0], np.float32)
    value, _ = tg.vjp(lambda x: np.nanquantile(x, q), x)
    assert np.asarray(value).dtype == np.nanquantile(x, q).dtype == np.float32
    np.testing.assert_allclose(value, np.nanquantile(x, q), rtol=1e-6)
