"""`np.vectorize` with Tensors: the function is called once for each element."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import UnsupportedError
from ..engine.recording import transform_depth
from ..engine.tensor import values_of
from .lists import has_tensor, tensors
from .making import array, asarray


class vectorize(np.vectorize):
    """`np.vectorize`; with Tensors, and inside a transform, what the function gives is recorded.

    Results of several dtypes are promoted then; NumPy would convert all to the first one's.
    """

    def __call__(self, *args: Any, **options: Any) -> Any:
        if not callable(self.pyfunc) or not (transform_depth.get() or has_tensor((*args, *options.values()))):
            return super().__call__(*args, **options)
        if self.signature is not None:
            raise UnsupportedError(
                "np.vectorize with signature= takes no Tensors.", "Write np.stack([f(row) for row in x])."
            )
        every = dict(enumerate(args)) | options
        kept = {name: value for name, value in every.items() if name in self.excluded}
        varied = {name: asarray(value) for name, value in every.items() if name not in self.excluded}
        shape = np.broadcast_shapes(*map(np.shape, varied.values()))
        spread = {name: np.broadcast_to(value, shape) for name, value in varied.items()}
        results = [
            self.element(kept | {name: value[index] for name, value in spread.items()}, len(args))
            for index in np.ndindex(shape)
        ]
        if not results:
            return tensors(super().__call__(*map(values_of, args), **options))
        if isinstance(results[0], tuple):
            return tuple(self.output(i, part, shape) for i, part in enumerate(zip(*results)))
        return self.output(0, results, shape)

    def element(self, given: dict[Any, Any], count: int) -> Any:
        """What the function gives for one element of each argument."""
        named = {name: value for name, value in given.items() if isinstance(name, str)}
        return self.pyfunc(*(given[i] for i in range(count)), **named)

    def output(self, i: int, values: Any, shape: Any) -> Any:
        """One output, of all elements."""
        made = array(list(values), self.otypes[i] if self.otypes else None)
        return np.reshape(made, shape + made.shape[1:])


OWN = {"vectorize": vectorize}
