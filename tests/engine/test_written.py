"""Writing into Tensors: what stands in the graph afterwards, and what must keep its values."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf
from tinygrad_like import Tensor
from tinygrad_like.engine.errors import GraphError

X = np.linspace(0.2, 1.3, 12)


def test_constant_numbers_are_not_changed_in_place_where_a_function_is_differentiated():
    def f(x):
        number = np.ones_like(x)[0]
        before = number
        number += 1.0
        with tg.no_grad():
            last = number
            last *= 2.0
        return before * x + number

    assert tg.jvp(f, (X,), (X,))[0].tolist() == tg.vjp(f, X)[0].tolist() == f(X).tolist()


def test_a_leaf_that_was_written_whole_is_not_written_to():
    x = leaf(X)
    y = np.zeros_like(x)
    y[...] = x
    y[0] = 5.0
    (y**2).sum().backward()
    assert x.grad.tolist() == [0.0, *2 * X[1:]]


def test_the_gradient_that_is_kept_is_that_of_the_new_values():
    x = leaf([1.0, 2.0])
    y, z = x * 2, x * 3
    view = z[1:]
    y.retain_grad()
    view.retain_grad()
    y *= 5
    z[...] = y
    z.retain_grad()
    (y.sum() + 2 * z.sum() + 3 * view.sum()).backward()
    assert (y.grad.tolist(), z.grad.tolist(), view.grad.tolist()) == ([3.0, 6.0], [2.0, 2.0], [3.0])


def test_what_is_detached_and_written_back_is_a_constant():
    def f(x):
        y = x * 1
        y[0] = y[0, ...].detach()
        y[1:3] = y[1:3].detach()
        return (y * y).sum()

    assert tg.grad(f)(X).tolist() == [0.0, 0.0, 0.0, *2 * X[3:]]


TRANSFORMS = {
    "reverse": lambda f, x: tg.grad(lambda z: f(z).sum())(x),
    "forward": lambda f, x: tg.jvp(f, (x,), (X,))[1],
}


@pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize("outer", [lambda x: Tensor(X.copy()), lambda x: x * 2], ids=["a constant", "a result"])
def test_an_input_cannot_be_written_to_by_its_name_outside(transform, outer):
    def f(x):
        y = outer(x)

        def inner(z):
            y[0] = 5.0
            return z * z

        return transform(inner, y).sum()

    with pytest.raises(GraphError, match=r"input .* whose memory"):
        tg.grad(f)(X)


def test_after_its_function_has_returned_an_input_can_be_written_to():
    t = Tensor(X.copy())
    kept = []
    tg.grad(lambda z: (kept.append(z), (z * z).sum())[1])(t)
    t[0] = 5.0
    assert t[0].item() == 5.0


def is_that_of_arrays(f):
    """The value, and the derivatives in both modes, are those of the same function of ndarrays."""
    step = 1e-6 * np.cos(X)
    value, pullback = tg.vjp(f, X)
    np.testing.assert_allclose(value, f(X), rtol=1e-14)
    tangent = tg.jvp(f, (X,), (step,))[1]
    np.testing.assert_allclose(tangent, (f(X + step) - f(X - step)) / 2, rtol=1e-6)
    np.testing.assert_allclose(pullback(np.ones_like(value)) @ step, tangent.sum())


def totals_in_rows(x):
    total, rows = x.sum(), []
    for each in x[:3]:
        rows += [total[None], np.atleast_1d(total), np.ravel(total)]
        total += each
    rows[0][0] = total * x[1]
    return np.concatenate(rows)


def test_what_is_reshaped_of_a_number_is_a_copy():
    """NumPy's numbers share no memory: what changes one changes no array made of it, and the other way round."""
    is_that_of_arrays(totals_in_rows)


def logarithms_in_rows(x):
    matrix = np.outer(x, x)[:3, :3] + np.eye(3)
    (sign, total), middle, before = np.linalg.slogdet(matrix), np.median(x), np.vecdot(x, x)
    rows = [total[None], middle[None], before[None]]
    sign += 1.0
    total += x[0]
    middle *= x[1]
    before -= 1.0
    return np.stack([*np.concatenate(rows), sign, total, middle, before])


def test_numbers_out_of_several_steps_or_results_share_no_memory():
    is_that_of_arrays(logarithms_in_rows)
