"""What makes a first call fast changes nothing: shapes without values, a shorter second trace, names and buffers."""

import gc

import numpy as np
import pytest

from tinygrad_like.compiler.passes.collecting import uncollected
from tinygrad_like.compiler.to_numpy.buffers import ALIGNED, Block, arranged
from tinygrad_like.compiler.to_numpy.spelling import Taken
from tinygrad_like.compiler.tracing import shapes_only
from tinygrad_like.compiler.tracing.agreement import Agreement
from tinygrad_like.compiler.tracing.capture import capture
from tinygrad_like.compiler.tracing.program import CONSTANT
from tinygrad_like.compiler.tracing.traced import method
from tinygrad_like.engine.errors import TraceError
from tinygrad_like.engine.shortcuts import mended
from tinygrad_like.engine.traces import lifted

X, Y = np.array([1.0, -2.0, 3.0]), np.array([0.5, 4.0, -1.0])

# -- shapes without values --------------------------------------------------------------------------


def array(shape, axes=None, dtype=np.float64):
    return np.ones(shape, dtype).transpose(axes or range(len(shape)))


A, B, C = array((2, 3, 4)), array((3, 1)), array((2, 3, 4), dtype=np.float32)
T, M = array((4, 3, 2), (2, 1, 0)), array((2, 4, 3, 5), (0, 2, 1, 3))
cast = method("astype")


@pytest.mark.parametrize(
    ("function", "args"),
    [
        (np.add, (A, B)),
        (np.multiply, (C, 2.0)),
        (np.multiply, (C, np.float64(2))),
        (np.add, (array((2, 3), dtype=bool), array((2, 3), dtype=bool))),
        (np.not_equal, (T, 0)),
        (np.isfinite, (M,)),
        (np.where, (T > 0, T, 0)),
        (np.where, (A > 0, C, B)),
        (cast, (A > 0, np.float64)),
        (cast, (M, np.float32)),
        (np.matmul, (M, M.swapaxes(-1, -2))),
        (np.matmul, (C, A.swapaxes(-1, -2))),
        (np.dot, (A[0], A[1].T)),
        (method("dot"), (A[0] > 0, A[1].T)),
    ],
)
def test_what_stands_for_a_result_is_like_it(function, args, monkeypatch):
    monkeypatch.setattr(shapes_only, "LARGE", 0)
    made, result = shapes_only.ShapesOnly().of(function, args, {}), function(*args)
    assert (made.shape, made.dtype, made.strides) == (result.shape, result.dtype, result.strides)
    assert not made.any()


@pytest.mark.parametrize(
    ("function", "args", "options"),
    [
        (np.add, (A, A), {"out": A}),
        (np.add, (A, M[:, :, 0, :4]), {}),
        (np.negative, (array((2, 1, 3), (2, 1, 0)),), {}),
        (np.where, (A,), {}),
        (np.sum, (A,), {}),
        (cast, (A, np.float64), {}),
        (np.dot, (A, A.swapaxes(-1, -2)), {}),
        (np.matmul, (A, array((4, 5))), {}),
        (np.negative, (array((2, 3), (1, 0), np.int64),), {}),
    ],
)
def test_what_is_not_known_without_computing(function, args, options, monkeypatch):
    monkeypatch.setattr(shapes_only, "LARGE", 0)
    assert shapes_only.ShapesOnly().of(function, args, options) is None


def test_what_stands_for_results_has_memory_of_its_own_in_a_program():
    large = np.ones((80, 60))

    def step(x):
        return mended(x * 2, lambda: np.where(x != 0, np.isfinite(x) & (x > 1), x + 1))

    body = capture(lambda traced: step(*traced), [large]).program.instructions[-1].body
    made = [each.results[0].memory for each in body if each.results]
    assert len(made) == len(set(made)) == 6


# -- the second trace -------------------------------------------------------------------------------


def two(function, other=None):
    """Two traces of a function of an array, the second with other values."""
    first = capture(lambda traced: function(*traced), [X])
    return first.program, capture(lambda traced: (other or function)(*traced), [Y], like=first.trace).program


def bodies(program):
    return [each.body for each in program.instructions if each.body is not None]


def test_the_second_trace_leaves_out_what_mends():
    first, second = two(lambda x: mended(np.exp(x), lambda: np.where(x > 0, x, 1)) * mended(x + 1, lambda: x))
    assert [len(each) for each in bodies(first)] == [3, 1]
    assert bodies(second) == [[], []]
    Agreement(first, second).settle()


def test_a_body_with_an_array_of_its_own_is_traced_again():
    first, second = two(lambda x: mended(x * 2, lambda: x + lifted(np.array([1.0, 2.0, 3.0]))))
    assert [len(each) for each in bodies(second)] == [2]
    Agreement(first, second).settle()
    assert [each.memory.kind for each in first.references] == [CONSTANT]


def test_what_differs_after_a_body_is_found():
    first, second = two(lambda x: mended(x * 2, lambda: x + 1) - 1, lambda x: mended(x * 2, lambda: x + 1) - 2)
    with pytest.raises(TraceError, match="A number or an array"):
        Agreement(first, second).settle()


def test_other_operands_are_found():
    first, second = two(lambda x: np.exp(x) + np.log(x + 9) * 0, lambda x: np.exp(x) + np.log(x + 9) * 0)
    second.instructions[-1].args = second.instructions[-1].args[::-1]
    with pytest.raises(TraceError):
        Agreement(first, second).settle()


# -- names and buffers ------------------------------------------------------------------------------


def test_names_are_numbered():
    taken = Taken({"z", "z3"})
    assert [taken.another(base) for base in ("h", "z", "z", "x1", "x1")] == ["h", "z2", "z4", "x1", "x1_2"]
    assert taken.another("add", {"add", "add2"}) == "add3"
    assert "add3" in taken


def test_no_two_buffers_that_are_in_use_meet():
    rng = np.random.default_rng(0)
    blocks = []
    for _ in range(200):
        first = int(rng.integers(100))
        blocks.append(Block([], int(rng.integers(1, 500)), first, first + int(rng.integers(0, 30))))
    size = arranged(blocks)
    apart = 0
    for i, one in enumerate(blocks):
        assert one.offset % ALIGNED == 0
        assert one.offset + one.size <= size
        for other in blocks[:i]:
            if one.first <= other.last and other.first <= one.last:
                apart += 1
                assert one.offset + one.size <= other.offset or other.offset + other.size <= one.offset
    assert apart > 1000
    assert size < sum(each.size for each in blocks) / 2
    assert arranged([]) == 0


def test_garbage_is_looked_for_again_afterwards():
    @uncollected
    def enabled(fails=False):
        if fails:
            raise ValueError("it fails")
        return gc.isenabled()

    assert gc.isenabled()
    assert not enabled()
    with pytest.raises(ValueError, match="it fails"):
        enabled(fails=True)
    assert gc.isenabled()
    gc.disable()
    try:
        enabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
