"""Elementwise trigonometric and hyperbolic functions, and their inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import ufunc
from .samples import above_one, either_sign, normal, unit

DEGREE = float(np.pi / 180)


def nonzero(y: Any) -> Any:
    """y, with 1 in place of 0."""
    return np.where(y == 0, 1, y)


def over_square(x: Any, a: Any, b: Any) -> Any:
    """x / (a² + b²), where the squares would underflow."""
    radius = np.hypot(a, b)
    return x / radius / radius


def cosine(x: Any) -> Any:
    """√(1 − x²), the cosine of arcsin x. Of complex x two roots, of which each has the side of its own cut.

    There, 1 + x would lose the sign of an imaginary part of 0; x − (−1) keeps it.
    """
    if x.dtype.kind != "c":
        return np.sqrt((1 - x) * (1 + x))
    return np.sqrt(-(x - 1)) * np.sqrt(x - (-1))


def hyperbolic_sine(x: Any) -> Any:
    """√(x² − 1), the hyperbolic sine of arcosh x; likewise."""
    if x.dtype.kind != "c":
        return np.sqrt((x - 1) * (x + 1))
    return np.sqrt(x - 1) * np.sqrt(x - (-1))


sin = ufunc(np.sin, lambda g, x: g * np.cos(x), sample=(normal,), symbol="sin")
cos = ufunc(np.cos, lambda g, x: -g * np.sin(x), sample=(normal,), symbol="cos")
tan = ufunc(np.tan, lambda g, y: g * (1 + y * y), sample=(unit,), symbol="tan")
arcsin = ufunc(
    np.arcsin,
    lambda g, x: g / cosine(x),
    sample=(unit,),
    symbol="arcsin",
    singular=True,
    formulas={"x": "g / √(1 − x²)"},
)
arccos = ufunc(
    np.arccos,
    lambda g, x: -g / cosine(x),
    sample=(unit,),
    symbol="arccos",
    singular=True,
    formulas={"x": "−g / √(1 − x²)"},
)
arctan = ufunc(np.arctan, lambda g, x: g / (1 + x * x), sample=(normal,), symbol="arctan")
arctan2 = ufunc(
    np.arctan2,
    (lambda g, a, b: g * over_square(b, a, b), lambda g, a, b: -g * over_square(a, a, b)),
    sample=(either_sign(0.5, 2.0), either_sign(0.5, 2.0)),
    symbol="arctan2",
    formulas={"a": "g · b / (a² + b²)", "b": "−g · a / (a² + b²)"},
    real="Write np.angle of one complex number.",
    singular=True,
)
# At the origin, where hypot has a corner, the gradient is 0, as that of the norm.
hypot = ufunc(
    np.hypot,
    (lambda g, y, a: g * (a / nonzero(y)), lambda g, y, b: g * (b / nonzero(y))),
    sample=(either_sign(0.5, 2.0), either_sign(0.5, 2.0)),
    symbol="hypot",
    formulas={"y": "√(a² + b²)", "a": "g · a / y", "b": "g · b / y"},
    real="Write np.sqrt(np.abs(a) ** 2 + np.abs(b) ** 2).",
)
sinh = ufunc(np.sinh, lambda g, x: g * np.cosh(x), sample=(normal,), symbol="sinh")
cosh = ufunc(np.cosh, lambda g, x: g * np.sinh(x), sample=(normal,), symbol="cosh")
tanh = ufunc(np.tanh, lambda g, y: g * (1 - y * y), sample=(normal,), symbol="tanh", role="activation")
arcsinh = ufunc(np.arcsinh, lambda g, y: g / np.cosh(y), sample=(normal,), symbol="arsinh")
arccosh = ufunc(
    np.arccosh,
    lambda g, x: g / hyperbolic_sine(x),
    sample=(above_one,),
    symbol="arcosh",
    singular=True,
    formulas={"x": "g / √(x² − 1)"},
)
arctanh = ufunc(np.arctanh, lambda g, x: g / ((1 - x) * (1 + x)), sample=(unit,), symbol="artanh", singular=True)
degrees = ufunc(
    np.degrees,
    lambda g: g / DEGREE,
    sample=(normal,),
    symbol="°",
    linear=True,
    numpy=(np.degrees, np.rad2deg),
    real="Write z * (180 / np.pi).",
)
radians = ufunc(
    np.radians,
    lambda g: g * DEGREE,
    sample=(normal,),
    symbol="rad",
    linear=True,
    numpy=(np.radians, np.deg2rad),
    real="Write z * (np.pi / 180).",
)
