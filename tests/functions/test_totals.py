"""Reductions with all of NumPy's options, and those that leave out nan."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tests.functions.agreeing import agrees, is_constant, same
from tinygrad_like import Tensor

RNG = np.random.default_rng(4)
X = RNG.uniform(0.5, 2.0, (3, 3, 4)) * RNG.choice([-1.0, 1.0], (3, 3, 4))
# Along every axis, some are chosen, and some are numbers.
PLACE = np.indices(X.shape).sum(axis=0)
MASK = PLACE[0] % 3 != 0
HOLES = np.where(PLACE % 3 == 0, np.nan, X)
ROW = np.array([1.5, np.nan, -2.0, np.nan, 0.25])
AXES = [{}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": (0, 2)}, {"axis": (2, 1), "keepdims": True}]
axes = together("options", AXES)
GIVEN = {
    "sum": [{"where": MASK}, {"initial": 2.0}, {"where": MASK, "initial": -1}, {"dtype": float}, {"where": True}],
    "prod": [{"where": MASK}, {"initial": 2.0}, {"where": MASK, "initial": -1}, {"dtype": float}],
    "max": [{"initial": -9.0}, {"initial": 0.1}, {"where": MASK, "initial": -9}, {"where": MASK, "initial": 9.0}],
    "min": [{"initial": 9.0}, {"initial": -0.1}, {"where": MASK, "initial": 9}],
    "mean": [{"where": MASK}, {"dtype": np.float64}, {"where": MASK[None], "dtype": float}],
    "var": [{"where": MASK}, {"ddof": 1, "where": MASK}, {"correction": 1}, {"dtype": float}],
    "std": [{"where": MASK}, {"ddof": 1, "where": MASK}, {"correction": 1}, {"dtype": float, "ddof": 0.5}],
}
# NumPy warns of means of nothing.
pytestmark = [
    pytest.mark.filterwarnings(f"ignore:{text}")
    for text in ("Mean of empty", "Degrees of freedom", "invalid value", "divide by zero", "All-NaN")
]
NAMED = [(name, given) for name, all_given in GIVEN.items() for given in all_given]
named = together(("name", "given"), NAMED)


@axes
@named
def test_options(name, given, options):
    agrees(lambda x: getattr(np, name)(x, **given, **options), X, order=1)


@named
def test_options_at_order_2(name, given):
    agrees(lambda x: getattr(np, name)(x, axis=-1, **given), X)


@named
def test_methods_take_the_same_options(name, given):
    same(
        getattr(leaf(X), name)(-1, True, **given)
        if name not in ("var", "std")
        else getattr(leaf(X), name)(axis=-1, keepdims=True, **given),
        getattr(np, name)(X, axis=-1, keepdims=True, **given),
    )


BY_POSITION = [
    *(("sum", given) for given in ((0, np.float32), (0, None, None, True), (1, float, None, False, 2.0, MASK[0]))),
    *((name, (1, None, None, True)) for name in ("prod", "mean", "any", "all")),
    *((name, (1, None, True)) for name in ("max", "min")),
    *((name, (-1, float, None, 1, True)) for name in ("var", "std")),
    *((name, (0, None)) for name in ("argmax", "argmin")),
    *((name, (1, float, None)) for name in ("cumsum", "cumprod")),
    ("trace", (1, 0, 1, None, None)),
    ("dot", (np.ones(4), None)),
]


@pytest.mark.parametrize(("name", "given"), BY_POSITION, ids=lambda each: str(each)[:40])
def test_methods_take_what_those_of_arrays_take_by_position(name, given):
    x = X[:, :, :4] if name == "dot" else X[0]
    same(getattr(leaf(x), name)(*given), getattr(x, name)(*given), rtol=1e-6)
    if name.startswith(("cum", "trace", "dot", "sum")):
        agrees(lambda t: getattr(t, name)(*(each if each is not np.float32 else None for each in given)), x, order=1)


def test_methods_keep_their_own_order():
    same(leaf(X).sum(0, True), X.sum(0, keepdims=True))
    same(leaf(X).var(0, 1, True), X.var(0, ddof=1, keepdims=True))
    with pytest.raises(tg.ArgumentError, match="an axis, out, keepdims"):
        leaf(X).max(0, None, True, 1.0, True, 3)


@together("name", ["sum", "prod", "max", "min", "mean", "var", "std", "any", "all"])
def test_reductions_over_no_axes(name):
    function = getattr(np, name)
    if name in ("any", "all"):
        is_constant(lambda x: function(x, axis=()), X)
    else:
        agrees(lambda x: function(x, axis=()), X, order=1)
        options = {"axis": (), "where": MASK} | ({"initial": 1.0} if name in ("max", "min") else {})
        same(function(leaf(X), **options), function(X, **options))


TRUTHS = {
    "any": lambda x: np.any(x > 1, 1, where=MASK),
    "any of numbers": lambda x: np.any(x, where=MASK, keepdims=True),
    "all": lambda x: np.all(x, axis=(0, 1), where=MASK),
    "all of nothing": lambda x: np.all(x, where=False),
    "any of nothing": lambda x: np.any(x, where=False),
    "count_nonzero": lambda x: np.count_nonzero(x, axis=1, keepdims=True),
    "argmax": lambda x: np.argmax(x, axis=1, keepdims=True),
    "argmin": lambda x: np.argmin(x, 2),
    "sum of integers": lambda x: np.sum(x, dtype=int),
    "nanargmax": lambda x: np.nanargmax(x, axis=1),
    "nanargmin": lambda x: np.nanargmin(x, axis=-1, keepdims=True),
}


@together("name", list(TRUTHS))
def test_constants(name):
    is_constant(TRUTHS[name], X)


@together("dtype", [np.float16, np.float32, np.float64])
@together("name", ["sum", "prod", "max", "min", "mean", "var", "std"])
def test_dtypes(name, dtype):
    f = getattr(np, name)
    given = {"initial": np.float64(0.5)} if name in ("sum", "prod", "max", "min") else {}
    x, rtol = X.astype(dtype), float(8 * np.finfo(dtype).eps)
    same(f(leaf(x, dtype), axis=1, where=MASK, **given), f(x, axis=1, where=MASK, **given), rtol, rtol)
    if name not in ("max", "min"):
        same(f(leaf(x, dtype), 1, np.float32), f(x, 1, np.float32), 1e-6)


def test_an_average_of_float16_does_not_overflow():
    x = np.full(4000, 100.0, np.float16)
    assert np.mean(leaf(x, np.float16), where=x > 0).item() == 100.0


def test_dtype_by_position_and_no_options():
    t = leaf(X)
    same(np.sum(t, 1, None), X.sum(1))
    same(np.mean(t, None, np.float32), X.mean(dtype=np.float32), 1e-6)
    same(np.sum(t, 1, keepdims=np._NoValue, initial=np._NoValue, where=MASK), X.sum(1, where=MASK))


def test_what_is_left_out_has_no_gradient():
    t = leaf([1.0, np.inf, np.nan, 2.0])
    np.sum(t, where=[True, False, False, True]).backward()
    assert t.grad.tolist() == [1, 0, 0, 1]


@pytest.mark.parametrize("f", [np.sum, np.prod, np.max])
def test_the_gradient_of_initial(f):
    assert tg.gradcheck(lambda x, first: f(x, axis=1, initial=first), X, np.array(1.25))


@pytest.mark.parametrize("f", [np.max, np.min])
def test_extremes_of_nothing(f):
    same(f(leaf(np.zeros((2, 0))), axis=1, initial=3.0), np.full(2, 3.0))
    same(f(leaf(X), where=False, initial=3.0), np.float64(3.0))
    for options in ({}, {"where": MASK}, {"where": MASK, "keepdims": True}):
        with pytest.raises(ValueError, match=r"initial|zero-size"):
            f(leaf(X[:0] if not options else X), **options)


def test_equal_values_share_with_initial():
    assert tg.grad(lambda x: np.max(x, initial=1.0))(np.array([1.0, 1.0, 0.0])).tolist() == [0.25, 0.25, 0]


ERRORS = [
    (lambda t: np.sum(t, axis=5, where=MASK), ValueError, "axis"),
    (lambda t: np.sum(t, where=np.ones((2, 2, 3, 4), bool)), ValueError, "where="),
    (lambda t: np.sum(t, where=np.ones(3, bool)), ValueError, "broadcast|shape"),
    (lambda t: np.sum(t, initial=np.ones(3)), ValueError, "initial="),
    (lambda t: np.var(t, ddof=1, correction=1), ValueError, "both ddof and correction"),
    (lambda t: np.mean(t, dtype=int), tg.UnsupportedError, r"dtype int64(.|\n)*astype"),
    (lambda t: t.sum(rows=0), TypeError, "rows"),
    (lambda t: t.sum(0, initial="a"), (TypeError, ValueError), "a|str"),
]


@together(("call", "error", "text"), ERRORS)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(leaf(X))


# -- var and std ----------------------------------------------------------------------------------------


@together("options", [{"axis": 1}, {"axis": (0, 2), "keepdims": True}, {"ddof": 1}, {"where": MASK}])
@together("f", [np.var, np.std, np.nanvar, np.nanstd])
def test_a_mean_that_is_given(f, options):
    mean = X.mean(axis=options.get("axis"), keepdims=True) + 0.125
    agrees(lambda x, mean: f(x, mean=mean, **options), X, mean)


@together("ddof", [1, 2, 3])
@together("f", [np.var, np.std, np.nanvar, np.nanstd])
def test_too_few_degrees_of_freedom(f, ddof):
    x = np.array([[1.0, 2.0], [3.0, 3.0]])
    same(f(leaf(x), axis=1, ddof=ddof, where=[True, True]), f(x, axis=1, ddof=ddof, where=[True, True]))
    same(f(leaf(x), axis=1, ddof=ddof, where=[True, False]), f(x, axis=1, ddof=ddof, where=[True, False]))


@pytest.mark.parametrize("f", [np.std, np.nanstd])
def test_std_of_equal_values_has_the_gradient_zero(f):
    x = np.array([[2.0, 2.0, 5.0], [1.0, 3.0, 5.0]])
    gradient = tg.grad(lambda x: f(x, axis=1, where=[True, True, False]).sum())(x)
    assert gradient.tolist() == [[0, 0, 0], [-0.5, 0.5, 0]]
    underflow = tg.grad(lambda x: f(x, where=[True, True]))(np.array([0.0, 1e-200]))
    assert underflow.tolist() == [0, 0]
    assert tg.hessian(lambda x: f(x, where=[True, True, False]))(x[0]).tolist() == np.zeros((3, 3)).tolist()


# -- without nan ----------------------------------------------------------------------------------------

NAN = {
    "nansum": [{}, {"initial": 2.0}, {"where": MASK}, {"dtype": float}],
    "nanprod": [{}, {"initial": 2.0}, {"where": MASK}],
    "nanmean": [{}, {"where": MASK}, {"dtype": float}],
    "nanvar": [{}, {"ddof": 1}, {"where": MASK}, {"correction": 1}],
    "nanstd": [{}, {"ddof": 1}, {"where": MASK}],
    "nanmax": [{}, {"initial": 0.0}, {"where": MASK, "initial": -5.0}],
    "nanmin": [{}, {"initial": 0.0}, {"where": MASK, "initial": 5.0}],
}
LACKING = [(name, given) for name, all_given in NAN.items() for given in all_given]


@pytest.mark.parametrize("options", [{}, {"axis": 1}, {"axis": -2, "keepdims": True}, {"axis": (0, 2)}], ids=str)
@pytest.mark.parametrize(("name", "given"), LACKING, ids=lambda each: str(each)[:40])
def test_without_nan(name, given, options):
    f = getattr(np, name)
    same(f(leaf(HOLES), **given, **options), f(HOLES, **given, **options))
    agrees(lambda x: f(np.where(np.isnan(HOLES), np.nan, x), **given, **options), X, order=1)


@pytest.mark.parametrize("name", NAN)
def test_gradients_without_nan(name):
    f = getattr(np, name)
    numbers = ~np.isnan(ROW)
    expected = np.zeros(5)
    expected[numbers] = tg.grad(getattr(np, name.removeprefix("nan")))(ROW[numbers])
    np.testing.assert_allclose(tg.grad(f)(ROW), expected, rtol=1e-14)
    assert tg.gradcheck(lambda x: f(np.where(numbers, x, np.nan)), np.where(numbers, ROW, 0))


@pytest.mark.parametrize("name", NAN)
def test_nothing_but_nan(name):
    f, x = getattr(np, name), np.array([[np.nan, np.nan], [1.0, np.nan]])
    same(f(leaf(x), axis=1), f(x, axis=1))
    t = leaf(x)
    f(t, axis=1).backward(np.array([1.0, 1.0]))
    np.testing.assert_array_equal(t.grad.data[:, 1], [0, 0])


@together("dtype", [bool, np.int8, np.int64, np.float32, np.complex128])
@together("name", [*NAN, "ptp"])
def test_dtypes_are_numpys(name, dtype):
    x, f = np.array([[1, 0, 3, 2]]).astype(dtype), getattr(np, name)
    try:
        expected = f(x)
    except TypeError:
        with pytest.raises(TypeError):
            f(Tensor(x))
    else:
        same(f(Tensor(x)), expected, 1e-6)


def test_errors_without_nan():
    with pytest.raises(ValueError, match="All-NaN"):
        np.nanargmax(leaf(np.full(2, np.nan)))
    with pytest.raises(ValueError, match=r"zero-size|identity"):
        np.nanmax(leaf(np.zeros(0)))


@axes
def test_ptp(options):
    agrees(lambda x: np.ptp(x, **options), X)


def test_a_complex_dtype_gives_complex_numbers():
    t = leaf([1.0, 2.0])
    y = np.sum(t, dtype=complex)
    assert y.tolist() == 3 + 0j
    y.backward(1 + 2j)
    assert t.grad.tolist() == [1.0, 1.0]
