"""grad, value_and_grad, vjp, jvp, jacobian, hessian: alone, nested in both modes, with closures."""

import itertools
import math

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tinygrad_like import Tensor, grad, hessian, jacobian, jvp, value_and_grad, vjp
from tinygrad_like.engine.errors import ArgumentError, DTypeError, ShapeError, TinygradError

X = np.array([0.5, -1.0, 2.0])
KINDS = {"float": float, "float64": np.float64, "0-d array": np.array, "Tensor": Tensor}


# -- grad and value_and_grad ----------------------------------------------------------------------------


def test_grad_of_a_number():
    assert grad(lambda x: x**3)(2.0) == 12.0


def test_grad_of_an_array():
    np.testing.assert_allclose(grad(lambda x: (np.sin(x) * x).sum())(X), np.cos(X) * X + np.sin(X))


def test_value_and_grad_evaluates_once():
    calls = []

    def f(x):
        calls.append(1)
        return x * x

    assert value_and_grad(f)(3.0) == (9.0, 6.0)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("given", "kind"),
    [(2.0, float), (np.float64(2.0), float), (np.array(2.0), np.ndarray), (np.array([2.0]), np.ndarray)],
)
def test_arrays_give_arrays_and_floats_give_floats(given, kind):
    gradient = grad(lambda x: (x * x).sum())(given)
    assert isinstance(gradient, kind)
    assert not isinstance(gradient, Tensor)
    assert np.shape(gradient) == np.shape(given)


@pytest.mark.parametrize("given", [Tensor(2.0), Tensor([2.0, 3.0]), leaf(2.0), leaf([2.0, 3.0])])
def test_tensors_give_tensors(given):
    value, gradient = value_and_grad(lambda x: (x * x).sum())(given)
    assert (type(value), type(gradient)) == (Tensor, Tensor)
    assert gradient.tolist() == (2 * given.data).tolist()


def test_lists_tuples_and_dicts_are_structure():
    def f(p):
        return np.sum(p["w"] @ p["x"][0]) * p["x"][1]

    point = {"w": np.array([1.0, 2.0]), "x": [np.array([3.0, 4.0]), 2.0]}
    slope = grad(f)(point)
    assert list(slope) == ["w", "x"]
    assert slope["w"].tolist() == [6.0, 8.0]
    assert slope["x"][0].tolist() == [2.0, 4.0]
    assert slope["x"][1] == 11.0
    assert grad(lambda x: x[0] * x[1])([2.0, 3.0]) == [3.0, 2.0]
    assert grad(lambda x: x[0] * x[1])((2.0, 3.0)) == (3.0, 2.0)
    assert grad(lambda a, x: a * x[0] * x[1], (1, 0))(1.0, [2.0, 3.0]) == ([3.0, 2.0], 6.0)
    assert grad(lambda x: 1.0)([]) == []
    assert vjp(lambda x: x[0] * x[1], [2.0, 3.0])[1](1.0) == ([3.0, 2.0],)
    assert jvp(f, (point,), (point,))[1] == pytest.approx(3 * f(point))
    rows = jacobian(lambda x: np.stack([x[0] * x[1], x[0]]))([2.0, 3.0])
    assert [row.tolist() for row in rows] == [[3.0, 1.0], [2.0, 0.0]]
    with pytest.raises(tg.ArgumentError, match="in its input's place"):
        jvp(f, (point,), ([1.0, 1.0, 1.0],))


def test_float32_gives_float32():
    value, gradient = value_and_grad(lambda x: (2.0 * x).sum())(np.ones(2, np.float32))
    assert (value.dtype, gradient.dtype) == (np.float32, np.float32)


@pytest.mark.parametrize(
    ("argnums", "expected"), [(0, 5.0), (1, 2.0), (-1, 2.0), ((0, 1), (5.0, 2.0)), ((1, 0), (2.0, 5.0)), ((1,), (2.0,))]
)
def test_argnums(argnums, expected):
    assert grad(lambda x, y: x * y, argnums)(2.0, 5.0) == expected


def test_options_and_other_arguments_pass_through():
    def f(w, names, *, power):
        return (w ** len(names)) * power

    assert grad(f)(3.0, ["a", "b"], power=10) == 60.0


def test_name_and_docstring_are_kept():
    def energy(x):
        """Of a spring."""
        return x * x

    assert (grad(energy).__name__, grad(energy).__doc__) == ("energy", "Of a spring.")


@pytest.mark.parametrize("f", [lambda x: 3.0, lambda x: np.floor(x), lambda x: x > 1, lambda x: leaf(2.0) * 3])
def test_what_does_not_depend_on_the_input_has_the_gradient_zero(f):
    assert grad(f)(2.0) == 0.0
    assert jvp(f, (2.0,), (1.0,))[1] == 0.0


# -- vjp and jvp -------------------------------------------------------------------------------------------


def outer(x, y):
    return x[:, None] * y


def test_vjp_gives_the_value_and_a_pullback_that_can_be_used_again():
    x, y = X, np.array([1.0, 2.0])
    value, pullback = vjp(outer, x, y)
    np.testing.assert_array_equal(value, np.outer(x, y))
    for g in (np.ones((3, 2)), np.arange(6.0).reshape(3, 2)):
        gx, gy = pullback(g)
        np.testing.assert_allclose(gx, g @ y)
        np.testing.assert_allclose(gy, g.T @ x)


def test_jvp_gives_the_value_and_the_directional_derivative():
    y, s, t = np.array([1.0, 2.0]), np.array([1.0, 0.0, -1.0]), np.array([0.5, 0.25])
    value, tangent = jvp(outer, (X, y), (s, t))
    np.testing.assert_array_equal(value, np.outer(X, y))
    np.testing.assert_allclose(tangent, np.outer(s, y) + np.outer(X, t))


def test_jvp_takes_a_single_input_without_a_tuple():
    assert jvp(lambda x: x * x, 3.0, 1.0) == (9.0, 6.0)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_vjp_and_jvp_give_what_they_were_given(kind):
    x = kind(2.0)
    value, pullback = vjp(lambda x: x * x, x)
    assert (isinstance(value, Tensor), isinstance(pullback(1.0)[0], Tensor)) == (isinstance(x, Tensor),) * 2
    value, tangent = jvp(lambda x: x * x, (x,), (1.0,))
    assert (float(value), float(tangent)) == (4.0, 4.0)
    assert isinstance(tangent, Tensor) == isinstance(x, Tensor)


def test_vjp_and_jvp_are_transposes_of_each_other():
    rng = np.random.default_rng(0)
    f = lambda x, y: np.tanh(outer(x, y)).sum(axis=0) @ np.ones((2, 4)) + x[0]  # noqa: E731
    inputs, tangents, g = (X, np.array([1.0, 2.0])), (rng.normal(size=3), rng.normal(size=2)), rng.normal(size=4)
    pulled = vjp(f, *inputs)[1](g)
    pushed = jvp(f, inputs, tangents)[1]
    assert g @ pushed == pytest.approx(sum(p @ t for p, t in zip(pulled, tangents)))


# -- jacobian and hessian ----------------------------------------------------------------------------------


def test_jacobian_of_a_vector():
    np.testing.assert_allclose(jacobian(lambda x: x**2)(X), np.diag(2 * X))


def test_the_shape_of_a_jacobian_is_output_by_input():
    x, y = np.ones((2, 3)), np.ones(4)
    parts = jacobian(lambda x, y: x.sum() * y[:2] + 0 * x[0, 0], (0, 1))(x, y)
    assert [part.shape for part in parts] == [(2, 2, 3), (2, 4)]


@pytest.mark.parametrize("shape", [(0,), (0, 2)])
def test_a_jacobian_without_rows_or_columns(shape):
    assert jacobian(lambda x: x * 2)(np.ones(shape)).shape == shape + shape
    assert jacobian(lambda x: x[:0])(np.ones(3)).shape == (0, 3)


def test_jacobian_of_a_number():
    assert jacobian(lambda x: x**3)(2.0) == 12.0
    assert jacobian(lambda x: x * np.arange(3.0))(2.0).tolist() == [0.0, 1.0, 2.0]
    assert type(jacobian(lambda x: x**3)(2.0)) is float


def test_hessian_of_a_quadratic_form():
    a = np.arange(9.0).reshape(3, 3)
    np.testing.assert_allclose(hessian(lambda x: x @ a @ x)(X), a + a.T)


def test_hessian_of_several_arguments_is_a_tuple_of_tuples():
    (xx, xy), (yx, yy) = hessian(lambda x, y: (x * x).sum() * y[0] * y[1], (0, 1))(np.ones(3), np.array([2.0, 5.0]))
    np.testing.assert_allclose(xx, 20 * np.eye(3))
    np.testing.assert_allclose(xy, np.outer([2, 2, 2], [5, 2]))
    np.testing.assert_allclose(yx, xy.T)
    np.testing.assert_allclose(yy, [[0, 3], [3, 0]])


@pytest.mark.parametrize("x", [X, Tensor(X), leaf(X)])
def test_jacobian_and_hessian_give_what_they_were_given(x):
    f = lambda x: (x**3).sum()  # noqa: E731
    for result, expected in ((jacobian(grad(f))(x), 6 * np.diag(X)), (hessian(f)(x), 6 * np.diag(X))):
        assert isinstance(result, Tensor) == isinstance(x, Tensor)
        np.testing.assert_allclose(result if isinstance(result, np.ndarray) else result.numpy(), expected)


# -- nesting -------------------------------------------------------------------------------------------------

MODES = {
    "grad": lambda f: grad(f),
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
    "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
    "jacobian": lambda f: jacobian(f),
}
FUNCTIONS = {
    "power": (lambda x: x**5, lambda x: 60 * x**2),
    "exp": (lambda x: np.exp(2 * x), lambda x: 8 * math.exp(2 * x)),
    "sin": (lambda x: np.sin(x) * 3, lambda x: -3 * math.cos(x)),
    "log": (lambda x: np.log(x), lambda x: 2 / x**3),
    "quotient": (lambda x: 1 / x, lambda x: -6 / x**4),
    "linear": (lambda x: x * 4 + 1, lambda x: 0.0),
    "array inside": (lambda x: (np.stack([x, x * x]) ** 2).sum(), lambda x: 24 * x),
}


@pytest.mark.parametrize(("f", "third"), FUNCTIONS.values(), ids=FUNCTIONS)
@together("modes", list(itertools.product(["grad", "vjp", "jvp"], repeat=3)))
def test_every_nesting_of_depth_three_gives_the_third_derivative(f, third, modes):
    for mode in modes:
        f = MODES[mode](f)
    assert f(0.75) == pytest.approx(third(0.75), rel=1e-12, abs=1e-12)


@together("modes", list(itertools.product(["grad", "vjp", "jvp", "jacobian"], repeat=2)))
def test_every_pair_of_ways_gives_the_second_derivative(modes):
    f = lambda x: np.sin(x) * x  # noqa: E731
    for mode in modes:
        f = MODES[mode](f)
    assert f(0.5) == pytest.approx(2 * math.cos(0.5) - 0.5 * math.sin(0.5))


def test_derivatives_of_arrays_nest():
    t = np.array([1.0, 2.0, 3.0])
    third = jvp(lambda x: jvp(grad(lambda x: (x**4).sum()), (x,), (t,))[1], (X,), (t,))[1]
    np.testing.assert_allclose(third, 24 * X * t * t)
    product = grad(lambda x: jvp(lambda x: (x**3).sum(), (x,), (t,))[1])(X)
    np.testing.assert_allclose(product, 6 * X * t)


def test_jvp_along_a_tangent_that_depends_on_the_outer_variable():
    # d/dx of (d/dy y³ along x, at y = x) is d/dx 3x³.
    assert grad(lambda x: jvp(lambda y: y**3, (x,), (x,))[1])(2.0) == 36.0


def test_a_cotangent_that_depends_on_the_outer_variable():
    assert grad(lambda x: vjp(lambda y: y**3, x)[1](x)[0])(2.0) == 36.0
    assert grad(lambda g: vjp(lambda y: y**3, 2.0)[1](g)[0])(1.0) == 12.0
    assert grad(lambda t: jvp(lambda y: y**3, (2.0,), (t,))[1])(1.0) == 12.0


# -- whose perturbation is whose --------------------------------------------------------------------------------


@together("inner", ["grad", "vjp", "jvp"])
@together("outside", ["grad", "vjp", "jvp"])
def test_perturbations_are_not_confused(outside, inner):
    f = MODES[outside](lambda x: x * MODES[inner](lambda y: x + y)(1.0))
    assert f(1.0) == 1.0
    f = MODES[outside](lambda x: x * MODES[inner](lambda y: x * y * y)(3.0))
    assert f(2.0) == 24.0


@together("inner", ["grad", "vjp", "jvp"])
@together("outside", ["grad", "vjp", "jvp"])
def test_the_same_variable_inside_and_outside(outside, inner):
    # The inner function also uses the outer x: d/dx of x²·x at fixed inner input, then through it.
    f = MODES[outside](lambda x: MODES[inner](lambda y: x * x * y * y)(x))
    assert f(2.0) == 6 * 2.0**2


def test_an_inner_derivative_of_a_constant_of_the_outer_one():
    assert grad(lambda x: grad(lambda y: x)(1.0) * x)(3.0) == 0.0


# -- closures, .grad and no_grad ----------------------------------------------------------------------------------


def test_a_gradient_flows_to_outer_variables_through_a_transform():
    w, x = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    gradient = grad(lambda x: (w * x * x).sum())(x)
    (gradient * gradient).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), 8 * w.data * x.data**2)
    np.testing.assert_allclose(x.grad.numpy(), 8 * w.data**2 * x.data)


def test_a_transform_changes_no_grad():
    w, x = leaf([1.0, 2.0]), leaf([3.0, 4.0])
    f = lambda x: (w * x).sum()  # noqa: E731
    grad(f)(x), vjp(f, x)[1](1.0), jvp(f, (x,), (x,)), hessian(f)(x)
    assert (w.grad, x.grad) == (None, None)


def test_what_was_computed_outside_can_still_be_swept():
    w = leaf(3.0)
    h = w * w
    assert grad(lambda x: h * x)(2.0) == 9.0
    h.backward()
    assert w.grad.item() == 6.0


@pytest.mark.parametrize("mode", ["grad", "vjp", "jvp", "jacobian"])
def test_transforms_work_inside_no_grad(mode):
    with tg.no_grad():
        assert MODES[mode](lambda x: x * x)(3.0) == 6.0
        assert MODES[mode](MODES["grad"](lambda x: x**3))(3.0) == 18.0
        assert not MODES[mode](lambda x: x * x)(leaf(3.0)).requires_grad
        assert not tg.is_recording()


def test_no_grad_inside_a_differentiated_function_is_a_constant():
    def f(x):
        with tg.no_grad():
            factor = x * x
        return factor * x

    assert grad(f)(3.0) == 9.0


def test_backward_inside_a_differentiated_function():
    def f(x):
        y = leaf(2.0)
        (y * y * y).backward()
        return x * x * y.grad

    assert grad(f)(1.0) == 24.0


# -- errors ---------------------------------------------------------------------------------------------------------


@together("transform", [grad, value_and_grad, jacobian, hessian])
@together("x", [3, np.array([1, 2]), True, np.int64(2), Tensor([1, 2])])
def test_integers_are_refused(transform, x):
    with pytest.raises(DTypeError, match=r"int|bool|True|3"):
        transform(lambda x: (x * x).sum() if np.ndim(x) else x * x)(x)


@pytest.mark.parametrize("transform", [grad, value_and_grad])
def test_grad_needs_a_single_value(transform):
    with pytest.raises(ShapeError, match=r"shape \(3,\)(.|\n)*jacobian"):
        transform(lambda x: x * x)(X)


@pytest.mark.parametrize("argnums", [2, -3, (0, 2), "x", [0], 0.0])
def test_argnums_that_do_not_exist(argnums):
    with pytest.raises(ArgumentError, match="argnums"):
        grad(lambda x, y: x * y, argnums)(1.0, 2.0)


def test_tangents_and_cotangents_of_a_wrong_shape():
    with pytest.raises(ShapeError, match=r"\(2,\).*\(3,\)"):
        jvp(lambda x: x * x, (X,), (np.ones(2),))
    with pytest.raises(ArgumentError, match="1 inputs, but 2 tangents"):
        jvp(lambda x: x * x, (X,), (X, X))
    with pytest.raises(ShapeError, match=r"\(2,\).*\(3,\)"):
        vjp(lambda x: x * x, X)[1](np.ones(2))


@together("result", [lambda x: None, lambda x: "y", lambda x: {1}])
@together("transform", [grad, lambda f: lambda x: jvp(f, (x,), (1.0,)), jacobian])
def test_a_function_that_returns_no_array(result, transform):
    with pytest.raises(TinygradError, match="must return one array"):
        transform(result)(1.0)


def test_a_pullback_does_not_see_later_writes():
    x, parts = np.array([1.0, 2.0]), [np.array([3.0, 4.0])]
    for given, args in ((x, (x,)), (parts[0], (parts,))):
        before = given.copy()
        _, pullback = vjp(lambda x: x[0] ** 2 if isinstance(x, list) else x**2, *args)
        given[:] = 0.0
        (slope,) = pullback(np.ones(2))
        assert np.array_equal(slope[0] if isinstance(slope, list) else slope, 2 * before)
