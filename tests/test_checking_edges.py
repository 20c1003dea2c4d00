"""gradcheck near the edge of a domain, and of functions that are random."""

import dataclasses
import warnings
from typing import Any

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together

EDGES = {
    "sqrt": (np.sqrt, [1e-4, 3e-6, 1e-2]),
    "log": (np.log, [3e-4, 1e-5]),
    "log2": (np.log2, [3e-4]),
    "log10": (np.log10, [2e-4]),
    "log1p": (np.log1p, [-0.999, -0.99999]),
    "arcsin": (np.arcsin, [0.9999, -0.9999]),
    "arccos": (np.arccos, [0.9999]),
    "arctanh": (np.arctanh, [0.9999, -0.999]),
    "arccosh": (np.arccosh, [1.0001, 1.00003]),
    "power": (lambda x: x**1.5, [1e-4]),
    "power below 1": (lambda x: x**0.3, [2e-4]),
    "reciprocal": (lambda x: 1 / x, [1e-3, -1e-3]),
    "logit": (lambda x: np.log(x) - np.log1p(-x), [1e-4, 0.9999]),
    "x log x": (lambda x: x * np.log(x), [1e-4]),
}


@together("name", list(EDGES))
@together("order", [1, 2])
def test_right_derivatives_near_the_edge_are_right(name, order):
    f, points = EDGES[name]
    for point in points:
        assert tg.gradcheck(f, np.array([point]), order=order), point
    assert tg.gradcheck(f, np.array([*points, 0.5 if name != "arccosh" else 1.5]), order=order)


@together("name", list(EDGES))
@together("mode", ["rev", "fwd"])
def test_wrong_derivatives_near_the_edge_are_wrong(name, mode):
    f, points = EDGES[name]

    def slightly_wrong(x):
        return f(x) + 1e-5 * (x - (x.detach() if isinstance(x, tg.Tensor) else x)) * tg.grad(f)(points[0])

    with pytest.raises(tg.GradientCheckError):
        tg.gradcheck(slightly_wrong, np.array([points[0]]), order=1, modes=[mode])


def test_a_shrunk_step_is_told():
    wrong = tg.operation(vjp=lambda g, x: g / x)(lambda x: np.sqrt(x))
    with pytest.raises(tg.GradientCheckError, match="The step was shrunk to"):
        tg.gradcheck(wrong, np.array([1e-4]))


def test_a_random_function_is_told():
    rng = np.random.default_rng(0)
    with pytest.raises(tg.GradientCheckError, match="Two calls of the function with the same inputs differ"):
        tg.gradcheck(lambda x: (x * rng.normal(size=3)).sum(), np.ones(3))
    with pytest.raises(tg.GradientCheckError, match="Two calls"):
        tg.gradcheck(lambda x: np.where(rng.random(3) < 0.5, x, 0.0), np.ones(3))
    assert tg.gradcheck(lambda x: (x * np.random.default_rng(0).normal(size=3)).sum(), np.ones(3))


@together("seed", range(3))
@together(
    ("f", "x"),
    [
        (np.sqrt, [1e-10, 0.3]),
        (np.log, [1e-6, 1.0]),
        (np.arcsin, [1 - 1e-8, 0.5]),
        (np.arccosh, [1 + 1e-6, 3.0]),
        (np.arctanh, [1e-6 - 1, 0.2]),
        (lambda x: x**-1.5, [1e-6, 2.0]),
        (np.tan, [np.pi / 2 - 1e-3, 1.0]),
        (lambda x: np.log(x / (1 - x)), [1e-6, 0.5]),
        (lambda x: np.log(x).sum(), [1e-6, 1e-2, 1.0]),
        (lambda x: x**x, [1e-6, 2.0]),
    ],
)
def test_closer_to_the_edge_beside_ordinary_values(f, x, seed):
    assert tg.gradcheck(f, np.array(x), seed=seed)


def test_a_doubtful_numeric_derivative_is_told():
    with pytest.raises(tg.GradientCheckError, match="The numeric derivative is itself unsure by"):
        tg.gradcheck(np.tan, np.array([np.pi / 2 - 1e-8]))
    with pytest.raises(tg.GradientCheckError, match="Check further inside its domain"):
        tg.gradcheck(np.sqrt, np.array([0.0]))


def test_a_function_that_differs_only_now_and_then_is_told():
    rng = np.random.default_rng(1)
    with pytest.raises(tg.GradientCheckError, match="Two calls of the function with the same inputs differ"):
        tg.gradcheck(lambda x: x * (rng.random() < 0.8), 1.0, order=1)


def test_what_a_check_computes_outside_the_domain_warns_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert tg.gradcheck(np.log, np.array([1e-6, 1.0]))


@pytest.mark.parametrize("size", [1e12, 1e20, 1e30])
def test_a_zero_rule_is_found_at_huge_inputs(size):
    wrong = tg.operation(vjp=lambda g: g * 0)(lambda x: np.sqrt(x))
    with pytest.raises(tg.GradientCheckError):
        tg.gradcheck(wrong, np.array([size]), order=1)
    assert tg.gradcheck(np.sqrt, np.array([size]))


# -- containers of inputs and results ---------------------------------------------------------------------------


@dataclasses.dataclass
class Spring:
    stiffness: Any
    ends: Any
    name: str = "spring"


X = np.array([0.5, -1.25])


@tg.operation(vjp=lambda g, x: 2.001 * g * x)
def wrong_square(x):
    return x * x


def test_inputs_in_containers_are_checked():
    spring = Spring(2.0, {"left": X, "right": [1.5, 3]})
    f = lambda s, power: s.stiffness * (s.ends["left"] - s.ends["right"][0]) ** s.ends["right"][1] ** power  # noqa: E731
    assert tg.gradcheck(f, spring, 1)
    hidden = lambda s: s.stiffness * tg.tree.leaves(s.ends)[0].detach() + s.ends["right"][0]  # noqa: E731
    with pytest.raises(tg.GradientCheckError, match=r"d output\[\d\] / d input 0\.ends\['left'\]\[\d\]:"):
        tg.gradcheck(hidden, spring)


@pytest.mark.parametrize("modes", [("rev",), ("fwd",)])
def test_each_result_is_checked(modes):
    right = lambda a, b: {"sum": a + b, "all": [a * b, (np.sin(a), 3, "text")], "spring": Spring(a, b)}  # noqa: E731
    assert tg.gradcheck(right, X, 2.0, modes=modes)
    wrong = lambda a, b: {"sum": a + b, "all": [a * b, (np.sin(a.detach()), 3)]}  # noqa: E731
    with pytest.raises(tg.GradientCheckError, match=r"In result \['all'\]\[1\]\[0\]: .*\n*.*order 1"):
        tg.gradcheck(wrong, X, 2.0, modes=modes)


def test_operations_in_a_function_of_several_results_are_checked():
    with pytest.raises(tg.GradientCheckError, match="In the operation wrong_square: "):
        tg.gradcheck(lambda x: (x, 0 * wrong_square(x)), X)


def test_results_without_a_float():
    with pytest.raises(tg.DTypeError, match="returns floats"):
        tg.gradcheck(lambda x: [3, "text"], X)
    with pytest.raises(tg.DTypeError, match="float32"):
        tg.gradcheck(lambda x: [x, x.astype(np.float32)], X)
