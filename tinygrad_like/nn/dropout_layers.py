"""Dropout layers: random in training; in evaluation they give what they are given."""

from __future__ import annotations

from typing import Any

from ..functions import dropping
from ..random import Generator
from .layer import Layer


class Dropping(Layer):
    """What all dropout layers share: the probability p, and the source of random numbers.

    `generator` is a `tg.random.Generator` of its own; without it, the default one draws. `inplace` is ignored: the
    result is always new. Raises ArgumentError for p outside [0, 1].
    """

    function: Any

    def __init__(self, p: float = 0.5, inplace: bool = False, *, generator: Generator | None = None) -> None:
        dropping.check_probability(p, type(self).__name__)
        self.p, self.generator = p, generator

    def forward(self, input: Any) -> Any:
        return self.function(input, self.p, self.training, generator=self.generator)

    def label(self) -> str:
        return f"p={self.p:g}"


class Dropout(Dropping):
    """Each value with probability p 0, else divided by 1 - p: Srivastava et al. (2014).

    >>> import numpy as np
    >>> Dropout(0.5).eval()(np.ones(2))
    array([1., 1.])
    """

    function = staticmethod(dropping.dropout)


class Dropout1d(Dropping):
    """Dropout of whole channels, of (N, C, L) or (C, L)."""

    function = staticmethod(dropping.dropout1d)


class Dropout2d(Dropping):
    """Dropout of whole channels, of (N, C, H, W). Raises ShapeError for other shapes."""

    function = staticmethod(dropping.dropout2d)


class Dropout3d(Dropping):
    """Dropout of whole channels, of (N, C, D, H, W) or (C, D, H, W)."""

    function = staticmethod(dropping.dropout3d)


class AlphaDropout(Dropping):
    """Dropout for selu, which keeps mean 0 and variance 1: Klambauer et al. (2017)."""

    function = staticmethod(dropping.alpha_dropout)


class FeatureAlphaDropout(Dropping):
    """AlphaDropout of whole channels, of (N, C, ...)."""

    function = staticmethod(dropping.feature_alpha_dropout)
