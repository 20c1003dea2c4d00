"""Random functions and random losses, compiled: results, gradients, and all that is written, as eager gives them.

Many run in one program. By default about 60 are run; with EVERY_CASE=1 in the environment, 1,200.
"""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.compiler.agreeing import EVERY, flat
from tests.compiler.random_losses import RandomLoss
from tests.compiler.random_programs import RandomProgram, like
from tinygrad_like.compiler.to_c import c_backend, native
from tinygrad_like.engine.tensor import values_of

TOGETHER = 10  # what each argument may share memory with is checked in pairs
BACKENDS = ["replay", "numpy", "c"] if EVERY else ["numpy", "c"]
without_c = native.compiler() is None


def joined(parts):
    """One function of the arguments of all of them."""

    def function(*arrays):
        waiting = iter(arrays)
        return [part(*(next(waiting) for _ in part.inputs)) for part in parts]

    return function


def outcomes(function, parts):
    """What the function gives and leaves, at the values that it is traced at, at others, and at the first again."""
    found, states = [], [np.asarray(values_of(x)) for part in parts for x in part.state]
    start = [x.copy() for x in states]
    for values in (
        [x for part in parts for x in part.inputs],
        [x for part in parts for x in part.others()],
        [x for part in parts for x in part.inputs],
    ):
        arrays = [like(x) for x in values]
        with np.errstate(all="ignore"):
            given = flat(function(*arrays))
        found += [None if x is None else np.array(values_of(x)) for x in given]
        found += [x.copy() for x in (*arrays, *states)]
    for x, old in zip(states, start):
        x[...] = old
    return found


def close(got, wanted):
    """Equal if they are integers; else to the digits of the dtype, of the largest number."""
    if wanted is None:
        assert got is None
        return
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    tolerance = {"float64": 1e-10, "float32": 2e-4}.get(wanted.dtype.name, 0)
    largest = np.max(np.abs(wanted), initial=1, where=np.isfinite(wanted)) if tolerance else 0
    np.testing.assert_allclose(got, wanted, tolerance, tolerance * largest)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("kind", "count"), [(RandomProgram, 30), (RandomLoss, 4)])
def test_random_programs(kind, count, backend, monkeypatch):
    if backend == "c" and without_c:
        pytest.skip("no C compiler was found")
    if not EVERY:
        monkeypatch.setattr(c_backend, "FLAGS", (*c_backend.FLAGS, "-O0"))  # a fifth of the time to compile
    first = 0 if EVERY else count * BACKENDS.index(backend)  # others on each backend
    last = 35 * count if EVERY else first + count
    for start in range(first, last, TOGETHER):
        seeds = range(start, min(last, start + TOGETHER))
        parts = [kind(seed) for seed in seeds]
        wanted = outcomes(joined(parts), parts)
        step = tg.compile(joined(parts), backend=backend)
        got = outcomes(step, parts)
        assert (len(got), len(step.programs)) == (len(wanted), 1)
        for mine, theirs in zip(got, wanted):
            close(mine, theirs)
