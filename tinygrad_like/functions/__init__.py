"""Composites: functions built of primitives, which have no derivative rules of their own; one family per file.

Most are the meaning of a NumPy function for Tensors (`implements`); `networks` holds activations and losses.
"""

from .networks import relu as relu  # where pickles of earlier versions find them
from .networks import sigmoid as sigmoid
