"""Numeric derivatives: central differences of a function along a line, as exact as float64 allows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .engine.primitive import Function
from .engine.recording import no_grad
from .engine.tensor import Tensor
from .engine.writes import Array

Along = Callable[[float], Array]

EPS = float(np.finfo(np.float64).eps)
# Five points: the truncation error is of order step⁴, the rounding error eps / step. A power of two, see `few_bits`.
STEP = 2.0**-13
# Other steps are 4^k times as long: longer ones for flat functions, the shortest for the edges of domains.
SHORTEST, SHORT, LONGEST = -18, -7, 4
# However unsure the numeric derivative is of itself, an error above this part of the values is one.
MOST_DOUBT = 1e-6


def line(f: Function, points: list[Array], tangents: list[Array]) -> Along:
    """f along a line: t → f(points + t · tangents). It is given Tensors, as when it is differentiated."""

    def along(t: float) -> Array:
        with no_grad():
            return np.asarray(f(*[Tensor(p + t * v) for p, v in zip(points, tangents)]))

    return along


def few_bits(values: Array) -> Array:
    """Values with 8 bits each, so that a point and a step along them are added without rounding."""
    if np.iscomplexobj(values):
        return few_bits(values.real) + 1j * few_bits(values.imag)
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(mantissa * 256) / 256, exponent)


def scale(point: Array) -> Array:
    """Longer steps for larger values, which are rounded more; ordinary ones near zero."""
    size = np.abs(point)
    # Of huge values a step must still be seen.
    return few_bits(np.maximum(np.sqrt(np.maximum(size, 1.0)), 1e-8 * size))


def unit_tangents(points: list[Array], number: int, index: tuple[int, ...], along_axis: complex) -> list[Array]:
    """Along a single entry: of a complex one along the real (1) or the imaginary axis (1j)."""
    unit = [np.zeros(p.shape, p.dtype) for p in points]
    unit[number][index] = scale(points[number])[index] * along_axis
    return unit


def normal_like(rng: np.random.Generator, values: Array) -> Array:
    """Random numbers of the shape, complex where the values are."""
    real: Any = rng.standard_normal(values.shape)
    return real + 1j * rng.standard_normal(values.shape) if np.iscomplexobj(values) else real


def away_from_zero(rng: np.random.Generator, values: Array) -> Array:
    """Random numbers of the shape, of absolute values between 0.5 and 1.5, in any direction of the plane if complex."""
    real: Any = rng.uniform(0.5, 1.5, values.shape) * rng.choice([-1.0, 1.0], values.shape)
    return real * np.exp(1j * rng.uniform(0.3, 1.2, values.shape)) if np.iscomplexobj(values) else real


def quotient(along: Along, step: float) -> tuple[Array, Array]:
    """The central difference of fourth order, and the largest value in it."""
    values = [along(t) for t in (step, -step, 2 * step, -2 * step)]
    near, far = values[0] - values[1], values[2] - values[3]
    return np.asarray((8 * near - far) / (12 * step)), np.max(np.abs(values), axis=0)


@np.errstate(all="ignore")
def difference(along: Along) -> Array:
    """The derivative of along(t) at t = 0, with the usual step."""
    return quotient(along, STEP)[0]


@np.errstate(all="ignore")
def refined_difference(along: Along) -> tuple[Array, Array]:
    """The same with many steps, for each output the one that agrees best with the next longer ones; and its doubt."""
    found = [quotient(along, STEP * 4.0**k) for k in range(SHORT, LONGEST + 1)]
    numeric, doubt = best_of(found, SHORT)
    size = np.abs(numeric) + found[0][1]
    if not (doubt <= MOST_DOUBT * size).all():
        found = [quotient(along, STEP * 4.0**k) for k in range(SHORTEST, SHORT)] + found
        numeric, doubt = best_of(found, SHORTEST)
    return numeric, doubt


def best_of(found: list[tuple[Array, Array]], shortest: int) -> tuple[Array, Array]:
    """Of quotients with steps of growing length, the surest for each output."""
    estimates, levels = (np.array([pair[i] for pair in found]) for i in (0, 1))
    # The median: a long step may hit a pole.
    level = np.median(np.where(np.isfinite(levels), levels, 0.0), axis=0)
    steps = STEP * 4.0 ** np.arange(shortest, shortest + len(found))
    rounding = EPS * level / steps.reshape(-1, *[1] * level.ndim)
    gaps = np.abs(np.diff(estimates, axis=0)) + rounding[:-1]
    # Two may agree by chance, hence three.
    scores = np.maximum(gaps[:-1], gaps[1:])
    best = np.argmin(np.where(np.isfinite(scores), scores, np.inf), axis=0)[np.newaxis]
    return np.take_along_axis(estimates, best, 0)[0], 10 * np.take_along_axis(gaps, best, 0)[0]


def careful_difference(along: Along) -> tuple[Array, Array]:
    """The derivative with the usual step where that has a value, else the refined one; and its doubt."""
    plain = difference(along)
    return (plain, np.zeros(plain.shape)) if np.isfinite(plain).all() else refined_difference(along)


@np.errstate(all="ignore")
def explanation(along: Along, at: tuple[int, ...], numeric: float, doubt: float) -> str:
    """Sentences on why a difference may mislead at one output: a kink, a jump, the edge of a domain."""
    told = near_kink(along, at) + near_edge(along, at)
    if not doubt <= MOST_DOUBT * abs(numeric):
        told += f" The numeric derivative is itself unsure by {doubt:.1g}; check where the function is less steep."
    return told


def near_kink(along: Along, at: tuple[int, ...]) -> str:
    """A sentence, if the slopes to the left and to the right differ."""
    step = 1e-6
    middle = along(0.0)[at]
    left, right = (middle - along(-step)[at]) / step, (along(step)[at] - middle) / step
    if abs(left - right) > 1e-3 * (abs(left) + abs(right)):
        return f" A kink lies near: the slope is {left:.6g} on the left, {right:.6g} on the right."
    longer = (along(10 * step)[at] - along(-10 * step)[at]) / (20 * step)
    if abs(longer) < 0.2 * abs(left + right) / 2:
        return " A jump lies near: the slope grows as the step shrinks."
    return ""


def near_edge(along: Along, at: tuple[int, ...]) -> str:
    """A sentence, if the function is not finite at the usual step."""
    for k in range(LONGEST - SHORTEST):
        step = STEP / 4.0**k
        if np.isfinite(along(2 * step)[at]) and np.isfinite(along(-2 * step)[at]):
            return f" The step was shrunk to {step:.1g}: further away the function is not finite." if k else ""
    return " The edge of the function's domain lies here."
