"""`numpy.linalg`, whose functions take lists with Tensors, too."""

import numpy.linalg as source

from .lists import names_of

__all__ = list(source.__all__)
__getattr__, __dir__ = names_of(source, globals())
