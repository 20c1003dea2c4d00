"""Optimizers: `optimizer.py` has the base, `parts.py` what a formula is given, the others the formulas by family.

`scheduling.py` has the base of the schedules of the learning rate.
"""

from .adam import Adam, AdamW
from .averaging import SWALR, AveragedModel, get_ema_avg_fn, get_swa_avg_fn, update_bn
from .clipping import clip_grad_norm, clip_grad_norm_, clip_grad_value, clip_grad_value_
from .combined_schedules import ChainedScheduler, SequentialLR, WarmupLR
from .cycles import CyclicLR, OneCycleLR
from .descent import SGD
from .optimizer import Optimizer
from .plateau import ReduceLROnPlateau
from .schedules import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)
from .scheduling import LRScheduler

__all__ = [
    "SGD",
    "SWALR",
    "Adam",
    "AdamW",
    "AveragedModel",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "Optimizer",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
    "WarmupLR",
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value",
    "clip_grad_value_",
    "get_ema_avg_fn",
    "get_swa_avg_fn",
    "update_bn",
]
