"""The functions behind the layers, under PyTorch's names: `import tinygrad_like.nn.functional as F`.

The losses have the suffix `_loss` here, as in PyTorch.
"""

from ..functions.adaptive_pools import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
)
from ..functions.attending import scaled_dot_product_attention
from ..functions.dropping import alpha_dropout, dropout, dropout1d, dropout2d, dropout3d, feature_alpha_dropout
from ..functions.embedding import bilinear, embedding, embedding_bag, one_hot
from ..functions.filtering import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from ..functions.margins import pad
from ..functions.networks import linear, log_softmax, relu, sigmoid, softmax
from ..functions.nonlinearities import (
    celu,
    cosine_similarity,
    elu,
    gelu,
    glu,
    gumbel_softmax,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    normalize,
    pairwise_distance,
    prelu,
    relu6,
    rrelu,
    selu,
    silu,
    softmin,
    softplus,
    softshrink,
    softsign,
    tanh,
    tanhshrink,
    threshold,
)
from ..functions.normalising import batch_norm, group_norm, instance_norm, layer_norm, local_response_norm, rms_norm
from ..functions.pools import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from ..functions.rearranging import channel_shuffle, flatten, fold, pixel_shuffle, pixel_unshuffle, unflatten, unfold
from ..functions.resizing import interpolate
from ..losses.binary_losses import binary_cross_entropy, binary_cross_entropy_with_logits
from ..losses.binary_losses import focal as focal_loss
from ..losses.binary_losses import multilabel_soft_margin as multilabel_soft_margin_loss
from ..losses.binary_losses import soft_margin as soft_margin_loss
from ..losses.class_losses import cross_entropy
from ..losses.class_losses import nll as nll_loss
from ..losses.distances import huber as huber_loss
from ..losses.distances import l1 as l1_loss
from ..losses.distances import mse as mse_loss
from ..losses.distances import smooth_l1 as smooth_l1_loss
from ..losses.likelihoods import gaussian_nll as gaussian_nll_loss
from ..losses.likelihoods import kl_div
from ..losses.likelihoods import poisson_nll as poisson_nll_loss
from ..losses.margin_losses import hinge_embedding as hinge_embedding_loss
from ..losses.margin_losses import margin_ranking as margin_ranking_loss
from ..losses.margin_losses import multi_margin as multi_margin_loss
from ..losses.margin_losses import multilabel_margin as multilabel_margin_loss
from ..losses.sequence_losses import ctc as ctc_loss
from ..losses.similarities import cosine_embedding as cosine_embedding_loss
from ..losses.similarities import triplet_margin as triplet_margin_loss

# fmt: off
__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "alpha_dropout",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_norm",
    "bilinear",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cosine_embedding_loss",
    "cosine_similarity",
    "cross_entropy",
    "ctc_loss",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "elu",
    "embedding",
    "embedding_bag",
    "feature_alpha_dropout",
    "flatten",
    "focal_loss",
    "fold",
    "gaussian_nll_loss",
    "gelu",
    "glu",
    "group_norm",
    "gumbel_softmax",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "log_softmax",
    "logsigmoid",
    "lp_pool1d",
    "lp_pool2d",
    "lp_pool3d",
    "margin_ranking_loss",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "nll_loss",
    "normalize",
    "one_hot",
    "pad",
    "pairwise_distance",
    "pixel_shuffle",
    "pixel_unshuffle",
    "poisson_nll_loss",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "rrelu",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "soft_margin_loss",
    "softmax",
    "softmin",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
    "triplet_margin_loss",
    "unflatten",
    "unfold",
]
# fmt: on
