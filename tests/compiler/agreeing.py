"""A function run compiled: the same results as eager, on the values that were traced, and on others."""

import os
import zlib
from functools import partial

import numpy as np
import pytest

import tinygrad_like as tg

EVERY = bool(os.environ.get("EVERY_CASE"))  # all cases; else a choice of them
BACKENDS = ("numpy", "replay") if EVERY else ("numpy",)  # the replay is what all others must agree with
TOLERANCE = {np.dtype(kind): tolerance for kinds, tolerance in (("dD", 1e-12), ("fF", 1e-5)) for kind in kinds}


def flat(value):
    """The arrays and numbers in a result."""
    if isinstance(value, (tuple, list)):
        return [each for part in value for each in flat(part)]
    if isinstance(value, dict):
        return flat(list(value.values()))
    return [value]


def same(got, expected, exact=True):
    """Both are the same: kinds, shapes, dtypes, and all values to the bit; or nearly."""
    got, expected = flat(got), flat(expected)
    assert len(got) == len(expected)
    for mine, theirs in zip(got, expected):
        assert isinstance(mine, tg.Tensor) == isinstance(theirs, tg.Tensor)
        if theirs is None:
            assert mine is None
            continue
        mine, theirs = (each.numpy() if isinstance(each, tg.Tensor) else np.asarray(each) for each in (mine, theirs))
        assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
        if exact or theirs.dtype not in TOLERANCE:
            np.testing.assert_array_equal(mine, theirs)
        else:
            np.testing.assert_allclose(mine, theirs, TOLERANCE[theirs.dtype], TOLERANCE[theirs.dtype])


def compiled(function, backend):
    """The function as a program of this backend."""
    return tg.compile(function, backend=backend)


def runs_compiled(function, *points, backend, exact=True):
    """Check a function of arrays: traced at the first of these lists of arguments, and run at all of them."""
    expected = [function(*copies(arrays)) for arrays in points]
    program = compiled(function, backend=backend)
    for arrays, result in zip(points, expected):
        same(program(*copies(arrays)), result, exact and backend != "c")


def copies(arrays):
    return [each.copy() if isinstance(each, np.ndarray) else each for each in arrays]


def is_float(x):
    return isinstance(x, np.ndarray) and x.dtype.kind in "fc"


def moved(x):
    """Other values nearby: what is equal stays equal, and what is different different."""
    return np.asarray(x * x.dtype.type(1.03125)) if is_float(x) else x


def weights(shape):
    return np.random.default_rng(1).uniform(0.5, 1.5, shape)


def projection(parts):
    """The sum of all floats in a result, with weights; of complex numbers, a real one."""
    floats = [each for each in flat(parts) if isinstance(each, tg.Tensor) and each.dtype.kind in "fc"]
    return sum(real((each * weights_like(each)).sum()) for each in floats) if floats else None


def weights_like(x):
    return (weights(x.shape) * (1 + 0.5j if x.dtype.kind == "c" else 1)).astype(x.dtype)


def real(x):
    return np.real(x) if x.dtype.kind == "c" else x


def by_backward(function):
    """The results, and the gradients of their projection."""

    def step(*arrays):
        leaves = [tg.Tensor(x, requires_grad=True) if is_float(x) else x for x in arrays]
        result = function(*leaves)
        total = projection(result)
        if total is not None and total.requires_grad:
            total.backward()
        return result, [each.grad for each in leaves if isinstance(each, tg.Tensor)]

    return step


def by_grad(function):
    def step(*arrays):
        places = tuple(i for i, x in enumerate(arrays) if is_float(x))
        return tg.grad(lambda *xs: projection(function(*xs)), places)(*arrays)

    return step


def by_jvp(function):
    def step(*arrays):
        floats = [x for x in arrays if is_float(x)]

        def of_floats(*xs):
            waiting = iter(xs)
            return function(*(next(waiting) if is_float(x) else x for x in arrays))

        return tg.jvp(of_floats, floats, [weights_like(x) for x in floats])

    return step


def by_second(function):
    """The gradient of the squared length of the gradient."""

    def step(*arrays):
        places = tuple(i for i, x in enumerate(arrays) if is_float(x))

        def slope(*xs):
            gradients = tg.grad(lambda *zs: projection(function(*zs)), places)(*xs)
            return sum(real((each * each).sum()) for each in gradients)

        return tg.grad(slope, places)(*arrays)

    return step


WAYS = (by_backward, by_grad, by_jvp, by_second)


def ways_for(name):
    """All ways, or two of them, others for each name."""
    return WAYS if EVERY else (by_backward, (by_jvp, by_second)[zlib.crc32(name.encode()) % 2])


# What the tests of NumPy's functions have checked compiled, by the functions that a case calls.
tried = set()
REFUSED = {"unique", "unique_all", "unique_counts", "unique_inverse", "unique_values", "union1d", "intersect1d"}
REFUSED |= {"setdiff1d", "setxor1d", "trim_zeros", "polymul", "polydiv"}


def names_in(function):
    """The NumPy functions and methods that a function names, or has from around it."""
    code = getattr(function, "__code__", None)
    if code is None:
        return {getattr(function, "__name__", repr(function))}
    around = [cell.cell_contents for cell in function.__closure__ or ()]
    named = {name for each in around if callable(each) for name in names_in(each)}
    places = np, np.linalg, tg.Tensor
    return named | {name for name in code.co_names if any(hasattr(each, name) for each in places)}


def also_compiled(function, arrays, options):
    """Check a case of a NumPy function compiled, too; by default the first of those that call the same functions."""
    names = names_in(function)
    key = frozenset(names), frozenset(options), len(arrays)
    if key in tried and not EVERY:
        return
    tried.add(key)
    floats = [np.asarray(x) if is_float(x) or isinstance(x, float) else x for x in arrays]
    step = by_backward(partial(function, **options))
    points = [floats, [moved(x) for x in floats], [turned(x) for x in floats]]
    if not runs(step, points[2]):
        del points[2]
    with np.errstate(all="ignore"):
        if names & REFUSED:
            with pytest.raises(tg.TraceError, match="depend"):
                compiled(step, "replay")(*floats)
            return
        for backend in BACKENDS:
            runs_compiled(step, *points, backend=backend, exact=False)


def turned(x):
    """The same values in another order."""
    return np.ravel(x)[::-1].reshape(x.shape).copy() if is_float(x) else x


def runs(function, arrays):
    """Whether eager takes these values: not every matrix has what is asked for."""
    try:
        with np.errstate(all="ignore"):
            function(*copies(arrays))
    except (np.linalg.LinAlgError, tg.TinygradError):
        return False
    return True
