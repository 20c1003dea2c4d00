"""What tests run on: leaves; and for each primitive of the registry, arrays and options."""

from __future__ import annotations

import functools
import inspect
import sys

import numpy as np

from tinygrad_like import (
    Tensor,
    families,  # noqa: F401  (fills the registry)
    scipy_families,  # noqa: F401  (and this with SciPy's functions)
)
from tinygrad_like.engine.registry import REGISTRY

PRIMITIVES = [REGISTRY[name] for name in sorted(REGISTRY)]
DIFFERENTIABLE = [p for p in PRIMITIVES if p.derivative != "zero"]
SHAPES = {
    1: [((2, 3),), ((),), ((0, 2),)],
    2: [((2, 3), (2, 3)), ((2, 1), (3,)), ((), (2,)), ((1, 1, 1, 1, 1), (5, 4)), ((0, 2), (2,))],
    3: [((2, 3), (2, 3), (2, 3)), ((3,), (2, 1), (1, 3)), ((), (), ()), ((0, 2), (2,), ())],
}

# SciPy's functions are many, and go the ways of NumPy's: fewer shapes of them are tried, and few of them compiled.
OF_SCIPY = [p for p in PRIMITIVES if p.name.startswith("special.")]
FEW_SHAPES = {1: [((4,),)], 2: [((3, 1), (2,))], 3: [((3,), (3,), (3,))]}
COMPILED = [p for p in DIFFERENTIABLE if p not in OF_SCIPY] + OF_SCIPY[::8]


def leaf(values=(1.0, 2.0), dtype=float, **options):
    return Tensor(np.array(values, dtype=dtype), requires_grad=True, **options)


def cases(primitive, seed=0):
    """(arrays, options) pairs in the primitive's declared domain."""
    rng = np.random.default_rng(seed)
    if callable(primitive.sample):
        return [(tuple(map(np.asarray, arrays)), options) for arrays, options in primitive.sample(rng)]
    domains = primitive.sample
    return [
        (tuple(np.asarray(draw(rng, shape)) for draw, shape in zip(domains, shapes)), {})
        for shapes in (FEW_SHAPES if primitive in OF_SCIPY else SHAPES)[len(domains)]
    ]


def call(function, *arrays, **options):
    """What a function gives; several results in one vector."""
    y = function(*arrays, **options)
    return np.concatenate([np.ravel(part) for part in y]) if isinstance(y, tuple) else y


def is_float(x):
    """Whether it is an array of real or complex numbers, which have derivatives."""
    return isinstance(x, np.ndarray) and x.dtype.kind in "fc"


def random_like(draw, y):
    """Numbers of y's shape, complex where y is; `draw` gives real ones of a shape."""
    shape = np.shape(y)
    return draw(shape) + 1j * draw(shape) if np.iscomplexobj(y) else draw(shape)


def inner(a, b):
    """How a gradient and a tangent pair: Re Σ conj(a) b."""
    if np.iscomplexobj(a) or np.iscomplexobj(b):
        return np.real(np.sum(np.conj(a) * b))
    return np.sum(a * b)


def turned(rng, x):
    """Complex numbers with the absolute values of real ones, in all quadrants, away from the axes."""
    angle = rng.uniform(0.3, 1.2, x.shape) + rng.integers(0, 4, x.shape) * np.pi / 2
    return np.asarray(x * np.exp(1j * angle))


def hermitian(rng, x):
    """A Hermitian matrix with a real symmetric one as its real part."""
    part = rng.uniform(-0.3, 0.3, x.shape)
    return x + 1j * (part - part.swapaxes(-1, -2))


# Primitives that take no complex numbers as they come.
MADE_COMPLEX = dict.fromkeys(("cholesky", "cholesky_factor", "eigh", "eigvalsh"), hermitian)

# Of vectors that are known up to a phase, a cotangent that depends on the phase has no derivative.
UP_TO_A_PHASE = {"eig", "eigh", "svd"}


def complex_cases(primitive, seed=0):
    """The cases with complex numbers in place of real ones: of all float arguments, and of each alone.

    None of a primitive that has complex samples of its own, or whose results have a free phase.
    """
    rng, found = np.random.default_rng(seed + 7), cases(primitive, seed)
    if primitive.name in UP_TO_A_PHASE or any(np.iscomplexobj(x) for arrays, _ in found for x in arrays):
        return
    make = MADE_COMPLEX.get(primitive.name, turned)
    for arrays, options in found:
        free = [i for i, x in enumerate(arrays) if is_float(x)]
        if not free:
            continue
        other = [make(rng, x) if i in free else x for i, x in enumerate(arrays)]
        yield tuple(other), options
        for i in free if len(free) > 1 else ():
            yield (*arrays[:i], other[i], *arrays[i + 1 :]), options


def named(primitive):
    return primitive.name


def together(names, values):
    """Like pytest.mark.parametrize, but in one test: many tiny tests take most of their time to start and to report.

    `values` may be a dict, by name. What fails is told which case it was. It is not for tests that use up a fixture,
    nor for those that skip.
    """
    names = (names,) if isinstance(names, str) else names
    chosen = list(values.items()) if isinstance(values, dict) else [(value, value) for value in values]
    assert chosen, "there are no cases"

    def decorated(test):
        @functools.wraps(test)
        def every(**others):
            for name, value in chosen:
                try:
                    test(**dict(zip(names, value if len(names) > 1 else (value,), strict=True)), **others)
                except BaseException as error:
                    error.add_note(f"In the case {', '.join(names)} = {name}")
                    raise

        signature = inspect.signature(test)
        left = [each for name, each in signature.parameters.items() if name not in names]
        every.__signature__ = signature.replace(parameters=left)
        return every

    return decorated


def calls_in(function):
    """How many functions a call calls, in Python and in C: a measure of work that does not depend on the machine."""
    count = 0

    def watch(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(watch)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count
