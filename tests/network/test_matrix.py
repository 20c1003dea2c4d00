"""Matrix, the value class over a flat buffer."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import together
from tinygrad_like import Matrix, ShapeError, Tensor

sizes = st.integers(0, 4)
whole = st.integers(-9, 9).map(float)


@st.composite
def matrices(draw, rows=sizes, cols=sizes):
    rows, cols = draw(rows), draw(cols)
    return Matrix(rows, cols, draw(st.lists(whole, min_size=rows * cols, max_size=rows * cols)))


@st.composite
def pairs(draw):
    a = draw(matrices())
    return a, draw(matrices(st.just(a.rows), st.just(a.cols)))


few = settings(deadline=None, max_examples=50)


def pickled(value):
    return pickle.loads(pickle.dumps(value))


# -- Matrix: making one ---------------------------------------------------------------------------


@few
@given(matrices())
def test_data_is_flat_and_row_major(a):
    assert a.data.shape == (a.rows * a.cols,)
    assert a.data.dtype == np.float64
    for i, j in np.ndindex(a.shape):
        assert a.array[i, j] == a.data[i * a.cols + j]


def test_a_float64_array_is_shared():
    data = np.arange(6.0)
    a = Matrix(2, 3, data)
    a.data[0] = 9
    assert data[0] == 9
    assert np.shares_memory(a.array, data)


@pytest.mark.parametrize("data", [[1, 2], np.array([1, 2]), np.array([1, 0, 2, 0.0])[::2]])
def test_anything_else_is_copied(data):
    a = Matrix(2, 1, data)
    a.data[0] = 9
    assert data[0] == 1


@pytest.mark.parametrize(("rows", "cols", "count"), [(2, 3, 5), (2, 3, 7), (0, 3, 1), (-1, -2, 2), (2.5, 2, 5)])
def test_sizes_must_match_the_data(rows, cols, count):
    with pytest.raises(ShapeError, match="Matrix"):
        Matrix(rows, cols, np.zeros(count))


@few
@given(sizes, sizes)
def test_zeros(rows, cols):
    a = Matrix.zeros(rows, cols)
    assert a.shape == (rows, cols)
    assert not a.data.any()


def test_random_is_uniform_in_0_1():
    a = Matrix.random(40, 50, seed=0)
    assert a.shape == (40, 50)
    assert 0 <= a.data.min() < 0.01
    assert 0.99 < a.data.max() < 1


def test_random_repeats_with_a_seed():
    assert Matrix.random(2, 3, seed=1) == Matrix.random(2, 3, np.random.default_rng(1))
    assert Matrix.random(2, 3, seed=1) != Matrix.random(2, 3, seed=2)


@few
@given(matrices(st.integers(1, 4)))
def test_from_list_takes_rows(a):
    assert Matrix.from_list(a.array.tolist()) == a


def test_from_list_takes_a_flat_list_as_a_column():
    assert Matrix.from_list([1, 2, 3]) == Matrix(3, 1, [1, 2, 3])


def test_from_list_copies():
    values = np.ones((2, 2))
    Matrix.from_list(values).data[0] = 9
    assert values[0, 0] == 1


def test_from_list_refuses_three_dimensions():
    with pytest.raises(ShapeError, match=r"2 dimensions, but got 3, shape \(1, 1, 2\)"):
        Matrix.from_list([[[1, 2]]])


# -- Matrix: arithmetic ---------------------------------------------------------------------------


@few
@given(pairs())
def test_elementwise_methods_equal_numpys_operators(pair):
    a, b = pair
    assert np.array_equal(a.add(b), a.array + b.array)
    assert np.array_equal(a.subtract(b), a.array - b.array)
    assert np.array_equal(a.elementwise_multiply(b), a.array * b.array)


@few
@given(sizes, sizes, sizes, st.data())
def test_dot_multiply_sums_the_products(rows, inner, cols, data):
    a = data.draw(matrices(st.just(rows), st.just(inner)))
    b = data.draw(matrices(st.just(inner), st.just(cols)))
    product = a.dot_multiply(b)
    assert product.shape == (rows, cols)
    for i, j in np.ndindex(rows, cols):
        assert product.array[i, j] == sum(a.array[i, k] * b.array[k, j] for k in range(inner))


@few
@given(matrices())
def test_transpose_exchanges_rows_and_columns(a):
    assert np.array_equal(a.transpose(), a.array.T)
    assert a.transpose().transpose() == a


@few
@given(matrices())
def test_map_calls_the_function_with_each_float(a):
    assert a.map(lambda value: 2 * value + 1) == Matrix(a.rows, a.cols, 2 * a.data + 1)
    assert a.map(lambda value: type(value) is float) == Matrix(a.rows, a.cols, np.ones(a.data.size))


@pytest.mark.parametrize("rows", [1, 2])
def test_results_do_not_share_memory(rows):
    a = Matrix(rows, 2, np.ones(2 * rows))
    eye = Matrix.from_list([[1, 0], [0, 1]])
    results = [a.add(a), a.subtract(a), a.elementwise_multiply(a), a.dot_multiply(eye), a.transpose(), a.map(float)]
    for result in results:
        assert not np.shares_memory(result.data, a.data)


@together("name", ["add", "subtract", "elementwise_multiply"])
@together("other", [Matrix.zeros(3, 2), Matrix.zeros(1, 3), 1.0, np.zeros((2, 3))])
def test_elementwise_methods_need_a_matrix_of_the_same_shape(name, other):
    with pytest.raises(ShapeError, match=rf"Matrix.{name} needs a Matrix of the same shape \(2, 3\)"):
        getattr(Matrix.zeros(2, 3), name)(other)


@pytest.mark.parametrize("other", [Matrix.zeros(2, 3), 2.0, np.zeros((3, 2))])
def test_dot_multiply_needs_as_many_rows_as_columns(other):
    with pytest.raises(ShapeError, match=r"Matrix.dot_multiply of \(2, 3\) needs 3 rows"):
        Matrix.zeros(2, 3).dot_multiply(other)


# -- Matrix: as a value ---------------------------------------------------------------------------


@few
@given(matrices())
def test_repr_can_be_read_back(a):
    assert eval(repr(a), {"Matrix": Matrix}) == a


def test_equality_compares_shapes_and_values():
    a = Matrix(2, 3, range(6))
    assert a == Matrix(2, 3, range(6))
    assert a != Matrix(3, 2, range(6))
    assert a != Matrix(2, 3, [0, 1, 2, 3, 4, 6])
    assert a != "Matrix"


def test_nan_equals_nothing():
    assert Matrix(1, 1, [np.nan]) != Matrix(1, 1, [np.nan])


def test_a_matrix_has_no_hash():
    with pytest.raises(TypeError, match="unhashable"):
        hash(Matrix.zeros(1, 1))


def test_numpy_reads_a_matrix():
    a = Matrix(2, 2, [1, 2, 3, 4])
    assert np.sum(np.asarray(a)) == 10
    assert np.shares_memory(np.asarray(a), a.data)
    assert not np.shares_memory(np.array(a), a.data)
    assert np.asarray(a, dtype=np.float32).dtype == np.float32


@few
@given(matrices(), st.sampled_from([copy.deepcopy, pickled]))
def test_copies_are_equal_and_independent(a, copied):
    twin = copied(a)
    assert twin == a
    assert not np.shares_memory(twin.data, a.data)


# -- Matrix and Tensor ----------------------------------------------------------------------------


@few
@given(matrices())
def test_to_tensor_and_back_shares_the_buffer(a):
    t = a.to_tensor()
    assert t.shape == a.shape
    assert t.to_matrix() == a
    a.data[:] = 7
    assert (t.numpy() == 7).all()
    t.data[:] = 8
    assert (t.to_matrix().data == 8).all()
    assert (a.data == 8).all()


def test_to_tensor_can_require_a_gradient_and_have_a_name():
    t = Matrix(1, 2, [1, 2]).to_tensor(requires_grad=True, name="w")
    (t * t).sum().backward()
    assert t.name == "w"
    assert t.grad.to_matrix() == Matrix(1, 2, [2, 4])


@pytest.mark.parametrize(("values", "shape"), [(3.0, (1, 1)), ([1.0, 2.0], (2, 1)), ([[1.0, 2.0]], (1, 2))])
def test_from_tensor_gives_two_dimensions(values, shape):
    t = Tensor(values)
    a = Matrix.from_tensor(t)
    assert a.shape == shape
    assert np.shares_memory(a.data, t.numpy())


@pytest.mark.parametrize("t", [Tensor(np.ones((2, 3))).T, Tensor(np.ones((2, 2), np.float32)), Tensor([[1, 2]])])
def test_from_tensor_copies_what_is_not_row_major_float64(t):
    a = Matrix.from_tensor(t)
    assert np.array_equal(a, t.numpy())
    assert not np.shares_memory(a.data, t.numpy())


def test_from_tensor_refuses_three_dimensions():
    with pytest.raises(ShapeError, match=r"2 dimensions, but got 3, shape \(1, 2, 3\)"):
        Tensor(np.zeros((1, 2, 3))).to_matrix()
