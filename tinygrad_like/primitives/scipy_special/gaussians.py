"""erf and its relatives, and the normal distribution (DLMF 7.2, 7.10, 7.18)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from ...engine.registry import elementwise
from ...engine.traces import whole
from ..samples import between, either_sign, normal, unit

ROOT_PI = math.sqrt(math.pi)
ROOT_HALF = math.sqrt(0.5)
ROOT_2_OVER_PI = math.sqrt(2 / math.pi)
LARGE = 64.0  # of its square, the exponential is 0 or infinite
GRID = 32.0
NEAR = 1.25  # up to here, the recurrence of the integrals of erfc loses few digits
TERMS = 100  # from there on, as many terms of the continued fraction give all digits
DAWSON_FAR = 6.5  # from here on, the series of its derivative in 1/x gives all digits


def _exp_of_square(x: Any, *, scale: float = -1.0) -> Any:
    if np.iscomplexobj(x):
        return np.exp(scale * (x * x))
    near = np.minimum(np.maximum(x, -LARGE), LARGE)
    coarse = np.rint(near * GRID) / GRID  # its square is exact
    return np.exp(scale * (coarse * coarse)) * np.exp(scale * ((near - coarse) * (near + coarse)))


def _scaled_erfc(x: Any, *, order: int = 1) -> Any:
    near = x if np.iscomplexobj(x) else np.minimum(x, NEAR)
    before, here = 2 / ROOT_PI, special.erfcx(near)
    for n in range(1, order + 1):
        before, here = here, (before - 2 * near * here) / (2 * n)
    if np.iscomplexobj(x):
        return here
    far, last = np.maximum(x, NEAR), order + TERMS
    product, ratio = special.erfcx(far), 1 / (far + np.sqrt(far * far + 2 * last))
    for n in range(last - 1, 0, -1):
        ratio = 1 / (2 * far + 2 * (n + 1) * ratio)
        if n <= order:
            product = product * ratio
    return np.where(x < NEAR, here, product)


def exp_of_inverse(size: Any, tail: Any) -> Any:
    """exp(size²), where tail = erfc(size). Their product is erfcx, which loses no digits where the square is large."""
    direct = (tail > 0.5) | (tail == 0)
    return np.where(direct, _exp_of_square(size, scale=1.0), special.erfcx(size) / np.where(direct, 1, tail))


def _erfinv_slope(x: Any) -> Any:
    return ROOT_PI / 2 * exp_of_inverse(np.abs(special.erfinv(x)), 1 - np.abs(x))


def _erfcinv_slope(x: Any) -> Any:
    return -ROOT_PI / 2 * exp_of_inverse(np.abs(special.erfcinv(x)), np.minimum(x, 2 - x))


def _ndtri_slope(x: Any) -> Any:
    tail = 2 * np.minimum(x, 1 - x)
    return math.sqrt(2 * math.pi) * exp_of_inverse(ROOT_HALF * np.abs(special.ndtri(x)), tail)


def _dawson_slope(x: Any, *, order: int = 1) -> Any:
    is_near = np.iscomplexobj(x) | (np.abs(x) < DAWSON_FAR)
    near, far = np.where(is_near, x, 0), np.where(is_near, DAWSON_FAR, x)
    before: Any = special.dawsn(near)
    here = 1 - 2 * (near * before)
    for n in range(1, order):
        before, here = here, -2 * (near * here + n * before)
    term: Any = (-1) ** order / (2 * far * far**order)
    series: Any = 0.0
    for k in range(31):
        series = series + math.prod(range(2 * k + 1, 2 * k + 1 + order)) * term
        term = term * ((2 * k + 1) / 2) / far / far
    return np.where(is_near, here, series)


# exp(c x²), with the square in two parts: otherwise the rounding error of x² would be multiplied by x².
exp_of_square: Any = elementwise(
    "special.exp_of_square",
    _exp_of_square,
    "x",
    lambda g, x, y, *, scale: g * (2 * scale * (x * y)),
    sample=(normal,),
    symbol="exp(cx²)",
)
# exp(x²) iⁿerfc(x), where each is the integral of the one before. The derivative has no difference in it (DLMF 7.18.9).
scaled_erfc: Any = elementwise(
    "special.scaled_erfc",
    whole(_scaled_erfc),
    "x",
    lambda g, x, *, order: g * (-2 * (order + 1) * scaled_erfc(x, order=order + 1)),
    sample=(normal,),
    symbol="eˣ²iⁿerfc",
)
# The derivatives of the inverse functions, in which no digits are lost where these are steep.
erfinv_slope = elementwise(
    "special.erfinv_slope",
    whole(_erfinv_slope),
    "x",
    lambda g, x, y: g * (2 * special.erfinv(x) * y * y),
    sample=(unit,),
    symbol="erf⁻¹′",
    singular=True,
)
erfcinv_slope = elementwise(
    "special.erfcinv_slope",
    whole(_erfcinv_slope),
    "x",
    lambda g, x, y: g * (2 * special.erfcinv(x) * y * y),
    sample=(between(0.1, 1.9),),
    symbol="erfc⁻¹′",
    singular=True,
)
ndtri_slope = elementwise(
    "special.ndtri_slope",
    whole(_ndtri_slope),
    "x",
    lambda g, x, y: g * (special.ndtri(x) * y * y),
    sample=(between(0.05, 0.95),),
    symbol="Φ⁻¹′",
    singular=True,
)
# The derivatives of Dawson's integral; far out, where its recurrence loses digits, by the asymptotic series.
dawson_slope: Any = elementwise(
    "special.dawson_slope",
    whole(_dawson_slope),
    "x",
    lambda g, x, *, order: g * dawson_slope(x, order=order + 1),
    sample=(either_sign(0.1, 9.0),),
    symbol="D⁽ⁿ⁾",
)


def density(x: Any) -> Any:
    """That of the normal distribution."""
    return exp_of_square(x, scale=-0.5) / math.sqrt(2 * math.pi)


def log_ndtr_rule(g: Any, x: Any) -> Any:
    """The density over the distribution; on the left, both without their factor exp(-x²/2)."""
    return g * np.where(x < 0, ROOT_2_OVER_PI / special.erfcx(-ROOT_HALF * x), density(x) / special.ndtr(x))


erf = elementwise(
    "special.erf",
    special.erf,
    "x",
    lambda g, x: g * (2 / ROOT_PI * exp_of_square(x)),
    sample=(normal,),
    symbol="erf",
)
erfc = elementwise(
    "special.erfc",
    special.erfc,
    "x",
    lambda g, x: g * (-2 / ROOT_PI * exp_of_square(x)),
    sample=(normal,),
    symbol="erfc",
)
erfi = elementwise(
    "special.erfi",
    special.erfi,
    "x",
    lambda g, x: g * (2 / ROOT_PI * exp_of_square(x, scale=1.0)),
    sample=(normal,),
    symbol="erfi",
)
erfcx = elementwise(
    "special.erfcx",
    special.erfcx,
    "x",
    lambda g, x: g * (-2 * scaled_erfc(x)),
    sample=(normal,),
    symbol="erfcx",
)
erfinv = elementwise(
    "special.erfinv",
    special.erfinv,
    "x",
    lambda g, x: g * erfinv_slope(x),
    sample=(unit,),
    symbol="erf⁻¹",
    singular=True,
)
erfcinv = elementwise(
    "special.erfcinv",
    special.erfcinv,
    "x",
    lambda g, x: g * erfcinv_slope(x),
    sample=(between(0.1, 1.9),),
    symbol="erfc⁻¹",
    singular=True,
)
dawsn = elementwise(
    "special.dawsn", special.dawsn, "x", lambda g, x: g * dawson_slope(x), sample=(either_sign(0.1, 9.0),), symbol="D"
)
ndtr = elementwise("special.ndtr", special.ndtr, "x", lambda g, x: g * density(x), sample=(normal,), symbol="Φ")
ndtri = elementwise(
    "special.ndtri",
    special.ndtri,
    "x",
    lambda g, x: g * ndtri_slope(x),
    sample=(between(0.05, 0.95),),
    symbol="Φ⁻¹",
    singular=True,
)
log_ndtr = elementwise("special.log_ndtr", special.log_ndtr, "x", log_ndtr_rule, sample=(normal,), symbol="ln Φ")
ndtri_exp = elementwise(
    "special.ndtri_exp",
    special.ndtri_exp,
    "x",
    lambda g, y: g * (math.sqrt(math.pi / 2) * special.erfcx(-ROOT_HALF * y)),
    sample=(between(-3.0, -0.2),),
    symbol="Φ⁻¹(eˣ)",
    singular=True,
)
