"""np.fft on Tensors: NumPy's values to the bit, derivatives of order 2 in both modes, identities, errors."""

import itertools

import numpy as np
import pytest

import tinygrad_like as tg
import tinygrad_like.numpy as tnp
from tests.cases import leaf, together
from tests.compiler.agreeing import flat, runs_compiled
from tests.test_jacobian_rows import item_calls

RNG = np.random.default_rng(0)
NORMS = (None, "backward", "ortho", "forward")
ONE_AXIS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
TWO_AXES = ("fft2", "ifft2", "rfft2", "irfft2")
SEVERAL = ("fftn", "ifftn", "rfftn", "irfftn")
SHIFTS = ("fftshift", "ifftshift")
REAL = {"rfft", "ihfft", "rfft2", "rfftn"}  # they take no complex numbers
# Odd and even, shorter and longer than the axis, one point, along each axis.
LENGTHS = [{"n": n, "axis": axis} for n, axis in itertools.product((None, 1, 2, 3, 5, 6), (-1, 0, 1))]
SIZES = [
    {},
    {"axes": (0,)},
    {"axes": (-1, 0)},
    {"axes": (0, 1), "s": (3, 6)},
    {"axes": (2, 1), "s": (-1, 3)},
    {"axes": (0, 0)},
    {"axes": (1, 2, 1), "s": (5, 2, 4)},
]
PLACES = [{}, {"axes": 1}, {"axes": (0, -1)}, {"axes": (0, 0)}]
CALLS = [
    *((name, {**where, "norm": norm}) for name in ONE_AXIS for where in LENGTHS for norm in NORMS),
    *((name, {**where, "norm": norm}) for name in SEVERAL for where in SIZES for norm in NORMS),
    *((name, {"norm": norm, **more}) for name in TWO_AXES for norm in NORMS for more in ({}, {"s": (3, 5)})),
    *((name, where) for name in SHIFTS for where in PLACES),
]


def function_of(name):
    return getattr(np.fft, name)


def numbers(name, shape=(2, 4, 3), dtype=complex):
    x = RNG.normal(size=shape)
    return x if name in REAL else (x + 1j * RNG.normal(size=shape)).astype(dtype)


def inputs(name):
    """Arrays of each kind that a function takes."""
    x = RNG.normal(size=(2, 4, 3))
    found = [x.transpose(2, 0, 1), x.astype(np.float32), np.arange(24).reshape(2, 4, 3), x[:0]]
    return found if name in REAL else [*found, numbers(name), numbers(name, dtype=np.complex64)]


@together(("name", "options"), CALLS)
def test_values_are_numpys_to_the_bit(name, options):
    function = function_of(name)
    for x in inputs(name):
        try:
            expected = function(x, **options)
        except ValueError:  # no numbers along this axis
            with pytest.raises(ValueError, match="points"):
                function(tg.Tensor(x), **options)
            continue
        with tg.enable_grad():
            got = function(tg.Tensor(x, requires_grad=x.dtype.kind in "fc"), **options)
        assert isinstance(got, tg.Tensor)
        assert got.requires_grad == (x.dtype.kind in "fc")
        assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_array_equal(got.numpy(), expected)


def test_there_are_all_functions():
    constant = {"fftfreq", "rfftfreq"}
    assert {name for name, _ in CALLS} == set(np.fft.__all__) - constant


# Every fifth: each norm, length and axis is there with each function. The samples of the primitives add to these.
CHECKED = CALLS[::5]


@together(("name", "options"), CHECKED)
def test_derivatives_of_order_2_in_both_modes(name, options):
    x = numbers(name, (2, 2, 3))
    assert tg.gradcheck(lambda x: function_of(name)(x, **options), x, order=2)


@together("name", [*ONE_AXIS, *SEVERAL])
def test_real_input_and_single_precision(name):
    x = numbers(name, (2, 4)).real
    assert tg.gradcheck(function_of(name), x, order=2)
    for dtype in (np.float32, np.float64):
        t = tg.Tensor(x.astype(dtype), requires_grad=True)
        y = np.abs(function_of(name)(t)).sum()
        y.backward()
        assert (y.dtype, t.grad.dtype) == (dtype, dtype)


@together("name", [*ONE_AXIS, *SEVERAL, *TWO_AXES, *SHIFTS])
def test_empty_batches(name):
    t = tg.Tensor(np.zeros((0, 2, 3)), requires_grad=True)
    axes = {"axis": -1} if name in ONE_AXIS else {"axes": (1, 2)}
    np.abs(function_of(name)(t, **axes)).sum().backward()
    assert t.grad.shape == (0, 2, 3)


# -- identities -------------------------------------------------------------------------------------------------------


@together(("n", "norm"), itertools.product((1, 2, 5, 8), NORMS))
def test_parseval(n, norm):
    """Σ |fft x|² = n Σ x² for the norm "backward", so its gradient is 2 n x."""
    x = RNG.normal(size=n)
    factor = {"ortho": 1, "forward": 1 / n}.get(norm, n)
    gradient = tg.grad(lambda x: np.sum(np.abs(np.fft.fft(x, norm=norm)) ** 2))(x)
    np.testing.assert_allclose(gradient, 2 * factor * x, rtol=1e-13)
    z = x + 1j * RNG.normal(size=n)
    gradient = tg.grad(lambda z: np.sum(np.abs(np.fft.ifft(z, norm=norm)) ** 2))(z)
    np.testing.assert_allclose(gradient, 2 / factor * z, rtol=1e-13)


INVERSES = {
    "fft": lambda x: np.fft.ifft(np.fft.fft(x)).real,
    "rfft": lambda x: np.fft.irfft(np.fft.rfft(x), len(x)),
    "ihfft": lambda x: np.fft.hfft(np.fft.ihfft(x), len(x)),
    "fftshift": lambda x: np.fft.ifftshift(np.fft.fftshift(x)),
}


@together(("n", "name"), itertools.product((6, 7), INVERSES))
def test_what_is_undone_has_the_derivative_1(n, name):
    rows = tg.jacobian(INVERSES[name])(RNG.normal(size=n))
    np.testing.assert_allclose(rows, np.eye(n), atol=1e-14)


@together("n", (5, 6))
def test_the_convolution_theorem(n):
    """The gradient through the product of spectra is that of the circular convolution, written as sums."""
    x, y, weights = RNG.normal(size=(3, n))
    shifts = (np.arange(n)[:, None] - np.arange(n)) % n
    found = tg.grad(lambda x, y: np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(y), n) @ weights, (0, 1))(x, y)
    expected = tg.grad(lambda x, y: (x[shifts] @ y) @ weights, (0, 1))(x, y)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@together("n", (1, 2, 5, 6))
def test_parts_that_irfft_ignores_have_no_gradient(n):
    half = numbers("irfft", (n // 2 + 3,))
    gradient = tg.grad(lambda z: np.sum(np.fft.irfft(z, n) ** 3))(half)
    alone = [0] if n % 2 else [0, n // 2]
    assert gradient[n // 2 + 1 :].tolist() == [0, 0]
    assert gradient[alone].imag.tolist() == [0] * len(alone)
    assert np.abs(gradient[: n // 2 + 1]).min() > 0


@together("name", ONE_AXIS)
def test_the_transform_is_the_matrix_of_its_tangents(name):
    """The Jacobian, in one sweep, is that by columns in forward mode."""
    x = numbers(name, (5,)).real
    f = function_of(name)
    columns = np.stack([f(unit) for unit in np.eye(5)], axis=1)
    np.testing.assert_allclose(tg.jacobian(f)(x), columns, atol=1e-14)
    np.testing.assert_allclose(tg.jvp(f, (x,), (np.eye(5)[2],))[1], columns[:, 2], atol=1e-15)


@together("name", ONE_AXIS)
def test_all_rows_of_a_jacobian_come_from_one_transform(name):
    with item_calls() as found:
        tg.jacobian(function_of(name))(RNG.normal(size=(3, 8)))
    assert not found


# -- beside PyTorch ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [None, 3, 4, 6])
def test_gradients_are_pytorchs(n):
    torch = pytest.importorskip("torch", reason="gradients are compared with those of PyTorch")
    for name, norm in itertools.product(ONE_AXIS, ("backward", "ortho", "forward")):
        x = numbers(name, (2, 4))
        y = function_of(name)(x, n=n, norm=norm)
        g = RNG.normal(size=y.shape) + (1j * RNG.normal(size=y.shape) if np.iscomplexobj(y) else 0)
        t, other = tg.Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
        function_of(name)(t, n=n, norm=norm).backward(g)
        getattr(torch.fft, name)(other, n=n, norm=norm).backward(torch.tensor(g))
        np.testing.assert_allclose(t.grad.numpy(), other.grad.resolve_conj().numpy(), rtol=1e-12, atol=1e-14)


# -- where they are called --------------------------------------------------------------------------------------------


def gradients(name, options):
    """A step that gives the result, the gradient, and a derivative in forward mode."""
    f = function_of(name)

    def step(x):
        t = tg.Tensor(x, requires_grad=True)
        y = f(t, **options)
        np.sum(np.abs(y) ** 3).backward()
        return y, t.grad, tg.jvp(lambda x: f(x, **options), (x,), (np.cos(x),))[1]

    return step


@together("name", [*ONE_AXIS, "rfft2", "irfftn", *SHIFTS])
def test_compiled(name):
    one, other = numbers(name, (3, 4)), numbers(name, (3, 4))
    options = {"n": 5, "axis": 0, "norm": "ortho"} if name in ONE_AXIS else {}
    runs_compiled(gradients(name, options), [one], [other], backend="numpy")


@pytest.mark.parametrize("backend", ["c", "jax"])
def test_all_in_one_program(backend):
    if backend == "jax":
        pytest.importorskip("jax", reason="the backend of JAX needs jax")

    def step(x, z):
        return [gradients(name, {"n": 5})(x if name in REAL else z) for name in ("rfft", "irfft", "ifft")]

    points = [[numbers("rfft", (2, 4)), numbers("fft", (2, 4))] for _ in range(2)]
    expected = [step(*each) for each in points]
    program = tg.compile(step, backend=backend)
    for point, want in zip(points, expected):
        for mine, theirs in zip(flat(program(*point)), flat(want), strict=True):
            assert mine.dtype == theirs.dtype
            mine, theirs = (each.numpy() if isinstance(each, tg.Tensor) else each for each in (mine, theirs))
            np.testing.assert_allclose(mine, theirs, rtol=1e-11, atol=1e-12)


def test_out():
    x = leaf([1.0, 2.0, 4.0])
    target = tg.Tensor(np.zeros(3, complex))
    result = np.fft.fft(x * 1, out=target)
    assert result is target
    np.sum(np.abs(result) ** 2).backward()
    np.testing.assert_allclose(x.grad, 6 * x.numpy())
    array = np.zeros(2, complex)
    assert np.fft.rfft(tg.Tensor([1.0, 2.0, 4.0]), None, -1, None, array) is array
    np.testing.assert_array_equal(array, np.fft.rfft([1.0, 2.0, 4.0]))
    with pytest.raises(tg.LostGraphError):
        np.fft.rfft(x, out=array)


def test_frequencies_are_constants_and_their_spacing_a_factor():
    def loss(spacing):
        return np.sum(tnp.fft.fftfreq(4, spacing) ** 2 * tnp.fft.rfftfreq(4, 0.5)[1])

    expected = -2 * np.sum(np.fft.fftfreq(4) ** 2) / 0.5**3 * 0.5
    np.testing.assert_allclose(tg.grad(loss)(0.5), expected)
    x = np.array([0.2, 0.5, 0.3])
    sloped = tg.grad(lambda x: np.sum(np.abs(tnp.fft.fftshift(tnp.fft.fft([x[0], x[1], 2 * x[2]]))) ** 2))(x)
    np.testing.assert_allclose(sloped, 6 * x * [1, 1, 4])


# -- errors -----------------------------------------------------------------------------------------------------------

WRONG = {
    "no points": (lambda t: np.fft.fft(t, 0), tg.ShapeError, r"fft of shape \(2, 3\) along axis 1 would have 0 points"),
    "one bin": (lambda t: np.fft.irfft(t[:, :1]), tg.ShapeError, r"irfft of shape \(2, 1\) .* 0 points.*\n.*n=\.\.\."),
    "norm": (lambda t: np.fft.hfft(t, norm="orthogonal"), tg.ArgumentError, "norm='orthogonal'.\n.*\"ortho\""),
    "complex": (lambda t: np.fft.rfft(t * 1j), tg.DTypeError, "rfft takes real numbers, but got complex128"),
    "axis": (lambda t: np.fft.ifft(t, axis=2), np.exceptions.AxisError, "axis 2 is out of bounds"),
    "axes": (lambda t: np.fft.fftn(t, axes=(0, 3)), np.exceptions.AxisError, "axis 3 is out of bounds"),
    "sizes": (lambda t: np.fft.fftn(t, s=(2,), axes=(0, 1)), tg.ShapeError, r"over 2 axes .* got s=\(2,\)"),
    "no axes": (lambda t: np.fft.rfftn(t, axes=()), tg.ArgumentError, "at least one axis"),
    "no length": (lambda t: np.fft.fft(t, 2.5), TypeError, "integer"),
}


@together("wrong", WRONG)
def test_errors_say_what_is_wrong(wrong):
    call, kind, message = wrong
    with pytest.raises(kind, match=message):
        call(leaf(np.ones((2, 3))))
