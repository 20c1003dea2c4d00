"""The engine with complex Tensors: mixed dtypes, views, accumulation, second order, nesting, users' operations."""

import copy
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import inner, leaf, together

Z = np.array([1 + 2j, -0.5 + 1j, 2 - 3j])
W = np.array([0.5 - 1j, 2 + 0.3j, 1j])
X = np.array([0.5, -1.5, 2.0])


def complex_leaf(values=Z, dtype=complex):
    return leaf(values, dtype=dtype)


def test_a_real_operand_beside_a_complex_one_has_a_real_gradient():
    x, z = leaf(X), complex_leaf(np.stack([Z, W]))
    (x * z).backward(np.conj(np.ones((2, 3)) * 1j))
    assert x.grad.dtype == float
    np.testing.assert_allclose(x.grad, np.real(1j * (Z + W)))
    np.testing.assert_allclose(z.grad, np.conj(1j * np.stack([X, X])))
    narrow = leaf(X.astype(np.float32), dtype=np.float32)
    y = narrow * complex_leaf(Z, np.complex64)
    assert y.dtype == np.complex64
    y.sum().imag.backward()
    assert narrow.grad.dtype == np.float32
    np.testing.assert_allclose(narrow.grad, Z.imag)


def test_several_results_of_several_dtypes():
    a = complex_leaf([[2 + 1j, 1j], [0.3, 1 - 1j]])
    sign, size = np.linalg.slogdet(a)
    assert (sign.dtype, size.dtype) == (complex, float)
    size.backward()
    np.testing.assert_allclose(a.grad, np.conj(np.linalg.inv(a.numpy()).T))
    assert tg.gradcheck(np.linalg.slogdet, a.numpy())


def test_gradients_are_added_up_and_conjugated_once():
    z = complex_leaf()
    for k in (1, 2):
        (z * W).sum().real.backward()
        np.testing.assert_allclose(z.grad, k * np.conj(W))
    kept = z.grad
    (z * W).sum().imag.backward()
    np.testing.assert_allclose(kept, 2 * np.conj(W))
    np.testing.assert_allclose(z.grad, np.conj(2 * W - 1j * W))


def test_the_gradient_of_a_result_is_conjugated_once():
    z = complex_leaf()
    y = z * z
    y.retain_grad()
    np.sum(np.abs(y) ** 2).backward()
    np.testing.assert_allclose(y.grad, 2 * y.numpy())
    np.testing.assert_allclose(z.grad, 4 * np.abs(Z) ** 2 * Z)


def test_second_derivatives_by_a_graph_of_gradients():
    z = complex_leaf()
    np.sum(np.abs(z) ** 4).backward(create_graph=True)
    first = z.grad
    np.testing.assert_allclose(first, 4 * np.abs(Z) ** 2 * Z)
    z.grad = None
    np.sum(np.real(np.conj(W) * first)).backward()
    want = 8 * np.abs(Z) ** 2 * W + 4 * Z**2 * np.conj(W)
    np.testing.assert_allclose(z.grad, want)
    slope = tg.jvp(tg.grad(lambda z: np.sum(np.abs(z) ** 4)), (Z,), (W,))[1]
    np.testing.assert_allclose(slope, want)


def cube(z):
    return np.sum(z**3 * np.conj(z))


MODES = {
    "f": lambda f: lambda z: tg.jvp(f, (z,), (W,))[1],
    "b": lambda f: lambda z: inner(W, tg.grad(f)(z)),
}


def nested(f, order):
    """The derivative along W of the derivative along W, each by jvp (f) or by grad (b)."""
    for mode in order:
        f = MODES[mode](f)
    return f(Z)


def test_every_nesting_agrees():
    results = [nested(lambda z: cube(z).real, order) for order in ("ff", "fb", "bf", "bb")]
    np.testing.assert_allclose(results, results[0], rtol=1e-12)
    step = 1e-3
    ends = [cube(Z + t * W).real for t in (step, 0, -step)]
    assert results[0] == pytest.approx((ends[0] - 2 * ends[1] + ends[2]) / step**2, rel=1e-5)
    assert tg.gradcheck(cube, Z, order=3)


def test_writes_into_complex_tensors_are_recorded():
    z, x = complex_leaf(), leaf(X)
    y = z * 1
    y[1:] = x[1:] * 1j
    np.sum(y * W).real.backward()
    np.testing.assert_allclose(z.grad, np.conj([W[0], 0, 0]))
    np.testing.assert_allclose(x.grad, np.real(1j * W) * [0, 1, 1])
    y = z * 1
    part = y[::2]
    part[0] = 5.0
    assert y[0].item() == 5.0
    real = x * 1
    for value in (1j, z[1:], Z[1:]):
        with pytest.raises(tg.DTypeError, match="float64 cannot take values of complex128"):
            real[1:] = value
    real[1:] = z.real[1:]
    z.grad = None
    np.sum(real).backward()
    assert z.grad.tolist() == [0, 1, 1]


def test_indexing_a_real_array_in_a_complex_computation():
    x, rows = X.reshape(3, 1) + np.ones((3, 2)), np.array([0, 2, 2])
    for f in (
        lambda x: x[rows] * W[:, None],
        lambda x: np.take(x, rows, axis=0) * W[:, None],
        lambda x: W @ x,
        lambda x: x.T @ W,
        lambda x: x[None, 0] @ np.array([[1j], [2.0]]),
    ):
        assert tg.gradcheck(f, x, order=2)


def test_operations_of_users():
    square = tg.operation(vjp=lambda g, z: g * 2 * z, kind="elementwise")(lambda z: z * z)
    assert tg.gradcheck(square, Z, order=2)
    modulus = tg.operation(vjp=lambda g, z: g * np.conj(z) / np.abs(z))(lambda z: np.abs(z))
    assert tg.gradcheck(modulus, Z, order=2)
    wrong = tg.operation(vjp=lambda g, z: g * z / np.abs(z))(lambda z: np.abs(z))
    with pytest.raises(tg.GradientCheckError, match="imaginary part of"):
        tg.gradcheck(wrong, Z)
    both = tg.operation(vjp=(lambda g, x, z: g * z, lambda g, x, z: g * x))(lambda x, z: x * z)
    assert tg.gradcheck(both, X, Z, order=2)


def test_transforms_of_structures_with_real_and_complex_leaves():
    p = {"z": Z, "x": X, "n": 3, "one": 2 - 1j}
    slopes = tg.grad(lambda p: np.sum(np.abs(p["z"] * p["x"]) ** 2) + np.abs(p["one"]) ** 2 * p["n"])(p)
    np.testing.assert_allclose(slopes["z"], 2 * X**2 * Z)
    np.testing.assert_allclose(slopes["x"], 2 * X * np.abs(Z) ** 2)
    assert slopes["one"] == 12 - 6j
    _, pullback = tg.vjp(lambda x: x * Z, X)
    assert pullback(W)[0].dtype == float
    np.testing.assert_allclose(pullback(W)[0], np.real(np.conj(W) * Z))


def test_a_complex_tensor_in_python():
    z = complex_leaf()
    assert z.tolist() == Z.tolist()
    assert z[0].item() == complex(z.detach()[0]) == 1 + 2j
    assert repr(z).startswith("Tensor([ 1. +2.j, -0.5+1.j,  2. -3.j], requires_grad=True)")
    assert "dtype=complex64" in repr(tg.Tensor(Z.astype(np.complex64)))
    for convert in (float, int):
        with pytest.raises(TypeError):
            convert(z.detach()[0])
    for convert in (float, complex):
        with pytest.raises(tg.LostGraphError):
            convert(z[0])
    for other in (copy.deepcopy(z), copy.copy(z), pickle.loads(pickle.dumps(z))):
        assert other.tolist() == Z.tolist()
        assert other.requires_grad
        assert other.dtype == complex
    assert (z == z).all()
    assert z in {z}


@together("refused", [lambda z: z.real.backward(np.ones(3) * 1j), lambda z: z.backward(), lambda z: z.sum().backward()])
def test_cotangents_that_do_not_fit(refused):
    z = complex_leaf()
    with pytest.raises(tg.TinygradError):
        refused(z)
    assert z.grad is None
    z.backward(np.ones(3))
    assert z.grad.tolist() == [1, 1, 1]
    assert z.grad.dtype == complex


def test_zeros_take_the_dtype_of_the_leaf():
    z, x = complex_leaf(), leaf(X)
    (np.round(z) * 0 + x).sum().real.backward()
    assert (z.grad.tolist(), z.grad.dtype) == ([0, 0, 0], complex)
    assert tg.grad(lambda z: 1.0)(Z).dtype == complex


def test_a_part_of_complex_numbers_is_not_written_to():
    """In NumPy it is a view, and the whole would change."""
    for z in (tg.Tensor([1 + 2j]), tg.Tensor([1 + 2j], requires_grad=True) * 2):
        for part in (z.real, z.imag):
            with pytest.raises(tg.UnsupportedError, match="read-only"):
                part[0] = 5.0
