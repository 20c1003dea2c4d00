"""What is refused says what to write instead: conversions by the user's line, functions and methods by one table."""

import math
import re
from math import cos

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tinygrad_like import Tensor
from tinygrad_like.engine import refusals
from tinygrad_like.engine.registry import NUMPY

X = np.array([1.0, 2.0])


def leaf(value=0.5):
    return Tensor(np.array(value), requires_grad=True)


def fill(t):
    a = np.zeros(3)
    a[0] = t


def fill_rows(t):
    a = np.zeros((2, 2))
    a[:, 0] = t


def fill_by_parts(t):
    a = np.zeros(3)
    a[1] += t * 2


# -- conversions, by the line ----------------------------------------------------------------------------------------

LINES = {
    "array": (lambda t: np.array([t, t * 2]), r"Write np\.stack\(\[t1, t2\]\) in place of np\.array"),
    "asarray": (lambda t: np.asarray([[t], [t]]), r"`import tinygrad_like\.numpy as np`"),
    "a list": (lambda t: np.sum([t, t]), r"Write np\.stack\(\[t1, t2\]\) in place of the list"),
    "math": (lambda t: math.sin(t), r"Write np\.sin\(t\)\."),
    "math by name": (lambda t: 1 + cos(t), r"Write np\.cos\(t\)\."),
    "math with another name": (lambda t: math.pow(2, t), r"Write np\.power\(t\)\."),
    "math without NumPy's": (lambda t: math.erf(t), r"Use NumPy's functions on the Tensor itself"),
    "an element": (fill, r"Write the elements into a Tensor, such as np\.zeros_like\(t\)"),
    "a slice": (fill_rows, r"collect them in a list for np\.stack"),
    "an element, in place": (fill_by_parts, r"Write the elements into a Tensor"),
    "full": (lambda t: np.full(3, t), r"whose functions take Tensors"),
    "arange": (lambda t: np.arange(t, 3), r"Write `import tinygrad_like\.numpy as np`, whose functions take Tensors"),
    "r_": (lambda t: np.r_[t, 1.0], r"whose functions take Tensors"),
    "vectorize": (lambda t: np.vectorize(abs)([t]), r"whose functions take Tensors"),
    "float": (lambda t: float(t), r"Leave the conversion out, or write t\.astype\(dtype\)"),
    "float64": (lambda t: np.float64(t), r"Leave the conversion out"),
    "random": (lambda t: np.random.default_rng(0).normal(t, 1), r"Write mean \+ deviation \* rng\.normal"),
    "ndarray.dot": (lambda t: X.dot(t), r"Write a @ t in place of a\.dot\(t\)"),
    "an operator": (lambda t: X * [t, t], r"Write np\.stack\(\[t1, t2\]\) in place of the list\."),
    "out=": (lambda t: np.sin(t, out=np.zeros(())), r"Make a new array"),
}


def raised(call, *args):
    """The error of a conversion; NumPy sets an element with an error of its own, raised from it."""
    with pytest.raises((tg.LostGraphError, ValueError)) as caught:
        call(*args)
    error = caught.value if isinstance(caught.value, tg.LostGraphError) else caught.value.__cause__
    assert isinstance(error, tg.LostGraphError)
    return str(error)


@together(("call", "instead"), LINES)
def test_a_conversion_says_what_to_write(call, instead):
    text = raised(call, leaf())
    assert re.search(instead, text)
    assert re.search(r"\n  In test_refusals\.py, line \d+: .*\bt\b", text)
    assert text.endswith("To leave the graph on purpose, write t.numpy(), t.item() or t.detach().")


def test_the_line_is_the_users_where_a_library_converts():
    plt = pytest.importorskip("matplotlib.figure")
    axes = plt.Figure().subplots()
    loss = leaf()
    for shown in ([loss, loss], leaf(X)):
        text = raised(axes.plot, shown)
        assert "test_refusals.py" in text
        assert "matplotlib takes values, not graphs: give it t.item()" in text
    axes.plot([loss.item()], leaf(X).numpy()[:1])
    assert "\n  pytest takes values, not graphs" in raised(lambda: pytest.approx(0.5) == loss)


def test_code_without_a_source_has_advice_too():
    names = {"np": np, "t": leaf(), "a": np.zeros(2)}
    text = raised(exec, "a[0] = t", names)
    assert "In " not in text.split("\n")[1]
    assert "Write the elements into a Tensor" in text
    assert "Use NumPy's functions on the Tensor itself" in raised(eval, "float(t)", names)


COMPARED = {
    "assert_allclose": lambda t: np.testing.assert_allclose(t, X * (1 + 1e-9)),
    "assert_allclose of a list": lambda t: np.testing.assert_allclose([t[0], t[1]], X),
    "assert_array_equal": lambda t: np.testing.assert_array_equal(X, t),
    "assert_equal": lambda t: np.testing.assert_equal(t, X),
    "assert_almost_equal": lambda t: np.testing.assert_almost_equal(t, X),
    "assert_almost_equal of numbers": lambda t: np.testing.assert_almost_equal(t[0], 1.0),
    "assert_array_less": lambda t: np.testing.assert_array_less(t, 3.0),
    "assert_array_almost_equal": lambda t: np.testing.assert_array_almost_equal(t, X),
    "assert_approx_equal": lambda t: np.testing.assert_approx_equal(t[1], 2.0),
    "assert_array_max_ulp": lambda t: np.testing.assert_array_max_ulp(t, X),
}


@together("compare", COMPARED)
def test_numpys_testing_only_reads(compare):
    compare(leaf(X))
    with pytest.raises(AssertionError, match=r"(?i)not.*equal|ordered|ULP"):
        compare(leaf(X * 5))


def test_a_conversion_in_what_numpys_testing_calls_is_an_error():
    with pytest.raises(tg.LostGraphError):
        np.testing.assert_raises(ZeroDivisionError, lambda: float(leaf()))


# -- functions ---------------------------------------------------------------------------------------------------------


def function_of(name):
    place, _, last = name.rpartition(".")
    return getattr(getattr(np, place) if place else np, last)


@together("name", list(refusals.REFUSED))
def test_only_what_is_refused_stands_in_the_table(name):
    assert function_of(name) not in NUMPY


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        (np.roots, r"A root r has the derivative .*; declare it with @operation"),
        (np.packbits, r"Bits have no derivative"),
    ],
)
def test_a_function_that_is_not_differentiable_says_what_to_write(call, instead):
    with pytest.raises(
        tg.UnsupportedError, match=rf"np\.[a-z.]+ is not differentiable here\.\n  .*{instead}"
    ) as caught:
        call(leaf(np.eye(2)))
    assert str(caught.value).endswith("or leave the graph with t.numpy().")


def test_what_to_write_in_place_of_other_functions():
    assert refusals.instead_of("nothing").startswith("Compose it of functions that are (docs/coverage.md), declare it")
    assert refusals.instead_of("hypot.reduceat").startswith("Write np.stack([np.hypot.reduce(x[i:j]), ...]), declare")
    assert refusals.instead_of("linalg.outer").startswith("Compose")


# -- methods -----------------------------------------------------------------------------------------------------------

HIDDEN = [name for name in dir(np.ndarray) if not name.startswith("_") and not hasattr(Tensor, name)]


@together("name", HIDDEN)
def test_a_method_that_only_ndarrays_have(name):
    t = leaf(X)
    assert not hasattr(t, name)
    assert getattr(t, name, None) is None
    with pytest.raises(tg.UnsupportedError, match=rf"A Tensor has no {name}\.\n  \w.*\.") as caught:
        getattr(t, name)
    assert isinstance(caught.value, AttributeError)


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("view", "Write t.reshape(shape), t.astype(dtype), or t[...] for the same values."),
        ("permute", "Write t.transpose(axes)."),
        ("cuda", "There are no devices here: leave it out."),
        ("tobytes", "Write t.numpy().tobytes for that of the values, outside the graph."),
        ("nbytes", "Write t.numpy().nbytes for that of the values, outside the graph."),
        ("cumsum", "Write np.cumsum(t)."),
    ],
)
def test_what_to_write_in_place_of_a_method(name, instead):
    assert refusals.instead_of_method(name) == instead


def test_a_tensor_has_what_it_has():
    assert HIDDEN
    assert leaf(X).sum().item() == 3.0
    assert "__getattr__" not in {name for kind in Tensor.__mro__ for name in vars(kind)}, "it would slow every look-up"
    with pytest.raises(AttributeError, match="no attribute 'nothing_like_this'"):
        leaf(X).nothing_like_this  # noqa: B018
