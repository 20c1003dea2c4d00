"""Elementwise arithmetic: the operators, powers and roots."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import elementwise
from .samples import between, either_sign, fractions, normal
from .samples import positive as above_zero


def power_base(g: Any, a: Any, b: Any) -> Any:
    if isinstance(b, (int, float)):
        return g * (b * a ** (b - 1)) if b else g * 0.0
    is_pole = (a == 0) & (b == 0)
    return g * np.where(is_pole, 0, b * a ** np.where(is_pole, 1, b - 1))


def power_exponent(g: Any, y: Any, a: Any) -> Any:
    return g * (y * np.log(np.where(a == 0, 1, a)))


add = elementwise("add", np.add, "a b", (lambda g: g, lambda g: g), sample=(normal, normal), symbol="+")
subtract = elementwise("subtract", np.subtract, "a b", (lambda g: g, lambda g: -g), sample=(normal, normal), symbol="−")
multiply = elementwise(
    "multiply",
    np.multiply,
    "a b",
    (lambda g, b: g * b, lambda g, a: g * a),
    sample=(normal, normal),
    symbol="×",
    linear=True,
)
divide = elementwise(
    "divide",
    np.divide,
    "a b",
    (lambda g, b: g / b, lambda g, y, b: -g * (y / b)),
    sample=(normal, either_sign(0.5, 2.0)),
    symbol="÷",
    singular=True,
)
remainder = elementwise(
    "remainder",
    np.remainder,
    "a b",
    (lambda g: g, lambda g, a, b: -g * np.floor_divide(a, b)),
    sample=(fractions, lambda rng, shape: rng.choice([-1.0, 1.0], shape)),
    symbol="mod",
)
fmod = elementwise(
    "fmod",
    np.fmod,
    "a b",
    (lambda g: g, lambda g, y, a, b: -g * np.rint((a - y) / b)),
    sample=(fractions, lambda rng, shape: rng.choice([-1.0, 1.0], shape)),
    symbol="fmod",
)
negative = elementwise("negative", np.negative, "x", lambda g: -g, sample=(normal,), symbol="−x", linear=True)
positive = elementwise("positive", np.positive, "x", lambda g: g, sample=(normal,), symbol="+x", linear=True)
absolute = elementwise("absolute", np.absolute, "x", lambda g, x: g * np.sign(x), sample=(normal,), symbol="|x|")
fabs = elementwise("fabs", np.fabs, "x", lambda g, x: g * np.sign(x), sample=(normal,), symbol="|x|")
square = elementwise("square", np.square, "x", lambda g, x: g * (2 * x), sample=(normal,), symbol="x²")
sqrt = elementwise("sqrt", np.sqrt, "x", lambda g, y: 0.5 * g / y, sample=(above_zero,), symbol="√x", singular=True)
cbrt = elementwise("cbrt", np.cbrt, "x", lambda g, y: g / (3 * y * y), sample=(normal,), symbol="³√x", singular=True)
reciprocal = elementwise(
    "reciprocal", np.reciprocal, "x", lambda g, y: -g * y * y, sample=(normal,), symbol="1/x", singular=True
)
# At a = 0 the exponent's derivative is taken as 0, the limit from the right for b > 0.
power = elementwise(
    "power",
    np.power,
    "a b",
    (power_base, power_exponent),
    sample=(above_zero, between(-2.0, 3.0)),
    symbol="xⁿ",
    singular=True,
)
float_power = elementwise(
    "float_power",
    np.float_power,
    "a b",
    (power_base, power_exponent),
    sample=(above_zero, between(-2.0, 3.0)),
    symbol="xⁿ",
    singular=True,
)
