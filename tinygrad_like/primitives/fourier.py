"""Fourier transforms along one axis: fft, ifft, rfft, irfft. Each is linear, and its rule the transposed transform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.registry import multilinear
from .complexes import plane
from .samples import Case, Domain, Rng, normal

OPTIONS: dict[str, Any] = {"options": {"n": None, "axis": -1, "norm": None}, "by_position": 3}
# The norm of the transform in the other direction that has the same factor.
SWAPPED: dict[str | None, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}


def resized(x: Any, n: int, axis: int) -> Any:
    """The first n elements along an axis, with zeros behind them if there are fewer."""
    axis, length = axis % x.ndim, x.shape[axis]
    if n < length:
        return x[(*(slice(None),) * axis, slice(n))]
    return x if n == length else np.pad(x, [(0, (n - length) * (i == axis)) for i in range(x.ndim)])


def bins(half: Any, n: int, axis: int, between: float) -> Any:
    """A factor for each bin of a real transform of n points: 1 where it stands for itself alone, else `between`.

    The others stand for their conjugates, too. Alone are the first bin and, if n is even, the last.
    """
    factors = np.full(n // 2 + 1, between, half.dtype)
    factors[0] = 1
    if n % 2 == 0:
        factors[-1] = 1
    return factors.reshape(-1, *(1,) * (half.ndim - 1 - axis % half.ndim))


def fft_rule(g: Any, in_shape: tuple[int, ...], *, axis: int, norm: Any) -> Any:
    """Fourier's matrix is symmetric."""
    return resized(np.fft.fft(g, None, axis, norm), in_shape[axis], axis)


def ifft_rule(g: Any, in_shape: tuple[int, ...], *, axis: int, norm: Any) -> Any:
    return resized(np.fft.ifft(g, None, axis, norm), in_shape[axis], axis)


def rfft_rule(g: Any, in_shape: tuple[int, ...], *, n: int | None, axis: int, norm: Any) -> Any:
    """Re Σ g e^(-iωt): irfft without its factor gives the same of conj(g), but takes the bins between twice."""
    n = in_shape[axis] if n is None else n
    half = np.conjugate(g)
    return resized(np.fft.irfft(half * bins(half, n, axis, 0.5), n, axis, SWAPPED[norm]), in_shape[axis], axis)


def irfft_rule(g: Any, in_shape: tuple[int, ...], *, axis: int, norm: Any) -> Any:
    """Σ g e^(iωt), twice for the bins between. Of the others irfft ignores the imaginary part, which is 0 here."""
    half = np.conjugate(np.fft.rfft(g, None, axis, SWAPPED[norm]))
    return resized(half * bins(half, g.shape[axis], axis, 2), in_shape[axis], axis)


# A shape, and the options: even and odd, cropped and padded, along other axes, with each norm, empty.
SETTINGS: tuple[tuple[tuple[int, ...], dict[str, Any]], ...] = (
    ((5,), {}),
    ((2, 4), {"norm": "ortho"}),
    ((2, 4, 2), {"n": 3, "axis": 1, "norm": "backward"}),
    ((2, 2, 3), {"n": 7, "norm": "forward"}),
    ((2, 5), {"n": 4}),
    ((3,), {"n": 1}),
    ((0, 3), {"axis": 1}),
)


def along(*draws: Domain) -> Any:
    """Cases of a transform, of each kind of numbers."""

    def cases(rng: Rng) -> Iterator[Case]:
        for shape, options in SETTINGS:
            for draw in draws:
                yield (draw(rng, shape),), dict(options)

    return cases


fft = multilinear("fft", np.fft.fft, "a", fft_rule, **OPTIONS, sample=along(normal, plane), symbol="fft")
ifft = multilinear("ifft", np.fft.ifft, "a", ifft_rule, **OPTIONS, sample=along(normal, plane), symbol="ifft")
rfft = multilinear("rfft", np.fft.rfft, "a", rfft_rule, **OPTIONS, sample=along(normal), symbol="rfft")
irfft = multilinear("irfft", np.fft.irfft, "a", irfft_rule, **OPTIONS, sample=along(normal, plane), symbol="irfft")
