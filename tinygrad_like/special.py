"""scipy.special, whose functions take Tensors: pip install 'tinygrad_like[scipy]'.

Most functions of scipy.special are ufuncs, which dispatch by themselves: `scipy.special.erf(t)` is recorded. Here they
have the same names. Those that SciPy writes in Python, and that cannot dispatch, are defined here: `logsumexp`,
`softmax`, `log_softmax`, `polygamma`, `multigammaln`. docs/coverage.md says which functions are differentiable.

>>> import numpy as np
>>> import tinygrad_like as tg
>>> round(tg.grad(tg.special.gammaln)(1.0), 4)  # minus Euler's constant
-0.5772
>>> tg.grad(lambda x: tg.special.logsumexp(x, b=np.array([3.0, 1.0])))(np.zeros(2))
array([0.75, 0.25])
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .engine.errors import ArgumentError, MissingError, UnsupportedError
from .engine.scipy_loading import scipy_special
from .engine.shortcuts import require
from .engine.tensor import Tensor, as_array
from .functions import networks

__all__ = ["log_softmax", "logsumexp", "multigammaln", "polygamma", "softmax"]

Axis = int | tuple[int, ...] | None


def __getattr__(name: str) -> Any:
    if name.startswith("__") or not hasattr(scipy_special(), name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(scipy_special(), name)


def __dir__() -> list[str]:
    try:
        return sorted({*globals(), *scipy_special().__all__})
    except MissingError:
        return sorted(globals())


def detached(x: Any) -> Any:
    return x.detach() if isinstance(x, Tensor) else x


def logsumexp(a: Any, axis: Axis = None, b: Any = None, keepdims: bool = False, return_sign: bool = False) -> Any:
    """log(sum(b * exp(a))) over `axis` (None: all), without overflow. `b` are weights, which broadcast with `a`.

    With `return_sign`, the result is a pair: the logarithm of the size of the sum, and its sign. Without it, a negative
    sum gives nan.

    >>> logsumexp(np.array([1000.0, 1000.0]), b=np.array([3.0, -1.0])).round(4)
    np.float64(1000.6931)
    """
    a = as_array(a)
    if b is None and a.dtype.kind != "c":
        result = networks.logsumexp(a, axis, keepdims)
        size = detached(result)
        sign = np.where(np.isnan(size), size, np.where(size == -np.inf, 0.0, 1.0))
        return (result, sign.astype(result.dtype)) if return_sign else result
    if return_sign and (a.dtype.kind == "c" or as_array(b).dtype.kind == "c"):
        raise UnsupportedError("return_sign is for real sums.", "Leave it out: the logarithm is complex, then.")
    b = 1.0 if b is None else b
    # A number does not widen an array of float32.
    b = np.asarray(b, np.result_type(a.dtype, b)) if isinstance(b, (int, float, complex)) else as_array(b)
    return weighted(a, b, axis, keepdims, return_sign)


def weighted(a: Any, b: Any, axis: Axis, keepdims: bool, return_sign: bool) -> Any:
    a = np.where((b == 0) & np.isinf(a), -np.inf, a)
    top = np.max(np.where(b == 0, -np.inf, np.real(detached(a))), axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0).astype(np.real(a).dtype)
    with np.errstate(over="ignore"):
        shares = np.exp(a - top)
    if shares.dtype.kind != "c":
        # One that does not count may be too large: times 0, it is to be 0, and no nan.
        shares = np.where(b == 0, np.minimum(shares, np.finfo(shares.dtype).max), shares)
    total = np.sum(b * shares, axis=axis, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.log(np.abs(total) if return_sign else total) + detached(top)
    results = (size, np.sign(detached(total))) if return_sign else (size,)
    if not keepdims:
        results = tuple(np.squeeze(each, axis=axis) for each in results)
    return results if return_sign else results[0]


def softmax(x: Any, axis: Axis = None) -> Any:
    """exp(x) / sum(exp(x)) over `axis`, which may be several; None: over all elements.

    >>> softmax(np.zeros((2, 2)))
    array([[0.25, 0.25],
           [0.25, 0.25]])
    """
    return over_axes(networks.softmax, as_array(x), axis)


def log_softmax(x: Any, axis: Axis = None) -> Any:
    """The logarithm of `softmax`.

    >>> log_softmax(np.zeros((2, 2))).round(4)
    array([[-1.3863, -1.3863],
           [-1.3863, -1.3863]])
    """
    return over_axes(networks.log_softmax, as_array(x), axis)


def over_axes(function: Any, x: Any, axis: Axis) -> Any:
    """A function along one axis, of several: they are made the last one, and put back."""
    if isinstance(axis, int):
        return function(x, axis)
    axes = tuple(range(x.ndim)) if axis is None else axis
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    flat = moved.reshape(*moved.shape[: x.ndim - len(axes)], -1) if moved.size else moved
    return np.moveaxis(function(flat, -1).reshape(moved.shape), last, axes)


def polygamma(n: Any, x: Any) -> Any:
    """The n-th derivative of psi: (-1)ⁿ⁺¹ n! zeta(n + 1, x), or psi for n = 0 (DLMF 5.15.1). n is a constant.

    Raises UnsupportedError if n is recorded.

    >>> round(float(polygamma(1, 1.0) / np.pi**2), 4)
    0.1667
    """
    if isinstance(n, Tensor):
        if n.requires_grad:
            raise UnsupportedError("polygamma is not differentiable in n, a whole number.", "Write n.detach().")
        n = n.numpy()
    special, n, x = scipy_special(), np.asarray(n), as_array(x)
    if n.ndim == 0:
        order = float(n)
        sign = (-1.0) ** (order + 1)
        return special.zeta(order + 1, x) * (sign * float(special.gamma(order + 1))) if order else special.psi(x)
    factor = (-1.0) ** (n + 1) * special.gamma(n + 1.0)
    return np.where(n == 0, special.psi(x), factor * special.zeta(n + 1.0, x))


def multigammaln(a: Any, d: int) -> Any:
    """The logarithm of the gamma function of dimension d: d(d-1)/4 ln π + Σ gammaln(a - j/2) for j < d.

    Raises ArgumentError unless d is a whole number, and 2a > d - 1 everywhere.

    >>> multigammaln(2.0, 1)
    np.float64(0.0)
    """
    special, a = scipy_special(), as_array(a)
    if int(d) != d or d < 1:
        raise ArgumentError(f"d is a dimension, but got {d!r}.", "Write a whole number, at least 1.")
    need = f"multigammaln of dimension {d} needs a > {(d - 1) / 2}."
    require(np.all(2 * a > d - 1), lambda: ArgumentError(need, "Write a larger a, or a smaller d."), need)
    total = special.gammaln(a)
    for j in range(1, int(d)):
        total = total + special.gammaln(a - j / 2)
    return total + d * (d - 1) / 4 * float(np.log(np.pi))
