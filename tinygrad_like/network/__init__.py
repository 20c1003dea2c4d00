"""The classes of the Rust post: `Matrix`, values in rows and columns; `Network`, which is trained sample by sample."""

from ..engine import storage
from .matrix import Matrix as Matrix
from .network import Network as Network

# Pickles of earlier versions look for it there.
vars(storage)["Matrix"] = Matrix
