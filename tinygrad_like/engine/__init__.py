"""The autodiff itself, from the ground up.

errors, kinds: the exceptions; which kinds of array are taken.
recording, writes: what is recorded, per thread; which memory was written when.
storage, node, operators, copying, tensor: flat memory; a place in the graph; `Tensor`, what it can do, its copies.
scattered, shortcuts, zeros, autodiff: cotangents at an index; what values allow; 0 times infinity; the reverse sweep.
primitive, custom: how every operation is declared and called; operations of users.
"""

import sys

from . import errors, storage, tensor

# Pickles that were made when these stood at the package's root name them there.
for module in (errors, storage, tensor):
    sys.modules[module.__name__.replace(".engine", "")] = module
