"""Losses, named as PyTorch's functional ones without `_loss`, with its options; the classes are on the last axis.

distances.py compares numbers; class_losses.py and binary_losses.py, scores with classes. margin_losses.py is about
margins between scores, similarities.py about vectors, likelihoods.py about distributions, sequence_losses.py about
sequences that are not aligned. loss_reduction.py, loss_inputs.py and loss_pieces.py are what they share.
"""

from .binary_losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    focal,
    multilabel_soft_margin,
    soft_margin,
)
from .class_losses import cross_entropy, nll
from .distances import huber, l1, mse, smooth_l1
from .likelihoods import gaussian_nll, kl_div, poisson_nll
from .margin_losses import hinge_embedding, margin_ranking, multi_margin, multilabel_margin
from .sequence_losses import ctc
from .similarities import cosine_embedding, triplet_margin

# fmt: off
__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding", "cross_entropy", "ctc", "focal",
    "gaussian_nll", "hinge_embedding", "huber", "kl_div", "l1", "margin_ranking", "mse", "multi_margin",
    "multilabel_margin", "multilabel_soft_margin", "nll", "poisson_nll", "smooth_l1", "soft_margin", "triplet_margin",
]
# fmt: on
