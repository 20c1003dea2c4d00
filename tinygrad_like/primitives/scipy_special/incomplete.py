"""The incomplete gamma and beta functions, and their inverses, in x (DLMF 8.2, 8.17).

Their derivatives are densities, which are computed as Loader does (2000, "Fast and accurate computation of binomial
probabilities"): large powers and factorials cancel before they are rounded.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from ...engine.registry import elementwise
from ...engine.traces import whole
from ..samples import between, positive, whole_numbers
from .orders import in_floats

SMALL = 10.0  # up to here, factorials are computed as such
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)  # DLMF 5.11.1
TERMS = 12  # of the series of the deviance, where its arguments differ by at most a tenth of their sum
SHAPE_OF_GAMMA = "The derivative of incomplete gamma functions by a has no closed form"
SHAPE_OF_BETA = "The derivatives of incomplete beta functions by a and b have no closed form"


def stirling_error(a: Any) -> Any:
    """ln Γ(a + 1) without Stirling's approximation of it."""
    low, high = np.minimum(a, SMALL), np.maximum(a, SMALL)
    direct = special.gammaln(low + 1) - (low + 0.5) * np.log(low) + low - math.log(2 * math.pi) / 2
    inverse = 1 / high
    series = sum(c * inverse ** (2 * k + 1) for k, c in enumerate(STIRLING))
    return np.where(a < SMALL, direct, series)


def deviance(a: Any, x: Any) -> Any:
    """a ln(a / x) + x - a, where both are positive."""
    part = (a - x) / (a + x)
    total, term = (a - x) * part, 2 * a * part
    for k in range(1, TERMS):
        term = term * part * part
        total = total + term / (2 * k + 1)
    return np.where(np.abs(part) < 0.1, total, a * np.log(a / x) + x - a)


def _gamma_density(a: Any, x: Any) -> Any:
    a = in_floats(a, x)
    small, large = np.minimum(a, SMALL), np.maximum(a, SMALL)
    near = np.minimum(x, 800)  # further on, the exponential is 0
    direct = near ** (small - 1) * np.exp(-near) * special.rgamma(small)
    inside = np.where(x > 0, x, 1)
    scale = np.sqrt(large / (2 * np.pi)) / inside
    peaked = scale * np.exp(-stirling_error(large) - deviance(large, inside))
    return np.where(a < SMALL, direct, np.where(x > 0, peaked, 0 * x))


def _beta_density(a: Any, b: Any, x: Any) -> Any:
    a, b = in_floats(a, x), in_floats(b, x)
    at_end = (x <= 0) | (x >= 1)
    powers = x ** (a - 1) * (1 - x) ** (b - 1)
    direct = np.where(powers == 0, 0, powers / special.beta(a, b))
    x = np.where(at_end, 0.5, x)
    n, rest = a + b, 1 - x
    lost = stirling_error(n) - stirling_error(a) - stirling_error(b)
    exponent = lost - deviance(a, n * x) - deviance(b, n * rest)
    peaked = np.sqrt(a * (b / n) / (2 * np.pi)) / (x * rest) * np.exp(exponent)
    return np.where(at_end | (np.maximum(a, b) < SMALL), direct, peaked)


# The derivative of gammainc by x.
gamma_density: Any = elementwise(
    "special.gamma_density",
    whole(_gamma_density),
    "a x",
    (SHAPE_OF_GAMMA, lambda g, a, x, y: g * (y * ((a - 1.0 - x) / x))),
    sample=(whole_numbers(1, 20), positive),
    symbol="xᵃ⁻¹e⁻ˣ/Γ(a)",
    singular=True,
)
# The derivative of betainc by x.
beta_density: Any = elementwise(
    "special.beta_density",
    whole(_beta_density),
    "a b x",
    (SHAPE_OF_BETA, SHAPE_OF_BETA, lambda g, a, b, x, y: g * (y * ((a - 1.0) / x - (b - 1.0) / (1 - x)))),
    sample=(whole_numbers(1, 15), whole_numbers(1, 15), between(0.1, 0.9)),
    symbol="xᵃ⁻¹(1-x)ᵇ⁻¹/B",
    singular=True,
)


def of_gamma(function: Any, vjp: Any, x: Any = positive, symbol: str = "") -> Any:
    name = function.__name__
    return elementwise(
        f"special.{name}",
        function,
        "a x",
        (SHAPE_OF_GAMMA, vjp),
        sample=(whole_numbers(1, 6), x),
        symbol=symbol or name,
        singular=True,
    )


def of_beta(function: Any, vjp: Any, symbol: str) -> Any:
    return elementwise(
        f"special.{function.__name__}",
        function,
        "a b x",
        (SHAPE_OF_BETA, SHAPE_OF_BETA, vjp),
        sample=(whole_numbers(1, 6), whole_numbers(1, 6), between(0.1, 0.9)),
        symbol=symbol,
        singular=True,
    )


SHARES = between(0.1, 0.9)
gammainc = of_gamma(special.gammainc, lambda g, a, x: g * gamma_density(a, x), symbol="P")
gammaincc = of_gamma(special.gammaincc, lambda g, a, x: -g * gamma_density(a, x), symbol="Q")
gammaincinv = of_gamma(special.gammaincinv, lambda g, a, y: g / gamma_density(a, y), SHARES, "P⁻¹")
gammainccinv = of_gamma(special.gammainccinv, lambda g, a, y: -g / gamma_density(a, y), SHARES, "Q⁻¹")
betainc = of_beta(special.betainc, lambda g, a, b, x: g * beta_density(a, b, x), "I")
betaincinv = of_beta(special.betaincinv, lambda g, a, b, y: g / beta_density(a, b, y), "I⁻¹")
betaincc = of_beta(special.betaincc, lambda g, a, b, x: -g * beta_density(a, b, x), "1-I")
betainccinv = of_beta(special.betainccinv, lambda g, a, b, y: -g / beta_density(a, b, y), "(1-I)⁻¹")
