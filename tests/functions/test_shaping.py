"""Shape, order and parts of arrays: values and derivatives as NumPy has them."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.functions.agreeing import agrees, is_constant, same

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3, 4))
M = RNG.normal(size=(3, 4))
V = RNG.normal(size=5)
LEAF = tg.Tensor(M, requires_grad=True)
windows = np.lib.stride_tricks.sliding_window_view

CASES = {
    "ravel": (np.ravel, X),
    "ravel F": (lambda x: np.ravel(x, "F"), X),
    "ravel by name": (lambda x: np.ravel(a=x.T, order="A"), X),
    "ravel K": (lambda x: np.ravel(x.swapaxes(0, 1), order="K"), X),
    "ravel a number": (np.ravel, np.array(2.0)),
    "reshape": (lambda x: np.reshape(x, (4, -1)), X),
    "reshape to a number of values": (lambda x: np.reshape(x, 24), X),
    "reshape F": (lambda x: np.reshape(x, (4, -1), order="F"), X),
    "reshape A": (lambda x: np.reshape(x.T, (4, -1), order="A"), X),
    "reshape and copy": (lambda x: np.reshape(x, (6, 4), copy=True), X),
    "reshape without a copy": (lambda x: np.reshape(x, (6, 4), copy=False), X),
    "resize": (lambda x: np.resize(x, (5, 3)), M),
    "resize to less": (lambda x: np.resize(x, 3), M),
    "resize nothing": (lambda x: np.resize(x, (2, 2)), np.zeros(0)),
    "rollaxis": (lambda x: np.rollaxis(x, 2), X),
    "rollaxis further": (lambda x: np.rollaxis(x, 0, 3), X),
    "rollaxis from behind": (lambda x: np.rollaxis(x, -1, -2), X),
    "moveaxis by name": (lambda x: np.moveaxis(a=x, source=0, destination=-1), X),
    "permute_dims": (lambda x: np.permute_dims(x, (1, 2, 0)), X),
    "matrix_transpose": (np.matrix_transpose, X),
    "linalg.matrix_transpose": (np.linalg.matrix_transpose, X),
    "swapaxes by name": (lambda x: np.swapaxes(a=x, axis1=0, axis2=-1), X),
    "broadcast_to by name": (lambda x: np.broadcast_to(array=x, shape=(2, 3, 4), subok=True), M),
    "expand_dims by name": (lambda x: np.expand_dims(a=x, axis=(0, -1)), M),
    "squeeze by name": (lambda x: np.squeeze(a=x, axis=1), M[:, :1]),
    "atleast_1d": (np.atleast_1d, np.array(2.0)),
    "atleast_2d": (np.atleast_2d, V),
    "atleast_3d of a number": (np.atleast_3d, np.array(2.0)),
    "atleast_3d of a sequence": (np.atleast_3d, V),
    "atleast_3d of a matrix": (np.atleast_3d, M),
    "atleast_3d of more": (np.atleast_3d, X),
    "roll": (lambda x: np.roll(x, 5), M),
    "roll along": (lambda x: np.roll(a=x, shift=-1, axis=1), M),
    "roll along two": (lambda x: np.roll(x, (1, -6), (0, 1)), M),
    "roll twice along one": (lambda x: np.roll(x, 2, (1, 1)), M),
    "roll by an array": (lambda x: np.roll(x, np.array([1, 2]), (0, 1)), M),
    "flip": (np.flip, X),
    "flip along": (lambda x: np.flip(x, -1), X),
    "flip along two": (lambda x: np.flip(m=x, axis=(0, 2)), X),
    "flip a number": (np.flip, np.array(2.0)),
    "fliplr": (np.fliplr, X),
    "flipud": (np.flipud, V),
    **{f"rot90 {k} times": (lambda x, k=k: np.rot90(x, k), X) for k in (0, 1, 2, 3, -1, 6)},
    "rot90 of other axes": (lambda x: np.rot90(m=x, axes=(2, 0)), X),
    "windows": (lambda x: windows(x, 3), V),
    "windows of two axes": (lambda x: windows(x, (2, 3)), M),
    "windows along one": (lambda x: windows(x, window_shape=2, axis=-1), X),
    "windows along one, twice": (lambda x: windows(x, (2, 2), (1, 1)), M),
    "windows of one": (lambda x: windows(x, 1, 0), M),
    "diagonal": (np.diagonal, M),
    "diagonal further right": (lambda x: np.diagonal(x, 2, 1, 2), X),
    "diagonal below": (lambda x: np.diagonal(a=x, offset=-1, axis1=2, axis2=0), X),
    "diagonal outside": (lambda x: np.diagonal(x, 9), M),
    "linalg.diagonal": (lambda x: np.linalg.diagonal(x, offset=1), X),
    **{f"diag {k}": (lambda x, k=k: np.diag(x, k), V) for k in (0, 2, -1)},
    **{f"diag {k} of a matrix": (lambda x, k=k: np.diag(x, k), M) for k in (0, 2, -1)},
    "diagflat": (lambda x: np.diagflat(x, -1), M),
    "diagflat of a number": (np.diagflat, np.array(2.0)),
    **{f"tril {k}": (lambda x, k=k: np.tril(x, k), X) for k in (0, 1, -2)},
    **{f"triu {k}": (lambda x, k=k: np.triu(m=x, k=k), X) for k in (0, 1, -2)},
    "tril of a sequence": (np.tril, V),
    "triu of a sequence": (np.triu, V),
    "trim_zeros": (lambda x: np.trim_zeros(np.pad(x, 2)), V),
    "trim_zeros in front": (lambda x: np.trim_zeros(np.pad(x, 2), "F"), V),
    "trim_zeros behind": (lambda x: np.trim_zeros(filt=np.pad(x, 2), trim="b"), V),
    "trim_zeros of zeros": (lambda x: np.trim_zeros(x[:0]), V),
    "trim_zeros of a matrix": (lambda x: np.trim_zeros(np.pad(x, ((1, 0), (2, 1)))), M),
    "trim_zeros along one": (lambda x: np.trim_zeros(np.pad(x, 1), axis=1), M),
    "astype": (lambda x: np.astype(x, np.float32, copy=False).astype(float), M),
    "copy": (lambda x: np.copy(a=x, order="F"), M),
    "method reshape": (lambda x: x.reshape(4, -1, order="F"), X),
    "method reshape and copy": (lambda x: x.reshape((4, 6), copy=True), X),
    "method ravel": (lambda x: x.ravel("F"), X),
    "method flatten": (lambda x: x.T.flatten(order="A"), X),
    "method diagonal": (lambda x: x.diagonal(1, 1, 2), X),
    "method squeeze": (lambda x: x.squeeze(axis=0), M[:1]),
    "method copy": (lambda x: x.copy("F"), M),
    "method astype": (lambda x: x.astype(np.float64, "F", "safe", True, False), M),
}


@together("name", list(CASES))
def test_as_numpy(name):
    agrees(*CASES[name])


LAYOUTS = {
    "transposed": lambda x: x.T,
    "reversed": lambda x: x[::-1],
    "strided": lambda x: x[:, ::2],
    "float32": lambda x: x.astype(np.float32),
    "integers": lambda x: (10 * x).astype(int),
    "truths": lambda x: x > 0,
    "none": lambda x: x[:, :0],
}
OF_MATRICES = ["ravel", "ravel F", "ravel K", "resize", "roll along two", "flip", "diagonal", "tril 1", "triu 1"]
OF_MATRICES += ["diag 0 of a matrix", "diagflat", "atleast_3d of a matrix", "rot90 1 times", "trim_zeros of a matrix"]


@together("layout", list(LAYOUTS))
@together("name", OF_MATRICES)
def test_other_layouts_and_dtypes(name, layout):
    function, x = CASES[name][0], LAYOUTS[layout](M)
    same(function(tg.Tensor(x)), function(x))


def test_several_at_once():
    agrees(lambda a, b: np.atleast_1d(a, b), np.array(2.0), V)
    agrees(lambda a, b: np.atleast_2d(a, b, 3.0), np.array(2.0), V)
    agrees(lambda a, b: np.broadcast_arrays(a, b, 1.0), M, M[:, :1])
    assert isinstance(np.atleast_1d(LEAF, 1.0), tuple)


def test_a_view_is_one_operation_that_shares_memory():
    for y in (np.ravel(LEAF), np.reshape(LEAF, (4, 3)), np.atleast_3d(LEAF), np.flip(LEAF), windows(LEAF, 2, 0)):
        assert np.shares_memory(y, LEAF)
        assert y._node.parents == (LEAF._node,)
    assert not np.shares_memory(LEAF.flatten(), LEAF)
    assert not np.shares_memory(np.reshape(LEAF, (4, 3), copy=True), LEAF)


@together(
    ("call", "error"),
    [
        (lambda t: np.reshape(t, (5, 5)), ValueError),
        (lambda t: np.reshape(t.T, 12, copy=False), ValueError),
        (lambda t: np.matrix_transpose(t[0]), ValueError),
        (lambda t: np.fliplr(t[0]), ValueError),
        (lambda t: np.flip(t, 2), np.exceptions.AxisError),
        (lambda t: np.rot90(t, axes=(0, -2)), ValueError),
        (lambda t: np.rollaxis(t, 0, 4), np.exceptions.AxisError),
        (lambda t: np.roll(t, 1, 2), np.exceptions.AxisError),
        (lambda t: np.diag(t[None]), ValueError),
        (lambda t: np.diagonal(t, 0, 1, 1), ValueError),
        (lambda t: windows(t, 5, 0), ValueError),
        (lambda t: windows(t, 2), ValueError),
        (lambda t: np.trim_zeros(t, "x"), ValueError),
        (lambda t: np.ravel(t, "x"), ValueError),
        (lambda t: np.squeeze(t, 0), ValueError),
    ],
)
def test_numpys_errors_stay_errors(call, error):
    for t in (M, tg.Tensor(M), LEAF):
        with pytest.raises(error):
            call(t)


def test_what_is_refused_says_what_to_write():
    for call, instead in (
        (lambda: windows(LEAF, 2, 0, writeable=True), "writeable=False"),
        (lambda: LEAF.resize(2, 2), r"np\.resize\(t, shape\)"),
        (lambda: LEAF.flat, r"t\.ravel\(\)"),
        (lambda: np.ravel(np.broadcast_to(LEAF, (2, 3, 4)), "K"), "order='C'"),
    ):
        with pytest.raises(tg.UnsupportedError, match=instead):
            call()
    with pytest.raises(tg.LostGraphError):
        np.lib.stride_tricks.as_strided(LEAF, (2,), (8,))
    with pytest.raises(tg.LostGraphError):
        np.roll(LEAF, tg.Tensor(1.0, requires_grad=True))


def test_what_a_constant_may():
    constant = tg.Tensor(M)
    assert list(constant.flat) == list(M.flat)
    with pytest.raises(ValueError, match="read-only"):
        constant.flat[0] = 1.0
    same(np.ravel(np.broadcast_to(constant, (2, 3, 4)), "K"), np.ravel(np.broadcast_to(M, (2, 3, 4)), "K"))
    assert (constant.itemsize, constant.nbytes) == (M.itemsize, M.nbytes)
    is_constant(lambda x: np.astype(x, int), M)


def test_trim_zeros_of_nothing_else():
    for x in (np.zeros(3), np.array([0, 0, 1.0, 0, 2, 0]), np.array([0, 3, 0])):
        for trim in ("fb", "f", "b"):
            same(np.trim_zeros(tg.Tensor(x), trim), np.trim_zeros(x, trim))


def test_a_negative_zero_stays_negative():
    x = tg.Tensor(np.array([-0.0, 1.0]))
    for y in (np.diag(x)[0, 0], np.tril(x)[0, 0], np.roll(x, 1)[1], np.pad(x, 1)[1]):
        assert np.signbit(y.data)


def test_places_of_a_triangle_and_a_diagonal():
    square = tg.Tensor(M[:, :3], requires_grad=True)
    for function in (np.tril_indices_from, np.triu_indices_from, np.diag_indices_from):
        same(square[function(square)], M[:, :3][function(M[:, :3])])
    for function in (np.tril_indices_from, np.triu_indices_from):
        same(LEAF[function(LEAF, k=1)], M[function(M, k=1)])
    with pytest.raises(ValueError, match="equal lengths"):
        np.diag_indices_from(LEAF)


def test_windows_give_a_moving_mean():
    x = np.arange(10.0)
    slopes = tg.grad(lambda x: windows(x, 4).mean(axis=-1).sum())(x)
    np.testing.assert_allclose(slopes, np.minimum(np.minimum(x + 1, 10 - x), 4) / 4)


def test_nothing_has_any_order():
    x = np.zeros((0, 4)).T
    same(tg.Tensor(x).ravel("K"), x.ravel("K"))
