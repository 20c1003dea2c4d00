"""What has the derivative 0 wherever it has one: comparisons, rounding, positions of extremes, truths."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.kinds import as_ndarray
from ..engine.primitive import PLAIN
from ..engine.registry import OVER_AXES, elementwise, general, ufunc
from ..engine.tensor import Tensor, wrap
from ..engine.traces import ndarray_of
from .samples import between, fractions, normal, one, several, truth

LIKE: dict[str, Any] = {
    "options": {"dtype": None, "order": "K", "subok": True, "shape": None, "device": None},
    "by_position": 4,
}
pair, single, two_truths = (normal, normal), (fractions,), (truth, truth)

less = ufunc(np.less, sample=pair, symbol="<")
less_equal = ufunc(np.less_equal, sample=pair, symbol="≤")
greater = ufunc(np.greater, sample=pair, symbol=">")
greater_equal = ufunc(np.greater_equal, sample=pair, symbol="≥")
equal = ufunc(np.equal, sample=pair, symbol="=")
not_equal = ufunc(np.not_equal, sample=pair, symbol="≠")
floor_divide = ufunc(np.floor_divide, sample=pair, flat=True, symbol="//")
logical_and = ufunc(np.logical_and, sample=pair, symbol="and")
logical_or = ufunc(np.logical_or, sample=pair, symbol="or")
logical_xor = ufunc(np.logical_xor, sample=pair, symbol="xor")
logical_not = ufunc(np.logical_not, sample=single, symbol="not")
bitwise_and = ufunc(np.bitwise_and, sample=two_truths, symbol="&")
bitwise_or = ufunc(np.bitwise_or, sample=two_truths, symbol="|")
bitwise_xor = ufunc(np.bitwise_xor, sample=two_truths, symbol="^")
invert = ufunc(np.invert, sample=(truth,), symbol="~")
sign = ufunc(np.sign, sample=single, flat=True)
signbit = ufunc(np.signbit, sample=single)
floor = ufunc(np.floor, sample=single, flat=True, symbol="floor")
ceil = ufunc(np.ceil, sample=single, flat=True, symbol="ceil")
trunc = ufunc(np.trunc, sample=single, flat=True)
rint = ufunc(np.rint, sample=single, flat=True)
fix = elementwise("fix", np.fix, "x", sample=single, flat=True)
round = elementwise(
    "round",
    np.round,
    "x",
    options={"decimals": 0},
    by_position=1,
    sample=single,
    flat=True,
    numpy=(np.round, np.around),
)
spacing = ufunc(np.spacing, sample=(between(1.1, 1.9),))
exponent = elementwise("exponent", lambda x: np.frexp(x)[1], "x", sample=(between(1.1, 1.9),))
isnan = ufunc(np.isnan, sample=single)
isinf = ufunc(np.isinf, sample=single)
isfinite = ufunc(np.isfinite, sample=single)
isposinf = elementwise("isposinf", np.isposinf, "x", sample=single)
isneginf = elementwise("isneginf", np.isneginf, "x", sample=single)
argmax = general("argmax", np.argmax, "x", **OVER_AXES, sample=one(axis=1, keepdims=True))
argmin = general("argmin", np.argmin, "x", **OVER_AXES, sample=one(axis=1, keepdims=True))
nanargmax = general("nanargmax", np.nanargmax, "x", **OVER_AXES, sample=one(axis=1, keepdims=True))
nanargmin = general("nanargmin", np.nanargmin, "x", **OVER_AXES, sample=one(axis=1, keepdims=True))
argsort = general(
    "argsort",
    np.argsort,
    "x",
    options={"axis": -1, "kind": None, "stable": None},
    by_position=2,
    sample=one(axis=1),
)
argpartition = general(
    "argpartition",
    np.argpartition,
    "x kth",
    options={"axis": -1, "kind": "introselect"},
    by_position=2,
    sample=lambda rng: iter([((normal(rng, (3, 7)), np.array([4, 1])), {"axis": 1})]),
)
all = general("all", np.all, "x", **OVER_AXES, sample=one(axis=1, keepdims=True))
any = general("any", np.any, "x", **OVER_AXES, sample=one(axis=1, keepdims=True))
count_nonzero = general("count_nonzero", np.count_nonzero, "x", **OVER_AXES, sample=one(axis=1))
zeros_like = general("zeros_like", np.zeros_like, "a", **LIKE, sample=several(((2, 3), {}), ((2,), {"shape": (4,)})))
ones_like = general("ones_like", np.ones_like, "a", **LIKE, sample=several(((2, 3), {}), ((2,), {"shape": (4,)})))


def compared(primitive: Any, a: Any, b: Any) -> Any:
    """`a == b` or `a != b` of a Tensor: what is no number is equal to none, as in NumPy."""
    if isinstance(b, Tensor) or b.__class__ in PLAIN or as_ndarray(b).dtype.kind in "fiubcmM":
        return primitive(a, b)
    answer = a._array == b if primitive is equal else a._array != b
    return wrap(ndarray_of(answer)) if isinstance(answer, (np.ndarray, np.generic)) else answer
