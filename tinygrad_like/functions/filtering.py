"""Convolutions of networks over one, two or three axes, and their transposes; a batch axis may be missing.

A number given as `stride`, `padding`, `dilation` or `output_padding` counts for every axis; a tuple has one for each.
Sizes of the result: Dumoulin and Visin, A guide to convolution arithmetic for deep learning (2016).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import as_array
from ..primitives import correlation, shifting

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def conv1d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """The sums over c and k of weight[o, c, k] · x[n, c, stride · p + dilation · k - padding], and bias[o].

    For x (N, C, L), weight (O, C / groups, K), bias (O,); gives (N, O, places of the kernel). Outside, x is 0.
    `padding` may be "valid" (0) or "same" (the result is as long as x). With groups, each of them has its own part of
    the channels C and O. Raises ShapeError if the shapes do not fit.

    >>> conv1d(np.array([[1.0, 2.0, 4.0]]), np.array([[[-1.0, 1.0]]]))
    array([[1., 2.]])
    """
    return conv(1, x, weight, bias, stride, padding, dilation, groups)


def conv2d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """`conv1d` over two axes: x (N, C, H, W) and weight (O, C / groups, K, K'); gives (N, O, places, places).

    >>> conv2d(np.ones((1, 3, 5, 5)), np.ones((2, 3, 3, 3)), padding="same").shape
    (1, 2, 5, 5)
    """
    return conv(2, x, weight, bias, stride, padding, dilation, groups)


def conv3d(
    x: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Any:
    """`conv1d` over three axes: x (N, C, D, H, W) and weight (O, C / groups, K, K', K").

    >>> conv3d(np.ones((1, 4, 4, 4)), np.ones((2, 1, 3, 3, 3)), stride=2, padding=1).shape
    (2, 2, 2, 2)
    """
    return conv(3, x, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """The transpose of `conv1d`, as a linear map: it gives what a convolution with these settings would take.

    For x (N, C, L), weight (C, O / groups, K), bias (O,); gives (N, O, M), where
    M = (L - 1) stride - 2 padding + dilation (K - 1) + output_padding + 1. Raises ShapeError if the shapes do not fit,
    ArgumentError for an output_padding that is as large as stride and dilation.

    >>> conv_transpose1d(np.array([[1.0, 2.0]]), np.array([[[1.0, 10.0]]]), stride=2)
    array([[ 1., 10.,  2., 20.]])
    """
    return conv_transpose(1, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """`conv_transpose1d` over two axes: the transpose of `conv2d`.

    >>> conv_transpose2d(np.ones((1, 2, 5, 5)), np.ones((2, 3, 4, 4)), stride=2, padding=1).shape
    (1, 3, 10, 10)
    """
    return conv_transpose(2, x, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Any:
    """`conv_transpose1d` over three axes: the transpose of `conv3d`.

    >>> conv_transpose3d(np.ones((1, 2, 2, 2)), np.ones((1, 3, 2, 2, 2)), stride=2).shape
    (3, 4, 4, 4)
    """
    return conv_transpose(3, x, weight, bias, stride, padding, output_padding, groups, dilation)


@block(formulas={"y": "x ∗ weight + bias", "x": "g ∗ weight, turned round"})
def conv(
    axes: int,
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: Any = 1,
) -> Any:
    """A convolution over so many axes."""
    name = f"conv{axes}d"
    x, weight, bias = prepared(name, axes, x, weight, bias, groups, 1)
    stride, dilation = each_axis("stride", stride, axes, 1), each_axis("dilation", dilation, axes, 1)
    pairs = margins(padding, weight.shape[2:], stride, dilation)
    options = {"stride": stride, "padding": pairs, "dilation": dilation, "groups": groups}
    if x.ndim > axes + 1:
        return correlation.conv(x, weight, *bias, **options)
    return np.squeeze(correlation.conv(np.expand_dims(x, 0), weight, *bias, **options), 0)


@block()
def conv_transpose(
    axes: int,
    x: Any,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: Any = 1,
    dilation: Any = 1,
) -> Any:
    """A transposed convolution over so many axes."""
    x, weight, bias = prepared(f"conv_transpose{axes}d", axes, x, weight, bias, groups, 0)
    stride, dilation = each_axis("stride", stride, axes, 1), each_axis("dilation", dilation, axes, 1)
    padding, more = each_axis("padding", padding, axes, 0), each_axis("output_padding", output_padding, axes, 0)
    if any(n >= max(s, d) for n, s, d in zip(more, stride, dilation)):
        raise ArgumentError(f"output_padding={more} must be smaller than stride={stride} or dilation={dilation}.")
    # The result ends later by taking less away; where nothing is taken away, zeros follow.
    pairs = tuple((pad, max(pad - n, 0)) for pad, n in zip(padding, more))
    zeros = tuple((0, max(n - pad, 0)) for pad, n in zip(padding, more))
    spans = correlation.spans(weight.shape[2:], dilation)
    lengths = zip(x.shape[-axes:], stride, spans, pairs)
    size = tuple((n - 1) * s + span - sum(pair) for n, s, span, pair in lengths)
    if min(size) < 1:
        raise ShapeError(f"conv_transpose{axes}d of shape {x.shape} has no place left: the result would be {size}.")
    options = {"size": size, "stride": stride, "padding": pairs, "dilation": dilation, "groups": groups}
    whole = x if x.ndim > axes + 1 else np.expand_dims(x, 0)
    if not any(map(any, zeros)):
        y = correlation.conv_transpose(whole, weight, *bias, **options)
    else:
        y = shifting.pad(correlation.conv_transpose(whole, weight, **options), widths=((0, 0), (0, 0), *zeros))
        y = y + bias[0] if bias else y
    return y if whole is x else np.squeeze(y, 0)


def prepared(name: str, axes: int, x: Any, weight: Any, bias: Any, groups: Any, channels: int) -> tuple[Any, Any, Any]:
    """The arrays, checked; the bias along the channels of the result. `channels` is the weight's axis of those of x."""
    x, weight = as_array(x), as_array(weight)
    if not is_whole(groups) or groups < 1:
        raise ArgumentError(f"groups must be a whole number from 1 on, but got {groups!r}.")
    if weight.ndim != axes + 2 or x.ndim not in (axes + 1, axes + 2):
        raise ShapeError(
            f"{name} takes {shape_of(axes)}, with or without N, and a weight with {axes + 2} axes, "
            f"but got {x.shape} and {weight.shape}."
        )
    takes = weight.shape[channels] * (groups if channels else 1)
    if x.shape[-axes - 1] != takes:
        raise ShapeError(
            f"{name} with a weight of {weight.shape} and groups={groups} takes {takes} channels, "
            f"but got {x.shape[-axes - 1]}, of shape {x.shape}."
        )
    if weight.shape[0] % groups:
        raise ShapeError(f"groups={groups} does not divide the {weight.shape[0]} channels of a weight {weight.shape}.")
    gives = weight.shape[0] if channels else weight.shape[1] * groups
    if bias is None:
        return x, weight, ()
    bias = as_array(bias)
    if bias.shape != (gives,):
        raise ShapeError(f"{name} takes a bias of shape {(gives,)}, but got {bias.shape}.")
    return x, weight, (np.reshape(bias, (gives, *(1,) * axes)),)


def shape_of(axes: int, channels: Any = "C") -> str:
    """What is taken, in words: "(N, C, H, W)"."""
    return f"(N, {channels}, {', '.join({1: 'L', 2: 'HW', 3: 'DHW'}[axes])})"


def is_whole(number: Any) -> bool:
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool)


def each_axis(name: str, value: Any, axes: int, least: int) -> Sizes:
    """One number for each axis, of one number or as many."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        numbers = tuple(value)
        numbers = numbers * axes if len(numbers) == 1 else numbers
    else:
        numbers = (value,) * axes
    if len(numbers) != axes or not all(is_whole(n) and n >= least for n in numbers):
        raise ArgumentError(f"{name} must be a whole number from {least} on, or {axes} of them, but got {value!r}.")
    return tuple(map(int, numbers))


def margins(padding: Any, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Pairs:
    """How much is added before and after, for each axis; of "same" the odd one after."""
    if padding == "same":
        if any(s > 1 for s in stride):
            raise ArgumentError(
                f'padding="same" needs a stride of 1, but got {stride}.', "Write the padding as a number."
            )
        totals = [span - 1 for span in correlation.spans(kernel, dilation)]
        return tuple((total // 2, total - total // 2) for total in totals)
    if isinstance(padding, str) and padding != "valid":
        raise ArgumentError(f'padding must be a number, "same" or "valid", but got {padding!r}.')
    widths = each_axis("padding", 0 if padding == "valid" else padding, len(kernel), 0)
    return tuple((n, n) for n in widths)
