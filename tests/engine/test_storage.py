"""Matrix, the value class over a flat buffer, and FlatVector, the parameters of a model in one vector."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_like import SGD, Linear, Matrix, Sequential, ShapeError, Tensor
from tinygrad_like.engine.storage import FlatVector
from tinygrad_like.nn.layer import Parameter

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


@pytest.mark.parametrize("name", ["add", "subtract", "elementwise_multiply"])
@pytest.mark.parametrize("other", [Matrix.zeros(3, 2), Matrix.zeros(1, 3), 1.0, np.zeros((2, 3))])
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


# -- FlatVector -----------------------------------------------------------------------------------

shapes = st.lists(st.lists(st.integers(0, 3), max_size=3).map(tuple), min_size=1, max_size=5)


def parameters_of(*shapes):
    return [Parameter(np.full(shape, float(i))) for i, shape in enumerate(shapes)]


def backward(*parameters, factor=1.0):
    sum((p * factor).sum() for p in parameters).backward()


@few
@given(shapes)
def test_parameters_become_views_of_one_vector(shapes):
    parameters = parameters_of(*shapes)
    flat = FlatVector(parameters)
    assert flat.values.shape == (sum(p.size for p in parameters),)
    for i, (p, shape) in enumerate(zip(parameters, shapes)):
        assert p.shape == shape
        assert (p.numpy() == i).all()
    flat.values[:] = 7
    assert all((p.numpy() == 7).all() for p in parameters)


@few
@given(shapes)
def test_gradients_are_gathered_in_one_vector(shapes):
    parameters = parameters_of(*shapes)
    flat = FlatVector(parameters)
    backward(*parameters, factor=3.0)
    runs = list(flat.gather(parameters))
    assert runs == [slice(0, flat.values.size)] * bool(flat.values.size)
    assert flat.gradients.tolist() == [3.0] * flat.values.size
    # What nobody has read needs no memory beside the vector.
    assert all(p._grad.base is flat.gradients for p in parameters)
    for p in parameters:
        assert p.grad.shape == p.shape
        assert not np.shares_memory(p.grad.numpy(), flat.gradients)


def test_an_optimizer_keeps_one_vector_per_dtype():
    model = Sequential(Linear(2, 3), Linear(3, 2, dtype=np.float32), Linear(2, 1))
    parameters = model.parameters()
    SGD(parameters, lr=0.1)
    vectors = {p.dtype: p.numpy().base for p in parameters}
    assert {dtype: vector.size for dtype, vector in vectors.items()} == {np.dtype("f8"): 12, np.dtype("f4"): 8}
    assert all(p.numpy().base is vectors[p.dtype] for p in parameters)


def test_a_second_optimizer_leaves_parameters_where_they_are():
    first, second, third = parameters = parameters_of((2,), (3,), (1,))
    SGD([first, second], lr=0.1)
    home = first.numpy().base
    SGD(parameters, lr=0.1)
    assert first.numpy().base is home
    assert second.numpy().base is home
    assert third.numpy().base is not home


def test_a_kept_gradient_never_changes():
    p, q = parameters_of((2,), (3,))
    optimizer = SGD([p, q], lr=0.1)
    backward(p, q)
    kept = p.grad
    backward(p)
    assert (p.grad.tolist(), q.grad.tolist()) == ([2.0, 2.0], [1.0, 1.0, 1.0])
    optimizer.step()
    optimizer.zero_grad()
    backward(p, q, factor=5.0)
    assert p.grad.tolist() == [5.0, 5.0]
    assert kept.tolist() == [1.0, 1.0]


def test_gradients_accumulate_until_cleared():
    p, q = parameters_of((2,), (1,))
    optimizer = SGD([p, q], lr=0.1)
    backward(p, q)
    backward(p, factor=2.0)
    assert (p.grad.tolist(), q.grad.tolist()) == ([3.0, 3.0], [1.0])
    optimizer.zero_grad()
    assert p.grad is None
    assert q.grad is None


def test_a_gradient_changed_in_place_is_the_one_that_steps():
    p, q = parameters_of((2,), (1,))
    optimizer = SGD([p, q], lr=1.0)
    backward(p, q)
    p.grad *= 3.0
    q.grad = np.array([4.0])
    optimizer.step()
    assert (p.tolist(), q.tolist()) == ([-3.0, -3.0], [-3.0])


def test_a_gradient_that_is_set_is_copied():
    (p,) = parameters_of((2,))
    SGD([p], lr=1.0)
    values = np.ones(2)
    p.grad = values
    backward(p)
    assert values.tolist() == [1.0, 1.0]
    assert p.grad.tolist() == [2.0, 2.0]


@few
@given(st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=1, max_size=8))
def test_runs_cover_the_chosen_slots_that_have_a_gradient(slots):
    parameters = parameters_of(*[(size,) for size, _, _ in slots])
    flat = FlatVector(parameters)
    for p, (_, filled, _) in zip(parameters, slots):
        if filled:
            p.grad = np.ones(p.shape)
    flat.gradients[:] = 0
    runs = list(flat.gather(p for p, (_, _, chosen) in zip(parameters, slots) if chosen))
    covered = np.zeros(flat.values.size, bool)
    for run in runs:
        assert run.start < run.stop
        assert not covered[run].any()
        covered[run] = True
    assert covered.tolist() == [filled and chosen for size, filled, chosen in slots for _ in range(size)]
    assert covered.tolist() == flat.gradients.tolist()


def test_neighbours_are_one_run():
    parameters = parameters_of((2,), (3,), (1,), (2, 2))
    flat = FlatVector(parameters)
    backward(*parameters)
    assert list(flat.gather(parameters)) == [slice(0, 10)]
    parameters[1].grad = None
    assert list(flat.gather(parameters)) == [slice(0, 2), slice(5, 10)]


@pytest.mark.parametrize("copied", [copy.deepcopy, pickled])
def test_a_copied_model_and_optimizer_share_a_vector_of_their_own(copied):
    model = Linear(2, 3)
    twin, optimizer = copied((model, SGD(model.parameters(), lr=1.0)))
    before = model.weight.tolist()
    twin.weight.grad = np.ones((3, 2))
    optimizer.step()
    assert twin.weight.numpy().base is twin.bias.numpy().base
    assert model.weight.tolist() == before
    assert np.allclose(twin.weight.numpy(), np.array(before) - 1)
