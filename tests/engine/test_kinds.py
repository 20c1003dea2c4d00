"""Other kinds of array: refused by name where they mean something else than an ndarray; pandas gives its values."""

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import Tensor

VALUES = np.array([[1.0, 2.0], [3.0, 4.0]])


class Quantity(np.ndarray):
    """An array with a unit, as of astropy, which has its own arithmetic."""

    def __array_ufunc__(self, *args, **options):
        return NotImplemented


class Labelled(np.ndarray):
    """An array that only carries a label."""

    label = "a"


OTHERS = {
    "numpy.matrix": lambda: VALUES.view(np.matrix),
    "numpy.ma.MaskedArray": lambda: np.ma.masked_array(VALUES, mask=VALUES > 2),
    "numpy.ma.MaskedArray, nothing masked": lambda: np.ma.masked_array(VALUES),
    "Quantity": lambda: VALUES.view(Quantity),
}
ENTRIES = {
    "Tensor": Tensor,
    "a list in Tensor": lambda a: Tensor([a, a]),
    "Parameter": tg.Parameter,
    "operand, left": lambda a: a * Tensor(VALUES, requires_grad=True),
    "operand, right": lambda a: Tensor(VALUES) * a,
    "@, left": lambda a: a @ Tensor(VALUES),
    "@, right": lambda a: Tensor(VALUES) @ a,
    "==": lambda a: Tensor(VALUES) == a,
    "ufunc": lambda a: np.add(Tensor(VALUES), a),
    "function": lambda a: np.stack([Tensor(VALUES), a]),
    "no primitive": lambda a: np.kron(a, Tensor(VALUES)),
    "recorded operand": lambda a: Tensor(VALUES, requires_grad=True) + a,
    "in place": lambda a: Tensor(VALUES.copy()).__iadd__(a),
    "index": lambda a: Tensor(VALUES)[a > 2],
    "assigned": lambda a: Tensor(VALUES.copy()).__setitem__(..., a),
    "data": lambda a: setattr(Tensor(VALUES.copy()), "data", a),
    "gradient": lambda a: Tensor(VALUES, requires_grad=True).copy().backward(a),
    "grad": lambda a: setattr(Tensor(VALUES, requires_grad=True), "grad", a),
    "out=": lambda a: np.add(Tensor(VALUES), 1, out=a),
    "out= of no primitive": lambda a: np.spacing(Tensor(VALUES), out=a),
    "an initial value": lambda a: tg.Linear(2, 2, init=lambda rng, shape, dtype: a),
    "tg.grad": tg.grad(lambda x: (x * x).sum()),
    "tg.vjp": lambda a: tg.vjp(lambda x: x * x, a),
    "a cotangent": lambda a: tg.vjp(lambda x: x * x, VALUES)[1](a),
    "tg.jvp": lambda a: tg.jvp(lambda x: x * x, (a,), (VALUES,)),
    "a tangent": lambda a: tg.jvp(lambda x: x * x, (VALUES,), (a,)),
    "what a function returns": lambda a: tg.grad(lambda x: a[:1, :1])(1.0),
    "tg.jacobian": tg.jacobian(lambda x: x * x),
    "Linear": tg.Linear(2, 3),
    "Tanh": tg.Tanh(),
    "Sigmoid": tg.Sigmoid(),
    "ReLU": tg.ReLU(),
    "sigmoid": tg.sigmoid,
    "softmax": tg.softmax,
    "logsumexp": tg.logsumexp,
    "linear": lambda a: tg.linear(VALUES, a),
    "mse": lambda a: tg.mse(VALUES, a),
    "logits": lambda a: tg.cross_entropy(a, [0, 1]),
    "Network": lambda a: tg.Network([2, 1]).feed_forward(a[0]),
}


@pytest.mark.parametrize("name", OTHERS)
@together("entry", ENTRIES)
def test_another_kind_of_array_is_refused_by_its_name(name, entry):
    other = OTHERS[name]()
    if name == "Quantity" and entry is ENTRIES["index"]:
        return
    # A masked array on the left asks the Tensor for an ndarray.
    names = name.split(",")[0].split(".")[-1] + "|ufunc|Converting to an ndarray"
    with pytest.raises((tg.DTypeError, TypeError), match=names):
        entry(other)
    np.testing.assert_array_equal(np.asarray(other), VALUES)


def test_masked_class_numbers_are_refused():
    with pytest.raises(tg.DTypeError, match="MaskedArray"):
        tg.cross_entropy(VALUES, np.ma.masked_array([0, 1], mask=[True, False]))
    with pytest.raises(tg.DTypeError, match="MaskedConstant"):
        Tensor(1.0) * np.ma.masked


def test_a_masked_array_on_the_left_keeps_its_mask():
    masked = np.ma.masked_array(VALUES, mask=VALUES > 2)
    product = masked * Tensor(VALUES)
    assert isinstance(product, np.ma.MaskedArray)
    np.testing.assert_array_equal(product.mask, VALUES > 2)


def test_the_error_says_what_to_write():
    with pytest.raises(tg.DTypeError, match=r"filled"):
        Tensor(np.ma.masked_array([1.0]))
    with pytest.raises(tg.DTypeError, match=r"np\.asarray"):
        Tensor(VALUES.view(np.matrix))


@pytest.mark.parametrize("kind", [np.memmap, np.recarray, Labelled])
def test_a_subclass_that_computes_as_an_ndarray_is_taken(kind, tmp_path):
    if kind is np.memmap:
        array = np.memmap(tmp_path / "values", float, "w+", shape=(2, 2))
        array[...] = VALUES
    else:
        array = VALUES.copy().view(kind)
    t = Tensor(array)
    assert type(t.data) is np.ndarray
    assert np.shares_memory(t.data, array)
    assert (array * t).tolist() == (t * array).tolist() == (VALUES * VALUES).tolist()
    assert tg.grad(lambda x: (x * x).sum())(array).tolist() == (2 * VALUES).tolist()
    np.add(t, 1, out=array)
    np.testing.assert_array_equal(t.data, VALUES + 1)


@pytest.fixture
def pandas():
    return pytest.importorskip("pandas", reason="pandas is not installed")


RECORDED = [False, True]


@pytest.mark.parametrize("recorded", RECORDED)
def test_a_series_beside_a_tensor_gives_its_values(pandas, recorded):
    values = np.array([1.0, 2.0, 4.0])
    series, t = pandas.Series(values, index=[7, 8, 9]), Tensor([2.0, 4.0, 8.0], requires_grad=recorded)
    for f in (
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a / b,
        lambda a, b: a**b,
        lambda a, b: a % b,
        lambda a, b: np.add(a, b),
        lambda a, b: np.maximum(a, b),
        lambda a, b: np.stack([a, b]),
        lambda a, b: tg.mse(a, b),
        lambda a, b: np.where(a > 1, a, b),
    ):
        for got, expected in ((f(series, t), f(values, t)), (f(t, series), f(t, values))):
            assert isinstance(got, Tensor)
            assert got.requires_grad == expected.requires_grad == recorded
            np.testing.assert_array_equal(got.data, expected.data)
    assert (series == t).tolist() == (t == series).tolist() == [False] * 3
    assert (t[series > 1]).tolist() == [4.0, 8.0]


@pytest.mark.parametrize("recorded", RECORDED)
def test_a_frame_beside_a_tensor_gives_its_values(pandas, recorded):
    frame, t = pandas.DataFrame(VALUES, columns=["a", "b"]), Tensor(VALUES + 1, requires_grad=recorded)
    np.testing.assert_array_equal((frame * t).data, VALUES * (VALUES + 1))
    np.testing.assert_array_equal((t @ frame).data, (VALUES + 1) @ VALUES)
    if recorded:
        with pytest.raises(tg.LostGraphError):
            frame @ t
    else:
        np.testing.assert_array_equal(np.asarray(frame @ t), VALUES @ (VALUES + 1))


def test_pandas_as_data(pandas):
    series, frame = pandas.Series([1.0, 2.0]), pandas.DataFrame(VALUES.astype(np.uint8))
    assert Tensor(series).tolist() == [1.0, 2.0]
    assert Tensor(frame, dtype=float).tolist() == VALUES.tolist()
    layer = tg.Linear(2, 3, seed=0)
    for data in (series, frame):
        np.testing.assert_allclose(layer(data).data, layer(np.asarray(data)).data, rtol=1e-15)
    assert tg.softmax(frame).tolist() == tg.softmax(VALUES).tolist()
    assert tg.cross_entropy(Tensor(VALUES), pandas.Series([0, 1])) == tg.cross_entropy(VALUES, [0, 1])
    gradient = tg.grad(lambda x: (x * x).sum())(series)
    assert isinstance(gradient, np.ndarray)
    assert gradient.tolist() == [2.0, 4.0]
    t = Tensor([0.0, 0.0])
    t[...] = series
    assert t.tolist() == [1.0, 2.0]


def test_pandas_without_numbers_is_refused(pandas):
    for data in (pandas.Series(["a", "b"]), pandas.DataFrame({"a": [1.0], "b": ["x"]})):
        with pytest.raises(tg.DTypeError):
            Tensor(1.0) * data
        with pytest.raises(tg.DTypeError):
            Tensor(data)
