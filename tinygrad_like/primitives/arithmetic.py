"""Elementwise arithmetic: the operators, powers and roots."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import ufunc
from .complexes import direction
from .samples import between, either_sign, fractions, normal
from .samples import positive as above_zero


def power_base(g: Any, a: Any, b: Any) -> Any:
    if isinstance(b, (int, float)):
        return g * (b * a ** (b - 1)) if b else g * 0.0
    is_pole = (a == 0) & (b == 0)
    return g * (b * a ** np.where(is_pole, 1, b - 1))


def power_exponent(g: Any, y: Any, a: Any) -> Any:
    base = np.where(a == 0, 1, a)
    if base.dtype.kind != y.dtype.kind:  # a plain number, whose logarithm may be complex
        base = base.astype(y.dtype)
    return g * (y * np.log(base))


add = ufunc(np.add, (lambda g: g, lambda g: g), sample=(normal, normal), symbol="+")
subtract = ufunc(np.subtract, (lambda g: g, lambda g: -g), sample=(normal, normal), symbol="−")
multiply = ufunc(
    np.multiply, (lambda g, b: g * b, lambda g, a: g * a), sample=(normal, normal), symbol="×", linear=True
)
divide = ufunc(
    np.divide,
    (lambda g, b: g / b, lambda g, y, b: -g * (y / b)),
    sample=(normal, either_sign(0.5, 2.0)),
    symbol="÷",
    singular=True,
)
remainder = ufunc(
    np.remainder,
    (lambda g: g, lambda g, a, b: -g * np.floor_divide(a, b)),
    sample=(fractions, lambda rng, shape: rng.choice([-1.0, 1.0], shape)),
    symbol="mod",
    formulas={"b": "−g · ⌊a / b⌋"},
)
fmod = ufunc(
    np.fmod,
    (lambda g: g, lambda g, y, a, b: -g * np.rint((a - y) / b)),
    sample=(fractions, lambda rng, shape: rng.choice([-1.0, 1.0], shape)),
    symbol="fmod",
)
negative = ufunc(np.negative, lambda g: -g, sample=(normal,), symbol="−x", linear=True)
positive = ufunc(np.positive, lambda g: g, sample=(normal,), symbol="+x", linear=True)
absolute = ufunc(
    np.absolute, lambda g, x: g * direction(x), sample=(normal,), symbol="|x|", formulas={"x": "g · sign(x)"}
)
fabs = ufunc(np.fabs, lambda g, x: g * np.sign(x), sample=(normal,), symbol="|x|", real="Write np.abs(z).")
copysign = ufunc(np.copysign, (lambda g, a, b: g * np.sign(a) * np.copysign(1, b), None), sample=(normal, normal))
ldexp = ufunc(
    np.ldexp,
    (lambda g, b: np.ldexp(g, b), None),
    sample=(normal, lambda rng, shape: rng.integers(-3, 4, shape)),
    symbol="x·2ⁿ",
    linear=True,
)
# The next number is as far away as rounding: the derivative is that of a itself.
nextafter = ufunc(np.nextafter, (lambda g: g, None), sample=(normal, normal), linear=True)
square = ufunc(np.square, lambda g, x: g * (2 * x), sample=(normal,), symbol="x²")
sqrt = ufunc(np.sqrt, lambda g, y: 0.5 * g / y, sample=(above_zero,), symbol="√x", singular=True)
cbrt = ufunc(
    np.cbrt,
    lambda g, y: g / (3 * y * y),
    sample=(normal,),
    symbol="³√x",
    singular=True,
    real="Write z ** (1 / 3), the principal root.",
)
reciprocal = ufunc(np.reciprocal, lambda g, y: -g * y * y, sample=(normal,), symbol="1/x", singular=True)
POWER = {"y": "a^(b)", "a": "g · b · a^(b − 1)", "b": "g · y · ln(a)"}
# At a = 0 the exponent's derivative is taken as 0, the limit from the right for b > 0.
power = ufunc(
    np.power,
    (power_base, power_exponent),
    sample=(above_zero, between(-2.0, 3.0)),
    symbol="xⁿ",
    singular=True,
    formulas=POWER,
)
float_power = ufunc(
    np.float_power,
    (power_base, power_exponent),
    sample=(above_zero, between(-2.0, 3.0)),
    symbol="xⁿ",
    singular=True,
    formulas=POWER,
)
