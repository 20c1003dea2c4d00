"""Composites: functions built of primitives, which have no derivative rules of their own; one family per file.

Most are the meaning of a NumPy function for Tensors (`implements`); `networks` holds activations and losses.
"""

from . import (
    convolution,
    creating,
    einsum,
    joining,
    matrices,
    networks,
    norms,
    padding,
    pointwise,
    polynomials,
    products,
    selecting,
    sets,
    shaping,
    sorting,
    statistics,
)
from .networks import relu as relu  # where pickles of earlier versions find them
from .networks import sigmoid as sigmoid

FAMILIES = (
    convolution,
    creating,
    einsum,
    joining,
    matrices,
    networks,
    norms,
    padding,
    pointwise,
    polynomials,
    products,
    selecting,
    sets,
    shaping,
    sorting,
    statistics,
)
