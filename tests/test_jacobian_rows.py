"""jacobian and hessian sweep once for all rows: what they give is what a sweep for each row gives."""

import contextlib
from unittest import mock

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import DIFFERENTIABLE, call, calls_in, cases, leaf, together
from tinygrad_like.engine import autodiff
from tinygrad_like.engine.batches import batched
from tinygrad_like.engine.errors import RuleError
from tinygrad_like.nn import functional
from tinygrad_like.transforms import batching, reverse
from tinygrad_like.tree import flatten

RNG = np.random.default_rng(0)
# Their rules compute some of it item by item: a write apart, a convolution, products by what values allow.
ITEM_BY_ITEM = {"convolve", "cumprod", "getitem", "prod", "setitem"}
# Whether values are equal is decided for each row.
ITEM_BY_ITEM |= {"at_zero", "eigh", "eigvalsh", "left_open", "svd", "svdvals"}


def one_by_one(function, *args):
    """What a function gives if rows are swept one by one."""
    with mock.patch.object(batching, "rows_of", return_value={}):
        return function(*args)


def all_at_once(function, *args):
    """The same; a row that is swept by itself is an error, but where there is only one."""

    def refuse(evaluation, number, holomorphic):
        assert evaluation.y.active[number].size <= 1 or evaluation.roots[number] is None, "a row was swept by itself"
        return rows(evaluation, number, holomorphic)

    rows = reverse.rows_one_by_one
    with mock.patch.object(reverse, "rows_one_by_one", refuse), mock.patch.object(batching, "FEWEST", 2):
        return function(*args)


def check_same(found, expected):
    """Equal, but for the order in which products of matrices add up."""
    pairs = list(zip(flatten(found)[0], flatten(expected)[0], strict=True))
    assert pairs
    for one, other in pairs:
        assert type(one) is type(other)
        one, other = np.asarray(one), np.asarray(other)
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        scale = np.abs(other[np.isfinite(other)]).max(initial=1e-300)
        np.testing.assert_allclose(one, other, rtol=0, atol=scale * 8 * np.finfo(float).eps)


def check(function, *args):
    found = all_at_once(function, *args)
    check_same(found, one_by_one(function, *args))
    return found


@contextlib.contextmanager
def item_calls():
    """The functions that are called for each item."""
    found = []

    def counted(function, *others):
        found.append(function)
        return real(function, *others)

    real = batched.for_each
    with mock.patch.object(batched, "for_each", counted):
        yield found


# -- every primitive ------------------------------------------------------------------------------------


@together("primitive", {each.name: each for each in DIFFERENTIABLE})
def test_second_derivatives_of_every_primitive(primitive):
    for arrays, options in cases(primitive)[: 1 if primitive.shape == "elementwise" else 3]:
        floats = [i for i, x in enumerate(arrays) if x.dtype.kind == "f"]

        def total(*xs, arrays=arrays, options=options, floats=floats):
            given = list(arrays)
            for i, x in zip(floats, xs):
                given[i] = x
            y = call(primitive, *given, **options)
            y = np.real(y) + 2 * np.imag(y) if y.dtype.kind == "c" else y
            return (np.sin(y) * y * y).sum()

        xs = [arrays[i] for i in floats]
        with item_calls() as found:
            hessian = all_at_once(tg.hessian(total, argnums=tuple(range(len(xs)))), *xs)
        assert not found or primitive.name in ITEM_BY_ITEM, found
        check_some_rows(hessian, tg.grad(total, argnums=tuple(range(len(xs)))), xs)


def check_some_rows(hessian, gradient, xs):
    """The first, the last and a middle row of each block, against sweeps of their own."""
    slopes, pullback = tg.vjp(gradient, *xs)
    for blocks, slope, k in zip(hessian, slopes, range(len(xs)), strict=True):
        for i in {0, slope.size // 2, slope.size - 1} if slope.size else ():
            cotangents = [np.zeros(np.shape(each)) for each in slopes]
            cotangents[k].reshape(-1)[i] = 1
            rows = [block.reshape(slope.size, *x.shape)[i] for block, x in zip(blocks, xs, strict=True)]
            check_same(list(map(np.asarray, rows)), list(map(np.asarray, pullback(tuple(cotangents)))))


# -- every treatment ------------------------------------------------------------------------------------

X, Y = RNG.normal(size=(5, 2, 3, 4)), RNG.normal(size=(5, 3, 1))
Z, V = RNG.normal(size=(5, 4, 2)), RNG.normal(size=(5, 4))
PLAIN, SQUARE = RNG.normal(size=(3, 4)), RNG.normal(size=(5, 3, 3)) + 4 * np.eye(3)
INTEGERS = np.array([[0, 2], [1, 1]])


def wrote(x, index, value):
    x = x.copy()
    x[index] = value
    return x


def added(x, index, value):
    x = x.copy()
    x[index] += value
    return x


FUNCTIONS = {
    "broadcasting": (lambda x, y: x * y + PLAIN, X, Y),
    "fewer axes": (lambda x, v: x - v, X, V),
    "where": (lambda x, y: np.where(x > y, x, PLAIN), X, Y),
    "clip": (lambda x: np.clip(x, -0.5, PLAIN), X),
    "modf": (np.modf, X),
    "sums": (lambda x: [x.sum(), x.sum(1), x.sum(axis=(0, -1), keepdims=True), np.sum(x, 2), np.add.reduce(x)], X),
    "where=": (lambda x: np.sum(x, axis=0, where=PLAIN > 0), X),
    "extremes": (lambda x: [x.max(-1), np.min(x, 0, keepdims=True), np.any(x > 1), (x > 0).all(axis=1)], X),
    "number": (lambda v: [v.sum().sum(), v.sum() * v, np.sum(v.sum(), axis=0), v.sum()[()]], V),
    "means": (lambda x: [x.mean(), np.mean(x, (0, 1)), x.std(axis=0), np.var(x, axis=-1, keepdims=True)], X),
    "scans": (lambda x: [np.cumsum(x), np.cumsum(x, 1), np.cumprod(x, axis=-1), np.maximum.accumulate(x)], X),
    "orders": (lambda x: [np.sort(x), np.argsort(x, axis=0), x.argmax(), np.argmin(x, 1), np.diff(x)], X),
    "matmul": (lambda x, z: [x @ z, PLAIN @ z, x @ PLAIN.T, x @ PLAIN[0], PLAIN @ z[:, :1], PLAIN @ z[:, 0]], X, Z),
    "matmul of vectors": (lambda v, z: [v @ v, v @ z, z.T @ v, v @ PLAIN[0], PLAIN[0] @ z, v @ PLAIN.T], V, Z),
    "dot": (lambda x, v, z: [x.dot(PLAIN.T), np.dot(v, z), v.dot(v), np.dot(v.sum(), z), z.dot(np.eye(2))], X, V, Z),
    "dot of many": (lambda x: np.dot(x, x.transpose(0, 2, 1)), X),
    "tensordot": (lambda x, z: [np.tensordot(x, z, 1), np.tensordot(z, PLAIN, ((0,), (1,))), np.outer(z, z)], X, Z),
    "einsum": (lambda x, z: [np.einsum("abc,cd->da", x, z), np.einsum("abc,bc", x, PLAIN), np.vecdot(x, x)], X, Z),
    "shapes": (lambda x: [x.reshape(4, -1), x.reshape((2, 12), order="F"), np.reshape(x, -1), x.ravel("F")], X),
    "flat": (lambda x: [x.flatten(), x.ravel("K"), x.T.ravel("K"), x[:0].reshape(-1, 12)], X),
    "axes": (lambda x: [x.T, x.transpose(1, 0, -1), x.transpose((2, 0, 1)), x.swapaxes(0, -1), x.mT], X),
    "moves": (lambda x: [np.moveaxis(x, 0, -1), np.moveaxis(x, (0, 1), (2, 0)), np.transpose(x), np.roll(x, 1, 2)], X),
    "ones": (lambda y: [y.squeeze(), y.squeeze(1), np.expand_dims(y, (0, -1)), np.broadcast_to(y, (2, 3, 4))], Y),
    "flips": (lambda x: [np.flip(x), np.flip(x, 1), x[::-1, :, ::-2], np.roll(x, 2), np.repeat(x, 2, 1)], X),
    "parts": (lambda x: [x[1], x[..., None, 0], x[:, 1:, -1], x[x.shape[0] - 1, 2, 3], *x], X),
    "taken": (lambda x: [x[:, INTEGERS], x[INTEGERS % 2], x[PLAIN[:2, 0] > 9], x[0, PLAIN > 0], x[:, [2, 0]]], X),
    "taken apart": (lambda x: [x[INTEGERS % 2, :, INTEGERS], x[0, :, np.array([1, 1])], x[np.array(1)]], X),
    "take": (lambda x: [np.take(x, INTEGERS, 1), x.take([1, 1], axis=0), np.take(x, [3, 5])], X),
    "along": (lambda x: np.take_along_axis(x, np.argsort(PLAIN)[None], -1), X),
    "joined": (lambda x, z: [np.concatenate([x[0], z.T, PLAIN]), np.concatenate([x, z], None)], X, Z),
    "stacked": (lambda x: np.stack([x, -x, X[0]], 1), X),
    "others": (lambda x, v: [np.vstack([x[0], v]), np.convolve(v, PLAIN[0]), np.append(x, 1.0), np.trace(x)], X, V),
    "padded": (lambda x: [np.pad(x, 1), np.pad(x, ((0, 1), (2, 0), (0, 0)), constant_values=3.0)], X),
    "triangles": (lambda x: [np.tril(x), np.triu(x, 1), np.diagonal(x, 1, 1, 2), x.diagonal()], X),
    "matrices": (lambda s, y: [np.linalg.inv(s), np.linalg.det(s), np.linalg.solve(s, y)], SQUARE, Y),
    "solved": (lambda s, y: [np.linalg.solve(np.eye(3) * 2, y), np.linalg.solve(s, PLAIN)], SQUARE, Y),
    "waves": (lambda x: [np.fft.fft(x, 2, 0), np.fft.ifft(x), np.fft.rfft(x, axis=1), np.fft.rfft2(x)], X),
    "halves": (lambda x: [np.fft.irfft(x, n=5), np.fft.hfft(x, norm="ortho"), np.fft.ihfft(x, None, -2)], X),
    "kinds": (lambda x: [x.astype(int), x.astype(float, copy=False), x.real, np.round(x, 1), x.view(), -x, abs(x)], X),
    "new": (lambda x: [np.zeros_like(x), np.ones_like(x, shape=(2, 2)), np.full_like(x, 3, shape=4), x.copy()], X),
    "written": (lambda x, v: [wrote(x, (0, 1), v), wrote(x, (slice(None), 2), 1.0), wrote(x, [0, 0], PLAIN)], X, V),
    "written apart": (lambda x: wrote(x, (INTEGERS % 2, slice(None), INTEGERS), 7.0), X),
    "added": (lambda x, y: [added(x, 1, y), added(x, (slice(None), [0, 2]), y[:2]), np.add(x, y, out=x.copy())], X, Y),
    "asked": (lambda x: [np.array([np.ndim(x), x.ndim, len(x), x.size, x.nbytes, *np.shape(x)])], X),
}


@together("case", FUNCTIONS)
def test_functions_of_many_arrays_give_what_they_give_of_each(case):
    function, *arrays = case
    found = function(*(batched.Batched(x.copy()) for x in arrays))
    each = [function(*(x[i].copy() for x in arrays)) for i in range(5)]
    if not isinstance(found, (list, tuple)):
        found, each = [found], [[one] for one in each]
    for result, *expected in zip(found, *each, strict=True):
        rows = result.rows if batched.is_batched(result) else np.stack([result] * 5)
        assert rows.dtype == np.asarray(expected[0]).dtype
        np.testing.assert_allclose(rows, np.stack(expected), rtol=1e-13, atol=1e-14)


def test_a_batched_array_does_not_give_the_values_of_an_item():
    many = batched.Batched(np.ones((3, 2)))
    single = np.zeros(2)
    for use in (
        lambda: bool(many.sum()),
        lambda: float(many[0]),
        lambda: np.asarray(many),
        lambda: many.tolist(),
        lambda: np.add(many, 1, out=single),
        lambda: np.copyto(single, many),
        lambda: np.add.at(single, [0], many[0]),
        lambda: np.arange(5)[many.astype(int)],
        lambda: np.arange(5.0)[None][many.astype(int)],
        lambda: many[many > 0],
    ):
        with pytest.raises(batched.CannotBatch):
            use()
    np.testing.assert_array_equal(single, 0)
    with pytest.raises(AttributeError):
        many.no_such_thing  # noqa: B018


# -- functions ------------------------------------------------------------------------------------------


def rosenbrock(x):
    return (100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2).sum()


INPUTS, CLASSES = RNG.normal(size=(6, 3)), RNG.integers(0, 4, 6)
IMAGE, SEQUENCE = RNG.normal(size=(1, 2, 4, 4)), RNG.normal(size=(2, 3, 2))
WEIGHTS = {"a": RNG.normal(size=(3, 4)), "b": RNG.normal(size=4), "c": RNG.normal(size=(4, 2))}


def network(p):
    return (np.tanh(np.tanh(INPUTS @ p["a"] + p["b"]) @ p["c"]) ** 2).mean()


def attention(p):
    q, k, v = (SEQUENCE @ p[name] for name in "qkv")
    return (functional.scaled_dot_product_attention(q, k, v) ** 2).sum()


MODELS = {
    "Rosenbrock": (rosenbrock, RNG.normal(size=7)),
    "network": (network, WEIGHTS),
    "cross entropy": (lambda w: tg.losses.cross_entropy(INPUTS @ w, CLASSES), RNG.normal(size=(3, 4))),
    "convolution": (
        lambda w: np.tanh(functional.conv2d(IMAGE, w, padding=1)).sum(),
        RNG.normal(size=(2, 2, 3, 3)),
    ),
    "pooling": (lambda x: (functional.max_pool2d(np.tanh(x), 2) ** 2).sum(), RNG.normal(size=(1, 1, 4, 4))),
    "attention": (attention, {name: RNG.normal(size=(2, 2)) for name in "qkv"}),
}


@together("case", MODELS)
def test_hessians_of_models(case):
    function, x = case
    check(tg.hessian(function), x)


def test_the_work_does_not_grow_with_the_number_of_rows():
    few, many = (calls_in(lambda n=n: tg.hessian(rosenbrock)(np.linspace(-1, 1, n))) for n in (5, 30))
    assert many < 1.05 * few


FORMS = {
    "several inputs": (lambda x, y: x * y.sum(), np.arange(3.0), np.ones((2, 2), np.float32)),
    "numbers": (lambda x, y: np.stack([x * y, x / y]), 2.0, 3.0),
    "Tensors": (lambda x: x * x[::-1], tg.Tensor([1.0, 2.0])),
    "containers": (lambda p: {"s": p["a"] * p["b"][0], "n": 3, "t": [p["a"].sum()]}, {"a": np.ones(2), "b": [2.0, 1]}),
    "integers": (lambda x: [np.sign(x) * x, (x > 0).astype(int)], np.array([1.0, -2.0])),
    "constants": (lambda x: [np.ones(3), x * 2], np.array([1.0, -2.0])),
    "no number": (lambda x: x * 2, np.zeros((0, 2))),
    "no result": (lambda x: x[:0], np.ones(2)),
    "one number": (lambda x: x * 3, np.float64(2.0)),
    "float32": (lambda x: np.cumsum(x) ** 2, np.ones(4, np.float32)),
    "mixed": (lambda x, y: np.concatenate([x * 2, y * 3]), np.ones(2, np.float32), np.ones(3)),
    "unused": (lambda x, y: x * 2, np.ones(2), np.ones(3)),
}


@together("case", FORMS)
def test_inputs_and_results_of_all_forms(case):
    function, *args = case
    jacobian = tg.jacobian(function, argnums=tuple(range(len(args))))
    for each in flatten(check(jacobian, *args))[0]:
        if isinstance(each, np.ndarray):
            each += 1  # memory of its own


def test_blocks_of_rows():
    whole = tg.hessian(network)(WEIGHTS)
    sizes = []

    def swept(rows, first, last, *others, **options):
        sizes.append(last - first)
        return real(rows, first, last, *others, **options)

    real = batching.Rows.swept
    with mock.patch.object(batching, "MOST", 24 * 7), mock.patch.object(batching.Rows, "swept", swept):
        check_same(tg.hessian(network)(WEIGHTS), whole)
        with mock.patch.object(batching, "TOGETHER", 0):
            check_same(tg.hessian(network)(WEIGHTS), whole)
    assert sizes == [7, 7, 7, 3, 7, 5, 4, 7, 1]


def test_nested_transforms():
    x = np.array([0.5, -1.0, 2.0])
    cube = tg.jacobian(tg.jacobian(tg.jacobian(lambda x: x**4)))(x)
    np.testing.assert_allclose(cube[range(3), range(3), range(3), range(3)], 24 * x)
    np.testing.assert_allclose(tg.grad(lambda x: tg.jacobian(np.sin)(x).sum())(x), -np.sin(x))
    np.testing.assert_allclose(tg.jvp(tg.jacobian(lambda x: x**3), (x,), (np.ones(3),))[1], np.diag(6 * x))
    check(tg.jacobian(lambda x: tg.jvp(lambda x: x**3, (x,), (np.ones(3),))[1]), x)


def test_what_is_recorded_around_goes_on_being_recorded():
    weight = leaf([2.0, 3.0])
    tg.jacobian(lambda x: weight * x * x)(np.ones(2)).sum().backward()
    np.testing.assert_array_equal(weight.grad, [2.0, 2.0])


# -- zeros and infinities -------------------------------------------------------------------------------


@np.errstate(all="ignore")
def masked(x):
    return np.where(x > 0, np.log(np.where(x > 0, x, 0.0)), x * x) * np.sqrt(np.abs(x))


@together("compiled", [False, True])
def test_false_nans_become_zeros_for_each_row(compiled):
    jacobian = tg.jacobian(masked)
    run = tg.compile(jacobian, backend="numpy") if compiled else jacobian
    for x in (np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.0, -4.0]), np.array([0.0, np.inf, 3.0])):
        np.testing.assert_allclose(run(x), one_by_one(jacobian, x), rtol=1e-15)


def test_a_sweep_that_finds_nothing_infinite_looks_at_nothing():
    with mock.patch.object(autodiff, "looked_at", side_effect=AssertionError("looked")):
        tg.jacobian(lambda x: np.where(x > 0, x**1.5, x))(np.ones(3))


# -- rules of users -------------------------------------------------------------------------------------


def operation(rule):
    return tg.operation(vjp=rule)(lambda x: np.asarray(x) ** 2)


def halves(g, x):
    return np.concatenate([part * 2 for part in np.split(g * x, 1)])


def branching(g, x):
    return g * 2 * x if g.sum() >= 0 else g * x * 2


def converting(g, x):
    return np.array([float(each) for each in g]) * 2 * x


def by_python(g, x):
    return np.array([each * 2 for each in (g * x).tolist()])


def fragile(g, x):
    if type(g) is not np.ndarray:
        raise TypeError("no array")
    return g * 2 * x


@together("rule", {f.__name__: f for f in (lambda g, x: g * 2 * x, halves, branching, converting, by_python, fragile)})
def test_rules_of_users(rule):
    square, x = operation(rule), np.array([1.0, -2.0, 3.0])
    check_same(tg.jacobian(square)(x), np.diag(2 * x))
    if rule not in (converting, by_python, fragile):  # rules of arrays only
        check_same(tg.hessian(lambda x: (square(x) * x).sum())(x), np.diag(6 * x))


def test_a_rule_of_plain_numpy_runs_once():
    calls = []

    def rule(g, x):
        calls.append(1)
        return g * 2 * x

    tg.jacobian(operation(rule))(np.ones(4))
    assert len(calls) == 1


def test_errors_of_users_rules_are_theirs():
    def writing(g, x):
        g *= 2
        return g * x

    def wrong(g, x):
        raise KeyError("mine")

    for rule, error in ((writing, RuleError), (wrong, KeyError), (lambda g, x: None, RuleError)):
        with pytest.raises(error):
            tg.jacobian(operation(rule))(np.ones(2))


# -- compiled -------------------------------------------------------------------------------------------


@together("case", {name: MODELS[name] for name in ("Rosenbrock", "network", "cross entropy")})
def test_compiled_hessians(case):
    function, x = case
    hessian = tg.hessian(function)
    step = tg.compile(hessian, backend="numpy")
    for _ in range(2):
        for found, expected in zip(flatten(step(x))[0], flatten(hessian(x))[0], strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def test_a_program_has_one_call_for_all_rows():
    lengths = []
    for n in (4, 9):
        step = tg.compile(tg.hessian(rosenbrock), backend="numpy")
        step(np.linspace(-1, 1, n))
        lengths.append(len(step.source.splitlines()))
    assert lengths[0] == lengths[1]
