"""Transforms inside recorded code: what they give goes on being differentiated."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together

X = np.array([3.0, -1.0])


def scaled(w):
    return lambda x: (w * x * x).sum()


# Each gives, from w, something of which the derivative with respect to w is known: (result, d sum / dw).
TRANSFORMS = {
    "grad": (lambda w: tg.grad(scaled(w))(X), (2 * X).sum()),
    "grad of a float": (lambda w: tg.grad(lambda x: w * x * x)(3.0), 6.0),
    "argnums": (lambda w: tg.grad(lambda a, b: (w * a * b).sum(), argnums=(0, 1))(X, X)[1], X.sum()),
    "value": (lambda w: tg.value_and_grad(scaled(w))(X)[0], (X * X).sum()),
    "value_and_grad": (lambda w: tg.value_and_grad(scaled(w))(X)[1], (2 * X).sum()),
    "vjp": (lambda w: tg.vjp(lambda x: w * x * x, X)[1](np.ones(2))[0], (2 * X).sum()),
    "value of vjp": (lambda w: tg.vjp(lambda x: w * x * x, X)[0], (X * X).sum()),
    "jvp": (lambda w: tg.jvp(lambda x: w * x * x, (X,), (np.ones(2),))[1], (2 * X).sum()),
    "value of jvp": (lambda w: tg.jvp(lambda x: w * x * x, (X,), (np.ones(2),))[0], (X * X).sum()),
    "jacobian": (lambda w: tg.jacobian(lambda x: w * x * x)(X), (2 * X).sum()),
    "hessian": (lambda w: tg.hessian(scaled(w))(X), 4.0),
    "blocks of a hessian": (lambda w: tg.hessian(lambda a, b: (w * a * b).sum(), argnums=(0, 1))(X, X)[0][1], 2.0),
    "nested": (lambda w: tg.grad(lambda x: tg.grad(lambda z: w * z**3)(x))(2.0), 12.0),
    "jvp of grad": (lambda w: tg.jvp(tg.grad(scaled(w)), (X,), (np.ones(2),))[1], 4.0),
}


@together("name", list(TRANSFORMS))
def test_the_gradient_flows_through_a_transform(name):
    make, slope = TRANSFORMS[name]
    w = leaf(2.0)
    result = make(w)
    assert isinstance(result, tg.Tensor)
    (result.sum() + 10 * w).backward()
    assert w.grad.item() == pytest.approx(slope + 10, rel=1e-14)


@together("name", list(TRANSFORMS))
def test_without_recording_arrays_stay_arrays(name):
    make, _ = TRANSFORMS[name]
    w = leaf(2.0)
    for result in (make(2.0), tg.no_grad()(make)(w)):
        assert isinstance(result, (float, np.ndarray, np.generic))


def test_what_does_not_depend_on_the_outside_stays_an_array():
    w = leaf(2.0)
    value, slope = tg.value_and_grad(lambda x: (x * x).sum() + w)(X)
    assert isinstance(value, tg.Tensor)
    assert isinstance(slope, np.ndarray)


def test_a_physics_informed_loss_trains_the_parameters_through_the_slope():
    model = tg.Sequential(tg.Linear(1, 4, seed=0), tg.Tanh(), tg.Linear(4, 1, seed=1))
    x = np.linspace(0.1, 1.0, 5)[:, None]

    def loss():
        slope = tg.grad(lambda x: model(x).sum())(x)
        curvature = tg.grad(lambda x: tg.grad(lambda z: model(z).sum())(x).sum())(x)
        return ((slope + curvature) ** 2).mean()

    loss().backward()
    for p in model.parameters():
        found = np.zeros(p.shape) if p.grad is None else p.grad.numpy().copy()
        for index in np.ndindex(p.shape):
            values = []
            for step in (1e-4, -1e-4):
                p[index] = p.numpy()[index] + step
                values.append(loss().item())
                p[index] = p.numpy()[index] - step
            assert found[index] == pytest.approx((values[0] - values[1]) / 2e-4, rel=1e-5, abs=1e-9)


def test_a_pullback_under_no_grad_gives_arrays():
    w = leaf(2.0)
    _, pullback = tg.vjp(lambda x: w * x, X)
    with tg.no_grad():
        assert isinstance(pullback(np.ones(2))[0], np.ndarray)


def test_gradcheck_of_a_function_that_closes_over_a_leaf():
    w = leaf(2.0)
    assert tg.gradcheck(lambda x: (w * x**3).sum(), X)
    assert w.grad is None


ONE_OF = {
    "grad": lambda f: tg.grad(f),
    "value_and_grad": lambda f: lambda x: tg.value_and_grad(f)(x)[1],
    "vjp": lambda f: lambda x: tg.vjp(f, x)[1](1.0)[0],
    "jvp": lambda f: lambda x: tg.jvp(f, (x,), (1.0,))[1],
    "jacobian": lambda f: lambda x: tg.jacobian(f)(x),
}


@together("outer", list(ONE_OF))
@together("inner", list(ONE_OF))
def test_nested_transforms_of_numbers_give_numbers(outer, inner):
    f = ONE_OF[outer](lambda y: ONE_OF[inner](lambda x: x**3 * y)(3.0))
    assert type(f(2.0)) is float
    assert f(2.0) == 27.0
    mixed = ONE_OF[outer](lambda y: ONE_OF[inner](lambda x: x**3 * y * y)(y))
    assert type(mixed(2.0)) is float
    assert mixed(2.0) == 3 * 4 * 2.0**3
    w = leaf(2.0)
    result = ONE_OF[outer](lambda y: ONE_OF[inner](lambda x: w * x**3 * y)(3.0))(2.0)
    result.backward()
    assert w.grad.item() == 27.0


def test_a_pullback_from_outside_is_differentiated_inside():
    _, pullback = tg.vjp(lambda x: x**3, 2.0)
    slope = tg.grad(lambda c: pullback(c * c)[0])(3.0)
    assert type(slope) is float
    assert slope == 72.0
    _, outer = tg.vjp(lambda c: pullback(c * c)[0], 3.0)
    assert outer(1.0) == (72.0,)
