"""Calls of NumPy from C, threads, random programs, and the text of C under the sanitizers."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tinygrad_like.compiler.to_c import native
from tinygrad_like.compiler.to_c.c_backend import build
from tinygrad_like.compiler.to_c.c_expressions import EXPRESSIONS
from tinygrad_like.compiler.to_numpy.numpy_backend import replayed
from tinygrad_like.compiler.tracing.capture import capture
from tinygrad_like.engine.traces import lifted, whole

from .agreeing import EVERY
from .random_steps import RandomStep
from .test_c_source import compiled, has, operands, rng

pytestmark = pytest.mark.skipif(native.compiler() is None, reason="no C compiler was found")


# -- calls of NumPy -----------------------------------------------------------------------------------


def test_an_error_in_a_call_of_numpy_comes_through():
    program = compiled(lambda x: [np.linalg.inv(x) + 1], np.eye(3))
    assert [each.instruction.function.__name__ for each in program.source.calls] == ["inv"]
    with pytest.raises(np.linalg.LinAlgError, match="Singular"):
        program([np.zeros((3, 3))])
    np.testing.assert_array_equal(program([np.eye(3)])[0][0], np.eye(3) + 1)


@pytest.mark.parametrize("size", [50, 40_000])
def test_threads_run_one_program_at_once(size):
    program = compiled(lambda x: [np.sort(np.exp(x) * 2) + x] if size == 50 else [np.exp(x) * 2 + x], np.ones(size))
    inputs = [rng.normal(size=size) for _ in range(8)]
    wanted = [np.sort(np.exp(x) * 2) + x if size == 50 else np.exp(x) * 2 + x for x in inputs]

    def work(k):
        return all(np.allclose(program([inputs[k]])[0][0], wanted[k], rtol=1e-12) for _ in range(50))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(work, range(8)))


def test_many_samples_in_one_call():
    state = np.zeros(3)

    def function(x):
        own = lifted(state)
        own += x
        return [(own * x).sum()]

    data = rng.normal(size=(5, 3))
    program = compiled(function, data[0])
    losses = np.zeros(12)
    program.many([data], None, 2, 5, losses, 0)
    mine, state[...] = state.copy(), 0
    wanted = [function(data[i % 5])[0] for i in range(2, 14)]
    np.testing.assert_allclose(losses, wanted, rtol=1e-12)
    np.testing.assert_allclose(mine, state, rtol=1e-12)


def test_ctrl_c_in_a_call_of_numpy_ends_the_run():
    state = {"stop": False}

    @whole
    def doubled(x):
        if state["stop"]:
            raise KeyboardInterrupt
        return x * 2

    program = compiled(lambda x: [doubled(x) + 1], np.ones(3))
    state["stop"] = True
    with pytest.raises(KeyboardInterrupt):
        program([np.ones(3)])
    state["stop"] = False
    np.testing.assert_array_equal(program([np.ones(3)])[0][0], np.full(3, 3.0))


# -- random programs ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(8 if EVERY else 2))
def test_random_programs(seed):
    cases = [RandomStep(100 * seed + i) for i in range(12)]
    inputs = [x for each in cases for x in each.inputs]

    def function(*arrays):
        return [y for i, each in enumerate(cases) for y in each(*arrays[3 * i : 3 * i + 3])]

    start = [[x.copy() for x in each.state] for each in cases]
    with np.errstate(all="ignore"):
        captured = capture(lambda traced: function(*traced), inputs)
    run = build(captured.program)
    outcomes = []
    for way in (run, run, lambda arrays: replayed(captured.program, arrays)):
        arrays = [x.copy() for x in inputs]
        given = [np.array(y) for y in way(arrays)[0]]
        outcomes.append([*given, *arrays, *(x.copy() for each in cases for x in each.state)])
        for each, old in zip(cases, start):
            for x, y in zip(each.state, old):
                x[...] = y
    for other in outcomes[:2]:
        for got, want in zip(other, outcomes[2], strict=True):
            assert (got.dtype, got.shape) == (want.dtype, want.shape)
            np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-13)


# -- the text -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def programs():
    """Three programs: of elementwise functions, of indices and products, of rows."""
    x, k = operands("float64"), np.array([1, 2])
    every = [each for each in EXPRESSIONS if has(each, "float64")]
    return [
        compiled(lambda x, y: [each(x, y) if each.nin == 2 else each(x) for each in every], *x),
        compiled(
            lambda x, k: [x[k], x[:5] @ x[:5].T, x.argmax(0), (x / 2).sum(0), x.T.copy(), (x[::-1] - x.max()).sum()],
            rng.normal(size=(400, 3)),
            k,
        ),
        compiled(softmax, rng.normal(size=(7, 90)).astype("float32")),
    ]


def softmax(x):
    exps = np.exp(x - x.max(axis=1, keepdims=True))
    return [exps / exps.sum(axis=1, keepdims=True)]


def with_main(program):
    """The text with a `main` that runs it once, on memory of just the size that is needed."""
    layout = program.layout
    sizes = [each.size for each in layout.slots] + [layout.size]
    lines = [f"    memory[{i}] = calloc(1, {max(1, size)});" for i, size in enumerate(sizes)]
    done = [f"    free(memory[{i}]);" for i in range(len(sizes))]
    head = f"int main(void)\n{{\n    static int64_t error[3];\n    void *memory[{len(sizes)}];"
    body = ["    const int code = step((void *const *)memory, error, 0);", *done, "    return code;", "}", ""]
    return "\n".join(["#include <stdlib.h>", program.source.text, head, *lines, *body])


STRICT = ["-Wall", "-Wextra", "-Werror", "-pedantic"]
VECTOR = ["-fopenmp-simd", "-DVECTOR_CODE"]


@pytest.mark.parametrize("more", [["-O1"], [*VECTOR, "-O2"]], ids=["plain", "vector"])
def test_the_text_has_no_warnings_and_touches_no_memory_but_its_own(programs, tmp_path, more):
    path = str(tmp_path / "program")
    for each in programs:
        native.build_executable(
            with_main(each), path, [*STRICT, *more, "-fsanitize=address,undefined", "-fno-sanitize-recover"]
        )
        done = subprocess.run([path], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
