"""What makes arrays between brackets: r_, c_, mgrid, ogrid."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from ..engine.recording import transform_depth
from .lists import has_tensor, stacked, tensors


class Brackets:
    """`np.r_` and the like, also of Tensors; in a transform it gives Tensors."""

    def __init__(self, source: Any) -> None:
        self.source = source

    def __getitem__(self, key: Any) -> Any:
        if has_tensor(key):
            return joined(self.source, key if isinstance(key, tuple) else (key,))
        result = self.source[key]
        return tensors(result) if transform_depth.get() else result

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)

    def __len__(self) -> int:
        return len(self.source)


def joined(source: Any, key: tuple[Any, ...]) -> Any:
    """`source[key]` by positions: NumPy arranges the place of each element, and the elements are taken from there."""
    directive = key[:1] if isinstance(key[0], str) else ()
    parts = [np.r_[each] if isinstance(each, slice) else stacked(each) for each in key[len(directive) :]]
    starts = itertools.accumulate((np.size(each) for each in parts), initial=0)
    places = [start + np.arange(np.size(each)).reshape(np.shape(each)) for start, each in zip(starts, parts)]
    order = np.asarray(source[(*directive, *(each if each.ndim else int(each) for each in places))])
    # A plain number does not change the dtype, as in NumPy.
    dtype = np.result_type(*(getattr(each, "dtype", each) for each in parts))
    return np.concatenate([np.reshape(each, (-1,)) for each in parts]).astype(dtype)[order]


OWN = {name: Brackets(getattr(np, name)) for name in ("r_", "c_", "mgrid", "ogrid")}
