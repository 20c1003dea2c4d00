"""`compile`: when a function is traced, what a program may and may not see, and what is left behind."""

import copy
import pickle
import random
import threading
import tracemalloc

import numpy as np
import pytest

import tinygrad_like as tg
import tinygrad_like.numpy as tnp
from tests.cases import together
from tinygrad_like.compiler import compiling

rng = np.random.default_rng(0)


def step_of(model, optimizer, loss=tg.mse):
    def step(x, t):
        optimizer.zero_grad()
        y = loss(model(x), t)
        y.backward()
        optimizer.step()
        return y

    return step


def pair(optimizer=tg.SGD, **settings):
    """Two equal models with optimizers: (model, optimizer, step) of each."""
    tg.seed(0)
    model = tg.Sequential(tg.Linear(3, 4), tg.Tanh(), tg.Linear(4, 2))
    both = []
    for each in (model, copy.deepcopy(model)):
        made = optimizer(each.parameters(), lr=0.1, **settings)
        both.append((each, made, step_of(each, made)))
    return both


def same(one, other):
    for p, q in zip(one.parameters(), other.parameters()):
        np.testing.assert_array_equal(p.numpy(), q.numpy())
        assert (p.grad is None) == (q.grad is None)
        if p.grad is not None:
            np.testing.assert_array_equal(p.grad.numpy(), q.grad.numpy())


def traces(step):
    return sum(map(len, step.programs.values()))


# -- results and state --------------------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}])
def test_eager_and_compiled_steps_can_be_mixed(settings):
    (one, _, eager), (other, _, plain) = pair(**settings)
    step = tg.compile(plain, backend="numpy")
    for i in range(12):
        x, t = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
        way = plain if i % 3 == 2 else step
        assert eager(x, t).item() == way(x, t).item()
        same(one, other)
    assert traces(step) == 1


def test_a_trace_changes_nothing_by_itself():
    (model, optimizer, plain), _ = pair(tg.Adam)
    before = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())

    def failing(x, t):
        plain(x, t)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tg.compile(failing)(np.ones((2, 3)), np.ones((2, 2)))
    after = model.state_dict(), optimizer.state_dict()
    assert all((before[0][k].numpy() == after[0][k].numpy()).all() for k in before[0])
    assert all(p.grad is None for p in model.parameters())


def test_kinds_of_results():
    step = tg.compile(lambda x, n: {"t": tg.Tensor(x) * 2, "a": (x + 1, x.sum()), "n": n, "none": None})
    for x in (np.array([1.0, 2.0]), np.array([3.0, 5.0])):
        got = step(x, "text")
        assert type(got["t"]) is tg.Tensor
        assert type(got["a"][0]) is np.ndarray
        assert type(got["a"][1]) is np.float64
        assert got["n"] == "text"
        assert got["none"] is None
        np.testing.assert_array_equal(got["t"].numpy(), 2 * x)
        assert got["a"][1] == x.sum()


def test_floats_are_arguments_that_take_the_dtype_of_what_they_meet():
    step = tg.compile(lambda x, k: x * k)
    x = np.ones(3, np.float32)
    for k in (2.0, 3.0, 4.5):
        got = step(x, k)
        assert got.dtype == np.float32
        np.testing.assert_array_equal(got, x * np.float32(k))
    assert traces(step) == 1
    cube = tg.compile(tg.grad(lambda x: x**3))
    assert [cube(2.0), cube(3.0)] == [12.0, 27.0]
    assert type(cube(2.0)) is float
    decayed = tg.compile(lambda x, k: (x * (2 - k * 0.5) ** 2, -k / 3))
    for k in (1.0, 3.0):
        got, number = decayed(x, k)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, x * (2 - k * 0.5) ** 2, rtol=1e-6)
        assert type(number) is float
        assert number == -k / 3


def test_other_kinds_of_arguments_make_other_programs():
    step = tg.compile(lambda x, n=1, *, f=np.sin: f(x) * n)
    x = np.ones(3)
    step(x), step(x + 1)
    assert traces(step) == 1
    assert (step(x, 2) == np.sin(x) * 2).all()
    assert (step(x, f=np.cos) == np.cos(x)).all()
    step(np.ones(4)), step(np.ones(3, np.float32)), step(tg.Tensor(x)), step(x, True)
    assert traces(step) == 7


@pytest.mark.parametrize(
    "x",
    [np.array(["a", "b"]), np.array([None, 1]), np.ma.array([1.0, 2.0], mask=[True, False])],
    ids=["texts", "objects", "masked"],
)
def test_other_kinds_of_arrays_are_given_to_the_function_itself(x):
    step = tg.compile(lambda x: x.shape)
    assert step(x) == x.shape
    assert traces(step) == 0


def test_numbers_of_numpy_are_no_arrays():
    step = tg.compile(lambda x: x * 2)
    assert type(step(np.float64(1.0))) is np.float64
    assert type(step(np.array([1.0])[0:1])) is np.ndarray
    assert type(tg.compile(lambda x: x[...])(np.array(1.0))) is np.ndarray


def test_many_programs_give_a_warning():
    step = tg.compile(lambda x: x + 1)
    for n in range(8):
        step(np.ones(n))
    with pytest.warns(UserWarning, match="9th time"):
        step(np.ones(8))


def test_ways_to_write_it():
    @tg.compile
    def one(x):
        """Says something."""
        return x + 1

    @tg.compile(check=True)
    def two(x):
        return x + 2

    class Model:
        @tg.compile
        def three(self, x):
            return x + 3

    assert one.__doc__ == "Says something."
    assert [one(1.0), two(1.0), Model().three(1.0)] == [2.0, 3.0, 4.0]
    assert "one" in repr(one)
    with pytest.raises(tg.ArgumentError, match="no backend 'fortran'"):
        tg.compile(one, backend="fortran")
    with pytest.raises(tg.ArgumentError, match="takes a function"):
        tg.compile(np.ones(3))


factor = 2.0


def test_variables_around_a_function_are_looked_at():
    global factor
    shift, scale = np.ones(2), [1.0]
    step = tg.compile(lambda x: x * factor * scale[0] + shift)
    for _ in range(2):
        np.testing.assert_array_equal(step(np.ones(2)), np.ones(2) * factor * scale[0] + shift)
        factor, shift = factor + 1.0, shift + 1
        scale[0] += 1
        np.testing.assert_array_equal(step(np.ones(2)), np.ones(2) * factor * scale[0] + shift)


@tg.operation(lambda g, x: g.dot(x))
def doubled(x):
    return x.dot(x) / 2


def multiplied(x, index, factor):
    x = x.copy()
    x[index] *= factor
    return x


def wrote(x, index, value):
    x = x.copy()
    x[index] = value
    return x


@pytest.mark.parametrize(
    "function",
    [
        lambda x: tg.nn.functional.linear(x, x * 2, x[0]),
        lambda x: np.bincount(np.array([2, 0]), x[0], minlength=4),
        doubled,
        lambda x: wrote(x, np.array([1]), 2 * x[0]),
        lambda x: multiplied(x, 0, 2),
        lambda x: (lambda total: total[()] * total + total)(x.sum()),
    ],
)
def test_gradients_of_what_is_taken_and_written(function):
    def step(x):
        x = tg.Tensor(x, requires_grad=True)
        function(x).sum().backward()
        return x.grad

    x = rng.normal(size=(2, 2))
    np.testing.assert_array_equal(tg.compile(step)(x), step(x))


# -- memory -------------------------------------------------------------------------------------------


def test_arrays_of_before_are_read_anew_and_written_in_place():
    factor, total = np.array(2.0), np.zeros(2)

    def step(x):
        nonlocal total
        total += x * factor
        return total

    compiled = tg.compile(step)
    for k in (1.0, 3.0):
        factor[...] = k
        assert compiled(np.array([1.0, 2.0])) is total
    np.testing.assert_array_equal(total, [4.0, 8.0])


@pytest.mark.parametrize(
    "x",
    [np.arange(12.0).reshape(3, 4).T, np.arange(12.0)[::-2], np.zeros((0, 3)), np.array(2.0), np.ones((2, 3), ">f8")],
    ids=["transposed", "backwards", "empty", "0-d", "big-endian"],
)
def test_layouts_of_arguments(x):
    def function(x):
        return np.exp(x) + x.sum(), x * 2

    step = tg.compile(function)
    for each in (x, x + 1):
        for got, expected in zip(step(each), function(each)):
            np.testing.assert_array_equal(got, expected)


def test_results_may_be_arguments_and_views_of_them():
    step = tg.compile(lambda x: (x, x[1:], x.reshape(-1)))
    for _ in range(2):
        x = np.arange(4.0)
        given, view, flat = step(x)
        assert given is x
        assert np.shares_memory(view, x)
        assert np.shares_memory(flat, x)


def test_an_argument_that_is_written_to():
    def step(x):
        x += 1
        return x * 2

    compiled = tg.compile(step)
    for start in (np.zeros(3), np.arange(6.0)[::2], np.ones(3)):
        x, y = start, start.copy()
        np.testing.assert_array_equal(compiled(x), step(y))
        np.testing.assert_array_equal(x, y)


def test_arguments_that_share_memory_with_what_is_written():
    """Such a call is run as it is: the program would take the two for different memory."""
    state = np.zeros(3)

    def step(x, y):
        nonlocal state
        state += x
        x += y
        return state + x

    compiled = tg.compile(step)
    for make in (lambda s: (np.ones(3), np.ones(3)), lambda s: (s, np.ones(3)), lambda s: (s[::-1], s)):
        state[...] = np.arange(3.0)
        expected = step(*make(state)).copy()
        written = state.copy()
        state[...] = np.arange(3.0)
        np.testing.assert_array_equal(compiled(*make(state)), expected)
        np.testing.assert_array_equal(state, written)


def test_an_argument_that_is_written_to_and_read_by_another_name():
    table = np.arange(3.0)

    def step(x, k):
        x += k
        return x + table

    compiled = tg.compile(step)
    for x in (np.ones(3), table):
        expected = x + 2.0 + (table if x is not table else table + 2.0)
        np.testing.assert_array_equal(compiled(x, 2.0), expected)


def test_the_same_array_twice():
    compiled = tg.compile(lambda x, y: x * y)
    x = np.arange(3.0)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(x, x), x * x)


def test_parameters_as_arguments():
    def step(w, x):
        w.grad = None
        loss = (w * x).sum()
        loss.backward()
        return loss

    w = tg.Tensor([1.0, 2.0], requires_grad=True)
    compiled = tg.compile(step)
    for x in (np.array([3.0, 4.0]), np.array([5.0, 6.0])):
        compiled(w, x)
        np.testing.assert_array_equal(w.grad.numpy(), x)
    assert traces(compiled) == 1


def test_what_a_program_gives_is_not_written_to_by_the_next_run():
    step = tg.compile(lambda x: [x + 1, np.concatenate([x, x])], backend="numpy")
    first = step(np.zeros(2000))
    kept = [each.copy() for each in first]
    step(np.ones(2000))
    for got, old in zip(first, kept):
        np.testing.assert_array_equal(got, old)


def test_a_graph_outside_learns_of_the_writes():
    (model, _, plain), _ = pair()
    step = tg.compile(plain)
    for _ in range(2):
        loss = (model(np.ones((1, 3))) ** 2).sum()
        step(np.ones((1, 3)), np.ones((1, 2)))
        with pytest.raises(tg.GraphError, match="overwritten"):
            loss.backward()


def test_gradients_add_up_over_calls():
    (one, _, _), (other, _, _) = pair()

    def add(model):
        def adding(x):
            (model(x) ** 2).sum().backward()

        return adding

    eager, step = add(one), tg.compile(add(other), backend="numpy")
    for _ in range(4):
        x = rng.normal(size=(2, 3))
        eager(x), step(x)
        same(one, other)


# -- what has no graph --------------------------------------------------------------------------------


def test_inside_a_function_that_is_differentiated_it_runs_itself():
    step = tg.compile(lambda x: (x**3).sum())
    step(np.ones(2))
    np.testing.assert_array_equal(tg.grad(lambda x: step(x))(np.array([1.0, 2.0])), [3.0, 12.0])


def test_no_gradient_goes_back_through_what_it_gave():
    model = tg.Linear(3, 2)
    predict = tg.compile(model)
    y = predict(np.ones((2, 3)))
    assert y.requires_grad
    with pytest.raises(tg.GraphError, match="compiled function"):
        y.sum().backward()
    with tg.no_grad():
        assert not predict(np.ones((2, 3))).requires_grad


# -- what cannot be traced ----------------------------------------------------------------------------


@together(
    ("function", "message"),
    [
        (lambda x: x if x.sum() > 0 else -x, "np.where"),
        (lambda x: float(x.sum()), "Leave float"),
        (lambda x: x.tolist(), "tolist"),
        (lambda x: x[x > 0], "mask"),
        (lambda x: np.unique(x), "unique"),
        (lambda x: np.zeros(3)[int(x[0])], "int()"),
        (lambda x: np.array([1.0, x[0]]), "ndarray"),
        (lambda x: range(x), "integer"),
        (lambda x: round(x[0]), "np.round"),
        (lambda x: f"{x[0]:.3f}", "do this outside"),
        (lambda x: x.flat, "reshape"),
        (lambda x: copy.copy(x), "copy"),
        (lambda x: [1, 2][x[0]], "integer"),
    ],
)
def test_python_cannot_see_values(function, message):
    with pytest.raises(tg.TraceError, match=message) as caught:
        tg.compile(function)(np.ones(3))
    assert "In test_compiling.py, line" in str(caught.value)


def test_what_differs_from_call_to_call_is_an_error():
    count = 0

    def counting(x):
        nonlocal count
        count += 1
        return x * count

    def random_number(x):
        return x * random.random()

    def random_array(x):
        return x * np.random.default_rng().normal(size=3)

    def way(x):
        nonlocal count
        count += 1
        return x if count % 2 else -x

    def plain_state(x, state=np.zeros(1)):  # noqa: B008
        state[0] += 1
        return x * state[0]

    for function in (counting, random_number, random_array, way, plain_state):
        with pytest.raises(tg.TraceError, match="differs from call to call") as caught:
            tg.compile(function)(np.ones(3))
        assert "In test_compiling.py, line" in str(caught.value), function


def test_an_array_that_was_kept_cannot_be_used():
    kept = []

    def step(x):
        kept.append(x)
        return x + 1

    tg.compile(step)(np.ones(3))
    with pytest.raises(tg.TraceError, match="kept"):
        kept[0] + 1


def test_check_finds_what_a_trace_does_not_see():
    scale = np.ones(1)
    step = tg.compile(lambda x: x * scale.item(), check=True)
    assert step(np.ones(2))[0] == 1.0
    scale[0] = 2.0
    with pytest.raises(tg.TraceError, match="differs from the function in a result"):
        step(np.ones(2))


def test_a_checked_step_trains_as_it_should():
    (one, _, eager), (other, _, plain) = pair(tg.Adam)
    step = tg.compile(plain, backend="numpy", check=True)
    for _ in range(6):
        x, t = rng.normal(size=(5, 3)), rng.normal(size=(5, 2))
        assert eager(x, t).item() == step(x, t).item()
        same(one, other)


# -- threads ------------------------------------------------------------------------------------------


def test_two_threads_run_one_program():
    step = tg.compile(lambda x: (np.tanh(x @ x) * 2 + x).sum(), backend="numpy")
    inputs = [rng.normal(size=(40, 40)) for _ in range(4)]
    expected = [(np.tanh(x @ x) * 2 + x).sum() for x in inputs]
    wrong = []

    def work(k):
        for _ in range(50):
            if step(inputs[k]) != expected[k]:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    [each.start() for each in threads]
    [each.join() for each in threads]
    assert not wrong
    assert traces(step) == 1


def test_another_thread_is_not_traced():
    started, go_on = threading.Event(), threading.Event()

    def step(x):
        started.set()
        go_on.wait(5)
        return x + 1

    compiled = tg.compile(step)
    thread = threading.Thread(target=compiled, args=(np.ones(2),))
    thread.start()
    started.wait(5)
    t = tg.Tensor([1.0, 2.0], requires_grad=True)
    (t * t).sum().backward()
    go_on.set()
    thread.join()
    assert type(t.grad.numpy()) is np.ndarray
    assert t.grad.tolist() == [2.0, 4.0]


def test_the_limit_of_programs_is_not_hidden():
    assert compiling.MOST == 8


def test_a_tensor_made_in_a_step_may_be_written_to():
    def path(t):
        place = tg.Tensor([0.0, 0.0])
        place[0] = np.cos(t)
        place[1] = 2 * np.sin(t)
        return (place * [1.0, 3.0]).sum()

    slope = tg.compile(tg.grad(path), backend="replay")
    for t in (0.5, 1.0):
        np.testing.assert_allclose(slope(t), tg.grad(path)(t), rtol=1e-15)


def test_lists_with_numbers_of_a_step_become_arrays():
    loss = tg.compile(tg.cross_entropy, backend="replay")
    for scores in ([[0.0, 1.0]], [[2.0, 0.0]]):
        assert loss(scores, [1]) == tg.cross_entropy(scores, [1])


# -- copies -------------------------------------------------------------------------------------------


@tg.compile
def decorated(x):
    return x * 3


class Predicting(tg.Layer):
    def __init__(self):
        self.inner = tg.Linear(2, 1, seed=0)
        self.predict = tg.compile(self.predicted)

    def predicted(self, x):
        return self.inner(x)

    def forward(self, x):
        return self.predict(x)


def test_a_compiled_function_is_copied_and_pickled():
    x = np.ones(2)
    decorated(x)
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert copy.deepcopy(decorated)(x)[0] == 3
    step = tg.compile(np.sin)
    step(x)
    assert pickle.loads(pickle.dumps(step))(x)[0] == np.sin(1)


def test_the_copy_of_a_model_with_a_compiled_method_is_its_own():
    model = Predicting()
    y = model(np.ones((1, 2)))
    other = copy.deepcopy(model)
    other.inner.weight.data = 0.0
    other.inner.bias.data = 5.0
    assert other(np.ones((1, 2))).item() == 5
    assert model(np.ones((1, 2))).item() == y.item()


def test_lists_of_what_is_traced():
    def turned(x):
        filled = tnp.zeros(2)
        filled[0] = x[1]
        return tnp.array([x[0], x[1] * 2]) + filled + tnp.full(2, x[0])

    np.testing.assert_array_equal(tg.compile(turned)(np.array([1.0, 2.0])), [4, 5])
    gradient = tg.grad(lambda x: turned(x).sum())
    np.testing.assert_array_equal(tg.compile(gradient)(np.array([1.0, 2.0])), [3, 3])


def test_the_fast_way_is_for_the_state_that_its_program_was_found_in(monkeypatch):
    """Another thread may look at another state as soon as it can."""
    held = []
    monkeypatch.setattr(compiling, "quick_way", lambda *args: held.append(compiling.tracing._is_owned()))
    tg.compile(lambda x: x * 2)(np.ones(2))
    assert held == [True]


def test_a_first_call_copies_what_it_writes_once():
    total = np.zeros(10**6)

    def step(x):
        np.add(total, x, out=total)
        return total[0]

    tracemalloc.start()
    try:
        tg.compile(step, backend="replay")(1.0)
        assert tracemalloc.get_traced_memory()[1] < 2.5 * total.nbytes  # one to keep, one to exchange them by
    finally:
        tracemalloc.stop()
    assert (total == 1).all()
