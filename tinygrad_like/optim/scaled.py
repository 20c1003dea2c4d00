"""Gradients divided by the root of their squares' sum or average: Adagrad, Adadelta, RMSprop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from .optimizer import Optimizer
from .settings import between, number, switch


class Adagrad(Optimizer):
    """Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic Optimization" (2011).

    With g the gradient plus weight_decay · p, and G the sum of all g² plus initial_accumulator_value:
    p ← p − lr / (1 + (t − 1) · lr_decay) · g / (√G + eps).

    Raises ArgumentError for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> p.grad = [4.0, -0.5]
    >>> Adagrad([p], lr=0.1).step()
    >>> p.numpy().round(6)
    array([ 0.9, -1.9])
    """

    settings: ClassVar = {
        "lr": number,
        "lr_decay": number,
        "weight_decay": number,
        "initial_accumulator_value": number,
        "eps": number,
        "maximize": switch,
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
            maximize=maximize,
        )

    def initial(self, name: str, p: Any, s: Any) -> Any:
        return np.full_like(p, s.initial_accumulator_value)

    def change(self, p: Any, g: Any, s: Any) -> Any:
        g = s.decayed(g, p)
        total = s["sum"] = s["sum"] + g * g
        return s.cast(s.lr / (1 + (s.step - 1) * s.lr_decay)) * g / (np.sqrt(total) + s.cast(s.eps))


class Adadelta(Optimizer):
    """Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012).

    With g the gradient plus weight_decay · p, v the moving average of g² and u that of d² before this step, both with
    rho: d = √(u + eps) / √(v + eps) · g, and p ← p − lr · d.

    Raises ArgumentError for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> p.grad = [4.0, -0.5]
    >>> Adadelta([p]).step()
    >>> p.numpy().round(4)
    array([ 0.9968, -1.9968])
    """

    settings: ClassVar = {
        "lr": number,
        "rho": between(0, 1),
        "eps": number,
        "weight_decay": number,
        "maximize": switch,
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, rho=rho, eps=eps, weight_decay=weight_decay, maximize=maximize)

    def change(self, p: Any, g: Any, s: Any) -> Any:
        g, eps = s.decayed(g, p), s.cast(s.eps)
        v = s.average("square_avg", g * g, s.rho)
        d = np.sqrt(s["acc_delta"] + eps) / np.sqrt(v + eps) * g
        s.average("acc_delta", d * d, s.rho)
        return s.cast(s.lr) * d


class RMSprop(Optimizer):
    """Tieleman and Hinton, "Lecture 6.5: rmsprop" (2012).

    With g the gradient plus weight_decay · p, and v the moving average of g² with alpha: d = g / (√v + eps), and
    p ← p − lr · d. With centered, v loses the square of the moving average of g (Graves, "Generating Sequences With
    Recurrent Neural Networks", 2013), but stays at least 0: rounding makes no nan, as it can in PyTorch. With momentum,
    b ← momentum · b + d takes d's place.

    Raises ArgumentError for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> p.grad = [4.0, -0.5]
    >>> RMSprop([p], lr=0.1).step()
    >>> p.numpy().round(6)
    array([ 0., -1.])
    """

    settings: ClassVar = {
        "lr": number,
        "alpha": between(0, 1),
        "eps": number,
        "weight_decay": number,
        "momentum": number,
        "centered": switch,
        "maximize": switch,
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )

    def change(self, p: Any, g: Any, s: Any) -> Any:
        g = s.decayed(g, p)
        v = s.average("square_avg", g * g, s.alpha)
        if s.centered:
            mean = s.average("grad_avg", g, s.alpha)
            v = np.maximum(v - mean * mean, s.cast(np.zeros(())))
        d = g / (np.sqrt(v) + s.cast(s.eps))
        if s.on("momentum"):
            d = s["momentum_buffer"] = s.cast(s.momentum) * s["momentum_buffer"] + d
        return s.cast(s.lr) * d
