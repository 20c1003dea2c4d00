"""Calls of NumPy from C: exceptions, Ctrl-C, threads, and a program that runs inside its own run."""

import signal
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like.compiler.to_c import native
from tinygrad_like.compiler.to_c.c_backend import Compiled
from tinygrad_like.compiler.tracing.capture import capture
from tinygrad_like.engine.traces import whole

pytestmark = pytest.mark.skipif(native.compiler() is None, reason="no C compiler was found")


def compiled(function, x):
    return Compiled(capture(lambda traced: function(*traced), [x]).program)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, MemoryError, SystemExit, StopIteration])
def test_exceptions_end_a_run_and_the_next_one_is_right(error):
    left = []

    @whole
    def doubled(x):
        if left and left.pop() == 0:
            raise error("no")
        return x * 2

    program = compiled(lambda x: [doubled(doubled(x) + 1) + 1], np.ones(3))
    for failing in ([0], [0, 1], [0], [0, 1]):
        left[:] = failing
        with pytest.raises(error, match="no"):
            program([np.ones(3)])
        assert not left
        np.testing.assert_array_equal(program([np.ones(3)])[0][0], np.full(3, 7.0))
    assert len(program.pool) == 1


def run_until_interrupted(program, x, seconds):
    signal.setitimer(signal.ITIMER_REAL, seconds)
    while True:
        program([x])


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers that send signals")
def test_ctrl_c_while_c_computes_is_raised_by_the_next_call():
    x = np.linspace(0, 1, 300_000)
    program = compiled(lambda x: [np.sort(np.cbrt(np.cbrt(np.sin(x)))[:9]) + 1], x)
    wanted = program([x])[0][0]
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        for i in range(5):
            with pytest.raises(KeyboardInterrupt):
                run_until_interrupted(program, x, 0.003 + 0.001 * i)
            np.testing.assert_array_equal(program([x])[0][0], wanted)
    finally:
        signal.signal(signal.SIGALRM, before)


def test_two_threads_run_one_function():
    weights = np.random.default_rng(0).normal(size=(3, 4))
    step = tg.compile(lambda x: np.sort(np.exp(x) @ weights).sum(axis=0), backend="c")
    inputs = [np.random.default_rng(i).normal(size=(6, 3)) for i in range(2)]
    wanted = [np.sort(np.exp(x) @ weights).sum(axis=0) for x in inputs]

    def work(i):
        return sum(np.allclose(step(inputs[i]), wanted[i], rtol=1e-12, atol=0) for _ in range(1000))

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(2))) == [1000, 1000]
    assert sum(map(len, step.programs.values())) == 1


def test_a_program_runs_inside_its_own_run():
    waiting, inner = [], []

    @whole
    def doubled(x):
        if waiting:
            inner.append(program([waiting.pop()])[0][0])
        return x * 2

    program = compiled(lambda x: [doubled(x + 1) + x], np.ones(3))
    waiting.append(np.full(3, 5.0))
    np.testing.assert_array_equal(program([np.ones(3)])[0][0], np.full(3, 5.0))
    np.testing.assert_array_equal(inner[0], np.full(3, 17.0))
