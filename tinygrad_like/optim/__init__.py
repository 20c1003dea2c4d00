"""Optimizers: `optimizer.py` has the base, `parts.py` what a formula is given, the others the formulas by family.

`scheduling.py` has the base of the schedules of the learning rate.
"""

from typing import TYPE_CHECKING

from ..engine.late import late
from .adam import Adam, Adamax, AdamW
from .adam_variants import NAdam, RAdam
from .averaging import SWALR, AveragedModel, get_ema_avg_fn, get_swa_avg_fn, update_bn
from .by_shape import Adafactor, Muon
from .clipping import clip_grad_norm, clip_grad_norm_, clip_grad_value, clip_grad_value_
from .combined_schedules import ChainedScheduler, SequentialLR, WarmupLR
from .cycles import CyclicLR, OneCycleLR
from .descent import ASGD, SGD
from .optimizer import Optimizer
from .plateau import ReduceLROnPlateau
from .quasi_newton import LBFGS
from .scaled import Adadelta, Adagrad, RMSprop
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
from .signs import Lion, Rprop

if not TYPE_CHECKING:
    __getattr__, __dir__ = late(__name__, {}, {"lr_scheduler"})

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "SWALR",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
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
    "Lion",
    "MultiStepLR",
    "MultiplicativeLR",
    "Muon",
    "NAdam",
    "OneCycleLR",
    "Optimizer",
    "PolynomialLR",
    "RAdam",
    "RMSprop",
    "ReduceLROnPlateau",
    "Rprop",
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
