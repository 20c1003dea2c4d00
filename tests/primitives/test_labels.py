"""What a record says of its shape and of its derivative is true, and as much as is true.

Forward mode and the exact zeros rely on these labels.
"""

import itertools

import numpy as np
import pytest

from tests.cases import PRIMITIVES, call, cases, is_float, named, random_like, together

STEP = 1e-3


def differentiated(primitive, arrays):
    """The numbers of the float arguments that have a rule; of an operation without rules, of all."""
    rules = primitive.rules * len(arrays) if primitive.variadic else primitive.rules
    has_rules = any(primitive.rules)
    return [i for i, x in enumerate(arrays) if is_float(x) and (rules[i] is not None or not has_rules)]


@np.errstate(all="ignore")
def value(primitive, arrays, options):
    y = np.asarray(call(primitive.forward, *arrays, **options))
    return y if is_float(y) else y.astype(float)


def moved(x, index, step=STEP):
    x = x.copy()
    x[index] += step * (1 + 1j) if x.dtype.kind == "c" else step
    return x


def reached(primitive, arrays, options, i, index):
    """Which elements of the result change with one element of an argument."""
    before = value(primitive, arrays, options)
    others = [
        value(primitive, [*arrays[:i], moved(arrays[i], index, s), *arrays[i + 1 :]], options) for s in (-STEP, STEP)
    ]
    return (others[0] != before) | (others[1] != before)


def is_linear(primitive, arrays, options, i):
    """Whether f(2a + 3b) = 2 f(a) + 3 f(b) in one argument; exactly 0 at 0 follows."""
    rng = np.random.default_rng(0)
    a, b = arrays[i], random_like(lambda shape: rng.uniform(0.5, 1.5, shape), arrays[i])

    def at(x):
        return value(primitive, [*arrays[:i], x, *arrays[i + 1 :]], options)

    try:
        return np.allclose(at(2 * a + 3 * b), 2 * at(a) + 3 * at(b), rtol=1e-12, atol=1e-12)
    except np.linalg.LinAlgError:  # what is linear is defined everywhere
        return False


def whole(primitive, arrays):
    """Without the arguments that are added to the rest."""
    return [x for x, name in zip(arrays, primitive.args * len(arrays)) if name not in primitive.added]


@together("primitive", [p for p in PRIMITIVES if p.shape == "elementwise"])
def test_elementwise(primitive):
    """A part of the result is the result of the parts; arguments are broadcast."""
    for arrays, options in cases(primitive):
        y = value(primitive, arrays, options)
        assert y.shape == np.broadcast_shapes(*map(np.shape, arrays))
        for index in np.ndindex(y.shape):
            alone = [np.broadcast_to(x, y.shape)[index] for x in arrays]
            np.testing.assert_array_equal(value(primitive, alone, options), y[index])


@together("primitive", [p for p in PRIMITIVES if p.shape != "elementwise"])
def test_reduction_or_general(primitive):
    """Of a reduction each element reaches one element of the result at most; of anything else, some reach several."""
    most, fewer = 0, False
    for arrays, options in cases(primitive):
        fewer |= value(primitive, arrays, options).size < sum(np.size(x) for x in arrays)
        for i in differentiated(primitive, arrays):
            for index in np.ndindex(arrays[i].shape):
                most = max(most, int(reached(primitive, arrays, options, i, index).sum()))
    if primitive.shape == "reduction":
        assert most <= 1
        assert {"axis", "keepdims"} <= primitive.defaults.keys()
    elif primitive.derivative == "other":
        has_axes = primitive.defaults.keys() - {"check_finite"}
        assert most > 1 or not has_axes or primitive.role == "loss"  # which gives one number


@together("primitive", PRIMITIVES)
def test_derivative(primitive):
    """Zero: nothing changes. Linear: in each argument by itself, but for those that are added. Other: neither."""
    changes, linear = False, True
    for arrays, options in cases(primitive):
        for i in differentiated(primitive, arrays):
            for index in itertools.islice(np.ndindex(arrays[i].shape), 4):
                changes |= bool(reached(primitive, arrays, options, i, index).any())
            if primitive.variadic:
                linear &= is_linear_in_the_list(primitive, arrays, options)
            elif primitive.args[i] not in primitive.added:
                linear &= is_linear(primitive, whole(primitive, arrays), options, i)
    found = "zero" if not changes else "linear" if linear else "other"
    assert primitive.derivative == found


def is_linear_in_the_list(primitive, arrays, options):
    others = [np.full(x.shape, 0.5 + k) for k, x in enumerate(arrays)]
    both = value(primitive, [2 * a + 3 * b for a, b in zip(arrays, others)], options)
    apart = 2 * value(primitive, arrays, options) + 3 * value(primitive, others, options)
    return np.allclose(both, apart, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("primitive", [p for p in PRIMITIVES if p.added], ids=named)
def test_what_is_added_is_added(primitive):
    for arrays, options in cases(primitive):
        rest = whole(primitive, arrays)
        added = sum((np.asarray(x) for x in arrays[len(rest) :]), 0.0)
        np.testing.assert_allclose(
            value(primitive, arrays, options), value(primitive, rest, options) + added, rtol=1e-14
        )
