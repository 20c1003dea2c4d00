"""Bessel functions of the first and second kind, and the modified ones (DLMF 10.6, 10.29)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from ...engine.registry import elementwise
from ...engine.traces import whole
from ..samples import between, normal, positive, whole_numbers
from .orders import for_reals, in_floats

FAR = 20.0  # from here on (and beyond the order's square), the series in 1/x give all digits
TERMS = 36
POINTS = 32  # of the integral over half of the circle, which give all digits up to there
SCALED = "The factor of the scale is not holomorphic. Write the function without its scale, such as jv for jve."
ORDER = "The derivative of Bessel functions by their order has no closed form"


def _scaled_moment(x: Any, *, order: int = 3) -> Any:
    """The mean of e^(-x (1 - cos t)) (1 - cos t)ⁿ over the circle; no term of it is negative."""
    near, far = np.minimum(x, FAR), np.maximum(x, FAR)
    total: Any = 0.0
    for k in range(POINTS + 1):
        rise = 1 - math.cos(math.pi * k / POINTS)
        weight = (0.5 if k in (0, POINTS) else 1.0) * rise**order / POINTS
        total = total + weight * np.exp(-near * rise)
    term: Any = math.gamma(order + 0.5) / (math.pi * math.sqrt(2))
    series: Any = 0.0
    for k in range(TERMS):
        series = series + term
        term = term * ((2 * k + 1) * (order + k + 0.5) / (4 * (k + 1))) / far
    return np.where(x < FAR, total, series / np.sqrt(far) / far**order)


scaled_moment: Any = elementwise(
    "special.scaled_moment",
    whole(_scaled_moment),
    "x",
    lambda g, x, *, order: -g * scaled_moment(x, order=order + 1),
    sample=(between(0.1, 4.0),),
    symbol="e⁻ˣI₀⁽ⁿ⁾",
)


def scaled_derivative(v: Any, x: Any, order: int, sign: int) -> Any:
    """That of ive (sign -1) for x > 0, or of kve (1): near, of what the neighbours give; far, of the series."""
    v = in_floats(v, x)
    is_far = (x > np.maximum(FAR, v * v)) & np.isrealobj(x)
    size, v_far = np.where(is_far, x, 2 * FAR), np.where(is_far, v, 0.0)
    term: Any = math.sqrt(math.pi / 2 if sign > 0 else 0.5 / math.pi) / np.sqrt(size) / (-size) ** order
    series: Any = 0.0
    for k in range(TERMS):
        series = series + math.prod(k + 0.5 + j for j in range(order)) * term
        term = term * (sign * (4 * v_far * v_far - (2 * k + 1) ** 2) / (8 * (k + 1)) / size)
    function = special.kve if sign > 0 else special.ive
    values = [function(v + float(j), x) for j in range(-order, order + 1)]
    own = 1.0 if sign > 0 else -np.sign(x)
    for _ in range(order):
        triples = zip(values, values[1:], values[2:])
        values = [own * here - sign * (before + after) / 2 for before, here, after in triples]
    return np.where(is_far, series, values[0])


def _ive_derivative(v: Any, x: Any, *, order: int = 1) -> Any:
    return scaled_derivative(v, x, order, -1)


def _kve_derivative(v: Any, x: Any, *, order: int = 1) -> Any:
    return scaled_derivative(v, x, order, 1)


ive_derivative: Any = elementwise(
    "special.ive_derivative",
    whole(_ive_derivative),
    "v x",
    (ORDER, lambda g, v, x, *, order: g * ive_derivative(v, x, order=order + 1)),
    sample=(whole_numbers(-2, 4), positive),
    symbol="(e⁻ˣI)⁽ⁿ⁾",
)
kve_derivative: Any = elementwise(
    "special.kve_derivative",
    whole(_kve_derivative),
    "v x",
    (ORDER, lambda g, v, x, *, order: g * kve_derivative(v, x, order=order + 1)),
    sample=(whole_numbers(-2, 4), positive),
    symbol="(eˣK)⁽ⁿ⁾",
)


def of_order(function: Any, vjp: Any, symbol: str) -> Any:
    return elementwise(
        f"special.{function.__name__}",
        function,
        "v x",
        (ORDER, vjp),
        sample=(whole_numbers(-2, 4), positive),
        symbol=symbol,
        singular=True,
    )


def of_number(function: Any, vjp: Any, symbol: str, x: Any = positive) -> Any:
    return elementwise(f"special.{function.__name__}", function, "x", vjp, sample=(x,), symbol=symbol, singular=True)


j0 = of_number(special.j0, lambda g, x: -g * special.j1(x), "J₀", normal)
j1 = of_number(special.j1, lambda g, x: g * ((special.j0(x) - special.jv(2.0, x)) / 2), "J₁", normal)
jv = of_order(special.jv, lambda g, v, x: g * ((special.jv(v - 1.0, x) - special.jv(v + 1.0, x)) / 2), "Jᵥ")
jve = for_reals(
    of_order(special.jve, lambda g, v, x: g * ((special.jve(v - 1.0, x) - special.jve(v + 1.0, x)) / 2), "Jᵥ"), SCALED
)
y0 = of_number(special.y0, lambda g, x: -g * special.y1(x), "Y₀")
y1 = of_number(special.y1, lambda g, x: g * ((special.y0(x) - special.yv(2.0, x)) / 2), "Y₁")
yv = of_order(special.yv, lambda g, v, x: g * ((special.yv(v - 1.0, x) - special.yv(v + 1.0, x)) / 2), "Yᵥ")
yve = for_reals(
    of_order(special.yve, lambda g, v, x: g * ((special.yve(v - 1.0, x) - special.yve(v + 1.0, x)) / 2), "Yᵥ"), SCALED
)
yn = of_order(special.yn, lambda g, v, x: g * ((special.yv(v - 1.0, x) - special.yv(v + 1.0, x)) / 2), "Yₙ")

i0 = of_number(special.i0, lambda g, x: g * special.i1(x), "I₀", normal)
i1 = of_number(special.i1, lambda g, x: g * ((special.i0(x) + special.iv(2.0, x)) / 2), "I₁", normal)
iv = of_order(special.iv, lambda g, v, x: g * ((special.iv(v - 1.0, x) + special.iv(v + 1.0, x)) / 2), "Iᵥ")
k0 = of_number(special.k0, lambda g, x: -g * special.k1(x), "K₀")
k1 = of_number(special.k1, lambda g, x: -g * ((special.k0(x) + special.kv(2.0, x)) / 2), "K₁")
kv = of_order(special.kv, lambda g, v, x: -g * ((special.kv(v - 1.0, x) + special.kv(v + 1.0, x)) / 2), "Kᵥ")
kn = of_order(special.kn, lambda g, v, x: -g * ((special.kv(v - 1.0, x) + special.kv(v + 1.0, x)) / 2), "Kₙ")

i0e = of_number(special.i0e, lambda g, x: -g * (np.sign(x) * scaled_moment(np.abs(x), order=1)), "e⁻ˣI₀", normal)
i1e = of_number(
    special.i1e,
    lambda g, x: g * (scaled_moment(np.abs(x), order=2) - scaled_moment(np.abs(x), order=1)),
    "e⁻ˣI₁",
    normal,
)
ive = for_reals(of_order(special.ive, lambda g, v, x: g * ive_derivative(v, x), "e⁻ˣIᵥ"), SCALED)
k0e = of_number(special.k0e, lambda g, x: g * kve_derivative(0.0, x), "eˣK₀")
k1e = of_number(special.k1e, lambda g, x: g * kve_derivative(1.0, x), "eˣK₁")
kve = of_order(special.kve, lambda g, v, x: g * kve_derivative(v, x), "eˣKᵥ")
