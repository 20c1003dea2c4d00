"""What has the derivative 0 wherever it has one: comparisons, rounding, positions of extremes, truths."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.kinds import as_ndarray
from ..engine.primitive import PLAIN
from ..engine.registry import OVER_AXES, elementwise, general
from ..engine.tensor import Tensor, wrap
from .samples import fractions, normal, one, truth

DTYPE: dict[str, Any] = {"options": {"dtype": None}, "by_position": 1}
pair, single, two_truths = (normal, normal), (fractions,), (truth, truth)

less = elementwise("less", np.less, "a b", sample=pair, symbol="<")
less_equal = elementwise("less_equal", np.less_equal, "a b", sample=pair, symbol="≤")
greater = elementwise("greater", np.greater, "a b", sample=pair, symbol=">")
greater_equal = elementwise("greater_equal", np.greater_equal, "a b", sample=pair, symbol="≥")
equal = elementwise("equal", np.equal, "a b", sample=pair, symbol="=")
not_equal = elementwise("not_equal", np.not_equal, "a b", sample=pair, symbol="≠")
floor_divide = elementwise("floor_divide", np.floor_divide, "a b", sample=pair, symbol="//")
heaviside = elementwise("heaviside", np.heaviside, "a b", sample=pair)
logical_and = elementwise("logical_and", np.logical_and, "a b", sample=pair, symbol="and")
logical_or = elementwise("logical_or", np.logical_or, "a b", sample=pair, symbol="or")
logical_xor = elementwise("logical_xor", np.logical_xor, "a b", sample=pair, symbol="xor")
logical_not = elementwise("logical_not", np.logical_not, "x", sample=single, symbol="not")
bitwise_and = elementwise("bitwise_and", np.bitwise_and, "a b", sample=two_truths, symbol="&")
bitwise_or = elementwise("bitwise_or", np.bitwise_or, "a b", sample=two_truths, symbol="|")
bitwise_xor = elementwise("bitwise_xor", np.bitwise_xor, "a b", sample=two_truths, symbol="^")
invert = elementwise("invert", np.invert, "x", sample=(truth,), symbol="~")
sign = elementwise("sign", np.sign, "x", sample=single)
signbit = elementwise("signbit", np.signbit, "x", sample=single)
floor = elementwise("floor", np.floor, "x", sample=single, symbol="floor")
ceil = elementwise("ceil", np.ceil, "x", sample=single, symbol="ceil")
trunc = elementwise("trunc", np.trunc, "x", sample=single)
rint = elementwise("rint", np.rint, "x", sample=single)
isnan = elementwise("isnan", np.isnan, "x", sample=single)
isinf = elementwise("isinf", np.isinf, "x", sample=single)
isfinite = elementwise("isfinite", np.isfinite, "x", sample=single)
argmax = general("argmax", np.argmax, "x", **OVER_AXES, sample=one(axis=1, keepdims=True), numpy=np.argmax)
argmin = general("argmin", np.argmin, "x", **OVER_AXES, sample=one(axis=1, keepdims=True), numpy=np.argmin)
argsort = general(
    "argsort",
    np.argsort,
    "x",
    options={"axis": -1, "stable": None},
    by_position=1,
    sample=one(axis=1),
    numpy=np.argsort,
)
all = general("all", np.all, "x", **OVER_AXES, sample=one(axis=1, keepdims=True), numpy=np.all)
any = general("any", np.any, "x", **OVER_AXES, sample=one(axis=1, keepdims=True), numpy=np.any)
count_nonzero = general("count_nonzero", np.count_nonzero, "x", **OVER_AXES, sample=one(axis=1), numpy=np.count_nonzero)
zeros_like = elementwise("zeros_like", np.zeros_like, "x", **DTYPE, sample=(normal,), numpy=np.zeros_like)
ones_like = elementwise("ones_like", np.ones_like, "x", **DTYPE, sample=(normal,), numpy=np.ones_like)


def compared(primitive: Any, a: Any, b: Any) -> Any:
    """`a == b` or `a != b` of a Tensor: what is no number is equal to none, as in NumPy."""
    if isinstance(b, Tensor) or b.__class__ in PLAIN or as_ndarray(b).dtype.kind in "fiubcmM":
        return primitive(a, b)
    answer = a._array == b if primitive is equal else a._array != b
    return wrap(np.asarray(answer)) if isinstance(answer, (np.ndarray, np.generic)) else answer
