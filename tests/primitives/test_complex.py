"""Generated from the registry: each primitive of complex numbers is right, or says what to write instead."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import DIFFERENTIABLE, call, complex_cases, is_float, random_like, together

FEW = 4  # cases of one primitive that are checked by differences

# What NumPy has of real numbers alone, and says itself.
OF_REAL = {"bincount", "copysign", "fmod", "heaviside", "ldexp", "nextafter", "remainder"}


def several_of(primitive):
    """A few cases, of different settings, that are not empty."""
    found = [case for case in complex_cases(primitive) if all(np.size(x) for x in case[0])]
    if primitive.name == "setitem":  # which keeps the dtype
        found = [case for case in found if np.iscomplexobj(case[0][0])]
    return found[:: max(1, len(found) // FEW)]


TAKEN = [p for p in DIFFERENTIABLE if not (p.real or p.name in OF_REAL or p.name == "astype") and any(complex_cases(p))]
REFUSED = [p for p in DIFFERENTIABLE if p.real or p.name in OF_REAL]


@together("primitive", REFUSED)
def test_what_is_of_real_numbers_refuses(primitive):
    for arrays, options in several_of(primitive):
        with pytest.raises(tg.DTypeError) as caught:
            primitive(*[tg.Tensor(x, requires_grad=is_float(x)) for x in arrays], **options)
        assert "complex128" in str(caught.value)
        assert primitive.real in str(caught.value)


@together("primitive", TAKEN)
def test_derivatives(primitive):
    for arrays, options in several_of(primitive):
        assert tg.gradcheck(lambda *xs, options=options: call(primitive, *xs, **options), *arrays, order=2)


def gradients(primitive, arrays, options):
    leaves = [tg.Tensor(x, requires_grad=is_float(x)) for x in arrays]
    y = call(primitive, *leaves, **options)
    rng = np.random.default_rng(1)
    y.backward(random_like(lambda shape: rng.uniform(0.5, 1.5, shape), y.data))
    return y.data, [leaf.grad.data for leaf in leaves if leaf.requires_grad]


def narrow(x):
    return x.astype({"c": np.complex64, "f": np.float32}[x.dtype.kind]) if is_float(x) else x


@together("primitive", TAKEN)
def test_complex64_and_other_layouts(primitive):
    arrays, options = next(complex_cases(primitive))
    y, expected = gradients(primitive, arrays, options)
    strided = [np.repeat(x[..., None], 2, -1)[..., 0] if is_float(x) else x for x in arrays]
    for got, want in zip(gradients(primitive, strided, options)[1], expected):
        np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15)
    single, found = gradients(primitive, [narrow(x) for x in arrays], options)
    if primitive.name not in ("astype", "float_power"):
        assert single.dtype == narrow(y).dtype
    for got, want in zip(found, expected):
        assert got.dtype == narrow(want).dtype
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4)


@together("primitive", TAKEN)
def test_the_gradient_of_a_real_operand_is_real(primitive):
    for arrays, options in several_of(primitive):
        found = gradients(primitive, arrays, options)[1]
        assert [each.dtype for each in found] == [x.dtype for x in arrays if is_float(x)]


def test_an_array_of_complex_numbers_never_becomes_real():
    z, x = tg.Tensor([1 + 2j, 3j], requires_grad=True), tg.Tensor([1.0, 2.0], requires_grad=True)
    for lose in (lambda: z.astype(float), lambda: z.astype("f4"), lambda: z.astype(int), lambda: np.astype(z, float)):
        with pytest.raises(tg.DTypeError, match=r"imaginary part(.|\n)*t\.real"):
            lose()
    real = x * 1
    with pytest.raises(tg.DTypeError, match="float64 cannot take values of complex128"):
        real[:] = z
    wide = x.astype(complex)
    wide.backward([2 + 1j, 3 - 1j])
    assert x.grad.tolist() == [2.0, 3.0]
    assert z.astype(np.complex64).dtype == np.complex64
