"""Functions of complex numbers on both sides of NumPy's branch cuts, and at their poles, against mpmath."""

import mpmath
import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together

QUADRANTS = [0.7 + 0.4j, -1.6 + 0.3j, -0.2 - 1.7j, 2.3 - 0.8j]
LEFT = [complex(-0.5, 0.0), complex(-0.5, -0.0), complex(-3.0, 0.0), complex(-3.0, -0.0)]
BOTH_ENDS = [complex(x, side) for x in (-2.5, 2.5) for side in (0.0, -0.0)]
UP = [complex(side, y) for y in (-2.5, 2.5) for side in (0.0, -0.0)]
BELOW_ONE = [*LEFT, complex(0.5, 0.0), complex(0.5, -0.0)]
# Each function, and points on both sides of its cuts. The sign of a part of 0 tells the side.
FUNCTIONS = {
    "exp": (np.exp, mpmath.exp, []),
    "exp2": (np.exp2, lambda z: mpmath.power(2, z), []),
    "expm1": (np.expm1, mpmath.expm1, []),
    "log": (np.log, mpmath.log, LEFT),
    "log2": (np.log2, lambda z: mpmath.log(z) / mpmath.log(2), LEFT),
    "log10": (np.log10, lambda z: mpmath.log(z) / mpmath.log(10), LEFT),
    "log1p": (np.log1p, lambda z: mpmath.log(1 + z), [z - 1 for z in LEFT[:1]]),
    "sqrt": (np.sqrt, mpmath.sqrt, LEFT),
    "square": (np.square, lambda z: z * z, []),
    "reciprocal": (np.reciprocal, lambda z: 1 / z, []),
    "power": (lambda z: z ** (1.5 - 0.5j), lambda z: mpmath.exp((1.5 - 0.5j) * mpmath.log(z)), LEFT),
    "cube": (lambda z: z**3, lambda z: z * z * z, []),
    "root": (lambda z: z**0.3, lambda z: mpmath.exp(0.3 * mpmath.log(z)), LEFT),
    "exponent": (lambda z: (-2.0) ** z, lambda z: mpmath.exp(z * mpmath.log(mpmath.mpc(-2))), []),
    "whole base": (lambda z: 3**z, lambda z: mpmath.exp(z * mpmath.log(3)), []),
    "sin": (np.sin, mpmath.sin, []),
    "cos": (np.cos, mpmath.cos, []),
    "tan": (np.tan, mpmath.tan, []),
    "sinh": (np.sinh, mpmath.sinh, []),
    "cosh": (np.cosh, mpmath.cosh, []),
    "tanh": (np.tanh, mpmath.tanh, []),
    "arcsin": (np.arcsin, mpmath.asin, BOTH_ENDS),
    "arccos": (np.arccos, mpmath.acos, BOTH_ENDS),
    "arctan": (np.arctan, mpmath.atan, UP),
    "arcsinh": (np.arcsinh, mpmath.asinh, UP),
    "arccosh": (np.arccosh, mpmath.acosh, BELOW_ONE),
    "arctanh": (np.arctanh, mpmath.atanh, BOTH_ENDS),
    "sinc": (np.sinc, lambda z: mpmath.sin(mpmath.pi * z) / (mpmath.pi * z), []),
    "sigmoid": (tg.sigmoid, lambda z: 1 / (1 + mpmath.exp(-z)), []),
}


def beside(z):
    """The point on the side of an axis that the sign of a part of 0 tells: 1e-30 away from it."""
    parts = [part if part else np.copysign(1e-30, part) for part in (z.real, z.imag)]
    return mpmath.mpc(*parts)


@together(("function", "exact", "on_cuts"), FUNCTIONS)
def test_values_and_derivatives_on_both_sides_of_cuts(function, exact, on_cuts):
    with mpmath.workdps(60):
        for z in [*QUADRANTS, *on_cuts]:
            at = beside(z)
            step = mpmath.mpf(10) ** -40  # along the cut, on the same side
            along = mpmath.mpc(0, step) if z.real == 0 else step
            slope = complex((exact(at + along) - exact(at - along)) / (2 * along))
            found = tg.grad(lambda z, function=function: function(z), holomorphic=True)(np.array(z))
            np.testing.assert_allclose(function(np.array(z)), complex(exact(at)), rtol=1e-12, atol=1e-14)
            np.testing.assert_allclose(found, slope, rtol=1e-12, atol=1e-14, err_msg=str(z))


def test_the_sides_of_a_cut_differ():
    """Conjugate points have conjugate derivatives; which of the two it is, the sign of a part of 0 tells."""
    for function, z in ((np.sqrt, -4.0), (np.arcsin, 2.0), (np.arccos, -2.0), (np.arccosh, 0.5)):
        above, below = (tg.grad(function, holomorphic=True)(np.array(complex(z, side))) for side in (0.0, -0.0))
        assert above == np.conj(below)
        assert above != below
    right, left = (tg.grad(np.arcsinh, holomorphic=True)(np.array(complex(side, 2.0))) for side in (0.0, -0.0))
    assert right == pytest.approx(-left)


def test_parts_are_no_functions_of_one_complex_derivative():
    """Re, Im, conj, |z|, arg: the gradients of real numbers, by hand."""
    z = 3 - 4j
    slopes = {
        np.real: 1,
        np.imag: 1j,
        np.abs: z / 5,
        np.angle: 1j * z / 25,
        lambda z: np.real(np.conj(z) ** 2): 2 * np.conj(z),
        lambda z: np.abs(np.sign(z) - 1): None,
    }
    for function, slope in slopes.items():
        found = tg.grad(function)(z)
        assert tg.gradcheck(function, np.array(z))
        if slope is not None:
            assert found == pytest.approx(slope)
        with pytest.raises(tg.ArgumentError, match="not holomorphic"):
            tg.grad(lambda z, function=function: function(z) + 0j, holomorphic=True)(z)
    for function in (np.abs, np.angle, lambda z: np.abs(z) ** 2, lambda z: np.abs(np.sign(z))):
        assert tg.grad(function)(0j) == 0


def test_poles_are_infinite_or_no_numbers_as_those_of_numpy():
    with np.errstate(all="ignore"):
        for function in (np.log, np.sqrt, np.reciprocal):
            assert not np.isfinite(tg.grad(function, holomorphic=True)(0j))
        assert tg.grad(np.exp, holomorphic=True)(complex(-np.inf, 0.0)) == 0
        assert tg.grad(np.log, holomorphic=True)(complex(np.inf, 0.0)) == 0
    for power, slope in ((1, 1), (2, 0), (3.0, 0), (0, 0)):
        assert tg.grad(lambda z, power=power: z**power, holomorphic=True)(0j) == slope


def test_a_power_of_real_numbers_with_a_complex_exponent():
    """Of a negative base the logarithm is complex; real numbers get real gradients."""
    for a in (-2.0, np.array([-2.0, 0.5]), np.float32([-1.5, 3.0])):
        b = np.array([1.5 - 0.5j, 0.3 + 1j])
        exponent = tg.Tensor(b, requires_grad=True)
        y = a**exponent
        y.backward(np.conj([1 + 2j, 3 - 1j]))
        np.testing.assert_allclose(
            exponent.grad, np.conj([1 + 2j, 3 - 1j] * y.numpy() * np.log(np.asarray(a) + 0j)), rtol=1e-6
        )
        base = leaf(np.broadcast_to(a, 2).astype(float))
        (base**b).backward(np.conj([1 + 2j, 3 - 1j]))
        assert base.grad.dtype == float
        np.testing.assert_allclose(base.grad, np.real([1 + 2j, 3 - 1j] * b * (base.numpy() + 0j) ** (b - 1)), rtol=1e-6)


# A pole where a branch is not taken, the function, and its gradient there and at an ordinary point, 1 + 2j.
POLES = {
    "log": (0j, lambda z: np.where(z.real > 0, np.log(z), z), lambda z: 1 / z),
    "sqrt": (0j, lambda z: np.where(z.real > 0, np.sqrt(z), z), lambda z: 0.5 / np.sqrt(z)),
    "reciprocal": (0j, lambda z: np.where(z.real > 0, 1 / z, z), lambda z: -1 / z**2),
    "arctanh": (1 + 0j, lambda z: np.where(z.imag > 0, np.arctanh(z), z), lambda z: 1 / (1 - z * z)),
    "power": (0j, lambda z: np.where(z.real > 0, z**-1.5, z), lambda z: -1.5 * z**-2.5),
    "overflow": (800 + 0j, lambda z: np.where(z.imag > 0, np.exp(z), z), np.exp),
    "abs": (0j, lambda z: np.where(z.real > 0, z, z + np.abs(z)), lambda z: 1),
}


@together(("pole", "function", "slope"), POLES)
def test_a_branch_that_is_not_taken_has_no_part_in_the_gradient(pole, function, slope):
    z = np.array([pole, 1 + 2j])
    with np.errstate(all="ignore"):
        found = tg.grad(lambda z: np.sum(function(z)).real)(z)
        tangent = tg.jvp(function, (z,), (np.array([1j, 1j]),))[1]
        second = tg.grad(lambda z: np.sum(np.real(tg.grad(lambda z: np.sum(function(z)).real)(z))))(z)
    np.testing.assert_allclose(found, np.conj([1, slope(1 + 2j)]), rtol=1e-13)
    np.testing.assert_allclose(tangent, [1j, 1j * slope(1 + 2j)], rtol=1e-13)
    assert second[0] == 0
    assert np.isfinite(second).all()


def test_products_with_exact_zeros():
    """0 · inf is 0 in a product of matrices, with zeros in either part."""
    z = leaf([[0j, 2j]], dtype=complex)
    with np.errstate(invalid="ignore"):
        y = z @ np.array([[np.inf], [1j]])
    y[0, 0].backward(0j)
    assert z.grad.tolist() == [[0, 0]]
    z.grad = None
    weight = np.array([[complex(np.inf, 0)], [1j]])
    with np.errstate(invalid="ignore"):
        (z[:, 1:] @ weight[1:] + 0 * (z[:, :1] @ np.ones((1, 1)))).backward(np.ones((1, 1)))
    assert z.grad.tolist() == [[0, -1j]]
