"""`import tinygrad_like.numpy as np`: NumPy's results, but where Tensors are given, or a function is differentiated."""

import importlib
import pickle

import numpy
import pytest

import tinygrad_like as tg
import tinygrad_like.numpy as np
from docs.make_coverage import NAMESPACES, public
from tests.cases import together
from tests.functions.agreeing import agrees, same
from tinygrad_like import Tensor
from tinygrad_like.numpy import lists, pi, sin
from tinygrad_like.numpy.linalg import norm

X = numpy.array([0.3, 0.7, 0.5])
TURN = numpy.array([[0.4, 0.1], [0.2, 0.3]])


def leaf(value=0.5, dtype=float):
    return Tensor(numpy.array(value, dtype), requires_grad=True)


# -- names ---------------------------------------------------------------------------------------------------------


def test_every_name_is_numpys():
    assert set(dir(numpy)) <= set(dir(np))
    assert set(numpy.__all__) == set(np.__all__)
    for each in (np.ndarray, np.float64, np.pi, np.newaxis, np.inf, np.random):
        assert any(each is getattr(numpy, name) for name in dir(numpy))
    assert (pi, sin(0.0), norm([3.0, 4.0])) == (numpy.pi, 0.0, 5.0)
    with pytest.raises(AttributeError, match="nothing_like_this"):
        np.nothing_like_this  # noqa: B018


@pytest.mark.parametrize("prefix", NAMESPACES)
def test_modules_inside(prefix):
    module = importlib.import_module(f"tinygrad_like.numpy.{prefix}".rstrip("."))
    assert set(dir(NAMESPACES[prefix])) <= set(dir(module))
    names = {}
    exec(f"from {module.__name__} import *", names)
    assert set(NAMESPACES[prefix].__all__) <= set(names)


def test_functions_are_numpys_but_for_their_arguments():
    assert np.sin.__name__ == "sin"
    assert np.sum.__doc__ == numpy.sum.__doc__
    assert (np.add.nin, np.add.identity) == (2, 0)
    assert repr(np.add) == repr(numpy.add)
    assert np.sum is np.sum
    assert pickle.loads(pickle.dumps(np.cumsum))([1, 2]).tolist() == [1, 3]
    assert np.dot.__wrapped__ is numpy.dot


PLAIN = {
    "array": lambda np: np.array([[1, 2], [3, 4]]),
    "array of a dtype": lambda np: np.array([1, 2], np.float32, ndmin=2),
    "asarray": lambda np: np.asarray([1.0, 2.0], order="F"),
    "a": lambda np: np.asarray(a=[1.0, 2.0]),
    "ascontiguousarray": lambda np: np.ascontiguousarray(3.0),
    "asfortranarray": lambda np: np.asfortranarray(TURN),
    "zeros": lambda np: np.zeros((2, 3), int),
    "ones": lambda np: np.ones(3),
    "full": lambda np: np.full((2, 2), 7),
    "full_like": lambda np: np.full_like(X, 7, shape=(2, 2)),
    "eye": lambda np: np.eye(3, k=1),
    "identity": lambda np: np.identity(2),
    "arange": lambda np: np.arange(2, 9, 3),
    "arange of floats": lambda np: np.arange(0.5, 2.0, 0.25, dtype=np.float32),
    "arange by names": lambda np: np.arange(1, stop=5),
    "linspace": lambda np: np.linspace(0, 1, 5),
    "geomspace": lambda np: np.geomspace(1, 8, 4),
    "tri": lambda np: np.tri(3),
    "fromfunction": lambda np: np.fromfunction(lambda i, j: i - j, (2, 3)),
    "fromiter": lambda np: np.fromiter((i * i for i in range(4)), float),
    "fromiter, counted": lambda np: np.fromiter(iter(range(9)), int, 3),
    "r_": lambda np: np.r_[1:4, 0.5, [2, 3]],
    "c_": lambda np: np.c_[[1, 2], [3, 4]],
    "mgrid": lambda np: np.mgrid[0:2, 0:3],
    "indices": lambda np: np.indices((2, 2)),
    "zeros_like": lambda np: np.zeros_like(X),
    "copy": lambda np: np.copy(X),
    "vectorize": lambda np: np.vectorize(lambda x, y: x + 2 * y)(X, X[:, None]),
    "vectorize, several": lambda np: np.vectorize(lambda x: (x, x * x))(X),
}


@together("make", PLAIN)
def test_without_tensors_everything_is_numpys(make):
    got, expected = make(np), make(numpy)
    assert type(got) is type(expected)
    for one, other in zip(got, expected, strict=True):
        numpy.testing.assert_array_equal(one, other, strict=True)


@together("make", PLAIN)
def test_in_a_transform_what_is_made_is_a_tensor(make):
    expected = make(numpy)
    made = []

    def f(x):
        made.append(make(np))
        return x

    tg.grad(f)(1.0)
    tg.jvp(f, (1.0,), (1.0,))
    for each in made:
        assert type(each) is (tuple if isinstance(expected, tuple) else Tensor)
        same(each, expected)


def test_what_a_tensor_cannot_hold_stays_an_array_in_a_transform():
    def f(x):
        assert type(np.array(["a"])) is type(np.zeros(2, object)) is type(np.array([None])) is numpy.ndarray
        assert type(np.array(["2020-01-01"], "datetime64[D]")) is numpy.ndarray
        return x

    tg.grad(f)(1.0)


# -- Tensors -------------------------------------------------------------------------------------------------------

# Of a vector, for a vector; NumPy itself takes them, given an array.
OF_TENSORS = {
    "a matrix": lambda x, np: np.array([[np.cos(x[0]), -np.sin(x[0])], [np.sin(x[0]), np.cos(x[0])]]),
    "numbers between": lambda x, np: np.array([x[0], 1, 2.5, x[1]]),
    "arrays between": lambda x, np: np.array([x, X, [1, 2, x[0]]]),
    "tuples": lambda x, np: np.array(((x[0], x[1]), [x[1], 0])),
    "ndmin": lambda x, np: np.array(x, ndmin=3),
    "a dtype": lambda x, np: np.array([x[0], 1], dtype=np.float64),
    "asarray": lambda x, np: np.asarray([x, x]),
    "ascontiguousarray": lambda x, np: np.ascontiguousarray(x[0]),
    "full": lambda x, np: np.full((2, 2), x[1]),
    "full of a row": lambda x, np: np.full((2, 3), x),
    "full_like": lambda x, np: np.full_like(TURN, x[0]),
    "arange": lambda x, np: np.arange(x[0], 3, x[1]),
    "arange by names": lambda x, np: np.arange(1, stop=x[0] + 5, step=x[1]),
    "fromiter": lambda x, np: np.fromiter((each * 2 for each in x), float),
    "fromfunction": lambda x, np: np.fromfunction(lambda i: x[0] * i, (4,)),
    "r_": lambda x, np: np.r_[x[0], x, 1:3, 7, [x[1], 1.0]],
    "r_ of rows": lambda x, np: np.r_["0,2", x, X],
    "r_ of columns": lambda x, np: np.r_["1,2,0", x, X],
    "c_": lambda x, np: np.c_[x, X, x * 2],
    "vectorize": lambda x, np: np.vectorize(lambda a, b: a * b if a > 0.4 else a)(x, TURN[:, :1]),
    "sum": lambda x, np: np.sum([x[0], x[1], 3]),
    "sum over an axis": lambda x, np: np.sum([x, X], axis=0),
    "max": lambda x, np: np.max([x[0], 0.1, x[1]]),
    "mean": lambda x, np: np.mean((x[0], x[2])),
    "dot": lambda x, np: np.dot([x[0], x[1]], TURN),
    "matmul": lambda x, np: np.matmul(TURN, [x[0], x[1]]),
    "a ufunc": lambda x, np: np.exp([x, x]),
    "two lists": lambda x, np: np.maximum([x[0], 0.2], [0.4, x[1]]),
    "reduce": lambda x, np: np.add.reduce([x, X]),
    "norm": lambda x, np: np.linalg.norm([x[0], x[1]]),
    "concatenate": lambda x, np: np.concatenate([[x[0], 1.0], x]),
    "stack": lambda x, np: np.stack([x, [x[0], x[1], 2.0]]),
    "by name": lambda x, np: np.sum(a=[x, x], axis=-1),
    "where": lambda x, np: np.where([True, False, True], [x[0], x[1], 1.0], x),
}


@together("f", OF_TENSORS)
def test_of_tensors(f):
    def called(x):
        return f(x, numpy if isinstance(x, numpy.ndarray) else np)

    # How many numbers arange gives depends on values; what vectorize calls is Python's.
    agrees(called, X, compiles=f not in [OF_TENSORS[name] for name in ("arange", "arange by names", "vectorize")])


def test_lists_of_float32_stay_float32():
    t = leaf(0.5, numpy.float32)
    same(np.array([t, t]), numpy.array([0.5, 0.5], numpy.float32))
    assert np.sum([t, t]).dtype == numpy.float32
    assert np.r_[t, 1.0].dtype == np.r_[numpy.float32(0.5), 1.0].dtype
    assert np.array([t, 1.0]).dtype == numpy.array([numpy.float32(0.5), 1.0]).dtype


def test_array_of_a_tensor_is_a_recorded_copy_and_asarray_is_the_tensor():
    t = leaf(X)
    copy = np.array(t)
    assert copy.requires_grad
    assert not numpy.shares_memory(copy.data, t.data)
    assert np.asarray(t) is np.array(t, copy=None) is np.array(t, copy=False) is t
    assert np.array(t, dtype=np.float32).dtype == np.float32
    assert not np.array(t, dtype=int).requires_grad
    for given, options in (([t, t], {}), (t, {"dtype": np.float32})):
        with pytest.raises(tg.ArgumentError, match="copy=False"):
            np.array(given, copy=False, **options)


@pytest.mark.parametrize("parts", [lambda t: [t, [t, t]], lambda t: [[t], [t, t]], lambda t: [X, t], lambda t: [t, []]])
def test_parts_of_several_shapes(parts):
    with pytest.raises(tg.ShapeError, match="parts of the shapes"):
        np.array(parts(leaf()))
    with pytest.raises(ValueError, match="nested lists of equal lengths"):
        np.sum(parts(leaf()))


def test_whole_numbers_stay_shapes_and_axes():
    n = Tensor(2)
    assert np.reshape(np.arange(4), (n, n)).shape == (2, 2)
    assert np.zeros((n, 3)).shape == (2, 3)
    assert np.sum(numpy.ones((2, 3, 4)), axis=(Tensor(0), Tensor(2))).tolist() == [8, 8, 8]


def test_functions_in_lists_stay_functions():
    t = leaf()
    with pytest.raises(tg.TinygradError):
        np.piecewise(X, [X > 0.4], [lambda x: x * t, t])
    assert lists.with_arrays([np.sin, t])[1] is t
    assert lists.with_arrays((slice(None), leaf()))[0] == slice(None)


def test_what_an_array_is_filled_with_is_in_a_tensor():
    made = []
    tg.grad(lambda x: (made.append(np.zeros(3)), x)[1])(1.0)
    a = made[0]
    a[0] = 2.0
    a[1:] = Tensor([3.0, 4.0])
    assert (type(a), a.tolist()) == (Tensor, [2, 3, 4])


class TestVectorize:
    def test_options(self):
        t = leaf(X)
        scaled = np.vectorize(lambda x, factor=1.0: x * factor[0], excluded={"factor"})
        assert scaled(t, factor=[leaf(2.0)]).requires_grad
        first = np.vectorize(lambda x: (x, 1), otypes=[np.float32, float])(t)
        assert [part.dtype for part in first] == [np.float32, np.float64]
        assert np.vectorize(lambda x: x, otypes=[float])(leaf(numpy.zeros((0, 2)))).shape == (0, 2)

    def test_as_a_decorator(self):
        @np.vectorize
        def one(x):
            return x if x > 0.4 else 0.0

        @np.vectorize(otypes=[float])
        def other(x):
            return x if x > 0.4 else 0.0

        for f in (one, other):
            assert tg.grad(lambda x, f=f: np.sum(f(x)))(X).tolist() == [0, 1, 1]
            assert f(X).tolist() == [0, 0.7, 0.5]

    def test_of_plain_numbers_with_a_tensor_from_around(self):
        f = np.vectorize(lambda i, t: i * t)
        assert tg.grad(lambda t: f([1.0, 2.0], t).sum())(3.0) == 3.0
        assert tg.grad(lambda t: np.vectorize(lambda i: i * t)([1.0, 2.0]).sum())(3.0) == 3.0

    def test_a_signature_is_refused(self):
        with pytest.raises(tg.UnsupportedError, match=r"np\.stack"):
            np.vectorize(lambda x: x, signature="(n)->(n)")(leaf(X))


def test_an_isinstance_of_ndarray_is_false():
    assert not isinstance(np.array([leaf()]), np.ndarray)
    with pytest.raises(tg.LostGraphError, match="astype"):
        np.float64(leaf())


class Seen:
    """Tells which functions look for `__array_function__` in a list."""

    def __array_function__(self, function, types, args, options):
        return "seen"


def looks_into_lists(function):
    seen = Seen()
    for args in (([seen, seen],), ([[seen]],), (0, [seen, seen]), ([seen], [seen])):
        try:
            with numpy.errstate(all="ignore"):
                if function(*args) == "seen":
                    return True
        except Exception:
            continue
    return False


@pytest.mark.filterwarnings("ignore")
def test_the_functions_that_take_lists_of_arrays_are_known():
    looking = {f for f in public() if isinstance(f, type(numpy.sum)) and looks_into_lists(f)}
    # Of these, a list of numbers is one array; of shapes, plain integers.
    looking -= {numpy.poly, numpy.roots, numpy.ravel_multi_index}
    assert looking <= lists.TAKE_LISTS | lists.TAKE_NESTED_LISTS


@pytest.mark.parametrize("name", ["ascontiguousarray", "asfortranarray"])
def test_another_order_in_memory_is_a_copy(name):
    def f(np, x):
        y = x.reshape(2, 2) * 1
        copied = getattr(np, name)(y.T if name == "ascontiguousarray" else y)
        copied[0] = 0.0
        return np.sum(y**2)

    x = numpy.arange(1.0, 5.0)
    assert tg.grad(lambda x: f(np, x))(x).tolist() == [2.0, 4.0, 6.0, 8.0]
    assert f(numpy, x) == 30.0
