"""What is shown of a compiled function: its source, which runs alone, and its report."""

import copy
import re

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import nn
from tinygrad_like.compiler.looking.measuring import examples
from tinygrad_like.compiler.to_c import native
from tinygrad_like.engine.errors import ArgumentError

FLOATS = np.random.default_rng(5)
X, T = FLOATS.normal(size=(6, 4)), FLOATS.normal(size=(6, 2))
LABELS = np.array([0, 1, 1, 0, 1, 0])


def trained(layers, optimizer, loss=tg.mse, target=T):
    """A training step, and its arguments."""

    def make():
        tg.seed(3)
        model = tg.Sequential(*layers())
        ways = optimizer(model.parameters())

        def step(x, t):
            ways.zero_grad()
            error = loss(model(x), t)
            error.backward()
            ways.step()
            return error

        return step, (X, target)

    return make


def dense(*others):
    return lambda: [nn.Linear(4, 8), *(each() for each in others), nn.Linear(8, 2)]


def sgd(parameters):
    return tg.SGD(parameters, lr=0.1)


STEPS = {
    "tanh, SGD": trained(dense(nn.Tanh), sgd),
    "relu, momentum": trained(dense(nn.ReLU), lambda p: tg.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01)),
    "sigmoid, Adam": trained(dense(nn.Sigmoid), tg.Adam),
    "gelu, AdamW": trained(dense(nn.GELU), tg.AdamW),
    "silu, RMSprop": trained(dense(nn.SiLU), tg.optim.RMSprop),
    "layer norm": trained(dense(lambda: nn.LayerNorm(8)), sgd),
    "batch norm": trained(dense(lambda: nn.BatchNorm1d(8)), sgd),
    "dropout": trained(dense(lambda: nn.Dropout(0.5)), sgd),
    "cross entropy": trained(dense(nn.ReLU), sgd, tg.cross_entropy, LABELS),
    "inference": lambda: ((lambda x: np.tanh(x @ np.ones((4, 3))).sum(axis=0)), (X,)),
    "gradient": lambda: (tg.grad(lambda x: (np.sin(x) * x).sum()), (X,)),
    "plain NumPy": lambda: ((lambda x, scale: np.sort(x, axis=1)[:, ::-1] * scale), (X, 2.0)),
    "two results": lambda: ((lambda x: (x.mean(axis=1), x.reshape(-1)[3:9])), (X,)),
}


@together("name", list(STEPS))
def test_the_source_runs_alone(name):
    function, arguments = STEPS[name]()
    step = tg.compile(function, backend="numpy")
    step(*arguments)
    state = copy.deepcopy(step.state)  # nothing is shared: a parameter is a part of one vector
    expected = step(*arguments)
    space = dict(state)
    exec(step.source, space)
    results = space["step"](*arguments)
    wanted = expected if isinstance(expected, tuple) else (expected,)
    for got, each in zip(results, wanted):
        np.testing.assert_array_equal(got, getattr(each, "_array", each))
    assert state.keys() == step.state.keys()
    for key, array in step.state.items():
        if isinstance(array, np.ndarray):
            np.testing.assert_array_equal(space[key], array, err_msg=key)


def test_the_source_reads_as_a_person_would_have_written_it():
    tg.seed(0)
    model = tg.Sequential(tg.Linear(2, 3), tg.Tanh(), tg.Linear(3, 1), tg.Sigmoid())
    optimizer = tg.SGD(model.parameters(), lr=0.5)

    @tg.compile(backend="numpy")
    def learn(x, t):
        optimizer.zero_grad()
        loss = tg.mse(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    learn(np.ones((4, 2)), np.ones((4, 1)))
    text = learn.source
    for line in (
        "layers0_weight = parameters[0:6].reshape(3, 2)",
        "    # layers[0]: Linear, (4, 3)",
        "    x.dot(layers0_weight_T, z)",
        "    # -- backward --",
        "    add.reduce(d_z, 0, None, d_layers0_bias)",
        "    subtract(parameters, product4, parameters)",
    ):
        assert f"{line}\n" in text
    assert max(map(len, text.splitlines())) <= 120
    assert set(learn.state) >= {"parameters", "gradients", "lr"}
    assert np.shares_memory(learn.state["parameters"], model.layers[0].weight.data)


def test_c_source_is_shown_whatever_runs_the_program():
    step = tg.compile(lambda x: np.tanh(x) + 1.0, backend="numpy")
    step(X)
    assert "static int step(" in step.c_source
    assert "tanh" in step.c_source


def test_variables_and_arguments_keep_their_names():
    scale, offset = np.arange(4.0), tg.Tensor(np.ones(4))
    step = tg.compile(lambda data, rest: data * scale + offset + rest["more"], backend="numpy")
    step(X, {"more": X})
    assert "def step(data, more):" in step.source
    assert {"scale", "offset"} <= set(step.state)


def test_before_the_first_call_there_is_nothing_to_see():
    def half(x):
        return x / 2

    step = tg.compile(half)
    for look in (
        lambda: step.source,
        lambda: step.c_source,
        lambda: step.state,
        step.report,
        step.draw,
    ):
        with pytest.raises(ArgumentError, match=r"half has no program yet.*\n  Write half\(...\) first"):
            look()


def test_the_program_that_was_used_last_is_shown():
    step = tg.compile(lambda x: x + 1.0, backend="numpy")
    step(np.ones(3))
    step(np.ones((2, 2)))
    assert "2×2" in str(step.report())
    step(np.ones(3))
    assert str(step.report()).splitlines()[0].endswith("x 3 float64")
    step.loop(np.ones((5, 1)))
    assert str(step.report()).splitlines()[0].endswith("x 1 float64")
    assert "programs      3, 8 calls" in str(step.report())


@pytest.mark.parametrize("name", ["sigmoid, Adam", "dropout", "batch norm"])
def test_a_report_changes_nothing(name):
    function, arguments = STEPS[name]()
    step = tg.compile(function, backend="numpy")
    step(*arguments)
    before, inputs = copy.deepcopy(step.state), copy.deepcopy(arguments)
    report = step.report()
    assert set(report.parts) == {"forward", "backward", "update"}
    assert all(seconds >= 0 for seconds in report.parts.values())
    for key, array in step.state.items():
        if isinstance(array, np.ndarray):
            np.testing.assert_array_equal(array, before[key], err_msg=key)
    for one, other in zip(arguments, inputs):
        np.testing.assert_array_equal(one, other)


def test_a_report_says_what_there_is():
    function, arguments = STEPS["tanh, SGD"]()
    step = tg.compile(function, backend="numpy")
    for _ in range(3):
        step(*arguments)
    text = str(step.report())
    assert "programs      1, 3 calls\n" in text
    assert repr(step.report()).startswith("step: x 6×4 float64, t 6×2 float64\n")
    assert re.search(r"^backend +NumPy, as asked for$", text, re.MULTILINE)
    assert re.search(r"^instructions +(\d+) in the trace, (\d+) after the passes$", text, re.MULTILINE)
    assert re.search(r"^state +3 arrays, 936 B$", text, re.MULTILINE)
    rows = re.findall(r"^(forward|backward|update|all) +(\d+) ", text, re.MULTILINE)
    assert [name for name, _ in rows] == ["forward", "backward", "update", "all"]
    assert sum(int(count) for _, count in rows[:3]) == int(rows[3][1])


def test_without_a_compiler_a_report_says_what_to_install(monkeypatch):
    monkeypatch.setattr(native, "compiler", lambda: None)
    step = tg.compile(lambda x: x + 1.0)
    step(X)
    monkeypatch.delenv("CC", raising=False)
    assert "there is no C compiler. Write pip install 'tinygrad_like[native]'" in str(step.report())
    monkeypatch.setenv("CC", "/absent/cc")
    assert "there is no C compiler /absent/cc, which the environment names as CC" in str(step.report())


def test_a_report_on_c_lists_loops_and_calls_of_numpy():
    if native.compiler() is None:
        pytest.skip("there is no C compiler")
    step = tg.compile(lambda x: np.sort(np.exp(x) * 2.0, axis=1), backend="c")
    step(X)
    text = str(step.report())
    assert re.search(r"^in C +1 loop, 1 callback to NumPy$", text, re.MULTILINE)
    assert "loops: over what, and which operations\n  6×4 " in text or "\n  24 " in text
    assert re.search(r"^  sort +C has no loop for it$", text, re.MULTILINE)


def test_arguments_that_are_gone_are_made_up():
    step = tg.compile(lambda x, t, scale: x[t] * scale, backend="numpy")
    step(np.arange(5.0), np.array([4, 0]), 2.0)
    x, t, scale = examples(step.last.program, step.last.seen)
    assert (x.shape, x.dtype, t.tolist(), scale) == ((5,), np.float64, [0, 0], 2.0)
    assert "forward" in str(step.report())


def test_a_compiled_function_around_is_not_state():
    space = {"np": np, "tg": tg, "p": tg.Tensor(1.0, requires_grad=True)}
    exec("optimizer = tg.SGD([p], lr=0.1)\ndef step(x):\n    optimizer.step()\n    return x + p\n", space)
    space["step"] = step = tg.compile(space["step"], backend="numpy")  # step is a name in it, too
    for _ in range(3):
        step(np.ones(2))
        step.loop(np.ones((3, 2)).sum(axis=1))
    assert repr(step) == "<compiled step, 2 programs>"
