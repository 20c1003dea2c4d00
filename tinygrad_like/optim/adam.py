"""Adam and its variants."""

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
    place (Reddi et al., 2018).

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
        return self.adapted(g + s.cast(s.weight_decay) * p if s.on("weight_decay") else g, s)

    def adapted(self, g: Any, s: Any) -> Any:
        """The step along the averages of g."""
        beta1, beta2 = s.betas
        m = s.average("exp_avg", g, beta1)
        v = s.average("exp_avg_sq", g * g, beta2)
        if s.amsgrad:
            v = s["max_exp_avg_sq"] = np.maximum(s["max_exp_avg_sq"], v)
        root = np.sqrt(v)
        root /= s.cast(np.sqrt(1 - beta2**s.step))
        root += s.cast(s.eps)
        return s.cast(s.lr / (1 - beta1**s.step)) * m / root


class AdamW(Adam):
    """Adam with weight decay apart from the gradient: Loshchilov and Hutter (2019). p loses lr · weight_decay · p, too.

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
        step = self.adapted(g, s)
        return step + s.cast(s.lr * s.weight_decay) * p if s.on("weight_decay") else step
