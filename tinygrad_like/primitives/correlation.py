"""Correlation of images with a kernel, which networks call convolution, over any number of spatial axes.

All three operations are derivatives of one sum, over the batch n, the channels o and c, the places p and k, of

    image[n, c, stride p + dilation k - padding] · weight[o, c, k] · result[n, o, p].

`conv` is its derivative for the result, `conv_transpose` for the image, `conv_weight` for the weight. So the derivative
of each is another one.

In memory, images and results are (first spatial axis, channels, other axes, batch), which was measured to be faster
than the batch first: copies are of long runs, and products are of large matrices. The columns repeat the image along
the other axes only. Several of their rows, one after the other, are the matrix of one row of the result: Cho and Brand,
MEC: Memory-efficient Convolution for Deep Neural Network (2017).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.errors import ShapeError
from ..engine.registry import multilinear
from ..engine.traces import contiguous, empty, zeros
from .samples import Case, Rng, normal

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

# A matrix of fewer numbers than this is not worth a product of its own: then one product makes the whole result.
FEW = 5000
# A transposed convolution is computed as a convolution if its result has at most so many times the places of its input.
MORE = 1.3
ALL = (slice(None),) * 3  # groups, first axis, channels


def spans(kernel: Sizes, dilation: Sizes) -> Sizes:
    """How far a kernel reaches, along each axis."""
    return tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))


def places(size: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Sizes:
    """How many places the kernel has, along each axis of an image of this size."""
    lengths = zip(size, padding, spans(kernel, dilation), stride)
    return tuple((n + sum(pad) - span) // s + 1 for n, pad, span, s in lengths)


class Sliding:
    """A kernel on its way over images: its sizes, and what turns images, weights and results into matrices."""

    def __init__(
        self, shape: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int
    ) -> None:
        self.batch, self.channels, *size = shape
        self.size, self.kernel, self.groups = tuple(size), kernel, groups
        self.result = places(self.size, kernel, stride, padding, dilation)
        if min(self.result) < 1:
            raise ShapeError(
                f"A kernel of {kernel} with dilation {dilation} does not fit into an image of {self.size}."
            )
        self.inner = self.size, kernel, self.result
        if self.channels * math.prod(kernel) * self.batch * math.prod(self.result[1:]) < FEW:
            self.inner = (1, *size), (1, *kernel), (1, *self.result)
            stride, padding, dilation = (1, *stride), ((0, 0), *padding), (1, *dilation)
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.width = self.batch * math.prod(self.inner[2][1:])

    def stretches(self) -> Iterator[slice]:
        """For each row of the result, the rows of the image that it comes from."""
        (span,) = spans(self.inner[1][:1], self.dilation[:1])
        for i in range(self.inner[2][0]):
            yield slice(i * self.stride[0], i * self.stride[0] + span, self.dilation[0])

    def spots(self) -> Iterator[tuple[Sizes, tuple[slice, ...]]]:
        """For each place of the kernel along the other axes: what of the image meets it."""
        for place in np.ndindex(self.inner[1][1:]):
            starts = [d * k for d, k in zip(self.dilation[1:], place)]
            moves = zip(starts, self.inner[2][1:], self.stride[1:])
            yield place, tuple(slice(start, start + (n - 1) * s + 1, s) for start, n, s in moves)

    def zeros(self, dtype: Any) -> tuple[Any, Any]:
        """An image of zeros with margins, as (groups, first axis, channels, other axes, batch), and what is inside."""
        first, *others = (n + sum(pad) for n, pad in zip(self.inner[0], self.padding))
        whole = zeros((first, self.groups, self.channels // self.groups, *others, self.batch), dtype).swapaxes(0, 1)
        rows, *spot = (slice(before, before + n) for n, (before, _) in zip(self.inner[0], self.padding))
        return whole, whole[(slice(None), rows, slice(None), *spot)]

    def image_rows(self, x: Any) -> Any:
        """The image as (groups, first axis, channels, other axes, batch), with its margins."""
        rows = x.reshape(self.batch, self.groups, self.channels // self.groups, *self.inner[0])
        rows = rows.transpose(1, 3, 2, *range(4, rows.ndim), 0)
        if not any(map(any, self.padding)):
            return contiguous(rows)
        whole, inside = self.zeros(x.dtype)
        inside[...] = rows
        return whole

    def columns(self, x: Any) -> Any:
        """(groups, first axis, channels × kernel along the other axes, places along these × batch)."""
        rows = self.image_rows(x)
        groups, first, channels = rows.shape[:3]
        kernel, result = self.inner[1][1:], self.inner[2][1:]
        if math.prod(kernel) == 1 and self.stride[1:] == (1,) * len(kernel):
            return contiguous(rows).reshape(groups, first, channels, self.width)
        columns: Any = empty((groups, first, channels, *kernel, *result, self.batch), x.dtype)
        for place, spot in self.spots():
            columns[(*ALL, *place)] = rows[(*ALL, *spot)]
        return columns.reshape(groups, first, channels * math.prod(kernel), self.width)

    def matrix(self, rows: Any) -> Any:
        """Some rows of the columns as a matrix for each group: what meets the kernel, for one row of the result."""
        groups, count, entries, width = rows.shape
        return rows.reshape(groups, count * entries, width)

    def matrices(self, weight: Any) -> Any:
        """(groups, channels of the result, kernel along the first axis × the rest): a matrix for each group."""
        outer, channels = weight.shape[:2]
        kernel = self.inner[1]
        parts = weight.reshape(self.groups, outer // self.groups, channels, *kernel).swapaxes(2, 3)
        return parts.reshape(self.groups, outer // self.groups, channels * math.prod(kernel))

    def result_rows(self, g: Any) -> Any:
        """(first axis, groups, channels, places along the other axes × batch)."""
        parts = g.reshape(self.batch, self.groups, g.shape[1] // self.groups, *self.inner[2])
        parts = parts.transpose(3, 1, 2, *range(4, parts.ndim), 0)
        return parts.reshape(*parts.shape[:3], self.width)

    def result_of(self, rows: Any) -> Any:
        """(batch, channels, places) again, a view."""
        first, groups, channels, _ = rows.shape
        parts = rows.reshape(first, groups, channels, *self.inner[2][1:], self.batch)
        parts = parts.transpose(-1, 1, 2, 0, *range(3, parts.ndim - 1))
        return parts.reshape(self.batch, groups * channels, *self.result)


def in_one_dtype(*arrays: Any) -> list[Any]:
    """All in the dtype that they have together; integers and truths as float64."""
    dtype = np.result_type(*arrays)
    return [x.astype(np.float64 if dtype.kind in "iub" else dtype, copy=False) for x in arrays]


def reversed_kernel(weight: Any, groups: int) -> Any:
    """The weight with which a convolution is the transpose, where the stride is 1."""
    outer, channels, *kernel = weight.shape
    parts = weight.reshape(groups, outer // groups, channels, *kernel).swapaxes(1, 2)
    whole = parts.reshape(groups * channels, outer // groups, *kernel)
    return np.flip(whole, tuple(range(2, whole.ndim)))


def _conv(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    stride: Sizes = (),
    padding: Pairs = (),
    dilation: Sizes = (),
    groups: int = 1,
) -> Any:
    x, weight, *added = in_one_dtype(x, weight) if bias is None else in_one_dtype(x, weight, bias)
    way = Sliding(x.shape, weight.shape[2:], stride, padding, dilation, groups)
    columns, matrices = way.columns(x), way.matrices(weight)
    y = empty((way.inner[2][0], *matrices.shape[:2], way.width), x.dtype)
    for row, stretch in zip(y, way.stretches()):
        np.matmul(matrices, way.matrix(columns[:, stretch]), out=row)
    for each in added:
        y += each.reshape(groups, -1, 1)
    return way.result_of(y)


def _conv_transpose(
    x: Any,
    weight: Any,
    bias: Any = None,
    *,
    size: Sizes = (),
    stride: Sizes = (),
    padding: Pairs = (),
    dilation: Sizes = (),
    groups: int = 1,
) -> Any:
    x, weight, *added = in_one_dtype(x, weight) if bias is None else in_one_dtype(x, weight, bias)
    shape = (len(x), weight.shape[1] * groups, *size)
    way = Sliding(shape, weight.shape[2:], stride, padding, dilation, groups)
    rests = tuple((span - 1 - a, span - 1 - b) for span, (a, b) in zip(spans(way.kernel, dilation), padding))
    if max(stride) == 1 and min(map(min, rests)) >= 0 and math.prod(size) <= MORE * math.prod(way.result):
        return _conv(
            x, reversed_kernel(weight, groups), *added, stride=stride, padding=rests, dilation=dilation, groups=groups
        )
    rows, matrices = way.result_rows(x), way.matrices(weight).swapaxes(1, 2)
    whole, inside = way.zeros(x.dtype)
    kernel = way.inner[1]
    columns: Any = zeros((*whole.shape[:2], weight.shape[1] * math.prod(kernel[1:]), way.width), x.dtype)
    part = empty((*matrices.shape[:2], way.width), x.dtype)
    times = np.matmul if matrices.shape[2] > 1 else np.multiply  # the same, and faster, for one channel in a group
    for row, stretch in zip(rows, way.stretches()):
        times(matrices, row, out=part)
        columns[:, stretch] += part.reshape(groups, kernel[0], columns.shape[2], way.width)
    columns = columns.reshape(*whole.shape[:3], *kernel[1:], *way.inner[2][1:], way.batch)
    for place, spot in way.spots():
        whole[(*ALL, *spot)] += columns[(*ALL, *place)]
    for each in added:
        inside += each.reshape(groups, 1, -1, *(1,) * len(way.stride))
    order = (-1, 0, 2, 1, *range(3, inside.ndim - 1))
    return inside.transpose(order).reshape(shape)


def _conv_weight(
    x: Any,
    out: Any,
    *,
    kernel: Sizes = (),
    stride: Sizes = (),
    padding: Pairs = (),
    dilation: Sizes = (),
    groups: int = 1,
) -> Any:
    x, out = in_one_dtype(x, out)
    way = Sliding(x.shape, kernel, stride, padding, dilation, groups)
    columns, rows = way.columns(x), way.result_rows(out)
    total: Any = 0
    for row, stretch in zip(rows, way.stretches()):
        total = total + row @ way.matrix(columns[:, stretch]).swapaxes(1, 2)
    channels = x.shape[1] // groups
    parts = total.reshape(*total.shape[:2], way.inner[1][0], channels, *way.inner[1][1:]).swapaxes(2, 3)
    return parts.reshape(out.shape[1], channels, *kernel)


def parts_of(rng: Rng) -> Iterator[tuple[Any, Any, Any, dict[str, Any]]]:
    """Images, weights, results and options that belong together."""
    for axes, size, kernel, groups in ((1, (4,), (2,), 2), (2, (2, 3), (2, 1), 1)):
        way: Any = (2, 1)[:axes], ((1, 0), (0, 1))[:axes], (2, 1)[:axes]
        image, weight = normal(rng, (1, 2, *size)), normal(rng, (2, 2 // groups, *kernel))
        result = normal(rng, (1, 2, *places(size, kernel, *way)))
        yield image, weight, result, {"stride": way[0], "padding": way[1], "dilation": way[2], "groups": groups}


def conv_cases(rng: Rng) -> Iterator[Case]:
    for image, weight, _, options in parts_of(rng):
        bias = (normal(rng, (2, 1, 1)),) if image.ndim == 4 else ()
        yield (image, weight, *bias), options


def transpose_cases(rng: Rng) -> Iterator[Case]:
    for image, weight, result, options in parts_of(rng):
        bias = (normal(rng, (2, 1, 1)),) if image.ndim == 4 else ()
        yield (result, weight, *bias), {"size": image.shape[2:], **options}


def weight_cases(rng: Rng) -> Iterator[Case]:
    for image, weight, result, options in parts_of(rng):
        yield (image, result), {"kernel": weight.shape[2:], **options}


conv: Any = multilinear(
    "conv",
    _conv,
    "x weight bias",
    (
        lambda g, weight, in_shape, *, stride, padding, dilation, groups: conv_transpose(
            g, weight, size=in_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
        lambda g, x, in_shape, *, stride, padding, dilation, groups: conv_weight(
            x, g, kernel=in_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
        lambda g: g,
    ),
    sample=conv_cases,
    symbol="conv",
    formulas={"y": "x ∗ weight + bias", "x": "g ∗ weight, turned round", "weight": "x ∗ g"},
    added="bias",
    multiply_adds=lambda y, x, weight, bias=None: y.size * math.prod(weight.shape[1:]),
)
conv_transpose: Any = multilinear(
    "conv_transpose",
    _conv_transpose,
    "x weight bias",
    (
        lambda g, weight, *, stride, padding, dilation, groups: conv(
            g, weight, stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
        lambda g, x, in_shape, *, stride, padding, dilation, groups: conv_weight(
            g, x, kernel=in_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
        lambda g: g,
    ),
    sample=transpose_cases,
    symbol="convᵀ",
    added="bias",
    multiply_adds=lambda y, x, weight, bias=None: x.size * math.prod(weight.shape[1:]),
)
conv_weight: Any = multilinear(
    "conv_weight",
    _conv_weight,
    "x out",
    (
        lambda g, out, in_shape, *, stride, padding, dilation, groups: conv_transpose(
            out, g, size=in_shape[2:], stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
        lambda g, x, *, stride, padding, dilation, groups: conv(
            x, g, stride=stride, padding=padding, dilation=dilation, groups=groups
        ),
    ),
    sample=weight_cases,
    symbol="conv weight",
    multiply_adds=lambda y, x, out: out.size * math.prod(y.shape[1:]),
)
