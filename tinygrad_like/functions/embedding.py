"""Vectors for numbers: rows of a table, bags of rows, one-hot vectors; and the bilinear map of two vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, DTypeError, ShapeError, UnsupportedError
from ..engine.shortcuts import refuse, require
from ..engine.tensor import Tensor, as_array
from ..primitives import gathering


def checked_numbers(name: str, numbers: Any, count: int) -> Any:
    """Integers of 0 to count - 1, as an array or a Tensor."""
    numbers = as_array(numbers)
    if numbers.dtype.kind not in "iu":
        raise DTypeError(f"{name} takes integers, but got {numbers.dtype}.", "Write x.astype(int).")
    if numbers.size:
        low, high = np.min(numbers), np.max(numbers)
        text = f"{name} takes numbers from 0 to {count - 1}"
        require(
            (low >= 0) & (high < count),
            lambda: ArgumentError(f"{text}, but got {low.item()} to {high.item()}."),
            f"{text}, but others were given.",
        )
    return numbers


def refuse_options(name: str, max_norm: Any, scale_grad_by_freq: Any, sparse: Any) -> None:
    """An error for what this package does in other ways."""
    if max_norm is not None:
        raise UnsupportedError(
            f"{name} does not write to its table in a forward pass, which max_norm would.",
            "Scale the rows of the weight after optimizer.step(), or divide what comes out by its norm.",
        )
    if scale_grad_by_freq:
        raise UnsupportedError(f"{name} gives the true gradient, not one scaled by frequency.", "Leave it out.")
    if sparse:
        raise UnsupportedError(f"{name} gives dense gradients: parameters lie in one vector.", "Leave out sparse=True.")


def checked_padding(name: str, padding_idx: Any, count: int) -> int | None:
    """The row of the padding, counted from the front."""
    if padding_idx is None:
        return None
    if not isinstance(padding_idx, (int, np.integer)) or not -count <= padding_idx < count:
        raise ArgumentError(f"{name} takes a padding_idx within {count} rows, but got {padding_idx!r}.")
    return int(padding_idx) % count


@block()
def embedding(
    input: Any,
    weight: Any,
    padding_idx: int | None = None,
    max_norm: None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:
    """The rows of `weight`, (rows, features), that the integers `input` name: (*input.shape, features).

    The row `padding_idx` gets no gradient. Raises DTypeError for numbers that are no integers, ArgumentError for those
    outside 0 ... rows - 1 (-1 does not mean the last), UnsupportedError for max_norm, scale_grad_by_freq and sparse.

    >>> embedding([2, 0], np.eye(3))
    array([[0., 0., 1.],
           [1., 0., 0.]])
    """
    refuse_options("embedding", max_norm, scale_grad_by_freq, sparse)
    weight = as_array(weight)
    if weight.ndim != 2:
        raise ShapeError(f"embedding takes a weight (rows, features), but got shape {weight.shape}.")
    numbers = checked_numbers("embedding", input, weight.shape[0])
    padding = checked_padding("embedding", padding_idx, weight.shape[0])
    rows = gathering.take.apply((weight, numbers), {"axis": 0})
    if padding is None or not isinstance(weight, Tensor):
        return rows
    return np.where((numbers == padding)[..., None], weight.detach()[padding], rows)


@block()
def embedding_bag(
    input: Any,
    weight: Any,
    offsets: Any = None,
    max_norm: None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Any = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Any:
    """The sum, mean or maximum of the rows of `weight` in each bag: (bags, features).

    `input` is (bags, numbers); or one-dimensional, and then bag i begins at `offsets[i]` (for "sum" and "mean").
    `per_sample_weights`, of the shape of `input`, multiply the rows in a "sum". What names the row `padding_idx` does
    not count. An empty bag gives 0. Equal maxima share the gradient.

    Raises the errors of `embedding`; ShapeError for other shapes, ArgumentError for offsets that do not rise from 0.

    >>> embedding_bag([[2, 0], [1, 1]], np.eye(3), mode="sum")
    array([[1., 0., 1.],
           [0., 2., 0.]])
    """
    if mode not in ("sum", "mean", "max"):
        raise ArgumentError(f'embedding_bag takes mode "sum", "mean" or "max", but got {mode!r}.')
    if per_sample_weights is not None and mode != "sum":
        raise UnsupportedError(f"per_sample_weights multiply rows in a sum, but mode is {mode!r}.", 'Write mode="sum".')
    rows = embedding(input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
    numbers = as_array(input)
    padding = checked_padding("embedding_bag", padding_idx, np.shape(weight)[0])
    counted = np.ones(numbers.shape, bool) if padding is None else numbers != padding
    if per_sample_weights is not None:
        rows = rows * checked_weights(per_sample_weights, numbers.shape)[..., None]
    if numbers.ndim == 2 and offsets is None:
        return of_rows(rows, counted[..., None], mode)
    bags = bags_of(numbers, offsets, include_last_offset)
    if mode == "max":
        raise UnsupportedError(
            'embedding_bag with offsets has no mode "max".', "Write bags (bags, numbers), filled up with padding_idx."
        )
    count = len(as_array(offsets)) - bool(include_last_offset)
    total = summed(np.where(counted[:, None], rows, 0), bags, count)
    if mode == "sum":
        return total
    return total / np.maximum(summed(counted.astype(rows.dtype)[:, None], bags, count), 1)


def checked_weights(weights: Any, shape: tuple[int, ...]) -> Any:
    weights = as_array(weights)
    if weights.shape != shape:
        raise ShapeError(f"per_sample_weights have the shape of the input, {shape}, but got {weights.shape}.")
    return weights


def of_rows(rows: Any, counted: Any, mode: str) -> Any:
    """The sum, mean or maximum over the second axis of what is counted."""
    if mode == "max":
        highest = np.max(np.where(counted, rows, -np.inf), axis=1, initial=-np.inf)
        return np.where(np.any(counted, axis=1), highest, 0)
    total = np.sum(np.where(counted, rows, 0), axis=1)
    return total if mode == "sum" else total / np.maximum(np.sum(counted, axis=1), 1).astype(rows.dtype)


def bags_of(numbers: Any, offsets: Any, include_last_offset: bool) -> Any:
    """For each number the bag that it is in."""
    if numbers.ndim != 1 or offsets is None or np.ndim(offsets) != 1 or not len(offsets):
        got = f"{numbers.shape} and offsets " + ("None" if offsets is None else str(np.shape(offsets)))
        raise ShapeError(f"embedding_bag takes (bags, numbers), or (numbers,) and offsets (bags,), but got {got}.")
    offsets = as_array(offsets)
    if offsets.dtype.kind not in "iu":
        raise DTypeError(f"embedding_bag takes integers as offsets, but got {offsets.dtype}.")
    rises = np.all(offsets[1:] >= offsets[:-1])
    text = f"offsets rise from 0 to at most {len(numbers)}"
    require(
        rises & (offsets[0] == 0) & (offsets[-1] <= len(numbers)),
        lambda: ArgumentError(f"{text}, but got {offsets.tolist()}."),
        f"{text}, but others were given.",
    )
    starts = offsets[:-1] if include_last_offset else offsets
    return np.searchsorted(starts, np.arange(len(numbers)), side="right") - 1


def summed(rows: Any, bags: Any, count: int) -> Any:
    return gathering.index_add(rows, bags, shape=(count, *rows.shape[1:]), axis=0)


def one_hot(tensor: Any, num_classes: int = -1) -> Any:
    """For each integer a vector of `num_classes` integers, 1 at that place and 0 elsewhere.

    With -1 there are as many as the largest integer needs, which differs from batch to batch. Raises DTypeError for
    what is no integer, ArgumentError for an integer outside 0 ... num_classes - 1.

    >>> one_hot([0, 2], 3)
    array([[1, 0, 0],
           [0, 0, 1]])
    """
    numbers = as_array(tensor)
    if num_classes == -1:
        if not numbers.size:
            raise ArgumentError("one_hot of no numbers cannot tell how many classes there are.", "Give num_classes.")
        refuse("one_hot without num_classes", "Give num_classes.")
        num_classes = int(np.max(numbers).item()) + 1
    if not isinstance(num_classes, (int, np.integer)) or num_classes < 1:
        raise ArgumentError(f"one_hot takes num_classes of at least 1, but got {num_classes!r}.")
    numbers = checked_numbers("one_hot", numbers, num_classes)
    return (numbers[..., None] == np.arange(num_classes)).astype(np.int64)


@block()
def bilinear(input1: Any, input2: Any, weight: Any, bias: Any = None) -> Any:
    """yₖ = x1ᵀ Wₖ x2 + bₖ, for x1 (..., in1), x2 (..., in2), weight (out, in1, in2), bias (out,) or None.

    Raises ShapeError if the shapes do not fit.

    >>> bilinear(np.array([1.0, 2.0]), np.array([3.0]), np.ones((1, 2, 1)))
    array([9.])
    """
    x1, x2, weight = as_array(input1), as_array(input2), as_array(weight)
    if (
        weight.ndim != 3
        or not x1.ndim
        or not x2.ndim
        or (x1.shape[-1], x2.shape[-1]) != weight.shape[1:]
        or x1.shape[:-1] != x2.shape[:-1]
    ):
        raise ShapeError(
            "bilinear takes (..., in1), (..., in2) and weight (out, in1, in2), but got "
            f"{x1.shape}, {x2.shape}, {weight.shape}."
        )
    y = (np.tensordot(x1, weight, axes=(-1, 1)) @ x2[..., None])[..., 0]
    return y if bias is None else y + bias
