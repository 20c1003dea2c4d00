"""Cases with masks for tests/stored.py: one way to make and call a layer, with PyTorch's names, for both libraries."""

from types import SimpleNamespace

import numpy as np

import tinygrad_like as tg
from tests.stored import Case
from tinygrad_like.functions.attending import scaled_dot_product_attention
from tinygrad_like.nn.attention_layers import MultiheadAttention
from tinygrad_like.nn.norm_layers import LayerNorm
from tinygrad_like.nn.transformer_layers import TransformerDecoderLayer, TransformerEncoderLayer
from tinygrad_like.nn.transformers import Transformer, TransformerDecoder, TransformerEncoder

OURS = SimpleNamespace(
    LayerNorm=LayerNorm,
    MultiheadAttention=MultiheadAttention,
    Transformer=Transformer,
    TransformerDecoder=TransformerDecoder,
    TransformerDecoderLayer=TransformerDecoderLayer,
    TransformerEncoder=TransformerEncoder,
    TransformerEncoderLayer=TransformerEncoderLayer,
    functional=SimpleNamespace(scaled_dot_product_attention=scaled_dot_product_attention),
)
LATER = np.triu(np.ones((3, 3), bool), 1)
PADDING = np.array([[False, False, False], [False, True, True]])


class Called(tg.Layer):
    """A layer, or a function, that is called with these options."""

    def __init__(self, function, repeats=1, **options):
        self.function, self.options, self.repeats = function, options, repeats

    def forward(self, *inputs):
        return self.function(*inputs * self.repeats, **self.options)


def case(name, make, *inputs, dtype="float64", repeats=1, **options):
    """The layer that `make` makes out of a namespace, called with all the inputs, `repeats` times in a row."""

    def theirs(nn):
        import torch

        class TorchCalled(nn.Module):
            def __init__(self):
                super().__init__()
                self.function = make(nn)
                self.options = {
                    key: torch.from_numpy(each.astype(dtype) if each.dtype.kind == "f" else each)
                    if isinstance(each, np.ndarray)
                    else each
                    for key, each in options.items()
                }

            def forward(self, *inputs):
                return self.function(*inputs * repeats, **self.options)

        return TorchCalled()

    return Case(name, lambda: Called(make(OURS), repeats, **options), theirs, inputs, dtype=dtype)
