"""Training with several processes, over MPI.

`processes.py` says which process this is, and whether all do the same; `exchanging.py` averages numbers, and
`gradient_means.py` gradients; `equal_states.py` makes models equal; `sharding.py` gives each process its part of the
data; `checkpoints.py` saves once and loads for all.
"""

from .checkpoints import load, save
from .equal_states import average_buffers, broadcast
from .exchanging import average, mean
from .gradient_means import average_gradients
from .processes import ProcessError, barrier, on_rank_0, rank, size
from .sharding import batches, shard

__all__ = [
    "ProcessError",
    "average",
    "average_buffers",
    "average_gradients",
    "barrier",
    "batches",
    "broadcast",
    "load",
    "mean",
    "on_rank_0",
    "rank",
    "save",
    "shard",
    "size",
]
