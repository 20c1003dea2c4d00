"""Forward mode: one pass, no graph, nested to any depth with reverse mode, and apart from it."""

import gc
import itertools
import threading
import tracemalloc
import warnings

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import DIFFERENTIABLE, call, cases, inner, is_float, random_like, together

TRANSFORMS = {
    "grad": lambda f: tg.grad(f),
    "jvp": lambda f: lambda x: tg.jvp(f, (x,), (1.0,))[1],
    "vjp": lambda f: lambda x: tg.vjp(f, x)[1](1.0)[0],
}


@together("names", [c for n in (1, 2, 3, 4) for c in itertools.product(TRANSFORMS, repeat=n)])
def test_every_nesting_gives_the_derivative(names):
    """exp(2x) has the derivatives 2ⁿ exp(2x); 1/x is not an elementary rule of itself."""
    f, g = (lambda x: np.exp(2 * x)), (lambda x: 1 / x + x * x * x)
    for name in names:
        f, g = TRANSFORMS[name](f), TRANSFORMS[name](g)
    assert f(0.25) == pytest.approx(2 ** len(names) * np.exp(0.5), rel=1e-13)
    order = len(names)
    sign = (-1) ** order * np.prod(np.arange(1.0, order + 1))
    cubic = {1: 3 * 0.5**2, 2: 6 * 0.5, 3: 6.0, 4: 0.0}[order]
    assert g(0.5) == pytest.approx(sign / 0.5 ** (order + 1) + cubic, rel=1e-12)


@together("inner", list(TRANSFORMS))
@together("outer", list(TRANSFORMS))
def test_levels_do_not_mix(outer, inner):
    """d/dx (x · d/dy (x + y)) is 1, and d/dx (x · d/dy (x y)) is 2x."""
    d, e = TRANSFORMS[outer], TRANSFORMS[inner]
    assert d(lambda x: x * e(lambda y: x + y)(1.0))(1.0) == 1.0
    assert d(lambda x: x * e(lambda y: x * y)(1.0))(3.0) == 6.0
    assert d(lambda x: x * d(lambda y: x * e(lambda z: x * y * z)(1.0))(1.0))(2.0) == 12.0


def peak(function):
    gc.collect()
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_no_graph_is_kept():
    def chain(steps):
        def f(x):
            for _ in range(steps):
                x = np.sin(x) * 1.01
            return x

        return lambda: tg.jvp(f, (np.ones(10_000),), (np.ones(10_000),))

    assert peak(chain(300)) < 1.2 * peak(chain(30))


def test_gradient_steps_inside_jvp_keep_no_graph_and_give_the_derivative_of_training():
    data = np.linspace(-1, 1, 500)

    def trained(steps):
        def f(rate):
            w = np.array(0.3) + 0 * rate
            for _ in range(steps):
                w = w - rate * tg.grad(lambda w: np.mean((w * data - np.sin(data)) ** 2))(w)
            return w

        return f

    value, slope = tg.jvp(trained(20), (0.1,), (1.0,))
    h = 1e-6
    plus, minus = (tg.jvp(trained(20), (0.1 + s,), (0.0,))[0] for s in (h, -h))
    assert slope == pytest.approx((plus - minus) / (2 * h), rel=1e-7)
    assert value == pytest.approx(trained(20)(0.1))
    assert peak(lambda: tg.jvp(trained(100), (0.1,), (1.0,))) < 1.5 * peak(lambda: tg.jvp(trained(10), (0.1,), (1.0,)))


@together("primitive", DIFFERENTIABLE)
def test_jvp_agrees_with_the_transposed_rule(primitive):
    """v · (J t) is (Jᵀ v) · t, whatever way the labels choose."""
    rng = np.random.default_rng(3)
    for arrays, options in cases(primitive):
        free = [i for i, x in enumerate(arrays) if is_float(x)]

        def f(*values, arrays=arrays, options=options, free=free):
            full = list(arrays)
            for i, each in zip(free, values):
                full[i] = each
            return call(primitive, *full, **options)

        points = [arrays[i] for i in free]
        tangents = [random_like(rng.standard_normal, x) for x in points]
        y, pullback = tg.vjp(f, *points)
        v = random_like(rng.standard_normal, y)
        along = inner(v, tg.jvp(f, points, tangents)[1])
        back = sum(inner(part, t) for part, t in zip(pullback(v), tangents))
        np.testing.assert_allclose(along, back, rtol=1e-11, atol=1e-11)


@together("primitive", DIFFERENTIABLE)
def test_second_derivatives_agree_in_every_nesting(primitive):
    rng = np.random.default_rng(4)
    for arrays, options in cases(primitive):
        free = [i for i, x in enumerate(arrays) if is_float(x)]
        full = list(arrays)
        points = [arrays[i] for i in free]
        tangents = [random_like(rng.standard_normal, x) for x in points]
        weights = random_like(rng.standard_normal, call(primitive, *arrays, **options))

        def at(values, full=full, free=free, options=options, weights=weights):
            given = dict(zip(free, values))
            return inner(weights, call(primitive, *[given.get(i, x) for i, x in enumerate(full)], **options))

        def slope(values, at=at, tangents=tangents):
            return sum(inner(t, part) for part, t in zip(tg.grad(at)(values), tangents))

        def along(values, at=at, tangents=tangents):
            return tg.jvp(at, (values,), (tangents,))[1]

        expected = sum(inner(t, part) for part, t in zip(tg.grad(slope)(points), tangents))
        curvatures = [tg.jvp(f, (points,), (tangents,))[1] for f in (slope, along)]
        curvatures.append(sum(inner(t, part) for part, t in zip(tg.grad(along)(points), tangents)))
        np.testing.assert_allclose(curvatures, expected, rtol=1e-10, atol=1e-10)


def test_float32_stays_float32_and_shapes_stay():
    x, t = np.ones((3, 1), np.float32), np.ones((3, 1))
    for f in (np.sin, lambda x: x + np.ones(4, np.float32), lambda x: np.sum(x, axis=0), lambda x: x @ x.T):
        y, tangent = tg.jvp(f, (x,), (t,))
        assert y.dtype == tangent.dtype == np.float32
        assert y.shape == tangent.shape


def test_what_is_recorded_outside_is_followed():
    w = tg.Tensor(3.0, requires_grad=True)
    y, tangent = tg.jvp(lambda x: w * x * x, (2.0,), (1.0,))
    assert (y.item(), tangent.item()) == (12.0, 12.0)
    tangent.backward()
    assert w.grad.item() == 4.0
    direction = tg.Tensor(1.0, requires_grad=True)
    tg.jvp(np.exp, (0.0,), (direction,))[1].backward()
    assert direction.grad.item() == 1.0


def test_without_recording_nothing_outside_is_followed():
    w = tg.Tensor(3.0, requires_grad=True)
    with tg.no_grad():
        assert tg.jvp(lambda x: w * x, (2.0,), (1.0,)) == (6.0, 3.0)
        assert tg.grad(lambda x: x * tg.no_grad()(lambda: tg.jvp(lambda u: u * x, (1.0,), (1.0,))[1])())(2.0) == 2.0


def test_code_without_recording_has_no_tangent():
    def f(x):
        with tg.no_grad():
            constant = x * x
        return x * constant

    assert tg.jvp(f, (3.0,), (1.0,))[1] == 9.0 == tg.grad(f)(3.0)


def test_backward_inside_reaches_leaves_of_all_levels():
    outside = tg.Tensor(2.0, requires_grad=True)

    def f(x):
        inside = tg.Tensor(5.0, requires_grad=True)
        y = inside * outside * x
        y.backward()
        assert (inside.grad.item(), outside.grad.item()) == (6.0, 15.0)
        return x

    assert tg.jvp(f, (3.0,), (1.0,)) == (3.0, 1.0)


def test_backward_with_a_graph_inside_is_refused():
    leaf = tg.Tensor(5.0, requires_grad=True)
    with pytest.raises(tg.GraphError, match="tangents of the gradients"):
        tg.jvp(lambda x: (leaf * x).backward(create_graph=True), (3.0,), (1.0,))
    assert leaf.grad is None
    with pytest.raises(tg.GraphError, match="not recorded"):
        tg.jvp(lambda x: (2 * x).backward(), (3.0,), (1.0,))


def test_a_parameter_that_is_made_inside_is_an_ordinary_one_afterwards():
    made = []

    def f(x):
        made.append(tg.Parameter(np.ones(2)))
        return np.sum(made[0] * x)

    tg.jvp(f, (np.ones(2),), (np.ones(2),))
    other = tg.Parameter(np.ones(2))
    np.concatenate([made[0] * 3.0, other]).sum().backward()
    assert made[0].grad.tolist() == [3.0, 3.0]
    assert other.grad.tolist() == [1.0, 1.0]
    assert tg.grad(lambda x: np.sum(x * made[0]))(np.ones(2)).tolist() == [1.0, 1.0]
    assert tg.jvp(lambda x: np.sum(x * made[0]), (np.ones(2),), (np.ones(2),))[1].item() == 2.0


def test_threads_inside_and_beside():
    def inside(x):
        results = []
        thread = threading.Thread(target=lambda: results.append(np.sin(x) * tg.jvp(lambda u: u * x, (2.0,), (1.0,))[1]))
        thread.start()
        thread.join()
        return results[0]

    assert tg.jvp(inside, (0.5,), (1.0,))[1] == pytest.approx(0.5 * np.cos(0.5) + np.sin(0.5))
    assert tg.grad(inside)(0.5) == pytest.approx(0.5 * np.cos(0.5) + np.sin(0.5))
    wrong = []

    def work(seed):
        for k in range(100):
            x = 0.1 + seed + k / 100
            second = tg.jvp(tg.grad(lambda x: np.sin(x) * x), (x,), (1.0,))[1]
            again = tg.grad(lambda x: tg.jvp(lambda x: np.sin(x) * x, (x,), (1.0,))[1])(x)
            want = 2 * np.cos(x) - x * np.sin(x)
            if abs(second - want) + abs(again - want) > 1e-12:
                wrong.append((x, second, again))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not wrong


def test_an_error_leaves_nothing_running():
    from tinygrad_like.engine.node import running

    for f in (lambda x: 1 / 0, lambda x: tg.grad(lambda y: 1 / 0)(x)):
        with pytest.raises(ZeroDivisionError):
            tg.jvp(f, (1.0,), (1.0,))
    assert not running


def test_zeros_win_and_nothing_warns():
    big = np.array([800.0, 1.0])
    with warnings.catch_warnings(), np.errstate(over="ignore", divide="ignore"):
        warnings.simplefilter("error")
        assert tg.jvp(np.exp, (big,), (np.array([0.0, 1.0]),))[1].tolist() == [0.0, np.e]
        assert tg.jvp(np.sqrt, (np.zeros(2),), (np.array([0.0, 1.0]),))[1].tolist() == [0.0, np.inf]
        x = np.array([[np.inf, 1.0]])
        assert tg.jvp(lambda w: x @ w, (np.ones(2),), (np.array([0.0, 2.0]),))[1].tolist() == [2.0]
        assert tg.jvp(np.max, (np.array([np.inf, 1.0]),), (np.array([1.0, np.inf]),))[1] == 1.0


def test_operations_of_users_of_every_kind():
    elementwise = tg.operation(vjp=lambda g, x: 3 * g * x * x, kind="elementwise")(lambda x: x**3)
    linear = tg.operation(vjp=lambda g, in_shape: np.broadcast_to(g, in_shape), kind="multilinear")(lambda x: np.sum(x))
    reduction = tg.operation(vjp=lambda g, x: np.ones_like(x) * g[:, None] * 2 * x, kind="reduction")(
        lambda x: np.sum(x * x, axis=1)
    )
    general = tg.operation(vjp=lambda g, x: g[::-1] * np.cos(x))(lambda x: np.sin(x)[::-1])
    x, t = np.array([0.5, 2.0]), np.array([1.0, -1.0])
    assert tg.jvp(elementwise, (x,), (t,))[1].tolist() == [0.75, -12.0]
    assert tg.jvp(linear, (x,), (t,))[1] == 0.0
    assert tg.jvp(reduction, (np.array([x, t]),), (np.array([t, t]),))[1].tolist() == [-3.0, 4.0]
    np.testing.assert_allclose(tg.jvp(general, (x,), (t,))[1], (np.cos(x) * t)[::-1], rtol=1e-15)
    powers = tg.operation(vjp=lambda g, y: y.dot(g * [1.0, 2.0]))(lambda x: np.exp(x * [1.0, 2.0]))
    np.testing.assert_allclose(tg.jvp(powers, (0.0,), (3.0,))[1], [3.0, 6.0])
    with pytest.raises(tg.RuleError, match="Choose one of"):
        tg.operation(vjp=lambda g: g, kind="elementwize")
    wrong = tg.operation(vjp=lambda g, x: np.concatenate([g, g]), kind="elementwise")(lambda x: x * 1.0)
    with pytest.raises(tg.RuleError, match="returned shape"):
        tg.jvp(wrong, (x,), (t,))
    for rule in (lambda g: None, lambda g: [g, g]):
        with pytest.raises(tg.TinygradError):
            tg.jvp(tg.operation(vjp=rule)(lambda x: np.sin(x)[::-1]), (x,), (t,))
    turned = tg.operation(vjp=lambda g: (3 + 1j) * g[::-1])(lambda x: 3 * x[::-1])  # of real x the real part counts
    assert tg.jvp(turned, (x,), (t,))[1].tolist() == [-3.0, 3.0]
    assert tg.vjp(turned, x)[1](t)[0].tolist() == [-3.0, 3.0]
    summing = tg.operation(vjp=(lambda g, a, b: g * b, lambda g, a, b: np.sum(g * a)), kind="elementwise")
    assert tg.jvp(summing(lambda a, b: a * b), (x, 3.0), (t, 1.0))[1].tolist() == [3.5, -1.0]
    column = tg.operation(vjp=lambda g, x: g * np.ones((2, 1)) * x[:, None])(lambda x: np.sum(x * x) / 2)
    with pytest.raises(tg.RuleError, match="shape"):
        tg.jvp(column, (x,), (t,))
    same = tg.operation(vjp=(lambda g, a, b: g, lambda g, a, b: g))(lambda a, b: a + b)
    w = tg.Tensor(x, requires_grad=True)
    assert tg.jvp(lambda x: same(w, x), (x,), (t,))[1].tolist() == t.tolist()


def test_inputs_and_results_are_as_given():
    x = np.ones(3)
    y, tangent = tg.jvp(lambda x: x, (x,), (x,))
    assert not np.shares_memory(tangent, x)
    assert not np.shares_memory(y, x)
    assert isinstance(tg.jvp(np.sin, (tg.Tensor(1.0),), (1.0,))[1], tg.Tensor)
    assert tg.jvp(lambda x: np.floor(x), (1.5,), (1.0,)) == (1.0, 0.0)
    assert tg.jvp(lambda x: 3.0, (1.5,), (1.0,)) == (3.0, 0.0)
    assert tg.jvp(lambda x: x.astype(int) * x, (1.5,), (1.0,)) == (1.5, 1.0)
    assert tg.jvp(lambda x: np.abs(x * 1j), (1.5,), (1.0,)) == (1.5, 1.0)
    assert tg.jvp(lambda x: x * 1j, (1.5,), (2.0,)) == (1.5j, 2j)
    assert tg.jvp(lambda z: z * z, (1.5j,), (2j,)) == (-2.25, -6.0)


def test_what_has_no_rule_hides_nothing_of_the_others():
    scaled = tg.operation(vjp=(lambda g, x: g * x, None))(lambda w, x: w * x)
    w = tg.Tensor(3.0, requires_grad=True)
    y, tangent = tg.jvp(lambda x: scaled(w, x), (2.0,), (1.0,))
    assert tangent == 0.0
    y.backward()
    assert w.grad.item() == 2.0
    # In a reverse transform inside jvp, x is at its level, and w above has a tangent alone.
    value, slope = tg.jvp(lambda w: tg.value_and_grad(lambda x: scaled(w, x) + x)(2.0)[0], (3.0,), (1.0,))
    assert (value, slope) == (8.0, 2.0)


def test_a_recorded_direction_is_followed_through_every_way():
    x = np.array([0.5, 2.0])
    for f in (np.sin, lambda x: x @ np.ones((2, 2)), np.max, lambda x: tg.log_softmax(x), lambda x: np.sum(x)):
        direction = tg.Tensor([1.0, -1.0], requires_grad=True)
        np.sum(tg.jvp(f, (x,), (direction,))[1]).backward()
        np.testing.assert_allclose(direction.grad, tg.grad(lambda x, f=f: np.sum(f(x)))(x), rtol=1e-14)


def test_rules_compute_in_the_dtype_of_the_result():
    x = np.float32(1.3)
    tangent = tg.jvp(lambda x: np.float_power(x, 2.5), (np.array([x]),), (np.ones(1),))[1]
    assert tangent.dtype == np.float64
    np.testing.assert_allclose(tangent, 2.5 * float(x) ** 1.5, rtol=1e-15)
    wide = tg.operation(vjp=lambda g, x: np.float64(2.0) * g, kind="elementwise")(lambda x: 2 * x)
    assert tg.jvp(wide, (np.ones(2, np.float32),), (np.ones(2),))[1].dtype == np.float32


def test_what_is_kept_from_inside_goes_on_without_its_tangent():
    w, kept = tg.Tensor([1.0, 2.0], requires_grad=True), []

    def f(x):
        kept.append(w * x)
        return kept[-1].sum()

    x, t = np.array([0.5, 1.5]), np.array([1.0, 2.0])
    tg.jvp(f, (x,), (t,))
    (kept[0] ** 2).sum().backward()
    assert w.grad.tolist() == [0.5, 9.0]
    aux = []
    inner = lambda x: (aux.append(x * x), x.sum())[1]  # noqa: E731
    assert tg.grad(lambda x: (tg.jvp(inner, (x,), (t,)), (aux[-1] * x).sum())[1])(x).tolist() == [0.75, 6.75]
    leaked = []
    tg.jvp(lambda x: leaked.append(x) or x.sum(), (x,), (t,))
    assert not (leaked[0] * 2).requires_grad
    assert isinstance(tg.jvp(lambda u: u * leaked[0].sum(), (1.0,), (1.0,))[1], (float, np.floating))
    with pytest.raises(tg.GraphError, match="not recorded"):
        leaked[0].sum().backward()


def test_parameters_made_inside_count_as_outer_ones_later():
    made, x = [], np.ones(2)

    def model(x):
        if not made:
            made.append(tg.Parameter([1.0, 2.0]))
        return (made[0] * x * x).sum()

    tg.jvp(model, (x,), (x,))
    slope = tg.grad(lambda z: tg.jvp(model, (z,), (x,))[1])(x)
    (slope**2).sum().backward()
    assert made[0].grad.tolist() == [8.0, 16.0]
    assert isinstance(tg.grad(model)(x), tg.Tensor)


def test_a_jvp_in_another_thread_changes_nothing_here():
    begun, done = threading.Event(), threading.Event()

    def slow(x):
        begun.set()
        done.wait(10)
        return x

    old, x = tg.Parameter([1.0, 2.0]), np.array([0.5, 1.5])
    thread = threading.Thread(target=lambda: tg.jvp(slow, (1.0,), (1.0,)))
    try:
        thread.start()
        begun.wait(10)
        new, kept = tg.Parameter([3.0, 4.0]), []
        loss = (old * new).sum()
        inner = lambda v: (kept.append(v * v), v.sum())[1]  # noqa: E731
        outer = lambda v: (tg.grad(inner)(v), (kept[-1] * v).sum())[1]  # noqa: E731
        slope = tg.grad(outer)(x)
        (new * new).sum().backward(create_graph=True)
    finally:
        done.set()
        thread.join()
    loss.backward()
    assert (old.grad.tolist(), new.grad.tolist()) == ([3.0, 4.0], [7.0, 10.0])
    assert slope.tolist() == [0.75, 6.75]
    assert tg.grad(outer)(x).tolist() == [0.75, 6.75]


def test_tangents_in_a_dict_are_found_by_their_keys():
    f = lambda p: p["a"] * p["b"] ** 2  # noqa: E731
    assert tg.jvp(f, ({"a": 2.0, "b": 3.0},), ({"b": 1.0, "a": 0.0},)) == (18.0, 12.0)
    for wrong in ({"a": 1.0}, {"a": 1.0, "c": 1.0}, [1.0, 1.0], 1.0):
        with pytest.raises(tg.ArgumentError, match="in its input's place"):
            tg.jvp(f, ({"a": 2.0, "b": 3.0},), (wrong,))


def test_retain_grad_inside_is_refused():
    w = tg.Tensor(2.0, requires_grad=True)
    with pytest.raises(tg.GraphError, match="would keep nothing"):
        tg.jvp(lambda x: (x * w).retain_grad(), (1.0,), (1.0,))


def test_what_is_kept_can_be_differentiated_by():
    """A value kept from a transform that has returned, as the argument of another: 3x⁴, whose derivatives are known."""

    def kept_from(transform):
        def f(x):
            kept = []
            transform(lambda z: (kept.append(x * x * z), z)[1])
            return tg.grad(lambda u: u**3)(kept[0])

        return f

    for transform in (lambda f: tg.jvp(f, (1.0,), (1.0,)), lambda f: tg.grad(f)(1.0), lambda f: tg.vjp(f, 1.0)):
        f = kept_from(transform)
        assert f(2.0) == 48.0
        for first in (tg.grad(f)(2.0), tg.jvp(f, (2.0,), (1.0,))[1], tg.vjp(f, 2.0)[1](1.0)[0]):
            assert first == pytest.approx(96.0)
        assert tg.hessian(f)(2.0) == pytest.approx(144.0)
        assert tg.jvp(tg.grad(f), (2.0,), (1.0,)) == pytest.approx((96.0, 144.0))
        mixed = tg.jvp(lambda a, f=f: tg.grad(lambda x: f(x) * a)(2.0), (1.0,), (1.0,))
        assert mixed == pytest.approx((96.0, 96.0))
        w = tg.Tensor(2.0, requires_grad=True)
        f(w).backward()
        assert w.grad.item() == pytest.approx(96.0)


def test_what_is_kept_while_another_thread_runs_jvp():
    begun, done = threading.Event(), threading.Event()
    w, kept = tg.Tensor(2.0, requires_grad=True), []

    def slow(x):
        begun.set()
        done.wait(10)
        return x

    thread = threading.Thread(target=lambda: tg.jvp(slow, (1.0,), (1.0,)))
    thread.start()
    begun.wait(10)
    tg.grad(lambda z: (kept.append(w * w * z), z)[1])(1.0)
    done.set()
    thread.join()
    tg.grad(lambda u: u**3)(kept[0]).backward()
    assert w.grad.item() == pytest.approx(96.0)


def test_what_is_kept_can_be_swept_with_a_graph():
    w, kept = tg.Tensor([1.0, 2.0], requires_grad=True), []
    tg.jvp(lambda x: (kept.append((w * w * x).sum()), x.sum())[1], (np.ones(2),), (np.ones(2),))
    kept[0].retain_grad()
    kept[0].backward(create_graph=True)
    assert kept[0].grad.item() == 1.0
    (w.grad * w.grad).sum().backward()
    assert w.grad.tolist() == [10.0, 20.0]
