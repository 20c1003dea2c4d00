"""Composites: values against NumPy or plain formulas, derivatives by finite differences."""

import itertools
import math

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import Tensor, gradcheck
from tinygrad_like.engine.errors import (
    ArgumentError,
    DTypeError,
    LostGraphError,
    ShapeError,
    UnsupportedError,
)
from tinygrad_like.functions import pointwise

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2, 3, 4))
M = RNG.normal(size=(3, 4))
V = RNG.normal(size=5)
LEAF = Tensor(M, requires_grad=True)
AXES = [{}, {"axis": 0}, {"axis": -1}, {"axis": (0, 2)}, {"axis": (2, 1)}, {"axis": 1, "keepdims": True}]


def same(result, expected):
    """A Tensor of exactly NumPy's shape and dtype, and of its values up to rounding."""
    assert isinstance(result, Tensor)
    assert (result.shape, result.dtype) == (np.shape(expected), np.asarray(expected).dtype)
    np.testing.assert_allclose(result.data, expected, rtol=1e-12, atol=1e-14)


# -- var -----------------------------------------------------------------------------------------------


@together("options", AXES)
@together("ddof", [0, 1, 0.5])
def test_var(options, ddof):
    same(np.var(Tensor(X), ddof=ddof, **options), np.var(X, ddof=ddof, **options))
    assert gradcheck(lambda x: np.var(x, ddof=ddof, **options), X)


def test_var_of_equal_values_has_the_gradient_zero():
    assert tg.grad(np.var)(np.ones(3)).tolist() == [0.0, 0.0, 0.0]


def test_std_is_the_root_of_var():
    same(np.std(Tensor(X), axis=1, ddof=1), np.sqrt(np.var(X, axis=1, ddof=1)))


# -- clip and where -------------------------------------------------------------------------------------

LIMITS = [(-0.5, 0.5), (None, 0.5), (-0.5, None), (np.full(4, -0.5), np.full((3, 1), 0.5)), (0.5, -0.5)]


@pytest.mark.parametrize("limits", LIMITS, ids=["both", "upper", "lower", "arrays", "exchanged"])
def test_clip(limits):
    same(np.clip(Tensor(M), *limits), np.clip(M, *limits))
    same(Tensor(M).clip(*limits), np.clip(M, *limits))
    assert gradcheck(lambda x: np.clip(x, *limits), M)


def test_clip_by_name():
    same(np.clip(Tensor(M), a_min=-0.5, a_max=0.5), np.clip(M, -0.5, 0.5))
    same(Tensor(M).clip(min=-0.5, max=0.5), np.clip(M, -0.5, 0.5))
    same(Tensor(M).clip(max=0.5), np.minimum(M, 0.5))
    same(pointwise.clip(Tensor(M), min=-0.5), np.maximum(M, -0.5))


def test_clip_shares_the_gradient_at_a_limit():
    x = np.array([-1.0, 0.0, 0.5, 1.0, 2.0])
    assert tg.grad(lambda x: np.clip(x, 0.0, 1.0).sum())(x).tolist() == [0.0, 0.5, 1.0, 0.5, 0.0]


def test_the_gradient_reaches_the_limits_of_clip():
    low, high = tg.grad(lambda a, b: np.clip(np.array([-1.0, 0.5, 2.0, 3.0]), a, b).sum(), (0, 1))(0.0, 1.0)
    assert (low, high) == (1.0, 2.0)


def test_where_chooses_and_where_alone_finds():
    same(np.where(M > 0, Tensor(M), 0.0), np.where(M > 0, M, 0.0))
    np.testing.assert_array_equal(np.where(Tensor(M) > 0), np.where(M > 0))
    assert gradcheck(lambda a, b: np.where(M > 0, a, b), M, M[0])


# -- dot -------------------------------------------------------------------------------------------------

SHAPES = {1: (3,), 2: (2, 3), 3: (4, 2, 3)}
FITTING = {1: (3,), 2: (3, 2), 3: (4, 3, 2), 4: (2, 1, 3, 2)}


@together(("left", "right"), list(itertools.product(SHAPES, FITTING)))
def test_dot_of_all_dimensions(left, right):
    a, b = RNG.normal(size=SHAPES[left]), RNG.normal(size=FITTING[right])
    same(np.dot(Tensor(a), b), np.dot(a, b))
    same(np.dot(a, Tensor(b)), np.dot(a, b))
    assert gradcheck(np.dot, a, b, order=1)


@pytest.mark.parametrize("other", [2.0, M, Tensor(2.0)])
def test_dot_with_a_number_is_a_product(other):
    same(np.dot(Tensor(3.0), other), np.dot(3.0, np.asarray(other)))
    same(np.dot(other, Tensor(3.0)), np.dot(np.asarray(other), 3.0))


def test_dot_with_lists():
    same(Tensor([1.0, 2.0]).dot([3.0, 4.0]), np.float64(11.0))
    same(np.dot([[[1.0], [2.0]]], Tensor([[5.0]])), np.array([[[5.0], [10.0]]]))


@pytest.mark.parametrize("right", [(2,), (2, 3), (1, 2, 3)])
def test_dot_of_shapes_that_do_not_fit(right):
    with pytest.raises(ShapeError, match=r"\(2, 3\)"):
        np.dot(Tensor(np.ones((2, 3))), np.ones(right))


# -- norm ------------------------------------------------------------------------------------------------

VECTOR_ORDERS = [None, 1, 2, 3, 0.5, -1, -2, np.inf, -np.inf]
MATRIX_ORDERS = [None, "fro", "f", "nuc", 2, -2, 1, -1, np.inf, -np.inf]


@together("order", VECTOR_ORDERS)
def test_norm_of_a_vector(order):
    same(np.linalg.norm(Tensor(V), order), np.linalg.norm(V, order))
    assert gradcheck(lambda x: np.linalg.norm(x, order), V)


@together("order", VECTOR_ORDERS)
@together("keepdims", [False, True])
def test_norm_of_vectors_along_an_axis(order, keepdims):
    same(np.linalg.norm(Tensor(X), order, 1, keepdims), np.linalg.norm(X, order, 1, keepdims))
    assert gradcheck(lambda x: np.linalg.norm(x, order, axis=1), X)


@pytest.mark.parametrize("order", MATRIX_ORDERS, ids=str)
def test_norm_of_a_matrix(order):
    same(np.linalg.norm(Tensor(M), order), np.linalg.norm(M, order))
    assert gradcheck(lambda x: np.linalg.norm(x, order), M)


@together("order", MATRIX_ORDERS)
@together("axis", [(0, 1), (1, 0), (2, 0), (-1, 1)])
@together("keepdims", [False, True])
def test_norm_of_matrices_along_two_axes(order, axis, keepdims):
    options = {"ord": order, "axis": axis, "keepdims": keepdims}
    same(np.linalg.norm(Tensor(X), **options), np.linalg.norm(X, **options))


def test_norm_without_an_axis_flattens():
    same(np.linalg.norm(Tensor(X)), np.linalg.norm(X))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_norm_of_order_0_counts(dtype):
    x = np.array([0.0, 2.0, -1.0], dtype)
    same(np.linalg.norm(Tensor(x), 0), np.linalg.norm(x, 0))


@pytest.mark.parametrize("order", [None, 1, 2, 3])
def test_the_gradient_of_a_norm_is_zero_at_zero(order):
    assert tg.grad(lambda x: np.linalg.norm(x, order))(np.zeros(3)).tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("order", [None, 1, 3, -1, np.inf])
def test_norm_of_integers(order):
    same(np.linalg.norm(Tensor([3, -4]), order), np.float64(np.linalg.norm([3.0, -4.0], order)))


@pytest.mark.parametrize("order", [1, 2, np.inf, "fro"])
def test_an_order_without_an_axis_needs_one_or_two_dimensions(order):
    with pytest.raises(ArgumentError, match="1 or 2 dimensions, or an axis"):
        np.linalg.norm(Tensor(X), order)


def test_an_order_that_vectors_do_not_have():
    with pytest.raises(ArgumentError, match="'fro'"):
        np.linalg.norm(Tensor(V), "fro")


# -- softmax and its relatives ------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_and_log_softmax(axis):
    expected = np.exp(X) / np.exp(X).sum(axis=axis, keepdims=True)
    same(tg.softmax(Tensor(X), axis), expected)
    same(tg.log_softmax(Tensor(X), axis), np.log(expected))
    assert gradcheck(lambda x: tg.softmax(x, axis), X)
    assert gradcheck(lambda x: tg.log_softmax(x, axis), X)


@pytest.mark.parametrize("options", AXES, ids=str)
def test_logsumexp(options):
    same(tg.logsumexp(Tensor(X), **options), np.log(np.exp(X).sum(**options)))
    assert gradcheck(lambda x: tg.logsumexp(x, **options), X)


@together("f", [tg.softmax, tg.log_softmax, tg.logsumexp, tg.sigmoid])
@together("x", [[1000.0, 1000.0], [-1000.0, -1000.0], [1000.0, -1000.0]])
def test_no_overflow_in_value_or_gradient(f, x):
    value, gradient = tg.value_and_grad(lambda x: f(x).sum())(np.array(x))
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("masked", [-np.inf, -1e308])
def test_a_masked_logit_has_no_share(masked):
    value, gradient = tg.value_and_grad(lambda x: tg.logsumexp(x))(np.array([0.0, masked, 0.0]))
    assert value == pytest.approx(math.log(2))
    assert gradient.tolist() == [0.5, 0.0, 0.5]


@pytest.mark.parametrize(
    ("f", "formula"), [(tg.sigmoid, lambda x: 1 / (1 + np.exp(-x))), (tg.relu, lambda x: np.where(x > 0, x, 0))]
)
def test_sigmoid_and_relu(f, formula):
    same(f(Tensor(M)), formula(M))
    assert gradcheck(f, M)


def test_relu_has_the_gradient_zero_at_zero():
    assert tg.grad(tg.relu)(0.0) == 0.0


ARRAY_FUNCTIONS = [tg.sigmoid, tg.relu, tg.softmax, tg.log_softmax, tg.logsumexp]


@pytest.mark.parametrize("f", ARRAY_FUNCTIONS)
def test_arrays_give_arrays(f):
    assert not isinstance(f(M), Tensor)
    np.testing.assert_array_equal(f(M), f(Tensor(M)).data)


@pytest.mark.parametrize("f", ARRAY_FUNCTIONS)
def test_float32_gives_float32(f):
    assert f(Tensor(M, dtype=np.float32)).dtype == np.float32


# -- linear ----------------------------------------------------------------------------------------------------


@together("shape", [(4,), (5, 4), (2, 5, 4), (0, 4)])
@together("bias", [None, np.array([1.0, 2.0, 3.0])])
def test_linear(shape, bias):
    x = RNG.normal(size=shape)
    same(tg.linear(Tensor(x), M, bias), x @ M.T + (0 if bias is None else bias))
    assert gradcheck(lambda *inputs: tg.linear(*inputs), x, M, *([] if bias is None else [bias]))


@pytest.mark.parametrize(("x", "weight", "bias"), [((5, 3), (3, 4), None), ((), (3, 4), None), ((4,), (4,), None)])
def test_linear_of_shapes_that_do_not_fit(x, weight, bias):
    with pytest.raises(ShapeError, match=r"linear takes x \(\.\.\., in\) and weight \(out, in\)"):
        tg.linear(np.ones(x), Tensor(np.ones(weight)), bias)


def test_a_bias_that_does_not_fit():
    with pytest.raises(ShapeError, match=r"bias of shape \(3,\), but got \(4,\)"):
        tg.linear(np.ones(4), Tensor(M), np.ones(4))


# -- losses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(), (3,), (4, 2)])
def test_mse(shape):
    a, b = RNG.normal(size=shape), RNG.normal(size=shape)
    same(tg.mse(Tensor(a), b), np.mean((a - b) ** 2))
    same(tg.mse(a, Tensor(b)), np.mean((a - b) ** 2))
    assert gradcheck(tg.mse, a, b)


@pytest.mark.parametrize("prediction", [2, 2.0, [2.0], np.float64(2.0)])
def test_mse_with_what_is_not_a_tensor(prediction):
    target = Tensor(np.full(np.shape(prediction), 5.0), requires_grad=True)
    tg.mse(prediction, target).backward()
    assert target.grad.item() == 6.0
    target.grad = None
    tg.mse(target, prediction).backward()
    assert target.grad.item() == 6.0


@pytest.mark.parametrize(("a", "b"), [((4, 1), (4,)), ((3,), (2,)), ((), (1,))])
def test_mse_compares_equal_shapes_only(a, b):
    with pytest.raises(ShapeError, match=r"input is \(.*\) and target is \(.*\n.*target\.reshape"):
        tg.mse(Tensor(np.ones(a)), np.ones(b))


def test_mse_of_nothing():
    with pytest.raises(ShapeError, match="at least one element"):
        tg.mse(Tensor(np.ones((0, 2))), np.ones((0, 2)))


@together(
    ("shape", "classes"), [((4, 3), [0, 2, 1, 1]), ((3,), 2), ((2, 2, 3), [[0, 2], [1, 1]]), ((4, 1), [0, 0, 0, 0])]
)
@together("kind", [np.asarray, Tensor, lambda c: c])
def test_cross_entropy(shape, classes, kind):
    x = RNG.normal(size=shape)
    log_p = np.log(np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True))
    expected = -np.take_along_axis(log_p, np.asarray(classes)[..., None], -1).mean()
    same(tg.cross_entropy(Tensor(x), kind(classes)), expected)
    assert gradcheck(lambda x: tg.cross_entropy(x, kind(classes)), x)


@pytest.mark.parametrize(
    ("shape", "classes", "error", "text"),
    [
        ((4, 3), [0, 1], ShapeError, r"\(4, 3\) and \(2,\)"),
        ((), 0, ShapeError, "no axis -1 of classes"),
        ((0, 3), np.zeros(0, int), ShapeError, r"\(0, 3\)"),
        ((2, 3), [0.0, 1.0], DTypeError, "integer class numbers, but got float64"),
        ((2, 3), [True, False], DTypeError, "bool"),
        ((2, 3), [0, 3], ArgumentError, "classes 0 to 2, but got 0 to 3"),
        ((2, 3), [-1, 0], ArgumentError, "but got -1 to 0"),
    ],
)
def test_cross_entropy_of_what_does_not_fit(shape, classes, error, text):
    with pytest.raises(error, match=text):
        tg.cross_entropy(Tensor(np.ones(shape)), classes)


# -- NumPy functions that are not there ----------------------------------------------------------------------------


@pytest.mark.parametrize("call", [np.packbits, np.heaviside.reduce, np.heaviside.accumulate])
def test_what_is_not_differentiable_here_says_what_to_do(call):
    text = r"np\.[a-z.]+ is not differentiable here\.(.|\n)*@operation(.|\n)*t\.numpy"
    with pytest.raises(UnsupportedError, match=text):
        call(LEAF)


@pytest.mark.parametrize("call", [np.divide.reduce, np.subtract.accumulate, np.median])
def test_of_an_unrecorded_tensor_any_numpy_function_works(call):
    same(call(Tensor(M)), call(M))


@pytest.mark.parametrize(
    ("call", "option"),
    [
        (lambda t: np.add(t, 1, where=M > 0), "where"),
        (lambda t: np.clip(t, 0, 1, casting="no"), "casting"),
        (lambda t: np.mean(t, dtype=int), "dtype int64"),
    ],
)
def test_an_option_that_is_not_there_is_refused_by_name(call, option):
    with pytest.raises(UnsupportedError, match=option):
        call(LEAF)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda t: np.sum(t, dtype=np.float32), np.sum(M, dtype=np.float32)),
        (lambda t: np.sum(t, where=M > 0), np.sum(M, where=M > 0)),
        (lambda t: np.var(t, correction=1), np.var(M, correction=1)),
        (lambda t: np.concatenate([t], dtype=np.float32), M.astype(np.float32)),
    ],
)
def test_of_an_unrecorded_tensor_any_option_works(call, expected):
    same(call(Tensor(M)), expected)


def test_out_can_be_a_tensor_or_an_array():
    t, array = Tensor(np.zeros(2)), np.zeros(2)
    assert np.add(Tensor([1.0, 2.0]), 1, out=t) is t
    np.add(Tensor([1.0, 2.0]), 1, out=array)
    assert (t.tolist(), array.tolist()) == ([2.0, 3.0], [2.0, 3.0])


def test_out_does_not_lose_a_graph():
    with pytest.raises(LostGraphError, match="out=array"):
        np.add(Tensor([1.0], requires_grad=True), 1, out=np.zeros(1))
    x, out = Tensor([1.0], requires_grad=True), Tensor(np.zeros(1))
    assert np.add(x, 1, out=out) is out
    out.backward()
    assert (out.tolist(), x.grad.tolist()) == ([2.0], [1.0])
