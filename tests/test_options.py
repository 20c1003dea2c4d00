"""Options of NumPy's functions on Tensors: as NumPy has them, or refused by name; never dropped."""

import inspect
import types

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tinygrad_like import Tensor
from tinygrad_like.engine.registry import NUMPY

X = np.array([[1.0, -2.0, 3.0], [4.0, 0.5, -1.0]])
MASK = np.array([[True, False, True], [False, False, True]])
OLD = np.full((2, 3), 7.0)
masks = pytest.mark.parametrize(
    "mask", [MASK, Tensor(MASK), MASK[1], MASK.tolist()], ids=["array", "Tensor", "row", "list"]
)


def numbers(mask):
    return mask.numpy() if isinstance(mask, Tensor) else mask


UFUNCS = {
    "add": lambda x, **o: np.add(x, 1, **o),
    "add, Tensor second": lambda x, **o: np.add(np.ones(3), x, **o),
    "exp": np.exp,
    "log of what is chosen": np.log1p,
    "arctan2": lambda x, **o: np.arctan2(x, 2, **o),
    "spacing": np.spacing,
    "less": lambda x, **o: np.less(x, 1, **o),
}


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:divide by zero")
@masks
@together("f", UFUNCS)
def test_where_keeps_the_values_elsewhere(f, mask):
    expected, array, target = OLD.copy(), OLD.copy(), Tensor(OLD.copy())
    f(X, out=expected, where=numbers(mask))
    assert f(Tensor(X), out=array, where=mask) is array
    assert f(Tensor(X), out=target, where=mask) is target
    assert (array == 7).any()
    np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(target.data, expected)


def test_a_tensor_as_the_mask_of_arrays():
    array = OLD.copy()
    assert np.add(X, 1, out=array, where=Tensor(MASK)) is array
    np.testing.assert_array_equal(array, np.where(MASK, X + 1, 7))
    np.testing.assert_array_equal(np.sum(X, where=Tensor(MASK)).data, X.sum(where=MASK))


def test_a_target_that_is_also_an_input():
    t = Tensor(X.copy())
    np.multiply(t, 10, out=t, where=MASK)
    np.testing.assert_array_equal(t.data, np.where(MASK, X * 10, X))
    t = Tensor(np.arange(4.0))
    np.add(t[1:], t[:-1], out=t[1:])
    assert t.tolist() == [0, 1, 3, 5]


@pytest.mark.parametrize("f", UFUNCS.values(), ids=UFUNCS.keys())
def test_where_without_out_is_refused(f):
    with pytest.raises(tg.UnsupportedError, match=r"where= needs out=(.|\n)*np\.where\(mask"):
        f(Tensor(X), where=MASK)
    assert isinstance(f(Tensor(np.abs(X)), where=True), Tensor)


@together("f", UFUNCS)
@together("target", [OLD.copy(), None])
def test_where_of_a_recorded_tensor_is_refused_without_a_tensor_to_write_to(f, target):
    out = {} if target is None else {"out": target}
    with pytest.raises(tg.UnsupportedError, match=r"where= cannot be differentiated(.|\n)*np\.where\(mask"):
        f(leaf(X), where=MASK, **out)
    assert target is None or (np.asarray(target) == 7).all()


@pytest.mark.parametrize("f", UFUNCS.values(), ids=UFUNCS.keys())
def test_where_with_a_tensor_as_out_is_differentiated(f):
    expected = OLD.copy()
    f(np.abs(X), out=expected, where=MASK)
    x, out = leaf(np.abs(X)), Tensor(OLD.copy())
    assert f(x, out=out, where=MASK) is out
    np.testing.assert_allclose(out.data, expected, rtol=1e-15)
    if out.requires_grad:
        out.sum().backward()
        assert (x.grad.data[~MASK] == 0).all()
        assert tg.gradcheck(lambda t: f(t, out=np.full_like(t, 7.0), where=MASK), np.abs(X) + 0.1)


def test_a_guarded_division():
    def ratio(x, y):
        return np.divide(x, y[:2], out=np.zeros_like(x), where=y[:2] != 0)

    x, y = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.0, 2.0, 1.0])
    np.testing.assert_array_equal(ratio(leaf(x), leaf(y)).data, ratio(x, y))
    slopes = tg.grad(lambda x, y: ratio(x, y).sum(), argnums=(0, 1))(x, y)
    np.testing.assert_array_equal(slopes[0], [[0, 0.5], [0, 0.5]])
    np.testing.assert_array_equal(slopes[1], [0, -1.5, 0])
    t = leaf(x) * 1
    np.multiply(2.0, [[5.0, 6.0]], out=t, where=[True, False])
    np.testing.assert_array_equal(t.data, [[10, 2], [10, 4]])


def test_the_way_that_the_error_names_is_differentiated():
    x = Tensor([[4.0, 0.0, 9.0]], requires_grad=True)
    np.where(x.data > 0, np.sqrt(x), 7.0).sum().backward()
    np.testing.assert_allclose(x.grad.data, [[0.25, 0, 1 / 6]], rtol=1e-15)


def test_a_write_through_out_is_seen_by_backward():
    t = Tensor([1.0, 2.0], requires_grad=True)
    y = (t * t).sum()
    with tg.no_grad():
        np.add(t, 100, out=t, where=[True, False])
    assert t.tolist() == [101.0, 2.0]
    with pytest.raises(tg.GraphError, match="overwritten"):
        y.backward()


REDUCTIONS = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "max": lambda x, **o: np.max(x, initial=-9.0, **o),
    "min": lambda x, **o: np.min(x, initial=9.0, **o),
    "std": np.std,
    "var": lambda x, **o: np.var(x, ddof=1, **o),
    "any": np.any,
    "all": np.all,
    "add.reduce": np.add.reduce,
    "add.reduce, initial": lambda x, **o: np.add.reduce(x, initial=10.0, **o),
    "maximum.reduce": lambda x, **o: np.maximum.reduce(x, initial=0.0, **o),
    "logical_and.reduce": np.logical_and.reduce,
    "sum, dtype": lambda x, **o: np.sum(x, dtype=np.float32, **o),
    "mean, dtype by position": lambda x, **o: np.mean(x, o.pop("axis", None), np.float32, **o),
}
OPTIONS = [{"axis": 1}, {"axis": 0, "keepdims": True}, {"axis": None}, {"axis": (0, 1)}]


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom", "ignore:invalid value")
@masks
@pytest.mark.parametrize("f", REDUCTIONS.values(), ids=REDUCTIONS.keys())
@together("options", OPTIONS)
def test_reductions_of_what_is_chosen(f, options, mask):
    expected = f(X, where=numbers(mask), **options)
    got = f(Tensor(X), where=mask, **options)
    assert isinstance(got, Tensor)
    assert got.dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(got.data, expected)
    array, target = np.zeros(np.shape(expected)), Tensor(np.zeros(np.shape(expected)))
    assert f(Tensor(X), where=mask, out=array, **options) is array
    assert f(Tensor(X), where=mask, out=target, **options) is target
    np.testing.assert_array_equal(array, expected)
    np.testing.assert_array_equal(target.data, expected)


@together("f", REDUCTIONS)
@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:Degrees of freedom", "ignore:invalid value")
@together("options", OPTIONS)
def test_options_of_recorded_reductions_are_numpys(f, options):
    t, expected = leaf(X), f(X, where=MASK, **options)
    got = f(t, where=MASK, **options)
    assert (got.shape, got.dtype) == (np.shape(expected), np.asarray(expected).dtype)
    np.testing.assert_allclose(got.data, expected, rtol=1e-6 if got.dtype == np.float32 else 1e-14)
    if got.requires_grad:
        got.sum().backward()
        assert (t.grad.data[~MASK] == 0).all()


REFUSED = {
    "dtype": lambda t: np.add(t, 1, dtype=int, casting="unsafe"),
    "casting": lambda t: np.exp(t, casting="unsafe"),
    "order": lambda t: np.multiply(t, 2, order="F"),
    "subok": lambda t: np.sin(t, subok=False),
    "keepdims": lambda t: np.matmul(t, t.T, keepdims=True),
    "casting of clip": lambda t: np.clip(t, 0, 1, casting="unsafe"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_options_of_a_recorded_tensor_are_refused_by_name(name):
    with pytest.raises(tg.UnsupportedError, match=name.split()[0]):
        REFUSED[name](leaf(X))


@pytest.mark.parametrize(
    "given", [{"casting": "same_kind"}, {"order": "K"}, {"subok": True}, {"dtype": None}, {"where": True}]
)
def test_what_numpy_does_anyway_is_no_option(given):
    y = np.multiply(leaf(X), 2, **given)
    assert y.requires_grad


def test_a_dtype_of_floats_is_taken():
    x = np.float32(X)
    for f in (lambda t: np.add(t, 0.1, dtype=float), lambda t: np.ldexp(t, 2, dtype=float)):
        y = f(leaf(x))
        np.testing.assert_array_equal(y.data, f(x))
        assert (y.dtype, y.requires_grad) == (np.float64, True)
    assert tg.gradcheck(lambda t: np.multiply(t, t, dtype=float), X)


def without_value(function, given=0):
    """The options that a NumPy function takes as not given, behind what is given by position."""
    parameters = list(inspect.signature(function).parameters.values())[given:]
    return {each.name: np._NoValue for each in parameters if each.default is np._NoValue}


WITH_ABSENT = [f for f in NUMPY if not isinstance(f, np.ufunc | types.BuiltinFunctionType) and without_value(f)]


@pytest.mark.filterwarnings("ignore:invalid value")
@together("f", WITH_ABSENT)
def test_options_without_a_value_are_not_given(f):
    arguments = (0.0, 2.0) if f is np.clip else (1,)
    # A pole, and an infinity that is not chosen: the sweep looks at every part.
    values, found = [[0.0, 0.0, 0.0], [1.0, np.inf, 3.0]], []
    for options in ({}, without_value(f, 1 + len(arguments))):
        x = leaf(values)
        y = f(x, *arguments, **options)
        np.testing.assert_array_equal(y.data, f(x.numpy(), *arguments))
        if y.requires_grad:
            np.where([[True], [False]], y.reshape(2, -1) if y.size > 1 else y, 0).sum().backward()
        found.append(x.grad)
    assert (found[0] is None) == (found[1] is None)
    np.testing.assert_array_equal(*(np.nan if each is None else each.numpy() for each in found))


def test_options_of_an_unrecorded_tensor_are_numpys():
    t, small = Tensor(X), np.zeros((2, 3), np.int8)
    assert np.add(t, 1, dtype=np.float32).dtype == np.float32
    assert np.multiply(t, 2, order="F").data.flags.f_contiguous
    np.add(t, 0.5, out=small, casting="unsafe")
    np.testing.assert_array_equal(small, (X + 0.5).astype(np.int8))
    with pytest.raises(TypeError):
        np.add(t, 0.5, out=small)
    target = Tensor(np.zeros((2, 3), np.int8))
    np.clip(t, 0, 1, out=target, casting="unsafe")
    np.testing.assert_array_equal(target.data, np.clip(X, 0, 1).astype(np.int8))


@pytest.mark.parametrize("make", [np.zeros, lambda shape: Tensor(np.zeros(shape))])
def test_out_by_position(make):
    t = Tensor(X)
    for call, expected in [
        (lambda out: np.sum(t, 0, None, out), X.sum(0)),
        (lambda out: np.sum(t, 0, None, out, True), X.sum(0, keepdims=True)),
        (lambda out: np.clip(t, 0, 1, out), X.clip(0, 1)),
        (lambda out: np.dot(t, t.T, out), X @ X.T),
        (lambda out: np.cumsum(t, 1, None, out), X.cumsum(1)),
        (lambda out: np.add(t, 1, out), X + 1),
    ]:
        out = make(expected.shape)
        assert call(out) is out
        np.testing.assert_allclose(np.asarray(out), expected, rtol=1e-15)


def read_only(value):
    return Tensor(np.broadcast_to(value, (2, 3)))


@pytest.mark.parametrize("f", [lambda t, out: np.sum(t, 0, None, out), lambda t, out: np.clip(t, 0, 1, out), np.exp])
def test_out_of_a_recorded_result_is_refused_and_nothing_is_written(f):
    for out in (np.full((2, 3), 7.0), Tensor(np.full((4, 5), 7.0)), np.full(3, 7.0), read_only(7.0)):
        with pytest.raises((tg.LostGraphError, tg.UnsupportedError, tg.ShapeError)):
            f(leaf(X), out)
        assert (np.asarray(out) == 7).all()


def test_out_that_is_no_array_is_refused():
    with pytest.raises(TypeError):
        np.sum(Tensor(X), out=[0.0])
