"""Generated from the registry: each primitive of complex numbers is right, or says what to write instead."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import DIFFERENTIABLE, UP_TO_A_PHASE, call, complex_cases, is_float, random_like, together
from tinygrad_like.engine.registry import NUMPY

MOST = 4  # cases of one primitive that are checked by differences
WIDE = {"float_power", "special.lambertw"}  # which give double precision always
# Of matrices of a kind, or by iterations: tests/linalg has complex ones that suit.
BY_SCIPY = {
    *("cholesky_factor", "cho_solve", "expm", "expm_frechet", "inverse", "logm", "lu_factor", "lu_solve", "solve_as"),
    *("solve_continuous_lyapunov", "solve_discrete_lyapunov", "solve_sylvester", "solve_triangular", "sqrtm"),
}


def refused_by_name(primitive):
    """Whether SciPy's function is refused where it is called, before it comes to its primitive."""
    return primitive.name.startswith("special.") and NUMPY.get(primitive.forward) is not primitive


TRIED = [p for p in DIFFERENTIABLE if p.name not in UP_TO_A_PHASE | BY_SCIPY and not refused_by_name(p)]


def chosen(primitive):
    """A few cases, of different settings, that are not empty; none that keeps the dtype of real numbers."""
    found = [case for case in complex_cases(primitive) if all(np.size(x) for x in case[0])]
    if primitive.name in ("setitem", "astype"):
        found = [case for case in found if np.iscomplexobj(case[0][0]) and primitive.name == "setitem"]
    return found[:: max(1, len(found) // MOST)]


def refuses(primitive, arrays, options):
    """Whether NumPy's own function takes no complex numbers, or the record says so."""
    if primitive.real:
        return True
    try:
        primitive.forward(*arrays, **options)
    except TypeError:
        return True
    return False


def taken(primitive):
    return [case for case in chosen(primitive) if not refuses(primitive, *case)]


def leaves(arrays):
    return [tg.Tensor(x, requires_grad=is_float(x)) for x in arrays]


@together("primitive", TRIED)
def test_what_is_of_real_numbers_refuses(primitive):
    for arrays, options in chosen(primitive):
        if refuses(primitive, arrays, options):
            with pytest.raises(tg.DTypeError, match="complex128") as caught:
                primitive(*leaves(arrays), **options)
            assert primitive.real in str(caught.value)


@together("primitive", TRIED)
def test_derivatives(primitive):
    order = 1 if primitive.name.startswith("special.") else 2  # of SciPy's, some have no second derivative
    for arrays, options in taken(primitive):
        assert tg.gradcheck(lambda *xs, options=options: call(primitive, *xs, **options), *arrays, order=order)


def gradients(primitive, arrays, options):
    tensors = leaves(arrays)
    y = call(primitive, *tensors, **options)
    rng = np.random.default_rng(1)
    y.backward(random_like(lambda shape: rng.uniform(0.5, 1.5, shape), y.data))
    return y.data, [each.grad.data for each in tensors if each.requires_grad]


def narrow(x):
    return x.astype({"c": np.complex64, "f": np.float32}[x.dtype.kind]) if is_float(x) else x


@together("primitive", TRIED)
def test_complex64_and_other_layouts(primitive):
    for arrays, options in taken(primitive):
        y, expected = gradients(primitive, arrays, options)
        assert [each.dtype for each in expected] == [x.dtype for x in arrays if is_float(x)]
        strided = [np.repeat(x[..., None], 2, -1)[..., 0] if is_float(x) else x for x in arrays]
        for got, want in zip(gradients(primitive, strided, options)[1], expected):
            np.testing.assert_allclose(got, want, rtol=1e-13, atol=1e-15)
        single, found = gradients(primitive, [narrow(x) for x in arrays], options)
        if primitive.name not in WIDE:
            assert single.dtype == narrow(y).dtype
        for got, want in zip(found, expected):
            assert got.dtype == narrow(want).dtype
            np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-4)


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
