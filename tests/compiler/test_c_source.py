"""Programs as C give what NumPy gives."""

import numpy as np
import pytest

from tinygrad_like.compiler import native
from tinygrad_like.compiler.c_backend import Compiled
from tinygrad_like.compiler.c_expressions import EXPRESSIONS
from tinygrad_like.compiler.capture import capture

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


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS, "bool"])
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
