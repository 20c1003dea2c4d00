"""Arrays joined, split, repeated; values inserted and deleted."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, same

RNG = np.random.default_rng(1)
X = RNG.normal(size=(2, 3, 4))
M = RNG.normal(size=(3, 4))
N = RNG.normal(size=(3, 2))
V = RNG.normal(size=4)
W = RNG.normal(size=3)
ONE = np.array(2.0)
LEAF = tg.Tensor(M, requires_grad=True)
WHOLE = np.arange(4)

JOINS = {
    "concatenate": (lambda a, b: np.concatenate((a, b), axis=-1), M, N),
    "concatenate flat": (lambda a, b: np.concatenate([a, b], None), M, V),
    "concatenate with numbers": (lambda a: np.concatenate([a, [1, 2], WHOLE]), V),
    "concat": (lambda a, b: np.concat((a, b), 1), M, N),
    "concatenate the rows of an array": (lambda a: np.concatenate(a), M),
    "stack": (lambda a, b: np.stack([a, b], axis=-1), V, V + 1),
    "stack rows": (lambda a: np.stack(a, axis=1), M),
    "hstack": (lambda a, b: np.hstack((a, b)), M, N),
    "hstack of sequences": (lambda a, b, c: np.hstack((a, b, c)), V, W, ONE),
    "vstack": (lambda a, b: np.vstack((a, b)), M, V),
    "dstack": (lambda a, b: np.dstack((a, b)), M, M + 1),
    "dstack of sequences": (lambda a, b: np.dstack((a, b)), V, V + 1),
    "column_stack": (lambda a, b: np.column_stack((a, b)), W, M),
    "block": (lambda a, b, c, d: np.block([[a, b], [c, d]]), M, N, X[0, :1], np.ones((1, 2))),
    "block of sequences": (lambda a, b: np.block([a, b, 1.0]), V, W),
    "block of rows": (lambda a, b: np.block([[a], [b]]), V, V + 1),
    "block of more axes": (lambda a, b: np.block([[a], [b]]), X, X[:, :1]),
    "block of one": (np.block, M),
    "append": (lambda a, b: np.append(a, b), M, V),
    "append along": (lambda a, b: np.append(arr=a, values=b, axis=1), M, N),
    "append numbers": (lambda a: np.append(a, [1, 2]), V),
    "insert": (lambda a, b: np.insert(a, 1, b), V, ONE),
    "insert several at one place": (lambda a, b: np.insert(a, 1, b), V, W),
    "insert at the end": (lambda a: np.insert(a, 4, 5.0), V),
    "insert flat": (lambda a: np.insert(a, -1, 5), M),
    "insert a row": (lambda a, b: np.insert(a, 1, b, axis=0), M, V),
    "insert a column": (lambda a, b: np.insert(a, 1, b, axis=1), M, W),
    "insert columns": (lambda a, b: np.insert(a, [1], b, axis=1), M, N),
    "insert at places": (lambda a, b: np.insert(arr=a, obj=[0, 2, 2], values=b, axis=-1), M, N[:, :1]),
    "insert at an array of places": (lambda a, b: np.insert(a, np.array([3, -1, 0]), b), V, W),
    "insert at a slice": (lambda a, b: np.insert(a, slice(0, 4, 2), b), V, ONE),
    "insert at truths": (lambda a: np.insert(a, np.array([True, False, True, False]), 7.0), V),
    "insert at no place": (lambda a: np.insert(a, [], []), V),
    "delete": (lambda a: np.delete(a, 1), M),
    "delete a row": (lambda a: np.delete(arr=a, obj=-1, axis=0), M),
    "delete places": (lambda a: np.delete(a, [0, 2, 2], 1), M),
    "delete a slice": (lambda a: np.delete(a, slice(None, None, -2), 1), M),
    "delete where true": (lambda a: np.delete(a, np.array([True, False, True, False]), 1), M),
    "delete nothing": (lambda a: np.delete(a, []), V),
    "repeat": (lambda a: np.repeat(a, 3), M),
    "repeat along": (lambda a: np.repeat(a=a, repeats=2, axis=1), X),
    "repeat each as often": (lambda a: np.repeat(a, [2, 0, 1, 3], axis=-1), M),
    "repeat once": (lambda a: np.repeat(a, [1], axis=0), M),
    "repeat never": (lambda a: np.repeat(a, 0), M),
    "repeat a number": (lambda a: np.repeat(a, 3), ONE),
    "tile": (lambda a: np.tile(a, 2), M),
    "tile along": (lambda a: np.tile(A=a, reps=(2, 1, 3)), M),
    "tile fewer axes": (lambda a: np.tile(a, (3,)), X),
    "tile once": (lambda a: np.tile(a, (1, 1)), V),
    "tile never": (lambda a: np.tile(a, (2, 0)), M),
    "method repeat": (lambda a: a.repeat([1, 2, 3], axis=0), M),
}
SPLITS = {
    "split": (lambda a: np.split(a, 2), V),
    "split along": (lambda a: np.split(a, [1, 3], axis=-1), M),
    "split behind the end": (lambda a: np.split(a, [3, 9]), V),
    "split in no order": (lambda a: np.split(a, [3, 1]), V),
    "array_split": (lambda a: np.array_split(a, 3, 1), M),
    "array_split into too many": (lambda a: np.array_split(a, 5), W),
    "array_split at an array": (lambda a: np.array_split(ary=a, indices_or_sections=np.array([1, -1])), V),
    "hsplit": (lambda a: np.hsplit(a, 2), M),
    "hsplit of a sequence": (lambda a: np.hsplit(a, [1]), V),
    "vsplit": (lambda a: np.vsplit(a, 3), M),
    "dsplit": (lambda a: np.dsplit(a, [1, 2]), X),
    "unstack": (np.unstack, M),
    "unstack along": (lambda a: np.unstack(a, axis=-1), X),
}


@together("name", list(JOINS | SPLITS))
def test_as_numpy(name):
    agrees(*(JOINS | SPLITS)[name])


@together("dtype", [np.float32, int, bool])
@together("name", list(JOINS))
def test_other_dtypes(name, dtype):
    function, *arrays = JOINS[name]
    arrays = [(10 * each).astype(dtype) for each in arrays]
    same(function(*map(tg.Tensor, arrays)), function(*arrays))


def test_a_dtype_may_be_given():
    for join in (np.concatenate, np.stack, np.hstack, np.vstack):
        same(join([tg.Tensor(V), V], dtype=np.float32), join([V, V], dtype=np.float32))
        same(join([tg.Tensor(V), V], dtype=int, casting="unsafe"), join([V, V], dtype=int, casting="unsafe"))
        slopes = tg.grad(lambda x, join=join: join([x, 2 * x], dtype=np.float32).sum())(V)
        assert slopes.dtype == float
        assert slopes.tolist() == [3.0] * 4


def test_the_kinds_of_containers():
    assert type(np.split(LEAF, 3)) is list
    assert type(np.unstack(LEAF)) is tuple


def test_one_value_may_be_a_tensor_in_a_list():
    t = tg.Tensor(2.0, requires_grad=True)
    y = np.append(LEAF, [t, 3.0])
    np.testing.assert_array_equal(y.data[-2:], [2.0, 3.0])
    y[-2].backward()
    assert t.grad.item() == 1.0


def test_places_may_be_tensors():
    places = tg.Tensor(np.array([0, 2]))
    same(np.delete(tg.Tensor(V), places), np.delete(V, [0, 2]))
    same(np.insert(tg.Tensor(V), places, 1.0), np.insert(V, [0, 2], 1.0))
    same(np.repeat(tg.Tensor(V[:2]), places), np.repeat(V[:2], [0, 2]))
    assert [part.shape for part in np.split(tg.Tensor(V), places)] == [(0,), (2,), (2,)]


def test_copies_are_copies():
    for y in (np.repeat(LEAF, 1, 0), np.tile(LEAF, 1), np.block(LEAF)):
        assert not np.shares_memory(y, LEAF)


@together(
    ("call", "error"),
    [
        (lambda t: np.concatenate((t, t[:, :1])), ValueError),
        (lambda t: np.concatenate((t, t), dtype=int), TypeError),
        (lambda t: np.concatenate((t, t), axis=2), np.exceptions.AxisError),
        (lambda t: np.stack((t, t[0])), ValueError),
        (lambda t: np.block([[t], t]), ValueError),
        (lambda t: np.block([t, []]), ValueError),
        (lambda t: np.block((t, t)), TypeError),
        (lambda t: np.append(t, t[0], axis=0), ValueError),
        (lambda t: np.insert(t, 13, 1.0), IndexError),
        (lambda t: np.insert(t, [[1]], 1.0), ValueError),
        (lambda t: np.delete(t, 4, 1), IndexError),
        (lambda t: np.repeat(t, -1), ValueError),
        (lambda t: np.repeat(t, [1, 2], axis=0), ValueError),
        (lambda t: np.split(t, 2), ValueError),
        (lambda t: np.array_split(t, 0), ValueError),
        (lambda t: np.vsplit(t[0], 2), ValueError),
        (lambda t: np.dsplit(t, 2), ValueError),
        (lambda t: np.unstack(t[0, 0]), ValueError),
    ],
)
def test_numpys_errors_stay_errors(call, error):
    for t in (M, tg.Tensor(M), LEAF):
        with pytest.raises(error):
            call(t)
