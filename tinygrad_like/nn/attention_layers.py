"""Attention with several heads, as a layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import as_array
from ..functions.attending import attention_weights
from ..functions.dropping import dropout
from ..functions.masking import Masks, causal, check_mask, read_mask
from ..functions.networks import linear
from .initialisers import generator as make_generator
from .initialisers import inverse_root, xavier_normal, xavier_uniform
from .layer import Layer, Parameter
from .layers import Linear


def check_settings(embed_dim: int, num_heads: int, dropout: float) -> None:
    if min(embed_dim, num_heads) < 1 or embed_dim % num_heads:
        raise ArgumentError(
            f"MultiheadAttention needs sizes of at least 1, and heads of equal size, but got {num_heads} heads for "
            f"{embed_dim} features.",
            "Choose an embed_dim that is a multiple of num_heads.",
        )
    if not 0 <= dropout <= 1:
        raise ArgumentError(f"MultiheadAttention needs a dropout of 0 to 1, but got {dropout!r}.")


class MultiheadAttention(Layer):
    """Each head attends by softmax(q kᵀ / √head size) v; out_proj mixes the heads: Vaswani et al. (2017), 3.2.2.

    Called with query (L, N, embed_dim), key (S, N, kdim) and value (S, N, vdim), or with the batch axis N first if
    `batch_first`, or without it. Gives the pair (output of the query's shape, weights). The weights are (N, L, S),
    (N, num_heads, L, S) without `average_attn_weights`, and None without `need_weights`.

    Masks leave out where they are True, the opposite of `scaled_dot_product_attention`: so it is in PyTorch. Masks of
    floats are added to the scores. `attn_mask` is (L, S) or (N · num_heads, L, S), `key_padding_mask` (N, S).
    `is_causal` by itself leaves out all later keys; PyTorch takes it as a mere hint. A query that may see no key gives
    the bias of out_proj; in PyTorch, nan.

    `in_proj_weight` joins the weights of query, key and value, if all have embed_dim features; else they are
    q_proj_weight, k_proj_weight and v_proj_weight. They are xavier_uniform at first, all biases but those of
    `add_bias_kv` are 0. `add_bias_kv` adds a learned key and value, `add_zero_attn` adds zeros. `dropout` is that of
    the weights, in training; `generator` draws it.

    Raises ArgumentError if num_heads does not divide embed_dim, ShapeError for inputs and masks of other shapes.

    >>> attention = MultiheadAttention(4, 2, batch_first=True)
    >>> x = np.ones((5, 3, 4))
    >>> output, weights = attention(x, x, x)
    >>> output.shape, weights.shape
    ((5, 3, 4), (5, 3, 3))
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        dtype: Any = np.float64,
        *,
        seed: int | np.random.Generator | None = None,
        generator: Any = None,
    ) -> None:
        check_settings(embed_dim, num_heads, dropout)
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = (embed_dim if size is None else size for size in (kdim, vdim))
        self.dropout, self.generator = dropout, generator
        self.add_zero_attn, self.batch_first = add_zero_attn, batch_first

        def parameter(*shape: int) -> Parameter:
            return Parameter(np.zeros(shape, dtype))

        joined = self.kdim == self.vdim == embed_dim
        self.in_proj_weight = parameter(3 * embed_dim, embed_dim) if joined else None
        self.q_proj_weight = None if joined else parameter(embed_dim, embed_dim)
        self.k_proj_weight = None if joined else parameter(embed_dim, self.kdim)
        self.v_proj_weight = None if joined else parameter(embed_dim, self.vdim)
        self.in_proj_bias = parameter(3 * embed_dim) if bias else None
        self.bias_k = parameter(1, 1, embed_dim) if add_bias_kv else None
        self.bias_v = parameter(1, 1, embed_dim) if add_bias_kv else None
        self.out_proj = Linear(embed_dim, embed_dim, bias, dtype)
        self.reset_parameters(seed)

    def reset_parameters(self, seed: int | np.random.Generator | None = None) -> None:
        """Give all parameters new initial values."""
        rng = make_generator(seed)
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                weight.data = xavier_uniform(rng, weight.shape, weight.dtype)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                bias.data = xavier_normal(rng, bias.shape, bias.dtype)
        redraw(self.out_proj, rng)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                bias.data = 0.0

    @block()
    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        is_self = query is key is value
        query, key, value = (as_array(each) for each in (query, key, value))
        self._check(query, key, value)
        q, k, v = self._packed(query) if is_self and self.in_proj_weight is not None else self._apart(query, key, value)
        masks = self._masks(attn_mask, key_padding_mask, q.shape, k.shape[-2])
        if is_causal:
            masks &= causal(q.shape[-2], k.shape[-2])
        if self.bias_k is not None:
            k, v, masks = self._with_row(k, self.bias_k), self._with_row(v, self.bias_v), masks.widened()
        if self.add_zero_attn:
            zeros = np.zeros(self.embed_dim, k.dtype)
            k, v, masks = self._with_row(k, zeros), self._with_row(v, zeros), masks.widened()
        weights = attention_weights(q, k, masks)
        if self.training and self.dropout:
            weights = dropout(weights, self.dropout, generator=self.generator)
        output = self.out_proj(self._joined(np.matmul(weights, v), query.shape))
        if not need_weights:
            return output, None
        return output, weights.mean(axis=-3) if average_attn_weights else weights

    def _check(self, query: Any, key: Any, value: Any) -> None:
        """The shapes must fit: the features, the batches, and the lengths of keys and values."""
        shapes = query.shape, key.shape, value.shape
        batch = 0 if self.batch_first else 1
        if (
            [shape[-1:] for shape in shapes] != [(self.embed_dim,), (self.kdim,), (self.vdim,)]
            or {*map(len, shapes)} not in ({2}, {3})
            or shapes[1][:-1] != shapes[2][:-1]
            or (query.ndim == 3 and shapes[0][batch] != shapes[1][batch])
        ):
            order = "(N, L or S, features)" if self.batch_first else "(L or S, N, features)"
            raise ShapeError(
                f"MultiheadAttention takes query, key and value {order}, or all without N, with {self.embed_dim}, "
                f"{self.kdim} and {self.vdim} features, but got {', '.join(map(str, shapes))}."
            )

    def _packed(self, x: Any) -> list[Any]:
        """The heads of query, key and value for self-attention: one product for all three."""
        packed = linear(x, self.in_proj_weight, self.in_proj_bias)
        packed = packed.reshape(*x.shape[:-1], 3, self.num_heads, self.head_dim)
        return [packed[..., i, :, :].transpose(self._order(x.ndim)) for i in range(3)]

    def _apart(self, *inputs: Any) -> list[Any]:
        """The heads of query, key and value, each with its own product."""
        n = self.embed_dim
        parts = slice(0, n), slice(n, 2 * n), slice(2 * n, 3 * n)
        weights: list[Any] = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        if self.in_proj_weight is not None:
            weights = [self.in_proj_weight[part] for part in parts]
        biases = [None if self.in_proj_bias is None else self.in_proj_bias[part] for part in parts]
        return [
            linear(x, weight, bias).reshape(*x.shape[:-1], self.num_heads, self.head_dim).transpose(self._order(x.ndim))
            for x, weight, bias in zip(inputs, weights, biases)
        ]

    def _order(self, ndim: int) -> tuple[int, ...]:
        """How the axes of (batch and length, head, feature) become (batch, head, length, feature)."""
        return (1, 0, 2) if ndim == 2 else (0, 2, 1, 3) if self.batch_first else (1, 2, 0, 3)

    def _joined(self, heads: Any, shape: tuple[int, ...]) -> Any:
        """The heads side by side again, in the query's order of axes."""
        order = np.argsort(self._order(len(shape)))
        return heads.transpose(tuple(map(int, order))).reshape(shape)

    def _with_row(self, x: Any, row: Any) -> Any:
        """Keys or values (..., head, S, feature) and one more for every sequence."""
        row = row.reshape(self.num_heads, 1, self.head_dim)
        return np.concatenate([x, np.broadcast_to(row, (*x.shape[:-2], 1, self.head_dim))], axis=-2)

    def _masks(self, attn_mask: Any, key_padding_mask: Any, shape: tuple[int, ...], keys: int) -> Masks:
        """Both masks as one, (..., head, L, S), for queries of shape (..., head, L, feature)."""
        batch, heads, length = shape[:-3], self.num_heads, shape[-2]
        check_mask(attn_mask, "attn_mask", (length, keys), (math.prod(batch) * heads, length, keys))
        check_mask(key_padding_mask, "key_padding_mask", (*batch, keys))
        masks = read_mask(attn_mask, "attn_mask", ignores=True)
        if np.ndim(attn_mask) == 3:
            masks = masks.reshaped(*batch, heads, length, keys)
        padding = read_mask(key_padding_mask, "key_padding_mask", ignores=True)
        return masks & padding.reshaped(*batch, 1, 1, keys)

    def label(self) -> str:
        return f"{self.embed_dim}, {self.num_heads} heads"


def redraw(layer: Linear, rng: Any) -> None:
    """Give a Linear new initial values, those of its default."""
    for parameter in (layer.weight, layer.bias):
        if parameter is not None:
            parameter.data = inverse_root(layer.in_features)(rng, parameter.shape, parameter.dtype)
