"""Programs as C give what NumPy gives."""

import numpy as np
import pytest

from tests.cases import together
from tinygrad_like.compiler.to_c import native
from tinygrad_like.compiler.to_c.c_backend import Compiled
from tinygrad_like.compiler.to_c.c_expressions import EXPRESSIONS
from tinygrad_like.compiler.tracing.capture import capture
from tinygrad_like.engine.shortcuts import mended

pytestmark = pytest.mark.skipif(native.compiler() is None, reason="no C compiler was found")

rng = np.random.default_rng(0)
FLOATS = ["float32", "float64"]
INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


def compiled(function, *arrays):
    """The program of a function of arrays, as C."""
    return Compiled(capture(lambda traced: function(*traced), arrays).program)


def same(got, wanted, tolerance=None):
    """Whether arrays agree: to the digits of their dtype, in shape, dtype, signs of zeros, infinities and NaN."""
    assert (np.shape(got), got.dtype) == (np.shape(wanted), wanted.dtype)
    tolerance = tolerance or {"float32": 1e-5, "float64": 1e-12}.get(wanted.dtype.name, 0)
    np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=0)


def check(function, *arrays, tolerance=None, callbacks=0):
    """Compile a function, run it on copies, and compare what it gives and what it writes with the function itself."""
    program = compiled(function, *[each.copy() for each in arrays])
    assert len(program.source.calls) == callbacks, [each.why for each in program.source.calls]
    for _ in range(2):
        mine, theirs = [each.copy() for each in arrays], [each.copy() for each in arrays]
        outputs, _ = program(mine)
        with np.errstate(all="ignore"):
            wanted = function(*theirs)
        for got, want in zip(outputs, wanted, strict=True):
            same(got, want, tolerance)
        for got, want in zip(mine, theirs):
            np.testing.assert_array_equal(got, want)
    return program


def operands(dtype, size=37):
    """Two arrays with ordinary and strange values."""
    if dtype in FLOATS:
        strange = [
            0.0,
            -0.0,
            np.inf,
            -np.inf,
            np.nan,
            1.0,
            -1.0,
            0.5,
            2.0,
            1e-40,
            1e30,
            -1e30,
            89.0,
            -104.0,
            710.0,
            0.1,
        ]
        pairs = np.array([(a, b) for a in strange for b in strange], dtype)
        with np.errstate(over="ignore"):
            more = (rng.normal(size=(size, 2)) * 3).astype(dtype)
        return np.ascontiguousarray(np.concatenate([pairs, more]).T)
    if dtype == "bool":
        return rng.random((2, size)) < 0.5
    limits = np.iinfo(dtype)
    ends = [limits.min, limits.max, 0, 1, 2, 3, limits.max - 1]
    pairs = np.array([(a, b) for a in ends for b in ends], dtype)
    more = rng.integers(max(-20, limits.min), 20, (size, 2)).astype(dtype)
    return np.ascontiguousarray(np.concatenate([pairs, more]).T)


@together("dtype", [*FLOATS, *INTEGERS, "bool"])
def test_every_elementwise_function(dtype):
    names = [each for each in EXPRESSIONS if has(each, dtype)]

    def function(x, y):
        return [each(x) if each.nin == 1 else each(x, y) for each in names]

    x, y = operands(dtype)
    program = compiled(function, x, y)
    got, _ = program([x, y])
    with np.errstate(all="ignore"):
        wanted = function(x, y)
    for each, mine, theirs in zip(names, got, wanted):
        try:
            same(mine, theirs)
            if dtype in FLOATS and theirs.dtype.kind == "f" and each not in (np.maximum, np.minimum, np.fmax, np.fmin):
                zero = theirs == 0
                np.testing.assert_array_equal(np.signbit(mine[zero]), np.signbit(theirs[zero]))
        except AssertionError as error:
            bad = ~((mine == theirs) | (mine != mine) & (theirs != theirs))
            raise AssertionError(
                f"{each.__name__} of {x[bad][:5]}, {y[bad][:5]}: {mine[bad][:5]}, {theirs[bad][:5]}"
            ) from error
    by_numpy = {each.instruction.function for each in program.source.calls}
    assert by_numpy <= {np.power, np.reciprocal}, by_numpy


def has(ufunc, dtype):
    if ufunc is np.power and dtype not in FLOATS:
        return False
    try:
        ufunc.resolve_dtypes((np.dtype(dtype),) * ufunc.nin + (None,))
    except TypeError:
        return False
    return "e" not in ufunc.resolve_dtypes((np.dtype(dtype),) * ufunc.nin + (None,))[0].char


def test_shapes_dtypes_and_numbers():
    """Broadcasts, numbers without axes, empty and strided arrays, mixed dtypes, Python's numbers."""
    x, y = rng.normal(size=(4, 1, 3)), rng.normal(size=(5, 1))
    z, n = rng.normal(size=()), rng.integers(-5, 5, (4, 5, 3)).astype("int32")
    single, none = rng.normal(size=(3,)).astype("float32"), np.zeros((0, 3))

    def function(x, y, z, n, single, none):
        return [
            *(
                x + y,
                z * 2,
                np.exp(z),
                single * 2.5,
                single + n,
                n / 2,
                n // 3,
                n % np.int8(3),
                x * True,
                none + single,
            ),
            *(
                x.T[::-1, :, ::2] - y.reshape(5)[::2][:, None] * 0,
                none.sum(axis=0),
                none.sum(axis=1),
                np.where(n > 0, x, y),
            ),
            *(
                n.astype("float32") ** 2,
                single.astype("int64"),
                np.maximum(single, 0),
                n.clip(-2, 3),
                np.clip(x, None, y),
            ),
            *(
                1 - single,
                np.float64(1) - single,
                (n > 0) & (x > 0),
                -(n > 1).astype(float),
                np.sqrt(abs(n)),
                x**3,
                x**-1.0,
            ),
        ]

    check(function, x, y, z, n, single, none)


def test_reductions():
    def function(x, n, b, long):
        found = []
        for axis in (None, 0, (0, 2), -1):
            found += [x.sum(axis), n.sum(axis), x.max(axis), n.min(axis), b.any(axis), b.all(axis), x.mean(axis)]
            found += [np.prod(x, axis), b.sum(axis), x.T.sum(axis), np.sum(x, axis, keepdims=True), n.mean(axis)]
        found += [x.argmax(), x.argmax(1), np.argmin(x, 2), n.argmax(0), b.argmax(-1)]
        return [
            *found,
            long.sum(),
            (long * long).sum(),
            long.max(),
            long.min(),
            np.sum(long > 0),
            (long - 1).sum(axis=0),
        ]

    x, n = rng.normal(size=(3, 4, 5)), rng.integers(-9, 9, (3, 4, 5)).astype("int16")
    x[0, 1, 2], x[1, 0, 0], x[2, 1, 1] = np.nan, np.inf, -0.0
    check(function, x, n, n > 0, rng.normal(size=3000) + 1)


def test_long_sums_are_as_exact_as_numpys():
    x = rng.random(1_000_003)
    for dtype in FLOATS:
        values = x.astype(dtype)
        program = compiled(lambda x: [x.sum(), (x * 1.5).sum()], values)
        got, _ = program([values])
        exact = [np.sum(values.astype(np.longdouble)), np.sum((values * dtype_of(values, 1.5)).astype(np.longdouble))]
        with_numpy = [values.sum(), (values * dtype_of(values, 1.5)).sum()]
        for mine, theirs, want in zip(got, with_numpy, exact):
            spacing = np.spacing(theirs)
            assert abs(mine - want) <= max(2 * abs(theirs - want), 4 * spacing)


def dtype_of(like, number):
    return like.dtype.type(number)


def test_products():
    def function(a, b, v, w, big, batch):
        return [
            *(a @ b, a @ v, w @ a, v @ v, a.dot(b), b.T @ a.T, np.outer(v, w), batch @ b, batch @ batch.swapaxes(1, 2)),
            *(v.reshape(-1, 1) @ w.reshape(1, -1), np.matmul(v, b), np.dot(2.0, v), a[:, ::2] @ b[::2], big @ big),
        ]

    a, b, batch = rng.normal(size=(3, 4)), rng.normal(size=(4, 6)), rng.normal(size=(2, 3, 4))
    check(
        function, a, b, b[:, 0].copy(), a[:, 1].copy(), rng.normal(size=(40, 40)), batch, tolerance=1e-11, callbacks=1
    )


def test_indices_and_joining():
    def function(x, i, k):
        y = np.zeros((4, 3))
        lifted_zeros = np.zeros_like(x)
        lifted_zeros[i, k] = 2
        lifted_zeros[1:, ::2] = x[:-1, ::2]
        np.add.at(lifted_zeros, i, x[:2] if x.shape[0] == 2 else x[i])
        return [
            *(x[i], x[i, k], x[:, i], x[2], x[::-1, None], np.take(x, i, axis=1), x[..., k], lifted_zeros),
            *(np.concatenate([x, x[:2], y]), np.stack([x, x], axis=1), np.concatenate([x.T, x.T], axis=1)),
            *(
                x.reshape(2, 2, 3).transpose(2, 0, 1).reshape(3, 4),
                x.T.ravel(),
                x.T.copy(),
                np.full_like(x, 3),
                np.broadcast_to(x.max(), (2, 2)),
            ),
        ]

    x = rng.normal(size=(4, 3))
    check(function, x, np.array([2, -1, 0]), np.array([0, 1, -3]))


def test_what_has_no_axes_other_orders_and_lists():
    def function(x, number, half):
        return [
            *(np.sum(number, axis=0), number.max(axis=-1), np.argmax(number, axis=0)),
            *(x.ravel("F") * 1, x.flatten("F"), np.reshape(x, -1, "F") * 1, x.T.ravel("K") * 1, x[:, ::2].ravel("A")),
            *(np.concatenate(x), np.stack(x) * 1, np.outer(x[0], [1.0, 2.0]), half * 2, half.astype("float32") + 1),
        ]

    x, half = rng.normal(size=(4, 3)), rng.normal(size=5).astype("float16")
    program = compiled(function, x, np.array(2.0), half)
    for got, want in zip(program([x, np.array(2.0), half])[0], function(x, np.array(2.0), half), strict=True):
        same(got, want)


def test_a_read_only_argument_is_not_written_to():
    def function(x):
        x += 1
        return [x * 2]

    program = compiled(function, np.ones(3))
    x = np.ones(3)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        program([x])
    np.testing.assert_array_equal(x, 1)


def test_an_index_out_of_bounds_is_an_error():
    x = rng.normal(size=(4, 3))
    program = compiled(lambda x, i: [x[i] * 2], x, np.array([1, 2]))
    with pytest.raises(IndexError, match="index 4 is out of bounds for axis 0 with size 4"):
        program([x, np.array([0, 4])])
    np.testing.assert_array_equal(program([x, np.array([0, 3])])[0][0], x[[0, 3]] * 2)


# -- writes, views and loops that are joined ----------------------------------------------------------


def test_writes_are_seen_in_order():
    def function(x, y):
        before = x * 2
        x += 1
        x[1:] = x[:-1] * 1
        x[:, 0] *= y[:, 1]
        after = x + before
        y[...] = x.T.reshape(3, 4).T[:, ::-1] if False else x[::-1]
        x.T[1] = y[:, 0]
        return [before, after, x.sum(axis=0), y * 1, x[1] + y[1]]

    check(function, rng.normal(size=(4, 3)), rng.normal(size=(4, 3)))


def test_what_would_be_read_after_it_is_written_is_copied_first():
    def function(x, square):
        x[1:] = x[:-1]
        np.add(square, square.T, out=square)
        square[0] = square[:, 0]
        x[::2] += x[1::2]
        return [x.sum(), square * 1]

    check(function, rng.normal(size=(8,)), rng.normal(size=(4, 4)))


@pytest.mark.parametrize("rows", [3, 600])
def test_conditions_run_if_a_value_is_not_finite(rows):
    def function(x, y):
        quotient = x / y
        short = mended(quotient * 1, lambda: np.where(y != 0, quotient, 0))
        rows = x.max(axis=1, keepdims=True)
        shifted = mended(x - rows, lambda: np.exp(np.where(x == rows, 0, x)) + x.sum(), rows)
        return [short, shifted]

    x, y = rng.normal(size=(rows, 4)), rng.normal(size=(rows, 4))
    program = compiled(function, x, y)
    for strange in ((), (0,), (0, 5)):
        a, b = x.copy(), y.copy()
        b.reshape(-1)[list(strange)] = 0
        a.reshape(-1)[list(strange)] = np.inf if strange else 1
        with np.errstate(all="ignore"):
            wanted = [np.where(b != 0, a / b, 0), a - a.max(axis=1, keepdims=True)]
            if strange:
                wanted = [wanted[0], np.exp(np.where(a == a.max(axis=1, keepdims=True), 0, a)) + a.sum()]
        for got, want in zip(program([a, b])[0], wanted):
            same(got, want)


def test_nothing_is_written_if_an_index_is_out_of_bounds():
    def function(x, i, j):
        x[i, j] = -1.0
        np.add.at(x, j, 2.0)
        return [x * 1]

    x, good, bad = np.zeros((4, 5)), np.array([0, 1, -1]), np.array([0, 1, 4])
    program = compiled(function, x.copy(), good, good)
    for i, j in ((bad, good), (good, np.array([0, 7, 1]))):
        with pytest.raises(IndexError, match="out of bounds"):
            program([x, i, j])
        assert not x.any()
    wanted = x.copy()
    same(program([x, good, good])[0][0], function(wanted, good, good)[0])


def test_operations_on_the_same_elements_share_a_loop():
    program = compiled(
        lambda x: [(np.exp(x) * 2 + 1).sum(), np.maximum(x, 0) - x.reshape(-1).reshape(x.shape)],
        rng.normal(size=(64, 32)),
    )
    assert len(program.source.groups) == 1
    assert not program.layout.workspace


def test_layouts_and_kinds_of_arguments():
    program = compiled(lambda x: [x * 2, x.sum(axis=0)], rng.normal(size=(4, 3)))
    wide = rng.normal(size=(8, 6))
    for x in (wide[:4, :3], wide[::2, ::2], wide.T[:4, :3], np.broadcast_to(wide[0, :3], (4, 3)), unaligned((4, 3))):
        got, _ = program([x])
        np.testing.assert_array_equal(got[0], x * 2)
        np.testing.assert_allclose(got[1], x.sum(axis=0), rtol=1e-12)


def unaligned(shape):
    memory = np.zeros(8 * shape[0] * shape[1] + 1, np.uint8)
    array = memory[1:].view(np.float64).reshape(shape)
    array[...] = 3
    return array


def test_arguments_that_share_memory_are_as_in_numpy():
    def function(x, y):
        x += 1
        return [y * 2]

    program = compiled(function, np.ones(3), np.ones(3))
    memory = np.zeros(4)
    got, _ = program([memory[:3], memory[1:]])
    np.testing.assert_array_equal(got[0], [2, 2, 0])
