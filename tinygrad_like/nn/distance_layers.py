"""`CosineSimilarity` and `PairwiseDistance`: how alike two arrays of vectors are."""

from __future__ import annotations

from typing import Any

from ..functions.nonlinearities import cosine_similarity, pairwise_distance
from .layer import Layer


class CosineSimilarity(Layer):
    """The cosine of the angle between vectors along axis `dim`: x1 · x2 / (‖x1‖ ‖x2‖). The norms count at least eps.

    >>> CosineSimilarity(dim=-1)([3.0, 4.0], [4.0, 3.0]).round(2).item()
    0.96
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        self.dim, self.eps = dim, eps

    def forward(self, x1: Any, x2: Any) -> Any:
        return cosine_similarity(x1, x2, self.dim, self.eps)

    def label(self) -> str:
        return f"axis {self.dim}"


class PairwiseDistance(Layer):
    """‖x1 − x2 + eps‖ₚ over the last axis; eps keeps the gradient of equal vectors finite.

    >>> PairwiseDistance()([3.0, 4.0], [0.0, 0.0]).round(2).item()
    5.0
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        self.p, self.eps, self.keepdim = p, eps, keepdim

    def forward(self, x1: Any, x2: Any) -> Any:
        return pairwise_distance(x1, x2, self.p, self.eps, self.keepdim)

    def label(self) -> str:
        return f"p {self.p:g}"
