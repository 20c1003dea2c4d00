"""Generated from the registry: value, derivatives of order 1 and 2 in both modes, dtypes, layouts."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

import tinygrad_like as tg
from tests.cases import DIFFERENTIABLE, OF_SCIPY, PRIMITIVES, call, cases, is_float, named, random_like, together
from tests.primitives import by_scipy, sliding
from tinygrad_like.engine.registry import general
from tinygrad_like.primitives import movement

# Values of primitives that are not a NumPy function of the same arguments, by plain formulas.
FORMULAS = {
    "real_part": lambda x: (x + np.conj(x)).real / 2,
    "imaginary_part": lambda x: ((x - np.conj(x)) / 2j).real,
    "angle": lambda x: np.arctan2(np.imag(x), np.real(x)),
    "exponent": lambda x: np.floor(np.log2(x)) + 1,
    "modified_bessel": lambda x, order=1: modified(x, order),
    "spherical_bessel": lambda x, order=1: spherical(x, order),
    "where": lambda condition, a, b: np.where(condition, a, b),
    "reshape": lambda x, shape, order="C": x.reshape(shape, order=order),
    "pad": lambda x, widths: np.pad(x, widths),
    "astype": lambda x, dtype=float: x.astype(dtype),
    "alias": lambda x: x,
    "careful": lambda x: x,
    "concatenate": lambda *xs, axis=0: np.concatenate(xs, axis),
    "stack": lambda *xs, axis=0: np.stack(xs, axis),
    "getitem": lambda x, index: x[index],
    "diagonal": lambda x, offset=0: np.diagonal(x, offset, -2, -1),
    "scatter_add": lambda *xs, shape, indexes: sum(scattered(x, shape, index) for x, index in zip(xs, indexes)),
    "setitem": lambda x, value, index: written(x, index, value),
    "part": lambda y, start, stop, shape: y[start:stop].reshape(shape),
    "take": lambda x, indices, axis=0: np.take(x, indices, axis),
    "index_add": lambda x, indices, shape, axis: scattered(x, shape, (slice(None),) * axis + (indices,)),
    "take_along_axis": lambda x, indices, axis: np.take_along_axis(x, indices, axis),
    "add_along_axis": lambda x, indices, shape, axis: one_by_one(x, indices, shape, axis),
    "sort": lambda x: np.sort(x),
    "partition": lambda x, kth: np.partition(x, kth),
    "sums_from": lambda x, axis: np.flip(np.cumsum(np.flip(x, axis), axis), axis),
    "norm": lambda x, axis=None, keepdims=False: np.sqrt((x * x).sum(axis=axis, keepdims=keepdims)),
    "logsumexp": lambda x, axis=None, keepdims=False: np.log(np.exp(x).sum(axis=axis, keepdims=keepdims)),
    "cummax": lambda x, axis=0: np.maximum.accumulate(x, axis or 0),
    "cummin": lambda x, axis=0: np.minimum.accumulate(x, axis or 0),
    "log_softmax": lambda x, axis=-1: np.log(np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)),
    "masked_softmax": lambda x, mask=True: masked_shares(x, mask),
    "linear": lambda x, w, b=0.0: np.einsum("...i,oi->...o", x, w) + b,
    "contract": lambda a, b, left, right, result: np.einsum(f"{left},{right}->{result}", a, b),
    "convolve": lambda a, v, mode: np.convolve(a, v, mode),
    "conv": sliding.conv,
    "conv_transpose": sliding.conv_transpose,
    "conv_weight": sliding.conv_weight,
    "slogdet": lambda a: np.concatenate([np.ravel(part) for part in np.linalg.slogdet(a)]),
    "cholesky": lambda a: np.linalg.cholesky(a),
    "svd": lambda a, full_matrices=True: np.concatenate([np.ravel(part) for part in np.linalg.svd(a, full_matrices)]),
    "svdvals": lambda a: np.linalg.svd(a)[1],
    "left_open": lambda x, w: x,
    "at_zero": lambda x, s: x,
    "solve": lambda a, b, turned=False: np.linalg.solve(a.swapaxes(-1, -2) if turned else a, b),
    "qr": lambda a, mode="reduced": np.concatenate([np.ravel(part) for part in np.linalg.qr(a, mode)]),
    "eig": lambda a: np.concatenate([np.ravel(part) for part in np.linalg.eig(a)]),
    "lstsq": lambda a, b: np.linalg.pinv(a) @ b,
    "triangular_inverse": lambda a: np.linalg.inv(np.tril(a)),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "limited": lambda x, low=-1, high=1: np.minimum(np.maximum(x, low), high),
    "erf": lambda x: np.vectorize(math.erf, otypes=[float])(x),
    "centred": lambda x, axis: x - x.mean(axis, keepdims=True),
    "over_rms": lambda x, axis, eps: x / np.sqrt((x * x).mean(axis, keepdims=True) + eps),
    "affine": lambda x, w, b=0.0: w * x + b,
    "sigmoid": lambda x: np.exp(x) / (np.exp(x) + 1),
    "relu": lambda x: x * (x > 0),
    "rnn": lambda x, w, h, relu: np.stack([rnn_states(x, w, h, relu)]),
    "gru": lambda x, w, b, h: gru_states(x, w, b, h),
    "lstm": lambda x, w, h, c: lstm_states(x, w, h, c),
    "mse": lambda p, t: np.mean((p - t) ** 2),
    "next_ways": lambda ways, emitted, may_skip: np.log(ways_to(np.exp(ways), may_skip)) + emitted,
    "max_pool": lambda x, windows: windowed(x, windows, -np.inf).max(-1),
    "sum_pool": lambda x, windows: windowed(x, windows, 0).sum(-1),
    "first_places": lambda x, y, windows: np.argmax(windowed(x, windows, -1), -1),
    "take_windows": lambda x, places, windows: chosen(windowed(x, windows, 0), places),
    "put_windows": lambda x, places, shape, windows: adjoint_of_windows(
        lambda z: chosen(windowed(z, windows, 0), places), x, shape
    ),
    "add_windows": lambda x, shape, windows: adjoint_of_windows(lambda z: windowed(z, windows, 0).sum(-1), x, shape),
    "special.exp_of_square": lambda x, scale=-1.0: np.exp(scale * x * x),
    "special.scaled_erfc": lambda x, order=1: iterated(x, order),
    "special.psi_rise": lambda a, b, order=3: special.polygamma(order, a + b) - special.polygamma(order, a),
    "special.gamma_density": lambda a, x: x ** (a - 1.0) * np.exp(-x) / special.gamma(a),
    "special.beta_density": lambda a, b, x: x ** (a - 1.0) * (1 - x) ** (b - 1.0) / special.beta(a, b),
    "special.scaled_moment": lambda x, order=3: moment(x, order),
    "special.erfinv_slope": lambda x: np.exp(special.erfinv(x) ** 2) * math.sqrt(math.pi) / 2,
    "special.erfcinv_slope": lambda x: np.exp(special.erfcinv(x) ** 2) * -math.sqrt(math.pi) / 2,
    "special.ndtri_slope": lambda x: np.exp(special.ndtri(x) ** 2 / 2) * math.sqrt(2 * math.pi),
    "special.dawson_slope": lambda x, order=1: 1 - 2 * x * special.dawsn(x),
    "special.lambertw": lambda z, k=0, tol=1e-8: special.lambertw(z, k, tol),
    "special.log_ratio": lambda a, b: np.log(a / b),
    "special.ive_derivative": lambda v, x, order=1: special.ivp(v, x) * np.exp(-x) - special.ive(v, x),
    "special.kve_derivative": lambda v, x, order=1: special.kvp(v, x) * np.exp(x) + special.kve(v, x),
    "special.power_mean": lambda x, order=1: (np.exp(x) * (x - 1) + 1) / x**2,
    "softmax_cross_entropy": lambda z, c, ignored=None: cross_entropy_of(z, c, ignored),
    **by_scipy.FORMULAS,
}


def cross_entropy_of(z, classes, ignored):
    shares, counts = np.exp(z) / np.exp(z).sum(-1, keepdims=True), classes != ignored
    chosen = np.take_along_axis(shares, np.where(counts, classes, 0)[..., None], -1)[..., 0]
    return -np.sum(np.log(chosen) * counts) / max(np.sum(counts), 1)


def masked_shares(x, mask):
    exps = np.exp(x) * mask
    total = exps.sum(-1, keepdims=True)
    return exps / np.where(total, total, 1)


def logistic(x):
    return np.exp(x) / (np.exp(x) + 1)


def rnn_states(x, w, h, relu):
    states = []
    for part in x:
        a = part + np.einsum("ni,oi->no", h, w)
        h = a * (a > 0) if relu else 1 - 2 / (np.exp(2 * a) + 1)
        states.append(h)
    return states


def gru_states(x, w, b, h):
    planes = []
    for part in x:
        (xr, xz, xn), (hr, hz, hn) = np.split(part, 3, axis=1), np.split(np.einsum("ni,oi->no", h, w) + b, 3, axis=1)
        r, z = logistic(xr + hr), logistic(xz + hz)
        n = np.tanh(xn + r * hn)
        h = (1 - z) * n + z * h
        planes.append([r, z, n, hn, h])
    return np.array(planes).swapaxes(0, 1)


def lstm_states(x, w, h, c):
    planes = []
    for part in x:
        i, f, g, o = np.split(part + np.einsum("ni,oi->no", h, w), 4, axis=1)
        i, f, g, o = logistic(i), logistic(f), np.tanh(g), logistic(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        planes.append([i, f, g, o, c, h])
    return np.array(planes).swapaxes(0, 1)


def ways_to(p, may_skip):
    """The sum of the probabilities of a state, of that before it, and where it may be skipped to, of that before."""
    total = p.copy()
    total[:, 1:] += p[:, :-1]
    total[:, 2:] += p[:, :-2] * may_skip[:, 2:]
    return total


def modified(x, n):
    """The integral of Iₙ(x) / xⁿ over the circle."""
    angle = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    return (np.exp(x[..., None] * np.cos(angle)) * np.sin(angle) ** (2 * n)).mean(-1) / np.prod(np.arange(1, 2 * n, 2))


def iterated(x, n):
    """exp(x²) times the n-th integral of erfc, which is an integral over the half line (DLMF 7.18.2)."""
    t, weights = np.polynomial.legendre.leggauss(100)
    t, weights = 5 + 5 * t, 5 * weights
    return (weights * t**n * np.exp(-t * t - 2 * x[..., None] * t)).sum(-1) * 2 / math.sqrt(math.pi) / math.factorial(n)


def moment(x, n):
    """The mean of e^(-x (1 - cos t)) (1 - cos t)ⁿ over the circle."""
    rise = 1 - np.cos(np.linspace(0, 2 * np.pi, 400, endpoint=False))
    return (np.exp(-x[..., None] * rise) * rise**n).mean(-1)


def spherical(x, n):
    """The integral of jₙ(x) / xⁿ over [-1, 1]."""
    t, weights = np.polynomial.legendre.leggauss(60)
    total = (weights * (1 - t * t) ** n * np.cos(x[..., None] * t)).sum(-1)
    return total / (2 ** (n + 1) * math.factorial(n))


def scattered(x, shape, index):
    out = np.zeros(shape)
    np.add.at(out, index, x)
    return out


def written(x, index, value):
    out = x.copy()
    out[index] = value
    return out


def one_by_one(x, indices, shape, axis):
    out = np.zeros(shape)
    indices = np.broadcast_to(indices, x.shape)
    for place in np.ndindex(x.shape):
        target = list(place)
        target[axis] = indices[place]
        out[tuple(target)] += x[place]
    return out


def windowed(x, windows, fill):
    """For each window of pooling a row of what stands in it; `fill` beyond the array."""
    rank = len(windows.size)
    rows = np.full((*x.shape[: x.ndim - rank], *windows.positions, int(np.prod(windows.size))), fill, x.dtype)
    for position in np.ndindex(*windows.positions):
        for k, place in enumerate(np.ndindex(*windows.size)):
            of_axes = zip(position, place, windows.stride, windows.dilation, windows.padding)
            index = tuple(o * stride + i * gap - margin for o, i, stride, gap, margin in of_axes)
            if all(0 <= i < n for i, n in zip(index, x.shape[x.ndim - rank :])):
                rows[(..., *position, k)] = x[(..., *index)]
    return rows


def chosen(rows, places):
    """One element of each row; 0 at a place that no row has."""
    padded = np.concatenate([rows, np.zeros((*rows.shape[:-1], 1))], -1)
    return np.take_along_axis(padded, places[..., None].astype(int), -1)[..., 0]


def adjoint_of_windows(function, g, shape):
    """The transpose of a linear function of an array of this shape, column by column."""
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape) if g.size else np.zeros((0, *shape))
    return np.array([(function(unit) * g).sum() for unit in units]).reshape(shape)


def numpy_function(primitive):
    return primitive.numpy[0] if primitive.numpy else None


def leaves(arrays):
    return [tg.Tensor(x, requires_grad=is_float(x)) for x in arrays]


def weights(y):
    """Uneven cotangents for a result, complex where it is."""
    rng = np.random.default_rng(1)
    return random_like(lambda shape: rng.uniform(0.5, 1.5, shape), y.data)


def with_bits(x, bits):
    """An array in single (32) or double (64) precision; what has no derivatives as it is."""
    return x.astype(np.dtype(f"c{bits // 4}" if x.dtype.kind == "c" else f"f{bits // 8}")) if is_float(x) else x


def gradients(primitive, arrays, options):
    """The result, and the gradient for each float argument, for a fixed random cotangent."""
    tensors = leaves(arrays)
    y = call(primitive, *tensors, **options)
    if y.requires_grad:
        y.backward(weights(y))
    return y, [t.grad.data if t.grad is not None else np.zeros_like(t.data) for t in tensors if t.requires_grad]


@together("primitive", PRIMITIVES)
def test_value(primitive):
    for arrays, options in cases(primitive):
        result = call(primitive, *leaves(arrays), **options)
        reference = numpy_function(primitive)
        if primitive.name in FORMULAS:
            expected = FORMULAS[primitive.name](*arrays, **options)
            np.testing.assert_allclose(result.data, expected, rtol=1e-14, atol=1e-15)
        else:
            expected = call(reference, *arrays, **options)
            through_numpy = call(reference, *leaves(arrays), **options)
            for got in (result, through_numpy):
                assert isinstance(got, tg.Tensor)
                assert got.shape == np.shape(expected)
                assert got.dtype == np.asarray(expected).dtype
                np.testing.assert_array_equal(got.data, expected)


@together("primitive", PRIMITIVES)
def test_arrays_give_arrays(primitive):
    arrays, options = cases(primitive)[0]
    assert not isinstance(primitive(*arrays, **options), tg.Tensor)


@together("primitive", DIFFERENTIABLE)
def test_derivatives(primitive):
    for arrays, options in cases(primitive):
        assert tg.gradcheck(lambda *xs, options=options: call(primitive, *xs, **options), *arrays, order=2)


@together("primitive", [p for p in PRIMITIVES if p.derivative == "zero"])
def test_constants_are_not_recorded(primitive):
    for arrays, options in cases(primitive):
        assert primitive(*leaves(arrays), **options).requires_grad == primitive.flat


@together("primitive", [p for p in PRIMITIVES if p.flat])
def test_the_gradient_of_steps_is_zero(primitive):
    assert primitive.derivative == "zero"
    for arrays, options in cases(primitive):
        x = [tg.Tensor(each, requires_grad=True) for each in arrays]
        (primitive(*x, **options) * 2).sum().backward()
        for each in x:
            assert each.grad.tolist() == np.zeros(each.shape).tolist()
        y = primitive(*x, **options)
        assert np.asarray(y).tolist() == y.tolist()


# SciPy computes those of whole numbers in float64.
WIDER = {"astype", "bincount", "float_power", "special.expn", "special.kn", "special.lambertw", "special.yn"}
WIDER |= {f"special.gammainc{ending}" for ending in ("", "c", "inv", "cinv")}
WIDER |= {"determinant", "lu_factor", "solve_discrete_lyapunov"}  # and these, of anything, or a row of whole numbers


@together("primitive", DIFFERENTIABLE)
def test_float32(primitive):
    for arrays, options in cases(primitive):
        narrow = [with_bits(x, 32) for x in arrays]
        wide = [with_bits(x, 64) for x in narrow]
        y, found = gradients(primitive, narrow, options)
        exact, expected = gradients(primitive, wide, options)
        if primitive.name not in WIDER:
            assert y.dtype == with_bits(exact.data, 32).dtype
        np.testing.assert_allclose(y.data, exact.data, rtol=2e-5, atol=1e-6)
        for got, want in zip(found, expected):
            assert got.dtype == with_bits(want, 32).dtype
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5)


LAYOUTS = {
    "fortran": lambda x: x.copy(order="F"),
    "strided": lambda x: np.repeat(x[..., None], 2, -1)[..., 0],
    "reversed": lambda x: x[::-1].copy()[::-1] if x.ndim else x,
    "read-only": lambda x: np.broadcast_to(x, x.shape),
    "transposed": lambda x: x.T.copy().T,
}


@pytest.mark.parametrize("primitive", DIFFERENTIABLE, ids=named)
@together("layout", list(LAYOUTS))
def test_layouts(primitive, layout):
    for arrays, options in cases(primitive):
        other = [LAYOUTS[layout](x) if isinstance(x, np.ndarray) else x for x in arrays]
        y, found = gradients(primitive, other, options)
        expected_y, expected = gradients(primitive, arrays, options)
        np.testing.assert_allclose(y.data, expected_y.data, rtol=1e-14)
        for got, want in zip(found, expected):
            np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15)


@st.composite
def broadcastable(draw, count):
    """Shapes that broadcast together: parts of one full shape, with axes dropped or made 1."""
    full = draw(st.lists(st.integers(0, 3), max_size=3).map(tuple))
    shapes = []
    for _ in range(count):
        kept = full[draw(st.integers(0, len(full))) :]
        shapes.append(tuple(n if draw(st.booleans()) else 1 for n in kept))
    return shapes


ELEMENTWISE = [p for p in DIFFERENTIABLE if p.shape == "elementwise" and (p not in OF_SCIPY or p in OF_SCIPY[::8])]


@pytest.mark.parametrize("primitive", ELEMENTWISE, ids=named)
@settings(max_examples=8, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_broadcasting(primitive, data):
    shapes = data.draw(broadcastable(len(primitive.sample)))
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    arrays = [np.asarray(draw(rng, shape)) for draw, shape in zip(primitive.sample, shapes)]
    layouts = [LAYOUTS[data.draw(st.sampled_from(sorted(LAYOUTS)))] for _ in arrays]
    arrays = [layout(x) for layout, x in zip(layouts, arrays)]
    y, found = gradients(primitive, arrays, {})
    assert y.shape == np.broadcast_shapes(*shapes)
    assert [g.shape for g in found] == [x.shape for x in arrays if is_float(x)]
    assert tg.gradcheck(primitive, *arrays, order=1)


@together("primitive", DIFFERENTIABLE)
def test_what_no_rule_names_is_not_saved(primitive):
    arrays, options = cases(primitive)[0]
    node = call(primitive, *leaves(arrays), **options)._node
    wants = {name for rule in primitive.rules if rule for name in rule.wants}
    most = len(wants - {"in_shape", "shapes"}) + (len(arrays) - 1 if primitive.keeps_list else 0)
    assert len([v for v in node.saved if isinstance(v, np.ndarray)]) <= most


def test_a_primitive_without_a_sample_cannot_be_registered():
    with pytest.raises(tg.RuleError, match="has no sample"):
        general("untested", np.sin, "x", lambda g: g, sample=None)


def test_every_primitive_is_reached_by_a_value_test():
    assert {p.name for p in PRIMITIVES if numpy_function(p) is None} <= set(FORMULAS)


def test_alias_shares_memory():
    x = tg.Tensor([1.0], requires_grad=True)
    assert movement.alias(x).data is x.data
