"""Derivatives at points that random samples do not hit, against analytic values."""

import numpy as np
import pytest

import tinygrad_like as tg


def test_power_at_exponent_zero():
    hessian = tg.hessian(lambda v: v[0] ** v[1])(np.array([2.0, 0.0]))
    np.testing.assert_allclose(hessian, [[0.0, 0.5], [0.5, np.log(2.0) ** 2]], rtol=1e-14)
    assert tg.gradcheck(lambda a, b: a**b, np.array([2.0]), np.array([0.0]))


@pytest.mark.parametrize("other", [np.array([1, 2], np.uint8), np.array([True, True])])
def test_fmin_with_unsigned_numbers(other):
    assert tg.grad(lambda x: np.fmin(x, other).sum())(np.array([0.0, 3.0])).tolist() == [1.0, 0.0]


def test_norm_of_complex_numbers():
    assert np.linalg.norm(tg.Tensor([3 + 4j])).item() == 5.0


def test_forward_mode_shows_poles_that_would_cancel_in_reverse():
    def f(x):
        s = np.sqrt(x)
        return np.stack([s, -s])

    with np.errstate(divide="ignore", invalid="ignore"):
        assert tg.jvp(f, (0.0,), (1.0,))[1].tolist() == [np.inf, -np.inf]


def test_sums_of_long_doubles_keep_their_precision():
    x = tg.Tensor(np.ones(1, np.longdouble), requires_grad=True)
    small = np.finfo(np.longdouble).eps * 4
    x[np.array([0, 0])].backward(np.array([1, small], np.longdouble))
    assert x.grad.data[0] == np.longdouble(1) + small


def test_a_rule_of_its_own_shape_is_not_summed_twice_behind_a_choice():
    @tg.operation(vjp=(lambda g, b: g / b, lambda g, a, b: (-g * a / b**2).sum(axis=0)), kind="elementwise")
    def quotient(a, b):
        return a / b

    a, b = np.ones((2, 3)), tg.Tensor([0.0, 2.0, 2.0], requires_grad=True)
    with np.errstate(all="ignore"):
        np.where(b == 0, 0.0, quotient(a, b)).sum().backward()
    assert b.grad.tolist()[1:] == [-0.5, -0.5]


def test_a_rule_without_a_result_behind_a_choice():
    made = tg.operation(vjp=lambda g: None, kind="elementwise")(lambda x: x * 2)
    with pytest.raises(tg.RuleError, match="returned None"):
        np.maximum(made(tg.Tensor([1.0], requires_grad=True)), 0).sum().backward()
