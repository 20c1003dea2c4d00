"""Interpolation, counts and histograms."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, is_constant, same
from tinygrad_like import Tensor

RNG = np.random.default_rng(0)
X = np.array([[-1.0, 0.3, 1.7], [2.9, 3.4, 9.0]])
XP = np.array([0.0, 1.0, 2.5, 4.0])
FP = RNG.normal(size=4)


def flat(function):
    """Results in a list, also where lists stand in a tuple."""

    def called(*arrays, **options):
        counts, *edges = function(*arrays, **options)
        return [counts, *(edges[0] if isinstance(edges[0], (list, tuple)) else edges)]

    return called


# -- interp ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options", [{}, {"left": -2.0}, {"left": 1.0, "right": 3.0}, {"period": 3.3}, {"period": -3.3}]
)
def test_interp(options):
    agrees(lambda x, xp, fp: np.interp(x, xp, fp, **options), X, XP, FP)


def test_interp_differentiates_what_stands_outside():
    agrees(lambda x, left, right: np.interp(x, XP, FP, left, right), X, 2.0, 5.0)
    agrees(lambda x, period: np.interp(x, XP, FP, period=period), X, 3.3)


@together("x", [0.0, 1.0, 4.0, 4.5, np.nan, 2, np.float32(0.3), [], [[1, 2]]])
def test_interp_at_points_and_of_other_kinds(x):
    same(np.interp(Tensor(x), XP, FP), np.interp(x, XP, FP))
    if not np.isnan(x).any():
        same(np.interp(x, Tensor(XP[:1]), FP[:1], 7, 8), np.interp(x, XP[:1], FP[:1], 7, 8))
    same(np.interp(x, [0, 1, 1, 4], Tensor([1, 2, 3, 5])), np.interp(x, [0, 1, 1, 4], [1, 2, 3, 5]))


def test_the_slope_at_a_point_is_that_after_it():
    slopes = [*np.diff(FP) / np.diff(XP), 0]
    assert tg.grad(lambda x: np.interp(x, XP, FP).sum())(XP) == pytest.approx(slopes)
    assert tg.grad(lambda x: np.interp(x, XP, FP).sum())(np.array([-1.0, 5.0])).tolist() == [0, 0]


@pytest.mark.parametrize("arguments", [(XP, FP[:2]), (XP[:0], FP[:0]), (XP[None], FP[None])])
def test_interp_refuses_what_numpy_refuses(arguments):
    for x in (X, Tensor(X)):
        with pytest.raises(ValueError):  # noqa: PT011
            np.interp(x, *arguments)
        with pytest.raises(ValueError, match="period"):
            np.interp(x, XP, FP, period=0)


# -- places and counts ---------------------------------------------------------------------------------------


def test_places_are_constants():
    is_constant(lambda x: np.digitize(x, XP), X)
    is_constant(lambda x: np.digitize(x, XP[::-1], right=True), X)
    is_constant(lambda x, v: np.searchsorted(x, v, side="right"), XP, X)
    is_constant(lambda x: np.searchsorted(x, 2.0, sorter=[3, 2, 1, 0]), XP[::-1].copy())
    is_constant(lambda v: np.searchsorted([1.0, 2.0], v), X)
    with pytest.raises(ValueError, match="monotonic"):
        np.digitize(Tensor(X), [0.0, 2.0, 1.0])


def test_bincount():
    numbers = np.array([3, 1, 1, 0, 3])
    agrees(lambda w: np.bincount(numbers, w), RNG.normal(size=5), compiles=False)
    agrees(lambda w: np.bincount(numbers, weights=w, minlength=7), RNG.normal(size=5))
    agrees(lambda w: np.bincount(Tensor(numbers), w, 2), RNG.normal(size=5), compiles=False)
    same(np.bincount(Tensor(numbers), minlength=6), np.bincount(numbers, minlength=6))
    same(np.bincount(Tensor(numbers), None, 6), np.bincount(numbers, None, 6))
    same(np.bincount(numbers, Tensor(np.float32([1, 2, 3, 4, 5]))), np.bincount(numbers, np.float32([1, 2, 3, 4, 5])))
    for bad in ([-1, 2], [0.5, 1]):
        with pytest.raises((ValueError, TypeError)):
            np.bincount(Tensor(bad))


@together("fp", [[1.0, np.inf, 2.0], [np.inf, np.inf, 0.0], [1.0, -np.inf, np.inf], [1.0, np.nan, 2.0]])
@together("xp", [[0.0, 1.0, 2.0], [0.0, 1.0, np.inf], [-np.inf, 1.0, 2.0]])
def test_interp_between_infinities(xp, fp):
    x = np.array([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, np.inf, np.nan])
    with np.errstate(all="raise"):
        same(np.interp(Tensor(x), xp, fp), np.interp(x, xp, fp))


# -- histograms ----------------------------------------------------------------------------------------------

A = np.concatenate([RNG.normal(size=40), [0.0, 1.0, 2.0, -1.0]])
W = RNG.uniform(0.5, 1.5, A.size)
BINS = [5, "auto", np.array([-1.0, 0.0, 0.5, 2.0]), [0, 1, 2]]


@together("density", [None, True])
@together("bins", BINS)
def test_histogram(bins, density):
    if isinstance(bins, (int, str)):
        agrees(lambda a: np.histogram(a, bins, density=density), A, order=1)
    else:
        is_constant(lambda a: np.histogram(a, bins, density=density), A)
    is_constant(lambda a: np.histogram(a.reshape(2, -1), bins, range=(-1, 2), density=density), A)
    if not isinstance(bins, str):
        agrees(lambda w: np.histogram(A, bins, density=density, weights=w), W, order=1)


def test_histogram_of_other_kinds():
    whole = np.array([1, 5, 2, 2, 9])
    same(np.histogram(Tensor(whole)), np.histogram(whole))
    same(np.histogram(Tensor(whole), [1, 3, 9]), np.histogram(whole, [1, 3, 9]))
    for weights in (whole, np.float32([1, 2, 3, 4, 5])):
        same(np.histogram(Tensor(whole), 3, None, None, weights), np.histogram(whole, 3, None, None, weights))
    same(np.histogram(Tensor(np.float32(A)), 7), np.histogram(np.float32(A), 7))
    same(np.histogram(Tensor([1.0, np.nan, 2.0]), 3, (0, 3)), np.histogram([1.0, np.nan, 2.0], 3, (0, 3)))
    same(np.histogram(Tensor(np.zeros(0))), np.histogram(np.zeros(0)))
    same(np.histogram(Tensor(np.full(3, 2.0)), 2), np.histogram(np.full(3, 2.0), 2))


def test_histogram_of_many_values_on_edges():
    x = np.arange(1000) % 11 / 10
    same(np.histogram(Tensor(x)), np.histogram(x))
    same(np.histogram(Tensor(x), 7, (0.1, 0.8)), np.histogram(x, 7, (0.1, 0.8)))


def test_edges_follow_the_ends():
    is_constant(lambda a: np.histogram_bin_edges(a, 4, (0, 1)), A)
    agrees(lambda a: np.histogram_bin_edges(a, "fd"), A, order=1, compiles=False)
    agrees(lambda a: np.histogram_bin_edges(a, 3), np.array([0.5, 0.75]))
    agrees(lambda a, end: np.histogram(a, 3, (-1, end), density=True), A[:40], np.array(1.75), order=1)
    agrees(lambda edges: np.histogram(A, edges, density=True)[0], np.array([-1.05, 0.07, 0.55]), order=1)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda t: np.histogram(t, [2.0, 1.0]), ValueError),
        (lambda t: np.histogram(t, 0), ValueError),
        (lambda t: np.histogram(t, range=(1, 0)), ValueError),
        (lambda t: np.histogram(t, weights=W[:3]), ValueError),
        (lambda t: np.histogram(t, "auto", weights=W), TypeError),
        (lambda t: np.histogramdd(t.reshape(-1, 2), [2, 3, 4]), ValueError),
        (lambda t: np.histogram2d(t, t[:3]), ValueError),
    ],
)
def test_histogram_refuses_what_numpy_refuses(call, error):
    for t in (A, Tensor(A)):
        with pytest.raises(error):
            call(t)


@together("density", [None, True])
@together("bins", [3, [2, 4], [np.array([-1.0, 0, 0.5, 2]), 3], np.array([2, 3])])
def test_histograms_of_points(bins, density):
    x, y = A[:22], A[22:]
    options = {"bins": bins, "density": density}
    agrees(flat(lambda a: np.histogramdd(a, **options)), np.stack([x, y], 1), order=1)
    is_constant(flat(lambda x, y: np.histogramdd([x, y], range=[(-1, 1), (0, 2)], **options)), x, y)
    agrees(lambda x, y: np.histogram2d(x, y, **options), x, y, order=1)
    agrees(lambda w: np.histogram2d(x, y, **options, weights=w), W[:22], order=1)


def test_histograms_with_the_same_edges_for_both_and_of_one_axis():
    is_constant(lambda x: np.histogram2d(x, A, [-1.0, 0, 1, 2]), A)
    agrees(flat(lambda x: np.histogramdd(x, 3)), A, order=1)
    same(
        flat(np.histogramdd)(Tensor(np.arange(6).reshape(3, 2)), 2), flat(np.histogramdd)(np.arange(6).reshape(3, 2), 2)
    )
