"""Optimizers: `optimizer.py` has the base, `parts.py` what a formula is given, the others the formulas by family."""

from .adam import Adam, Adamax, AdamW
from .adam_variants import NAdam, RAdam
from .by_shape import Adafactor, Muon
from .descent import ASGD, SGD
from .optimizer import Optimizer
from .quasi_newton import LBFGS
from .scaled import Adadelta, Adagrad, RMSprop
from .signs import Lion, Rprop

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
]
