"""compile(backend="jax"): the same results and the same state as an ordinary step, up to rounding.

JAX compiles slowly, so each program here has several things in it. With TINYGRAD_LIKE_ZOO=1 all layers run.
"""

import os

import numpy as np
import pytest

import tinygrad_like as tg
from tests.compiler.test_compiling import step_of
from tests.nn.zoo import ZOO
from tests.stored import leaves
from tinygrad_like.compiler.to_jax import jax_loading
from tinygrad_like.engine.traces import whole

jax = pytest.importorskip("jax", reason="the backend of JAX needs jax")
rng = np.random.default_rng(0)
FEW = ("BatchNorm1d", "Conv2d", "LSTM", "MultiheadAttention, masks", "Embedding", "Dropout")


def on_jax(function):
    return tg.compile(function, backend="jax")


def runners(step):
    return [each.run for programs in step.programs.values() for each in programs]


def close(got, want, tolerance=1e-12):
    """Equal shapes, dtypes and kinds, and values up to a tolerance."""
    got, want = leaves(got), leaves(want)
    assert list(map(type, got)) == list(map(type, want))
    for g, w in zip(got, want):
        if g is not None:
            g, w = (np.asarray(getattr(each, "data", each)) for each in (g, w))
            assert (g.shape, g.dtype) == (w.shape, w.dtype)
            np.testing.assert_allclose(g, w, 0, tolerance * max(1, np.max(np.abs(w), initial=0)))


def trained(make, data, tolerance, compiled=on_jax):
    """Train two equal models, one compiled, and compare all state after each step."""
    (model, step), (other, ordinary) = make(), make()
    step = compiled(step)
    for x, t in data:
        close(step(x, t), ordinary(x, t), tolerance)
        for p, q in zip(model.parameters(), other.parameters()):
            close([p, p.grad], [q, q.grad], tolerance)
    return step


# -- training -----------------------------------------------------------------------------------------


def test_xor():
    def make():
        tg.seed(0)
        model = tg.Sequential(tg.Linear(2, 3), tg.Sigmoid(), tg.Linear(3, 1), tg.Sigmoid())
        return model, step_of(model, tg.SGD(model.parameters(), lr=0.5, momentum=0.9))

    samples = [(tg.Tensor([float(a), float(b)]), tg.Tensor([float(a ^ b)])) for a in (0, 1) for b in (0, 1)]
    step = trained(make, samples * 5, 1e-12)
    assert [each.general for each in runners(step)] == [False]


def test_mlp_with_adam_in_float32():
    def make():
        tg.seed(0)
        layers = tg.Linear(5, 6, dtype=np.float32), tg.ReLU(), tg.Linear(6, 3, dtype=np.float32)
        model = tg.Sequential(*layers)
        return model, step_of(model, tg.Adam(model.parameters(), lr=0.01), tg.cross_entropy)

    data = [(rng.normal(size=(4, 5)).astype(np.float32), rng.integers(0, 3, 4)) for _ in range(20)]
    trained(make, data, 1e-5)


def test_compiled_ordinary_and_changed_by_hand():
    tg.seed(0)
    model, other = tg.Linear(2, 1), tg.Linear(2, 1)
    other.load_state_dict(model.state_dict())
    steps = [step_of(each, tg.SGD(each.parameters(), lr=0.1, momentum=0.9)) for each in (model, other)]
    compiled = on_jax(steps[0])
    for i in range(6):
        x, t = rng.normal(size=(3, 2)), rng.normal(size=(3, 1))
        close((steps[0] if i % 3 == 2 else compiled)(x, t), steps[1](x, t))
        for each in (model, other):
            each.bias.data += 1
        close([model.weight, model.bias], [other.weight, other.bias])


def test_a_loop_runs_on_the_device():
    def make():
        tg.seed(0)
        model = tg.Linear(2, 1)
        return model, step_of(model, tg.SGD(model.parameters(), lr=0.1))

    (model, step), (other, ordinary) = make(), make()
    xs, ts = rng.normal(size=(10, 2)), rng.normal(size=(10, 1))
    compiled = on_jax(step)
    losses = compiled.loop(xs, ts, epochs=3)
    expected = [[ordinary(x, t).item() for x, t in zip(xs, ts)] for _ in range(3)]
    close(losses, np.array(expected))
    close([model.weight, model.weight.grad], [other.weight, other.weight.grad])
    (run,) = runners(compiled)
    assert any(key != "one" for key, _ in run.compiled)


# -- layers -------------------------------------------------------------------------------------------


def stepped(entry):
    """A layer of the zoo that is trained, and its step."""
    tg.seed(1)
    layer = entry.layer()
    optimizer = tg.SGD(layer.parameters(), lr=0.1) if layer.parameters() else None

    def step(*arrays):
        inputs = [tg.Tensor(x, requires_grad=True) if i in entry.free else x for i, x in enumerate(arrays)]
        results = leaves(layer(*inputs, **entry.options))
        starts = [each for each in results if isinstance(each, tg.Tensor) and each.requires_grad]
        if starts:
            sum((each * each).sum() for each in starts).backward()
        if optimizer is not None:
            optimizer.step()
        return results, [inputs[i].grad for i in entry.free]

    return layer, step


@pytest.mark.parametrize("name", ZOO if os.environ.get("TINYGRAD_LIKE_ZOO") else FEW)
def test_layers(name):
    entry = ZOO[name]
    (layer, step), (other, ordinary) = stepped(entry), stepped(entry)
    step = on_jax(step)
    for seed in (1, 2):
        tg.seed(seed)
        got = step(*entry.arrays(seed))
        tg.seed(seed)
        close(got, ordinary(*entry.arrays(seed)), 1e-10)
    close(list(layer.state_dict().values()), list(other.state_dict().values()), 1e-10)


# -- NumPy's functions --------------------------------------------------------------------------------


def indexed(x, i):
    rows = x[i]
    y = np.zeros_like(x)
    np.add.at(y, i, 1.5)
    y[:, 1::2] -= rows[:1, ::2]
    y.T[0] = x[:, 0]
    y[i[:2], 0] = 7
    corner = y.reshape(2, 6)[:, ::3]
    corner *= 2
    return rows, y, np.take(x, i, axis=1), np.take_along_axis(x, i[:, None], 1)


def in_place(x):
    y, z = x.copy(), x.copy()
    y.sort(axis=0)
    z.fill(2)
    np.copyto(z, x, where=x > 0)
    np.maximum(z[:, :2], y[:, 2:], out=z[:, 1:3])
    np.put(y, [0, -1], [3, 4])
    np.fill_diagonal(y, 1)
    return y, z, np.maximum.accumulate(x, axis=1), x[::-1, ::2], x.T.ravel(order="K")


def mixed(a, b, factor):
    return a / 2, a * b, a.sum(), (a @ b.T), np.mean(a, axis=0), np.where(b > 0, a, b), b * factor, np.var(b)


def algebra(x):
    square = x @ x.T + 3 * np.eye(3)
    return np.linalg.solve(square, x), np.linalg.cholesky(square), np.linalg.eigvalsh(square), np.fft.rfft(x)


X, I4 = rng.normal(size=(3, 4)), rng.integers(-3, 3, (3, 4)).astype(np.int32)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (indexed, (X, np.array([2, 0, -1]))),
        (in_place, (X,)),
        (mixed, (I4, X.astype(np.float32), 2.5)),
        (algebra, (X,)),
    ],
)
def test_plain_functions(function, arguments):
    close(on_jax(function)(*arguments), function(*arguments), 1e-6 if function is mixed else 1e-12)


def test_random_numbers_are_those_of_numpy():
    def function(x):
        draws = tg.random.draws
        return (
            draws().random((3, 5)),
            draws().random(7, np.float32),
            draws().uniform(-np.abs(x), 1),
            draws().normal(size=x.shape),
        )

    step = on_jax(function)
    for _ in range(2):
        tg.seed(4)
        got = [step(X), step(X)]
        tg.seed(4)
        want = [function(X), function(X)]
        close(got, want, 1e-15)
        np.testing.assert_array_equal(got[1][0], want[1][0])
    assert [repr(each) for each in runners(step)[0].plan.called] == ["Draw('normal')"]


def test_a_function_that_jax_does_not_have_runs_in_python():
    def function(x):
        y = x.copy()
        np.divide.at(y, [0, 0], 2.0)
        return y

    step = on_jax(function)
    close(step(X), function(X))
    assert len(runners(step)[0].plan.called) == 1


calls = []


@whole
def counted_into(x, limit):
    calls.append(x.shape)
    if x.max() > limit:
        raise ValueError("too large")
    x += 1


def test_a_function_with_effects_runs_once_in_each_call():
    def function(x):
        y = x * 2
        counted_into(y, 10.0)
        return y

    step = on_jax(function)
    step(np.ones(2))
    calls.clear()
    close([step(np.ones(2)), step(np.full(2, 4.0))], [np.full(2, 3.0), np.full(2, 9.0)])
    assert calls == [(2,), (2,)]
    with pytest.raises(ValueError, match="too large"):
        step(np.full(2, 6.0))
    close(step(np.ones(2)), np.full(2, 3.0))
    rows = jax.NamedSharding(jax.make_mesh((1,), ("batch",)), jax.P("batch"))
    with pytest.raises(tg.TinygradError, match="counted_into runs in Python"):
        tg.compile(function, backend="jax", sharding=rows)(np.ones(2))


def test_arguments_that_are_written_to_and_returned():
    def function(x):
        x[1:] *= 2
        return x, x[::-1]

    step, (one, other) = on_jax(function), (np.arange(4.0), np.arange(4.0))
    got, want = step(one), function(other)
    assert got[0] is one
    close([one, got[1]], [other, want[1]])


def test_no_grad():
    model = tg.Linear(4, 2)
    step = on_jax(lambda x: model(x) * 2)
    with tg.no_grad():
        close(step(X), model(X) * 2)


# -- errors -------------------------------------------------------------------------------------------


def test_an_error_leaves_the_state_as_it_was():
    count = tg.Tensor(np.zeros(2))

    def function(x, i):
        tg.assign(count, count.numpy() + 1)
        return np.linalg.inv(x)[i]

    step = on_jax(function)
    step(np.eye(2), np.array([0, -1]))
    with pytest.raises(IndexError, match="axis with size 2"):
        step(np.eye(2), np.array([0, 2]))
    with pytest.raises(np.linalg.LinAlgError):
        step(np.ones((2, 2)), np.array([0, 1]))
    assert count.numpy().tolist() == [1, 1]


def test_classes_are_checked():
    model = tg.Linear(4, 2)
    step = on_jax(step_of(model, tg.SGD(model.parameters(), lr=0.1), tg.cross_entropy))
    step(X, np.array([0, 1, 1]))
    before = model.weight.numpy().copy()
    with pytest.raises((tg.ArgumentError, IndexError)):  # which of the two checks is first, is not said
        step(X, np.array([0, 1, 2]))
    assert (model.weight.numpy() == before).all()


def test_what_is_not_finite_is_mended_by_the_general_program():
    def function(x):
        t = tg.Tensor(x, requires_grad=True)
        (np.where(x > 0, 1.0, 0.0) * t.sqrt()).sum().backward()
        return t.grad

    step = on_jax(function)
    for values, general in (([1.0, 2.0], False), ([0.0, 2.0], True), ([1.0, 2.0], True)):
        close(step(np.array(values)), function(np.array(values)))
        assert runners(step)[0].general == general


def test_what_is_given_wrongly():
    with pytest.raises(tg.ArgumentError, match="no backend 'tpu'"):
        tg.compile(np.sin, backend="tpu")
    with pytest.raises(tg.ArgumentError, match="devices of JAX"):
        tg.compile(np.sin, sharding=1)
    with pytest.raises(tg.ArgumentError, match=r"jax\.NamedSharding"):
        tg.compile(np.sin, backend="jax", sharding=1)(X)


def test_memory_seen_as_another_dtype_is_refused():
    def function(x):
        y = x.copy()
        y.view(np.int64)[0] = 0
        return y

    with pytest.raises(tg.TinygradError, match="float64 is written to, and also seen as int64"):
        on_jax(function)(X)


def test_without_jax(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "jax", None)
    jax_loading.jax.cache_clear()
    with pytest.raises(tg.MissingError, match=r'pip install "tinygrad_like\[jax\]"'):
        on_jax(np.sin)(X)
    jax_loading.jax.cache_clear()


def test_settings_of_jax_are_not_changed():
    close(on_jax(np.sin)(X), np.sin(X))
    assert not jax.config.jax_enable_x64
