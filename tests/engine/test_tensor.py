"""Tensor: an array and its place in the graph; operators, methods, conversions, copies."""

import copy
import math
import operator
import pickle

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tinygrad_like import Tensor
from tinygrad_like.engine.errors import GraphError, LostGraphError, ShapeError, UnsupportedError

X = np.array([[1.5, -2.0, 0.5], [3.0, 4.0, -1.0]])
POSITIVE = np.array([[1.5, 2.0, 0.5], [3.0, 4.0, 1.0]])
THREE = [1.5, 2.0, 3.0]
OTHERS = {"int": 2, "float": 1.5, "0-d array": np.array(1.5)}
OTHERS |= {"array": np.array(THREE), "list": THREE, "Tensor": Tensor(THREE)}
SMOOTH = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
BINARY = [*SMOOTH, operator.floordiv, operator.mod]
COMPARE = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
IN_PLACE = [getattr(operator, f"i{name}") for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")]
both_sides = together("swap", [False, True])


def array_of(value):
    return np.asarray(value) if isinstance(value, (list, Tensor)) else value


@pytest.mark.parametrize("shape", [(), (3,), (0,), (2, 3), (2, 0, 4)])
def test_shape_ndim_size_dtype_and_strides_are_those_of_the_array(shape):
    a = np.ones(shape, np.float32)
    t = Tensor(a)
    assert (t.shape, t.ndim, t.size, t.dtype, t.strides) == (a.shape, a.ndim, a.size, a.dtype, a.strides)


@pytest.mark.parametrize("dtype", [bool, np.int32, np.uint8, np.float16, np.float32, np.float64, complex])
def test_dtype_is_the_one_asked_for(dtype):
    assert Tensor([1, 0, 1], dtype=dtype).dtype == np.dtype(dtype)


@pytest.mark.parametrize(
    ("data", "dtype"), [(1, int), (1.0, float), ([True], bool), ([[1, 2.5]], float), (np.float32(1), np.float32)]
)
def test_dtype_defaults_to_the_choice_of_numpy(data, dtype):
    assert Tensor(data).dtype == np.asarray(data).dtype == np.dtype(dtype)


def test_a_float_array_is_shared_not_copied():
    array = np.zeros(3)
    t = Tensor(array)
    array[1] = 5.0
    t.data[2] = 7.0
    assert t.tolist() == [0.0, 5.0, 7.0] == array.tolist()


def test_a_matrix_and_an_unrecorded_tensor_are_shared():
    matrix, t = tg.Matrix(2, 2, [1.0, 2.0, 3.0, 4.0]), Tensor([1.0])
    assert np.shares_memory(Tensor(matrix).data, matrix.data)
    assert not np.shares_memory(Tensor(matrix, dtype=np.float32).data, matrix.data)
    assert np.shares_memory(Tensor(t, requires_grad=True).data, t.data)


def test_a_single_element_as_a_python_number():
    assert [type(Tensor(value).item()) for value in ([[2.5]], 2, True)] == [float, int, bool]
    assert [bool(Tensor([0.0])), int(Tensor(3)), f"{Tensor(1.234):.2f}"] == [False, 3, "1.23"]


@pytest.mark.parametrize("shape", [(2,), (0,)])
def test_item_needs_one_element(shape):
    with pytest.raises(ShapeError, match=r"one element.*\n.*numpy\(\)"):
        Tensor(np.ones(shape)).item()


def test_numpy_gives_the_array_also_where_a_gradient_is_required():
    t = leaf([1.0, 2.0])
    assert t.numpy() is t.data
    assert type((t * 2).numpy()) is np.ndarray


def test_leaf_and_requires_grad():
    plain, x = Tensor([1.0]), leaf([1.0])
    assert [t.is_leaf for t in (plain, x, x * plain)] == [True, True, False]
    assert [t.requires_grad for t in (plain, x, x * plain)] == [False, True, True]


def test_requires_grad_can_be_set_on_a_leaf():
    t = Tensor([1.0])
    t.requires_grad = True
    (t * 3).sum().backward()
    assert t.grad.tolist() == [3.0]
    t.requires_grad = False
    assert not (t * 3).requires_grad


def test_requires_grad_cannot_be_set_on_a_result():
    with pytest.raises(GraphError, match="detach"):
        (leaf([1.0]) * 2).requires_grad = False


def test_detach_shares_memory_outside_the_graph():
    y = leaf([1.0, 2.0]) * 2
    assert not y.detach().requires_grad
    assert np.shares_memory(y.detach().data, y.data)


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (Tensor([1.0, 2.5]), "Tensor([1. , 2.5])"),
        (Tensor([1], dtype=np.float32), "Tensor([1.], dtype=float32)"),
        (Tensor(3.0, requires_grad=True, name="x"), "Tensor(3., requires_grad=True, name='x')"),
        (Tensor(3.0, requires_grad=True) * 2, "Tensor(6., op=multiply)"),
        (Tensor([[1, 2], [3, 4]]), "Tensor([[1, 2],\n        [3, 4]])"),
    ],
)
def test_repr(tensor, text):
    assert repr(tensor) == text


@pytest.mark.parametrize(
    ("value", "spec", "text"),
    [
        (Tensor(1.23456), ".2f", "1.23"),
        (Tensor([[0.5]]), "+.1e", "+5.0e-01"),
        (Tensor(7), "03d", "007"),
        (leaf(2.0), ".1f", "2.0"),
        (Tensor(2.0), "", "Tensor(2.)"),
        (Tensor([1.0, 2.0]), "", "Tensor([1., 2.])"),
        (Tensor([1.0, 2.0]), ">20", "    Tensor([1., 2.])"),
    ],
)
def test_format(value, spec, text):
    assert format(value, spec) == text


def test_a_format_for_numbers_needs_one_number():
    with pytest.raises(ValueError, match="format code 'f'"):
        format(Tensor([1.0, 2.0]), ".1f")


VIEWS = {
    "T": lambda t: t.T,
    "reshape": lambda t: t.reshape(3, 2),
    "ravel": lambda t: t.ravel(),
    "row": lambda t: t[1],
    "slice": lambda t: t[:, 1:],
    "reversed": lambda t: t[::-1, ::-2],
    "new axis": lambda t: t[:, None],
    "empty": lambda t: t[1:1],
    "transpose": lambda t: t[None].transpose(2, 0, 1),
    "swapaxes": lambda t: t.swapaxes(0, 1),
    "mT": lambda t: t.mT,
    "squeeze": lambda t: t[None].squeeze(),
    "moveaxis": lambda t: np.moveaxis(t, 0, -1),
    "expand_dims": lambda t: np.expand_dims(t, 1),
    "broadcast_to": lambda t: np.broadcast_to(t, (4, 2, 3)),
}


@together("view", VIEWS)
def test_a_movement_is_a_view_of_the_flat_storage(view):
    t = Tensor(X.copy())
    moved = view(t)
    assert np.shares_memory(moved.storage, t.storage)
    assert moved.storage.tolist() == X.ravel().tolist()


@together("view", VIEWS)
def test_shape_strides_and_offset_say_how_the_storage_is_read(view):
    t = view(Tensor(X.copy()))
    assert np.array_equal(np.ndarray(t.shape, t.dtype, t.storage, t.offset, t.strides), t.data)


@both_sides
@together("other", OTHERS)
@together("op", BINARY + COMPARE)
def test_operator_gives_what_numpy_gives(op, other, swap):
    a, b = (array_of(other), POSITIVE) if swap else (POSITIVE, array_of(other))
    result = op(other, Tensor(POSITIVE)) if swap else op(Tensor(POSITIVE), other)
    np.testing.assert_array_equal(result.numpy(), op(a, b))


@both_sides
@together("other", [1.5, np.array(THREE), THREE])
@together("op", SMOOTH)
def test_operator_has_the_right_derivative(op, other, swap):
    assert tg.gradcheck(lambda x: op(other, x) if swap else op(x, other), POSITIVE)


@both_sides
@pytest.mark.parametrize("kind", [np.asarray, np.ndarray.tolist, Tensor], ids=["array", "list", "Tensor"])
def test_matmul(kind, swap):
    a = np.arange(6.0).reshape(3, 2)
    result = kind(a) @ leaf(X) if swap else leaf(X) @ kind(a)
    np.testing.assert_allclose(result.numpy(), a @ X if swap else X @ a)
    assert result.requires_grad


@pytest.mark.parametrize("op", [operator.neg, operator.pos, operator.abs])
def test_unary_operator(op):
    np.testing.assert_array_equal(op(Tensor(X)).data, op(X))


@pytest.mark.parametrize("op", [operator.and_, operator.or_, operator.xor])
def test_logical_operator(op):
    a, b = np.array([True, True, False]), np.array([True, False, False])
    for result in (op(Tensor(a), b), op(b, Tensor(a)), op(Tensor(a), Tensor(b))):
        assert result.tolist() == op(a, b).tolist()


def test_invert_and_divmod():
    assert (~Tensor([True, False])).tolist() == [False, True]
    assert [each.item() for each in divmod(Tensor([7.0]), 2)] == [3.0, 1.0]
    assert [each.item() for each in divmod(7, Tensor([2.0]))] == [3.0, 1.0]


@pytest.mark.parametrize("op", COMPARE)
def test_what_has_no_derivative_is_not_recorded(op):
    assert not op(leaf([5.0]), 2).requires_grad


INDICES = [0, slice(None, None, -1), (1, 2), (..., 0), (None, 1), [1, 0, 1], np.array([-1, 0]), X > 0, ([0, 1], [2, 2])]


@together("index", INDICES)
def test_indexing_and_its_gradient(index):
    x = leaf(X)
    y = x[index]
    y.sum().backward()
    expected = np.zeros_like(X)
    np.add.at(expected, index, 1.0)
    np.testing.assert_array_equal(y.numpy(), X[index])
    np.testing.assert_array_equal(x.grad.data, expected)


def test_a_tensor_can_be_an_index():
    t = Tensor(X)
    assert t[Tensor([1, 0])].tolist() == X[[1, 0]].tolist()
    assert t[t > 0].tolist() == X[X > 0].tolist()
    assert [10, 20, 30][Tensor(1)] == 20


def test_len_iteration_and_membership():
    t = leaf([1.0, 2.0, 3.0])
    assert len(t) == 3
    assert [(each.item(), each.requires_grad) for each in t] == [(1.0, True), (2.0, True), (3.0, True)]
    assert [2.0 in t, 5.0 in t] == [True, False]


@pytest.mark.parametrize("function", [len, iter])
def test_a_0d_tensor_has_no_length_and_no_elements(function):
    with pytest.raises(TypeError, match="0-d"):
        function(Tensor(1.0))


METHODS = [
    ("sum", {"axis": 0}), ("mean", {"axis": 1, "keepdims": True}), ("prod", {"axis": 0}), ("std", {"axis": 0}),
    ("var", {"axis": 1, "ddof": 1}), ("max", {"axis": 1}), ("min", {}), ("argmax", {"axis": 1}), ("argmin", {}),
    ("all", {"axis": 0}), ("any", {"axis": 0}), ("copy", {}), ("flatten", {}), ("clip", {"min": -1, "max": 1}),
]  # fmt: skip


@together(("name", "options"), METHODS)
def test_method_gives_what_the_method_of_an_array_gives(name, options):
    np.testing.assert_allclose(getattr(Tensor(X), name)(**options).data, getattr(X, name)(**options))


@pytest.mark.parametrize("name", ["exp", "log", "sqrt", "tanh", "sin", "cos", "abs"])
def test_method_gives_what_the_numpy_function_gives(name):
    np.testing.assert_array_equal(getattr(Tensor(POSITIVE), name)().data, getattr(np, name)(POSITIVE))


def test_sigmoid_relu_and_dot():
    np.testing.assert_allclose(Tensor(X).sigmoid().data, 1 / (1 + np.exp(-X)))
    np.testing.assert_array_equal(Tensor(X).relu().data, np.where(X > 0, X, 0))
    np.testing.assert_allclose(Tensor(X).dot(X.T).data, X.dot(X.T))


def test_the_gradient_of_astype_comes_back_in_the_old_dtype():
    x = leaf([1.0])
    y = x.astype(np.float32)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float64)


def test_a_step_on_data_with_numpy_on_the_gradient():
    p = leaf([1.0, 2.0])
    (p * p).sum().backward()
    p.data -= 0.1 * p.grad
    np.testing.assert_allclose(p.data, [0.8, 1.6])
    assert np.linalg.norm(p.grad).item() == pytest.approx(math.sqrt(20))


@pytest.mark.parametrize("op", IN_PLACE)
def test_an_in_place_operator_writes_into_the_same_memory(op):
    t = Tensor(POSITIVE.copy())
    array = t.data
    assert op(t, 2.0) is t
    assert t.data is array
    np.testing.assert_array_equal(array, op(POSITIVE.copy(), 2.0))


def test_an_in_place_operator_on_a_result_is_recorded():
    x = leaf([3.0])
    y = x * 1
    y *= x
    y.sum().backward()
    assert x.grad.tolist() == [6.0]


def test_an_in_place_operator_on_a_leaf_is_refused_but_not_in_no_grad():
    p = leaf([1.0])
    with pytest.raises(GraphError, match="no_grad"):
        p -= 1
    with tg.no_grad():
        p -= 1
    assert (p.tolist(), p.requires_grad) == ([0.0], True)


def test_in_place_on_an_ndarray_takes_an_unrecorded_tensor_only():
    array = np.array([1.0, 2.0])
    array -= Tensor([1.0, 1.0])
    with pytest.raises(LostGraphError, match="ndarray"):
        array -= leaf([1.0, 1.0])
    assert array.tolist() == [0.0, 1.0]


def test_setting_elements():
    t = Tensor(np.zeros(3))
    t[1:] = 2
    t[Tensor([0])] = [7.0]
    assert t.tolist() == [7.0, 2.0, 2.0]


CONVERSIONS = {
    "np.array of a list": lambda t: np.array([t, t]),
    "np.asarray": np.asarray,
    "float": float,
    "complex": complex,
    "math.sin": math.sin,
    "np.full": lambda t: np.full(3, t),
    "Tensor": Tensor,
    "Tensor of a list": lambda t: Tensor([t, 1.0]),
    "out=": lambda t: np.sin(t, out=np.zeros(())),
}


@together("convert", CONVERSIONS)
def test_converting_a_recorded_tensor_is_an_error_but_not_in_no_grad(convert):
    with pytest.raises(LostGraphError, match=r"graph(.|\n)*t\.numpy\(\), t\.item\(\) or t\.detach\(\)"):
        convert(leaf(1.0))
    with tg.no_grad():
        convert(leaf(1.0))


def test_setting_an_element_of_an_array_to_a_recorded_tensor_is_an_error():
    # NumPy raises its own error from ours.
    with pytest.raises(ValueError, match="setting an array element") as caught:
        np.zeros(2)[0] = leaf(1.0)
    assert isinstance(caught.value.__cause__, LostGraphError)


def test_converting_an_unrecorded_tensor_is_fine():
    t = Tensor(0.5)
    assert np.array([t, t]).tolist() == [0.5, 0.5]
    assert math.sin(t) == math.sin(0.5)


NUMPY = {
    "array on the left": lambda t: np.ones((2, 3)) * t,
    "float64 on the left": lambda t: np.float64(2) * t,
    "array @": lambda t: np.ones((4, 2)) @ t,
    "ufunc": lambda t: np.sin(t) * t,
    "reduce": np.add.reduce,
    "stack": lambda t: np.stack([t[0], np.ones(3)]),
    "concatenate": lambda t: np.concatenate([np.ones((1, 3)), t]),
    "norm": np.linalg.norm,
}


@together("compute", NUMPY)
def test_a_numpy_function_of_a_tensor_is_a_recorded_tensor(compute):
    result = compute(leaf(X))
    assert result.requires_grad
    np.testing.assert_allclose(result.numpy(), compute(X))


def test_pickling_a_result_keeps_the_value_and_drops_the_graph():
    again = pickle.loads(pickle.dumps(leaf([1.0, 2.0]) * 3))
    assert (again.tolist(), again.is_leaf, again.requires_grad) == ([3.0, 6.0], True, False)


def test_pickling_a_leaf_keeps_it_one():
    again = pickle.loads(pickle.dumps(leaf([1.0], name="w")))
    assert (again.requires_grad, again.is_leaf, again.name) == (True, True, "w")


@pytest.mark.parametrize("make", [copy.deepcopy, copy.copy])
def test_the_gradient_flows_through_a_copy_of_a_result(make):
    x = leaf([2.0])
    y = make(x * x)
    (y * y).sum().backward()
    assert x.grad.tolist() == [32.0]


def test_a_deepcopy_of_a_leaf_is_independent_and_keeps_its_gradient():
    x = leaf([2.0])
    (x * x).sum().backward()
    other = copy.deepcopy(x)
    (other * 3).sum().backward()
    other.data[0] = 0.0
    assert (x.item(), x.grad.tolist(), other.grad.tolist()) == (2.0, [4.0], [7.0])


@pytest.mark.parametrize("trained", [False, True])
@pytest.mark.parametrize("given", [np.array([2.0]), Tensor([2.0]), [2], Tensor([2])], ids=repr)
def test_a_gradient_that_is_set_is_cast_to_the_dtype_of_its_tensor(given, trained):
    x = Tensor([1.0], dtype=np.float32, requires_grad=True)
    if trained:
        tg.SGD([x], lr=1.0)
    x.grad = given
    assert (x.grad.dtype, x.grad.tolist()) == (np.float32, [2.0])
    (3 * x).sum().backward()
    assert (x.grad.dtype, x.grad.tolist()) == (np.float32, [5.0])


def test_a_recorded_gradient_of_another_dtype_counts():
    x = Tensor([1.0], dtype=np.float32, requires_grad=True)
    optimizer = tg.SGD([x], lr=1.0)
    x.grad = leaf([2.0]) * 1.0
    optimizer.step()
    assert (x.dtype, x.tolist()) == (np.float32, [-1.0])


def test_python_numbers_go_into_any_integer_dtype():
    t = Tensor(np.zeros(3, np.uint8))
    t[0] = 5
    assert t.tolist() == [5, 0, 0]


def test_assign_with_a_ufunc_changes_in_place():
    values = np.array([1.0, 2.0])
    tg.assign(Tensor(values), [0.5, 0.5], using=np.subtract)
    assert values.tolist() == [0.5, 1.5]


def test_numpy_without_a_rule_works_on_what_is_not_recorded():
    t = Tensor([[2.0, 0.0], [0.0, 3.0]])
    assert np.cumsum(t).tolist() == [2.0, 2.0, 2.0, 5.0]
    assert np.linalg.svd(t).S.tolist() == [3.0, 2.0]
    assert isinstance(np.linalg.svd(t).S, Tensor)


def test_a_recorded_gradient_that_is_set_stays_recorded():
    x, w = leaf([1.0]), leaf([2.0], np.float32)
    x.grad = w * w
    assert x.grad.requires_grad
    x.grad.sum().backward()
    assert w.grad.tolist() == [4.0]


def test_truths_take_truths_only():
    t = Tensor([True, False])
    with pytest.raises(tg.DTypeError, match="bool cannot take values of int64"):
        t[0] = 2
    t[1] = True
    assert t.tolist() == [True, True]


def test_what_cannot_be_set_says_what_to_write():
    t = Tensor([1.0, 2.0])
    with pytest.raises(UnsupportedError, match=r"t\.reshape\(shape\)"):
        t.shape = (2, 1)
    with pytest.raises(UnsupportedError, match=r"t\[\.\.\.\] = values"):
        t.flat = 0.0
