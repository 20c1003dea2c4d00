"""Users' operations: what the decorator refuses, and what gradcheck finds."""

import pickle

import numpy as np
import pytest

import tinygrad_like as tg

X = np.array([0.5, -1.0])


@tg.operation(vjp=lambda g, x: g * 2 * x)
def squared(x):
    """x times x."""
    return x * x


def test_it_is_used_like_a_numpy_function():
    assert squared(X).tolist() == [0.25, 1.0]
    assert not isinstance(squared(X), tg.Tensor)
    assert tg.grad(lambda x: squared(x).sum())(X).tolist() == [1.0, -2.0]
    assert tg.gradcheck(squared, X)
    assert (squared.__name__, squared.__doc__) == ("squared", "x times x.")


def test_it_pickles_by_its_name():
    assert pickle.loads(pickle.dumps(squared)) is squared


@pytest.mark.parametrize("wrong", [lambda x: (x, x), lambda x: [x], lambda x: None], ids=["tuple", "list", "None"])
def test_a_forward_that_gives_no_array(wrong):
    made = tg.operation(vjp=lambda g: g)(wrong)
    with pytest.raises(tg.RuleError, match="must return one array, but returned a"):
        made(tg.Tensor(X, requires_grad=True))
    with pytest.raises(tg.RuleError, match="must return one array, but returned a"):
        made(X)


def test_a_forward_that_changes_its_argument_is_found():
    @tg.operation(vjp=lambda g: g * 2)
    def doubled(x):
        x *= 2
        return x

    with pytest.raises(tg.GradientCheckError, match="doubled changes its argument 0 in place"):
        tg.gradcheck(lambda x: doubled(x + 0.0), X)
