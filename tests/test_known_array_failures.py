"""Cases that other frameworks got wrong, and their relatives: ties, indices, axes, shapes and dtypes.

Names such as "HIPS autograd #39" say where a case was first reported.
"""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import Tensor
from tinygrad_like.engine.errors import DTypeError, TinygradError

from .test_known_failures import FLOATS, check, first_order, gradient, leaf

# -- ties (Theano #4568, PyTorch #184572, tinygrad #12296) -------------------------------------------


@together("dtype", FLOATS)
@together("reduce", [np.max, lambda x, **options: -np.min(-x, **options)])
@together(
    ("values", "options", "expected"),
    [
        ([1, 1], {}, [0.5, 0.5]),
        ([1, 1, 0], {"axis": 0}, [0.5, 0.5, 0]),
        ([1, 1, 1, 1], {"keepdims": True}, [0.25] * 4),
        ([[1, 1], [0, 2]], {"axis": 1}, [[0.5, 0.5], [0, 1]]),
        ([[1, 1], [1, 2]], {"axis": -2}, [[0.5, 0], [0.5, 1]]),
        ([[2, 1], [1, 2]], {"axis": (1, 0)}, [[0.5, 0], [0, 0.5]]),
        (3, {}, 1),
    ],
)
def test_equal_extremes_share_the_gradient(reduce, values, options, expected, dtype):
    f = lambda x: reduce(x, **options)  # noqa: E731
    got = gradient(f, values, dtype=dtype)
    assert (got.tolist(), got.dtype) == (expected, dtype)
    x = np.array(values, dtype)
    assert np.sum(tg.jvp(f, (x,), (np.ones_like(x),))[1]) == np.sum(expected)


@first_order
@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (tg.relu, 0.0),
        (lambda x: x.relu(), 0.0),
        (lambda x: np.maximum(x, 0), 0.5),
        (lambda x: np.maximum(0.0, x), 0.5),
        (lambda x: np.minimum(x, 0), 0.5),
        (lambda x: np.fmax(x, 0), 0.5),
        (lambda x: np.fmin(x, 0), 0.5),
        (lambda x: np.clip(x, 0, None), 0.5),
        (lambda x: np.clip(x, None, 0), 0.5),
        (lambda x: np.clip(x, 0, 1), 0.5),
        (lambda x: np.clip(x, -1, 0), 0.5),
        (lambda x: x.clip(0), 0.5),
        (lambda x: np.maximum(x, x), 1.0),
        (np.abs, 0.0),
    ],
)
def test_at_a_kink(f, expected, derivative):
    check(derivative, f, 0.0, expected)


def test_what_happens_at_kinks_is_documented():
    assert "at 0 is 0" in tg.relu.__doc__
    for method in (Tensor.max, Tensor.min, Tensor.clip):
        assert "shared equally" in method.__doc__ or "share the gradient equally" in method.__doc__


MANY = 70_000  # more than the largest float16


@pytest.mark.parametrize("reduce", [np.max, np.min, np.mean, lambda x: np.max(x.reshape(7, -1), axis=(0, 1))])
def test_many_values_share_a_gradient_in_float16(reduce):
    got = gradient(reduce, np.ones(MANY), dtype=np.float16)
    assert got.dtype == np.float16
    np.testing.assert_allclose(got.astype(float), 1 / MANY, rtol=0.01)


@pytest.mark.parametrize("reduce", [np.std, np.var, lambda x: tg.mse(x, x.numpy() * np.float16(0))])
def test_many_values_in_float16(reduce):
    x = np.arange(MANY) % 2 * np.float16(0.125)
    low, wide = leaf(x, np.float16), leaf(x)
    for each in (low, wide):
        reduce(each).backward()
    assert reduce(low).dtype == low.grad.dtype == np.float16
    assert reduce(low).item() == pytest.approx(reduce(wide).item(), rel=0.01)
    np.testing.assert_allclose(low.grad.numpy(), wide.grad.numpy(), rtol=0.05, atol=1e-7)


# -- an index taken twice (HIPS autograd #39) --------------------------------------------------------


@together("dtype", FLOATS)
@together(
    ("shape", "index", "expected"),
    [
        ((2,), [0, 0], [2, 0]),
        ((2,), [0, -2, 1], [2, 1]),
        ((2,), [[0, 1], [1, 1]], [1, 3]),
        ((2,), Tensor([1, 1]), [0, 2]),
        ((2, 2), [0, 0], [[2, 2], [0, 0]]),
        ((2, 2), ([0, 0, 1], [1, 1, 0]), [[0, 2], [1, 0]]),
        ((2, 2), (slice(None), [1, 1]), [[0, 2], [0, 2]]),
        ((2, 2), ([0, 0], None, 1), [[0, 2], [0, 0]]),
        ((2, 2), (..., [0, -2]), [[2, 0], [2, 0]]),
        ((2,), [True, False], [1, 0]),
        ((2,), slice(None, None, -1), [1, 1]),
        ((2,), [], [0, 0]),
        ((2,), (), [1, 1]),
    ],
)
def test_an_element_taken_twice_gets_both_gradients(shape, index, expected, dtype):
    got = gradient(lambda x: x[index], np.ones(shape), dtype=dtype)
    assert (got.tolist(), got.dtype) == (expected, dtype)
    ones = np.ones(shape, dtype)
    assert np.sum(tg.jvp(lambda x: x[index], (ones,), (ones,))[1]) == np.sum(expected)
    second = tg.hessian(lambda x: (x[index] ** 2).sum())(ones)
    assert np.diagonal(second.reshape(ones.size, -1)).tolist() == (2 * np.ravel(expected)).tolist()


def test_an_element_taken_very_often():
    got = gradient(lambda x: x[np.zeros(100_000, int)], [3.0, 4.0], dtype=np.float32)
    assert got.tolist() == [100_000.0, 0.0]


# -- broadcasting, axes, empty arrays ----------------------------------------------------------------


@together("dtype", FLOATS)
@together("f", [np.add, np.multiply, np.divide, np.maximum, np.hypot, lambda a, b: np.where(a > b, a, b)])
@together(
    "shapes",
    [((1, 1, 1, 1, 1), (5, 4)), ((4, 1), (1, 4)), ((), (2, 3)), ((1,), ()), ((0, 1), (1, 3)), ((2, 1, 3), (4, 1))],
)
def test_each_gradient_has_the_shape_of_its_leaf(shapes, f, dtype):
    """PyTorch #1787."""
    a, b = (np.full(shape, value, dtype) for shape, value in zip(shapes, (2.0, 1.0)))
    for left, right in ((a, b), (b, a)):
        got = gradient(f, left, right, dtype=dtype)
        assert [part.shape for part in got] == [left.shape, right.shape]
        assert [part.dtype for part in got] == [dtype, dtype]
        pushed = tg.jvp(f, (left, right), (np.ones_like(left), np.ones_like(right)))[1]
        assert np.sum(pushed, dtype=float) == pytest.approx(sum(part.sum(dtype=float) for part in got), rel=1e-2)


def test_the_gradient_of_an_outer_product():
    a, b = gradient(np.multiply, [[1.0], [2.0]], [[3.0, 4.0, 5.0]])
    assert (a.tolist(), b.tolist()) == ([[12.0], [12.0]], [[3.0, 3.0, 3.0]])


@together("axis", [0, -1, (0,), None])
@together("keepdims", [False, True])
def test_the_mean_of_squares_over_an_axis(axis, keepdims):
    """PyTorch #1813."""
    for mean in (np.mean, Tensor.mean):
        got = gradient(lambda x: mean(x**2, axis=axis, keepdims=keepdims), np.ones(5))  # noqa: B023
        np.testing.assert_allclose(got, [0.4] * 5)


REDUCTIONS = [np.sum, np.mean, np.max, np.min, np.prod, np.std, np.var, np.linalg.norm, tg.logsumexp]
AXES = [0, 1, -1, -3, (0, 1), (-1, 0), None, (), (2, 1, 0)]


@together("keepdims", [False, True])
@together(
    ("reduce", "axis"),
    [(reduce, axis) for reduce in REDUCTIONS for axis in AXES if reduce is not np.linalg.norm or axis not in AXES[-2:]],
)
def test_a_reduction_over_axes_by_its_slices(reduce, axis, keepdims):
    """The gradient over axes is the gradient of each slice by itself."""
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    got = gradient(lambda x: reduce(x, axis=axis, keepdims=keepdims), x)
    over = range(3) if axis is None else [a % 3 for a in (axis if isinstance(axis, tuple) else (axis,))]
    order = [a for a in range(3) if a not in over] + list(over)
    slices = x.transpose(order).reshape(-1, int(np.prod([x.shape[a] for a in over])))
    expected = np.stack([gradient(reduce, each) for each in slices])
    back = expected.reshape([x.shape[a] for a in order]).transpose(np.argsort(order))
    np.testing.assert_allclose(got, back, rtol=1e-12, atol=1e-15)


@together("axis", [2, -3, (0, 2)])
@together("reduce", REDUCTIONS)
def test_an_axis_that_does_not_exist_is_an_error(reduce, axis):
    with pytest.raises((np.exceptions.AxisError, ValueError)):
        reduce(Tensor(np.ones((2, 3))), axis=axis)


def test_the_product_of_a_single_zero():
    """PyTorch #82644."""
    got = gradient(lambda x: np.prod(x, axis=0), [0.0])
    assert (got.shape, got.tolist()) == ((1,), [1.0])


@together("dtype", FLOATS)
@together(
    ("f", "shape", "result"),
    [
        (np.sum, (0,), ()),
        (np.prod, (2, 0), ()),
        (lambda x: np.prod(x, axis=1), (2, 0), (2,)),
        (lambda x: np.prod(x, axis=1), (0, 2), (0,)),
        (lambda x: np.mean(x, axis=-1), (0, 2), (0,)),
        (lambda x: np.max(x, axis=1, keepdims=True), (0, 2), (0, 1)),
        (lambda x: np.std(x, axis=1), (0, 2), (0,)),
        (lambda x: np.var(x, axis=1), (0, 2), (0,)),
        (np.linalg.norm, (0,), ()),
        (lambda x: tg.logsumexp(x, axis=1), (0, 2), (0,)),
        (tg.softmax, (0, 2), (0, 2)),
        (lambda x: x @ np.ones((0, 3), x.dtype), (2, 0), (2, 3)),
        (lambda x: np.ones((3, 2), x.dtype) @ x, (2, 0), (3, 0)),
        (lambda x: tg.linear(x, np.ones((4, 2), x.dtype)), (0, 2), (0, 4)),
        (lambda x: np.concatenate([x, x], axis=1), (2, 0), (2, 0)),
        (lambda x: np.stack([x, x]), (0,), (2, 0)),
        (lambda x: x[[]], (2, 3), (0, 3)),
        (lambda x: x[5:], (2, 3), (0, 3)),
        (lambda x: x[x > 9], (2, 3), (0,)),
        (lambda x: x.reshape(3, 0), (0, 2), (3, 0)),
        (lambda x: np.broadcast_to(x, (0, 3)), (1, 3), (0, 3)),
        (lambda x: np.sqrt(x) * 2 + 1, (0,), (0,)),
    ],
)
def test_empty_arrays(f, shape, result, dtype):
    x = np.zeros(shape, dtype)
    t = leaf(x, dtype)
    y = f(t)
    y.backward(np.ones(y.shape))
    assert (y.shape, y.dtype) == (result, dtype)
    assert (t.grad.shape, t.grad.dtype) == (shape, dtype)
    assert not t.grad.numpy().any() or y.ndim == 0
    assert tg.jvp(f, (x,), (x,))[1].shape == result


@together(
    ("product", "left", "right"),
    [
        (np.matmul, (2, 0), (0, 3)),
        (np.matmul, (5, 2, 0), (0, 3)),
        (np.matmul, (5, 2, 3), (3, 0)),
        (np.matmul, (0, 2, 3), (3, 4)),
        (np.matmul, (5, 2, 0), (5, 0, 3)),
        (np.matmul, (0,), (0, 3)),
        (np.matmul, (2, 0), (0,)),
        (np.dot, (0,), (0,)),
        (np.dot, (2, 0), (4, 0, 3)),
        (tg.linear, (2, 0), (3, 0)),
        (tg.linear, (5, 2, 0), (3, 0)),
        (tg.linear, (0,), (3, 0)),
        (tg.linear, (2, 3), (0, 3)),
    ],
)
def test_products_of_empty_arrays(product, left, right):
    a, b = leaf(np.ones(left)), leaf(np.ones(right))
    y = product(a, b)
    y.backward(np.ones(y.shape))
    assert y.shape == np.shape(product(np.ones(left), np.ones(right)))
    assert (a.grad.shape, b.grad.shape) == (left, right)
    assert not y.numpy().any()


def test_the_jacobian_and_hessian_of_empty_arrays():
    x = np.ones((2, 3))
    assert tg.jacobian(lambda x: x[5:])(x).shape == (0, 3, 2, 3)
    assert tg.jacobian(lambda x: x[[]])(Tensor(x)).shape == (0, 3, 2, 3)
    assert tg.jacobian(np.sin)(np.ones((2, 0))).shape == (2, 0, 2, 0)
    assert tg.hessian(np.prod)(np.ones((2, 0))).shape == (2, 0, 2, 0)


# -- dtypes ------------------------------------------------------------------------------------------


@together("dtype", FLOATS)
@together(
    "f",
    [
        np.max,
        np.min,
        np.std,
        np.var,
        np.mean,
        np.prod,
        np.linalg.norm,
        lambda x: np.linalg.norm(x, 3),
        lambda x: np.linalg.norm(x, 1),
        tg.logsumexp,
        tg.softmax,
        tg.log_softmax,
        tg.sigmoid,
        tg.relu,
        np.exp,
        lambda x: x**2,
        lambda x: x**0.5,
        lambda x: 2.0**x,
        lambda x: 1 / x + 3 * x - 0.5,
        lambda x: np.where(x > 1, x, 0.5),
        lambda x: np.clip(x, 0.5, 2.0),
        lambda x: x @ x,
        lambda x: x[[0, 0, 1]],
        lambda x: tg.mse(x, [0.5, 0.5, 0.5]),
        lambda x: tg.mse(x, x.numpy() if isinstance(x, Tensor) else x),
        lambda x: tg.cross_entropy(x, 1),
        lambda x: tg.linear(x, np.ones((2, 3), x.dtype), np.ones(2, x.dtype)),
    ],
)
def test_the_dtype_is_kept_by_every_derivative(f, dtype):
    """HIPS autograd PR #199."""
    x = np.array([0.5, 1.5, 2.5], dtype)
    wanted = np.asarray(f(x)).dtype
    y, pushed = tg.jvp(f, (x,), (np.ones_like(x),))
    assert y.dtype == pushed.dtype == wanted
    got = gradient(f, x, dtype=dtype)
    assert got.dtype == dtype
    assert tg.hessian(lambda x: np.sum(f(x)))(x).dtype == dtype


@pytest.mark.parametrize("other", [np.float64(2), np.ones(3), [1.0, 2.0, 3.0]])
def test_a_float32_leaf_in_a_float64_computation_has_a_float32_gradient(other):
    x = leaf([1, 2, 3], np.float32)
    y = (x * other).sum()
    y.backward()
    assert (y.dtype, x.grad.dtype) == (np.float64, np.float32)


def test_the_gradient_of_a_complex_number_descends():
    """HIPS autograd #179: the convention is said, and tested: ∂f/∂x + i ∂f/∂y."""
    later = Tensor(1 + 2j)
    later.requires_grad = True
    for z in (
        Tensor(1 + 2j, requires_grad=True),
        Tensor(1 + 2j, dtype=np.complex64, requires_grad=True),
        tg.Parameter(1 + 2j),
        later,
    ):
        loss = (z.real - 3) ** 2 + z.imag**3
        loss.backward()
        assert (z.grad.item(), z.grad.dtype) == (-4 + 12j, z.dtype)
        better = z.detach() - 1e-3 * z.grad
        assert (better.real - 3) ** 2 + better.imag**3 < loss.item()
    assert tg.jvp(lambda z: z * z, (Tensor([2j]),), (Tensor([1j]),))[1].tolist() == [-4.0]


def test_the_gradient_of_a_complex_result_has_no_single_meaning():
    for refused in (
        lambda: tg.grad(lambda z: z)(2j),
        lambda: tg.grad(lambda z: z)(np.array(2j)),
        lambda: tg.grad(lambda x: 1j * x)(2.0),
        lambda: tg.value_and_grad(lambda z: z * z)(2j),
        lambda: tg.jacobian(lambda z: z * z)(np.array([2j])),
        lambda: tg.hessian(lambda z: z * z)(np.array(2j)),
    ):
        with pytest.raises(DTypeError, match=r"no single (meaning|Jacobian)(.|\n)*holomorphic=True"):
            refused()
    with pytest.raises(DTypeError, match=r"needs a gradient(.|\n)*t\.real\.backward"):
        (Tensor(2j, requires_grad=True) * 3).backward()
    assert tg.grad(lambda z: z * z, holomorphic=True)(2j) == 4j


@together(
    "f",
    [
        lambda x: x * 1j,
        lambda x: 1j * x,
        lambda x: x + np.array([1j, 1]),
        lambda x: x @ np.array([1j, 1]),
        lambda x: x**1j,
        lambda x: x.astype(complex),
        lambda x: np.exp(1j * x),
        lambda x: np.where(x > 0, x, 1j),
        lambda x: np.concatenate([x, [1j]]),
        lambda x: np.stack([x, [1j, 1]]),
        lambda x: Tensor([1j, 1]) * x,
    ],
)
def test_a_complex_result_of_a_real_tensor_has_a_real_gradient(f):
    x, weights = leaf([1.0, 2.0]), np.array([2 + 1j, 3 - 5j])
    y = f(x)
    (y * weights[: y.size] if y.ndim and y.size == 2 else y * weights[0]).sum().imag.backward()
    assert x.grad.dtype == float
    assert tg.gradcheck(f, np.array([1.0, 2.0]))
    with pytest.raises(DTypeError, match="no single meaning"):
        tg.grad(lambda x: f(x).sum())(np.array([1.0, 2.0]))


def test_complex_numbers_without_a_gradient_are_fine():
    assert (Tensor([1j]) * Tensor([2.0])).tolist() == [2j]
    with tg.no_grad():
        assert (leaf([2.0]) * 1j).tolist() == [2j]


@pytest.mark.parametrize("cotangent", [[1j], Tensor([1j])])
def test_a_complex_cotangent_or_tangent_of_real_numbers_is_refused(cotangent):
    x = leaf([1.0])
    for use in (
        lambda: (x * 2).backward(cotangent),
        lambda: tg.vjp(np.sin, np.array([1.0]))[1](cotangent),
        lambda: tg.jvp(np.sin, (np.array([1.0]),), (cotangent,)),
    ):
        with pytest.raises(TinygradError):
            use()


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x * np.array([1, 2], dtype=object),
        lambda x: x * [10**30, 1],
        lambda x: np.where([True, False], x, None),
        lambda x: np.stack([x, [None, None]]),
        lambda x: np.concatenate([x, ["a"]]),
    ],
)
def test_a_result_that_is_not_numeric_is_refused(f):
    """A relative of complex numbers: the result could not be recorded, and its gradient would be lost."""
    with pytest.raises(TinygradError):
        f(leaf([1.0, 2.0]))
