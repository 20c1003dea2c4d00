"""Choosing between values: where, maximum, minimum; and comparisons, which have no derivative."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.kinds import as_ndarray
from ..engine.primitive import PLAIN, constant, elementwise
from ..engine.tensor import Tensor, wrap
from .samples import fractions, normal, one, truth


def unless(less: Any, a: Any, b: Any, weak: Any, g: Any) -> Any:
    """g; but 0 where `less`, or only `weak` is nan; g/2 where a and b are equal or both nan; also if g is infinite."""
    nan = np.isnan(weak)
    lost = less | (nan & ((a == a) | (b == b)))
    return np.where(lost, 0, np.where((a == b) | nan, 0.5 * g, g))


def if_greater(g: Any, a: Any, b: Any) -> Any:
    """The share of a in the larger of a and b. What is nan wins."""
    return unless(a < b, a, b, b, g)


def where_condition(condition: Any, a: Any, b: Any) -> Any:
    return np.where(condition, a, b)


def if_less(g: Any, a: Any, b: Any) -> Any:
    return unless(a > b, a, b, b, g)


def if_greater_or_alone(g: Any, a: Any, b: Any) -> Any:
    """The same, but what is nan loses."""
    return unless(a < b, a, b, a, g)


def if_less_or_alone(g: Any, a: Any, b: Any) -> Any:
    return unless(a > b, a, b, a, g)


where = elementwise(
    "where",
    where_condition,
    "condition a b",
    (
        None,
        lambda g, condition: np.where(condition, g, 0),
        lambda g, condition: np.where(condition, 0, g),
    ),
    sample=(truth, normal, normal),
    symbol="where",
    chooses=True,
)
maximum = elementwise(
    "maximum",
    np.maximum,
    "a b",
    (lambda g, a, b: if_greater(g, a, b), lambda g, a, b: if_greater(g, b, a)),
    sample=(normal, normal),
    symbol="max",
    chooses=True,
)
minimum = elementwise(
    "minimum",
    np.minimum,
    "a b",
    (lambda g, a, b: if_less(g, a, b), lambda g, a, b: if_less(g, b, a)),
    sample=(normal, normal),
    symbol="min",
    chooses=True,
)
fmax = elementwise(
    "fmax",
    np.fmax,
    "a b",
    (lambda g, a, b: if_greater_or_alone(g, a, b), lambda g, a, b: if_greater_or_alone(g, b, a)),
    sample=(normal, normal),
    symbol="fmax",
    chooses=True,
)
fmin = elementwise(
    "fmin",
    np.fmin,
    "a b",
    (lambda g, a, b: if_less_or_alone(g, a, b), lambda g, a, b: if_less_or_alone(g, b, a)),
    sample=(normal, normal),
    symbol="fmin",
    chooses=True,
)

pair, single, two_truths = (normal, normal), (fractions,), (truth, truth)

less = constant("less", np.less, "a b", sample=pair, symbol="<")
less_equal = constant("less_equal", np.less_equal, "a b", sample=pair, symbol="≤")
greater = constant("greater", np.greater, "a b", sample=pair, symbol=">")
greater_equal = constant("greater_equal", np.greater_equal, "a b", sample=pair, symbol="≥")
equal = constant("equal", np.equal, "a b", sample=pair, symbol="=")
not_equal = constant("not_equal", np.not_equal, "a b", sample=pair, symbol="≠")
floor_divide = constant("floor_divide", np.floor_divide, "a b", sample=pair, symbol="//")
heaviside = constant("heaviside", np.heaviside, "a b", sample=pair)
logical_and = constant("logical_and", np.logical_and, "a b", sample=pair, symbol="and")
logical_or = constant("logical_or", np.logical_or, "a b", sample=pair, symbol="or")
logical_xor = constant("logical_xor", np.logical_xor, "a b", sample=pair, symbol="xor")
logical_not = constant("logical_not", np.logical_not, "x", sample=single, symbol="not")
bitwise_and = constant("bitwise_and", np.bitwise_and, "a b", sample=two_truths, symbol="&")
bitwise_or = constant("bitwise_or", np.bitwise_or, "a b", sample=two_truths, symbol="|")
bitwise_xor = constant("bitwise_xor", np.bitwise_xor, "a b", sample=two_truths, symbol="^")
invert = constant("invert", np.invert, "x", sample=(truth,), symbol="~")
sign = constant("sign", np.sign, "x", sample=single)
signbit = constant("signbit", np.signbit, "x", sample=single)
floor = constant("floor", np.floor, "x", sample=single, symbol="floor")
ceil = constant("ceil", np.ceil, "x", sample=single, symbol="ceil")
trunc = constant("trunc", np.trunc, "x", sample=single)
rint = constant("rint", np.rint, "x", sample=single)
isnan = constant("isnan", np.isnan, "x", sample=single)
isinf = constant("isinf", np.isinf, "x", sample=single)
isfinite = constant("isfinite", np.isfinite, "x", sample=single)


def _argmax(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.argmax(x, axis=axis, keepdims=keepdims)


def _argmin(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.argmin(x, axis=axis, keepdims=keepdims)


def _argsort(x: Any, axis: Any = -1, *, stable: Any = None) -> Any:
    return np.argsort(x, axis=axis, stable=stable)


def _all(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.all(x, axis=axis, keepdims=keepdims)


def _any(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.any(x, axis=axis, keepdims=keepdims)


def _count_nonzero(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    return np.count_nonzero(x, axis=axis, keepdims=keepdims)


def _zeros_like(x: Any, dtype: Any = None) -> Any:
    return np.zeros_like(x, dtype=dtype)


def _ones_like(x: Any, dtype: Any = None) -> Any:
    return np.ones_like(x, dtype=dtype)


argmax = constant("argmax", _argmax, "x", sample=one(axis=1, keepdims=True), numpy=np.argmax)
argmin = constant("argmin", _argmin, "x", sample=one(axis=1, keepdims=True), numpy=np.argmin)
argsort = constant("argsort", _argsort, "x", sample=one(axis=1), numpy=np.argsort)
all = constant("all", _all, "x", sample=one(axis=1, keepdims=True), numpy=np.all)
any = constant("any", _any, "x", sample=one(axis=1, keepdims=True), numpy=np.any)
count_nonzero = constant("count_nonzero", _count_nonzero, "x", sample=one(axis=1), numpy=np.count_nonzero)
zeros_like = constant("zeros_like", _zeros_like, "x", sample=one(), numpy=np.zeros_like)
ones_like = constant("ones_like", _ones_like, "x", sample=one(), numpy=np.ones_like)


def compared(primitive: Any, a: Any, b: Any) -> Any:
    """`a == b` or `a != b` of a Tensor: what is no number is equal to none, as in NumPy."""
    if isinstance(b, Tensor) or b.__class__ in PLAIN or as_ndarray(b).dtype.kind in "fiubcmM":
        return primitive(a, b)
    answer = a._array == b if primitive is equal else a._array != b
    return wrap(np.asarray(answer)) if isinstance(answer, (np.ndarray, np.generic)) else answer
