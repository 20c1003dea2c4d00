"""Composites: functions built of primitives, which have no derivative rules of their own; one family per file.

Most are the meaning of a NumPy function for Tensors (`implements`); `networks` holds activations and losses.
"""

from . import creating, joining, networks, norms, padding, pointwise, polynomials, products, shaping, statistics
from .networks import relu as relu  # where pickles of earlier versions find them
from .networks import sigmoid as sigmoid

FAMILIES = creating, joining, networks, norms, padding, pointwise, polynomials, products, shaping, statistics
