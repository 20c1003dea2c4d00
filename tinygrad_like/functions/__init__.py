"""Composites: functions built of primitives, which have no derivative rules of their own; one family per file.

Most are the meaning of a NumPy function for Tensors (`implements`); `networks` holds activations and losses.
"""

from . import (
    averages,
    diagonals,
    histograms,
    interpolation,
    neighbours,
    networks,
    norms,
    ordered,
    pointwise,
    products,
    scans,
    statistics,
)
from .networks import relu as relu  # where pickles of earlier versions find them
from .networks import sigmoid as sigmoid

FAMILIES = (
    averages,
    diagonals,
    histograms,
    interpolation,
    neighbours,
    networks,
    norms,
    ordered,
    pointwise,
    products,
    scans,
    statistics,
)
