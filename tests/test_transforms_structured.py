"""Transforms of functions whose arguments and results are in containers, and what is constant in them."""

import collections
import dataclasses
import functools
from typing import Any

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tinygrad_like import Tensor, grad, hessian, jacobian, jvp, vjp

Pair = collections.namedtuple("Pair", "first second")
W, X = np.array([1.0, -2.0]), np.array([3.0, 0.5])


@dataclasses.dataclass(frozen=True, slots=True)
class Model:
    w: Any
    scale: Any = 2.0
    name: Any = "linear"
    picks: Any = dataclasses.field(default_factory=lambda: np.array([1, 0]))


def plain(value):
    """A result with lists in place of arrays and Tensors, to compare."""
    if dataclasses.is_dataclass(value):
        return type(value).__name__, {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    return tg.tree.mapped(lambda each: each.tolist() if hasattr(each, "tolist") else each, value)


def energy(model, x):
    return model.scale * np.sum((model.w * x)[model.picks] ** 2)


# -- arguments --------------------------------------------------------------------------------------------


def test_the_gradient_of_a_dataclass_is_one():
    slope = grad(energy)(Model(W), X)
    assert type(slope) is Model
    assert (slope.w.tolist(), slope.scale) == ((2 * 2 * W * X**2).tolist(), 10.0)
    assert (slope.picks.tolist(), slope.picks.dtype, slope.name) == ([0.0, 0.0], np.float64, None)


def test_a_dataclass_of_dataclasses():
    @dataclasses.dataclass
    class Outer:
        inner: Any
        parts: list

    slope = grad(lambda o: energy(o.inner, X) * o.parts[0].w)(Outer(Model(W), [Model(3.0), None]))
    assert (slope.inner.scale, slope.parts[0].w, slope.parts[0].scale, slope.parts[1]) == (30.0, 20.0, 0.0, None)


def test_a_cached_property_is_computed_anew():
    @dataclasses.dataclass
    class Disk:
        radius: float

        @functools.cached_property
        def area(self):
            return 3.0 * self.radius**2

    disk = Disk(2.0)
    assert disk.area == 12.0
    assert grad(lambda disk: disk.area)(disk).radius == 12.0


CONSTANTS = {
    "int": (3, 0.0),
    "a large int": (10**30, 0.0),
    "bool": (True, 0.0),
    "np.int64": (np.int64(2), 0.0),
    "array of int": (np.array([[1, 2]]), [[0.0, 0.0]]),
    "array of bool": (np.array([True]), [0.0]),
    "Tensor of int": (Tensor([1, 2]), [0.0, 0.0]),
    "text": ("ab", None),
    "None": (None, None),
    "array of text": (np.array(["a"]), None),
    "function": (np.sin, None),
    "set": ({1}, None),
}


@together(("constant", "zero"), CONSTANTS)
def test_what_is_no_float_is_held_constant(constant, zero):
    seen = []
    f = lambda p: seen.append(p["c"]) or p["x"] ** 2  # noqa: E731
    p = {"c": constant, "x": 3.0}
    assert plain(grad(f)(p)) == {"c": zero, "x": 6.0}
    assert plain(vjp(f, p)[1](1.0)) == ({"c": zero, "x": 6.0},)
    assert jvp(f, (p,), ({"c": None, "x": 1.0},)) == (9.0, 6.0)
    assert jvp(f, (p,), (grad(f)(p),)) == (9.0, 36.0)
    assert all(each is constant for each in seen)
    assert isinstance(grad(f)(p)["c"], Tensor) == isinstance(constant, Tensor)


def test_a_constant_in_a_jacobian_has_the_shape_of_the_result():
    rows = jacobian(lambda p: p[0] * p[1])([X, 3, "a", np.array([1, 2, 3])])
    assert plain(rows) == [[[3.0, 0.0], [0.0, 3.0]], [0.0, 0.0], None, np.zeros((2, 3)).tolist()]


def test_nothing_to_differentiate_is_an_error():
    for p in ({"n": 3}, [1, "a"], Model(1, 2)):
        with pytest.raises(tg.DTypeError, match=r"argument 1, a .*\n.*3\.0, not 3"):
            grad(lambda x, p: x, argnums=(0, 1))(1.0, p)
    with pytest.raises(tg.DTypeError, match=r"3\.0, not 3"):
        grad(lambda x: x)(3)
    others = [("dataclasses", {1.0})]
    others += [(r"backward\(\)", model) for model in (tg.Linear(2, 1), tg.Network([2, 1]))]
    for text, other in others:
        with pytest.raises(tg.DTypeError, match=text):
            grad(lambda x: x)(other)
    assert grad(lambda x, p: x * 2.0, argnums=(0, 1))(1.0, {}) == (2.0, {})


def test_a_number_that_a_dataclass_computed_beforehand_is_refused():
    @dataclasses.dataclass
    class Circle:
        radius: Any

        def __post_init__(self):
            self.unit, self.area = "m", {"square": self.radius**2}

    for p in (Circle(3.0), [1.0, {"c": Circle(X)}]):
        with pytest.raises(tg.ArgumentError, match=r"Circle has the attribute area(.|\n)*property"):
            grad(lambda p: 1.0)(p)
    circle = Circle(3.0)
    del circle.area
    assert grad(lambda p: p.radius**2)(circle).radius == 6.0


def test_a_container_that_contains_itself_is_an_error():
    p = [1.0]
    p.append(p)
    for use in (lambda: grad(lambda p: p[0])(p), lambda: jvp(lambda p: p[0], (p,), (p,))):
        with pytest.raises(tg.ArgumentError, match="contains itself"):
            use()


def test_complex_numbers_inside_are_differentiated():
    for value in (1j, np.array([1j])):
        slopes = grad(lambda p: (p[0] * np.abs(p[1]) ** 2).sum())([3.0, value])
        assert plain(slopes) == [1.0, plain(6 * value)]
        assert jvp(lambda p: p[0] * p[1], ([3.0, value],), ([1.0, 1.0 * value],)) == (3 * value, 4 * value)


def test_a_constant_has_no_tangent():
    with pytest.raises(tg.ArgumentError, match=r"constant 3(.|\n)*0 or None"):
        jvp(lambda p: p[0] * p[1], ([2.0, 3],), ([1.0, 1],))


def test_parameters_in_containers_are_differentiated():
    p = {"w": tg.Parameter(W), "x": X}
    slope = grad(lambda p: (p["w"] * p["x"]).sum())(p)
    assert isinstance(slope["w"], Tensor)
    assert plain(slope) == {"w": X.tolist(), "x": W.tolist()}
    assert p["w"].grad is None


# -- results -------------------------------------------------------------------------------------------------

# From x, y: a container of results, and a function that gives its leaves.
RESULTS = {
    "tuple": (lambda x, y: (x * y, x + y), list),
    "list of floats and arrays": (lambda x, y: [x, 1.0, y.sum() * x, 3], list),
    "named tuple": (lambda x, y: Pair(x * y, np.sin(x)), list),
    "dict": (lambda x, y: {"b": x * x, "a": y}, lambda d: [d["b"], d["a"]]),
    "nested": (lambda x, y: {"u": [x, (y * x,)], "v": ()}, lambda d: [d["u"][0], d["u"][1][0]]),
    "dataclass": (lambda x, y: Model(x * y, y.sum()), lambda m: [m.w, m.scale, m.picks]),
    "twice the same": (lambda x, y: (lambda z: (z, z))(x * y), list),
    "one made of the other": (lambda x, y: (lambda z: (z, z * z))(x * y), list),
    "the inputs": (lambda x, y: (x, y, x), list),
    "with constants": (lambda x, y: [x * y, None, "text", np.argmax(y)], lambda r: [r[0], r[3]]),
}


def joined(f, parts):
    """The same function with one vector as its result."""
    return lambda x, y: np.concatenate([np.reshape(each, -1) for each in parts(f(x, y))])


@together(("f", "parts"), RESULTS)
def test_results_in_containers_are_differentiated_as_one_vector_of_them(f, parts):
    g, expected = joined(f, parts), f(W, X)
    y, pullback = vjp(f, W, X)
    assert plain(y) == plain(expected)
    assert type(y) is type(expected)
    weights = np.random.default_rng(0).normal(size=g(W, X).shape)
    cotangents = iter(np.split(weights, np.cumsum([np.size(each) for each in parts(y)])))

    def cotangent(each):
        number = isinstance(each, (float, int, np.ndarray, np.generic))
        return next(cotangents).reshape(np.shape(each)) if number else None

    if dataclasses.is_dataclass(y):
        g_of = Model(cotangent(y.w), cotangent(y.scale), None, cotangent(y.picks))
    else:
        g_of = tg.tree.mapped(cotangent, y)
    for part, wanted in zip(pullback(g_of), vjp(g, W, X)[1](weights)):
        np.testing.assert_allclose(part, wanted)
    value, tangent = jvp(f, (W, X), (X, W))
    assert plain(value) == plain(expected)
    assert type(tangent) is type(expected)
    found = np.concatenate([np.reshape(each, -1) for each in parts(tangent)])
    np.testing.assert_allclose(found, jvp(g, (W, X), (X, W))[1])
    rows = parts(jacobian(f)(W, X))
    np.testing.assert_allclose(np.concatenate([np.reshape(each, (-1, 2)) for each in rows]), jacobian(g)(W, X))


def test_constants_in_results_have_no_tangent_and_no_cotangent():
    f = lambda x: {"y": x * x, "name": "square"}  # noqa: E731
    assert jvp(f, (3.0,), (1.0,)) == ({"y": 9.0, "name": "square"}, {"y": 6.0, "name": None})
    assert vjp(f, 3.0)[1]({"name": None, "y": 1.0}) == (6.0,)
    assert jacobian(f)(3.0) == {"y": 6.0, "name": None}


def test_none_stands_beside_constants_only():
    f = lambda p: [p["a"] * p["b"]]  # noqa: E731
    p = {"a": X, "b": 2.0}
    with pytest.raises(tg.ArgumentError, match=r"None, but its input has shape \(\) there(.|\n)*zeros"):
        jvp(f, (p,), ({"a": X, "b": None},))
    with pytest.raises(tg.ArgumentError, match=r"None, but the function returned \(2,\) there(.|\n)*zeros"):
        vjp(f, p)[1]([None])


def test_results_of_two_dtypes():
    f = lambda x, y: {"x": x * 2, "y": x * y}  # noqa: E731
    y, pullback = vjp(f, W.astype(np.float32), X)
    assert (y["x"].dtype, y["y"].dtype) == (np.float32, np.float64)
    gx, gy = pullback({"x": np.ones(2), "y": np.ones(2)})
    assert (gx.dtype, gy.dtype) == (np.float32, np.float64)
    assert (gx.tolist(), gy.tolist()) == ((2 + X).tolist(), W.tolist())


@pytest.mark.parametrize("wrong", [[1.0, 1.0], {"a": 1.0}, {"a": 1.0, "c": 1.0}, 1.0, {"a": 1.0, "b": [1.0]}])
def test_a_cotangent_in_other_containers_is_refused(wrong):
    _, pullback = vjp(lambda x: {"a": x, "b": {"c": x}}, 1.0)
    with pytest.raises(tg.ArgumentError, match="in its result's place"):
        pullback(wrong)


def test_grad_needs_a_number_and_says_what_to_write():
    for f in (lambda x: (x, x), lambda x: [x], lambda x: {"y": x}, lambda x: Model(x)):
        with pytest.raises(tg.ShapeError, match=r"single value, but it returned a \w+(.|\n)*has_aux=True"):
            grad(f)(1.0)


def test_a_hessian_of_containers_has_a_block_for_each_pair():
    blocks = hessian(energy)(Model(W, 2.0), X)
    assert np.allclose(blocks.w.w, 4 * np.diag(X**2))
    assert np.allclose(blocks.w.scale, 2 * W * X**2)
    assert np.allclose(blocks.scale.w, 2 * W * X**2)
    assert (blocks.scale.scale, blocks.name, blocks.w.name) == (0.0, None, None)
    assert np.array_equal(blocks.picks.w, np.zeros((2, 2)))
    assert hessian(lambda p: p[0] ** 2 * p[1])((3.0, 2.0)) == ((4.0, 6.0), (6.0, 0.0))


# -- nesting ---------------------------------------------------------------------------------------------------

ENTER = {
    "grad": lambda f: grad(f),
    "vjp": lambda f: lambda p: vjp(f, p)[1](1.0)[0],
    "jvp": lambda f: (
        lambda p: {k: jvp(f, (p,), ({"a": float(k == "a"), "b": float(k == "b"), "n": 0},))[1] for k in "ab"}
    ),
    "jacobian": lambda f: jacobian(f),
}


@together("inner", list(ENTER))
@together("outer", ["jacobian", "jvp", "vjp"])
def test_derivatives_of_derivatives_of_a_dict(outer, inner):
    p = {"a": 2.0, "b": 3.0, "n": 2}
    slope = ENTER[inner](lambda p: p["a"] ** p["n"] * p["b"])
    expected = {"a": {"a": 6.0, "b": 4.0}, "b": {"a": 4.0, "b": 0.0}}
    for i in "ab":
        for j in "ab":
            if outer == "jacobian":
                found = jacobian(slope)(p)[i][j]
            elif outer == "jvp":
                found = jvp(slope, (p,), ({"a": float(j == "a"), "b": float(j == "b"), "n": None},))[1][i]
            else:
                y, pullback = vjp(slope, p)
                found = pullback({k: float(k == i) for k in y})[0][j]
            assert found == expected[i][j], (i, j)


def test_a_third_derivative_through_results_in_containers():
    f = lambda x: {"cube": x**3, "pair": [x**2, 7]}  # noqa: E731
    first = lambda x: jvp(f, (x,), (1.0,))[1]  # noqa: E731
    second = lambda x: vjp(first, x)[1]({"cube": x, "pair": [1.0, 0]})[0]  # noqa: E731
    assert second(2.0) == 2.0 * 6 * 2 + 2
    assert grad(second)(2.0) == 24.0  # of 6 x² + 2
    assert jvp(second, (2.0,), (1.0,))[1] == 24.0
    assert jacobian(lambda x: jacobian(f)(x))(2.0) == {"cube": 12.0, "pair": [2.0, 0.0]}


def test_each_result_is_recorded_if_it_depends_on_the_outside():
    w = leaf(2.0)
    f = lambda x: {"own": x * x, "outer": w * x}  # noqa: E731
    y, pullback = vjp(f, 3.0)
    value, tangent = jvp(f, (3.0,), (1.0,))
    rows = jacobian(f)(3.0)
    for each in (y, value, tangent, rows):
        assert (type(each["own"]), type(each["outer"])) == (float, Tensor)
    (slope,) = pullback({"own": 1.0, "outer": 5.0})
    (slope + y["outer"] + tangent["outer"] + rows["outer"]).backward()
    assert w.grad.item() == 5.0 + 3.0 + 1.0 + 1.0


def test_many_results_of_a_long_chain_cost_linear_time():
    def states(x):
        kept = []
        for _ in range(400):
            x = x * 1.0
            kept.append(x)
        return kept

    value, pullback = vjp(states, 2.0)
    assert value == [2.0] * 400
    assert pullback([1.0] * 400) == (400.0,)
