"""Contractions: matmul; linear, the affine map of a layer; contract, a product of two arrays in einsum; convolve."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.registry import multilinear
from ..engine.traces import ndarray_of
from .integers import floats
from .samples import Case, Rng, arrays, either, normal


def rows(x: Any) -> Any:
    """All leading axes joined into one; written out, because -1 is ambiguous for empty arrays."""
    if x.ndim == 1:
        return x.reshape(1, -1)
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def matmul_left(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of a in a @ b: g @ bᵀ, and its vector cases."""
    if b.ndim == 1:
        return g[..., None] * b
    if a.ndim == 1:
        return (b @ g[..., None])[..., 0]
    return g @ b.swapaxes(-1, -2)


def matmul_right(g: Any, a: Any, b: Any) -> Any:
    """The cotangent of b in a @ b: aᵀ @ g, and its vector cases."""
    if a.ndim == 1:
        return a[:, None] * g[..., None, :] if b.ndim > 1 else g * a
    if b.ndim == 1:
        return (a.swapaxes(-1, -2) @ g[..., None])[..., 0]
    if b.ndim == 2 and a.ndim > 2:
        # One product over all batches, instead of one each and their sum.
        return rows(a).T @ rows(g)
    return a.swapaxes(-1, -2) @ g


def linear_weight(g: Any, x: Any, *, out: Any = None) -> Any:
    """gᵀ @ x over all leading axes at once."""
    left, right = rows(g).T, rows(x)
    return left.dot(right) if out is None or out.dtype is not left.dtype else left.dot(right, out)


def times(x: Any, matrix: Any) -> Any:
    """x @ matrix as one product of all rows; `@` makes one for each matrix in x, and costs more if they are small."""
    return x.dot(matrix) if x.ndim < 3 else rows(x).dot(matrix).reshape(*x.shape[:-1], matrix.shape[1])


def _linear(x: Any, weight: Any, bias: Any = None) -> Any:
    x = ndarray_of(x)
    if not x.ndim:
        raise ValueError("the input needs an axis of features")
    y = times(x, weight.T)
    if y.dtype.kind in "iub":
        y = times(floats(x), floats(weight).T)
    if bias is None:
        return y
    if bias.dtype is y.dtype and y.ndim:
        y += bias
        return y
    return y + bias


def grouped(x: Any, letters: str, batch: str, *groups: str) -> Any:
    """x with the axes of `batch` first, then one axis for the letters of each group."""
    x = x.transpose([letters.index(letter) for letter in batch + "".join(groups)])
    ends = itertools.accumulate(map(len, groups), initial=len(batch))
    joined = [math.prod(x.shape[start:stop]) for start, stop in itertools.pairwise(ends)]
    return x.reshape(*x.shape[: len(batch)], *joined)


def _contract(a: Any, b: Any, *, left: str = "", right: str = "", result: str = "") -> Any:
    """`np.einsum(f"{left},{right}->{result}", a, b)` by matmul. No letter stands twice in an array, or in only one."""
    batch, summed = ("".join(x for x in left if x in right and (x in result) is kept) for kept in (True, False))
    rows, columns = ("".join(x for x in result if x in own and x not in batch) for own in (left, right))
    sizes = dict(zip(left + right, a.shape + b.shape))
    a, b = grouped(a, left, batch, rows, summed), grouped(b, right, batch, summed, columns)
    order = batch + rows + columns
    y = (a @ b if summed else a * b).reshape([sizes[x] for x in order])
    return y.transpose([order.index(x) for x in result])


def convolve_rule(g: Any, other: Any, in_shape: tuple[int, ...], mode: str) -> Any:
    """A convolution with the other one reversed; of g, if this one is the shorter."""
    if mode == "full":
        return convolve(g, other[::-1], mode="valid")
    if in_shape[0] >= other.shape[0]:
        return convolve(g, other[::-1])
    return convolve(other, g[::-1], mode="valid")[::-1]


def contract_cases(rng: Rng) -> Iterator[Case]:
    for left, right, result in (
        ("bij", "bjk", "bik"),
        ("ij", "jk", "ki"),
        ("dabc", "cbde", "eda"),
        ("i", "j", "ji"),
        ("ij", "ji", "ij"),
        ("ij", "ij", ""),
        ("ib", "b", "ib"),
        ("", "i", "i"),
    ):
        sizes = {"a": 2, "b": 2, "c": 3, "d": 1, "e": 2, "i": 3, "j": 2, "k": 4}
        shapes = [tuple(sizes[letter] for letter in letters) for letters in (left, right)]
        yield (
            tuple(normal(rng, shape) for shape in shapes),
            {"left": left, "right": right, "result": result},
        )
    yield (normal(rng, (2, 0)), normal(rng, (0, 3))), {"left": "ij", "right": "jk", "result": "ik"}


def linear_cases(rng: Rng) -> Iterator[Case]:
    for shape in ((5, 3), (3,), (2, 4, 3), (0, 3)):
        yield (normal(rng, shape), normal(rng, (2, 3)), normal(rng, (2,))), {}
        yield (normal(rng, shape), normal(rng, (2, 3))), {}


matmul = multilinear(
    "matmul",
    np.matmul,
    "a b",
    (matmul_left, matmul_right),
    sample=either(
        arrays(((2, 3), (3, 4)), ((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 0), (0, 3))),
        arrays(((5, 2, 3), (3, 4)), ((2, 1, 2, 3), (4, 3, 2)), ((5, 2, 3), (3,)), ((3,), (5, 3, 2))),
    ),
    symbol="@",
    formulas={"y": "a b", "a": "g bᵀ", "b": "aᵀ g"},
    multiply_adds=lambda y, a, b: y.size * a.shape[-1],
    hint="The last axis of the first must be as long as the last but one of the second; x.T or x.reshape(...) helps.",
)
linear = multilinear(
    "linear",
    _linear,
    "x weight bias",
    (lambda g, weight: times(g, weight), linear_weight, lambda g: g),
    sample=linear_cases,
    symbol="x @ Wᵀ + b",
    formulas={"y": "x weightᵀ + bias", "x": "g weight", "weight": "gᵀ x"},
    products=True,
    added="bias",
    multiply_adds=lambda y, x, weight, bias=None: y.size * weight.shape[-1],
)
# Its rules are the same with the letters exchanged: every letter stands in two of the three.
contract: Any = multilinear(
    "contract",
    _contract,
    "a b",
    (
        lambda g, b, *, left, right, result: contract(g, b, left=result, right=right, result=left),
        lambda g, a, *, left, right, result: contract(a, g, left=left, right=result, result=right),
    ),
    sample=contract_cases,
    symbol="einsum",
    multiply_adds=lambda y, a, b, *, left, right: math.prod(dict(zip(left + right, a.shape + b.shape)).values()),
)
convolve: Any = multilinear(
    "convolve",
    lambda a, v, mode="full": np.convolve(a, v, mode),
    "a v",
    (
        lambda g, v, in_shape, *, mode: convolve_rule(g, v, in_shape, mode),
        lambda g, a, in_shape, *, mode: convolve_rule(g, a, in_shape, mode),
    ),
    sample=either(
        arrays(((5,), (2,)), ((2,), (5,)), ((3,), (3,)), mode="valid"),
        arrays(((5,), (2,)), ((2,), (5,)), ((1,), (3,)), mode="full"),
    ),
    symbol="convolve",
    multiply_adds=lambda y, a, v, *, mode: a.size * v.size if mode == "full" else y.size * min(a.size, v.size),
)
