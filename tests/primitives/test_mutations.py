"""Every rule, corrupted in every way that changes it, must be noticed.

The corruptions are made from the source: a scale, the sign, two arguments or two rules swapped; and in a rule, or in a
helper that it calls however deep, one operand of an operation or of a call dropped, or replaced by another. Of the
helpers, every second is corrupted by default; with EVERY_CASE=1 in the environment, all.
"""

import collections
import copy
import functools
import itertools
import os

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import DIFFERENTIABLE, call, cases, complex_cases, inner, is_float, random_like, together
from tests.primitives.corners import CORNERS, SMOOTH
from tests.primitives.mutating import corruptions, names_in, reached, rebuilt
from tests.primitives.spectral_equivalents import EQUIVALENT as SPECTRAL
from tinygrad_like.checking import Checker
from tinygrad_like.engine import autodiff
from tinygrad_like.engine.primitive import Rule, read_rule
from tinygrad_like.engine.registry import REGISTRY
from tinygrad_like.engine.scattered import Scattered

EVERY, SOME = bool(os.environ.get("EVERY_CASE")), 20
count = itertools.count()
TRUTH = "False is 0, and True is 1"
ORDER = "the order of these two makes no difference"
EMPTY = "the array is empty"
TWICE = "there is a second guard: either is enough"
CAST = "the engine casts what a rule gives"
FASTER = "the way for everything else gives the same, slower"
SECOND = "it runs in recorded sweeps alone, and of what is linear the second derivative is 0 whatever it gives"
CONSTANT = "only truths are made of it, which have no derivative"
MARGIN = "a margin for rounding"
# (function, expression): how many of its corruptions give the same numbers, and why.
TRACED = "only a trace goes this way, which tests/compiler watches"
RAISES = "where the equation has no single solution, SciPy raises an error or warns; tests/linalg watches"
CHOSEN_SHARES = "np.where(counts[..., None], share * ratio * (softmax - one_hot(numbers, logits)), 0)"
BY_RATIO = "np.where(x < 0, ROOT_2_OVER_PI / special.erfcx(-ROOT_HALF * x), density(x) / special.ndtr(x))"
EQUIVALENT = SPECTRAL | {
    ("huber_delta", "np.maximum(np.abs(b) - a, 0)"): (1, ORDER),
    ("huber_residual", "np.maximum(np.minimum(b, a), -1.0 * a)"): (1, ORDER),
    ("huber_residual", "np.minimum(b, a)"): (1, ORDER),
    ("pseudo_huber_delta", "np.hypot(a, b)"): (1, ORDER),
    ("special.pseudo_huber1", "np.hypot(a, b)"): (1, ORDER),
    # Of those at zeros, tests/functions/test_special.py watches the second order.
    ("kl_div_right", "np.where((a == 0) & (b == 0), 1, (b - a) / b)"): (1, TRUTH),
    ("kl_div_right", "(a == 0) & (b == 0)"): (1, "the slope is 1 wherever a is 0"),
    ("rel_entr_right", "np.where((a == 0) & (b == 0), np.inf, b)"): (1, "0 divided by whatever it is"),
    ("rel_entr_right", "(a == 0) & (b == 0)"): (1, "0 divided by whatever it is"),
    ("xlog1py_right", "np.where((a == 0) & (b == -1), np.inf, b + 1.0)"): (1, "0 divided by whatever it is"),
    ("xlogy_right", "np.where((a == 0) & (b == 0), np.inf, b)"): (1, "0 divided by whatever it is"),
    ("sine_and_cosine", "np.real(x)"): (1, "these numbers are real"),
    ("log_ndtr_rule", BY_RATIO): (5, "right of 0 both ways are right, but one has less digits"),
    ("arctan20", "over_square(b, a, b)"): (1, ORDER),
    ("arctan21", "over_square(a, a, b)"): (1, ORDER),
    ("over_square", "np.hypot(a, b)"): (1, ORDER),
    ("if_greater", "unless(a < b, a, b, b, g)"): (1, ORDER),
    ("if_greater_or_alone", "unless(a < b, a, b, a, g)"): (1, ORDER),
    ("if_less", "unless(a > b, a, b, b, g)"): (1, ORDER),
    ("if_less_or_alone", "unless(a > b, a, b, a, g)"): (1, ORDER),
    # Where no sample counts, tests/losses watches.
    ("softmax_cross_entropy_rule", CHOSEN_SHARES): (1, "False is 0"),
    ("without", "np.maximum(np.sum(counts), 1)"): (3, "at least one sample counts here"),
    ("without", "np.where(counts, classes, 0)"): (1, "0 and False are the same index"),
    ("without", "ratio.astype(dtype)"): (1, "float64 here"),
    ("matmul_left", "b.swapaxes(-1, -2)"): (1, ORDER),
    ("matmul_right", "a.swapaxes(-1, -2)"): (2, ORDER),
    # tests/engine/test_storage.py offers memory.
    ("linear_weight", "left.dot(right, out)"): (6, "reached only if memory is offered"),
    ("swapaxes0", "g.swapaxes(axis1, axis2)"): (1, ORDER),
    ("setitem_rule", "np.where(last[index] == numbers, part, 0)"): (1, "False is 0"),
    ("last", "x.swapaxes(axis, -1)"): (1, ORDER),
    ("share", "logaddexp(0, np.where(tied, 0, b - a))"): (1, ORDER),
    ("below_top", "np.where(x == top, 0, -np.inf)"): (1, TRUTH),
    ("extreme_share", "np.where(chosen, kept(g, x.shape, axis) / ties, 0)"): (1, TRUTH),
    ("running_share", "np.where(chosen, recurrence(g / ties, stays), 0)"): (1, TRUTH),
    ("nonzero", "np.where(y == 0, 1, y)"): (1, TRUTH),
    ("power_base", "np.where(is_pole, 1, b - 1)"): (1, TRUTH),
    ("power_exponent", "np.where(a == 0, 1, a)"): (1, TRUTH),
    ("sici_rule", "(g[1] == 0) & (x == 0)"): (1, "0 times anything finite"),
    ("sici_rule", "np.where(unseen, 1, x)"): (1, TRUTH),
    ("power_exponent", "base.astype(y.dtype)"): (2, "test_complex.py has bases that are plain numbers"),
    ("relu_rule", "np.where(y != 0, g, 0)"): (1, TRUTH),
    ("limited_rule", "np.where(inside, g, 0)"): (1, TRUTH),
    ("heaviside1", "np.where(a == 0, g, 0)"): (1, TRUTH),
    ("where1", "np.where(condition, g, 0)"): (1, TRUTH),
    ("prod_rule", "np.zeros_like(x)"): (1, EMPTY),
    ("std_rule", "np.zeros_like(x)"): (1, EMPTY),
    ("std_rule", "np.where(flat, 1, nonzero(kept(y, x.shape, axis)))"): (1, TRUTH),
    ("std_rule", "np.where(flat, 0, conjugated(x - x.mean(axis=axis, keepdims=True)))"): (1, TRUTH),
    ("std_rule", "np.where(flat, 0, kept(g, x.shape, axis))"): (5, TWICE),
    ("below_top", "np.where(infinite, 0, top)"): (5, "only the forward function warns of infinity less infinity"),
    ("power_base", "isinstance(b, (int, float))"): (1, FASTER),
    ("sigmoid_rule", "ONES.get(y.dtype, 1)"): (3, FASTER),
    ("are_normal", "np.abs(y)"): (1, FASTER),
    ("are_normal", "shortcut(np.all((size >= np.finfo(size.dtype).tiny) & np.isfinite(size)))"): (1, FASTER),
    ("fmod1", "np.rint((a - y) / b)"): (1, "the quotient is whole, but for rounding"),
    ("times", "rows(x)"): (1, FASTER),
    ("masked_softmax_rule", "np.vecdot(g, y)"): (1, ORDER),
    ("take_rule", "isinstance(g, Tensor)"): (2, FASTER),
    ("take_rule", "index_add(g, indices, shape=in_shape, axis=axis)"): (1, SECOND),
    ("inverse_order", "int(i)"): (1, "NumPy's integers count axes, too"),
    ("over", "(g / np.float64(n)).astype(g.dtype)"): (1, CAST),
    ("adjugate", "np.eye(n, dtype=a.dtype)"): (1, CAST),
    ("cholesky_rule", "np.eye(n, dtype=y.dtype)"): (1, CAST),
    ("det_times_inverse", "shortcut(np.all(y))"): (1, FASTER),
    ("free_phases", "np.sqrt(np.finfo(w.dtype).eps)"): (1, MARGIN),
    ("eig_rule", "values_of(each)"): (1, CONSTANT),
    ("eig_rule", "values_of(v)"): (1, CONSTANT),
    ("eig_rule", "np.where(gaps == 0, 1, gaps)"): (1, TRUTH),
    ("equal_pairs", "rounding_unit(w) * np.sum(np.abs(a), axis=(-2, -1))[..., None] * row_lengths(left)"): (1, MARGIN),
    ("equal_pairs", "moves[..., None, :] + moves[..., :, None]"): (2, MARGIN),
    ("left_vectors", "values_of(v)"): (1, CONSTANT),
    ("left_vectors", "values_of(left)"): (1, CONSTANT),
    ("row_lengths", "np.abs(rows)"): (1, "of complex rows it is too small, which is still larger than the limit"),
    ("like_equals", "equal_pairs(w, left, a)"): (2, MARGIN),
    ("like_equals", "np.abs(all_differences(of_w))"): (1, "of both signs, one is positive"),
    ("like_equals", "np.eye(w.shape[-1], dtype=w.real.dtype)"): (1, CAST),
    ("nan_where", "np.where(condition, np.nan, 0).astype(like.real.dtype)"): (1, CAST),
    ("nan_where", "np.where(condition, np.nan, 0)"): (1, TRUTH),
    ("of_conjugate", "np.where(w.imag > 0, np.roll(x, -1, -1), np.roll(x, 1, -1))"): (1, TWICE),
    ("of_conjugate", "np.roll(x, -1, -1)"): (1, TWICE),
    ("of_conjugate", "np.roll(x, 1, -1)"): (1, TWICE),
    ("pairs_apart", "rounding_unit(w) * size * np.sum(np.abs(left), axis=(-2, -1), keepdims=True)"): (1, MARGIN),
    ("pairs_apart", "np.where(equal_pairs(w, left, a), unknown, 1).astype(w.real.dtype)"): (1, CAST),
    ("pairs_apart", "equal_pairs(w, left, a)"): (2, MARGIN),
    ("rounding_unit", "MARGIN * w.shape[-1] * np.finfo(w.dtype).eps"): (1, MARGIN),
    ("rounding_unit", "MARGIN * w.shape[-1]"): (2, MARGIN),
    ("first_columns", "np.eye(n, dtype=r.real.dtype)"): (1, CAST),
    ("usable", "values_of(r)"): (1, CONSTANT),
    ("usable", "8 * r.shape[-1]"): (2, MARGIN),
    ("usable", "np.where(on_diagonal & (size <= limit), np.nan, 0).astype(r.real.dtype)"): (1, CAST),
    ("usable", "np.where(on_diagonal & (size <= limit), np.nan, 0)"): (1, TRUTH),
    ("without_the_rest", "values_of(of_rest)"): (2, CONSTANT),
    ("without_the_rest", "values_of(rest)"): (1, CONSTANT),
    ("without_the_rest", "np.sqrt(np.finfo(q.dtype).eps)"): (1, MARGIN),
    ("without_the_rest", "np.where(turning > limit, np.nan, 0).astype(q.real.dtype)"): (1, CAST),
    ("without_the_rest", "np.where(turning > limit, np.nan, 0)"): (1, TRUTH),
    ("inverse_or_pole", "shortcut(np.all(sign))"): (1, FASTER),
    ("inverse_or_pole", "values_of(a)"): (1, "where it counts, everything is inf or nan"),
    ("poles", "np.zeros_like(a)"): (1, "without a pole, nothing of it is taken"),
    ("inverse_or_pole", "np.eye(a.shape[-1], dtype=a.dtype)"): (1, CAST),
    ("poles", "shortcut(np.all(sign))"): (1, FASTER),
    ("inverse_or_pole", "values_of(sign)"): (1, CONSTANT),
    ("solve_right", "solve(a, g, factors=factors, turned=not turned)"): (1, FASTER),
    ("below_top", "below.astype(x.dtype, copy=False)"): (2, CAST),
    ("below_top", "mended(x - top, beside_infinite, top)"): (12, TRACED),
    ("below_top", "x - top"): (2, TRACED),
    ("is_plain", "real(array)"): (1, TRACED),
    ("one_hot", "values_of(classes)"): (1, TRACED),
    ("is_traced_mask", "is_plain(index)"): (1, TRACED),
    ("is_traced_mask", "isinstance(index, np.ndarray)"): (1, TRACED),
    ("setitem_rule", "np.where(index, 0, g)"): (12, TRACED),
    ("setitem_rule", "np.where(index, g, 0)"): (12, TRACED),
    ("roll0", "only_axis(g, axis)"): (1, FASTER),
    ("transposed", "a.swapaxes(-1, -2)"): (1, ORDER),
    ("mean_of_product", "np.vecdot(a, b)"): (1, ORDER),
    ("over_rms_rule", "mean_of_product(g, y, axis)"): (1, ORDER),
    ("weight_share", "np.einsum(f'{letters},{letters}->{letters[-len(in_shape)]}', g, x)"): (1, ORDER),
    ("convolve_rule", "convolve(g, other[::-1])"): (1, ORDER),
    ("gru_rule", "totals.sum(axis=(0, 1))"): (1, "the reverse sweep sums where it was broadcast"),
    ("is_zero", "shortcut(~np.any(g))"): (1, FASTER),
    ("lstm_rule", "zip(g[:4, t], of_gates)"): (1, ORDER),
    ("convolve_rule", "convolve(g, other[::-1], mode='valid')"): (1, ORDER),
    ("convolve_rule", "convolve(other, g[::-1], mode='valid')"): (1, ORDER),
    ("regular_sylvester", "unsolvable(a, b)"): (1, ORDER),
    ("regular_sylvester", "solve_sylvester(a, b, q, check_finite=False)"): (1, "SciPy warns of infinite roots"),
    ("frechet_point", "blocks(zero, g, zero)"): (1, "the lower left block of the exponential is 0 for every A and E"),
    ("discrete_right", "found + unsolvable(a, np.conj(a), product=True)"): (1, RAISES),
    ("discrete_right", "unsolvable(a, np.conj(a), product=True)"): (4, RAISES),
    ("discrete_right", "np.conj(a)"): (1, RAISES),
}


@pytest.fixture(autouse=True)
def no_place(monkeypatch):
    """gradcheck only has to raise: it takes most of its time to find the element that its message names."""
    monkeypatch.setattr(Checker, "located", lambda *args: None)


def each(change, out):
    """A change of what a rule gives, also of a list of parts, or of elements at an index."""
    if isinstance(out, list):
        return [each(change, part) for part in out]
    return Scattered(change(out.values), out.index) if isinstance(out, Scattered) else change(out)


def with_rules(primitive, rules):
    made = copy.copy(primitive)
    made.rules, made._recipes, made.joint = tuple(rules), {}, None
    return made


def with_rule(primitive, i, rule):
    return with_rules(primitive, [*primitive.rules[:i], rule, *primitive.rules[i + 1 :]])


def corrupted(primitive):
    """(description, primitive): a rule scaled, negated or given its arguments in another order, or two swapped."""
    for i, rule in enumerate(primitive.rules):
        if not rule:
            continue
        changes = {"scale": lambda out: out * (1 + 1e-5), "sign": lambda out: -out}
        for what, change in changes.items():

            def changed(*args, change=change, function=rule.function, **options):
                return each(change, function(*args, **options))

            yield f"{what}, argument {i}", with_rule(primitive, i, Rule(changed, rule.wants, rule.options))
        swappable = [n for n in rule.wants if n not in ("y", "in_shape", "shapes")]
        if len(swappable) == 2:
            other = dict(zip(swappable, reversed(swappable)))
            swapped = Rule(rule.function, tuple(other.get(n, n) for n in rule.wants), rule.options)
            yield f"swapped arguments, argument {i}", with_rule(primitive, i, swapped)
    active = [i for i, rule in enumerate(primitive.rules) if rule]
    if len(active) == 2 and not primitive.variadic:
        i, j = active
        rules = list(primitive.rules)
        rules[i], rules[j] = rules[j], rules[i]
        yield "swapped rules", with_rules(primitive, rules)


def slopes(primitive, arrays, options, order, cotangent):
    """What the rules give for a cotangent, as one vector; None if one fails outright.

    Of order 1 the gradients; of order 2 the gradients of a sum of these: the rules run on Tensors.
    """
    floating = [x for x in arrays if is_float(x)]

    def f(*xs):
        given = iter(xs)
        return call(primitive, *(next(given) if is_float(x) else x for x in arrays), **options)

    def total(*xs):
        y, pull_back = tg.vjp(f, *xs)
        pairs = zip(pull_back(cotangent(y)), xs)
        return sum(inner(uneven(each), each) + inner(np.zeros(np.shape(x)), x) for each, x in pairs)

    try:
        if order == 2:
            found = tg.grad(total, argnums=tuple(range(len(floating))))(*floating)
        else:
            y, pull_back = tg.vjp(f, *floating)
            found = pull_back(cotangent(y))
    except Exception:  # a mutant may fail in any way; that is noticed, not passed over
        return None
    return np.concatenate([np.ravel(each) for each in found])


def uneven(y):
    rng = np.random.default_rng(5)
    return random_like(lambda shape: rng.uniform(0.5, 1.5, shape), y)


def at_corner(primitive, corner):
    _, arrays, options, cotangent, _ = corner
    with np.errstate(all="ignore"):
        used = parts_used(primitive, cotangent)
        return slopes(used, arrays, options, 1, lambda y: np.broadcast_to(cotangent, np.shape(y)))


def parts_used(primitive, cotangent):
    """An operation of which those results are constants that have the cotangent 0: a rule is told what was used."""

    def used(*args, **options):
        y = primitive(*args, **options)
        if not isinstance(y, tuple):
            return y
        weights = np.split(np.broadcast_to(cotangent, sum(map(np.size, y))), np.cumsum([np.size(part) for part in y]))
        return tuple(part if np.any(each) else part.detach() for part, each in zip(y, weights))

    return used


def differs(found, expected):
    return found is None or not np.allclose(found, expected, rtol=1e-9, atol=1e-12, equal_nan=True)


def is_caught(primitive, arrays, options, order):
    try:
        return not tg.gradcheck(lambda *xs: call(primitive, *xs, **options), *arrays, order=order)
    except Exception:  # it does not say that all is well
        return True


def smooth(primitive):
    """The cases of a primitive, also those that its sample does not hit, and complex ones if its rules tell them."""
    more = [(arrays, {}) for name, arrays in SMOOTH if name == primitive.name]
    if tells_complex_numbers(primitive):
        more += [case for case in complex_cases(primitive) if all(np.size(x) for x in case[0])][:2]
    return [*cases(primitive), *more]


def tells_complex_numbers(primitive):
    functions = set().union(*(reached(rule.function) for rule in primitive.rules if rule))
    names = set().union(*(names_in(each.__code__) for each in functions))
    return not primitive.real and bool(names & {"conj", "conjugate", "conjugated", "kind"})


@functools.cache
def examples(primitive, order):
    """The cases of a primitive, each with what its own rules give."""
    return [(case, slopes(primitive, *case, order, uneven)) for case in smooth(primitive)]


def noticed(primitive, bad, order):
    """Does a case differ? Then gradcheck must see it: some of them are tried, or with EVERY_CASE=1 all."""
    known = examples(primitive, order)
    for i, (case, expected) in enumerate(known):
        found = slopes(bad, *case, order, uneven)
        if differs(found, expected):
            checked = EVERY or next(count) % SOME == 0
            assert found is None or not checked or is_caught(bad, *case, order), "not caught"
            known.insert(0, known.pop(i))  # it may notice the next one as well
            return True
    return False


def noticed_at_corners(primitive, bad):
    known = corners_of(primitive.name)
    for i, corner in enumerate(known):
        if differs(at_corner(bad, corner), corner[-1]):
            known.insert(0, known.pop(i))
            return True
    return False


@functools.cache
def corners_of(name):
    return [corner for corner in CORNERS if corner[0] == name]


@together("primitive", DIFFERENTIABLE)
def test_gradcheck_catches_every_corruption(primitive):
    caught = 0
    known = examples(primitive, 1)
    known = known if len(known) <= 6 else known[:3] + known[-3:]
    for what, bad in corrupted(primitive):
        for case, expected in known:
            found = slopes(bad, *case, 1, uneven)
            if differs(found, expected):
                caught += 1
                checked = EVERY or caught % 3 == 1
                assert found is None or not checked or is_caught(bad, *case, 1), f"{primitive.name}, {what}: not caught"
    assert caught >= 2, "scale and sign at least must have changed something"


@together("corner", CORNERS)
def test_corners(corner):
    np.testing.assert_allclose(at_corner(REGISTRY[corner[0]], corner), corner[-1], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("name", "arrays"), SMOOTH)
def test_smooth_points(name, arrays):
    assert tg.gradcheck(REGISTRY[name], *arrays, order=2)


# Every function that takes part in a rule, with the rules: (primitive, argument).
TAKES_PART = collections.defaultdict(list)
for _primitive in DIFFERENTIABLE:
    for _i, _rule in enumerate(_primitive.rules):
        for _function in reached(_rule.function) if _rule else ():
            TAKES_PART[_function].append((_primitive, _i))


def label(function):
    if function.__name__ != "<lambda>":
        return function.__name__
    primitive, i = TAKES_PART[function][0]
    return f"{primitive.name}{i}"


@together("function", sorted(TAKES_PART, key=label)[:: 1 if EVERY else 2])
def test_every_dropped_operand_is_noticed(function):
    survivors = collections.Counter()
    for expression, change, changed in corruptions(function):
        mutants = []
        for primitive, i in TAKES_PART[function]:
            rule = read_rule(rebuilt(primitive.rules[i].function, function, changed), "mutant")
            mutants.append((primitive, with_rule(primitive, i, rule)))
        if not (
            any(noticed(*each, 1) for each in mutants)
            or any(noticed_at_corners(*each) for each in mutants)
            or any(noticed(*each, 2) for each in mutants)
        ):
            print(f"not noticed: {expression} → {change}")
            survivors[label(function), expression] += 1
    assert survivors == {key: count for key, (count, _) in EQUIVALENT.items() if key[0] == label(function)}


def test_the_table_names_functions_of_rules():
    assert {name for name, _ in EQUIVALENT} <= set(map(label, TAKES_PART))


@pytest.mark.parametrize("mode", ["rev", "fwd"])
@pytest.mark.parametrize("order", [1, 2])
def test_either_mode_alone_catches_a_scale(mode, order):
    multiply = tg.operation(vjp=(lambda g, b: g * b * 1.00001, lambda g, a: g * a))(lambda a, b: a * b)
    with pytest.raises(tg.GradientCheckError):
        tg.gradcheck(multiply, np.array([2.0, 3.0]), np.array([5.0, 7.0]), order=order, modes=[mode])


WRONG_UNBROADCASTS = {
    "none": lambda part, shape, node: part,
    "first": lambda part, shape, node: part[(0,) * (part.ndim - len(shape))].reshape(-1)[: int(np.prod(shape))],
    "mean": lambda part, shape, node: autodiff_unbroadcast(part, shape, node) * (np.prod(shape) / part.size),
}
autodiff_unbroadcast = autodiff.unbroadcast


@pytest.mark.parametrize("wrong", WRONG_UNBROADCASTS)
def test_a_dropped_unbroadcast_is_caught(monkeypatch, wrong):
    monkeypatch.setattr(autodiff, "unbroadcast", WRONG_UNBROADCASTS[wrong])
    with pytest.raises((tg.TinygradError, ValueError, AttributeError)):
        tg.gradcheck(lambda a, b: a * b, np.array([2.0]), np.array([5.0, 7.0, 1.0]), order=1)
