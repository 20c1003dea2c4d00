"""Complex numbers in composites, transforms, losses and states: as in NumPy and in PyTorch, or refused."""

import copy
import importlib.util

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.compiler.agreeing import by_backward
from tests.functions.agreeing import agrees
from tinygrad_like import losses, nn
from tinygrad_like.nn import functional
from tinygrad_like.transforms import batching

RNG = np.random.default_rng(0)


def plane(*shape):
    return np.asarray(RNG.normal(size=shape) + 1j * RNG.normal(size=shape))


Z, W, M = plane(5), plane(4), plane(4, 3)
X = RNG.uniform(0.5, 1.5, 5)
HOLES = RNG.random((4, 3)) < 0.3

COMPOSITES = {
    "vdot": (np.vdot, Z, X),
    "vecdot": (np.vecdot, M, M[::-1].copy()),
    "vecmat": (np.vecmat, W, M),
    "inner": (np.inner, M, M[:2].copy()),
    "dot": (np.dot, M.T.copy(), W),
    "einsum": (lambda a, b: np.einsum("ij,i,kj->k", a, b, a), M, W),
    "multi_dot": (lambda a, b: np.linalg.multi_dot([a, a.T, b]), M, W),
    "cov": (lambda a, b: np.cov(a, b, rowvar=False, aweights=X[:4]), M, W),
    "corrcoef": (np.corrcoef, M),
    "var": (lambda a: np.var(a, axis=1, ddof=1, where=np.array([True, True, False])), M),
    "std of a mean": (lambda a, m: np.std(a, axis=0, mean=m), M, plane(1, 3)),
    "average": (lambda a, w: np.average(a, axis=0, weights=w), M, X[:4]),
    "correlate": (lambda a, b: np.correlate(a, b, "full"), Z, W),
    "correlate same": (lambda a, b: np.correlate(a, b, "same"), X, Z[:2].copy()),
    "convolve": (lambda a, b: np.convolve(a, b, "same"), Z, X[:3]),
    "interp": (lambda x, f: np.interp(x, np.arange(5.0), f, right=2 - 1j), np.array([0.3, 2.7, 9.0]), Z),
    "linspace": (lambda a, b: np.linspace(a, b, 4), plane(), plane()),
    "logspace": (lambda a, b: np.logspace(a, b, 4, base=2.0), plane(), plane()),
    "geomspace": (lambda a, b: np.geomspace(a, b, 5), plane(), plane()),
    "poly": (np.poly, W),
    "poly of a matrix": (np.poly, M[:3]),
    "poly of pairs": (lambda a: np.poly(np.stack([a, np.conj(a)])), plane()),
    "polyval": (np.polyval, W, Z),
    "polyfit": (lambda x, y: np.polyfit(x, y, 2), plane(6), plane(6)),
    "trapezoid": (np.trapezoid, Z, plane(5)),
    "gradient": (lambda f: np.gradient(f, X.cumsum()), Z),
    "real_if_close": (lambda a: np.real_if_close(a * np.conj(a)), Z),
    "real_if_close of others": (np.real_if_close, Z),
    "sinc": (np.sinc, Z),
    "sign": (np.sign, Z),
    "angle": (lambda a: np.angle(a, deg=True), Z),
    "nanprod": (lambda a: np.nanprod(np.where(HOLES, np.nan, a), axis=0), M),
    "nanvar": (lambda a: np.nanvar(np.where(HOLES, np.nan, a), axis=0), M),
    "nanmedian": (lambda a: np.nanmedian(np.where(HOLES, np.nan, a), axis=0), M),
    "median": (lambda a: np.median(a, axis=0), M),
    "sort_complex": (np.sort_complex, Z),
    "maximum": (np.maximum, Z, X),
    "reduceat": (lambda a: np.multiply.reduceat(a, [0, 2, 1]), Z),
    "accumulate": (np.divide.accumulate, Z),
    "pad": (lambda a: np.pad(a, ((1, 2), (0, 3)), "reflect", reflect_type="odd"), M),
    "pad with a ramp": (lambda a, end: np.pad(a, 2, "linear_ramp", end_values=end), Z, plane()),
    "histogram": (lambda w: np.histogram(X, 3, weights=w)[0], Z),
    "select": (lambda a, b: np.select([X > 1], [a], b), Z, X),
    "in a wider dtype": (lambda a: np.add(a, 1, dtype=complex), X),
}
DEPEND = {"poly", "poly of pairs", "real_if_close", "real_if_close of others"}  # their dtypes, on the values


@together("name", DEPEND)
def test_what_has_a_dtype_that_depends_on_values_is_not_compiled(name):
    function, *arrays = COMPOSITES[name]
    with pytest.raises(tg.TraceError, match="dtype depends on values"):
        tg.compile(by_backward(function))(*arrays)


@pytest.mark.filterwarnings("ignore:invalid value")
@together("name", list(COMPOSITES))
def test_composites(name):
    agrees(*COMPOSITES[name], rtol=1e-11, compiles=name not in DEPEND)


def test_nan_to_num_replaces_each_part():
    z = tg.Tensor([1 + 2j, complex(np.nan, 1), complex(2, -np.inf)], requires_grad=True)
    y = np.nan_to_num(z, nan=7.0)
    np.testing.assert_array_equal(y.numpy(), np.nan_to_num(z.numpy(), nan=7.0))
    y.backward(np.array([3 + 4j] * 3))
    np.testing.assert_array_equal(z.grad.numpy(), [3 + 4j, 4j, 3])


def test_equal_complex_numbers_share_the_gradient():
    z = np.array([1 + 1j, 1 + 1j, 2 - 1j, 1 + 1j])
    np.testing.assert_allclose(tg.grad(lambda a: np.median(a).real)(z), [1 / 3, 1 / 3, 0, 1 / 3])
    np.testing.assert_allclose(tg.grad(lambda a: np.unique(a)[0].imag)(z), np.array([1j, 1j, 0, 1j]) / 3)


@together(
    "call",
    {
        "histogram": lambda z: np.histogram(z),
        "quantile": lambda z: np.quantile(z, 0.5),
        "unwrap": lambda z: np.unwrap(z),
        "interp at complex numbers": lambda z: np.interp(z, [0.0, 1.0], [0.0, 1.0]),
        "mean in a real dtype": lambda z: np.mean(z, dtype=float),
        "sum of a ufunc in a real dtype": lambda z: np.add(z, 1, dtype=float),
        "write into real numbers": lambda z: np.copyto(tg.Tensor(X) * 1, z),
        "float": lambda z: float(z[0]),
        "lists": lambda z: np.array([z[0], 1j]),
        "infinite replacement": lambda z: np.nan_to_num(z, posinf=np.inf),
        "roots": lambda z: np.roots(z),
    },
)
def test_what_makes_no_sense_refuses(call):
    with pytest.raises(tg.TinygradError):
        call(tg.Tensor(Z, requires_grad=True))


def test_no_imaginary_part_is_dropped():
    for call in (lambda t: t.astype(float), lambda t: np.sum(t, dtype=float), lambda t: np.full_like(t.real, t[0])):
        with pytest.raises(tg.TinygradError, match="imaginary part"):
            call(tg.Tensor(Z, requires_grad=True))


@together(
    "call",
    {
        "cumsum": lambda z, x: np.cumsum(z, dtype=float),
        "cumprod": lambda z, x: z.cumprod(dtype=float),
        "accumulate": lambda z, x: np.add.accumulate(z, dtype=float),
        "concatenate": lambda z, x: np.concatenate([z, x], dtype=float, casting="unsafe"),
        "stack": lambda z, x: np.stack([z[:3], x], dtype=float, casting="unsafe"),
        "insert": lambda z, x: np.insert(x, 1, 1j),
        "pad": lambda z, x: np.pad(x, 1, constant_values=1j),
        "nan_to_num": lambda z, x: np.nan_to_num(x, nan=1j),
        "piecewise": lambda z, x: np.piecewise(x, [x > 1], [1j, 2.0]),
        ".grad": lambda z, x: setattr(x, "grad", 1j * x.numpy()),
    },
)
def test_no_imaginary_part_is_dropped_in_a_dtype_of_real_numbers(call):
    with pytest.raises(tg.DTypeError):
        call(tg.Tensor(Z, requires_grad=True), tg.Tensor(X, requires_grad=True))


def test_sign_at_zero_and_infinity():
    z = np.array([0, complex(np.inf, 0), complex(0, -np.inf), 1e-320, 3 + 4j])
    np.testing.assert_allclose(np.sign(tg.Tensor(z)).numpy(), np.sign(z))
    slope = tg.grad(lambda z: np.sign(z).real.sum())(z)
    np.testing.assert_allclose(slope, [0, 0, 0, 0, 0.128 - 0.096j])


def test_lists_with_complex_tensors():
    def f(a, b):
        y = tg.numpy.array([[a, 2.0], [b, 1j]])
        return np.abs(y @ np.array([1 + 1j, 3])).sum()

    tg.gradcheck(f, 0.5 - 1j, 0.25, order=2)


# -- layers and losses ------------------------------------------------------------------------------------

MORE = {"layer_norm": (3,), "rms_norm": (3,), "max_pool1d": (2,), "adaptive_max_pool1d": (2,), "lp_pool1d": (2, 2)}


@together(
    "name",
    ["relu", "elu", "gelu", "softplus", "logsigmoid", "mish", "hardtanh", "leaky_relu", "hardswish", *MORE],
)
def test_functions_that_compare_refuse(name):
    more = MORE.get(name, ())
    for given in (tg.Tensor(M, requires_grad=True), tg.Tensor(M), M):
        with pytest.raises(tg.DTypeError, match=r"real numbers(.|\n)*z\.real"):
            getattr(functional, name)(given, *more)
    assert getattr(functional, name)(M.real.copy(), *more).dtype == float


@together(
    "name", ["mse", "smooth_l1", "huber", "cross_entropy", "kl_div", "poisson_nll", "binary_cross_entropy_with_logits"]
)
def test_losses_of_real_numbers_refuse_complex_ones(name):
    loss = getattr(losses, name)
    for pair in ((M, M.real.copy()), (M.real.copy(), M)):
        with pytest.raises(tg.DTypeError, match=r"real numbers(.|\n)*np\.abs"):
            loss(tg.Tensor(pair[0], requires_grad=True), pair[1])


def test_l1_takes_complex_numbers():
    tg.gradcheck(losses.l1, M, plane(4, 3), order=2)
    assert losses.l1(M, M + 3 + 4j).item() == pytest.approx(5)


def test_layers_that_do_not_compare():
    for layer in (
        nn.Linear(3, 2),
        nn.Tanh(),
        nn.Sigmoid(),
        nn.Softsign(),
        nn.AvgPool1d(2),
    ):
        assert layer(tg.Tensor(M)).dtype == complex
        tg.gradcheck(layer, M, order=1)
    tg.gradcheck(lambda x, w, b: functional.linear(x, w, b), M, plane(2, 3), plane(2), order=2)
    tg.gradcheck(lambda x: functional.dropout(x, 0.5, generator=tg.random.Generator(1)), M, order=1)


# -- transforms --------------------------------------------------------------------------------------------


def length(p):
    return (np.abs(p["z"] * p["x"] + 1j) ** 2).sum()


def test_containers_with_real_and_complex_numbers():
    p = {"z": Z, "x": X}
    gradient = tg.grad(length)(p)
    np.testing.assert_allclose(gradient["z"], 2 * X * (Z * X + 1j))
    np.testing.assert_allclose(gradient["x"], 2 * (np.conj(Z) * (Z * X + 1j)).real)
    assert gradient["x"].dtype == float
    value, slope = tg.jvp(length, [p], [{"z": 1j * Z, "x": X}])
    assert value == pytest.approx(length(p))
    assert slope == pytest.approx(np.vdot(gradient["z"], 1j * Z).real + gradient["x"] @ X)
    auxiliary = tg.grad(lambda z: (np.abs(z) ** 2, z * 2j), has_aux=True)(1 + 2j)
    assert auxiliary == (2 + 4j, -4 + 2j)
    assert tg.grad(lambda a, b: (a * b).real, argnames=("b",))(1.0, b=2j) == (1 + 0j,)


def test_descent_along_the_gradient():
    z = Z
    for _ in range(60):
        z = z - 0.1 * tg.grad(lambda z: (np.abs(z - (1 - 2j)) ** 2).sum())(z)
    np.testing.assert_allclose(z, 1 - 2j, rtol=1e-4)


def test_holomorphic_functions():
    assert tg.grad(lambda z: z**3, holomorphic=True)(1 + 2j) == pytest.approx(3 * (1 + 2j) ** 2)
    assert tg.grad(lambda a, b: a * b, (0, 1), holomorphic=True)(1 + 2j, 3 - 1j) == (3 - 1j, 1 + 2j)
    np.testing.assert_allclose(tg.jacobian(lambda z: M.T @ z, holomorphic=True)(W), M.T)
    np.testing.assert_allclose(tg.hessian(lambda z: (z**3).sum(), holomorphic=True)(Z), np.diag(6 * Z), atol=1e-14)


@together(
    ("f", "error"),
    {
        "real input": (lambda: tg.grad(lambda x: x * x, holomorphic=True)(1.0), tg.DTypeError),
        "real inputs": (lambda: tg.jacobian(lambda x: x * 1j, holomorphic=True)(X), tg.DTypeError),
        "conj": (lambda: tg.grad(lambda z: z * np.conj(z), holomorphic=True)(1 + 1j), tg.ArgumentError),
        "abs": (lambda: tg.grad(np.abs, holomorphic=True)(1 + 1j), tg.ArgumentError),
        "Jacobian of conj": (lambda: tg.jacobian(np.conj, holomorphic=True)(Z), tg.ArgumentError),
        "Jacobian of abs": (lambda: tg.jacobian(np.abs, holomorphic=True)(Z), tg.ArgumentError),
        "a little of conj": (
            lambda: tg.jacobian(lambda z: z + 1e-3 * np.conj(z), holomorphic=True)(Z),
            tg.ArgumentError,
        ),
        "complex result": (lambda: tg.grad(lambda z: z * z)(1j), tg.DTypeError),
        "complex Jacobian": (lambda: tg.jacobian(lambda z: z * z)(Z), tg.DTypeError),
        "complex tangent": (lambda: tg.jvp(lambda x: x * x, [X], [Z]), tg.DTypeError),
        "complex cotangent": (lambda: tg.vjp(np.abs, Z)[1](Z), tg.DTypeError),
    },
)
def test_errors(f, error):
    with pytest.raises(error):
        f()


A = plane(4, 3)
JACOBIANS = {
    "complex results of real numbers": (lambda x: np.exp(A @ x) * np.conj(A @ x) / (1 + np.abs(A @ x)), X[:3], False),
    "real results of complex numbers": (lambda z: np.abs(A @ z) ** 2 + np.imag(z).sum(), Z[:3], False),
    "angles": (lambda x: np.angle(A @ x) * np.imag(A @ x), X[:3], False),
    "powers": (lambda x: (x * 1j + 2) ** (1 + x), X[:3], False),
    "inner products": (lambda x: np.vecdot(A, x * A[0]), X[:3], False),
    "holomorphic": (lambda z: np.exp(A @ z) * np.sin(A @ z) / (2 + z.sum()), Z[:3], True),
    "scans": (lambda z: np.cumprod(np.sort(z)) / np.flip(z), Z[:3], True),
}


@together("name", list(JACOBIANS))
def test_one_sweep_gives_all_rows(name, monkeypatch):
    f, x, holomorphic = JACOBIANS[name]
    swept = []
    tried = batching.Rows.tried
    with monkeypatch.context() as patch:
        patch.setattr(batching.Rows, "tried", lambda self: swept.append(tried(self)) or swept[-1])
        at_once = tg.jacobian(f, holomorphic=holomorphic)(x)
        assert len(swept) == 1
        assert swept[0]  # not row by row
        patch.setattr(batching, "FEWEST", 10**9)
        one_by_one = tg.jacobian(f, holomorphic=holomorphic)(x)
    np.testing.assert_allclose(at_once, one_by_one, 1e-13)
    columns = [tg.jvp(f, [x], [unit.astype(x.dtype)])[1] for unit in np.eye(3)]
    if x.dtype.kind == "c" and not holomorphic:
        columns = [c + 1j * tg.jvp(f, [x], [1j * unit])[1] for c, unit in zip(columns, np.eye(3))]
    np.testing.assert_allclose(at_once, np.stack(columns, -1), 1e-12, 1e-13)


# -- the same as PyTorch -------------------------------------------------------------------------------------

AS_IN_TORCH = {
    "abs": lambda xp, z, x: xp.abs(z * x).sum(),
    "real": lambda xp, z, x: (xp.exp(z) * xp.conj(z)).real.sum() + (z * x).imag.sum(),
    "angle": lambda xp, z, x: (xp.angle(z) * x).sum(),
    "vdot": lambda xp, z, x: xp.abs(xp.vdot(z, z**3 + x)),
    "powers": lambda xp, z, x: xp.abs(z**x + xp.sqrt(z) * xp.log(z)).sum(),
    "einsum": lambda xp, z, x: xp.abs(xp.einsum("i,j->ij", z, xp.sin(z * x))).sum(),
    "prod": lambda xp, z, x: xp.prod(z).real + (xp.cumsum(z, 0).imag * x).sum(),
    "mean": lambda xp, z, x: xp.abs(xp.tanh(z).mean() / (z + x)).sum(),
    "where": lambda xp, z, x: (xp.abs(xp.where(x > 1, z, z * z)) * x).sum(),
}


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, the reference, is not installed")
@together("name", list(AS_IN_TORCH))
def test_gradients_are_pytorchs(name):
    import torch

    f = AS_IN_TORCH[name]
    theirs = [torch.tensor(each, requires_grad=True) for each in (Z, X)]
    f(torch, theirs[0], theirs[1]).backward()
    ours = [tg.Tensor(each, requires_grad=True) for each in (Z, X)]
    f(np, *ours).backward()
    for mine, other in zip(ours, theirs):
        assert mine.grad.dtype == mine.dtype
        np.testing.assert_allclose(mine.grad.numpy(), other.grad.numpy(), 1e-12, 1e-14)


# -- states, files, copies --------------------------------------------------------------------------------


class Turned(nn.Layer):
    def __init__(self):
        self.weight = nn.Parameter(plane(2, 3))
        self.scale = nn.Parameter(np.ones(2))

    def forward(self, x):
        return np.abs(x @ self.weight.T) * self.scale


def test_complex_parameters(tmp_path):
    model, other = Turned(), Turned()
    state = {name: np.array(each) for name, each in model.state_dict().items()}
    with pytest.raises(tg.ArgumentError, match="weight: the dtype is complex128, but the state has float64"):
        other.load_state_dict({**state, "weight": state["weight"].real})
    with pytest.raises(tg.ArgumentError, match="scale: the dtype is float64, but the state has complex128"):
        other.load_state_dict({**state, "scale": state["scale"] * 1j})
    model.save(tmp_path / "model.npz")
    other.load(tmp_path / "model.npz")
    for each in (other, copy.deepcopy(model)):
        np.testing.assert_array_equal(each.weight.numpy(), model.weight.numpy())
    with pytest.raises(tg.FileError, match=r"complex128(.|\n)*npz"):
        model.save(tmp_path / "model.safetensors")
    assert "(2, 3)" in str(tg.summary(model, M))


def test_backward_of_a_model_with_complex_parameters():
    model = Turned()
    (model(M) ** 2).sum().backward()
    y = M @ model.weight.numpy().T
    np.testing.assert_allclose(model.weight.grad.numpy(), 2 * (y.T @ M.conj()))
    tg.gradcheck(model, M, order=1)
