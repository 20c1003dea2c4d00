"""Which arguments a transform differentiates, and what a function returns beside its value."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tinygrad_like import Tensor, grad, hessian, jacobian, jvp, value_and_grad, vjp

X = np.array([3.0, 0.5])


# -- has_aux -----------------------------------------------------------------------------------------------------


def with_aux(x):
    return x * x, {"twice": 2 * x, "text": "t", "list": [x.detach() if isinstance(x, Tensor) else x]}


AUX = {"twice": 6.0, "text": "t", "list": [3.0]}


def test_what_is_returned_beside_the_value():
    assert grad(with_aux, has_aux=True)(3.0) == (6.0, AUX)
    assert value_and_grad(with_aux, has_aux=True)(3.0) == ((9.0, AUX), 6.0)
    y, pullback, aux = vjp(with_aux, 3.0, has_aux=True)
    assert (y, pullback(1.0), aux) == (9.0, (6.0,), AUX)
    assert jvp(with_aux, (3.0,), (1.0,), has_aux=True) == (9.0, 6.0, AUX)
    assert jacobian(with_aux, has_aux=True)(3.0) == (6.0, AUX)
    assert hessian(with_aux, has_aux=True)(3.0) == (2.0, AUX)


@pytest.mark.parametrize("transform", [grad, jacobian, hessian])
def test_aux_is_of_the_inputs_kind(transform):
    f = lambda x: ((x * x).sum(), x + 1)  # noqa: E731
    for x, kind in ((X, np.ndarray), (Tensor(X), Tensor)):
        _, aux = transform(f, has_aux=True)(x)
        assert isinstance(aux, kind)
        assert aux.tolist() == (X + 1).tolist()


def test_aux_does_not_share_memory_with_an_input():
    x = X.copy()
    for transform in (grad(lambda x: (x.sum(), x), has_aux=True), jacobian(lambda x: (x, x), has_aux=True)):
        assert not np.shares_memory(transform(x)[1], x)


def test_aux_that_depends_on_the_outside_stays_recorded():
    w = leaf(2.0)
    f = lambda x: (x * x, (w * x, x, w))  # noqa: E731
    results = [
        grad(f, has_aux=True)(3.0)[1],
        vjp(f, 3.0, has_aux=True)[2],
        jvp(f, (3.0,), (1.0,), has_aux=True)[2],
        jacobian(f, has_aux=True)(3.0)[1],
    ]
    for recorded, own, same in results:
        assert isinstance(recorded, Tensor)
        assert own == 3.0
        assert same is w
        recorded.backward()
    assert w.grad.item() == 12.0


def test_aux_is_not_recorded_where_nothing_is():
    w = leaf(2.0)
    f = lambda x: (x * x, w * x)  # noqa: E731
    with tg.no_grad():
        results = [
            grad(f, has_aux=True)(3.0)[1],
            vjp(f, 3.0, has_aux=True)[2],
            jvp(f, (3.0,), (1.0,), has_aux=True)[2],
        ]
    assert results == [6.0] * 3
    assert all(type(each) is float for each in results)


@pytest.mark.parametrize("outer", [grad, jacobian, lambda f: lambda x: jvp(f, (x,), (1.0,))[1]])
def test_aux_is_differentiated_by_an_outer_transform(outer):
    f = lambda x: (x**3, x**2)  # noqa: E731
    inner = [
        lambda x: grad(f, has_aux=True)(x),
        lambda x: (vjp(f, x, has_aux=True)[1](1.0)[0], vjp(f, x, has_aux=True)[2]),
        lambda x: jvp(f, (x,), (1.0,), has_aux=True)[1:],
    ]
    for both in inner:
        assert outer(lambda x, both=both: both(x)[0] + 10 * both(x)[1])(2.0) == 12.0 + 10 * 4.0


@pytest.mark.parametrize("result", [lambda x: x, lambda x: (x, x, x), lambda x: [x, x]])
def test_a_function_without_a_pair(result):
    for transform in (grad, value_and_grad, jacobian):
        with pytest.raises(tg.ArgumentError, match="has_aux=True"):
            transform(result, has_aux=True)(1.0)
    with pytest.raises(tg.ArgumentError, match="must return a pair"):
        jvp(result, (1.0,), (1.0,), has_aux=True)


# -- argnums and argnames ------------------------------------------------------------------------------------------


def scaled(x, y, *, scale=1.0, **others):
    return x * y * scale * others.get("more", 1.0)


CHOICES = {
    "a name, by keyword": ({"argnames": "scale"}, 6.0),
    "a name, by position": ({"argnames": "y"}, 10.0),
    "a name of **others": ({"argnames": "more"}, 30.0),
    "names": ({"argnames": ("scale", "x")}, (6.0, 15.0)),
    "one name in a tuple": ({"argnames": ("scale",)}, (6.0,)),
    "a number and a name": ({"argnums": 0, "argnames": "scale"}, (15.0, 6.0)),
    "numbers and names": ({"argnums": (-1, 0), "argnames": ("scale",)}, ((10.0, 15.0), (6.0,))),
    "a negative number": ({"argnums": -1}, 10.0),
}


@together(("choice", "expected"), CHOICES)
@together("transform", [grad, lambda f, **c: lambda *a, **o: value_and_grad(f, **c)(*a, **o)[1], jacobian])
def test_chosen_arguments(transform, choice, expected):
    assert transform(scaled, **choice)(2.0, 3.0, scale=5.0, more=1.0) == expected


def test_a_hessian_by_name():
    f = lambda x, y: x**2 * y  # noqa: E731
    assert hessian(f, argnames="x")(3.0, y=2.0) == 4.0
    assert hessian(f, argnames=("x", "y"))(3.0, y=2.0) == ((4.0, 6.0), (6.0, 0.0))
    assert hessian(f, 0, "y")(3.0, y=2.0) == ((4.0, 6.0), (6.0, 0.0))
    assert grad(grad(f, argnames="y"), argnames="x")(3.0, y=2.0) == 6.0


@together(
    ("choice", "message"),
    [
        ({"argnames": "z"}, "'z'"),
        ({"argnames": "scale"}, "'scale'(.|\n)*scale=..."),
        ({"argnames": ("x", "x")}, "twice"),
        ({"argnums": 0, "argnames": "x"}, "twice"),
        ({"argnames": ["x"]}, "a str or a tuple"),
        ({"argnames": 0}, "a str or a tuple"),
        ({"argnums": 2}, "argnums=2(.|\n)*argnames"),
        *(({"argnums": wrong}, "argnums must be an int or a tuple of them") for wrong in ([0, 1], "x", 1.0, True)),
    ],
)
def test_arguments_that_do_not_exist(choice, message):
    with pytest.raises(tg.ArgumentError, match=message):
        grad(scaled, **choice)(2.0, 3.0)


def test_names_of_functions_that_do_not_tell_theirs():
    with pytest.raises(tg.ArgumentError, match="'x'"):
        grad(max, argnames="x")(1.0, 2.0)
