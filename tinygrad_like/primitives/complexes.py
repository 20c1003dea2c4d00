"""Parts of complex numbers: real and imaginary part, conjugate, angle.

These are not holomorphic. Their rules are transposes of real-linear maps, where the change is Re(Σ g t): so the real
part has the rule g, the imaginary one −ig. Each is its own forward mode, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.registry import elementwise, ufunc
from ..engine.traces import copy_of
from .samples import Array, Rng, normal
from .trigonometric import nonzero


def plane(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Complex numbers in all quadrants, away from the axes."""
    return normal(rng, shape) + 1j * normal(rng, shape)


def direction(x: Any) -> Any:
    """What a change of |x| is the real part of: the conjugate of x / |x|; of real x the sign; 0 at 0."""
    if x.dtype.kind != "c":
        return np.sign(x)
    return np.conjugate(x) / nonzero(np.abs(x))


def angle_rule(g: Any, x: Any) -> Any:
    """−i/x, and 0 at 0."""
    return g * np.where(x == 0, 0, -1j / x)


real_part = elementwise(
    "real_part", lambda x: copy_of(np.real(x)), "x", lambda g: g, sample=(plane,), symbol="Re", linear=True, numpy=()
)
imaginary_part = elementwise(
    "imaginary_part",
    lambda x: copy_of(np.imag(x)),
    "x",
    lambda g: g * -1j,
    sample=(plane,),
    symbol="Im",
    linear=True,
    numpy=(),
)
conjugate = ufunc(np.conjugate, lambda g: np.conjugate(g), sample=(plane,), symbol="x̄", linear=True)
angle = elementwise("angle", lambda x: np.angle(x), "x", angle_rule, sample=(plane,), symbol="arg", numpy=())
