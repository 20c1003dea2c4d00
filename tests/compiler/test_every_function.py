"""Every primitive, NumPy function and function of networks, compiled: values and derivatives as eager gives them.

Each is traced at one point and run at others, so that what was baked in would show. By default a choice of the cases is
run; with EVERY_CASE=1 in the environment, all are.
"""

import inspect

import numpy as np
import pytest

from tests.cases import COMPILED, DIFFERENTIABLE, PRIMITIVES, call, cases, together
from tests.compiler.agreeing import BACKENDS, EVERY, WAYS, by_backward, is_float, runs_compiled, ways_for
from tests.compiler.examples import example_of
from tests.primitives.corners import CORNERS
from tinygrad_like.engine.registry import REGISTRY
from tinygrad_like.nn import functional

# Eager takes shorter ways for ordinary values, which round otherwise.
SHORTER = {"prod", "cumprod", "det", "determinant", "logm", "masked_softmax", "softmax"}
NO_LENGTH = "bincount"  # without minlength, its length depends on values
BY_VALUES = "eig"  # whether its results are complex depends on values; tests/functions compiles it of complex matrices

COMPILED_CORNERS = [corner for corner in CORNERS if corner[0] != BY_VALUES]

pytestmark = pytest.mark.parametrize("backend", BACKENDS)


def points(primitive, dtype):
    """Pairs of arguments of the same shapes, with their options."""
    if primitive.name == BY_VALUES:
        return
    for (one, options), (other, _) in zip(cases(primitive), cases(primitive, seed=1)):
        if [x.shape for x in one] == [x.shape for x in other] and (primitive.name != NO_LENGTH or options):
            yield [[in_precision(x, dtype) for x in arrays] for arrays in (one, other)], options


def in_precision(x, dtype):
    """Floats in this dtype, complex numbers with parts in it."""
    return x.astype(np.result_type(dtype, 1j) if np.iscomplexobj(x) else dtype) if is_float(x) else x


def chosen(found):
    """All cases, or the one in the middle, which has options, but is no corner."""
    found = list(found)
    middle = (len(found) - 1) // 2
    return found if EVERY else found[middle : middle + 1]


@together("primitive", DIFFERENTIABLE if EVERY else COMPILED)
def test_derivatives(primitive, backend):
    for pair, options in chosen(points(primitive, np.float64)):
        for way in ways_for(primitive.name):
            step = way(lambda *xs, options=options: call(primitive, *xs, **options))
            runs_compiled(step, *pair, backend=backend, exact=primitive.name not in SHORTER)


@together("primitive", PRIMITIVES if EVERY else COMPILED[::5])
def test_float32(primitive, backend):
    for pair, options in chosen(points(primitive, np.float32)):
        step = by_backward(lambda *xs, options=options: call(primitive, *xs, **options))
        runs_compiled(step, *pair, backend=backend, exact=primitive.name not in SHORTER)


@together("primitive", [p for p in PRIMITIVES if p not in DIFFERENTIABLE])
def test_constants(primitive, backend):
    for pair, options in chosen(points(primitive, np.float64)):
        runs_compiled(by_backward(lambda *xs, options=options: call(primitive, *xs, **options)), *pair, backend=backend)


def ordinary(arrays):
    """Arrays of the same shapes and dtypes, with ordinary values in place of floats."""
    rng = np.random.default_rng(0)
    return [rng.uniform(0.5, 1.5, x.shape).astype(x.dtype) if is_float(x) else x for x in arrays]


def test_special_points(backend):
    """Ties, zeros and infinities in a program that was traced at ordinary values, and the other way round."""
    for name, given, options, _, _ in COMPILED_CORNERS if EVERY else COMPILED_CORNERS[::5]:
        arrays = [x for x in given if isinstance(x, np.ndarray)]
        numbers = [x for x in given if not isinstance(x, np.ndarray)]
        step = by_backward(lambda *xs, p=REGISTRY[name], n=numbers, o=options: p(*xs, *n, **o))
        pair = (arrays, ordinary(arrays))
        with np.errstate(all="ignore"):
            for order in (pair, pair[::-1]):
                runs_compiled(step, *order, backend=backend, exact=name not in SHORTER)


FUNCTIONS = {name: getattr(functional, name) for name in functional.__all__}
X, CUBE = np.array([[-2.5, -0.25, 0.3, 4.0]]), np.arange(64.0).reshape(1, 4, 4, 4)
# Those whose docstring has no example.
ARGUMENTS = {
    **{f"{name}_pool3d": (CUBE, 2) for name in ("adaptive_avg", "adaptive_max", "avg", "max")},
    "adaptive_max_pool1d": (X, 3),
    "lp_pool3d": (CUBE, 2, 2),
    "instance_norm": (CUBE,),
    "local_response_norm": (CUBE, 3),
    "rms_norm": (X, 4),
    "threshold": (X, 0.5, 20.0),
}
RANDOM = {name for name in FUNCTIONS if "dropout" in name} | {"gumbel_softmax", "rrelu"}


@together("name", sorted(set(FUNCTIONS) - RANDOM))
def test_functions_of_networks(name, backend):
    """The examples in the docstrings, and the same with other values."""
    function = FUNCTIONS[name]
    arguments, options = example_of(inspect.unwrap(function)) or (ARGUMENTS.get(name, (X,)), {})
    arguments = [np.asarray(x) if isinstance(x, list) and np.asarray(x).dtype.kind == "f" else x for x in arguments]
    other = [x * 0.75 if is_float(x) else x for x in arguments]
    for way in WAYS if EVERY and any(map(is_float, arguments)) else WAYS[:1]:
        runs_compiled(
            way(lambda *xs: function(*xs, **options)), arguments, other, backend=backend, exact=name not in SHORTER
        )
