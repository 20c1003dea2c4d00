"""grad, value_and_grad, vjp, jvp, jacobian, hessian and their nestings in a compiled function."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.compiler.agreeing import BACKENDS, compiled, runs_compiled, same
from tinygrad_like import Tensor, grad, hessian, jacobian, jvp, value_and_grad, vjp

X, Y = np.array([0.5, -1.0, 2.0]), np.array([1.5, 0.25, -0.5])
W = np.array([[0.5, 1.0, -2.0], [1.5, -0.25, 0.5]])


def f(x):
    return (np.sin(x) * x**2).sum()


def g(x):
    return np.exp(-x) * np.roll(x, 1)


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


FUNCTIONS = {
    "grad": grad(f),
    "grad of grad": grad(lambda x: (grad(f)(x) ** 2).sum()),
    "grad of both": lambda x, y: grad(lambda a, b: (a * b**2).sum(), (0, 1))(x, y),
    "value_and_grad": value_and_grad(f),
    "value_and_grad, aux": value_and_grad(lambda x: (f(x), {"twice": 2 * x}), has_aux=True),
    "jacobian": jacobian(g),
    "jacobian of grad": jacobian(grad(f)),
    "hessian": hessian(rosenbrock),
    "hessian of grad": lambda x: hessian(lambda z: grad(lambda a: a**3)(z[0]) * z[1])(x),
    "jvp": lambda x, y: jvp(g, (x,), (y,)),
    "jvp of grad": lambda x, y: jvp(grad(f), (x,), (y,)),
    "jvp of jvp": lambda x, y: jvp(lambda a: jvp(g, (a,), (y,))[1], (x,), (y,)),
    "grad of jvp": lambda x, y: grad(lambda a: jvp(f, (a,), (y,))[1])(x),
    "vjp": lambda x, y: pulled(x, y),
    "a closure": lambda x, y: grad(lambda a: grad(lambda b: (a * b**3).sum())(y).sum())(x),
    "structure": lambda x, y: grad(lambda p: (p["a"] * p["b"][0] ** 2).sum())({"a": x, "b": [y, 2.0]}),
    "results in containers": lambda x: jacobian(lambda z: {"sum": z.sum(), "twice": 2 * z})(x),
    "tensors": lambda x: grad(f)(Tensor(x)),
    "a choice": grad(lambda x: np.where(x > 0, np.log(x), -x).sum()),
    "what is nan": grad(lambda x: np.where(x >= 0, x, np.sqrt(-x)).sum()),
    "a write beside": grad(lambda x: written_beside(x).sum()),
    "nothing": grad(lambda x: (x > 0).sum() * 1.0),
}

pytestmark = pytest.mark.parametrize("backend", BACKENDS)


def written_beside(x):
    """A row is written in what no gradient is asked for, but which the graph has read."""
    made = Tensor(W) * 1
    before = x * made
    made[0] = made[-1] * 0.5
    return before + x * made


def pulled(x, y):
    value, pull = vjp(g, x)
    return value, pull(y)


@together("name", list(FUNCTIONS))
def test_transforms(name, backend):
    function = FUNCTIONS[name]
    count = 2 if name in ("grad of both", "vjp", "a closure", "structure") or "jvp" in name else 1
    points = [[X, Y][:count], [Y, X][:count], [2 * X, -Y][:count]]
    with np.errstate(all="ignore"):
        runs_compiled(function, *points, backend=backend, exact=name != "hessian of grad")


@pytest.mark.parametrize(
    "function",
    [grad(lambda x: x**3), value_and_grad(lambda x: x * np.sin(x)), hessian(lambda x: x**4)],
)
def test_floats_give_floats(function, backend):
    program = compiled(function, backend=backend)
    for x in (2.0, -0.5, 3.0):
        same(program(x), function(x))
        assert type(program(x)) is type(function(x))


def test_weights_by_reference(backend):
    """What a closure holds is read each time."""
    weight, bias = W.copy(), tg.Tensor(np.ones(2), requires_grad=True)

    def step(x):
        loss = ((weight @ x + bias) ** 2).sum()
        return loss, grad(lambda z: ((weight @ z + bias.detach()) ** 2).sum())(x)

    program = compiled(step, backend=backend)
    for _ in range(3):
        same(program(X)[1], step(X)[1])
        weight *= 1.5
        with tg.no_grad():
            bias += 1.0


@pytest.mark.parametrize("function", [grad(f), jacobian(g), hessian(rosenbrock)])
def test_a_compiled_function_inside_a_transform(function, backend):
    """It is not run as a program there, but differentiated."""
    program = compiled(g, backend=backend)
    np.testing.assert_array_equal(jacobian(program)(X), jacobian(g)(X))
    np.testing.assert_array_equal(function(X), compiled(function, backend=backend)(X))


def test_a_mask_of_before_must_stay(backend):
    mask = np.array([True, False, True])
    program = compiled(lambda x: grad(lambda z: (z[mask] ** 2).sum())(x), backend=backend)
    same(program(X), np.where(mask, 2 * X, 0))
    mask[1] = True
    with pytest.raises(tg.ArgumentError, match="has changed since"):
        program(X)


@pytest.mark.parametrize(
    ("call", "good", "bad"),
    [
        (lambda i: tg.nn.functional.embedding(i, W), np.array([0, 1]), np.array([0, 2])),
        (lambda q: np.quantile(Tensor(X), q), np.array([0.5]), np.array([1.5])),
        (lambda w: np.average(Tensor(X), weights=w), np.array([1.0, 2.0, 1.0]), np.array([1.0, -2.0, 1.0])),
        (lambda w: np.cov(Tensor(W), aweights=w), np.array([1.0, 2.0, 1.0]), np.array([1.0, -2.0, 1.0])),
        (lambda x: np.geomspace(x, 2.0, 3), np.array(1.0), np.array(0.0)),
        (lambda e: np.histogram(Tensor(X), e)[0], np.array([0.0, 1.0]), np.array([1.0, 0.0])),
        (lambda x: grad(lambda y: np.polyfit(x, y, 1).sum())(X), np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 1.0])),
    ],
)
def test_bad_values_are_errors_of_a_program(call, good, bad, backend):
    program = compiled(lambda x: call(Tensor(x)), backend=backend)
    same(program(good), call(Tensor(good)))
    with pytest.raises((tg.TinygradError, ZeroDivisionError)):
        call(Tensor(bad))
    with pytest.raises(tg.ArgumentError):
        program(bad)
    same(program(good), call(Tensor(good)))


def test_numbers_that_bincount_cannot_count(backend):
    """A program has room for `minlength` numbers; eager makes more room."""
    program = compiled(lambda x: np.bincount(Tensor(x), minlength=3), backend=backend)
    same(program(np.array([2, 0, 2])), Tensor([1, 0, 2]))
    with pytest.raises(tg.ArgumentError, match="below minlength=3"):
        program(np.array([0, 1, 3]))
