"""Cases that other frameworks got wrong, and their relatives: derivatives at poles, zeros and 0/0.

Names such as "HIPS autograd #802" say where a case was first reported. Ties, axes,
dtypes and broadcasting are in test_known_array_failures.py; graphs, memory and models in test_known_graph_failures.py.
"""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tinygrad_like import Tensor

FLOATS = [np.float16, np.float32, np.float64]


def gradient(f, *values, dtype=float):
    """The gradients of the sum of f, by backward; NumPy's own warnings about poles are not the subject."""
    xs = [leaf(value, dtype) for value in values]
    with np.errstate(all="ignore"):
        f(*xs).sum().backward()
    parts = [x.grad.numpy() for x in xs]
    return parts[0] if len(parts) == 1 else parts


def by_backward(f):
    return lambda x: float(gradient(f, x))


def by_jvp(f):
    return lambda x: tg.jvp(f, x, 1.0)[1]


def by_create_graph(f):
    def second(x):
        x = leaf(x)
        f(x).backward(create_graph=True)
        first, x.grad = x.grad, None
        if first.requires_grad:
            first.backward()
        return 0.0 if x.grad is None else x.grad.item()

    return second


FIRST = {"backward": by_backward, "grad": tg.grad, "jvp": by_jvp}
SECOND = {
    "grad grad": lambda f: tg.grad(tg.grad(f)),
    "jvp grad": lambda f: by_jvp(tg.grad(f)),
    "grad jvp": lambda f: tg.grad(by_jvp(f)),
    "jvp jvp": lambda f: by_jvp(by_jvp(f)),
    "hessian": tg.hessian,
    "create_graph": by_create_graph,
}
first_order = pytest.mark.parametrize("derivative", FIRST.values(), ids=FIRST.keys())
second_order = pytest.mark.parametrize("derivative", SECOND.values(), ids=SECOND.keys())


def check(derivative, f, x, expected):
    with np.errstate(all="ignore"):
        assert derivative(f)(x) == pytest.approx(expected, rel=1e-12, abs=1e-12, nan_ok=True)


# -- the branch that np.where does not select (HIPS autograd #802, PyTorch #16317) ------------------

UNSELECTED = {
    # name: (the branch, the point at which x * x is selected instead)
    "sqrt of a negative number": (np.sqrt, -1.0),
    "sqrt": (np.sqrt, 0.0),
    "cbrt": (np.cbrt, 0.0),
    "log of a negative number": (np.log, -1.0),
    "log": (np.log, 0.0),
    "log of log": (lambda x: np.log(np.log(x)), 0.0),
    "log1p": (np.log1p, -1.0),
    "entropy": (lambda x: x * np.log(x), 0.0),
    "x / x": (lambda x: x / x, 0.0),
    "sinc": (lambda x: np.sin(x) / x, 0.0),
    "1 / x": (lambda x: 1 / x, 0.0),
    "1 / x twice": (lambda x: 1 / x / x, 0.0),
    "reciprocal": (np.reciprocal, 0.0),
    "negative power": (lambda x: x**-2.0, 0.0),
    "fractional power": (lambda x: x**0.5, -1.0),
    "variable power": (lambda x: x ** (x - 1), 0.0),
    "remainder": (lambda x: np.remainder(1.0, x), 0.0),
    "fmod": (lambda x: np.fmod(1.0, x), 0.0),
    "arcsin": (np.arcsin, 2.0),
    "arccos": (np.arccos, 1.0),
    "arctanh": (np.arctanh, 1.0),
    "arccosh": (np.arccosh, 0.5),
    "arctan2": (lambda x: np.arctan2(x, x), 0.0),
    "exp overflows": (np.exp, 1e3),
    "softplus": (lambda x: np.log1p(np.exp(x)), 1e3),
    "expm1 overflows": (np.expm1, 1e3),
    "exp2 overflows": (np.exp2, 2e3),
    "exp times x": (lambda x: x * np.exp(x), 1e3),
    "sinh overflows": (np.sinh, 1e3),
    "cosh overflows": (np.cosh, 1e3),
    "square overflows": (lambda x: np.square(np.exp(x)), 1e3),
    "power overflows": (lambda x: np.exp(x) ** 3, 1e3),
    "product with inf": (lambda x: x * np.inf, 2.0),
    "product of inf": (lambda x: np.exp(x) * np.exp(x), 1e3),
    "sin of inf": (lambda x: np.sin(1 / x), 0.0),
    "tan of inf": (lambda x: np.tan(1 / x), 0.0),
    "tanh of inf": (lambda x: np.tanh(1 / x), 0.0),
    "arctan of inf": (lambda x: np.arctan(1 / x), 0.0),
    "hypot of inf": (lambda x: np.hypot(1 / x, x), 0.0),
    "absolute of inf": (lambda x: np.abs(1 / x), 0.0),
    "logaddexp of inf": (lambda x: np.logaddexp(1 / x, x), 0.0),
    "maximum of inf": (lambda x: np.maximum(1 / x, x), 0.0),
    "sigmoid of -inf": (lambda x: tg.sigmoid(np.log(x)), 0.0),
    "relu of inf": (lambda x: tg.relu(1 / x), 0.0),
}
unselected = together(("branch", "point"), UNSELECTED)


@first_order
@unselected
def test_a_branch_that_is_not_selected_has_no_gradient(branch, point, derivative):
    check(derivative, lambda x: np.where(x == point, x * x, branch(x)), point, 2 * point)


@second_order
@unselected
def test_a_branch_that_is_not_selected_has_no_second_derivative(branch, point, derivative):
    check(derivative, lambda x: np.where(x == point, x * x, branch(x)), point, 2.0)


@first_order
def test_the_other_side_of_a_square_root(derivative):
    check(derivative, lambda x: np.where(x >= 0, x, np.sqrt(-x)), 1.0, 1.0)
    check(derivative, lambda x: np.where(x >= 0, x, np.sqrt(-x)), -4.0, -0.25)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_quotient_that_is_not_selected(dtype):
    x, n = gradient(lambda x, n: np.where(n == 0, 0, x / n), [0.0, 1.0], [0.0, 2.0], dtype=dtype)
    assert (x.tolist(), n.tolist()) == ([0.0, 0.5], [0.0, -0.25])
    assert x.dtype == n.dtype == dtype


def test_a_quotient_that_is_not_selected_where_it_is_broadcast():
    x, n = gradient(lambda x, n: np.where(n == 0, 0, x / n), [[1.0, 2.0]], [[0.0], [2.0]])
    assert (x.tolist(), n.tolist()) == ([[0.5, 0.5]], [[0.0], [-0.75]])


def test_a_softmax_over_nothing_but_minus_infinity_is_not_selected():
    x = leaf([[-np.inf, -np.inf], [0.0, 0.0], [-np.inf, 0.0]])
    hidden = np.isinf(x.numpy()).all(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        np.where(hidden, 0, tg.softmax(x))[:, 1].sum().backward()
    assert x.grad.tolist() == [[0.0, 0.0], [-0.25, 0.25], [0.0, 0.0]]


@first_order
@together(
    "choose",
    [
        tg.relu,
        lambda x: np.maximum(x, 0),
        lambda x: np.fmax(0, x),
        lambda x: -np.minimum(-x, 0),
        lambda x: np.clip(x, 0, 4),
        lambda x: np.where(x > 0, x, 0),
        lambda x: np.max(np.stack([x, 0.0])),
    ],
)
def test_a_choice_passes_nothing_to_what_it_did_not_choose(choose, derivative):
    """Also where the cotangent is infinite: the root has its pole at the chosen 0."""
    check(derivative, lambda x: np.sqrt(choose(x)), -1.0, 0.0)


# -- singular points ---------------------------------------------------------------------------------


@together("power", [1, 2])
@together("dtype", FLOATS)
@together(
    ("shape", "options"),
    [
        ((3,), {}),
        ((2, 3), {}),
        ((2, 3), {"axis": 0}),
        ((2, 3), {"axis": -1, "keepdims": True}),
        ((2, 3), {"ord": "fro", "axis": (0, 1)}),
        ((3,), {"ord": 2}),
        ((3,), {"ord": 3}),
        ((3,), {"ord": 1}),
    ],
)
def test_the_norm_of_zeros_has_the_gradient_zero(shape, options, dtype, power):
    """HIPS autograd #151, #570: 0/0 in the rule, 0 by convention."""
    x = np.zeros(shape, dtype)
    f = lambda x: np.linalg.norm(x, **options) ** power  # noqa: E731
    got = gradient(f, x, dtype=dtype)
    assert got.shape == shape
    assert got.dtype == dtype
    assert not got.any()
    assert not np.any(tg.jvp(f, (x,), (np.ones(shape, dtype),))[1])
    assert np.isfinite(tg.hessian(lambda x: f(x).sum())(x)).all()


def test_a_row_of_zeros_does_not_spoil_the_others():
    got = gradient(lambda x: np.linalg.norm(x, axis=1), [[0.0, 0.0], [3.0, 4.0]])
    np.testing.assert_allclose(got, [[0, 0], [0.6, 0.8]])
    assert [float(part) for part in gradient(np.hypot, 0.0, 0.0)] == [0.0, 0.0]


@together("power", [1, 2])
@together("dtype", FLOATS)
@together(
    ("values", "options"),
    [
        ([1.0, 1.0], {}),
        ([1.0, 1.0], {"ddof": 1}),
        ([3.0], {}),
        ([[0.1, 0.1, 0.1], [0.7, 0.7, 0.7]], {"axis": 1}),
        ([[0.1, 0.7], [0.1, 0.7], [0.1, 0.7]], {"axis": 0, "keepdims": True}),
        (0.3, {}),
    ],
)
def test_the_standard_deviation_of_equal_values_has_the_gradient_zero(values, options, dtype, power):
    """PyTorch #4320; a mean that is rounded must not make the values differ."""
    f = lambda x: np.std(x, **options) ** power  # noqa: E731
    x = np.array(values, dtype)
    got = gradient(f, x, dtype=dtype)
    assert got.dtype == dtype
    assert not got.any()
    assert not np.any(tg.jvp(f, (x,), (np.ones(x.shape, dtype),))[1])
    assert np.isfinite(tg.hessian(lambda x: f(x).sum())(x)).all()


def test_equal_rows_do_not_spoil_the_others():
    got = gradient(lambda x: np.std(x, axis=1), [[1.0, 1.0], [1.0, 3.0]])
    np.testing.assert_allclose(got, [[0, 0], [-0.5, 0.5]])


@second_order
@together(
    ("f", "x", "expected"),
    [
        (lambda x: np.log(x) ** 2, 1.0, 2.0),
        (lambda x: np.log2(x) ** 2, 1.0, 2 / np.log(2) ** 2),
        (lambda x: np.log10(x) ** 2, 1.0, 2 / np.log(10) ** 2),
        (lambda x: np.log1p(x) ** 2, 0.0, 2.0),
        (lambda x: (x / 3) ** 2, 0.0, 2 / 9),
        (lambda x: (1 / x - 1) ** 2, 1.0, 2.0),
        (lambda x: (np.reciprocal(x) - 1) ** 2, 1.0, 2.0),
        (lambda x: (np.sqrt(x) - 2) ** 2, 4.0, 1 / 8),
        (lambda x: (x**0.5 - 2) ** 2, 4.0, 1 / 8),
        (lambda x: (np.float_power(x, 0.5) - 2) ** 2, 4.0, 1 / 8),
        (lambda x: (np.cbrt(x) - 2) ** 2, 8.0, 1 / 72),
        (lambda x: np.arcsin(x) ** 2, 0.0, 2.0),
        (lambda x: np.arctanh(x) ** 2, 0.0, 2.0),
        (lambda x: np.arctan2(x, 1.0) ** 2, 0.0, 2.0),
        (lambda x: (np.exp(x) - 1) ** 2, 0.0, 2.0),
        (lambda x: (x * 3) ** 2, 0.0, 18.0),
    ],
)
def test_a_zero_cotangent_alone_does_not_zero_the_second_derivative(f, x, expected, derivative):
    check(derivative, f, x, expected)


@second_order
@together("root", [lambda x: x**0.5, np.sqrt, lambda x: np.power(x, 0.5)])
def test_a_root_that_is_squared_away_is_finite_at_zero(root, derivative):
    """The chain rule itself is 0 times infinity here; it must not come out as nan."""
    assert np.isfinite(derivative(lambda x: (root(x) ** 2) ** 2)(0.0))


# -- products, powers --------------------------------------------------------------------------------


@together("dtype", FLOATS)
@together(
    ("values", "expected"),
    [
        ([0, 2, 3], [6, 0, 0]),
        ([2, 0, 3], [0, 6, 0]),
        ([2, 3, 0], [0, 0, 6]),
        ([0, 0, 3], [0, 0, 0]),
        ([2, 3, 4], [12, 8, 6]),
        ([0], [1]),
        (0, 1),
        ([], []),
    ],
)
def test_a_product_with_zeros(values, expected, dtype):
    """HIPS autograd #93, #378."""
    x = np.array(values, dtype)
    got = gradient(np.prod, x, dtype=dtype)
    assert (got.tolist(), got.dtype, got.shape) == (expected, dtype, x.shape)
    assert tg.jvp(np.prod, (x,), (np.ones_like(x),))[1] == np.sum(expected)


@pytest.mark.parametrize("axis", [0, -1, 1, (0, 2), (2, 0), (-1, 1), None])
def test_a_product_with_zeros_over_axes(axis):
    x = np.array([[[0.0, 2], [3, 0], [5, 6]], [[0, 0], [3, 4], [0, 6]]])
    others = np.empty_like(x)
    for index in np.ndindex(x.shape):
        changed = x.copy()
        changed[index] = 1.0
        others[index] = np.broadcast_to(np.prod(changed, axis=axis, keepdims=True), x.shape)[index]
    np.testing.assert_array_equal(gradient(lambda x: np.prod(x, axis=axis), x), others)


def test_the_hessian_of_a_product_with_zeros():
    assert tg.hessian(np.prod)(np.array([0.0, 2, 3])).tolist() == [[0, 3, 2], [3, 0, 0], [2, 0, 0]]
    assert tg.hessian(np.prod)(np.array([0.0, 0, 3])).tolist() == [[0, 3, 0], [3, 0, 0], [0, 0, 0]]


@together("dtype", FLOATS)
@together(
    ("base", "exponent", "d_base", "d_exponent"),
    [
        (-2.0, 2.0, -4.0, np.nan),
        (-2.0, 3.0, 12.0, np.nan),
        (-2.0, 1.0, 1.0, np.nan),
        (-2.0, -1.0, -0.25, np.nan),
        (0.0, 2.0, 0.0, 0.0),
        (0.0, 1.0, 1.0, 0.0),
        (0.0, 0.0, 0.0, 0.0),
        (3.0, 0.0, 0.0, np.log(3.0)),
    ],
)
@together("power", [np.power, np.float_power])
def test_a_power_at_the_edges(power, base, exponent, d_base, d_exponent, dtype):
    """TensorFlow.js #346: the gradient of the base is right where that of the exponent does not exist."""
    for a, b in ((base, exponent), ([base, 2.0], [exponent, 2.0])):
        got = gradient(power, a, b, dtype=dtype)
        assert [part.dtype for part in got] == [dtype, dtype]
        assert [part.flat[0] for part in got] == pytest.approx([d_base, d_exponent], nan_ok=True, rel=1e-3)
    number = gradient(lambda a: power(a, exponent), base, dtype=dtype)
    assert float(number) == pytest.approx(d_base, rel=1e-3)
    assert float(tg.jvp(lambda a: power(a, exponent), base, 1.0)[1]) == pytest.approx(d_base)


def test_the_second_derivative_of_a_power_of_a_negative_number():
    assert tg.grad(tg.grad(lambda a: a**3))(-2.0) == -12.0
    assert tg.grad(tg.grad(lambda a: a ** Tensor(3.0)))(-2.0) == -12.0
    assert tg.grad(tg.grad(lambda a: a**2))(0.0) == 2.0
