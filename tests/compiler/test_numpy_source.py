"""The NumPy source of a program: it runs on its own, does the same to the last bit, and reads well."""

import threading
import traceback
from inspect import unwrap

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like.compiler.passes.passes import simplified
from tinygrad_like.compiler.to_numpy.memory_names import name_memory
from tinygrad_like.compiler.to_numpy.numpy_backend import Step, build
from tinygrad_like.compiler.to_numpy.numpy_source import Source, source
from tinygrad_like.engine.errors import ArgumentError
from tinygrad_like.engine.shortcuts import mended, require
from tinygrad_like.engine.tensor import wrap
from tinygrad_like.engine.traces import copy_of, empty, lifted, whole, zeros

from .random_steps import RandomStep, Ways, traced

rng = np.random.default_rng(0)
A, B = rng.normal(size=(4, 3)), rng.normal(size=(3, 5))
STATE = rng.normal(size=8)


def agree(function, *inputs):
    """The text of a function's program, after a look whether all ways to run it do the same, on other inputs too."""
    program = traced(function, inputs)
    for given in (inputs, [each * 2 for each in inputs]):
        ways = Ways(program, given)
        with np.errstate(all="ignore"):
            wanted = ways.outcome(lambda inputs: listed(function(*inputs)))
        replayed = ways.replayed(program)
        assert (replayed[0][: len(wanted[0])], replayed[1]) == wanted
        assert ways.built() == replayed
        assert ways.alone()[1] == replayed[1]
        assert ways.alone()[0][: len(wanted[0])] == wanted[0]
    return source(simplified(program))


def listed(results):
    return list(results) if isinstance(results, (list, tuple)) else [results]


def network(activation=tg.Sigmoid, dtype=float):
    tg.seed(0)
    return tg.Sequential(tg.Linear(3, 4, dtype=dtype), activation(), tg.Linear(4, 2, dtype=dtype))


def step_of(model, optimizer, loss=tg.mse):
    def step(x, t):
        optimizer.zero_grad()
        y = loss(model(wrap(x)), wrap(t) if t.dtype.kind == "f" else t)
        y.backward()
        optimizer.step()
        return y._array

    return step


# -- the same results -------------------------------------------------------------------------------


def large(a):
    h = np.maximum(a, 0)
    return (np.exp(h - h.max(axis=-1, keepdims=True)) * h).sum(axis=0) @ h.T


def writing(a, b):
    part = lifted(STATE)[2:6]
    np.add(a[:, 0], part, out=part)
    made = zeros((4, 3), float)
    made[1:, ::2] = a[1:, ::2]
    made[0] += b[0, :3]
    return made * 2, copy_of(part)


def views(a, b):
    made = empty((3, 4), float)
    np.copyto(made, a.T)
    flat = made.reshape(-1)
    flat[2:7] *= 3
    return made.T @ b, flat[::-1], a[None, ..., 1]


def numbers(a, b):
    mean, total = a.mean(), b.sum()
    return mean / total, total > 1, (a - mean).std(), np.where(a > mean, a, mean)


def several(a, b):
    square = a.T @ a
    values, vectors = np.linalg.eigh(square)
    return np.concatenate([values, vectors[0]]), np.sort(b, axis=1), np.cumsum(a, axis=0), np.take(b, [2, 0], axis=1)


def integers(a, b):
    order = np.argsort(b, axis=1)
    return order % 3, (order > 1) & (order < 4), order.astype(np.int8), a.astype(np.float32) + np.float32(2)


def fixed(a, b):
    ratio = mended(a / (a - a), lambda: np.where(a > 0, 1.0, -1.0))
    row = mended(b * 2, lambda: b * 0)
    return ratio.sum(axis=1), row + 1


@pytest.mark.parametrize("function", [writing, views, numbers, several, integers, fixed])
def test_the_same_to_the_last_bit(function):
    agree(function, A, B)


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (40, 70)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_other_sizes(shape, dtype):
    agree(large, rng.normal(size=shape).astype(dtype)) if shape[0] else agree(lambda a: a.T @ a + 1, np.zeros(shape))


def test_arrays_without_axes():
    agree(lambda a, b: [a * b + 1, np.exp(a), a.reshape(1, 1), a[...] / 0], np.array(3.0), np.array(2.0))


@pytest.mark.parametrize("optimizer", [tg.SGD, tg.Adam, lambda p: tg.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.1)])
def test_training_steps(optimizer):
    model = network()
    step = step_of(model, optimizer(model.parameters()))
    step(A, A[:, :2])
    agree(step, A, A[:, :2])


def test_gradients_that_are_not_finite_are_mended_as_ever():
    model = network(tg.ReLU, np.float32)
    step = step_of(model, tg.SGD(model.parameters(), lr=0.1), tg.mse)
    x = A.astype(np.float32)
    targets = np.ones(model(x).shape, np.float32)
    step(x, targets)
    program = traced(step, (x, targets))
    for value in (1, np.inf, np.nan):
        x[0, 0] = value
        ways = Ways(program, (x, targets))
        with np.errstate(all="ignore"):
            wanted = ways.outcome(lambda inputs: [step(*inputs)])
        assert ways.replayed(program)[1] == wanted[1]
        assert ways.built() == ways.replayed(program)


def test_random_programs():
    for seed in range(100):
        step = RandomStep(seed)
        program = traced(step, step.inputs)
        ways = Ways(program, step.inputs)
        assert ways.built() == ways.replayed(program), seed
        if seed % 5 == 0:
            assert ways.alone() == ways.replayed(program), seed


# -- memory -----------------------------------------------------------------------------------------


def test_results_are_not_written_to_by_the_next_call():
    run = build(traced(lambda a, b: [a @ b, (a @ b).T, (a + 1)[1:]], (A, B)))
    first, _ = run([A, B])
    kept = [each.copy() for each in first]
    run([A + 1, B + 1])
    for one, other in zip(first, kept):
        np.testing.assert_array_equal(one, other)


def test_results_that_share_memory_go_on_sharing_it():
    def halves(a, b):
        whole_one = a @ b
        return whole_one, whole_one[:2]

    (one, other), _ = build(traced(halves, (A, B)))([A, B])
    assert np.shares_memory(one, other)


def test_inputs_may_have_any_strides():
    def step(a):
        return a.reshape(-1) * 2, a.T @ a

    for traced_with in (A, A.T.copy().T, np.repeat(A, 2, axis=1)[:, ::2]):
        run = build(traced(step, (traced_with,)))
        for given in (A, A.T.copy().T, np.repeat(A, 2, axis=1)[:, ::2]):
            for got, want in zip(run([given])[0], step(given)):
                np.testing.assert_allclose(got, want, rtol=1e-14)


def test_what_is_written_into_an_input_arrives_there():
    def step(a):
        a += 1
        a.reshape(-1)[0] = 7
        return a * 2

    run = build(traced(step, (A.copy(),)))
    for given in (A.copy(), np.repeat(A, 2, axis=1)[:, ::2]):
        run([given])
        assert given[1, 1] == A[1, 1] + 1


def test_two_threads_may_run_one_program():
    many = rng.normal(size=(200, 300))
    run = build(traced(lambda a: np.exp(a - a.max(axis=1, keepdims=True)).sum(axis=0), (many,)))
    inputs = [many * i for i in range(1, 5)]
    wanted = [run([each])[0][0] for each in inputs]
    wrong = []

    def work(i):
        for _ in range(20):
            if not np.array_equal(run([inputs[i]])[0][0], wanted[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong


def test_an_array_that_is_made_and_changed_inside_is_new_in_each_run():
    def counted(a):
        count = lifted(np.arange(4.0))
        part = count[1:]
        part += a
        return count * 2, part

    agree(counted, np.ones(3))
    run = build(traced(counted, (np.ones(3),)))
    (one, part), _ = run([np.ones(3)])
    run([np.ones(3)])
    assert one.tolist() == [0, 4, 6, 8]
    assert part.tolist() == [2, 3, 4]


def test_memory_is_kept_for_the_next_call():
    step = Step(traced(lambda a: np.exp(a + 1) * 2, (A,))).step
    step(A)
    (first,) = unwrap(step).__globals__["spare"]
    step(A)
    assert unwrap(step).__globals__["spare"][0] is first


def test_memory_is_reused():
    def chain(a):
        for _ in range(10):
            a = np.exp(a @ B[:3, :3].copy().T * 0.1) - 1
        return a.sum()

    written = Source(simplified(traced(chain, (rng.normal(size=(50, 3)),))))
    assert len(written.buffers) > 10
    assert written.size <= 3 * 50 * 3 * 8


# -- errors -----------------------------------------------------------------------------------------


def checked(a):
    require((a > 0).all(), lambda: ValueError(), "a is not positive")
    return np.sqrt(a)


def test_a_requirement_raises():
    program = traced(checked, (np.ones(3),))
    run = build(program)
    with pytest.raises(ArgumentError, match="a is not positive"):
        run([-np.ones(3)])
    assert run([np.ones(3)])[0][0].tolist() == [1, 1, 1]
    space = {}
    exec(source(program), space)
    with pytest.raises(ValueError, match="a is not positive"):
        space["step"](-np.ones(3))


def test_a_traceback_shows_the_line():
    run = build(traced(lambda a: np.linalg.inv(a), (np.eye(2),)))
    with pytest.raises(np.linalg.LinAlgError) as caught:
        run([np.zeros((2, 2))])
    assert "np.linalg.inv(x)" in "".join(traceback.format_exception(caught.value))


def test_values_give_no_warnings():
    out, _ = build(traced(lambda a: [np.log(a), np.maximum(a, 0) / a], (np.ones(3),)))([np.zeros(3)])
    assert np.isinf(out[0]).all()
    step = Step(traced(lambda a: np.log(a) * lifted(np.ones(1)), (np.ones(3),))).step
    assert np.isinf(step(np.zeros(3))[0]).all()


# -- the text ---------------------------------------------------------------------------------------


def test_the_text_reads_like_numpy():
    text = source(traced(lambda x, t: (x - t) * 2 + x[:, 1:].sum(), (A, A)))
    for line in (
        "subtract(x, t, difference)",
        "x_part = x[:, 1:]",
        "= product + total",
        "total = add.reduce(x_part, None)",
    ):
        assert line in text


def test_parameters_layers_and_sections_are_named():
    model = network()
    optimizer = tg.SGD(model.parameters(), lr=0.1)
    step = step_of(model, optimizer)
    step(A, A[:, :2])
    program = traced(step, (A, A[:, :2]))
    name_memory(program, [*model.layers, model, optimizer], None)
    text = source(simplified(program))
    for line in (
        "layers0_weight = parameters[0:12].reshape(4, 3)",
        "# layers[2]: Linear, (4, 2)",
        "# -- forward --",
        "# -- backward --",
        "# -- update --",
        "x.dot(layers0_weight_T, z)",
        "layers0_weight_T = layers0_weight.T",
        "multiply(lr, gradients, product",
        "d_layers0_weight = gradients[0:12].reshape(4, 3)",
        "loss = ",
    ):
        assert line in text


def test_what_mends_infinities_stands_in_functions_after_the_step():
    step = tg.compile(step_of(network(tg.ReLU), tg.SGD(network().parameters(), lr=0.1)), backend="numpy")
    step(A, A[:, :2])
    lines = step.source.splitlines()
    called = next(i for i, line in enumerate(lines) if line.startswith("        mend_d_z("))
    defined = lines.index(f"def {lines[called].strip()}:")
    assert lines[called - 1].startswith("    if not ")
    assert called < next(i for i, line in enumerate(lines) if line.startswith("    return loss,")) < defined
    assert "# layers[1]: ReLU, (4, 4)" in step.source


def test_functions_that_numpy_lacks_are_given_by_name():
    @whole
    def doubled(a):
        return a * 2

    written = Source(simplified(traced(lambda a: doubled(a) + 1, (A,))))
    assert "# doubled: function" in written.text
    assert written.speller.objects["doubled"].__name__ == "doubled"
    agree(lambda a: doubled(a) + 1, A)


def test_numbers_that_have_no_text_are_given_by_name():
    agree(lambda a: [a * complex(1, np.inf), a + np.longdouble(2), a * np.float16(1.5), a - np.inf, -a * -2j], A)


def test_python_floats_divide_as_numpy_does():
    run = build(traced(lambda a, b: a / b, (1.0, 2.0)))
    assert run([1.0, 0.0])[0][0] == np.inf
