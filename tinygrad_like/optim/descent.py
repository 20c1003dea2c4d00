"""Gradient descent: SGD."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from ..engine.errors import ArgumentError
from .optimizer import Optimizer
from .settings import number, switch


class SGD(Optimizer):
    """Stochastic gradient descent: p ← p − lr · d, with d the gradient plus weight_decay · p.

    With momentum, v ← momentum · v + (1 − dampening) · d, at first v ← d, and v takes d's place (d + momentum · v with
    nesterov: Sutskever et al., 2013). Parameters without a gradient are left alone.

    Raises ArgumentError for values that are not finite or are negative, or if nesterov comes without momentum.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    Tensor([0.8], requires_grad=True)
    """

    settings: ClassVar = {
        "lr": number,
        "momentum": number,
        "dampening": number,
        "weight_decay": number,
        "nesterov": switch,
        "maximize": switch,
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        if nesterov and (not momentum or dampening):
            raise ArgumentError(
                "nesterov needs a momentum above 0, and no dampening.", "Write SGD(..., momentum=0.9, nesterov=True)."
            )
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    @property
    def counts(self) -> bool:
        return any(group.on("dampening") for group in self.param_groups)

    def change(self, p: Any, g: Any, s: Any) -> Any:
        d = g + s.cast(s.weight_decay) * p if s.on("weight_decay") else g
        if s.on("momentum"):
            added = s.cast(np.where(s.step > 1, 1 - s.dampening, 1.0)) * d if s.on("dampening") else d
            v = s["momentum_buffer"] = s.cast(s.momentum) * s["momentum_buffer"] + added
            d = d + s.cast(s.momentum) * v if s.nesterov else v
        return s.cast(s.lr) * d
