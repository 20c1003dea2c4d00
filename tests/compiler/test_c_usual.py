"""C programs for ordinary numbers, which are left for the whole program if there are infinities or NaN."""

from functools import partial

import numpy as np
import pytest

import tinygrad_like as tg
from tinygrad_like.compiler.to_c import c_source, native
from tinygrad_like.compiler.to_c.c_usual import usual_operations
from tinygrad_like.compiler.tracing.program import TEMPORARY

pytestmark = pytest.mark.skipif(native.compiler() is None, reason="no C compiler was found")
STRANGE = [np.inf, -np.inf, np.nan, 1e38, -1e38, 0.0, -0.0, 2.0]


def both(approximate, x, g):
    y, pullback = tg.vjp(partial(tg.nn.functional.gelu, approximate=approximate), x)
    return y, *pullback(g)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_strange_numbers_get_what_the_whole_program_gives(approximate):
    rng = np.random.default_rng(1)
    x, g = rng.normal(size=(2, 700)).astype(np.float32)
    strange_x, strange_g = x.copy(), g.copy()
    strange_x[:64], strange_g[:64] = np.repeat(STRANGE, 8), np.tile(STRANGE, 8)
    compiled = tg.compile(partial(both, approximate), backend="c")
    for arguments in ((x, g), (strange_x, g), (x, strange_g), (strange_x, strange_g), (x, g)):
        for got, want in zip(compiled(*arguments), both(approximate, *arguments), strict=True):
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    usual = compiled.c_source.split("RARE int step_whole(")[0].split("loop2(")[1]
    assert usual.count("<= FLT_MAX)") < 4  # a result tells of what it was computed from
    assert "INFINITY" not in usual


def training(inputs=2, hidden=3):
    tg.random.seed(0)
    model = tg.Sequential(tg.Linear(inputs, hidden), tg.Sigmoid(), tg.Linear(hidden, 1), tg.Sigmoid())
    optimizer = tg.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(x, t):
        optimizer.zero_grad()
        loss = tg.mse(model(x), t) / 2
        loss.backward()
        optimizer.step()
        return loss

    return model, step


def test_a_step_that_is_left_has_changed_nothing():
    samples = [([1.0, 2.0], [1.0]), ([np.inf, 0.0], [1.0]), ([0.0, 1.0], [0.5]), ([0.0, 1.0], [np.nan])]
    (model, step), (other, another) = training(), training()
    compiled, numpys = tg.compile(step, backend="c"), tg.compile(another, backend="numpy")
    for x, t in samples:
        arguments = np.array(x), np.array(t)
        np.testing.assert_allclose(compiled(*arguments).numpy(), numpys(*arguments).numpy(), rtol=1e-12)
        for mine, want in zip(model.parameters(), other.parameters()):
            np.testing.assert_allclose(mine.numpy(), want.numpy(), rtol=1e-12)
    assert "return step_whole(memory, error, call);" in compiled.c_source


def test_products_that_are_too_large_are_as_eager():
    rng = np.random.default_rng(0)
    arguments = [rng.choice([1e300, -1e300], size=(2, 3, 4)) for _ in "qkv"]
    attention = tg.nn.functional.scaled_dot_product_attention
    with np.errstate(all="ignore"):
        wanted = attention(*arguments)
    assert np.isfinite(wanted).all()
    np.testing.assert_allclose(tg.compile(attention, backend="c")(*arguments), wanted, rtol=1e-12)


def test_what_is_tested_is_computed(monkeypatch):
    made = []

    def usual(*arguments):
        made.append(usual_operations(*arguments))
        return made[-1]

    monkeypatch.setattr(c_source, "usual_operations", usual)
    _, step = training(40, 40)
    tg.compile(step, backend="c")(np.ones(40), np.ones(1))
    written = set()
    for reads, writes in [each.spans() for each in made[0]]:
        assert {memory for memory, _, _ in reads if memory.kind == TEMPORARY} <= written
        written |= {memory for memory, _, _ in writes}


def test_errors_are_those_of_the_whole_program():
    table = tg.Tensor(np.arange(10.0))

    def step(x, g):
        y, slope = both("tanh", x, g)
        return table[np.where(x > 1e3, 0, np.abs(y) + np.abs(slope)).astype(int)]

    compiled = tg.compile(step, backend="c")
    x, g = np.ones((2, 50))
    assert compiled(x, g)[0] == 1
    x[:3] = np.inf, -np.inf, -1e200
    np.testing.assert_array_equal(compiled(x, g).numpy(), step(x, g).numpy())
    assert "step_whole" in compiled.c_source
    g[4] = np.nan
    with pytest.raises(IndexError, match="out of bounds"):
        compiled(x, g)
