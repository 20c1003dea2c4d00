"""Optimizers for which a parameter is a matrix, not only values: Adafactor and Muon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from ..engine.errors import ArgumentError
from .optimizer import Optimizer
from .settings import between, finite, number, one_of, optional, several, switch, whole


class Adafactor(Optimizer):
    """Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost" (2018).

    With g the gradient and b = t^beta2_decay: R and C are the averages of g² over the last axis and over the one
    before, each moving by b: R ← R + b · (new − R). V = R · C / max(mean R, eps[0]), of which only R and C are kept.
    For a parameter of one axis, V is the moving average of g². u = g / √max(V, eps[0]²), over max(1, RMS(u) / d).
    p ← (1 − lr · weight_decay) · p − max(eps[1], RMS(p)) · min(lr, 1 / √t) · u. RMS is the root of the mean square.
    eps[0] is the spacing of the dtype's numbers at 1 where it is None.

    Raises ArgumentError for values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([[1.0, -2.0], [2.0, 1.0]], requires_grad=True)
    >>> p.grad = [[4.0, 0.5], [1.0, 1.0]]
    >>> Adafactor([p], lr=0.1).step()
    >>> p.numpy().round(3)
    array([[ 0.892, -2.05 ],
           [ 1.923,  0.717]])
    """

    settings: ClassVar = {
        "lr": number,
        "beta2_decay": between(-np.inf, 0),
        "eps": several(optional(number), number),
        "d": between(1, np.inf),
        "weight_decay": number,
        "maximize": switch,
    }
    by_parameter: ClassVar = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr=lr, beta2_decay=beta2_decay, eps=eps, d=d, weight_decay=weight_decay, maximize=maximize
        )

    def state_shape(self, name: str, shape: tuple[int, ...]) -> tuple[int, ...]:
        return {"row_var": (*shape[:-1], 1), "col_var": (*shape[:-2], 1, *shape[-1:])}.get(name, shape)

    def change(self, p: Any, g: Any, s: Any) -> Any:
        least, smallest = s.eps
        least = s.cast(np.float64(np.finfo(p.dtype).eps) if least is None else least)
        u = g / np.sqrt(np.maximum(self.variance(g, s, least), least * least))
        u = u / np.maximum(rms(u) / s.cast(s.d), s.cast(np.ones(())))
        rate = np.maximum(smallest, rms(p)) * np.minimum(s.lr, 1 / np.sqrt(s.step))
        return s.decayed(s.cast(rate) * u, p, s.lr)

    def variance(self, g: Any, s: Any, least: Any) -> Any:
        """The estimate of the average of g²."""
        kept = 1 - s.step**s.beta2_decay
        if g.ndim < 2:
            return s.average("variance", g * g, kept)
        rows = s.average("row_var", (g * g).mean(-1, keepdims=True), kept)
        columns = s.average("col_var", (g * g).mean(-2, keepdims=True), kept)
        return rows * columns / np.maximum(rows.mean(-2, keepdims=True), least)


def rms(values: Any) -> Any:
    """The root of the mean square."""
    return np.sqrt((values * values).mean())


class Muon(Optimizer):
    """Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024). For matrices only.

    With g the gradient, B ← B + (1 − momentum) · (g − B), and with nesterov g + momentum · (B − g) in B's place:
    p ← (1 − lr · weight_decay) · p − lr · f · O(B), for p of shape (m, n). O makes B nearly orthogonal, by ns_steps
    steps of a Newton-Schulz iteration: X = B / max(‖B‖, eps), then X ← a · X + (b · A + c · A²) · X, with A = X · Xᵀ
    and (a, b, c) the ns_coefficients. f is √max(1, m / n), or 0.2 · √max(m, n) where adjust_lr_fn is
    "match_rms_adamw" (Liu et al., "Muon is Scalable for LLM Training", 2025). It computes in the dtype of the
    parameters; PyTorch rounds to bfloat16, so that its steps differ by about a hundredth.

    Raises ArgumentError for parameters that are no matrices, or values out of range.

    >>> from tinygrad_like import Tensor
    >>> p = Tensor([[1.0, 0.0], [0.0, 1.0]], requires_grad=True)
    >>> p.grad = [[0.0, 3.0], [-1.0, 0.0]]
    >>> Muon([p], lr=0.1, weight_decay=0).step()
    >>> p.numpy().round(2)
    array([[ 1.  , -0.08],
           [ 0.11,  1.  ]])
    """

    settings: ClassVar = {
        "lr": number,
        "weight_decay": number,
        "momentum": between(0, 1),
        "nesterov": switch,
        "ns_coefficients": several(finite, finite, finite),
        "eps": number,
        "ns_steps": whole,
        "adjust_lr_fn": one_of(None, "original", "match_rms_adamw"),
    }
    by_parameter: ClassVar = True
    numbers: ClassVar = {}

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        super().__init__(
            params,
            lr=lr,
            weight_decay=weight_decay,
            momentum=momentum,
            nesterov=nesterov,
            ns_coefficients=ns_coefficients,
            eps=eps,
            ns_steps=ns_steps,
            adjust_lr_fn=adjust_lr_fn,
        )

    def check_group(self, group: Mapping[str, Any]) -> None:
        if shapes := [p.shape for p in group["params"] if p.ndim != 2]:
            raise ArgumentError(
                f"Muon takes matrices, but got parameters of the shapes {', '.join(map(str, shapes))}.",
                "Give the others to another optimizer: AdamW([p for p in model.parameters() if p.ndim != 2]).",
            )

    def change(self, p: Any, g: Any, s: Any) -> Any:
        b = s.average("momentum_buffer", g, s.momentum)
        if s.nesterov:
            b = g + s.cast(s.momentum) * (b - g)
        rows, columns = p.shape
        factor = (
            0.2 * max(rows, columns) ** 0.5 if s.adjust_lr_fn == "match_rms_adamw" else max(1, rows / columns) ** 0.5
        )
        return s.decayed(s.cast(s.lr * factor) * self.orthogonal(b, s), p, s.lr)

    def orthogonal(self, b: Any, s: Any) -> Any:
        """A matrix with about the singular vectors of `b`, whose singular values are about 1."""
        first, second, third = map(s.cast, s.ns_coefficients)
        wide = b.shape[0] <= b.shape[1]
        x = b if wide else b.T
        x = x / np.maximum(np.sqrt((x * x).sum()), s.cast(s.eps))
        for _ in range(s.ns_steps):
            a = x @ x.T
            x = first * x + (second * a + third * (a @ a)) @ x
        return x if wide else x.T
