"""Optimizers that use no more of a gradient than its sign: Rprop and Lion."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from ..engine.errors import ArgumentError
from .optimizer import Optimizer
from .settings import between, fraction, number, pair_of, several, switch


class Rprop(Optimizer):
    """Riedmiller and Braun, "A Direct Adaptive Method for Faster Backpropagation Learning: The RPROP Algorithm" (1993).

    Each value has a step size, lr at first. Where the gradient has the sign of the one before, it grows by the factor
    etas[1]; where the sign changed, it shrinks by etas[0], and the gradient is taken as 0; it stays between
    step_sizes[0] and step_sizes[1]. p ← p − step size · sign of the gradient.

    For gradients of all samples at once, not of batches. Raises ArgumentError for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = Rprop([p], lr=0.1)
    >>> for _ in range(2):
    ...     p.grad = [3.0, -0.5]
    ...     optimizer.step()
    >>> p.numpy().round(6)
    array([ 0.78, -1.78])
    """

    settings: ClassVar = {
        "lr": number,
        "etas": several(fraction, between(1, np.inf)),
        "step_sizes": pair_of(number),
        "maximize": switch,
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50.0),
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, etas=etas, step_sizes=step_sizes, maximize=maximize)

    def check_group(self, group: Mapping[str, Any]) -> None:
        if group["step_sizes"][0] > group["step_sizes"][1]:
            raise ArgumentError(f"step_sizes must be the least and the largest, but got {group['step_sizes']}.")

    def initial(self, name: str, p: Any, s: Any) -> Any:
        return np.full_like(p, s.lr if name == "step_size" else 0)

    def change(self, p: Any, g: Any, s: Any) -> Any:
        (shrink, grow), (least, most) = map(s.cast, s.etas), map(s.cast, s.step_sizes)
        agreement = np.sign(g) * np.sign(s["prev"])
        factor = np.where(agreement > 0, grow, np.where(agreement < 0, shrink, s.cast(np.ones(()))))
        size = s["step_size"] = np.clip(s["step_size"] * factor, least, most)
        kept = s["prev"] = np.where(agreement < 0, s.cast(np.zeros(())), g)
        return np.sign(kept) * size


class Lion(Optimizer):
    """Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023).

    With g the gradient and m its moving average with betas[1], before this step:
    p ← p − lr · (sign(betas[0] · m + (1 − betas[0]) · g) + weight_decay · p). PyTorch has none; the rate should be 3 to
    10 times smaller than Adam's, and weight_decay as many times larger.

    Raises ArgumentError for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> p.grad = [4.0, -0.5]
    >>> Lion([p], lr=0.1).step()
    >>> p.numpy().round(6)
    array([ 0.9, -1.9])
    """

    settings: ClassVar = {"lr": number, "betas": pair_of(fraction), "weight_decay": number, "maximize": switch}
    numbers: ClassVar = {}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr=lr, betas=betas, weight_decay=weight_decay, maximize=maximize)

    def change(self, p: Any, g: Any, s: Any) -> Any:
        beta1, beta2 = s.betas
        direction = np.sign(s.cast(beta1) * s["exp_avg"] + s.cast(1 - beta1) * g)
        s.average("exp_avg", g, beta2)
        return s.cast(s.lr) * s.decayed(direction, p)
