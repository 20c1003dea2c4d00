"""`Matrix`, values in rows and columns; `Network`, which is trained sample by sample.

Both follow Hashi Warsame's post "How I built a Neural Network from Scratch in Rust" (2025-03-09).
"""

from .matrix import Matrix as Matrix
from .network import Network as Network
