"""Transformers: stacks of their layers, an encoder, a decoder, and both together (Vaswani et al., 2017)."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from .attention_layers import MultiheadAttention, redraw
from .initialisers import generator as make_generator
from .initialisers import xavier_uniform
from .layer import Layer, refuse_class
from .layers import Linear
from .norm_layers import LayerNorm
from .transformer_layers import TransformerDecoderLayer, TransformerEncoderLayer


def copies(layer: Layer, count: int, seed: Any) -> list[Layer]:
    """Copies of a layer: one with its values, and others that draw new ones for each Linear and MultiheadAttention."""
    refuse_class(layer, "A stack takes a layer")
    if not isinstance(count, int) or count < 1:
        raise ArgumentError(f"num_layers must be at least 1, but got {count!r}.")
    rng, made = make_generator(seed), [copy.deepcopy(layer) for _ in range(count)]
    for each in made[1:]:
        # From the innermost: the out_proj in an attention starts otherwise than a Linear by itself.
        for part in reversed([each, *(inner for _, inner in each.named_layers())]):
            if isinstance(part, MultiheadAttention):
                part.reset_parameters(rng)
            elif isinstance(part, Linear):
                redraw(part, rng)
    return made


class TransformerEncoder(Layer):
    """`num_layers` copies of a layer one after the other, then `norm`, if there is one.

    The first copy has the values of `encoder_layer`, the others draw new ones, which `seed` makes repeatable; in
    PyTorch all start with the same. `enable_nested_tensor` and `mask_check` are PyTorch's, and have no effect.

    Raises ArgumentError for a number below 1 or a class in place of a layer.

    >>> encoder = TransformerEncoder(TransformerEncoderLayer(4, 2, 8), 3)
    >>> encoder(np.ones((3, 5, 4)), is_causal=True).shape
    (3, 5, 4)
    """

    def __init__(
        self,
        encoder_layer: Layer,
        num_layers: int,
        norm: Layer | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
        *,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        self.layers, self.num_layers, self.norm = copies(encoder_layer, num_layers, seed), num_layers, norm

    def forward(
        self, src: Any, mask: Any = None, src_key_padding_mask: Any = None, is_causal: bool | None = None
    ) -> Any:
        for layer in self.layers:
            src = layer(src, mask, src_key_padding_mask, bool(is_causal))
        return src if self.norm is None else self.norm(src)

    def label(self) -> str:
        return f"{self.num_layers} layers"


class TransformerDecoder(Layer):
    """`num_layers` copies of a layer one after the other, then `norm`, if there is one; like `TransformerEncoder`.

    >>> decoder = TransformerDecoder(TransformerDecoderLayer(4, 2, 8), 3)
    >>> decoder(np.ones((3, 5, 4)), np.ones((2, 5, 4))).shape
    (3, 5, 4)
    """

    def __init__(
        self,
        decoder_layer: Layer,
        num_layers: int,
        norm: Layer | None = None,
        *,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        self.layers, self.num_layers, self.norm = copies(decoder_layer, num_layers, seed), num_layers, norm

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask
        for layer in self.layers:
            tgt = layer(tgt, memory, *masks, bool(tgt_is_causal), bool(memory_is_causal))
        return tgt if self.norm is None else self.norm(tgt)

    def label(self) -> str:
        return f"{self.num_layers} layers"


class Transformer(Layer):
    """An encoder of the source, and a decoder of the target that looks at what the encoder gave: Vaswani et al. (2017).

    The source is (S, N, d_model), the target and the result (T, N, d_model); N comes first if `batch_first`, and may be
    left out. All matrices are xavier_uniform at first. The other settings are those of `TransformerEncoderLayer`.

    >>> model = Transformer(4, 2, 1, 1, 8, batch_first=True)
    >>> model(np.ones((5, 3, 4)), np.ones((5, 2, 4)), tgt_is_causal=True).shape
    (5, 2, 4)
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: str | Callable[[Any], Any] = "relu",
        custom_encoder: Layer | None = None,
        custom_decoder: Layer | None = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        dtype: Any = np.float64,
        *,
        seed: int | np.random.Generator | None = None,
        generator: Any = None,
    ) -> None:
        self.d_model, self.nhead, self.batch_first, rng = d_model, nhead, batch_first, make_generator(seed)
        settings = d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias

        def stack(custom: Layer | None, stack: Any, layer: Any, count: int) -> Any:
            if custom is not None:
                return custom
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias, dtype=dtype)
            return stack(layer(*settings, dtype, seed=rng, generator=generator), count, norm, seed=rng)

        self.encoder = stack(custom_encoder, TransformerEncoder, TransformerEncoderLayer, num_encoder_layers)
        self.decoder = stack(custom_decoder, TransformerDecoder, TransformerDecoderLayer, num_decoder_layers)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                parameter.data = xavier_uniform(rng, parameter.shape, parameter.dtype)

    def forward(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        memory = self.encoder(src, src_mask, src_key_padding_mask, src_is_causal)
        masks = tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask
        return self.decoder(tgt, memory, *masks, tgt_is_causal, memory_is_causal)

    @staticmethod
    def generate_square_subsequent_mask(sz: int, dtype: Any = np.float64) -> Any:
        """The causal mask (sz, sz) to be added: 0 where a query may see a key, -inf above the diagonal.

        >>> Transformer.generate_square_subsequent_mask(2)
        array([[  0., -inf],
               [  0.,   0.]])
        """
        return np.where(np.tri(sz, dtype=bool), 0, -np.inf).astype(dtype)

    def label(self) -> str:
        return f"{self.d_model}, {self.nhead} heads"
