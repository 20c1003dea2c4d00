"""Polynomials as their coefficients, the highest power first."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.complex_numbers import CONTINUOUS, conjugated
from ..engine.errors import ArgumentError, ShapeError, UnsupportedError
from ..engine.registry import implements
from ..engine.shortcuts import refuse, require
from ..engine.tensor import as_array, values_of
from .creating import alike, with_axes
from .totals import squared

NUMBERS = "fiubc"


@implements(np.vander)
@block()
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """`np.vander`: the powers N - 1 ... 0 of each value, in a row."""
    x = as_array(x)
    if x.ndim != 1:
        raise ShapeError(f"vander takes a sequence, but got the shape {x.shape}.", "Write x.ravel().")
    count = x.shape[0] if N is None else operator.index(N)
    x = x.astype(np.promote_types(x.dtype, int), copy=False)
    if count < 1:
        return np.zeros_like(x, shape=(x.shape[0], max(count, 0)))
    powers = [np.ones_like(x)]
    for _ in range(count - 1):
        powers.append(powers[-1] * x if len(powers) > 1 else x)
    return np.stack(powers if increasing else powers[::-1], axis=1)


@implements(np.polyval)
@block()
def polyval(p: Any, x: Any) -> Any:
    """`np.polyval`: p[0] x^(n-1) + ... + p[n-1], by Horner's scheme."""
    p, x = alike((as_array(p), as_array(x)))
    y = np.zeros_like(x)
    for i in range(p.shape[0]):
        y = y * x + p[i]
    return y


def order_of(m: Any, what: str) -> int:
    if int(m) < 0:
        raise ArgumentError(f"The order of a {what} cannot be {m}.", "Write 0 or more.")
    return int(m)


@implements(np.polyder)
@block()
def polyder(p: Any, m: int = 1) -> Any:
    """`np.polyder`: the coefficients of the derivative of order m."""
    p = as_array(p)
    for _ in range(order_of(m, "derivative")):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1)
    return p


@implements(np.polyint)
@block()
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """`np.polyint`: the coefficients of the integral of order m, with these constants."""
    p, order = as_array(p), order_of(m, "integral")
    constants = with_axes(as_array(np.zeros(1) if k is None else k), 1)
    if constants.shape[0] == 1 and order > 1:
        constants = np.broadcast_to(constants, (order,))
    if constants.shape[0] < order:
        raise ArgumentError(f"polyint of order {order} takes {order} constants, but got {constants.shape[0]}.")
    for i in range(order):
        p = np.concatenate((p / np.arange(p.shape[0], 0, -1), constants[i : i + 1]))
    return p


def aligned(a: Any, b: Any) -> tuple[Any, Any]:
    """Two polynomials with as many coefficients: zeros stand in front of the shorter."""
    a, b = (with_axes(as_array(each), 1) for each in (a, b))
    more = b.shape[0] - a.shape[0]
    return np.pad(a, (max(more, 0), 0)), np.pad(b, (max(-more, 0), 0))


@implements(np.polyadd)
@block()
def polyadd(a1: Any, a2: Any) -> Any:
    """`np.polyadd`: the sum of two polynomials."""
    return np.add(*aligned(a1, a2))


@implements(np.polysub)
@block()
def polysub(a1: Any, a2: Any) -> Any:
    """`np.polysub`: the difference of two polynomials."""
    return np.subtract(*aligned(a1, a2))


@implements(np.polymul)
@block()
def polymul(a1: Any, a2: Any) -> Any:
    """`np.polymul`: the product of two polynomials, without leading zeros of these."""
    return product(*(without_leading_zeros(with_axes(as_array(each), 1)) for each in (a1, a2)))


def without_leading_zeros(p: Any) -> Any:
    refuse("np.polymul", "Write np.convolve(a1, a2).")
    short = np.trim_zeros(p, "f")
    return short if short.shape[0] else np.zeros_like(p, shape=(1,))


def product(a: Any, b: Any) -> Any:
    """The sums of a[i] b[j] with the same i + j: a table in which each row stands one further right than the last."""
    rows, columns = a.shape[0], b.shape[0]
    table = np.pad(np.multiply(a[:, None], b), ((0, 0), (0, rows)))
    shifted = np.reshape(np.ravel(table)[: rows * (rows + columns - 1)], (rows, rows + columns - 1))
    return np.sum(shifted, axis=0).astype(table.dtype, copy=False)


@implements(np.polydiv)
def polydiv(u: Any, v: Any) -> tuple[Any, Any]:
    """`np.polydiv`: the quotient and the remainder of two polynomials, which keeps what rounding leaves in front."""
    refuse("np.polydiv", "Write np.linalg.solve of the coefficients of a product.")
    u, v = (with_axes(as_array(each), 1) + 0.0 for each in (u, v))
    steps = u.shape[0] - v.shape[0] + 1
    rest = u.astype(np.result_type(u, v), copy=False)
    quotient = []
    for i in range(steps):
        quotient.append(np.divide(1.0, v[0]) * rest[i])
        rest = rest - np.pad(quotient[i] * v, (i, steps - 1 - i))
    zero = np.zeros_like(rest, shape=(1,))
    while rest.shape[0] > 1 and np.allclose(rest[0], 0, rtol=1e-14):
        rest = rest[1:]
    return alike((np.stack(quotient) if quotient else zero, rest if rest.shape[0] else zero))


@implements(np.poly)
@block()
def poly(seq_of_zeros: Any) -> Any:
    """`np.poly`: the polynomial with these zeros, and with the leading coefficient 1."""
    zeros = with_axes(as_array(seq_of_zeros), 1)
    if zeros.dtype.kind not in CONTINUOUS:
        raise UnsupportedError(f"np.poly is differentiable for floats, but got {zeros.dtype}.")
    if zeros.ndim == 2:
        return characteristic(zeros)
    if not zeros.shape[0]:
        return 1.0
    p = np.ones_like(zeros, shape=(1,))
    for i in range(zeros.shape[0]):
        p = np.pad(p, (0, 1)) - np.pad(p * zeros[i], (1, 0))
    return np.real(p) if in_pairs(zeros) else p


def in_pairs(zeros: Any) -> bool:
    """Whether complex zeros and their conjugates are the same, so that NumPy gives real coefficients."""
    if zeros.dtype.kind != "c":
        return False
    refuse("np.poly of complex zeros", "Multiply (x - zero) one after the other, with np.convolve.", "dtype")
    values = values_of(zeros)
    return bool(np.all(np.sort(values) == np.sort(np.conjugate(values))))


def characteristic(a: Any) -> Any:
    """The characteristic polynomial of a matrix, without its eigenvalues: by the method of Faddeev and LeVerrier."""
    if a.shape[0] != a.shape[1]:
        raise ShapeError(f"poly takes a square matrix, but got shape {a.shape}.")
    rest = np.eye(a.shape[0], dtype=a.dtype)
    p = [np.ones_like(a, shape=())]
    for k in range(1, a.shape[0] + 1):
        product = np.matmul(a, rest)
        p.append(-np.trace(product) / k)
        rest = product + p[k] * np.eye(a.shape[0], dtype=a.dtype)
    return np.stack(p)


@implements(np.polyfit)
@block()
def polyfit(x: Any, y: Any, deg: Any, rcond: Any = None, full: bool = False, w: Any = None, cov: Any = False) -> Any:
    """`np.polyfit`: the coefficients for which the sum of the squared errors is least."""
    if full or cov or rcond is not None or any(as_array(each).dtype.kind not in NUMBERS for each in (x, y)):
        raise UnsupportedError("np.polyfit with full=, cov= or rcond= is not differentiable here.", "Leave them out.")
    x, y = as_array(x) + 0.0, as_array(y) + 0.0
    if x.ndim != 1 or y.ndim not in (1, 2) or not x.size or x.shape[0] != y.shape[0]:
        raise ShapeError(f"polyfit takes x (n,) and y (n,) or (n, k), but got {x.shape} and {y.shape}.")
    if operator.index(deg) < 0:
        raise ArgumentError(f"The degree of a polynomial cannot be {deg}.", "Write 0 or more.")
    table = np.vander(x, deg + 1)
    if w is not None:
        weights = (as_array(w) + 0.0)[:, None]
        table, y = table * weights, y * (weights if y.ndim == 2 else weights[:, 0])
    return least_squares(table, y)


def least_squares(a: Any, b: Any) -> Any:
    """The x for which |a x - b| is least, if the columns of a are independent.

    They are combined so that they are orthonormal, by numbers that any derivative may take for constants.
    """
    values = values_of(a)
    size = np.sqrt(np.sum(squared(values), axis=0))
    rank = np.linalg.matrix_rank(values / size, rtol=len(values) * np.finfo(values.dtype).eps)
    text = "np.polyfit of fewer different points than coefficients is not differentiable."
    require(np.equal(rank, values.shape[1]), lambda: UnsupportedError(text, "Lower the degree."), text)
    combined = np.linalg.inv(np.linalg.qr(values / size)[1]) / size[:, None]
    q = np.matmul(a, combined)
    across = conjugated(q.T)
    return np.matmul(combined, np.linalg.solve(np.matmul(across, q), np.matmul(across, b)))
