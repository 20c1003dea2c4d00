"""Optimizers: `optimizer.py` has the base, `parts.py` what a formula is given, the others the formulas by family."""

from .adam import Adam, AdamW
from .descent import SGD
from .optimizer import Optimizer

__all__ = ["SGD", "Adam", "AdamW", "Optimizer"]
