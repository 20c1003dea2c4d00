"""gradcheck: passes on right derivatives, fails on wrong ones, and says where."""

import math
import re

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import Layer, Linear, Parameter, Sequential, Sigmoid, Tanh, Tensor, checking, gradcheck, operation
from tinygrad_like.engine.errors import ArgumentError, DTypeError, GradientCheckError
from tinygrad_like.engine.primitive import Primitive

X = np.array([0.5, -1.25, 2.0])
M = np.arange(1.0, 7.0).reshape(2, 3) / 3


def sine(rule):
    """A new operation sin with this rule."""

    @operation(vjp=rule)
    def sine(x):
        return np.sin(x)

    return sine


RIGHT = lambda g, x: g * np.cos(x)  # noqa: E731
WRONG_RULES = {
    "scale": lambda g, x: g * np.cos(x) * 1.001,
    "a tiny scale": lambda g, x: g * np.cos(x) * (1 + 1e-6),
    "sign": lambda g, x: -g * np.cos(x),
    "zero": lambda g, x: g * 0,
    "another function": lambda g, x: g * np.sin(x),
    "one element": lambda g, x: g * np.cos(x) * np.array([1.0, 1.0, 1.5]),
    "shuffled": lambda g, x: (g * np.cos(x))[::-1],
    "nan": lambda g, x: g * np.cos(x) * np.nan,
    "infinite": lambda g, x: g * np.inf,
    "not linear in g": lambda g, x: np.abs(g) * np.cos(x),
    "an offset": lambda g, x: g * np.cos(x) + 1e-3,
}


def failure(*args, **options):
    with pytest.raises(GradientCheckError) as caught:
        gradcheck(*args, **options)
    return str(caught.value)


# -- right functions ---------------------------------------------------------------------------------------

RIGHT_FUNCTIONS = {
    "sin": (np.sin, X),
    "a sum": (lambda x: (x * x).sum(), X),
    "a matrix": (lambda x: x @ x.T, M),
    "two inputs": (lambda a, b: a * b + b, M, X),
    "a float": (lambda x: x**3, 0.7),
    "a float and an array": (lambda x, y: x * y, 0.7, X),
    "a 0-d array": (np.exp, np.array(0.7)),
    "a constant": (lambda x: 0 * x + 2.0, X),
    "linear": (lambda x: 3 * x, X),
    "large values": (lambda x: x * x, 1e6 * X),
    "small values": (lambda x: np.exp(x), 1e-6 * X),
    "not contiguous": (lambda x: np.sin(x), M.T[::-1]),
    "empty": (lambda x: x * 2, np.ones((0, 2))),
    "Tensor": (np.tanh, Tensor(X)),
    "leaf": (np.tanh, Tensor(X, requires_grad=True)),
}


@together("case", RIGHT_FUNCTIONS)
def test_a_right_derivative_passes(case):
    f, *xs = case
    assert gradcheck(f, *xs) is True


@together("order", [1, 2, 3])
@together("modes", [("rev",), ("fwd",), ("rev", "fwd")])
def test_a_right_rule_passes_in_every_order_and_mode(order, modes):
    assert gradcheck(sine(RIGHT), X, order=order, modes=modes)


def test_what_is_not_a_float_is_held_constant():
    assert gradcheck(lambda x, index, power: x[index] ** power, X, np.array([0, 0, 2]), 3)


def test_a_function_with_methods_of_tensors():
    assert gradcheck(lambda x: (x.sigmoid() * x.tanh()).sum(), X)


def test_a_function_that_uses_an_outer_leaf():
    w = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    assert gradcheck(lambda x: np.sin(w * x), X)
    assert w.grad is None


def test_a_function_that_calls_a_layer():
    layer = Linear(3, 2, seed=0)
    assert gradcheck(lambda x: layer(x).sum(), X)


def test_the_inputs_do_not_change():
    x = X.copy()
    gradcheck(np.sin, x)
    np.testing.assert_array_equal(x, X)


def test_it_works_inside_no_grad():
    with tg.no_grad():
        assert gradcheck(sine(RIGHT), X)
        assert "wrong" in failure(sine(WRONG_RULES["sign"]), X)


# -- wrong rules ---------------------------------------------------------------------------------------------


@together("mode", ["rev", "fwd"])
@together("name", [name for name in WRONG_RULES if name not in ("not linear in g", "an offset")])
def test_a_wrong_rule_fails(name, mode):
    assert "is wrong" in failure(sine(WRONG_RULES[name]), X, modes=(mode,), order=1)


def test_a_rule_with_an_offset_fails_in_reverse_mode():
    # Forward mode differentiates the rule by g, so there an offset does no harm.
    assert "is wrong" in failure(sine(WRONG_RULES["an offset"]), X, modes=("rev",), order=1)


def test_a_rule_that_is_not_linear_fails():
    assert "is wrong" in failure(sine(WRONG_RULES["not linear in g"]), X)


@pytest.mark.parametrize("seed", range(5))
def test_a_wrong_rule_fails_with_every_seed(seed):
    assert "is wrong" in failure(sine(WRONG_RULES["scale"]), X, seed=seed)


def test_a_wrong_rule_fails_again_the_next_time():
    wrong = sine(WRONG_RULES["scale"])
    assert failure(wrong, X) == failure(wrong, X)


def test_a_small_slope_beside_a_large_value_is_checked():
    @operation(vjp=lambda g: 2 * g)
    def shifted(x):
        return x + 1e7

    assert "is wrong" in failure(shifted, X)


@pytest.mark.parametrize("wrong", [0, 1])
def test_the_rule_of_each_argument_is_checked(wrong):
    rules = [lambda g, b: g * b, lambda g, a: g * a]
    rules[wrong] = lambda g: g

    @operation(vjp=rules)
    def product(a, b):
        return a * b

    assert f"input {wrong}" in failure(product, X, 2 * X)


def test_the_second_order_finds_what_the_first_cannot():
    # Right for arrays, but it leaves the graph: recorded, it is a constant.
    @operation(vjp=lambda g, x: g * (2 * getattr(x, "numpy", lambda: x)()))
    def square(x):
        return x * x

    assert gradcheck(square, X, order=1)
    assert "order 2" in failure(square, X, order=2)


def test_a_missing_rule_is_an_error_where_it_is_needed():
    @operation(vjp=[lambda g, b: g * b, None])
    def product(a, b):
        return a * b

    assert "input 1" in failure(product, X, 2 * X)


def test_a_missing_rule_is_no_error_where_the_argument_is_constant():
    @operation(vjp=[lambda g, b: g * b, None])
    def product(a, b):
        return a * b

    assert gradcheck(lambda a: product(a, X), X)


# -- what the error says ---------------------------------------------------------------------------------------


def test_the_error_names_input_index_analytic_and_numeric_value():
    @operation(vjp=[lambda g, b: g * b, lambda g, a: g * a * np.array([1.0, 1.0, 3.0])])
    def product(a, b):
        return a * b

    text = failure(product, X, 2 * X)
    assert re.search(r"order 1 in reverse mode is wrong in d output\[2\] / d input 1\[2\]", text)
    analytic, numeric = map(float, re.search(r"analytic ([-\d.e+]+), numeric ([-\d.e+]+)\.", text).groups())
    assert (analytic, numeric) == (pytest.approx(6.0), pytest.approx(2.0))


def test_the_error_names_the_mode():
    wrong = sine(WRONG_RULES["sign"])
    assert "forward mode" in failure(wrong, X, modes=("fwd",))
    assert "reverse mode" in failure(wrong, X, modes=("rev",))


def test_the_error_names_the_indices_of_matrices():
    @operation(vjp=lambda g, x: g * 2 * x + np.array([[0, 0, 0], [0, 9.0, 0]]) * g)
    def square(x):
        return x * x

    assert "d output[1, 1] / d input 0[1, 1]" in failure(square, M)


def test_the_error_of_numbers_has_no_index():
    assert "d output / d input 0:" in failure(sine(WRONG_RULES["sign"]), 0.5)


@pytest.mark.parametrize(
    ("f", "x", "slopes"),
    [
        (tg.relu, 0.0, r"0 on the left, 1 on the right"),
        (lambda x: 3 * np.abs(x - 1) + x, 1 + 1e-9, r"-1\.99\d* on the left, 4 on the right"),
    ],
)
def test_the_error_says_that_a_kink_lies_near(f, x, slopes):
    assert re.search(f"kink lies near.*{slopes}", failure(f, x))


def test_the_error_does_not_speak_of_kinks_where_there_is_none():
    assert "kink" not in failure(sine(WRONG_RULES["scale"]), X)


def test_a_jump_is_found():
    assert "jump lies near" in failure(lambda x: np.sign(x) + x, 0.0)


# -- operations inside a bigger function -------------------------------------------------------------------------


def test_an_operation_in_a_bigger_function_is_checked_on_its_own():
    wrong = sine(WRONG_RULES["scale"])
    assert failure(lambda x: (wrong(x) * 2).sum(), X).startswith("In the operation sine: ")


def test_even_where_the_function_hides_its_error():
    # Multiplied by 0, the wrong rule does not show in the whole.
    wrong = sine(WRONG_RULES["sign"])
    assert failure(lambda x: 0 * wrong(x) + x, X).startswith("In the operation sine: ")


def test_also_in_a_layer():
    class Wave(Layer):
        wrong = staticmethod(sine(WRONG_RULES["sign"]))

        def forward(self, x):
            return self.wrong(x)

    assert failure(Sequential(Linear(3, 2, seed=0), Wave()), X).startswith("In the operation sine: ")


def test_a_right_operation_in_a_bigger_function_passes():
    right = sine(RIGHT)
    assert gradcheck(lambda x: (right(x) * right(2 * x)).sum(), X)


def test_an_operation_of_integers_only_has_nothing_to_check():
    @operation(vjp=lambda g, x: g)
    def lookup(x):
        return x * 2

    assert gradcheck(lambda x: x[lookup(np.array([0, 1]))], X)


def test_an_operation_is_checked_at_every_point_anew():
    square = operation(vjp=lambda g, x: g * np.where(x < 0, 3.0, 2 * x))(lambda x: x * x)
    hidden = lambda x: 0 * square(x) + x  # noqa: E731
    assert gradcheck(hidden, 1.0)
    for _ in range(2):
        assert failure(hidden, -1.0).startswith("In the operation <lambda>: ")
    assert failure(lambda x: hidden(x) + hidden(-x), 1.0).startswith("In the operation <lambda>: ")
    assert gradcheck(hidden, 1.0)


def test_the_same_call_of_an_operation_is_checked_once(monkeypatch):
    checks, check = [], checking.Checker.check
    monkeypatch.setattr(checking.Checker, "check", lambda *args: checks.append(check(*args)))
    right = sine(RIGHT)
    assert gradcheck(lambda x: sum(right(x) for _ in range(5)) + right(2 * x), X)
    assert len(checks) == 3  # right at x, right at 2 x, and the whole


def test_options_and_constants_tell_calls_of_an_operation_apart():
    @operation(vjp=[lambda g, b, *, n: g * b * (n if n < 3 else 1), None])
    def product(a, b, *, n=1.0):
        return a * b * n

    assert gradcheck(lambda a: 0 * (product(a, X) + product(a, b=X, n=2.0)) + a, X)
    assert "In the operation product" in failure(lambda a: 0 * (product(a, X) + product(a, X, n=4.0)) + a, X)
    wrong = operation(vjp=[lambda g, b: g * np.abs(b), None])(lambda a, b: a * b)
    assert gradcheck(lambda a: 0 * wrong(a, X * X) + a, X)
    assert "In the operation" in failure(lambda a: 0 * (wrong(a, X * X) + wrong(a, X)) + a, X)


def test_arguments_of_an_operation_by_name_are_checked_too():
    wrong = operation(vjp=[lambda g, b: g * b, lambda g, a: g])(lambda a, b: a * b)
    assert "input 1" in failure(lambda b: 0 * wrong(X, b=b) + b, X)


def test_the_order_asked_for_holds_for_operations_too():
    # This rule cannot be recorded, so it has a first order only.
    once = sine(lambda g, x: g * np.array([math.cos(v) for v in x]))
    assert gradcheck(once, X, order=1, modes=("rev",))


# -- layers --------------------------------------------------------------------------------------------------------


def test_a_layer_is_checked_with_respect_to_inputs_and_parameters():
    model = Sequential(Linear(3, 4, seed=0), Tanh(), Linear(4, 2, seed=1), Sigmoid())
    before = [p.data.copy() for p in model.parameters()]
    assert gradcheck(model, M)
    for p, old in zip(model.parameters(), before):
        np.testing.assert_array_equal(p.data, old)
        assert (p.grad, p.requires_grad, p.is_leaf) == (None, True, True)


class Scaled(Layer):
    def __init__(self, rules):
        self.parts = [Parameter([2.0, 3.0, 4.0])]
        self.product = Primitive("product", np.multiply, "a b", rules)

    def forward(self, x):
        return self.product(x, self.parts[0])


def test_the_error_names_the_path_of_a_parameter():
    rules = [lambda g, b: g * b, lambda g, a: g * a * 2]
    assert re.search(r"/ d parts\[0\]\[\d\]", failure(Scaled(rules), X))
    rules = [lambda g, b: g * b * 2, lambda g, a: g * a]
    assert re.search(r"/ d input 0\[\d\]", failure(Scaled(rules), X))


def test_a_frozen_parameter_is_held_constant():
    layer = Scaled([lambda g, b: g * b, lambda g, a: g * a * 2])
    layer.parts[0].requires_grad = False
    assert gradcheck(layer, X)


def test_parameters_are_restored_after_a_failure():
    layer = Scaled([lambda g, b: g * b * 2, lambda g, a: g * a])
    failure(layer, X)
    assert (layer.parts[0].tolist(), layer.parts[0].requires_grad) == ([2.0, 3.0, 4.0], True)


def test_a_model_in_an_optimizer_can_be_checked():
    model = Sequential(Linear(3, 2, seed=0), Tanh())
    tg.SGD(model.parameters(), lr=0.1)
    assert gradcheck(model, X)
    assert np.shares_memory(model[0].weight.storage, model[0].bias.storage)


# -- what cannot be checked ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_single_precision_is_refused_and_the_reason_given(dtype):
    found = rf"needs float64 or complex128, but input 1 is {np.dtype(dtype)}(.|\n)*too coarse"
    with pytest.raises(DTypeError, match=found):
        gradcheck(lambda a, b: a * b, X, X.astype(dtype))


def test_a_layer_in_single_precision_is_refused_by_the_name_of_its_parameter():
    with pytest.raises(DTypeError, match=r"layers\[0\]\.weight is float32"):
        gradcheck(Sequential(Linear(3, 2, dtype=np.float32)), X)


def test_a_function_that_leaves_double_precision_is_refused():
    with pytest.raises(DTypeError, match="the function returned float32"):
        gradcheck(lambda x: x.astype(np.float32), X)


@pytest.mark.parametrize("x", [3, np.array([1, 2]), "x"])
def test_there_must_be_a_float(x):
    with pytest.raises(ArgumentError, match=r"no float input(.|\n)*float64"):
        gradcheck(lambda x: x, x)


@pytest.mark.parametrize("options", [{"order": 0}, {"modes": ()}, {"modes": ("rev", "both")}])
def test_orders_and_modes_that_do_not_exist(options):
    with pytest.raises(ArgumentError, match="order >= 1 and modes of 'rev', 'fwd'"):
        gradcheck(np.sin, X, **options)


@pytest.mark.parametrize("offset", [1e3, 1e6, 1e9])
def test_a_wrong_rule_beside_a_large_value_fails(offset):
    @operation(vjp=lambda g, x: 2 * g)
    def shifted(x):
        return x + offset

    assert "is wrong" in failure(shifted, X)
