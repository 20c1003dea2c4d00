"""Arrays like others, `like=`, sequences between two ends, and grids."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, is_constant, same

RNG = np.random.default_rng(3)
M = RNG.normal(size=(3, 4))
V = RNG.normal(size=3)
A, B = np.array(0.5), np.array(2.5)
LEAF = tg.Tensor(M, requires_grad=True)
OPTIONS = [
    {},
    {"dtype": np.float32},
    {"dtype": int},
    {"shape": (2, 2)},
    {"shape": 5, "dtype": np.int8},
    {"order": "F"},
    {"device": "cpu"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_like_another(options):
    for x in (LEAF, tg.Tensor(M.astype(np.float32)), tg.Tensor((9 * M).astype(int))):
        same(np.zeros_like(x, **options), np.zeros_like(x.data, **options))
        same(np.ones_like(a=x, **options), np.ones_like(x.data, **options))
        same(np.full_like(x, 7, **options), np.full_like(x.data, 7, **options))
        made = np.empty_like(x, **options)
        same(made, np.zeros_like(x.data, **options))
        assert not made.requires_grad


def test_what_fills_is_differentiated():
    agrees(lambda x, c: np.full_like(x, c), M, A)
    agrees(lambda x, c: np.full_like(x, fill_value=c, shape=(2, 3)), M, V)
    is_constant(lambda x: np.full_like(x, 2.0), M)
    is_constant(lambda x: np.full_like(x, x[0, 0], dtype=int), M)
    t = tg.Tensor(A, requires_grad=True)
    np.full((2, 3), t, like=t).sum().backward()
    assert t.grad.item() == 6.0
    same(np.full(3, V, like=tg.Tensor(V)), np.full(3, V))


MADE = {
    "array": lambda **like: np.array([[1, 2.0], [3, 4]], **like),
    "array of a dtype": lambda **like: np.array([1, 2], dtype=np.float32, ndmin=3, **like),
    "asarray": lambda **like: np.asarray([1, 2], **like),
    "asanyarray": lambda **like: np.asanyarray(5, float, **like),
    "ascontiguousarray": lambda **like: np.ascontiguousarray(5.0, **like),
    "asfortranarray": lambda **like: np.asfortranarray(M, **like),
    "require": lambda **like: np.require(M, np.float32, ["F", "W"], **like),
    "zeros": lambda **like: np.zeros(3, **like),
    "ones": lambda **like: np.ones((2, 3), np.int8, **like),
    "full": lambda **like: np.full(2, 3, **like),
    "full of a dtype": lambda **like: np.full((2, 2), 3, np.float32, "F", **like),
    "eye": lambda **like: np.eye(3, k=1, **like),
    "identity": lambda **like: np.identity(2, **like),
    "tri": lambda **like: np.tri(2, 3, **like),
    "arange": lambda **like: np.arange(1, 7, 2, **like),
    "fromfunction": lambda **like: np.fromfunction(lambda i, j: i + 2 * j, (2, 3), **like),
    "fromiter": lambda **like: np.fromiter(range(3), float, **like),
    "frombuffer": lambda **like: np.frombuffer(b"abc", np.uint8, **like),
    "fromstring": lambda **like: np.fromstring("1 2", sep=" ", **like),
    "loadtxt": lambda **like: np.loadtxt(["1 2", "3 4"], **like),
    "genfromtxt": lambda **like: np.genfromtxt(["1 2", "3 4"], **like),
}


@together("name", list(MADE))
def test_like_makes_a_tensor(name):
    for like in (LEAF, tg.Tensor(1)):
        made = MADE[name](like=like)
        same(made, MADE[name]())
        assert not made.requires_grad


def test_empty_like_makes_a_tensor():
    assert isinstance(np.empty((2, 3), like=LEAF), tg.Tensor)


def test_lists_may_hold_tensors():
    """What `np.array` gives of arrays in the same lists."""
    x = np.array([1.0, 2.0])

    def matrix(x):
        return np.array([[x[0], 1], [2, x[1] * x[0]]], like=LEAF)

    same(matrix(tg.Tensor(x)), np.array([[1.0, 1], [2, 2.0]]))
    assert tg.gradcheck(matrix, x, order=2)
    for function in (np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray):
        assert tg.gradcheck(lambda x, f=function: f([x, x * x], like=LEAF), x, order=1)
    assert tg.gradcheck(lambda x: np.require([x, x * x], requirements="C", like=LEAF), x, order=1)
    assert np.array([LEAF, LEAF], dtype=np.float32, like=LEAF).dtype == np.float32


def test_a_tensor_itself():
    assert np.asarray(LEAF, like=LEAF).data is not None
    assert np.shares_memory(np.asarray(LEAF, like=LEAF), LEAF)
    assert not np.shares_memory(np.array(LEAF, like=LEAF), LEAF)
    assert np.shares_memory(np.array(LEAF, copy=None, like=LEAF), LEAF)
    assert not np.shares_memory(np.require(LEAF, requirements=["O"], like=LEAF), LEAF)
    assert np.array(LEAF, ndmin=3, like=LEAF).shape == (1, 3, 4)
    assert np.asfortranarray(LEAF, like=LEAF).data.flags.f_contiguous
    with pytest.raises(tg.ArgumentError, match="orders C and F"):
        np.require(LEAF, requirements=["C", "F"], like=LEAF)


BETWEEN = {
    "linspace": lambda a, b: np.linspace(a, b),
    "linspace 5": lambda a, b: np.linspace(a, b, 5),
    "linspace without the end": lambda a, b: np.linspace(start=a, stop=b, num=4, endpoint=False),
    "linspace 1": lambda a, b: np.linspace(a, b, 1),
    "linspace 1 without the end": lambda a, b: np.linspace(a, b, 1, False),
    "linspace 0": lambda a, b: np.linspace(a, b, 0),
    "linspace with the step": lambda a, b: np.linspace(a, b, 3, retstep=True),
    "linspace on a device": lambda a, b: np.linspace(a, b, 3, device="cpu"),
    "linspace along": lambda a, b: np.linspace(a, b, 3, axis=-1),
    "linspace from a number": lambda a, b: np.linspace(0, b, 3),
    "linspace to a number": lambda a, b: np.linspace(a, [3], 4),
    "linspace to itself": lambda a, b: np.linspace(a, a, 4),
    "logspace": lambda a, b: np.logspace(a, b, 4),
    "logspace with a base": lambda a, b: np.logspace(a, b, 3, endpoint=False, base=2),
    "logspace from numbers": lambda a, b: np.logspace(0, 1, 4, base=b),
    "geomspace": lambda a, b: np.geomspace(a, b, 5),
    "geomspace without the end": lambda a, b: np.geomspace(a, b, 4, endpoint=False),
    "geomspace of negative numbers": lambda a, b: np.geomspace(-a, -b, 4),
    "geomspace along": lambda a, b: np.geomspace(a, b, 3, axis=-1),
    "geomspace 1": lambda a, b: np.geomspace(a, b, 1),
    "geomspace 2": lambda a, b: np.geomspace(a, b, 2),
    "geomspace 0": lambda a, b: np.geomspace(a, b, 0),
}


@together("name", list(BETWEEN))
def test_between_two_ends(name):
    for a, b in ((A, B), (np.array([0.5, 1.0]), B), (np.array([[0.5], [2.0]]), np.array([1.5, 3.0]))):
        agrees(BETWEEN[name], a, b)


@together("dtype", [np.float32, int, np.int8])
@together("name", list(BETWEEN))
def test_between_ends_of_other_dtypes(name, dtype):
    a, b = (np.array(each, dtype) for each in (1, 7))
    same(BETWEEN[name](tg.Tensor(a), tg.Tensor(b)), BETWEEN[name](a, b), rtol=1e-6 if dtype == np.float32 else 1e-12)


def test_between_two_ends_in_a_dtype():
    for dtype in (np.float32, int):
        for function in (np.linspace, np.logspace, np.geomspace):
            same(function(tg.Tensor(A), tg.Tensor(B), 7, dtype=dtype), function(A, B, 7, dtype=dtype), rtol=1e-6)
    is_constant(lambda a: np.linspace(-a, 9 * a, 7, dtype=int), A)


def test_the_ends_are_exact():
    a, b = tg.Tensor(0.1), tg.Tensor(0.7)
    for y in (np.linspace(a, b, 4), np.geomspace(a, b, 4)):
        assert (y[0].item(), y[-1].item()) == (0.1, 0.7)


def test_what_ends_cannot_be():
    leaf = tg.Tensor(A, requires_grad=True)
    for call in (
        lambda: np.linspace(leaf, 1, -1),
        lambda: np.geomspace(leaf, 0.0),
        lambda: np.geomspace(0 * leaf, 1.0),
    ):
        with pytest.raises(tg.ArgumentError):
            call()
    with pytest.raises(tg.UnsupportedError, match=r"start \+ step \* np\.arange"):
        np.arange(0, leaf, like=leaf)


GRIDS = {
    "meshgrid": lambda a, b, c: np.meshgrid(a, b, c),
    "meshgrid ij": lambda a, b, c: np.meshgrid(a, b, c, indexing="ij"),
    "meshgrid sparse": lambda a, b, c: np.meshgrid(a, b, c, sparse=True),
    "meshgrid without copies": lambda a, b, c: np.meshgrid(a, b, c, copy=False),
    "meshgrid of two": lambda a, b, c: np.meshgrid(a, b),
    "meshgrid of one": lambda a, b, c: np.meshgrid(a),
    "meshgrid with constants": lambda a, b, c: np.meshgrid([1, 2], a, 3.0),
    "ix_": lambda a, b, c: np.ix_(a, b, [1, 2]),
}


@together("name", list(GRIDS))
def test_grids(name):
    agrees(GRIDS[name], V, V[:2], np.array([1, 4]))
    assert isinstance(GRIDS[name](*map(tg.Tensor, (V, V, V))), tuple)


def test_ix_picks_rows_and_columns():
    rows, columns = tg.Tensor(np.array([True, False, True])), tg.Tensor(np.array([3, 0]))
    same(tg.Tensor(M)[np.ix_(rows, columns)], M[np.ix_(rows.data, columns.data)])
    with pytest.raises(ValueError, match="sequences"):
        np.ix_(LEAF)
    with pytest.raises(ValueError, match="'xy' or 'ij'"):
        np.meshgrid(LEAF, indexing="yx")
