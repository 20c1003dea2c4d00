"""Where a primitive can be tested: domains for elementwise ones, cases for the others.

A domain draws an array of a shape. Values stay clear of kinks and poles, so that finite
differences are accurate. A case is (arrays, options).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
Rng = Any  # np.random.Generator; to name it here would import np.random, which costs 10 ms
Domain = Callable[[Rng, tuple[int, ...]], Array]
Case = tuple[tuple[Any, ...], dict[str, Any]]


def between(low: float, high: float) -> Domain:
    """Uniform in [low, high)."""
    return lambda rng, shape: rng.uniform(low, high, shape)


def either_sign(low: float, high: float) -> Domain:
    """Uniform in [low, high), with a random sign: away from zero."""
    return lambda rng, shape: rng.uniform(low, high, shape) * rng.choice([-1.0, 1.0], shape)


def truth(rng: Rng, shape: tuple[int, ...]) -> Array:
    """True or False."""
    return rng.random(shape) < 0.5


def fractions(rng: Rng, shape: tuple[int, ...]) -> Array:
    """Away from the integers and from the halves between them."""
    return rng.integers(-3, 3, shape) + rng.uniform(0.1, 0.4, shape)


def whole_numbers(low: int, high: int) -> Domain:
    """Whole numbers in [low, high), of a dtype that float32 can hold, so that they do not widen it."""

    def draw(rng: Rng, shape: tuple[int, ...]) -> Array:
        size = int(np.prod(shape))
        return (low + rng.permutation(size) % (high - low)).astype(np.int8).reshape(shape)

    return draw


normal = either_sign(0.1, 2.0)
positive = between(0.2, 3.0)
above_one = between(1.2, 3.0)
unit = between(-0.9, 0.9)


def spread(rng: Rng, shape: tuple[int, ...]) -> Array:
    """All different, at least 0.1 apart: no ties for max, min, and the like."""
    size = int(np.prod(shape))
    return (rng.permutation(size) * 0.2 - 0.1 * size + rng.uniform(0, 0.1, size)).reshape(shape)


def over_axes(draw: Domain = normal, *, empty: bool = True, **options: Any) -> Callable[[Rng], Iterator[Case]]:
    """Cases of one array that is reduced over axes, with and without keepdims."""

    def cases(rng: Rng) -> Iterator[Case]:
        yield (draw(rng, (3,)),), dict(options)
        yield (draw(rng, (2, 3)),), dict(options)
        for axis in (0, -1, (0, 2), (2, 1)):
            for keepdims in (False, True):
                yield (draw(rng, (2, 3, 2)),), {"axis": axis, "keepdims": keepdims, **options}
        yield (draw(rng, ()),), {}
        if empty:
            yield (draw(rng, (0, 2)),), {"axis": 1}

    return cases


def with_zeros(rng: Rng) -> Iterator[Case]:
    """Cases of one array with none, one and two zeros among what is reduced."""
    x = normal(rng, (3, 2, 4))
    x[1, :, 0] = x[2, 0, 2] = 0
    yield (x,), {"axis": 2}
    yield (x,), {"axis": (0, 2), "keepdims": True}
    yield (x[2],), {}


def one(shape: tuple[int, ...] = (2, 3, 4), **options: Any) -> Callable[[Rng], Iterator[Case]]:
    """A single case: one array and these options."""
    return several((shape, options))


def several(*settings: tuple[tuple[int, ...], dict[str, Any]]) -> Callable[[Rng], Iterator[Case]]:
    """One array per setting of (shape, options)."""

    def cases(rng: Rng) -> Iterator[Case]:
        for shape, options in settings:
            yield (normal(rng, shape),), options

    return cases


def arrays(*shapes: tuple[tuple[int, ...], ...], **options: Any) -> Callable[[Rng], Iterator[Case]]:
    """One case per tuple of shapes, all with the same options."""

    def cases(rng: Rng) -> Iterator[Case]:
        for each in shapes:
            yield tuple(normal(rng, shape) for shape in each), dict(options)

    return cases


def either(*makers: Callable[[Rng], Iterator[Case]]) -> Callable[[Rng], Iterator[Case]]:
    """The cases of several makers, one after the other."""

    def cases(rng: Rng) -> Iterator[Case]:
        for maker in makers:
            yield from maker(rng)

    return cases
