"""Passes: where each makes a program shorter, and where it must not."""

import operator

import numpy as np
import pytest

from tinygrad_like.compiler.passes import passes
from tinygrad_like.compiler.passes.passes import simplified
from tinygrad_like.compiler.tracing.program import CONSTANT, TEMPORARY
from tinygrad_like.compiler.tracing.replay import replay
from tinygrad_like.engine.shortcuts import mended, require
from tinygrad_like.engine.traces import contiguous, copy_of, empty, lifted, whole, zeros

from .random_steps import RandomStep, Ways, traced

X, Y = np.array([1.0, -2.0, 3.0]), np.array([0.5, 4.0, -1.0])


def short(function, *inputs, change=simplified):
    """The names of the functions that are left, after a look whether the program still does the same."""
    inputs = inputs or (X, Y)
    program = traced(function, inputs)
    changed = change(program)
    ways = Ways(program, inputs)
    assert ways.replayed(changed) == ways.replayed(program)
    return [getattr(each.function, "__name__", "") for each in changed.instructions]


def state(values=(1.0, 2.0, 3.0, 4.0)):
    return np.array(values)


# -- copies -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "copy", [copy_of, np.copy, lambda a: a.copy(), lambda a: a * 1, lambda a: 1 * a, lambda a: a / 1, lambda a: a.T]
)
def test_a_copy_that_nobody_writes_to_is_the_thing_itself(copy):
    assert short(lambda x, y: copy(x + y) * y) == ["add", "multiply"]


def test_views_of_a_copy_are_views_of_the_thing():
    matrix = np.arange(6.0).reshape(2, 3)
    assert short(lambda x: copy_of(x)[1] @ x.T, matrix) == ["getitem", "transpose", "matmul"]


def test_a_copy_stays_where_either_is_written_to():
    def written_source(x, y):
        total = x + y
        kept = total.copy()
        total += 1
        return kept * total

    def written_copy(x, y):
        kept = x.copy()
        kept += y
        return kept * x

    assert "copy" in short(written_source)
    assert "copy" in short(written_copy)


def test_a_copy_of_state_stays_where_the_state_is_written_to_by_another_view():
    memory = state()

    def step(x, y):
        kept = lifted(memory)[:3].copy()
        np.add(x, y, out=lifted(memory)[1:])
        return kept * x

    assert "copy" in short(step)


def test_what_is_given_back_is_a_copy():
    memory = state()
    program = simplified(traced(lambda x: (lifted(memory).copy(), x.copy()), (X,)))
    assert [each.memory.kind for each in program.outputs] == [TEMPORARY] * 2
    assert short(lambda x, y: [total := x + y, total.copy()]) == ["add", "copy"]
    assert short(lambda x, y: (x + y).copy()) == ["add"]


def test_a_copy_in_another_layout_stays():
    matrix = np.arange(6.0).reshape(2, 3)
    assert short(lambda x: contiguous(x.T) * 2, matrix) == ["transpose", "ascontiguousarray", "multiply"]


def test_a_store_of_what_is_there_goes():
    memory = state()

    def vain(x):
        np.copyto(lifted(memory), lifted(memory).copy())
        return x + lifted(memory)

    def changed(x):
        kept = lifted(memory).copy()
        np.add(x, 1, out=lifted(memory))
        np.copyto(lifted(memory), kept)
        return x + lifted(memory)

    assert short(vain, state()) == ["add"]
    assert "copyto" in short(changed, state())


# -- common subexpressions --------------------------------------------------------------------------


def test_the_same_is_computed_once():
    assert short(lambda x, y: np.exp(x * y) + (x * y)) == ["multiply", "exp", "add"]
    assert short(lambda x, y: x.reshape(3, 1) * x.reshape(3, 1)) == ["reshape", "multiply"]


def test_what_differs_is_computed_twice():
    assert short(lambda x, y: [np.exp(x * 0.0), np.exp(x * -0.0)]).count("multiply") == 2
    assert short(lambda x, y: [np.exp(x + 1), np.exp(x + 1.0)]).count("add") == 2
    assert short(lambda x, y: [np.exp(x.sum(keepdims=True)), np.exp(x.sum())]).count("reduce") == 2


def test_the_same_is_computed_again_after_a_write():
    memory = state([1.0, 2.0, 3.0])

    def operand(x, y):
        before = x * lifted(memory)
        np.copyto(lifted(memory), y)
        return before + x * lifted(memory)

    def result(x, y):
        first = x * y
        first += 1
        return first - x * y

    def later(x, y):
        first, second = x * y, x * y
        total = first + second
        first += 1
        return total + second + first

    def second(x, y):
        first, second = x * y, x * y
        second += 1
        return second - first.sum()

    for step in (operand, result, later, second):
        assert short(step).count("multiply") == 2


def test_conditions_and_writes_repeat_too():
    def mean(x, y):
        ratio = mended(x / y, lambda: np.where(y == 0, 0, x / y))
        ratio += 1
        return ratio

    names = short(lambda x, y: mean(x, y) * np.exp(mean(x, y)))
    assert names == ["divide", "isfinite", "add", "exp", "multiply"]
    assert short(lambda x, y: mean(x, y) * mean(y, x)).count("isfinite") == 2
    zeros = np.array([0.0, 1.0, 0.0])
    assert short(lambda x, y: (x / y).sum() * mended(x / y, lambda: x + y), X, zeros).count("divide") == 2


def test_a_repetition_with_a_view_of_its_own_stays():
    def step(x, y):
        first, second = x * y, x * y
        row = second.reshape(1, 3)
        first += 1
        second += 1
        return first * row

    assert short(step).count("add") == 2


def test_two_results_are_not_one_array():
    assert short(lambda x, y: [x * y, x * y]).count("multiply") == 2
    assert short(lambda x, y: [zeros(3), zeros(3)]).count("zeros") == 2


# -- constants --------------------------------------------------------------------------------------


def test_what_depends_on_constants_only_is_computed_when_built():
    program = simplified(traced(lambda x, y: np.exp(lifted(np.arange(3.0)) * 2) * x, (X, Y)))
    assert [each.function for each in program.instructions] == [np.multiply]
    assert program.references[0].memory.kind == CONSTANT
    assert short(lambda x, y: np.exp(lifted(np.arange(3.0)) * 2) * x) == ["multiply"]


def test_state_is_no_constant():
    memory = state([1.0, 2.0, 3.0])
    program = simplified(traced(lambda x, y: np.exp(lifted(memory)) * x, (X, Y)))
    memory += 1
    np.testing.assert_array_equal(replay(program, [X, Y])[program.outputs[0]], np.exp(memory) * X)


def test_what_is_written_to_or_given_back_is_computed_in_each_run():
    def written(x, y):
        made = np.exp(lifted(np.arange(3.0)))
        made += x
        return made * 2

    assert short(written)[0] == "exp"
    assert short(lambda x, y: np.exp(lifted(np.arange(3.0)))) == ["exp"]


# -- places -----------------------------------------------------------------------------------------


def test_a_result_is_computed_in_its_place():
    memory, parts = state(), []
    parts.append(memory[:3])

    def step(x, y):
        total = x + y
        np.copyto(lifted(parts[0]), total)
        return np.exp(total)

    assert short(step) == ["add", "exp"]


@pytest.mark.parametrize(
    "make", [lambda x: x.sum(axis=0), lambda x: x.T.dot(x), lambda x: x @ lifted(X), lambda x: np.exp(x)[...]]
)
def test_products_and_sums_too(make):
    matrix = np.arange(9.0).reshape(3, 3)
    memory = np.zeros_like(make(matrix))
    assert "copyto" not in short(lambda x: np.copyto(lifted(memory), make(x)), matrix)


def stays(step, *inputs):
    return "copyto" in short(step, *inputs)


def test_a_copy_into_a_place_stays_where_the_place_is_touched_before():
    memory = np.zeros(3)

    def read(x, y):
        total = x + y
        seen = lifted(memory) * 2
        np.copyto(lifted(memory), total)
        return seen

    def written(x, y):
        total = x + y
        lifted(memory)[1:] = 5
        np.copyto(lifted(memory), total)
        return total

    assert stays(read)
    assert stays(written)


def test_a_copy_into_a_place_stays_where_one_of_both_is_written_to_later():
    memory = np.zeros(3)

    def place(x, y):
        total = x + y
        np.copyto(lifted(memory), total)
        np.multiply(lifted(memory), 2, out=lifted(memory))
        return total * 1.5

    def result(x, y):
        total = x + y
        np.copyto(lifted(memory), total)
        total += 1
        return total * 2

    assert stays(place)
    assert stays(result)


def test_a_copy_into_a_place_stays_where_a_check_stands_between():
    memory = np.zeros(3)

    def step(x, y):
        total = x + y
        require((x > -5).all(), lambda: ValueError(), "x is too small")
        np.copyto(lifted(memory), total)

    assert stays(step)


def test_a_copy_into_a_place_stays_where_the_result_is_given_back_or_computed_from_the_place():
    memory = np.zeros(3)

    def given(x, y):
        total = x + y
        np.copyto(lifted(memory), total)
        return total

    def from_place(x, y):
        np.copyto(lifted(memory), lifted(memory)[::-1] + y)

    assert stays(given)
    assert stays(from_place)


def test_what_a_condition_mends_is_mended_in_the_place():
    memory = np.zeros(3)

    def step(x, y):
        ratio = x / y
        mended(ratio, lambda: np.where(y == 0, 0, x / y))
        np.copyto(lifted(memory), ratio)

    for y in (Y, np.array([0.0, 1.0, 2.0])):
        program = traced(step, (X, y))
        changed = simplified(program)
        assert [each.function for each in changed.instructions] == [np.divide, np.isfinite]
        ways = Ways(program, (X, y))
        assert ways.replayed(changed) == ways.replayed(program)


# -- dead code --------------------------------------------------------------------------------------


def test_what_nobody_uses_goes():
    def step(x, y):
        unused = np.exp(x)
        unused += 1
        made = empty(3)
        np.copyto(made, unused)
        return x + y

    assert short(step) == ["add"]


def test_writes_that_outlive_the_run_stay():
    memory = np.zeros(3)

    def step(x, y):
        np.multiply(x, 2, out=lifted(memory))
        y += 1

    assert short(step) == ["multiply", "add"]


def test_checks_and_calls_of_other_functions_stay():
    calls = []

    @whole
    def noted(x):
        calls.append(1)
        return x * 2

    def step(x, y):
        require((x > -5).all(), lambda: ValueError(), "x is too small")
        noted(y)
        return x + 1

    assert short(step) == ["greater", "reduce", "raise_unless", "noted", "add"]


def test_a_write_that_is_read_through_a_view_stays():
    def step(x, y):
        made = x + y
        row = made.reshape(1, 3)
        row[0, 1] = 5
        return made * 2

    assert short(step) == ["add", "reshape", "setitem", "multiply"]
    assert operator.setitem in [each.function for each in simplified(traced(step, (X, Y))).instructions]


# -- all of them ------------------------------------------------------------------------------------


PASSES = ("without_vain_stores", "without_copies", "without_repetitions", "folded", "placed", "without_dead_code")


def test_random_programs_do_the_same_after_each_pass():
    shorter = dict.fromkeys(PASSES, 0)
    for seed in range(40):
        step = RandomStep(seed)
        program = traced(step, step.inputs)
        ways = Ways(program, step.inputs)
        wanted = ways.replayed(program)
        for name in PASSES:
            changed = getattr(passes, name)(program)
            shorter[name] += changed.instructions != program.instructions
            assert ways.replayed(changed) == wanted, (seed, name)
    assert min(shorter[name] for name in ("without_copies", "without_repetitions", "without_dead_code")) > 3
