"""Schedules of the learning rate that are a formula of the number of steps t; base is the rate at first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..engine.assigning import assign
from ..engine.errors import ArgumentError
from ..engine.tensor import values_of
from ..engine.traces import trace
from .scheduling import Array, LRScheduler, above_zero
from .settings import number, positive, whole


class LambdaLR(LRScheduler):
    """The rate base · lr_lambda(t). `lr_lambda` is a function of an int, or a list of one for each group.

    It is called anew in each step, so its numbers are Python's: a step that is compiled once cannot contain it.

    Raises ArgumentError if there is not one function for each group, or if one gives no finite number of at least 0.

    >>> import tinygrad_like as tg
    >>> schedule = LambdaLR(tg.SGD([tg.Parameter([1.0])], lr=0.1), lambda t: 1 / (t + 1))
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.05]
    """

    def __init__(self, optimizer: Any, lr_lambda: Any, last_epoch: int = -1) -> None:
        groups = len(getattr(optimizer, "param_groups", [0]))
        self.lr_lambdas: list[Callable[[int], float]] = (
            list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * groups
        )
        if len(self.lr_lambdas) != groups or not all(map(callable, self.lr_lambdas)):
            raise ArgumentError(
                f"lr_lambda must be a function, or a list of one for each of the {groups} groups.",
                f"Write {type(self).__name__}(optimizer, lambda t: 0.9**t).",
            )
        super().__init__(optimizer, last_epoch)

    def factors(self, t: Any) -> Array:
        """What the functions give for t."""
        if (now := trace()) is not None:
            raise now.refusal(
                f"{type(self).__name__}, whose functions are Python's,", "Call schedule.step() outside of the function."
            )
        return np.array([number("What lr_lambda gives", function(int(t))) for function in self.lr_lambdas])

    def start(self, lr: Array, base: Array) -> Any:
        return base * self.factors(0)

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        return base * self.factors(t)


class MultiplicativeLR(LambdaLR):
    """Each step multiplies the rate by lr_lambda(t), from t = 1 on; see LambdaLR.

    >>> import tinygrad_like as tg
    >>> schedule = MultiplicativeLR(tg.SGD([tg.Parameter([1.0])], lr=0.1), lambda t: 0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.05]
    """

    def start(self, lr: Array, base: Array) -> Any:
        return lr

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        return lr * self.factors(t)


class StepLR(LRScheduler):
    """Every `step_size` steps, the rate is multiplied by gamma.

    >>> import tinygrad_like as tg
    >>> schedule = StepLR(tg.SGD([tg.Parameter([1.0])], lr=0.5), step_size=2, gamma=0.5)
    >>> for _ in range(4):
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.125]
    """

    def __init__(self, optimizer: Any, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = positive("step_size", step_size), number("gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        return lr * np.where(t % self.step_size == 0, self.gamma, 1.0)


class MultiStepLR(LRScheduler):
    """At each of the milestones, numbers of steps, the rate is multiplied by gamma.

    Raises ArgumentError if the milestones do not increase.

    >>> import tinygrad_like as tg
    >>> schedule = MultiStepLR(tg.SGD([tg.Parameter([1.0])], lr=0.5), [1, 3], gamma=0.5)
    >>> for _ in range(3):
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.125]
    """

    def __init__(self, optimizer: Any, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1) -> None:
        listed = [whole("A milestone", each) for each in milestones]
        if listed != sorted(listed):
            raise ArgumentError(f"The milestones must increase, but got {listed}.", f"Write {sorted(listed)}.")
        self.milestones, self.gamma = np.array(listed, float), number("gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        return lr * self.gamma ** np.sum(self.milestones == t)


class ConstantLR(LRScheduler):
    """The rate is multiplied by `factor` for the first `total_iters` steps.

    >>> import tinygrad_like as tg
    >>> ConstantLR(tg.SGD([tg.Parameter([1.0])], lr=0.5), factor=0.5).get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Any, factor: float = 1 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        self.factor, self.total_iters = above_zero("factor", factor), positive("total_iters", total_iters)
        super().__init__(optimizer, last_epoch)

    def start(self, lr: Array, base: Array) -> Any:
        return lr * self.factor

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        return lr * np.where(t == self.total_iters, 1 / self.factor, 1.0)


class LinearLR(LRScheduler):
    """The rate is multiplied by a factor that goes from start_factor to end_factor in `total_iters` equal parts.

    >>> import tinygrad_like as tg
    >>> schedule = LinearLR(tg.SGD([tg.Parameter([1.0])], lr=0.5), 0.5, total_iters=2)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.375]
    """

    def __init__(
        self,
        optimizer: Any,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        self.start_factor, self.end_factor = above_zero("start_factor", start_factor), number("end_factor", end_factor)
        self.total_iters = positive("total_iters", total_iters)
        super().__init__(optimizer, last_epoch)

    def start(self, lr: Array, base: Array) -> Any:
        return lr * self.start_factor

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        added = self.end_factor - self.start_factor
        factor = 1 + added / (self.total_iters * self.start_factor + (t - 1) * added)
        return np.where(t > self.total_iters, lr, lr * factor)


class ExponentialLR(LRScheduler):
    """Each step multiplies the rate by gamma.

    >>> import tinygrad_like as tg
    >>> schedule = ExponentialLR(tg.SGD([tg.Parameter([1.0])], lr=0.5), gamma=0.5)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Any, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = number("gamma", gamma)
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        return lr * self.gamma


class PolynomialLR(LRScheduler):
    """The rate base · (1 − t / total_iters)^power, which ends at 0.

    >>> import tinygrad_like as tg
    >>> schedule = PolynomialLR(tg.SGD([tg.Parameter([1.0])], lr=0.5), total_iters=2)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Any, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = positive("total_iters", total_iters), number("power", power)
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        factor = (1 - t / self.total_iters) / (1 - (t - 1) / self.total_iters)
        return np.where(t > self.total_iters, lr, lr * np.maximum(factor, 0) ** self.power)


class CosineAnnealingLR(LRScheduler):
    """The rate eta_min + (base − eta_min) · (1 + cos(π t / T_max)) / 2: Loshchilov and Hutter, "SGDR" (2017).

    It falls to eta_min in T_max steps, then rises again: T_max is the number of all steps, for one fall.

    >>> import tinygrad_like as tg
    >>> schedule = CosineAnnealingLR(tg.SGD([tg.Parameter([1.0])], lr=0.5), T_max=2, eta_min=0.1)
    >>> schedule.step()
    >>> round(schedule.get_last_lr()[0], 12)
    0.3
    """

    def __init__(self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = positive("T_max", T_max), number("eta_min", eta_min)
        super().__init__(optimizer, last_epoch)

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        height, before = 1 + np.cos(np.pi * t / self.T_max), 1 + np.cos(np.pi * (t - 1) / self.T_max)
        risen = lr + (base - self.eta_min) * (1 - math.cos(math.pi / self.T_max)) / 2
        at_lowest = (t - 1 - self.T_max) % (2 * self.T_max) == 0  # where `before` is 0
        return np.where(at_lowest, risen, height / before * (lr - self.eta_min) + self.eta_min)


class CosineAnnealingWarmRestarts(LRScheduler):
    """Like CosineAnnealingLR with T_max = T_0, but then again from `base`, each time T_mult times as long ("SGDR").

    `step(epoch)` also takes a fraction of an epoch, such as `step(epoch + i / batches)`.

    >>> import tinygrad_like as tg
    >>> schedule = CosineAnnealingWarmRestarts(tg.SGD([tg.Parameter([1.0])], lr=0.5), T_0=2)
    >>> schedule.step(1.0)
    >>> schedule.get_last_lr()
    [0.25]
    """

    def __init__(self, optimizer: Any, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_0, self.T_mult = positive("T_0", T_0), positive("T_mult", T_mult)
        self.eta_min = number("eta_min", eta_min)
        super().__init__(optimizer, last_epoch)

    def start(self, lr: Array, base: Array) -> Any:
        return base

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        since, length = self.since_restart(t)
        return self.eta_min + (base - self.eta_min) * (1 + np.cos(np.pi * since / length)) / 2

    def since_restart(self, t: Any) -> tuple[Any, Any]:
        """The steps since the last restart, and the steps from it to the next."""
        if self.T_mult == 1:
            return t % self.T_0, self.T_0
        n = np.floor(np.log1p(t / self.T_0 * (self.T_mult - 1)) / math.log(self.T_mult))
        n = n + (self.restart(n + 1) <= t)  # the logarithm is rounded
        n = n - (self.restart(n) > t)
        return t - self.restart(n), self.T_0 * self.T_mult**n

    def restart(self, n: Any) -> Any:
        """The number of steps before restart n."""
        return self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)

    def step(self, epoch: Any = None) -> None:
        """Go to the next rates, or to those at `epoch`, which need not be whole."""
        if epoch is None:
            super().step()
            return
        t = np.array(number("epoch", epoch))
        assign(self.memory["last_epoch"], t)
        self._write("lr", self.rate(self._read("lr"), values_of(self.memory["base_lrs"]), t))
