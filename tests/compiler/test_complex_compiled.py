"""Programs with complex numbers: on each backend the same as eager."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.compiler.agreeing import by_backward, by_second, runs_compiled
from tinygrad_like.compiler.to_c import native

RNG = np.random.default_rng(0)


def plane(*shape):
    return RNG.normal(size=shape) + 1j * RNG.normal(size=shape)


Z, X, M = plane(3), RNG.uniform(0.5, 1.5, 3), plane(3, 3)
HOLES = np.array([True, False, False])
FUNCTIONS = {
    "parts": (lambda z, x: (z * x).imag * np.real(z) + np.abs(z + 1j), Z, X),
    "conjugates": (lambda z, w: np.vdot(z, w) * np.conj(z) / w, Z, plane(3)),
    "of real numbers": (lambda x: np.abs(np.exp(1j * x) + x) ** 2, X),
    "products": (lambda a, z: (a @ z) * np.einsum("ij,j->i", a, z), M, Z),
    "numbers": (lambda z: (z.sum() * 2j + 1.5) ** 2 * z, Z),
    "branches": (lambda z: np.where(z.real > 0, np.sqrt(z), np.log(z)), Z),
    "what is not finite": (lambda z: np.where(HOLES, 0, np.real(z * np.conj(z))), np.where(HOLES, np.nan, Z)),
    "elements": (lambda z: np.concatenate([z[1:], z[:1]]) * z[::-1] + z[0], Z),
    "written into": (lambda z: written(z), Z),
}


def written(z):
    y = z * 1
    y[1:] = y[:-1] * 1j
    return y


def points(arrays):
    return arrays, [np.asarray(x * (1.25 if x.dtype.kind == "f" else 1.25 - 0.5j)) for x in arrays]


@together("way", (by_backward, by_second))
@together("name", list(FUNCTIONS))
def test_numpy(name, way):
    function, *arrays = FUNCTIONS[name]
    with np.errstate(invalid="ignore"):
        runs_compiled(way(function), *points(arrays), backend="numpy", exact=False)


@pytest.mark.skipif(native.compiler() is None, reason="no C compiler was found")
def test_c_calls_numpy_for_complex_numbers():
    def everything(z, x, w, a):
        of = {name: FUNCTIONS[name][0] for name in FUNCTIONS}
        found = [of["parts"](z, x), of["conjugates"](z, w), of["products"](a, z)]
        return [*found, *(of[name](z) for name in ("numbers", "branches", "elements"))]

    runs_compiled(by_backward(everything), *points([Z, X, plane(3), M]), backend="c")


@pytest.mark.skipif(native.compiler() is None, reason="no C compiler was found")
def test_a_repair_in_c():
    """Where a product of the sweep is not finite, it is mended as in eager."""
    function, z = FUNCTIONS["what is not finite"]
    with np.errstate(invalid="ignore"):
        runs_compiled(by_backward(function), [Z], [z], backend="c")
        runs_compiled(by_backward(function), [z], [Z], backend="c")


@together(
    ("step", "x"),
    {
        "given": (lambda z: np.abs(z) ** 2, Z),
        "inside": (lambda x: np.abs(np.exp(1j * x)), X),
        "a result": (lambda x: x * 1j, X),
    },
)
def test_c_files_refuse(step, x, tmp_path):
    with pytest.raises(tg.UnsupportedError, match=r"complex128(.|\n)*(parts|outside)"):
        tg.export_c(step, tmp_path, x)


def test_jax():
    pytest.importorskip("jax", reason="JAX, the backend, is not installed")

    def everything(z, x, a):
        return FUNCTIONS["parts"][0](z, x), FUNCTIONS["products"][0](a, z), FUNCTIONS["numbers"][0](z), written(z)

    runs_compiled(by_backward(everything), *points([Z, X, M]), backend="jax", exact=False)


TRANSFORMS = {
    "f′": lambda z: tg.grad(lambda u: (u**3).sum(), holomorphic=True)(z),
    "Jacobian of a holomorphic function": lambda z: tg.jacobian(lambda u: M @ u * u, holomorphic=True)(z),
    "Jacobian of real numbers": lambda z: tg.jacobian(lambda x: np.exp(1j * x) * z)(np.abs(z)),
    "gradient": lambda z: tg.grad(lambda u: (np.abs(u) ** 3).sum())(z),
    "jvp": lambda z: tg.jvp(lambda u: u * np.conj(u), [z], [z * 1j]),
    "vjp": lambda z: tg.vjp(lambda u: M @ u, z)[1](z),
}


@together("name", list(TRANSFORMS))
def test_transforms(name):
    runs_compiled(TRANSFORMS[name], *points([Z]), backend="numpy", exact=False)


def test_python_numbers():
    program = tg.compile(lambda z: tg.grad(lambda u: u**3, holomorphic=True)(z))
    for z in (1 + 2j, 2 - 1j):
        assert program(z) == pytest.approx(3 * z**2)
    half = tg.compile(lambda z: np.exp(z * 2j) + 1.5)
    narrow = np.complex64(Z)
    assert half(narrow).dtype == np.complex64
    np.testing.assert_allclose(half(narrow), np.exp(narrow * 2j) + 1.5, 1e-5)


def test_a_step_on_a_complex_leaf():
    def descend(z, target):
        loss = (np.abs(z - target) ** 2).sum()
        loss.backward()
        z.data -= 0.1 * z.grad
        z.grad = None
        return loss

    mine, theirs = (tg.Tensor(Z.copy(), requires_grad=True) for _ in range(2))
    step = tg.compile(descend)
    for k in range(4):
        target = Z * 1j + k
        assert step(mine, target).item() == pytest.approx(descend(theirs, target).item())
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), 1e-14)


@together(
    "value", {"a traced number": lambda x: x[0] * 1j, "traced numbers": lambda x: x * 1j, "a number": lambda x: 1j}
)
def test_complex_values_cannot_be_written_into_real_numbers(value):
    def filled(x):
        y = np.zeros_like(x)
        y[...] = value(x)
        return y

    with pytest.raises(tg.DTypeError, match="cannot take values of complex128"):
        tg.compile(filled)(X)


@together(
    "function",
    {
        "var": lambda z: np.var(z) + np.std(z, axis=0),
        "norm": lambda z: np.linalg.norm(z) + np.linalg.norm(z, 2) + np.linalg.cond(z),
    },
)
def test_jax_on_complex_numbers(function):
    pytest.importorskip("jax")
    z = np.stack([Z, Z.real + 1j, Z.conj()])
    np.testing.assert_allclose(tg.compile(function, backend="jax")(z), function(z))
