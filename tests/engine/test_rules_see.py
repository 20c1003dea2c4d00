"""What a rule is given: operands in the result's dtype, and arrays that nobody else writes to."""

import gc
import tracemalloc

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like.engine.registry import NUMPY

X = np.array([100.0, 1.1, 0.5])
NARROW = [
    np.uint8(0),
    np.uint8(1),
    np.uint8(2),
    np.int8(-128),
    np.uint16(0),
    np.float16(0.3),
    np.float32(2.5),
    np.bool_(True),
]


@together("kind", ["scalar", "array", "tensor"])
@together("exponent", NARROW)
def test_power_with_a_narrow_exponent(exponent, kind):
    b = {"scalar": exponent, "array": np.array([exponent] * 3), "tensor": tg.Tensor(exponent)}[kind]
    x, wide = X[:2] if kind != "array" else X, float(exponent)
    expected = wide * x ** (wide - 1)
    np.testing.assert_allclose(tg.grad(lambda x: np.power(x, b).sum())(x), expected, rtol=1e-13)
    np.testing.assert_allclose(tg.grad(lambda x: np.float_power(x, b).sum())(x), expected, rtol=1e-13)
    second = np.diagonal(tg.hessian(lambda x: np.power(x, b).sum())(x))
    np.testing.assert_allclose(second, wide * (wide - 1) * x ** (wide - 2), rtol=1e-12)
    np.testing.assert_allclose(tg.jvp(lambda x: np.power(x, b), (x,), (np.ones_like(x),))[1], expected, rtol=1e-13)


@pytest.mark.parametrize(
    "base", [np.float16(2.0), np.float32(3.0), np.uint8(2), np.int8(7)], ids=lambda a: str(a.dtype)
)
def test_power_of_a_narrow_base(base):
    wide = float(base)
    found = tg.grad(lambda x: (base**x).sum())(X)
    np.testing.assert_allclose(found, np.log(wide) * wide**X, rtol=1e-13)


BINARY = [np.multiply, np.divide, np.arctan2, np.hypot, np.logaddexp, np.remainder, np.maximum]


@together("dtype", [np.uint8, np.int8, np.float16, np.float32])
@together("function", BINARY)
def test_two_operands_of_different_dtypes(function, dtype):
    x, narrow = np.array([100.5, 1.25, 77.75]), np.array([100, 3, 77]).astype(dtype)
    wide = narrow.astype(np.float64)
    for f in (lambda x, y: function(x, y).sum(), lambda x, y: function(y, x).sum()):
        np.testing.assert_allclose(tg.grad(f)(x, narrow), tg.grad(f)(x, wide), rtol=1e-14)
        if np.dtype(dtype).kind == "f":
            found = tg.grad(f, argnums=1)(x, narrow)
            assert found.dtype == dtype
            np.testing.assert_allclose(found, tg.grad(f, argnums=1)(x, wide).astype(dtype))


def test_products_of_narrow_matrices():
    x, w = np.random.default_rng(0).normal(size=(3, 4)), np.arange(8).reshape(4, 2).astype(np.uint8) * 30
    for f in (lambda x, w: (x @ w).sum(), lambda x, w: tg.linear(x, w.T).sum()):
        np.testing.assert_allclose(tg.grad(f)(x, w), tg.grad(f)(x, w.astype(float)), rtol=1e-14)


# -- a user's rule cannot write into what it is given -----------------------------------------------


def writes_into_g(g):
    g *= 2
    return g


def writes_into_x(g, x):
    x += 1
    return g


def writes_into_y(g, y):
    np.multiply(y, 2, out=y)
    return g


@pytest.mark.parametrize(
    ("rule", "recorded"),
    [(writes_into_g, False), (writes_into_x, False), (writes_into_y, False), (writes_into_g, True)],
)
def test_a_rule_that_writes_is_named(rule, recorded):
    double = tg.operation(vjp=rule)(lambda x: 2 * x)
    x, z = tg.Tensor([1.0, 2.0], requires_grad=True), tg.Tensor([3.0, 4.0], requires_grad=True)
    y = (double(x * 1.0) + z).sum()
    with pytest.raises(tg.RuleError, match="writes into"):
        y.backward(create_graph=recorded)
    assert (x.grad, z.grad) == (None, None)


def test_a_rule_that_gives_g_itself_shares_nothing():
    same = tg.operation(vjp=lambda g: g)(lambda x: 1.0 * x)
    x, z = tg.Tensor([1.0, 2.0], requires_grad=True), tg.Tensor([3.0, 4.0], requires_grad=True)
    (same(x) + z).sum().backward()
    x.grad *= 5
    assert z.grad.tolist() == [1, 1]


# -- memory -----------------------------------------------------------------------------------------


def test_recipes_do_not_grow_with_the_patterns_of_arguments():
    leaves = [tg.Tensor(float(i), requires_grad=True) for i in range(40)]
    for n in range(2, 40):
        np.stack([*leaves[:n], 1.0]).sum().backward()
        np.concatenate([t.reshape(1) for t in leaves[:n]]).sum().backward()
    stack, concatenate = (tg.engine.registry.REGISTRY[name] for name in ("stack", "concatenate"))
    assert len(stack._recipes) <= 1
    assert len(concatenate._recipes) <= 1
    assert all(len(getattr(p, "_recipes", ())) <= 16 for p in NUMPY.values())


def test_a_plain_array_that_is_used_often_is_copied_once():
    array = np.random.default_rng(0).normal(size=(100_000,))
    w = tg.Tensor(2.0, requires_grad=True)
    gc.collect()
    tracemalloc.start()
    kept = [np.multiply(w, array).sum() for _ in range(20)]
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used < 3 * array.nbytes
    before = array.sum()
    array[0] += 1.0
    after = np.multiply(w, array).sum()
    array[1] += 1.0
    for each in kept:
        w.grad = None
        each.backward()
        assert w.grad.item() == pytest.approx(before, rel=1e-12)
    w.grad = None
    after.backward()
    assert w.grad.item() == pytest.approx(before + 1, rel=1e-12)


# -- many rows, many parts --------------------------------------------------------------------------


def test_rows_of_one_array_add_up_in_one_buffer():
    x = tg.Tensor(np.arange(12.0).reshape(4, 3), requires_grad=True)
    total = 0.0
    for i in (0, 2, 2, -1):
        total = total + (x[i] * (i + 2)).sum() + x[[i, i]].sum()
    (total + x.sum()).backward()
    np.testing.assert_array_equal(x.grad.data[:, 0], [1 + 2 + 2, 1, 1 + 4 + 4 + 4, 1 + 1 + 2])
    assert tg.gradcheck(lambda x: sum((x[i] ** 3).sum() * x[[i, i]].prod() for i in range(4)), x.data / 12)


def test_a_buffer_of_rows_is_not_shared_with_anybody():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = x * 1.0
    z = tg.Tensor([5.0, 6.0], requires_grad=True)
    (np.add(y, z).sum() + y[0] + y[0]).backward()
    assert (x.grad.tolist(), z.grad.tolist()) == ([3, 1], [1, 1])


@pytest.mark.parametrize("join", [np.stack, np.concatenate])
def test_many_parts(join):
    parts = [tg.Tensor([float(i)], requires_grad=i % 3 > 0) for i in range(3000)]
    y = join([*parts, np.ones(1)])
    (y * y).sum().backward()
    assert all((p.grad.item() == 2.0 * i) if i % 3 else p.grad is None for i, p in enumerate(parts))
