"""`np.fft`: transforms along one axis and over several, of real and of complex numbers, and their shifts."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.primitive import Primitive
from ..engine.registry import implements
from ..engine.tensor import as_array
from ..primitives import fourier
from ..primitives.fourier import SWAPPED
from .selecting import positive_axis
from .shaping import axes_of

Transform = Callable[..., Any]


# -- along one axis ---------------------------------------------------------------------------------------------------


def transformed(primitive: Primitive, a: Any, n: Any, axis: Any, norm: str | None) -> Any:
    """A transform of n points (by default what NumPy takes), along an axis; its arguments are checked."""
    name, a = primitive.name, as_array(a)
    axis = positive_axis(axis, a.ndim)
    if norm not in SWAPPED:
        raise ArgumentError(f"{name} got norm={norm!r}.", 'Write "backward", "ortho" or "forward".')
    if name == "rfft" and a.dtype.kind == "c":
        raise DTypeError(f"rfft takes real numbers, but got {a.dtype}.", "Write np.fft.fft, or rfft of the real part.")
    if n is None:
        points = 2 * (a.shape[axis] - 1) if name == "irfft" else a.shape[axis]
    else:
        points = n = operator.index(n)
    if points < 1:
        raise ShapeError(
            f"{name} of shape {a.shape} along axis {axis} would have {points} points, but needs one at least.",
            "Write n=..., the number of points.",
        )
    return primitive(a, n, axis, norm)


@implements(np.fft.fft)
def fft(a: Any, n: Any = None, axis: int = -1, norm: str | None = None) -> Any:
    """`np.fft.fft`: y[k] = Σ a[j] e^(-2πijk/n)."""
    return transformed(fourier.fft, a, n, axis, norm)


@implements(np.fft.ifft)
def ifft(a: Any, n: Any = None, axis: int = -1, norm: str | None = None) -> Any:
    """`np.fft.ifft`: y[j] = 1/n Σ a[k] e^(2πijk/n)."""
    return transformed(fourier.ifft, a, n, axis, norm)


@implements(np.fft.rfft)
def rfft(a: Any, n: Any = None, axis: int = -1, norm: str | None = None) -> Any:
    """`np.fft.rfft`: the first n // 2 + 1 bins of fft, which determine all, of real numbers."""
    return transformed(fourier.rfft, a, n, axis, norm)


@implements(np.fft.irfft)
def irfft(a: Any, n: Any = None, axis: int = -1, norm: str | None = None) -> Any:
    """`np.fft.irfft`: what rfft undoes. It ignores the imaginary parts that real numbers do not have: no gradient."""
    return transformed(fourier.irfft, a, n, axis, norm)


@implements(np.fft.hfft)
@block()
def hfft(a: Any, n: Any = None, axis: int = -1, norm: str | None = None) -> Any:
    """`np.fft.hfft`: the real fft of the n numbers whose first half is given, and whose second is its mirror image."""
    return irfft(np.conjugate(as_array(a)), n, axis, SWAPPED.get(norm, norm))


@implements(np.fft.ihfft)
@block()
def ihfft(a: Any, n: Any = None, axis: int = -1, norm: str | None = None) -> Any:
    """`np.fft.ihfft`: what hfft undoes."""
    return np.conjugate(rfft(a, n, axis, SWAPPED.get(norm, norm)))


# -- over several axes ------------------------------------------------------------------------------------------------


def steps(a: Any, s: Any, axes: Any, halved: bool = False) -> list[tuple[Any, int]]:
    """The number of points and the axis of each transform over several axes.

    By default all axes, or as many of the last as `s` has numbers. A number -1 stands for the length of the axis.
    `halved` says that the last transform is an irfft, and so takes half of its points.
    """
    if axes is None:
        axes = range(a.ndim) if s is None else range(-len(s), 0)
    axes = axes_of(axes, a.ndim, repeated=True)
    lengths = [a.shape[axis] for axis in axes]
    if s is None:
        s = [*lengths[:-1], None] if halved else lengths
    elif len(s) != len(axes):
        raise ShapeError(f"A transform over {len(axes)} axes takes as many numbers s, but got s={s}.")
    return [(length if n == -1 else n, axis) for n, length, axis in zip(s, lengths, axes)]


def each(transform: Transform, a: Any, over: list[tuple[Any, int]], norm: str | None) -> Any:
    """A transform along one axis after the other."""
    for n, axis in over:
        a = transform(a, n, axis, norm)
    return a


def last_of(over: list[tuple[Any, int]]) -> tuple[Any, int]:
    if not over:
        raise ArgumentError("A real transform needs at least one axis.", "Write axes=(-1,).")
    return over[-1]


@implements(np.fft.fftn)
@block()
def fftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
    """`np.fft.fftn`: fft along the axes, the last one first. An axis that is there twice is transformed twice."""
    a = as_array(a)
    return each(fft, a, steps(a, s, axes)[::-1], norm)


@implements(np.fft.ifftn)
@block()
def ifftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
    """`np.fft.ifftn`: ifft along the axes, the last one first."""
    a = as_array(a)
    return each(ifft, a, steps(a, s, axes)[::-1], norm)


@implements(np.fft.rfftn)
@block()
def rfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
    """`np.fft.rfftn`: rfft along the last of the axes, then fft along the others."""
    a = as_array(a)
    over = steps(a, s, axes)
    return each(fft, rfft(a, *last_of(over), norm), over[-2::-1], norm)


@implements(np.fft.irfftn)
@block()
def irfftn(a: Any, s: Any = None, axes: Any = None, norm: str | None = None) -> Any:
    """`np.fft.irfftn`: ifft along all axes but the last, then irfft along that."""
    a = as_array(a)
    over = steps(a, s, axes, halved=True)
    return irfft(each(ifft, a, over[:-1], norm), *last_of(over), norm)


@implements(np.fft.fft2)
@block()
def fft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
    """`np.fft.fft2`: fftn over the last two axes."""
    return fftn(a, s, axes, norm)


@implements(np.fft.ifft2)
@block()
def ifft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
    """`np.fft.ifft2`: ifftn over the last two axes."""
    return ifftn(a, s, axes, norm)


@implements(np.fft.rfft2)
@block()
def rfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
    """`np.fft.rfft2`: rfftn over the last two axes."""
    return rfftn(a, s, axes, norm)


@implements(np.fft.irfft2)
@block()
def irfft2(a: Any, s: Any = None, axes: Any = (-2, -1), norm: str | None = None) -> Any:
    """`np.fft.irfft2`: irfftn over the last two axes."""
    return irfftn(a, s, axes, norm)


# -- the order of the frequencies -------------------------------------------------------------------------------------


@implements(np.fft.fftshift)
def fftshift(x: Any, axes: Any = None) -> Any:
    """`np.fft.fftshift`: the frequency 0 in the middle of the axes."""
    x = as_array(x)
    axes = axes_of(axes, x.ndim, repeated=True)
    return np.roll(x, tuple(x.shape[axis] // 2 for axis in axes), axes)


@implements(np.fft.ifftshift)
def ifftshift(x: Any, axes: Any = None) -> Any:
    """`np.fft.ifftshift`: what fftshift undoes."""
    x = as_array(x)
    axes = axes_of(axes, x.ndim, repeated=True)
    return np.roll(x, tuple(-(x.shape[axis] // 2) for axis in axes), axes)
