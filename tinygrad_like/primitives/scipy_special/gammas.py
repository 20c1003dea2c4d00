"""The gamma function and its logarithm, psi, zeta, and beta (DLMF 5.2, 5.5, 5.12, 25.11)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from ...engine.registry import elementwise
from ...engine.traces import whole
from ..samples import either_sign, fractions, positive, whole_numbers
from .orders import for_reals

# B₂ₖ / 2k, the coefficients of ψ in 1/x² (DLMF 5.11.2), and by how much x is raised before they are used.
BERNOULLI = (1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760)
RAISED = 10

ZETA_ORDER = "The derivative of zeta by its first argument has no closed form"


def polygamma(order: int, x: Any) -> Any:
    """The derivative of ψ of an order from 1 on, where x > 0."""
    sign = 1 if order % 2 else -1
    return sign * (math.factorial(order) * special.zeta(order + 1.0, x))


def sine_and_cosine(x: Any) -> tuple[Any, Any]:
    """Of πx, whose whole turns are left out."""
    turns = np.rint(np.real(x))
    sign = 1 - 2 * np.remainder(turns, 2)
    rest = np.pi * (x - turns)
    return sign * np.sin(rest), sign * np.cos(rest)


def trigamma(x: Any) -> Any:
    """ψ′. On the left it is reflected (DLMF 5.15.6): the sum for zeta would have |x| terms."""
    is_left = x < 0
    right = special.zeta(2.0, np.where(is_left, 1 - x, x))
    sine, _ = sine_and_cosine(x)
    return np.where(is_left, (np.pi / sine) ** 2 - right, right)


def zeta_rule(g: Any, a: Any, b: Any) -> Any:
    return -g * (a * special.zeta(a + 1.0, b))


def rgamma_rule(g: Any, x: Any) -> Any:
    """-ψ/Γ. On the left, that of sin(πx) Γ(1-x) / π, where the poles of ψ are no poles."""
    sine, cosine = sine_and_cosine(x)
    reflected = special.gamma(1 - x) * (cosine - sine * special.psi(1 - x) / np.pi)
    return g * np.where(x < 0.5, reflected, -special.psi(x) * special.rgamma(x))


def _psi_rise(a: Any, b: Any, *, order: int = 3) -> Any:
    inside = (a > 0) & (a + b > 0)
    low, step = np.where(inside, a, 1), np.where(inside, b, 1)
    factor = (-1) ** order * math.factorial(order)
    total: Any = 0.0
    for k in range(RAISED):
        total = total - factor * change(low + k, step, order + 1)
    low = low + RAISED
    if order == 0:
        total = total + np.log1p(step / low)
    else:
        total = total - factor / order * change(low, step, order)
    total = total - factor / 2 * change(low, step, order + 1)
    for k, coefficient in enumerate(BERNOULLI):
        power = 2 * k + 2
        rising = math.prod(range(power, power + order)) * (-1) ** order
        total = total - coefficient * rising * change(low, step, power + order)
    plain = [special.psi(x) if order == 0 else polygamma(order, x) for x in (a + b, a)]
    return np.where(inside, total, plain[0] - plain[1])


def change(a: Any, b: Any, power: int) -> Any:
    """1 / (a + b)ᵖ - 1 / aᵖ."""
    return np.expm1(-power * np.log1p(b / a)) / a**power


# ψ(a + b) - ψ(a), or the same of a derivative of ψ, without the difference, which loses digits where b is small.
psi_rise: Any = elementwise(
    "special.psi_rise",
    whole(_psi_rise),
    "a b",
    (
        lambda g, a, b, *, order: g * psi_rise(a, b, order=order + 1),
        lambda g, a, b, *, order: g * polygamma(order + 1, a + b),
    ),
    sample=(positive, positive),
    symbol="ψ(a+b)−ψ(a)",
)

gamma = elementwise(
    "special.gamma",
    special.gamma,
    "x",
    lambda g, x, y: g * (y * special.psi(x)),
    sample=(fractions,),
    symbol="Γ",
    singular=True,
)
gammaln = elementwise(
    "special.gammaln",
    special.gammaln,
    "x",
    lambda g, x: g * special.psi(x),
    sample=(fractions,),
    symbol="ln |Γ|",
    singular=True,
)
loggamma = elementwise(
    "special.loggamma",
    special.loggamma,
    "x",
    lambda g, x: g * special.psi(x),
    sample=(positive,),
    symbol="ln Γ",
    singular=True,
)
rgamma = elementwise("special.rgamma", special.rgamma, "x", rgamma_rule, sample=(either_sign(0.1, 3.0),), symbol="1/Γ")
psi = for_reals(
    elementwise(
        "special.psi",
        special.psi,
        "x",
        lambda g, x: g * trigamma(x),
        sample=(fractions,),
        symbol="ψ",
        singular=True,
    ),
    "SciPy has no trigamma function of complex numbers; declare it with @operation.",
)
beta = elementwise(
    "special.beta",
    special.beta,
    "a b",
    (lambda g, a, b, y: -g * (y * psi_rise(a, b, order=0)), lambda g, a, b, y: -g * (y * psi_rise(b, a, order=0))),
    sample=(positive, positive),
    symbol="B",
    singular=True,
)
betaln = elementwise(
    "special.betaln",
    special.betaln,
    "a b",
    (lambda g, a, b: -g * psi_rise(a, b, order=0), lambda g, a, b: -g * psi_rise(b, a, order=0)),
    sample=(positive, positive),
    symbol="ln B",
    singular=True,
)
# special.zeta is a function of Python, which calls this for two arguments.
zeta = elementwise(
    "special.zeta",
    special._ufuncs._zeta,
    "a b",
    (ZETA_ORDER, zeta_rule),
    sample=(whole_numbers(2, 5), positive),
    symbol="ζ",
    singular=True,
)
