"""NumPy, where arrays are made of Tensors, too: `import tinygrad_like.numpy as np` is all that old code needs.

Every name is NumPy's own. Only what makes an array without being given one sees no protocol of Tensor, so here

* `array`, `zeros`, `eye`, `arange`, `r_` and the like give Tensors inside a transform (`tg.grad` and others), and
  wherever they are given a Tensor; so `a = np.zeros(3); a[0] = t` works;
* every function takes lists with Tensors where it takes arrays: `np.sum([t1, t2])`, `np.linalg.inv([[a, 1], [1, b]])`;
* `vectorize` calls its function with Tensors.

Without a Tensor, and outside a transform, each gives exactly what NumPy gives. `np.ndarray` and the dtypes stay
NumPy's: `isinstance(t, np.ndarray)` is False for a Tensor, and `np.float64(t)` is an error for a recorded one.

>>> import tinygrad_like as tg
>>> import tinygrad_like.numpy as np
>>> def turned(angle):
...     turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
...     return (turn @ np.array([1.0, 0.0]))[1]
>>> tg.grad(turned)(0.0)
1.0
"""

from __future__ import annotations

import numpy as source

from . import brackets, making, vectorizing
from .lists import names_of

__all__ = list(source.__all__)
__getattr__, __dir__ = names_of(source, globals(), brackets.OWN | making.OWN | vectorizing.OWN)
