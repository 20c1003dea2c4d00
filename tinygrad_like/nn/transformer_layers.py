"""The layers of a transformer: attention and two Linears, each added to its input and normalised.

Vaswani et al., Attention is all you need, 2017. With `norm_first`, each part is normalised before it, not after: Xiong
et al., On layer normalization in the transformer architecture, 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from ..functions.networks import relu
from ..functions.nonlinearities import gelu
from .attention_layers import MultiheadAttention
from .dropout_layers import Dropout
from .initialisers import generator as make_generator
from .layer import Layer
from .layers import Linear
from .norm_layers import LayerNorm

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {"relu": relu, "gelu": gelu}


def activation_of(given: Any) -> Callable[[Any], Any]:
    """The function that a name means, or the function itself."""
    if isinstance(given, str) and given in ACTIVATIONS:
        return ACTIVATIONS[given]
    if isinstance(given, type) or not callable(given):
        raise ArgumentError(f"activation is {' or '.join(map(repr, ACTIVATIONS))} or a function, but got {given!r}.")
    function: Callable[[Any], Any] = given
    return function


class TransformerLayer(Layer):
    """What the layers of encoder and decoder share."""

    self_attn: MultiheadAttention
    linear1: Linear
    linear2: Linear
    dropout: Dropout
    activation: Callable[[Any], Any]
    norm_first: bool

    def _feed_forward(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))

    def _added(self, x: Any, part: Callable[[Any], Any], norm: Layer, dropout: Layer) -> Any:
        """x and a part of it, with a norm before the part, or after the sum."""
        return x + dropout(part(norm(x))) if self.norm_first else norm(x + dropout(part(x)))

    def label(self) -> str:
        return f"{self.linear1.in_features} → {self.linear1.out_features}, {self.self_attn.num_heads} heads"


class TransformerEncoderLayer(TransformerLayer):
    """norm1(x + self_attn(x)), then norm2(x + linear2(activation(linear1(x)))): Vaswani et al. (2017), 3.1.

    Takes and gives (L, N, d_model), (N, L, d_model) if `batch_first`, or (L, d_model). Masks are those of
    `MultiheadAttention`, where True leaves out; with `is_causal`, later elements are left out, also without a mask.
    `activation` is "relu", "gelu" or a function. With `norm_first`, x + part(norm(x)). `dropout` acts on the attention
    weights, inside the feed-forward part, and on what is added; `generator` draws it.

    Raises ArgumentError and ShapeError as its parts do.

    >>> layer = TransformerEncoderLayer(4, 2, 8, batch_first=True)
    >>> layer(np.ones((5, 3, 4)), is_causal=True).shape
    (5, 3, 4)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Any], Any] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: Any = np.float64,
        *,
        seed: int | np.random.Generator | None = None,
        generator: Any = None,
    ) -> None:
        rng = make_generator(seed)
        more: dict[str, Any] = {"bias": bias, "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, batch_first=batch_first, **more, seed=rng, generator=generator
        )
        self.linear1 = Linear(d_model, dim_feedforward, **more, seed=rng)
        self.dropout = Dropout(dropout, generator=generator)
        self.linear2 = Linear(dim_feedforward, d_model, **more, seed=rng)
        self.norm1, self.norm2 = (LayerNorm(d_model, layer_norm_eps, **more) for _ in range(2))
        self.dropout1, self.dropout2 = (Dropout(dropout, generator=generator) for _ in range(2))
        self.activation, self.norm_first = activation_of(activation), norm_first

    def forward(self, src: Any, src_mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool = False) -> Any:
        def attend(x: Any) -> Any:
            return self.self_attn(x, x, x, src_key_padding_mask, False, src_mask, is_causal=is_causal)[0]

        x = self._added(src, attend, self.norm1, self.dropout1)
        return self._added(x, self._feed_forward, self.norm2, self.dropout2)


class TransformerDecoderLayer(TransformerLayer):
    """Attention of the target to itself, attention of it to the memory, and the feed-forward part.

    norm1(x + self_attn(x)), norm2(x + multihead_attn(x, memory)), norm3(x + linear2(activation(linear1(x)))): Vaswani
    et al. (2017), 3.1. The target is (T, N, d_model), the memory (S, N, d_model), the result like the target; N comes
    first if `batch_first`, and may be left out. The settings are those of `TransformerEncoderLayer`.

    Raises ArgumentError and ShapeError as its parts do.

    >>> layer = TransformerDecoderLayer(4, 2, 8)
    >>> layer(np.ones((3, 5, 4)), np.ones((6, 5, 4)), tgt_is_causal=True).shape
    (3, 5, 4)
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Any], Any] = "relu",
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: Any = np.float64,
        *,
        seed: int | np.random.Generator | None = None,
        generator: Any = None,
    ) -> None:
        rng = make_generator(seed)
        more: dict[str, Any] = {"bias": bias, "dtype": dtype}
        self.self_attn, self.multihead_attn = (
            MultiheadAttention(d_model, nhead, dropout, batch_first=batch_first, **more, seed=rng, generator=generator)
            for _ in range(2)
        )
        self.linear1 = Linear(d_model, dim_feedforward, **more, seed=rng)
        self.dropout = Dropout(dropout, generator=generator)
        self.linear2 = Linear(dim_feedforward, d_model, **more, seed=rng)
        self.norm1, self.norm2, self.norm3 = (LayerNorm(d_model, layer_norm_eps, **more) for _ in range(3))
        self.dropout1, self.dropout2, self.dropout3 = (Dropout(dropout, generator=generator) for _ in range(3))
        self.activation, self.norm_first = activation_of(activation), norm_first

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        def attend(x: Any) -> Any:
            return self.self_attn(x, x, x, tgt_key_padding_mask, False, tgt_mask, is_causal=tgt_is_causal)[0]

        def look(x: Any) -> Any:
            return self.multihead_attn(
                x, memory, memory, memory_key_padding_mask, False, memory_mask, is_causal=memory_is_causal
            )[0]

        x = self._added(tgt, attend, self.norm1, self.dropout1)
        x = self._added(x, look, self.norm2, self.dropout2)
        return self._added(x, self._feed_forward, self.norm3, self.dropout3)
