"""All ufuncs of NumPy and their methods: a recorded Tensor gives a Tensor or an error, never a plain array."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tests.functions.agreeing import agrees, is_constant, parts, same
from tinygrad_like import Tensor
from tinygrad_like.engine.registry import NUMPY
from tinygrad_like.functions.ufuncs import ACCUMULATED, IN_TURN, REDUCED

RNG = np.random.default_rng(5)
X = RNG.permutation(24).reshape(2, 3, 4) / 10 + 0.25
ROWS = np.array([[1.5, -2.0, 3.0, 0.5, -1.0], [0.25, 4.0, -3.0, 2.0, 1.0]])
NAMES = {name: f for name, f in vars(np).items() if isinstance(f, np.ufunc)}
UFUNCS = sorted(set(NAMES.values()), key=lambda f: f.__name__)
PLAIN = [f for f in UFUNCS if f.signature is None]
PAIRS = [f for f in PLAIN if f.nin == 2]
# NumPy itself has these for integers, truths or dates only.
NOT_OF_FLOATS = {"bitwise_and", "bitwise_count", "bitwise_or", "bitwise_xor", "gcd", "invert", "isnat", "lcm"} | {
    "left_shift",
    "right_shift",
}
METHODS = ["reduce", "accumulate", "outer", "reduceat"]
every_ufunc = together("f", UFUNCS)


def never_an_array(call):
    """The results of a call, which must be Tensors; None if it raises."""
    try:
        results = parts(call())
    except (TypeError, ValueError, RuntimeError):
        return None
    assert all(isinstance(each, Tensor) for each in results)
    return results


@pytest.mark.filterwarnings("ignore:invalid value")
@every_ufunc
def test_every_ufunc_gives_tensors_or_raises(f):
    never_an_array(lambda: f(*[leaf(np.full((2, 2), 0.5))] * f.nin))


@together("f", PLAIN)
def test_every_ufunc_has_a_meaning(f):
    arguments = [np.array([0.375, 0.8125])] * f.nin
    if f is np.ldexp:
        arguments[1] = np.array([2, -1])
    if f is np.arccosh:
        arguments = [np.array([1.5, 2.5])]
    if f.__name__ in NOT_OF_FLOATS:
        with pytest.raises(TypeError):
            f(*map(leaf, arguments))
        return
    assert f in NUMPY
    leaves = [leaf(x) if x.dtype.kind == "f" else x for x in arguments]
    same(f(*leaves), f(*arguments), rtol=1e-15)
    if any(part.requires_grad for part in parts(f(*leaves))):
        agrees(f, *(x * (1 + i / 8) if x.dtype.kind == "f" else x for i, x in enumerate(arguments)))


@together("name", [name for name, f in NAMES.items() if name != f.__name__])
def test_other_names_are_the_same_ufuncs(name):
    assert NAMES[name] in UFUNCS
    assert NAMES[NAMES[name].__name__] is NAMES[name]


@together("method", METHODS)
@every_ufunc
def test_every_method_gives_tensors_or_raises(f, method):
    x = leaf([0.5, 0.25])
    others = {"outer": [x], "reduceat": [[0, 1]]}.get(method, [])
    results = never_an_array(lambda: getattr(f, method)(x, *others))
    table = {"reduce": REDUCED, "accumulate": ACCUMULATED}.get(method, {})
    if f in table and f not in (np.add, np.multiply):
        assert results is not None


# -- reduce -----------------------------------------------------------------------------------------------

FOLDS = ["add", "multiply", "maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2", "hypot"]
MASK = RNG.random((3, 4)) < 0.6
MASK[:, 0] = True
OPTIONS = {
    "none": {},
    "axis": {"axis": 1},
    "axes": {"axis": (0, 2), "keepdims": True},
    "all": {"axis": None},
    "no axes": {"axis": ()},
    "initial": {"initial": 1.3},
    "where": {"axis": -1, "where": MASK, "initial": 0.5},
    "dtype": {"dtype": float},
}


@together("name", FOLDS)
@together("options", OPTIONS)
def test_reduce(name, options):
    agrees(lambda x: getattr(np, name).reduce(x, **options), X)


@together("name", ["logical_and", "logical_or", "logical_xor"])
@together("options", [{}, {"axis": None}, {"axis": 1, "keepdims": True}, {"axis": 1, "where": [[True]]}])
def test_logical_reduce(name, options):
    x = np.array([[[1.0, 0.0], [2.0, 0.0]], [[0.0, 0.0], [3.0, -1.0]]])
    is_constant(lambda x: getattr(np, name).reduce(x, **options), x)
    is_constant(lambda x: getattr(np, name).accumulate(x, axis=1), x)
    is_constant(lambda x: getattr(np, name).reduceat(x, [0, 1]), x)


@together("name", FOLDS)
def test_reduce_of_nothing(name):
    f, x = getattr(np, name), np.zeros((2, 0))
    same(f.reduce(leaf(x), axis=1, initial=0.5), f.reduce(x, axis=1, initial=0.5))
    same(f.reduce(leaf(x.T), axis=1, initial=0.5), f.reduce(x.T, axis=1, initial=0.5))
    if f.identity is not None:
        same(f.reduce(leaf(x), axis=1), f.reduce(x, axis=1))
    else:
        with pytest.raises(ValueError, match="zero-size"):
            f.reduce(leaf(x), axis=1)


@together("name", FOLDS)
def test_reduce_of_float32(name):
    f, x = getattr(np, name), X.astype(np.float32)
    same(f.reduce(leaf(x, np.float32), axis=None), f.reduce(x, axis=None), 1e-5)
    same(f.reduce(leaf(x, np.float32), axis=1, dtype=float), f.reduce(x, axis=1, dtype=float))


@together("dtype", [np.int8, np.int64, bool, np.complex128])
@together("name", [*FOLDS, "logical_xor", "subtract"])
def test_methods_of_other_dtypes_are_numpys(name, dtype):
    f, x = getattr(np, name), np.array([[1, 0, 3], [2, 2, 1]]).astype(dtype)
    for method in ("reduce", "accumulate"):
        try:
            expected = getattr(f, method)(x, axis=1)
        except TypeError:
            with pytest.raises(TypeError):
                getattr(f, method)(Tensor(x), axis=1)
        else:
            same(getattr(f, method)(Tensor(x), axis=1), expected)


def test_folds_of_large_numbers_do_not_overflow():
    x = np.array([3e200, 4e200])
    assert np.hypot.reduce(leaf(x)).item() == pytest.approx(5e200, rel=1e-15)
    np.testing.assert_allclose(tg.grad(np.hypot.reduce)(x), [0.6, 0.8], rtol=1e-15)
    np.testing.assert_allclose(tg.grad(np.hypot.reduce)(x / 1e300 / 1e80), [0.6, 0.8], rtol=1e-15)
    assert tg.grad(np.hypot.reduce)(np.zeros(2)).tolist() == [0, 0]
    np.testing.assert_allclose(tg.grad(np.logaddexp.reduce)(np.full(4, 1e3)), [0.25] * 4)
    np.testing.assert_allclose(tg.grad(np.logaddexp2.reduce)(np.full(4, -1e5)), [0.25] * 4)


@pytest.mark.parametrize("f", [np.fmax, np.fmin])
def test_extremes_without_nan(f):
    x = np.array([[np.nan, 1.0, 1.0], [np.nan, np.nan, np.nan]])
    same(f.reduce(leaf(x), axis=1), f.reduce(x, axis=1))
    assert tg.grad(lambda x: f.reduce(x[0]))(x).tolist() == [[0, 0.5, 0.5], [0, 0, 0]]


# -- accumulate --------------------------------------------------------------------------------------------

SCANS = [f for f in ACCUMULATED if f not in (np.add, np.multiply, *IN_TURN)]


@together("axis", [0, 1, -1])
@together("f", SCANS)
def test_accumulate(f, axis):
    agrees(lambda x: f.accumulate(x, axis=axis), ROWS)
    same(f.accumulate(leaf(ROWS), axis, np.float32), f.accumulate(ROWS, axis, np.float32), 1e-6)


@together("f", IN_TURN)
def test_one_step_after_the_other(f):
    x = np.random.default_rng(2).uniform(0.5, 2.0, (2, 3))
    for options in ({}, {"axis": 1}, {"axis": -1, "dtype": float}):
        agrees(lambda x, given=options: f.accumulate(x, **given), x, order=1)
        agrees(lambda x, given=options: f.reduce(x, keepdims=True, initial=1.5, **given), x, order=1)
    agrees(f.reduce, x)
    same(f.reduce(leaf(x[0]), axis=None), f.reduce(x[0], axis=None))
    same(f.accumulate(leaf(x[:0])), f.accumulate(x[:0]))
    with pytest.raises(tg.UnsupportedError, match="one axis"):
        f.reduce(leaf(x), axis=None)


@pytest.mark.parametrize("length", [0, 1, 2, 7])
def test_accumulate_of_any_length(length):
    x = RNG.permutation(length) / 1.0
    same(np.maximum.accumulate(leaf(x)), np.maximum.accumulate(x))
    assert np.maximum.accumulate(leaf(x)).requires_grad


def test_equal_values_share_the_gradient_of_accumulate():
    assert tg.grad(lambda x: np.maximum.accumulate(x)[-1])(np.array([1.0, 0.0, 1.0, 1.0])).sum() == 1.0


@pytest.mark.parametrize(("f", "function"), [(np.add, np.cumsum), (np.multiply, np.cumprod)])
def test_accumulate_is_what_the_function_is(f, function):
    same(f.accumulate(Tensor(ROWS), axis=1), f.accumulate(ROWS, axis=1))
    if function in NUMPY:
        agrees(lambda x: f.accumulate(x, axis=1), ROWS)
    else:
        with pytest.raises(tg.UnsupportedError, match=function.__name__):
            f.accumulate(leaf(ROWS))


# -- outer, reduceat ------------------------------------------------------------------------------------------


@together("f", [f for f in PAIRS if f.__name__ not in NOT_OF_FLOATS | {"ldexp"}])
def test_outer(f):
    a, b = np.array([[0.75, 1.5]]), np.array([0.16, 0.28, 5.125])
    agrees(f.outer, a, b)
    for first, second in ((leaf(a), b), (a, leaf(b)), (leaf(0.75), b), (a.tolist(), leaf(2.0))):
        x, y = (each.numpy() if isinstance(each, Tensor) else each for each in (first, second))
        same(f.outer(first, second), f.outer(x, y))


def test_a_number_in_outer_is_an_array():
    x = np.float32([1.0, 2.0])
    same(np.add.outer(leaf(x, np.float32), 0.5), np.add.outer(x, 0.5))
    same(np.clip(0.0, leaf(x, np.float32), 1), np.clip(0.0, x, 1))


def test_outer_into_out():
    out, t = Tensor(np.zeros((2, 2))), Tensor([1.0, 2.0])
    assert np.multiply.outer(t, t, out=out) is out
    assert out.tolist() == [[1, 2], [2, 4]]
    with pytest.raises(tg.LostGraphError):
        np.multiply.outer(leaf(), [1.0, 2.0], out=np.zeros((2, 2)))


@pytest.mark.parametrize("f", [np.add, np.multiply, np.maximum, np.logaddexp, np.subtract], ids=lambda f: f.__name__)
def test_reduceat(f):
    x = np.random.default_rng(4).uniform(0.5, 2.0, (3, 4))
    for indices, axis in (([0, 2], 1), ([0, 2, 1], 0), ([1, 1, 3], -1), (np.array([2]), 0)):
        agrees(lambda x, i=indices, a=axis: f.reduceat(x, i, axis=a), x, order=1)
    agrees(lambda x: f.reduceat(x, [0, 1]), x)
    same(f.reduceat(leaf(x), [0, 2], 1, np.float32), f.reduceat(x, [0, 2], 1, np.float32), 1e-6)
    with pytest.raises(tg.UnsupportedError, match="indices from 0 to 2"):
        f.reduceat(leaf(x), [0, 3])


def test_reduceat_says_what_to_write():
    same(np.heaviside.reduceat(Tensor(ROWS[0]), [0, 2]), np.heaviside.reduceat(ROWS[0], [0, 2]))
    with pytest.raises(tg.UnsupportedError, match=r"np\.heaviside\.reduceat(.|\n)*np\.heaviside\.reduce of slices"):
        np.heaviside.reduceat(leaf(ROWS[0]), [0, 2])
