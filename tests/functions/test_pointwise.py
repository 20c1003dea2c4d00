"""Functions element by element: NumPy's values, and their derivatives; rounding and signs are constants."""

import math

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tests.functions.agreeing import agrees, is_constant, same
from tests.primitives.test_primitives import modified, spherical
from tinygrad_like import Tensor
from tinygrad_like.primitives import bessel

RNG = np.random.default_rng(3)
X = np.array([[-2.25, 0.75, 1.5], [-0.3, 3.25, -7.6]])
Y = np.array([1.0, -2.0, 0.5])
SPECIAL = np.array([np.nan, 1.5, np.inf, -np.inf, -2.0])
ANGLES = np.cumsum(RNG.uniform(-5.0, 5.0, (3, 8)), axis=1)
STEPS = np.array([0.0, np.pi, 0.0, 3 * np.pi, 1.0, 1.0 + np.pi])
SMOOTH = {
    "sinc": (np.sinc, X),
    "sinc at 0": (np.sinc, np.array([0.0, 1e-9, 1e-4, -1.0, 20.3])),
    "i0": (np.i0, X),
    "i0 at 0": (np.i0, np.array(0.0)),
    "i0 far": (np.i0, np.array([39.5, 40.5, -60.0])),
    "copysign": (np.copysign, X, Y),
    "copysign to 0": (lambda x: np.copysign(x, np.float32([-0.0, 0.0, -np.inf])), X),
    "ldexp": (np.ldexp, X, np.array([1, -3, 0])),
    "frexp": (np.frexp, X),
    "nextafter": (np.nextafter, X, Y),
    "conj": (np.conj, X),
    "conjugate": (np.conjugate, X),
    "real": (np.real, X),
    "real_if_close": (np.real_if_close, X),
    "real_if_close, tol": (lambda x: np.real_if_close(x, tol=10), X),
    "deg2rad": (np.deg2rad, X),
    "rad2deg": (np.rad2deg, X),
    "float_power": (lambda x: np.float_power(x, 3), X),
    "clip": (lambda x: np.clip(x, a_min=-1.0, a_max=np.float32(Y + 3)), X),
    "nan_to_num": (np.nan_to_num, X),
    "nan_to_num of nan": (lambda x: np.nan_to_num(np.where(x > 1, np.nan, x)), X),
    "unwrap": (np.unwrap, ANGLES),
    "unwrap, axis": (lambda x: np.unwrap(x, axis=0), ANGLES),
    "unwrap, period": (lambda x: np.unwrap(x, period=3.5), ANGLES),
    "unwrap, period differentiated": (lambda x, p: np.unwrap(x, period=p), ANGLES, np.array(3.5)),
    "unwrap, discont": (lambda x: np.unwrap(x, 4.0, -1), ANGLES),
    "heaviside": (lambda b: np.heaviside(np.float32([-1.0, 0.0, 2.0]), b), Y),
}


@together("name", list(SMOOTH))
def test_values_and_derivatives(name):
    agrees(*SMOOTH[name])


CONSTANT = {
    "imag": np.imag,
    "angle": np.angle,
    "angle, degrees": lambda x: np.angle(x, deg=True),
    "iscomplex": np.iscomplex,
    "isreal": np.isreal,
    "isposinf": np.isposinf,
    "isneginf": np.isneginf,
    "round": np.round,
    "around": lambda x: np.around(x, 1),
    "round, decimals": lambda x: np.round(x, decimals=-1),
    "method round": lambda x: x.round(1),
    "fix": np.fix,
    "sign": np.sign,
    "spacing": np.spacing,
    "exponent": lambda x: np.frexp(x)[1],
    "heaviside": lambda x: np.heaviside(x, 0.5),
    "floor": np.floor,
}


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("name", CONSTANT)
@together("dtype", [np.float32, np.float64])
@together("x", {"values": X, "special": SPECIAL, "0-d": np.array(-0.0), "empty": np.zeros((0, 2))})
def test_constants(name, x, dtype):
    is_constant(CONSTANT[name], x.astype(dtype))


ALL = {name: function for name, (function, *rest) in SMOOTH.items() if len(rest) == 1} | CONSTANT


@together("dtype", [bool, np.int8, np.int64, np.float16, np.float32, np.complex128])
@together("name", list(ALL))
def test_dtypes_are_numpys(name, dtype):
    x = np.array([[1, 0, 3, 2]]).astype(dtype)
    try:
        expected = ALL[name](x)
    except (TypeError, ValueError):
        with pytest.raises((TypeError, ValueError)):
            ALL[name](Tensor(x))
    else:
        same(ALL[name](Tensor(x)), expected)


@together("name", list(SMOOTH))
def test_float32_keeps_its_gradient(name):
    function, x, *rest = SMOOTH[name]
    t = Tensor(x.astype(np.float32), requires_grad=True)
    y = function(t, *(each.astype(np.float32) if each.dtype.kind == "f" else each for each in rest))
    y = y[0] if isinstance(y, tuple) else y
    assert y.dtype == (np.float64 if name == "float_power" else np.float32)
    y.backward(np.ones(y.shape))
    assert t.grad.dtype == np.float32


# -- derivatives at single points ---------------------------------------------------------------------


@pytest.mark.parametrize("order", range(6))
def test_bessel_functions_of_any_order(order):
    x = np.array([0.0, 1e-3, 0.7, 3.9, 4.1, 11.0, 39.9, 40.1, 80.0])
    np.testing.assert_allclose(bessel.modified_bessel(x, order=order), modified(x, order), rtol=2e-14)
    x = np.array([0.0, 1e-3, 0.7, -2.5, 3.9, -4.1, 7.0, 19.0])
    np.testing.assert_allclose(bessel.spherical_bessel(x, order=order), spherical(x, order), rtol=1e-9, atol=1e-14)


def derivatives(f, order):
    """The first derivatives of f at 0."""
    for _ in range(order):
        f = tg.grad(f)
    return f(0.0)


def test_derivatives_of_sinc_and_i0_at_0():
    sinc = [0, -(np.pi**2) / 3, 0, np.pi**4 / 5]
    assert [derivatives(np.sinc, n) for n in range(1, 5)] == pytest.approx(sinc, rel=1e-13)
    assert [derivatives(np.i0, n) for n in range(1, 5)] == pytest.approx([0, 1 / 2, 0, 3 / 8], rel=1e-13)


def test_derivatives_of_i0_far_out():
    ratio = tg.grad(np.i0)(700.0) / np.i0(700.0)
    assert ratio == pytest.approx(1 - 1 / 1400 - 1 / (8 * 700**2), rel=1e-8)
    assert tg.grad(np.i0)(-700.0) == -tg.grad(np.i0)(700.0)


@pytest.mark.parametrize(
    ("given", "options"),
    [((), {}), ((), {"nan": 7.0, "posinf": 8, "neginf": np.float64(-9)}), ((True, 1.0, 2.0, 3.0), {})],
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nan_to_num(given, options, dtype):
    x = SPECIAL.astype(dtype)
    same(np.nan_to_num(leaf(x, dtype), *given, **options), np.nan_to_num(x, *given, **options))


def test_what_is_replaced_has_no_gradient():
    t = leaf(SPECIAL)
    np.nan_to_num(t).sum().backward()
    assert t.grad.tolist() == [0, 1, 0, 0, 1]
    nan = leaf(5.0)
    np.nan_to_num(Tensor(SPECIAL), nan=nan).sum().backward()
    assert nan.grad.item() == 1.0


def test_nan_to_num_in_place():
    t = Tensor(SPECIAL.copy())
    assert np.nan_to_num(t, copy=False) is t
    np.testing.assert_array_equal(t.data, np.nan_to_num(SPECIAL))
    with tg.no_grad():
        np.nan_to_num(leaf(SPECIAL), copy=False)
    with pytest.raises(tg.GraphError, match="leaf"):
        np.nan_to_num(leaf(SPECIAL), copy=False)
    x = leaf(SPECIAL)
    y = x * 1
    assert np.nan_to_num(y, copy=False) is y
    y.backward(np.ones(y.shape))
    assert x.grad.tolist() == np.isfinite(SPECIAL).tolist()


@pytest.mark.parametrize("value", [STEPS, -STEPS, np.zeros(1), np.zeros((2, 0))], ids=["up", "down", "one", "empty"])
def test_steps_of_half_a_period(value):
    same(np.unwrap(leaf(value)), np.unwrap(value))


def test_a_sign_that_is_copied_to_0():
    assert tg.grad(np.copysign)(0.0, -1.0) == 0
    assert math.copysign(1.0, np.copysign(leaf(0.0), -1.0).item()) == -1


def test_unwrap_needs_an_axis():
    for x, axis in ((ANGLES, 2), (ANGLES, -3), (1.0, -1)):
        with pytest.raises((ValueError, IndexError)):
            np.unwrap(leaf(x), axis=axis)


def test_methods_into_out():
    out, t = np.zeros(X.shape), leaf(X)
    assert t.round(1, out) is out
    same(Tensor(out), np.round(X, 1))
    assert Tensor(X).clip(0, 1, out=out) is out
    same(Tensor(out), np.clip(X, 0, 1))
    assert t.argmax(1, out=(index := np.zeros(2, int))) is index
    assert index.tolist() == X.argmax(1).tolist()


# -- methods ------------------------------------------------------------------------------------------


def test_parts_of_complex_numbers():
    z = Tensor(np.array([1 + 2j, -3.5j]))
    same([z.real, z.imag, z.conj(), z.conjugate()], [z.data.real, z.data.imag, z.data.conj(), z.data.conj()])
    t = leaf(X)
    same([t.real, t.imag, t.conj()], [X, np.zeros_like(X), X])
    (t.real * t.conj()).sum().backward()
    np.testing.assert_array_equal(t.grad.data, 2 * X)


@pytest.mark.parametrize("value", [2.5, -2.5, 3.7, -0.2])
def test_python_rounds_one_number_to_an_int(value):
    t = leaf(value)
    for function in (round, math.floor, math.ceil, math.trunc):
        found = function(t)
        assert type(found) is int
        assert found == function(value)
    same(round(t, 1), np.round(value, 1))
    same(round(leaf(123.0), -1), np.float64(120.0))


def test_python_rounds_several_numbers_to_a_tensor():
    t = leaf(X)
    found = [round(t), round(t, 1), math.floor(t), math.ceil(t), math.trunc(t)]
    same(found, [np.round(X), np.round(X, 1), np.floor(X), np.ceil(X), np.trunc(X)])
    sum(each.sum() for each in found).backward()
    assert not t.grad.numpy().any()
