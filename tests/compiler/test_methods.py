"""The methods and operators of Tensor in a compiled step; writes into Tensors that it made; what it refuses."""

import copy
import math

import numpy as np
import pytest

import tinygrad_like as tg
from tests.cases import together
from tests.compiler.agreeing import BACKENDS, by_backward, compiled, runs_compiled
from tinygrad_like.engine.methods import Methods

X = np.array([[0.5, -1.25, 2.0], [0.25, 3.0, -0.75]])
ROW = np.array([0.5, 1.5, -1.0])
ALONE = """abs all any argmax argmin argsort clip conj conjugate copy cos cumprod cumsum exp flatten max mean min prod
ravel relu round sigmoid sin squeeze std sum tanh transpose var __abs__ __neg__ __pos__"""
OF_TWO = """add sub mul truediv floordiv mod divmod radd rsub rmul rtruediv rfloordiv rmod rdivmod eq ne ge gt le lt"""
METHODS = {
    **{name: (lambda t, name=name: getattr(t, name)(), X) for name in ALONE.split()},
    **{name: (lambda t, name=name: getattr(t, name), X) for name in ("T", "mT", "imag", "real", "itemsize", "nbytes")},
    **{
        f"__{name}__": (lambda a, b, name=f"__{name}__": getattr(a, name)(b), X, np.abs(X) + 1)
        for name in OF_TWO.split()
    },
    "__pow__": (lambda a: a**2.0, X),
    "__rpow__": (lambda a: 2.0**a, X),
    "__matmul__": (lambda a, b: a @ b.T, X, X),
    "__rmatmul__": (lambda a, b: b.T @ a, X, X),
    "__getitem__": (lambda a: a[:, 1], X),
    "log": (lambda t: (t * t).log(), X),
    "sqrt": (lambda t: (t * t).sqrt(), X),
    "argpartition": (lambda t: t.argpartition(1), X),
    "astype": (lambda t: t.astype(np.float32), X),
    "choose": (lambda t: (t > 0).choose([t, -t]), X),
    "diagonal": (lambda t: t.diagonal(1), X),
    "dot": (lambda a, b: a.dot(b), X, ROW),
    "repeat": (lambda t: t.repeat(2, axis=0), X),
    "reshape": (lambda t: t.reshape(3, -1), X),
    "searchsorted": (lambda t: t.searchsorted(0.1), np.sort(ROW)),
    "swapaxes": (lambda t: t.swapaxes(0, 1), X),
    "take": (lambda t: t.take([1, 1], axis=1), X),
    "trace": (lambda t: t.trace(), X),
    "compress": (lambda t: t.compress([True, False, True], axis=1), X),
    "deepcopy": (lambda t: copy.deepcopy(t * 2), X),
    "detach": (lambda t: t.detach() * t, X),
}
# Into a Tensor that the step made itself.
WRITES = {
    "__iadd__": lambda t, b: in_place(t * 1, "__iadd__", b),
    "__isub__": lambda t, b: in_place(t * 1, "__isub__", b),
    "__imul__": lambda t, b: in_place(t * 1, "__imul__", b),
    "__itruediv__": lambda t, b: in_place(t * 1, "__itruediv__", b * b + 1),
    "__ipow__": lambda t, b: in_place(t * 1, "__ipow__", 2.0),
    "a row": lambda t, b: written(t * 1, 0, b),
    "a slice": lambda t, b: written(t * 1, (slice(None), slice(1, None)), b[:2]),
    "at numbers": lambda t, b: written(t * 1, (slice(None), np.array([0, 2, 2])), b),
    "one number where a mask holds": lambda t, b: written(t * 1, t > 0.3, b[0]),
    "a view": lambda t, b: viewed(t * 1, b),
    "fill": lambda t, b: done(t * 1, lambda x: x.fill(2.0)),
    "put": lambda t, b: done(t.detach() * 1, lambda x: x.put([0, 2], [5.0, 6.0])),
    "partition": lambda t, b: done(t.detach() * 1, lambda x: x.partition(1)),
    "sort": lambda t, b: done(t.detach() * 1, lambda x: x.sort()),
    "zeros": lambda t, b: written(np.zeros_like(t), (slice(None), 1), b[:2]),
}
OTHERS = {"flat", "nonzero", "resize"}  # they give what a program does not have, or do nothing but raise

pytestmark = pytest.mark.parametrize("backend", BACKENDS)


def in_place(x, name, other):
    return getattr(x, name)(other)


def written(x, index, value):
    x[index] = value
    return x * x


def viewed(x, value):
    row = x[1]
    row[1:] = value[1:] * 2
    return x * 3 + row


def done(x, change):
    change(x)
    return x * 2


@together("name", list(METHODS))
def test_methods(name, backend):
    function, *arrays = METHODS[name]
    exact = name not in ("prod", "cumprod")
    runs_compiled(
        by_backward(function), arrays, [x[..., ::-1].copy() * 1.5 for x in arrays], backend=backend, exact=exact
    )


@together("name", list(WRITES))
def test_writes(name, backend):
    runs_compiled(by_backward(WRITES[name]), [X, ROW], [-X, ROW * 2], backend=backend)


def test_every_method_is_tried(backend):
    assert {name for name in vars(Methods) if not name.startswith("_")} <= set(METHODS) | set(WRITES) | OTHERS


REFUSED = {
    "if": (lambda t: t if t.sum() > 0 else -t, "np.where"),
    "float": (lambda t: t * float(t[0]), "Leave float"),
    "item": (lambda t: t * t[0].item(), "traced once"),
    "tolist": (lambda t: t * t.tolist()[0], "traced once"),
    "int": (lambda t: t * int(t[0]), "traced once"),
    "range": (lambda t: [t * i for i in range((t[0] * 0 + 2).astype(int))], "np.take"),
    "mask": (lambda t: t[t > 0].sum(), "np.where"),
    "unique": (lambda t: np.unique(t), "np.sort"),
    "nonzero": (lambda t: np.nonzero(t), "np.where"),
    "where of one": (lambda t: np.where(t > 0), "np.where"),
    "extract": (lambda t: np.extract(t > 0, t), "np.where"),
    "compress": (lambda t: np.compress(t > 0, t), "np.where"),
    "repeat": (lambda t: np.repeat(t, (t > 0).astype(int)), "plain numbers"),
    "delete": (lambda t: np.delete(t, (t[0] * 0).astype(int)), "plain numbers"),
    "insert": (lambda t: np.insert(t, (t[0] * 0).astype(int), 1.0), "plain numbers"),
    "trim_zeros": (lambda t: np.trim_zeros(t), "slices"),
    "polymul": (lambda t: np.polymul(t, t), "np.convolve"),
    "polydiv": (lambda t: np.polydiv(t, t[:1]), "coefficients"),
    "union1d": (lambda t: np.union1d(t, t), "np.sort"),
    "intersect1d": (lambda t: np.intersect1d(t, t), "np.isin"),
    "bincount": (lambda t: np.bincount((t * 0).astype(int)), "minlength"),
    "bins by name": (lambda t: np.histogram(t, "auto")[0], "number of bins"),
    "piecewise": (lambda t: np.piecewise(t, [t > 0], [np.sin]), "np.where"),
    "allclose": (lambda t: t if np.allclose(t, 0) else -t, "np.all"),
    "math": (lambda t: t * math.sin(t[0]), "float"),
    "in": (lambda t: t * (0.5 in t), "np.where"),
    "a list": (lambda t: np.array([t[0], t[1]]), ""),
}


@pytest.mark.parametrize("kind", ["array", "Tensor"])
@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name, kind, backend):
    """Each names the user's line, and says what to write."""
    function, instead = REFUSED[name]
    if name == "piecewise" and kind == "array":
        pytest.skip("np.piecewise of arrays is one call in a program")
    step = compiled(lambda x: function(tg.Tensor(x) if kind == "Tensor" else x), backend=backend)
    with pytest.raises(tg.TraceError, match="In test_methods") as error:
        step(ROW)
    assert instead in str(error.value)
