"""Writing into arrays is recorded: values as NumPy has them, also in what shares the memory, and right derivatives."""

import copy
import sys
import threading

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import leaf, together
from tinygrad_like import Tensor
from tinygrad_like.engine.errors import DTypeError, GraphError, LostGraphError, ShapeError, UnsupportedError

X = np.random.default_rng(0).uniform(0.5, 1.5, 12)


def laplacian(x):
    out = np.zeros_like(x)
    out[1:-1] = x[2:] - 2 * x[1:-1] + x[:-2]
    return out * x


def heat(x):
    u = x * 1
    for _ in range(3):
        u[1:-1] += 0.1 * u[1:-1] ** 2 * (u[2:] - u[:-2])
    return u


def running_sum(x):
    out = np.zeros_like(x)
    for i in range(len(x)):
        out[i] = out[i - 1] + x[i] ** 2
    return out


def through_views(x):
    a = np.zeros_like(x).reshape(3, 4)
    row, column = a[1], a.T[2]
    row[0] = x[0] ** 2
    row += x[:4]
    column *= 3 + x[0]
    a[0] = row * x[4:8]
    return np.concatenate([a.ravel(), row, column])


def exchange(x):
    y = x**2
    first = y[0]
    y[0] = y[1]
    y[1] = first * x[2]
    return y


def swap_slices(x):
    y = x**2
    y[:3], y[3:6] = y[3:6].copy(), y[:3].copy()
    return y


def overlapping(x):
    y = x**2
    y[1:] = y[:-1]
    y[::2] -= y[1::2]
    return y


def masked(x):
    y = np.sin(x)
    y[y > 0.8] = 0.0
    y[x < 0.9] *= x[0]
    return y


def repeated(x):
    y = x * 2
    y[[0, 0, 3]] = x[4:7] ** 2
    y[[5, 5]] += x[:2]
    return y


def broadcast(x):
    y = np.ones_like(x).reshape(3, 4)
    y[:, 1:3] = x[:2]
    y[1:, 0] = x[5]
    y[..., 3] = x[:3].reshape(1, 3)
    y[2][None] = x[:4]
    return y


def operators(x):
    y = x + 1
    y[0:4] -= x[1:5]
    y[0:4] *= x[1:5]
    y[4:] /= x[4:] + 2
    y[2:6] **= 2
    y[1:3] %= 0.7
    z = y.reshape(3, 4)
    z[:] @= x[:4, None] * x[:4]
    return y


def saved_before(x):
    y = np.exp(x)
    z = y * x
    y[:] = 0.5 * x
    return z + y * y


def augmented_name(x):
    y = x * 3
    other = y
    y += x**2
    return other * y


def by_numpy(x):
    y = x * 2
    np.copyto(y[:3], x[3:6] ** 2)
    np.put(y, [4, 5, 5], x[:3] ** 3)
    np.putmask(y, y > 2.5, x[:2] * 4)
    np.place(y, y < 1.0, x[:1] ** 2)
    np.put_along_axis(y, np.array([9, 8]), x[9:11] ** 2, 0)
    np.fill_diagonal(y.reshape(3, 4), x[:3] * 5)
    np.add.at(y, [1, 1, 2], x[:3] ** 2)
    np.subtract.at(y, [11, 11], x[0])
    np.multiply(x, y, out=y)
    np.sum(y.reshape(3, 4), axis=0, out=y[:4])
    return y


def constants_between(x):
    weight = np.zeros_like(x)
    weight[:] = 2.0
    y = weight * x**2
    weight[:] = 3.0
    weight[0] = 5.0
    return y + weight * x


def listed(x):
    y = np.zeros_like(x).reshape(3, 4)
    y[0] = x[0] ** 2, 2.0, x[1] * x[2], np.float64(3.0)
    y[1:, :2] = [[x[3] * x[4], 1], (0.5, x[5])]
    return y


def diagonals(x):
    y = x.reshape(3, 4) * 1
    before, after = np.diagonal(y), np.diag(y, 1)
    y[1] *= x[:4]
    np.fill_diagonal(y, before**2)
    return np.concatenate([before, y.diagonal(), after])


def windows(x):
    y = x * 1
    seen = np.lib.stride_tricks.sliding_window_view(y, 3)
    y[1:4] *= x[0]
    return seen * x[:3]


def nothing_done(x):
    y = x * 1
    same, conjugate = np.squeeze(y), y.conj()
    same[0] = x[1] ** 2
    conjugate[1] *= x[2]
    y[2] = x[3]
    return np.concatenate([y, same, conjugate])


def constants_in_place(x):
    weight = np.ones_like(x)
    part, total = weight[2:], 0.0
    for i in range(3):
        weight += 1.0
        total = total + weight * x**2
        part[i] *= 2.0
        np.put(weight, [0, 1], [3.0, 4.0])
        total = total + weight * x
    return total


def truths_in_place(x):
    chosen = x > 0.5
    part = chosen[3:]
    part |= True
    chosen &= x < 2.0
    chosen ^= True
    return np.where(chosen, x**2, x)


def steps(x):
    y = x * 3.3
    y[:2] //= 0.7
    y[2] //= x[3]
    z = y * x
    z //= 1.3
    return y + z * x


def without_axes(x):
    y, weight = x * 1, np.ones_like(x)
    element, constant = y[0, ...], weight[1, ...]
    element += x[1]
    constant += 2.0
    return y * weight


def whole(x):
    y = np.zeros_like(x)
    y[...] = x
    y[0] = 0.0
    z = x**2
    y[...] = z
    y *= z
    z[1] = 3.0
    return y * z


def lists(x):
    y = np.zeros_like(x).reshape(3, 4)
    y[0] = [x[0] ** 2, 1.0, x[1], 2.0]
    y[1:, :2] = ((x[2], 3.0), (x[3] * x[4], x[5]))
    np.copyto(y[1:, 2:], [x[6], 4.0])
    return y * x.reshape(3, 4)


PROGRAMS = [
    listed,
    laplacian,
    heat,
    running_sum,
    through_views,
    exchange,
    swap_slices,
    overlapping,
    masked,
    repeated,
    broadcast,
    operators,
    saved_before,
    augmented_name,
    by_numpy,
    constants_between,
    diagonals,
    windows,
    nothing_done,
    constants_in_place,
    truths_in_place,
    steps,
    without_axes,
    whole,
    lists,
]


@together("program", PROGRAMS)
def test_values_and_derivatives(program):
    expected = program(X.copy())
    value, _ = tg.vjp(program, X)
    np.testing.assert_allclose(value, expected, rtol=1e-14)
    assert tg.gradcheck(program, X)


INDICES = [
    0,
    -1,
    slice(0, 2),
    slice(None, None, -1),
    (slice(None), 1),
    (..., slice(0, 3, 2)),
    [0, 2, 0],
    ([0, 1, 1], [2, 2, 2]),
    (slice(1, None), [0, 0, 3]),
    np.array([True, False, True]),
    None,
    (2, 3),
    (2, slice(1, 1)),
]


def random_program(seed):
    """Views of one array, and writes through them; the same on arrays and on Tensors."""

    def program(x):
        rng = np.random.default_rng(seed)
        alive = [np.sin(x).reshape(3, 4)]
        for _ in range(6):
            one = alive[rng.integers(len(alive))]
            kind = rng.integers(4)
            if kind == 0 and one.ndim == 2:
                alive.append([one.T, one[-2:], one[:, ::-1], one.reshape(-1), one[0], one[:, 1]][rng.integers(6)])
                continue
            indices = [i for i in INDICES if fits(i, one.shape)]
            index = indices[rng.integers(len(indices))]
            value = x[rng.integers(12)] * rng.uniform(0.5, 1)
            if kind == 1:
                one[index] = value
            elif kind == 2:
                one[index] = one[index] * value + alive[0][0, 0]
            else:
                one[index] += value
            if kind == 3 and rng.random() < 0.3:
                del alive[0]
                alive = alive or [np.cos(x).reshape(3, 4)]
            if alive[0].ndim != 2:
                alive.insert(0, np.cos(x).reshape(3, 4))
        return np.concatenate([each.ravel() for each in alive])

    return program


def fits(index, shape):
    try:
        np.zeros(shape)[index]
    except IndexError:
        return False
    return True


@together("seed", range(40))
def test_random_programs(seed):
    program = random_program(seed)
    value, _ = tg.vjp(program, X)
    np.testing.assert_allclose(value, program(X.copy()), rtol=1e-13)
    assert tg.gradcheck(program, X, order=1 + seed % 2)


def test_the_graph_needs_no_transform():
    x = leaf(X)
    running_sum(x).sum().backward()
    np.testing.assert_allclose(x.grad.data, tg.grad(lambda x: running_sum(x).sum())(X))


def test_numbers_are_not_changed_in_place():
    """NumPy's results without axes are numbers: a second name keeps the old value."""
    x = leaf(X)
    total = x.sum()
    before = total
    total += 1
    assert total.item() == before.item() + 1


def shifted_input(x):
    view = x[1:]
    x += 1
    return view


def written_around(x):
    """A view that cannot be written to, of a Tensor that was written to since."""
    y = x * 1
    view = np.broadcast_to(y[:1], (3,))
    y[0] = x[2]
    return view


LEAF = leaf(X)
REFUSED = {
    "a leaf": (lambda x: leaf(X).__setitem__(0, x[0]), GraphError, "leaf"),
    "a view of a leaf": (lambda x: LEAF[1:].__setitem__(0, x[0]), GraphError, "leaf, whose memory"),
    "what shares an input's memory": (shifted_input, GraphError, "input"),
    "an input": (lambda x: x.__setitem__(0, 1.0), GraphError, "input"),
    "a view of an input": (lambda x: x[1:].__setitem__(0, 1.0), GraphError, "input .* whose memory"),
    "a view of a view": (lambda x: x.reshape(3, 4).T[1].__iadd__(1.0), GraphError, "input .* whose memory"),
    "integers": (lambda x: Tensor(np.zeros(3, int)).__setitem__(0, x[0]), DTypeError, "int64"),
    "a shape": (lambda x: np.zeros_like(x).__setitem__(slice(2), x[:3]), ShapeError, r"\(3,\).*\(2,\)"),
    "no such index": (lambda x: np.zeros_like(x).__setitem__(99, x[0]), IndexError, "99"),
    "repeated memory": (lambda x: np.broadcast_to(x[0] * 2, (3,)).__setitem__(0, x[1]), UnsupportedError, "read-only"),
    "a diagonal": (lambda x: np.diagonal(x.reshape(3, 4) * 2).__setitem__(0, x[1]), UnsupportedError, "read-only"),
    "a moved view": (lambda x: written_around(x).__setitem__(0, x[1]), UnsupportedError, "read-only"),
    "an ndarray": (lambda x: np.add.at(np.zeros(2), [0], x[0]), LostGraphError, "ndarray"),
    "another ufunc": (lambda x: np.divide.at(x * 2, [0], x[0]), UnsupportedError, "divide.at"),
}


@together(("write", "error", "text"), REFUSED)
def test_what_cannot_be_written(write, error, text):
    with pytest.raises(error, match=text):
        tg.grad(lambda x: write(x).sum())(X)
    with pytest.raises(error, match=text):
        tg.jvp(write, (X,), (X,))


def test_the_callers_array_is_not_written():
    given = X.copy()
    tg.grad(lambda x: heat(x).sum())(given)
    assert given.tolist() == X.tolist()


def test_what_was_shared_with_an_ndarray_keeps_its_values():
    array = np.zeros(3)
    t = Tensor(array)
    t[0] = leaf([2.0])[0]
    assert (t.tolist(), array.tolist()) == ([2, 0, 0], [0, 0, 0])


def test_without_recording_memory_is_written_in_place():
    array = np.zeros(3)
    t = Tensor(array)
    view = t[1:]
    with tg.no_grad():
        view[0] = leaf([2.0])[0]
    assert (array.tolist(), t.tolist(), view.tolist()) == ([0, 2, 0], [0, 2, 0], [2, 0])


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy])
def test_a_copy_is_not_written(duplicate):
    y = leaf(X) * 2
    other = duplicate(y)
    y[0] = leaf([9.0])[0]
    assert other[0].item() == 2 * X[0]


def test_views_do_not_keep_each_other_alive():
    t = Tensor(np.zeros(1000))
    for i in range(1000):
        t[i:]
    assert len(t._family) == 1


def test_other_threads_share_no_family_by_accident():
    results = []

    def run():
        results.append(tg.grad(lambda x: through_views(x).sum())(X))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    for each in results:
        np.testing.assert_array_equal(each, results[0])


def views_of_threads(t):
    views = []
    threads = [threading.Thread(target=lambda: views.append(t[:2])) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return views


def test_first_views_of_two_threads_are_of_one_family():
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(300):
            t = Tensor(np.zeros(4))
            views = views_of_threads(t)
            t[0] = leaf([1.0])[0]
            assert [float(view.numpy()[0]) for view in views] == [1.0] * 4
    finally:
        sys.setswitchinterval(interval)


def test_what_was_repeated_is_written():
    def written(x):
        for many in (np.tile(x, (3, 1)), np.repeat(x[None], 3, axis=0), np.repeat(x[:1], 3)[:, None]):
            many[1] = x[2]
            yield many.sum()

    x = np.array([1.0, 2.0, 4.0])
    for here, there in zip(written(Tensor(x)), written(x)):
        np.testing.assert_array_equal(here.data, there)
    assert tg.gradcheck(lambda x: sum(total**2 for total in written(x)), x)


def test_lists_of_tensors_are_written():
    def moved(x):
        a, b = x * 1, x * 2
        a.put([0, 1], [x[2], x[3]])
        np.place(b, b > 0, [x[0], x[1]])
        return np.stack((a, b))

    x = np.array([1.0, -2.0, 3.0, 4.0])
    np.testing.assert_array_equal(moved(tg.Tensor(x)).data, [[3, 4, 3, 4], [1, -4, -2, 1]])
    assert tg.gradcheck(moved, x)
