"""Layers, by family in the files `…_layers.py`; `functional.py` has their functions, `initialisers.py` first values."""

from typing import TYPE_CHECKING

from ..engine.late import late, modules_of

if TYPE_CHECKING:
    from ..functions.attending import scaled_dot_product_attention
    from ..losses.class_losses import cross_entropy
    from ..losses.distances import mse
    from ..random import seed
    from .activation_layers import (
        CELU,
        ELU,
        GELU,
        GLU,
        RELU,
        SELU,
        SIGMOID,
        TANH,
        Activation,
        Hardshrink,
        Hardsigmoid,
        Hardswish,
        Hardtanh,
        LeakyReLU,
        LogSigmoid,
        LogSoftmax,
        Mish,
        PReLU,
        ReLU,
        ReLU6,
        RReLU,
        Sigmoid,
        SiLU,
        Softmax,
        Softmax2d,
        Softmin,
        Softplus,
        Softshrink,
        Softsign,
        Tanh,
        Tanhshrink,
        Threshold,
    )
    from .attention_layers import MultiheadAttention
    from .bilinear_layers import Bilinear
    from .containers import ModuleDict, ModuleList
    from .conv_layers import Conv1d, Conv2d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
    from .distance_layers import CosineSimilarity, PairwiseDistance
    from .dropout_layers import AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout
    from .embedding_layers import Embedding, EmbeddingBag
    from .finding import Parameter
    from .initialisers import he_normal, he_uniform, xavier_normal, xavier_uniform
    from .layer import Layer, Module
    from .layers import Linear
    from .loss_layers import (
        BCELoss,
        BCEWithLogitsLoss,
        CosineEmbeddingLoss,
        CrossEntropyLoss,
        CTCLoss,
        GaussianNLLLoss,
        HingeEmbeddingLoss,
        HuberLoss,
        KLDivLoss,
        L1Loss,
        MarginRankingLoss,
        MSELoss,
        MultiLabelMarginLoss,
        MultiLabelSoftMarginLoss,
        MultiMarginLoss,
        NLLLoss,
        PoissonNLLLoss,
        SmoothL1Loss,
        SoftMarginLoss,
        TripletMarginLoss,
    )
    from .norm_layers import (
        BatchNorm1d,
        BatchNorm2d,
        BatchNorm3d,
        GroupNorm,
        InstanceNorm1d,
        InstanceNorm2d,
        InstanceNorm3d,
        LayerNorm,
        LocalResponseNorm,
        RMSNorm,
    )
    from .pad_layers import (
        CircularPad1d,
        CircularPad2d,
        CircularPad3d,
        ConstantPad1d,
        ConstantPad2d,
        ConstantPad3d,
        ReflectionPad1d,
        ReflectionPad2d,
        ReflectionPad3d,
        ReplicationPad1d,
        ReplicationPad2d,
        ReplicationPad3d,
        ZeroPad1d,
        ZeroPad2d,
        ZeroPad3d,
    )
    from .pool_layers import (
        AdaptiveAvgPool1d,
        AdaptiveAvgPool2d,
        AdaptiveAvgPool3d,
        AdaptiveMaxPool1d,
        AdaptiveMaxPool2d,
        AdaptiveMaxPool3d,
        AvgPool1d,
        AvgPool2d,
        AvgPool3d,
        LPPool1d,
        LPPool2d,
        LPPool3d,
        MaxPool1d,
        MaxPool2d,
        MaxPool3d,
    )
    from .position_layers import RotaryPositions, SinusoidalPositions
    from .recurrent_cells import GRUCell, LSTMCell, RNNCell
    from .recurrent_layers import GRU, LSTM, RNN
    from .reparametrising import remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm
    from .sequential import Sequential
    from .shape_layers import (
        ChannelShuffle,
        Flatten,
        Fold,
        Identity,
        Lambda,
        PixelShuffle,
        PixelUnshuffle,
        Residual,
        Unflatten,
        Unfold,
        Upsample,
    )
    from .substitution import functional_call
    from .transformer_layers import TransformerDecoderLayer, TransformerEncoderLayer
    from .transformers import Transformer, TransformerDecoder, TransformerEncoder

_MODULES = modules_of(
    {
        "functions.attending": "scaled_dot_product_attention",
        "losses.class_losses": "cross_entropy",
        "losses.distances": "mse",
        "nn.activation_layers": "Activation CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU "
        "LogSigmoid LogSoftmax Mish PReLU RELU RReLU ReLU ReLU6 SELU SIGMOID SiLU Sigmoid "
        "Softmax Softmax2d Softmin Softplus Softshrink Softsign TANH Tanh Tanhshrink "
        "Threshold",
        "nn.attention_layers": "MultiheadAttention",
        "nn.bilinear_layers": "Bilinear",
        "nn.containers": "ModuleDict ModuleList",
        "nn.conv_layers": "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d",
        "nn.distance_layers": "CosineSimilarity PairwiseDistance",
        "nn.dropout_layers": "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
        "nn.embedding_layers": "Embedding EmbeddingBag",
        "nn.finding": "Parameter",
        "nn.initialisers": "he_normal he_uniform xavier_normal xavier_uniform",
        "nn.layer": "Layer Module",
        "nn.layers": "Linear",
        "nn.loss_layers": "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss "
        "GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss MSELoss "
        "MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss MultiMarginLoss "
        "NLLLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss",
        "nn.norm_layers": "BatchNorm1d BatchNorm2d BatchNorm3d GroupNorm InstanceNorm1d InstanceNorm2d "
        "InstanceNorm3d LayerNorm LocalResponseNorm RMSNorm",
        "nn.pad_layers": "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d "
        "ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d "
        "ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d",
        "nn.pool_layers": "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d "
        "AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d LPPool1d LPPool2d "
        "LPPool3d MaxPool1d MaxPool2d MaxPool3d",
        "nn.position_layers": "RotaryPositions SinusoidalPositions",
        "nn.recurrent_cells": "GRUCell LSTMCell RNNCell",
        "nn.recurrent_layers": "GRU LSTM RNN",
        "nn.reparametrising": "remove_spectral_norm remove_weight_norm spectral_norm weight_norm",
        "nn.sequential": "Sequential",
        "nn.shape_layers": "ChannelShuffle Flatten Fold Identity Lambda PixelShuffle PixelUnshuffle Residual "
        "Unflatten Unfold Upsample",
        "nn.substitution": "functional_call",
        "nn.transformer_layers": "TransformerDecoderLayer TransformerEncoderLayer",
        "nn.transformers": "Transformer TransformerDecoder TransformerEncoder",
        "random": "seed",
    }
)

if not TYPE_CHECKING:
    __getattr__, __dir__ = late(__name__, _MODULES, {"functional", "initialisers"})

# fmt: off
__all__ = [
    "CELU", "ELU", "GELU", "GLU", "GRU", "LSTM", "RELU", "RNN", "SELU", "SIGMOID", "TANH", "Activation",
    "AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d", "AdaptiveMaxPool1d", "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d", "AlphaDropout", "AvgPool1d", "AvgPool2d", "AvgPool3d", "BCELoss", "BCEWithLogitsLoss",
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "Bilinear", "CTCLoss", "ChannelShuffle", "CircularPad1d",
    "CircularPad2d", "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "Conv1d", "Conv2d",
    "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", "CosineEmbeddingLoss", "CosineSimilarity",
    "CrossEntropyLoss", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "Embedding", "EmbeddingBag",
    "FeatureAlphaDropout", "Flatten", "Fold", "GRUCell", "GaussianNLLLoss", "GroupNorm", "Hardshrink",
    "Hardsigmoid", "Hardswish", "Hardtanh", "HingeEmbeddingLoss", "HuberLoss", "Identity", "InstanceNorm1d",
    "InstanceNorm2d", "InstanceNorm3d", "KLDivLoss", "L1Loss", "LPPool1d", "LPPool2d", "LPPool3d", "LSTMCell",
    "Lambda", "Layer", "LayerNorm", "LeakyReLU", "Linear", "LocalResponseNorm", "LogSigmoid", "LogSoftmax",
    "MSELoss", "MarginRankingLoss", "MaxPool1d", "MaxPool2d", "MaxPool3d", "Mish", "Module", "ModuleDict",
    "ModuleList", "MultiLabelMarginLoss", "MultiLabelSoftMarginLoss", "MultiMarginLoss", "MultiheadAttention",
    "NLLLoss", "PReLU", "PairwiseDistance", "Parameter", "PixelShuffle", "PixelUnshuffle", "PoissonNLLLoss",
    "RMSNorm", "RNNCell", "RReLU", "ReLU", "ReLU6", "ReflectionPad1d", "ReflectionPad2d", "ReflectionPad3d",
    "ReplicationPad1d", "ReplicationPad2d", "ReplicationPad3d", "Residual", "RotaryPositions", "Sequential", "SiLU",
    "Sigmoid", "SinusoidalPositions", "SmoothL1Loss", "SoftMarginLoss", "Softmax", "Softmax2d", "Softmin",
    "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold", "Transformer", "TransformerDecoder",
    "TransformerDecoderLayer", "TransformerEncoder", "TransformerEncoderLayer", "TripletMarginLoss", "Unflatten",
    "Unfold", "Upsample", "ZeroPad1d", "ZeroPad2d", "ZeroPad3d", "cross_entropy", "functional_call", "he_normal",
    "he_uniform", "mse", "remove_spectral_norm", "remove_weight_norm", "scaled_dot_product_attention", "seed",
    "spectral_norm", "weight_norm", "xavier_normal", "xavier_uniform",
]
# fmt: on
