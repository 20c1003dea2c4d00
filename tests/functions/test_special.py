"""scipy.special of Tensors: what dispatches, what is refused, dtypes, complex numbers, and tinygrad_like.special."""

import re
import subprocess
import sys
import warnings

import numpy as np
import pytest
from scipy import special

import tinygrad_like as tg
from docs.make_coverage_special import MAKES
from tests.cases import OF_SCIPY, leaf, together
from tinygrad_like.engine.registry import REGISTRY

X = np.array([0.3, 1.7])


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert not done.stderr
    return done.stdout.strip()


def test_nothing_loads_scipy_until_it_is_used():
    code = """if True:
        import sys
        import numpy as np, tinygrad_like as tg
        t = tg.Tensor([0.5], requires_grad=True)
        np.sin(t).sum().backward()
        tg.special
        print("scipy" in sys.modules, "tinygrad_like.scipy_families" in sys.modules)
        from scipy import special
        np.sin(t)
        print("tinygrad_like.scipy_families" in sys.modules)
        print(special.erf(t).requires_grad)
    """
    assert run(code).split() == ["False", "False", "False", "True"]


def test_without_scipy_the_extra_is_named():
    code = """if True:
        import sys
        sys.modules["scipy"] = None
        import numpy as np, tinygrad_like as tg
        print(tg.special.softmax(np.zeros(2)))
        try:
            tg.special.erf
        except tg.MissingError as error:
            print(error)
        assert "softmax" in dir(tg.special)
    """
    printed = run(code)
    assert printed.startswith("[0.5 0.5]")
    assert "pip install 'tinygrad_like[scipy]'" in printed


REFUSED = {
    "the order of Bessel functions": lambda t: special.jv(t, 1.0),
    "of scaled ones": lambda t: special.kve(t, 1.0),
    "a of gammainc": lambda t: special.gammainc(t, 1.0),
    "a of betainc": lambda t: special.betainc(t, 1.0, 0.5),
    "b of betainc": lambda t: special.betainc(1.0, t, 0.5),
    "a of its inverse": lambda t: special.betaincinv(t, 1.0, 0.5),
    "s of zeta": lambda t: special.zeta(1.0 + t, 2.0),
    "n of expn": lambda t: special.expn(t - t + 2, 2.0),
    "the power of inv_boxcox": lambda t: special.inv_boxcox(2.0, t),
}


@together("name", list(REFUSED))
def test_arguments_without_a_derivative_are_refused(name):
    t = leaf(X)
    for differentiate in (
        lambda: REFUSED[name](t),
        lambda: tg.grad(lambda x: REFUSED[name](x).sum())(X),
        lambda: tg.jvp(REFUSED[name], (X,), (X,)),
        lambda: tg.jacobian(REFUSED[name])(X),
    ):
        with pytest.raises(
            tg.UnsupportedError, match=r"is not differentiable in its argument \w\.(.|\n)*Give it as a constant"
        ):
            differentiate()
    np.testing.assert_array_equal(REFUSED[name](t.detach()).numpy(), REFUSED[name](X))


@together("call", [special.airy, special.hyp0f1, special.gdtr, special.ellipk, special.spence, special.shichi])
def test_other_functions_are_refused(call):
    t = leaf(X)
    with pytest.raises(
        tg.UnsupportedError, match=rf"^scipy\.special\.{call.__name__} is not differentiable here\.\n +(Write|Compose)"
    ):
        call(*[t] * call.nin)
    values = call(*[t.detach()] * call.nin)
    np.testing.assert_array_equal(np.asarray(values), np.asarray(call(*[X] * call.nin)))


def is_plain_float(value):
    if isinstance(value, (tuple, list)):
        return any(map(is_plain_float, value))
    return not isinstance(value, tg.Tensor) and np.asarray(value).dtype.kind in "fc"


@together("name", [name for name in special.__all__ if callable(getattr(special, name)) and not re.search(MAKES, name)])
def test_no_function_loses_a_gradient_unseen(name):
    function = getattr(special, name)
    for count in range(1, 6 if isinstance(function, np.ufunc) else 3):
        for place in range(count):
            given = [leaf(0.5) if i == place else 2 for i in range(count)]
            try:
                with np.errstate(all="ignore"), warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    result = function(*given)
            except (tg.TinygradError, TypeError, ValueError):
                continue
            # A polynomial takes a Tensor for the truth of an option.
            assert isinstance(result, np.poly1d) or not is_plain_float(result), f"{name} of {count}, in {place}"


@together("name", ["logsumexp", "softmax", "log_softmax", "polygamma", "multigammaln"])
def test_scipys_functions_in_python_name_ours(name):
    arguments = {"polygamma": (1, leaf(X)), "multigammaln": (leaf(X), 1)}.get(name, (leaf(X),))
    with pytest.raises(tg.LostGraphError, match=rf"Write tinygrad_like\.special\.{name}, which takes Tensors"):
        getattr(special, name)(*arguments)
    assert getattr(tg.special, name)(*arguments).requires_grad


def test_functions_in_python_that_dispatch():
    assert tg.gradcheck(lambda x: special.jvp(2, x), X)
    assert tg.gradcheck(lambda x: special.softplus(x), X)
    assert tg.gradcheck(lambda x: special.sinc(x), X)
    assert tg.gradcheck(lambda x: special.zeta(2.5, x), X)


def test_names_are_scipys():
    assert tg.special.erf is special.erf
    assert {"erf", "logsumexp"} <= set(dir(tg.special))
    with pytest.raises(AttributeError, match="no attribute 'erfz'"):
        _ = tg.special.erfz


def test_options_of_ufuncs():
    t = leaf(X)
    out = tg.Tensor(np.zeros(2))
    special.erf(t, out=out)
    out.sum().backward()
    np.testing.assert_allclose(t.grad.data, 2 / np.sqrt(np.pi) * np.exp(-(X**2)), rtol=1e-14)
    assert special.erf(t, dtype=np.float32).dtype == np.float32
    assert special.beta.outer(t, t).shape == (2, 2)
    with pytest.raises(tg.UnsupportedError, match=r"scipy\.special\.erf of a Tensor with where="):
        special.erf(t, where=[True, False])


def test_orders_are_whole_numbers_or_not():
    for order in (2, 0.5, np.arange(3)[:, None], np.array([0.5, 1.5]), np.array([2, 3], np.uint8)):
        for function in (special.jv, special.yv, special.iv, special.kv, special.ive, special.kve, special.jve):
            assert tg.gradcheck(lambda x, order=order, function=function: function(order, x), X, order=1)
    assert tg.gradcheck(lambda x: special.gammainc(2.5, x), X)
    assert tg.gradcheck(lambda x: special.betainc(2.5, 1.5, x), X / 2)


def test_integers_and_narrow_floats():
    assert special.erf(tg.Tensor([1, 2])).dtype == special.erf(np.array([1, 2])).dtype
    t = leaf(X, np.float16)
    special.erf(t).sum().backward()
    assert t.grad.dtype == np.float16
    x = leaf(X, np.float32)
    special.jv(2, x).sum().backward()
    assert x.grad.dtype == np.float32


HOLOMORPHIC = ["erf", "erfc", "erfcx", "erfi", "dawsn", "ndtr", "log_ndtr", "expi", "exp1", "log1p", "expm1"]
Z = np.array([0.3 + 0.2j, 1.1 - 0.4j, -0.7 + 0.3j])


@together("name", [*HOLOMORPHIC, "wrightomega", "lambertw"])
def test_complex_numbers(name):
    assert tg.gradcheck(getattr(special, name), Z)


def test_complex_numbers_of_several_functions():
    for name in ("gamma", "loggamma", "rgamma"):
        assert tg.gradcheck(getattr(special, name), Z, order=1)
    for name in ("jv", "yv", "iv", "kv", "kve"):
        assert tg.gradcheck(lambda z, name=name: getattr(special, name)(1.3, z), Z, order=1)
    assert tg.gradcheck(lambda z: special.sici(z)[0] + 2 * special.sici(z)[1], Z)


@together(
    "call", [special.psi, lambda z: special.ive(1, z), lambda z: special.xlogy(z, 2), lambda z: special.xlogy(X, z)]
)
def test_complex_numbers_are_refused_where_rules_are_for_real_ones(call):
    with pytest.raises(tg.UnsupportedError, match="for real numbers only"):
        call(leaf(Z[:2], complex))
    with pytest.raises(tg.UnsupportedError, match="for real numbers only"):
        tg.jvp(call, (Z[:2],), (Z[:2],))
    with tg.no_grad():
        assert call(leaf(Z[:2], complex)).dtype.kind == "c"


def test_real_branches_of_lambertw():
    x = np.array([-0.3, -0.1])
    for k in (0, -1):
        assert tg.gradcheck(lambda x, k=k: special.lambertw(x, k).real, x)
    assert tg.grad(lambda x: special.lambertw(x).real)(0.0) == 1.0


def test_mixed_derivatives_where_a_weight_is_zero():
    """The derivative by y is x / y, which is 0 at x = 0; its derivative by x is not."""
    for function in (special.xlogy, special.rel_entr, special.kl_div):
        sign = 1 if function is special.xlogy else -1
        slope = tg.grad(lambda x, f=function: tg.grad(f, 1)(x, 2.0))(0.0)
        assert slope == sign * 0.5
    assert tg.grad(lambda x: tg.grad(special.xlog1py, 1)(x, 2.0))(0.0) == 1 / 3


def test_kinks_of_huber_are_shared():
    """At the kink the slope is the limit; its derivative is shared, as where np.clip is tied."""
    second = tg.grad(tg.grad(special.huber, 1), 1)
    assert [second(1.0, r) for r in (0.5, 1.0, -1.0, 2.0)] == [1.0, 0.5, 0.5, 0.0]


def test_rows_of_jacobians_go_together():
    names = ["erf", "gammaln", "expit", "i0e", "erfinv", "log_ndtr", "psi"]

    def f(x):
        return sum(getattr(special, name)(x / 2) for name in names) + special.jv(1, x) * special.gammainc(2.0, x).sum()

    rows = [tg.grad(lambda x, i=i: f(x)[i])(X) for i in range(2)]
    np.testing.assert_allclose(tg.jacobian(f)(X), rows, rtol=1e-13)
    total = tg.hessian(lambda x: f(x).sum())(X)
    np.testing.assert_allclose(total, tg.jacobian(tg.grad(lambda x: f(x).sum()))(X), rtol=1e-12)


def test_ends_of_distributions():
    slope = tg.grad(lambda x: special.betainc(2.0, 3.0, x).sum())(np.array([0.0, 1.0]))
    assert slope.tolist() == [0.0, 0.0]
    assert tg.grad(special.betainc, 2)(1.0, 3.0, 0.0) == 3.0
    assert tg.grad(special.betainc, 2)(3.0, 1.0, 1.0) == 3.0
    assert tg.grad(special.betainc, 2)(400.0, 500.0, 0.0) == 0.0
    assert tg.grad(special.gammainc, 1)(1.0, 0.0) == 1.0
    assert tg.grad(special.gammainc, 1)(2.0, 0.0) == tg.grad(special.gammainc, 1)(20.0, 0.0) == 0.0
    assert tg.grad(special.gammainc, 1)(0.5, 0.0) == np.inf
    assert tg.grad(special.gammainc, 1)(2.0, np.inf) == 0.0
    assert tg.grad(special.erf)(np.inf) == tg.grad(special.erfcx)(np.inf) == 0.0


def test_the_pole_of_ci_does_not_matter_to_si():
    x = np.array([0.0, 1.0])
    np.testing.assert_allclose(tg.grad(lambda x: special.sici(x)[0].sum())(x), [1.0, np.sin(1.0)], rtol=1e-15)
    assert tg.grad(lambda x: special.sici(x)[1])(0.0) == np.inf
    assert tg.grad(tg.grad(lambda x: special.sici(x)[0]))(0.0) == 0.0


WEIGHTS = [
    {"axis": 1},
    {"axis": (0, 1), "keepdims": True},
    {"b": np.array([0.5, -0.2, 2.0, 0.0]), "axis": 1},
    {"b": np.array([0.5, -0.2, 2.0, 0.1]), "return_sign": True},
    {"return_sign": True, "axis": 1, "keepdims": True},
]


@together("options", WEIGHTS)
def test_logsumexp(options):
    a = np.random.default_rng(0).normal(size=(3, 4))
    a[1] = -np.inf if "b" not in options else 1000.0
    with np.errstate(all="ignore"):
        found, expected = (f(a, **options) for f in (tg.special.logsumexp, special.logsumexp))
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=1e-14)


def test_slopes_of_logsumexp():
    a, b = np.random.default_rng(0).normal(size=(2, 3)), np.array([0.5, 0.0, 2.0])
    assert tg.gradcheck(lambda a, b: tg.special.logsumexp(a, axis=1, b=b), a, b)
    assert tg.gradcheck(lambda a: tg.special.logsumexp(a, b=-b, return_sign=True)[0], a)
    assert tg.gradcheck(lambda a: tg.special.logsumexp(a + 1j, axis=1), a)
    overflows = tg.grad(lambda b: tg.special.logsumexp(np.array([1e4, 0.0]), b=b))(np.array([0.0, 1.0]))
    assert overflows[0] > 1e300
    assert overflows[1] == 1
    with pytest.raises(tg.UnsupportedError, match="return_sign"):
        tg.special.logsumexp(a + 1j, return_sign=True)


@together("dtype", [np.float32, np.complex64, int])
def test_dtypes_of_logsumexp(dtype):
    a = np.ones((2, 3), dtype)
    for options in ({}, {"b": 2.0}, {"b": np.ones(3)}):
        found, expected = (f(a, **options) for f in (tg.special.logsumexp, special.logsumexp))
        assert found.dtype == expected.dtype


@together("axis", [None, 0, -1, (1, 0), (0,), (0, 2)])
def test_softmax(axis):
    x = np.random.default_rng(0).normal(size=(2, 3, 2))
    for name in ("softmax", "log_softmax"):
        ours, theirs = getattr(tg.special, name), getattr(special, name)
        np.testing.assert_allclose(ours(x, axis), theirs(x, axis), rtol=1e-13)
        np.testing.assert_allclose(ours(leaf(x), axis).numpy(), theirs(x, axis), rtol=1e-13)
    assert tg.gradcheck(lambda x: tg.special.softmax(x, axis), x, order=1)


def test_polygamma_and_multigammaln():
    for n in (0, 1, 3, np.array([0, 2])):
        np.testing.assert_array_equal(tg.special.polygamma(n, leaf(X)).numpy(), special.polygamma(n, X))
        assert tg.gradcheck(lambda x, n=n: tg.special.polygamma(n, x), X)
    assert tg.special.polygamma(2, leaf(X, np.float32)).dtype == np.float32
    with pytest.raises(tg.UnsupportedError, match=r"Write n\.detach"):
        tg.special.polygamma(leaf(1.0), X)
    np.testing.assert_allclose(
        tg.special.multigammaln(leaf(X + 1), 3).numpy(), special.multigammaln(X + 1, 3), rtol=1e-14
    )
    assert tg.gradcheck(lambda a: tg.special.multigammaln(a, 3), X + 1)
    for a, d in ((0.5, 2), (3.0, 1.5), (3.0, 0)):
        with pytest.raises(tg.ArgumentError):
            tg.special.multigammaln(leaf(a), d)


def test_each_ufunc_has_one_record():
    names = {name.removeprefix("special.") for name in REGISTRY if name.startswith("special.")}
    assert {p.name for p in OF_SCIPY} == {f"special.{name}" for name in names}
    wanted = "erf erfc erfinv erfcx ndtr log_ndtr gamma gammaln psi beta betaln betainc gammainc expit logit log_expit"
    wanted += " xlogy xlog1py entr rel_entr kl_div j0 j1 jv i0 i1 iv ive sici expi exp1 lambertw huber"
    assert set(wanted.split()) <= names


def test_steps_are_compiled():
    def step(x):
        return tg.grad(lambda x: (special.gammaincc(2.0, x) + special.erf(x) * special.zeta(2.0, x)).sum())(x)

    compiled = tg.compile(step)
    for x in (X, X * 2):
        np.testing.assert_array_equal(compiled(x), step(x))


def test_jax_has_some_and_calls_back_for_others():
    pytest.importorskip("jax", reason="the backend of JAX needs jax")
    step = tg.compile(lambda x: special.gammaincc(2.0, x) + special.psi(x) * special.zeta(2.0, x), backend="jax")
    for x in (X, X * 2):
        np.testing.assert_allclose(step(x), special.gammaincc(2.0, x) + special.psi(x) * special.zeta(2.0, x), 1e-13)
