"""NAdam and RAdam: Adam with Nesterov's momentum, and with a warm-up of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np

from .optimizer import Optimizer
from .settings import fraction, number, pair_of, switch


class NAdam(Optimizer):
    """Dozat, "Incorporating Nesterov Momentum into Adam" (2016).

    m and v are the moving averages of the gradient g and of g², with betas[0] and betas[1]. With
    μₜ = betas[0] · (1 − 0.96^(t · momentum_decay) / 2), and Mₜ = μ₁ ⋯ μₜ:
    p ← p − lr · ((1 − μₜ) / (1 − Mₜ) · g + μₜ₊₁ / (1 − Mₜ₊₁) · m) / (√(v / (1 − betas[1]ᵗ)) + eps).
    g is the gradient plus weight_decay · p; with decoupled_weight_decay, p loses lr · weight_decay · p instead.

    Raises ArgumentError for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> p.grad = [4.0, 0.5]
    >>> NAdam([p], lr=0.1).step()
    >>> p.numpy().round(3)
    array([ 0.894, -2.106])
    """

    settings: ClassVar = {
        "lr": number,
        "betas": pair_of(fraction),
        "eps": number,
        "weight_decay": number,
        "momentum_decay": number,
        "decoupled_weight_decay": switch,
        "maximize": switch,
    }
    numbers: ClassVar = {"step": 0, "mu_product": 1}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    def advance(self, s: Any) -> None:
        super().advance(s)
        s.set_number("mu_product", s.number("mu_product") * self.mu(s, s.step))

    def mu(self, s: Any, step: Any) -> Any:
        """The momentum of a step."""
        return s.betas[0] * (1 - 0.5 * 0.96 ** (step * s.momentum_decay))

    def change(self, p: Any, g: Any, s: Any) -> Any:
        if not s.decoupled_weight_decay:
            g = s.decayed(g, p)
        beta1, beta2 = s.betas
        m = s.average("exp_avg", g, beta1)
        v = s.average("exp_avg_sq", g * g, beta2)
        mu, mu_next, product = self.mu(s, s.step), self.mu(s, s.step + 1), s.number("mu_product")
        ahead = s.cast(s.lr * (1 - mu) / (1 - product)) * g + s.cast(s.lr * mu_next / (1 - product * mu_next)) * m
        step = ahead / (np.sqrt(v) / s.cast(np.sqrt(1 - beta2**s.step)) + s.cast(s.eps))
        return s.decayed(step, p, s.lr) if s.decoupled_weight_decay else step


class RAdam(Optimizer):
    """Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond" (2020).

    m and v are the moving averages of the gradient g and of g², with betas[0] and betas[1]. With
    ρ∞ = 2 / (1 − betas[1]) − 1 and ρ = ρ∞ − 2t · betas[1]ᵗ / (1 − betas[1]ᵗ), the step is
    lr · m / (1 − betas[0]ᵗ), as long as ρ ≤ 5; after that also times r · √(1 − betas[1]ᵗ) / (√v + eps), where
    r² = (ρ − 4)(ρ − 2) ρ∞ / ((ρ∞ − 4)(ρ∞ − 2) ρ).
    g is the gradient plus weight_decay · p; with decoupled_weight_decay, p loses lr · weight_decay · p instead.

    Raises ArgumentError for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([1.0, -2.0], requires_grad=True)
    >>> p.grad = [4.0, 0.5]
    >>> RAdam([p], lr=0.1).step()
    >>> p.numpy().round(6)
    array([ 0.6 , -2.05])
    """

    settings: ClassVar = {
        "lr": number,
        "betas": pair_of(fraction),
        "eps": number,
        "weight_decay": number,
        "decoupled_weight_decay": switch,
        "maximize": switch,
    }

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
        )

    def change(self, p: Any, g: Any, s: Any) -> Any:
        if not s.decoupled_weight_decay:
            g = s.decayed(g, p)
        beta1, beta2 = s.betas
        m = s.average("exp_avg", g, beta1)
        v = s.average("exp_avg_sq", g * g, beta2)
        known, factor = self.rectified(s, beta2)
        root = np.where(known, np.sqrt(v) + s.cast(s.eps), s.cast(np.ones(())))
        step = s.cast(s.lr * factor / (1 - beta1**s.step)) * m / root
        return s.decayed(step, p, s.lr) if s.decoupled_weight_decay else step

    def rectified(self, s: Any, beta2: Any) -> tuple[Any, Any]:
        """Whether v is known well enough, and by what the step is multiplied: r · √(1 − betas[1]ᵗ), or 1."""
        left = 1 - beta2**s.step
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * s.step * (1 - left) / left
        known = length > 5
        n, most = np.maximum(length, 5), np.maximum(longest, 5)
        r = np.sqrt((n - 4) * (n - 2) * most / ((most - 4) * (most - 2) * n))
        return known, np.where(known, r * np.sqrt(left), 1.0)
