"""Adam and its variants: a step along the average of the gradients, scaled by the average of their squares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from .optimizer import Optimizer
from .settings import fraction, number, pair_of, switch


class Adam(Optimizer):
    """Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015).

    With g the gradient plus weight_decay · p, m and v are the moving averages of g and g², with betas[0] and betas[1];
    p ← p − lr · (m / (1 − betas[0]ᵗ)) / (√(v / (1 − betas[1]ᵗ)) + eps). With amsgrad, the largest v so far takes v's
    place (Reddi et al., "On the Convergence of Adam and Beyond", 2018).

    Raises ArgumentError for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = Adam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p.numpy().round(6)
    array([ 0.9, -1.9])
    """

    settings: ClassVar = {
        "lr": number,
        "betas": pair_of(fraction),
        "eps": number,
        "weight_decay": number,
        "amsgrad": switch,
        "maximize": switch,
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, amsgrad=amsgrad, maximize=maximize
        )

    def change(self, p: Any, g: Any, s: Any) -> Any:
        return self.adapted(s.decayed(g, p), s)

    def adapted(self, g: Any, s: Any) -> Any:
        """The step along the averages of g. In place: memory for what is computed costs as much as computing it."""
        beta1, beta2 = s.betas
        m = s.average("exp_avg", g, beta1)
        v = s.average("exp_avg_sq", g * g, beta2)
        if s.amsgrad:
            v = s["max_exp_avg_sq"] = np.maximum(s["max_exp_avg_sq"], v)
        correction = np.sqrt(1 - beta2**s.step)
        root = np.sqrt(v)
        root += s.cast(s.eps * correction)
        step = np.divide(m, root, out=root)
        step *= s.cast(s.lr * correction / (1 - beta1**s.step))
        return step


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: p loses lr · weight_decay · p, too.

    Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019).

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0], requires_grad=True)
    >>> p.grad = [0.0]
    >>> AdamW([p], lr=0.1, weight_decay=0.5).step()
    >>> p.item()
    0.95
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize)

    def change(self, p: Any, g: Any, s: Any) -> Any:
        return s.decayed(self.adapted(g, s), p, s.lr)


class Adamax(Optimizer):
    """Adam with the largest gradient in place of the root of the average square (Kingma and Ba, 2015, section 7.1).

    With g the gradient plus weight_decay · p, m the moving average of g with betas[0], and
    u ← max(betas[1] · u, |g| + eps): p ← p − lr / (1 − betas[0]ᵗ) · m / u.

    Raises ArgumentError for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> p.grad = [4.0, 0.5]
    >>> Adamax([p], lr=0.1).step()
    >>> p.numpy().round(6)
    array([ 0.9, -2.1])
    """

    settings: ClassVar = {
        "lr": number,
        "betas": pair_of(fraction),
        "eps": number,
        "weight_decay": number,
        "maximize": switch,
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, maximize=maximize)

    def change(self, p: Any, g: Any, s: Any) -> Any:
        beta1, beta2 = s.betas
        g = s.decayed(g, p)
        m = s.average("exp_avg", g, beta1)
        u = s["exp_inf"] = np.maximum(s.cast(beta2) * s["exp_inf"], np.abs(g) + s.cast(s.eps))
        return s.cast(s.lr / (1 - beta1**s.step)) * m / u
