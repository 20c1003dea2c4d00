"""i0 and sinc, whose derivatives are Bessel functions.

With Iₙ the modified and jₙ the spherical Bessel functions, Iₙ(x) / xⁿ and jₙ(x) / xⁿ have no pole, and the derivative
of each is x, or −x, times the next one. So derivatives of any order are right, also at 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.registry import elementwise
from .samples import either_sign, normal

PI2 = float(np.pi**2)
MODIFIED_FAR = 40.0  # from here on, the series of Iₙ in 1/x gives all digits
OF_REAL = "NumPy has i0 of real numbers alone."
SPHERICAL_FAR = 4.0  # from here on, the recurrence of jₙ loses none


def _modified(x: Any, *, order: int = 1) -> Any:
    size = np.abs(x)
    near, far = np.minimum(size, MODIFIED_FAR), np.maximum(size, MODIFIED_FAR)
    quarter = near * near / 4
    term = total = np.ones_like(near) / (2**order * math.factorial(order))
    for k in range(1, 75):
        term = term * (quarter / (k * (k + order)))
        total = total + term
    term = series = np.ones_like(far)
    for k in range(1, 27):
        term = term * (((2 * k - 1) ** 2 - 4 * order**2) / (8 * k * far))
        series = series + term
    root = np.exp(far / 2)  # in two steps, which overflow later
    return np.where(size < MODIFIED_FAR, total, root * (series / np.sqrt(2 * np.pi * far) / far**order * root))


def _spherical(x: Any, *, order: int = 1) -> Any:
    is_near = np.abs(x) < SPHERICAL_FAR
    near, far = np.where(is_near, x, 0), np.where(is_near, SPHERICAL_FAR, x)
    half = near * near / 2
    term = total = np.ones_like(near) / math.prod(range(1, 2 * order + 2, 2))
    for k in range(1, 21):
        term = term * (-half / (k * (2 * (order + k) + 1)))
        total = total + term
    before, here = np.cos(far), np.sin(far) / far
    for n in range(order):
        before, here = here, ((2 * n + 1) * here - before) / (far * far)
    return np.where(is_near, total, here)


modified_bessel: Any = elementwise(
    "modified_bessel",
    _modified,
    "x",
    lambda g, x, *, order: g * (x * modified_bessel(x, order=order + 1)),
    sample=(normal,),
    symbol="Iₙ/xⁿ",
    real=OF_REAL,
)
spherical_bessel: Any = elementwise(
    "spherical_bessel",
    _spherical,
    "x",
    lambda g, x, *, order: -g * (x * spherical_bessel(x, order=order + 1)),
    sample=(normal,),
    symbol="jₙ/xⁿ",
)
i0 = elementwise(
    "i0", np.i0, "x", lambda g, x: g * (x * modified_bessel(x)), sample=(normal,), symbol="I₀", real=OF_REAL
)
sinc = elementwise(
    "sinc",
    np.sinc,
    "x",
    lambda g, x: -g * (x * (PI2 * spherical_bessel(np.pi * x))),
    sample=(either_sign(0.1, 3.0),),
    symbol="sinc",
)
