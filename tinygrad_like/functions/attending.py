"""Attention as a function, without parameters."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import as_array
from ..primitives import attention
from ..primitives.integers import reals
from .dropping import dropout
from .masking import Masks, causal, read_mask


@block(name="attention")
def scaled_dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    attn_mask: Any = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    generator: Any = None,
) -> Any:
    """softmax(query @ keyᵀ · scale + attn_mask) @ value: Vaswani et al., Attention is all you need, 2017.

    query is (..., L, E), key (..., S, E), value (..., S, V); gives (..., L, V). scale is 1/√E by default. attn_mask,
    which broadcasts to (..., L, S), is added; or it has booleans, and True takes part. In the masks of
    `MultiheadAttention`, True is left out: so it is in PyTorch. With is_causal, a query i sees the keys 0 to i only. A
    query that sees no key gives zeros, with the gradient 0. With enable_gqa, each head of key and value serves several
    of query's: the axis before the last two. Dropout of the weights is never switched off: give 0.0 in evaluation.

    Raises ShapeError if the shapes do not fit, DTypeError for a mask of integers.

    >>> scaled_dot_product_attention(np.ones((3, 2)), np.ones((3, 2)), np.array([[0.0], [4.0], [8.0]]), is_causal=True)
    array([[0.],
           [2.],
           [4.]])
    """
    query, key, value = (reals(as_array(each)) for each in (query, key, value))
    if enable_gqa:
        key, value = (repeated(each, query) for each in (key, value))
    check_shapes(query, key, value)
    masks = read_mask(attn_mask, "attn_mask")
    if is_causal:
        masks &= causal(query.shape[-2], key.shape[-2])
    weights = attention_weights(query, key, masks, scale)
    return np.matmul(dropout(weights, dropout_p, generator=generator) if dropout_p else weights, value)


def attention_weights(query: Any, key: Any, masks: Masks, scale: float | None = None) -> Any:
    """softmax(query @ keyᵀ · scale + mask), (..., L, S); 0 in a row where nothing takes part."""
    scale = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = np.matmul(query * scale, np.swapaxes(key, -1, -2))
    for mask in masks:
        if mask is not None and not fits(mask.shape, scores.shape):
            raise ShapeError(f"A mask of shape {mask.shape} does not fit the attention weights, {scores.shape}.")
    if masks.added is not None:
        scores = scores + masks.added.astype(scores.dtype)
    return attention.masked_softmax.apply((scores,) if masks.allowed is None else (scores, masks.allowed))


def fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether `shape` broadcasts to `whole`."""
    tail = whole[len(whole) - len(shape) :]
    return len(shape) <= len(whole) and all(n in (1, size) for n, size in zip(shape, tail))


def repeated(x: Any, query: Any) -> Any:
    """x with its heads (the axis -3) repeated, so that there is one for each of the query's."""
    heads, wanted = (each.shape[-3] if each.ndim > 2 else 0 for each in (x, query))
    if not heads or wanted % heads:
        raise ShapeError(
            f"With enable_gqa, the number of the query's heads is a multiple of the others', but got {query.shape} and "
            f"{x.shape}.",
            "The heads are the axis before the last two.",
        )
    return np.repeat(x, wanted // heads, axis=-3)


def check_shapes(query: Any, key: Any, value: Any) -> None:
    shapes = query.shape, key.shape, value.shape
    if min(map(len, shapes)) < 2 or query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise ShapeError(
            "Attention takes query (..., L, E), key (..., S, E) and value (..., S, V), but got "
            f"{', '.join(map(str, shapes))}."
        )
    if not query.shape[-1]:
        raise ArgumentError("Attention needs at least one feature, but the query has none.")
