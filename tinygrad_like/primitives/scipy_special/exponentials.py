"""The logistic function, exponentials, powers, exponential integrals, and Lambert's W (DLMF 6.2, 8.19, 4.13)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import special

from ...engine.registry import elementwise, general
from ...engine.traces import whole
from ..bessel import spherical_bessel
from ..samples import Case, Rng, between, either_sign, normal, positive, whole_numbers

NEAR = 2.0  # up to here, the power series of the means of powers gives all digits
TERMS = 26
DEGREE = math.pi / 180
COUNT = "The derivative of expn by n has no closed form"
POWER = "The derivative of inv_boxcox and inv_boxcox1p by their last argument is not known here"


def _power_mean(x: Any, *, order: int = 1) -> Any:
    near, far = np.where(np.abs(x) < NEAR, x, 0), np.where(np.abs(x) < NEAR, NEAR, x)
    total: Any = 0.0
    term: Any = 1.0
    for k in range(1, TERMS):
        total = total + term / (k + order)
        term = term * (near / k)
    mean = special.exprel(far)
    for n in range(1, order + 1):
        mean = (np.exp(far) - n * mean) / far
    return np.where(np.abs(x) < NEAR, total, mean)


# The integral of tⁿ eˣᵗ from 0 to 1, which for n = 0 is exprel; the derivative is that of the next power.
power_mean: Any = elementwise(
    "special.power_mean",
    whole(_power_mean),
    "x",
    lambda g, x, *, order: g * power_mean(x, order=order + 1),
    sample=(either_sign(0.1, 4.0),),
    symbol="∫tⁿeˣᵗ",
)


def boxcox_power(g: Any, a: Any, b: Any) -> Any:
    logarithm = np.log(a)
    return g * (logarithm * logarithm * power_mean(b * logarithm))


def boxcox1p_power(g: Any, a: Any, b: Any) -> Any:
    logarithm = np.log1p(a)
    return g * (logarithm * logarithm * power_mean(b * logarithm))


def expn_rule(g: Any, n: Any, x: Any) -> Any:
    """That of the n before; at n = 0, of e⁻ˣ / x."""
    first = np.exp(-x) * (1 + x) / (x * x)
    return -g * np.where(n == 0, first, special.expn(n - 1.0, x))


def sici_rule(g: Any, x: Any) -> Any:
    """Ci has a pole at 0, which does not matter to what uses Si alone."""
    unseen = (g[1] == 0) & (x == 0)
    return g[0] * spherical_bessel(x, order=0) + g[1] * (np.cos(x) / np.where(unseen, 1, x))


def lambertw_rule(g: Any, y: Any) -> Any:
    """1 / (z + eʷ), in which nothing is divided by z, which may be 0 (DLMF 4.13.4)."""
    return g * (np.exp(-y) / (1 + y))


def _lambertw(z: Any, k: Any = 0, tol: float = 1e-8) -> Any:
    return special.lambertw(z, k, tol)


def numbers(rng: Rng) -> Iterator[Case]:
    for shape in ((2, 3), (), (0, 2)):
        yield (positive(rng, shape),), {}


def of_number(function: Any, vjp: Any, symbol: str, x: Any = normal) -> Any:
    return elementwise(f"special.{function.__name__}", function, "x", vjp, sample=(x,), symbol=symbol, singular=True)


def of_two(function: Any, args: str, vjp: Any, symbol: str, *sample: Any) -> Any:
    return elementwise(f"special.{function.__name__}", function, args, vjp, sample=sample, symbol=symbol, singular=True)


expit = of_number(special.expit, lambda g, x, y: g * (y * special.expit(-x)), "σ")
logit = of_number(special.logit, lambda g, x: g / (x * (1 - x)), "logit", between(0.1, 0.9))
log_expit = of_number(special.log_expit, lambda g, x: g * special.expit(-x), "ln σ")
log1p = of_number(special.log1p, lambda g, x: g / (1 + x), "ln(1+x)", positive)
expm1 = of_number(special.expm1, lambda g, x: g * np.exp(x), "eˣ-1")
exp2 = of_number(special.exp2, lambda g, y: g * (math.log(2) * y), "2ˣ")
exp10 = of_number(special.exp10, lambda g, y: g * (math.log(10) * y), "10ˣ")
exprel = of_number(special.exprel, lambda g, x: g * power_mean(x), "(eˣ-1)/x")
cbrt = of_number(special.cbrt, lambda g, y: g / (3 * y * y), "³√x")
cosm1 = of_number(special.cosm1, lambda g, x: -g * np.sin(x), "cos x-1")
sindg = of_number(special.sindg, lambda g, x: g * (DEGREE * special.cosdg(x)), "sin°", between(10.0, 80.0))
cosdg = of_number(special.cosdg, lambda g, x: -g * (DEGREE * special.sindg(x)), "cos°", between(10.0, 80.0))
tandg = of_number(special.tandg, lambda g, y: g * (DEGREE * (1 + y * y)), "tan°", between(10.0, 60.0))
cotdg = of_number(special.cotdg, lambda g, y: -g * (DEGREE * (1 + y * y)), "cot°", between(30.0, 80.0))
expi = of_number(special.expi, lambda g, x: g * (np.exp(x) / x), "Ei")
exp1 = of_number(special.exp1, lambda g, x: -g * (np.exp(-x) / x), "E₁", positive)
wrightomega = of_number(special.wrightomega, lambda g, y: g * (y / (1 + y)), "ω")
expn = of_two(special.expn, "n x", (COUNT, expn_rule), "Eₙ", whole_numbers(0, 4), positive)
boxcox = of_two(special.boxcox, "a b", (lambda g, a, b: g * a ** (b - 1.0), boxcox_power), "boxcox", positive, normal)
boxcox1p = of_two(
    special.boxcox1p, "a b", (lambda g, a, b: g * (1 + a) ** (b - 1.0), boxcox1p_power), "boxcox1p", positive, normal
)
inv_boxcox = of_two(
    special.inv_boxcox, "a b", (lambda g, a, b, y: g * y ** (1.0 - b), POWER), "boxcox⁻¹", positive, whole_numbers(0, 3)
)
inv_boxcox1p = of_two(
    special.inv_boxcox1p,
    "a b",
    (lambda g, a, b, y: g * (1 + y) ** (1.0 - b), POWER),
    "boxcox1p⁻¹",
    positive,
    whole_numbers(0, 3),
)
sici = general("special.sici", special.sici, "x", sici_rule, sample=numbers, symbol="Si, Ci", singular=True)
# special.lambertw is a function of Python, which calls this. Its results are complex, also those that are real.
lambertw = elementwise(
    "special.lambertw",
    _lambertw,
    "z",
    lambertw_rule,
    sample=(positive,),
    symbol="W",
    singular=True,
    numpy=(special._ufuncs._lambertw,),
)
