"""A schedule that follows a value, such as the loss on held-out data."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.assigning import assign
from ..engine.errors import ArgumentError
from ..engine.tensor import Tensor, values_of
from .scheduling import LRScheduler, of_groups
from .settings import number, one_of, whole


class ReduceLROnPlateau(LRScheduler):
    """The rate is multiplied by `factor` when a value has not become better for more than `patience` steps.

    `step(metrics)` takes the value. Less is better, or with mode="max" more; but only by more than `threshold`, a part
    of the best value so far, or with threshold_mode="abs" a difference. After a change, `cooldown` steps do not count.
    The rate goes down to min_lr; changes of at most `eps` are left out. A value that is nan is no better one.

    Raises ArgumentError for a factor that is not less than 1, and for a value that is no single number.

    >>> import tinygrad_like as tg
    >>> schedule = ReduceLROnPlateau(tg.SGD([tg.Parameter([1.0])], lr=0.5), factor=0.5, patience=1)
    >>> for loss in [3.0, 2.0, 2.0, 2.0]:
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(
        self,
        optimizer: Any,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: Any = 0,
        eps: float = 1e-8,
    ) -> None:
        self.mode = one_of("min", "max")("mode", mode)
        self.threshold_mode = one_of("rel", "abs")("threshold_mode", threshold_mode)
        self.factor = number("factor", factor)
        if self.factor >= 1:
            raise ArgumentError(f"factor must be less than 1, but got {factor!r}.")
        self.patience, self.cooldown = whole("patience", patience), whole("cooldown", cooldown)
        self.threshold, self.eps = number("threshold", threshold), number("eps", eps)
        self.min_lrs = of_groups(optimizer, "min_lr", min_lr)
        super().__init__(optimizer)
        self.memory["best"] = Tensor(np.array(np.inf if self.mode == "min" else -np.inf))
        self.memory["num_bad_epochs"] = Tensor(np.zeros(()))
        self.memory["cooldown_counter"] = Tensor(np.zeros(()))

    @property
    def best(self) -> float:
        """The best value so far."""
        return float(self.memory["best"].item())

    @property
    def num_bad_epochs(self) -> int:
        """The number of steps since the value became better."""
        return int(self.memory["num_bad_epochs"].item())

    @property
    def cooldown_counter(self) -> int:
        """The number of steps that will not count."""
        return int(self.memory["cooldown_counter"].item())

    def is_better(self, value: Any, best: Any) -> Any:
        """Whether a value is better than the best by more than the threshold."""
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "abs":
            limit = best + sign * self.threshold
        else:
            limit = best * (1 + sign * self.threshold * np.sign(best))
        return value > limit if self.mode == "max" else value < limit

    def step(self, metrics: Any) -> None:  # type: ignore[override]
        """Go to the next rates, by a value: a number, or a Tensor or array of one."""
        value = values_of(metrics)
        if np.size(value) != 1:
            raise ArgumentError(f"The value must be a number, but got one of shape {np.shape(value)}.")
        memory = self.memory
        best, bad, cooling = (values_of(memory[name]) for name in ("best", "num_bad_epochs", "cooldown_counter"))
        value = np.reshape(value, ())
        better = self.is_better(value, best)
        bad = np.where(better | (cooling > 0), 0.0, bad + 1)
        reduced = bad > self.patience
        assign(memory["best"], np.where(better, value, best))
        assign(memory["num_bad_epochs"], np.where(reduced, 0.0, bad))
        assign(memory["cooldown_counter"], np.where(reduced, self.cooldown, np.maximum(cooling - 1, 0.0)))
        assign(memory["last_epoch"], values_of(memory["last_epoch"]) + 1)
        lr = self._read("lr")
        new = np.maximum(lr * self.factor, self.min_lrs)
        self._write("lr", np.where(reduced & (lr - new > self.eps), new, lr))
