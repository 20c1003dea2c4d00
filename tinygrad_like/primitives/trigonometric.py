"""Elementwise trigonometric and hyperbolic functions, and their inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import elementwise
from .samples import above_one, either_sign, normal, unit

DEGREE = float(np.pi / 180)


def nonzero(y: Any) -> Any:
    """y, with 1 in place of 0."""
    return np.where(y == 0, 1, y)


def over_square(x: Any, a: Any, b: Any) -> Any:
    """x / (a² + b²), where the squares would underflow."""
    radius = np.hypot(a, b)
    return x / radius / radius


sin = elementwise("sin", np.sin, "x", lambda g, x: g * np.cos(x), sample=(normal,), symbol="sin")
cos = elementwise("cos", np.cos, "x", lambda g, x: -g * np.sin(x), sample=(normal,), symbol="cos")
tan = elementwise("tan", np.tan, "x", lambda g, y: g * (1 + y * y), sample=(unit,), symbol="tan")
arcsin = elementwise(
    "arcsin",
    np.arcsin,
    "x",
    lambda g, x: g / np.sqrt((1 - x) * (1 + x)),
    sample=(unit,),
    symbol="arcsin",
    singular=True,
)
arccos = elementwise(
    "arccos",
    np.arccos,
    "x",
    lambda g, x: -g / np.sqrt((1 - x) * (1 + x)),
    sample=(unit,),
    symbol="arccos",
    singular=True,
)
arctan = elementwise("arctan", np.arctan, "x", lambda g, x: g / (1 + x * x), sample=(normal,), symbol="arctan")
arctan2 = elementwise(
    "arctan2",
    np.arctan2,
    "a b",
    (lambda g, a, b: g * over_square(b, a, b), lambda g, a, b: -g * over_square(a, a, b)),
    sample=(either_sign(0.5, 2.0), either_sign(0.5, 2.0)),
    symbol="arctan2",
    singular=True,
)
# At the origin, where hypot has a corner, the gradient is 0, as that of the norm.
hypot = elementwise(
    "hypot",
    np.hypot,
    "a b",
    (lambda g, y, a: g * (a / nonzero(y)), lambda g, y, b: g * (b / nonzero(y))),
    sample=(either_sign(0.5, 2.0), either_sign(0.5, 2.0)),
    symbol="hypot",
)
sinh = elementwise("sinh", np.sinh, "x", lambda g, x: g * np.cosh(x), sample=(normal,), symbol="sinh")
cosh = elementwise("cosh", np.cosh, "x", lambda g, x: g * np.sinh(x), sample=(normal,), symbol="cosh")
tanh = elementwise(
    "tanh", np.tanh, "x", lambda g, y: g * (1 - y * y), sample=(normal,), symbol="tanh", role="activation"
)
arcsinh = elementwise("arcsinh", np.arcsinh, "x", lambda g, x: g / np.hypot(x, 1.0), sample=(normal,), symbol="arsinh")
arccosh = elementwise(
    "arccosh",
    np.arccosh,
    "x",
    lambda g, x: g / np.sqrt((x - 1) * (x + 1)),
    sample=(above_one,),
    symbol="arcosh",
    singular=True,
)
arctanh = elementwise(
    "arctanh",
    np.arctanh,
    "x",
    lambda g, x: g / ((1 - x) * (1 + x)),
    sample=(unit,),
    symbol="artanh",
    singular=True,
)
degrees = elementwise(
    "degrees",
    np.degrees,
    "x",
    lambda g: g / DEGREE,
    sample=(normal,),
    symbol="°",
    linear=True,
    numpy=(np.degrees, np.rad2deg),
)
radians = elementwise(
    "radians",
    np.radians,
    "x",
    lambda g: g * DEGREE,
    sample=(normal,),
    symbol="rad",
    linear=True,
    numpy=(np.radians, np.deg2rad),
)
