"""Gradient descent: SGD, and ASGD, which averages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
        super().__init__(
            params,
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def check_group(self, group: Mapping[str, Any]) -> None:
        if group["nesterov"] and (not group["momentum"] or group["dampening"]):
            raise ArgumentError(
                "nesterov needs a momentum above 0, and no dampening.", "Write SGD(..., momentum=0.9, nesterov=True)."
            )

    def advance(self, s: Any) -> None:
        if s.on("momentum"):
            super().advance(s)

    def change(self, p: Any, g: Any, s: Any) -> Any:
        d = g + s.cast(s.weight_decay) * p if s.on("weight_decay") else g
        if s.on("momentum"):
            added = s.cast(np.where(s.step > 1, 1 - s.dampening, 1.0)) * d if s.on("dampening") else d
            v = s["momentum_buffer"] = s.cast(s.momentum) * s["momentum_buffer"] + added
            d = d + s.cast(s.momentum) * v if s.nesterov else v
        return s.cast(s.lr) * d


class ASGD(Optimizer):
    """Averaged gradient descent: Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging" (1992).

    With g the gradient plus weight_decay · p, and η = lr / (1 + lambd · lr · (t − 1))^alpha:
    p ← (1 − lambd · η) · p − η · g. The state "ax" is p, and from step t0 + 2 on the average of p since then:
    `optimizer.state_dict()["state"][i]["ax"]`. A change of lr counts from the next step on (in PyTorch one step later).

    Raises ArgumentError for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0], requires_grad=True)
    >>> optimizer = ASGD([p], lr=0.1, lambd=0.5)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    Tensor([0.75], requires_grad=True)
    """

    settings: ClassVar = {
        "lr": number,
        "lambd": number,
        "alpha": number,
        "t0": number,
        "weight_decay": number,
        "maximize": switch,
    }
    derived: ClassVar = {
        "eta": lambda s: s.lr / (1 + s.lambd * s.lr * s.step) ** s.alpha,
        "mu": lambda s: 1 / np.maximum(s.step - s.t0, 1),
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, lambd=lambd, alpha=alpha, t0=t0, weight_decay=weight_decay, maximize=maximize)

    def change(self, p: Any, g: Any, s: Any) -> Any:
        before = s.step - 1
        eta = s.lr / (1 + s.lambd * s.lr * before) ** s.alpha
        step = s.cast(eta) * s.decayed(g, p) + s.cast(s.lambd * eta) * p
        s.average("ax", p - step, 1 - 1 / np.maximum(before - s.t0, 1))
        return step
