"""Schedules made of schedules: at once, one after the other, after a warm-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, UnsupportedError
from ..engine.shortcuts import shortcut
from ..engine.tensor import values_of
from .plateau import ReduceLROnPlateau
from .schedules import LinearLR
from .scheduling import LRScheduler
from .settings import positive


class Combined(LRScheduler):
    """Base of the schedules that are made of others."""

    def __init__(self, optimizer: Any, schedulers: Sequence[Any], last_epoch: int = -1) -> None:
        self.schedulers = list(schedulers)
        kind = type(self).__name__
        if not self.schedulers:
            raise ArgumentError(f"{kind} needs at least one schedule, but got none.")
        for each in self.schedulers:
            if isinstance(each, ReduceLROnPlateau):
                raise UnsupportedError(
                    f"{kind} cannot step ReduceLROnPlateau, which needs a value.", "Step that schedule by itself."
                )
            if not isinstance(each, LRScheduler):
                raise ArgumentError(f"{kind} takes schedules, but got a {type(each).__name__}.")
            if optimizer is not each.optimizer:
                raise ArgumentError(f"{kind} takes schedules of one optimizer, but {type(each).__name__} has another.")
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"schedulers": [each.state_dict() for each in self.schedulers]}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        for each, inner in zip(self.schedulers, state["schedulers"]):
            each.load_state_dict(inner)

    def _check_state(self, state: Any) -> None:
        super()._check_state(state)
        inner = state.get("schedulers", [])
        if len(inner) != len(self.schedulers):
            raise ArgumentError(f"The state is of {len(inner)} schedules, but this has {len(self.schedulers)}.")
        for each, its_state in zip(self.schedulers, inner):
            each._check_state(its_state)


class ChainedScheduler(Combined):
    """Each step takes a step of every schedule: their factors are multiplied. Those that set the rate go first.

    Raises ArgumentError if the schedules are of several optimizers.

    >>> import tinygrad_like as tg
    >>> optimizer = tg.SGD([tg.Parameter([1.0])], lr=1.0)
    >>> schedule = ChainedScheduler([tg.optim.ExponentialLR(optimizer, 0.5), tg.optim.StepLR(optimizer, 1, 0.25)])
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.125]
    """

    def __init__(self, schedulers: Sequence[Any], optimizer: Any = None) -> None:
        schedulers = list(schedulers)
        own = getattr(schedulers[0], "optimizer", None) if schedulers and optimizer is None else optimizer
        super().__init__(own, schedulers)

    def _advance(self, active: Any, restart: Any) -> None:
        self._count(active, restart)
        for each in self.schedulers:
            each._advance(active, restart)


class SequentialLR(Combined):
    """One schedule after the other: the next begins, from `base`, when as many steps as its milestone were taken.

    Raises ArgumentError if there is not one milestone between each two, or if they do not increase.

    >>> import tinygrad_like as tg
    >>> optimizer = tg.SGD([tg.Parameter([1.0])], lr=1.0)
    >>> first, then = tg.optim.ConstantLR(optimizer, 0.5), tg.optim.ExponentialLR(optimizer, 0.25)
    >>> schedule, rates = SequentialLR(optimizer, [first, then], milestones=[2]), []
    >>> for _ in range(4):
    ...     rates += schedule.get_last_lr()
    ...     schedule.step()
    >>> rates
    [0.5, 0.5, 1.0, 0.25]
    """

    def __init__(
        self, optimizer: Any, schedulers: Sequence[Any], milestones: Sequence[int], last_epoch: int = -1
    ) -> None:
        self.milestones = [positive("A milestone", each) for each in milestones]
        if len(self.milestones) != len(schedulers) - 1:
            raise ArgumentError(
                f"SequentialLR needs a milestone between each two schedules, but got {len(schedulers)} schedules and "
                f"{len(self.milestones)} milestones."
            )
        if self.milestones != sorted(set(self.milestones)):
            raise ArgumentError(f"The milestones must increase, but got {self.milestones}.")
        super().__init__(optimizer, schedulers, last_epoch)
        self._write("lr", values_of(self.memory["base_lrs"]))
        self.schedulers[0]._advance(True, True)

    def _advance(self, active: Any, restart: Any) -> None:
        t = self._count(active, restart)
        for each, (first, end) in zip(self.schedulers, pairwise([0, *self.milestones, np.inf])):
            here, begins = np.logical_and(active, (first <= t) & (t < end)), t == first
            if shortcut(~here):
                continue
            if not shortcut(~begins):
                base = values_of(each.memory["base_lrs"])
                self._write("lr", np.where(here & begins, base, self._read("lr")))
            each._advance(here, begins)


class WarmupLR(SequentialLR):
    """The first `steps` steps have the rates base / (steps + 1), 2 base / (steps + 1) …; then `after` begins.

    Without `after`, the rate stays at `base`. Goyal et al., "Accurate, Large Minibatch SGD" (2017).

    >>> import tinygrad_like as tg
    >>> optimizer = tg.SGD([tg.Parameter([1.0])], lr=1.0)
    >>> schedule, rates = WarmupLR(optimizer, 3, after=tg.optim.ExponentialLR(optimizer, 0.5)), []
    >>> for _ in range(6):
    ...     rates += schedule.get_last_lr()
    ...     schedule.step()
    >>> rates
    [0.25, 0.5, 0.75, 1.0, 0.5, 0.25]
    """

    def __init__(self, optimizer: Any, steps: int, after: LRScheduler | None = None) -> None:
        rise = LinearLR(optimizer, 1 / (positive("steps", steps) + 1), total_iters=steps)
        super().__init__(optimizer, [rise] if after is None else [rise, after], [] if after is None else [steps])
