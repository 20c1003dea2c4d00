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


def plane(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Complex numbers in all quadrants, away from the axes."""
    return normal(rng, shape) + 1j * normal(rng, shape)


def direction(x: Any) -> Any:
    """What a change of |x| is the real part of: the conjugate of x / |x|; of real x the sign; 0 at 0."""
    if x.dtype.kind != "c":
        return np.sign(x)
    return np.where(x == 0, 0, np.conjugate(x) / np.abs(x))


def angle_rule(g: Any, x: Any) -> Any:
    """−i/x, and 0 at 0."""
    return g * np.where(x == 0, 0, -1j / x)


def fixed_copy(part: Any) -> Any:
    """A copy that refuses to be written to: NumPy has a view here, through which it would write into the whole."""
    part = copy_of(part)
    if part.__class__ is np.ndarray:
        part.flags.writeable = False
    return part


real_part = elementwise(
    "real_part", lambda x: fixed_copy(np.real(x)), "x", lambda g: g, sample=(plane,), symbol="Re", linear=True, numpy=()
)
imaginary_part = elementwise(
    "imaginary_part",
    lambda x: fixed_copy(np.imag(x)),
    "x",
    lambda g: g * -1j,
    sample=(plane,),
    symbol="Im",
    linear=True,
    numpy=(),
)
conjugate = ufunc(np.conjugate, lambda g: np.conjugate(g), sample=(plane,), symbol="x̄", linear=True)
angle = elementwise("angle", lambda x: np.angle(x), "x", angle_rule, sample=(plane,), symbol="arg", numpy=())
