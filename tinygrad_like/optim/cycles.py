"""Schedules that move the learning rate up and down, and the momentum against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from ..engine.shortcuts import require
from ..engine.tensor import Tensor, values_of
from ..engine.traces import lifted
from .scheduling import Array, LRScheduler, above_zero, of_groups
from .settings import between, fraction, number, one_of, positive


class Cycle(LRScheduler):
    """Base of the schedules that change the momentum as well: "momentum", or the first of "betas"."""

    def __init__(self, optimizer: Any, last_epoch: int, base_lrs: Array, cycle_momentum: bool) -> None:
        super().__init__(optimizer, last_epoch, base_lrs)
        group = optimizer.param_groups[0].memory
        self.cycle_momentum = bool(cycle_momentum)
        self.place: tuple[str, Any] = ("betas", 0) if "betas" in group else ("momentum", ...)
        if self.cycle_momentum:
            if self.place[0] not in group:
                raise ArgumentError(
                    f"{type(optimizer).__name__} has neither momentum nor betas, which {type(self).__name__} changes.",
                    "Write cycle_momentum=False.",
                )
            self._write_momentum(self.momentum(np.zeros(())))

    def momentum(self, t: Any) -> Any:
        """The momentum after t steps, for each group."""
        raise NotImplementedError

    def _write_momentum(self, values: Any) -> None:
        self._write(self.place[0], values, self.place[1])

    def _advance(self, active: Any, restart: Any) -> None:
        super()._advance(active, restart)
        if self.cycle_momentum:
            new = self.momentum(values_of(self.memory["last_epoch"]))
            self._write_momentum(new if active is True else np.where(active, new, self._read(*self.place)))

    def state_dict(self) -> dict[str, Any]:
        state = super().state_dict()
        return state | {"momentum": Tensor(self._read(*self.place))} if self.cycle_momentum else state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        if self.cycle_momentum:
            self._write_momentum(values_of(state["momentum"]))

    def _check_state(self, state: Any) -> None:
        super()._check_state(state)
        if self.cycle_momentum and np.shape(values_of(state.get("momentum"))) != self.memory["base_lrs"].shape:
            raise ArgumentError(f"The state does not fit this {type(self).__name__}: momentum.")


class OneCycleLR(Cycle):
    """One rise and one fall: Smith and Topin, "Super-Convergence" (2018).

    The rate goes from max_lr / div_factor to max_lr in the first `pct_start` of the steps, then to the first rate /
    final_div_factor in the last step. With three_phase, it goes down as slowly as up, then to the last rate. The
    momentum goes from max_momentum to base_momentum and back. Give total_steps, or epochs and steps_per_epoch; call
    `step()` after each batch. Cosines join the ends, or lines (anneal_strategy="linear").

    Raises ArgumentError for values out of range, and by `step()` when all steps were taken.

    >>> import tinygrad_like as tg
    >>> schedule = OneCycleLR(tg.SGD([tg.Parameter([1.0])]), max_lr=0.5, total_steps=10)
    >>> for _ in range(2):
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer: Any,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ArgumentError(
                    "OneCycleLR must know the number of all steps.", "Give total_steps, or epochs and steps_per_epoch."
                )
            total_steps = positive("epochs", epochs) * positive("steps_per_epoch", steps_per_epoch)
        self.total_steps = positive("total_steps", total_steps)
        self.anneal_strategy = one_of("cos", "linear")("anneal_strategy", anneal_strategy)
        high = of_groups(optimizer, "max_lr", max_lr)
        first = high / above_zero("div_factor", div_factor)
        last = first / above_zero("final_div_factor", final_div_factor)
        fast = of_groups(optimizer, "max_momentum", max_momentum, fraction)
        slow = of_groups(optimizer, "base_momentum", base_momentum, fraction)
        up, end = between(0, 1)("pct_start", pct_start) * self.total_steps - 1, self.total_steps - 1.0
        ends = np.array([up, 2 * up, end] if three_phase else [up, end])
        begins = np.array([0.0, *ends[:-1]])
        self.ends = ends[:-1]
        self.begins = np.where(begins == ends, ends - 1, begins)  # a phase of no length is at its end
        self.lengths = ends - self.begins
        self.rates = np.stack([first, high, first, last] if three_phase else [first, high, last])
        self.momenta = np.stack([fast, slow, fast, fast] if three_phase else [fast, slow, fast])
        super().__init__(optimizer, last_epoch, first, cycle_momentum)

    def reached(self, values: Array, t: Any) -> Any:
        """Where the way through `values`, one after the other, has come at t."""
        phase = np.sum(self.ends < t)
        begins, lengths, values = lifted(self.begins), lifted(self.lengths), lifted(values)
        part = np.minimum((t - begins[phase]) / lengths[phase], 1.0)
        left = (1 + np.cos(np.pi * part)) / 2 if self.anneal_strategy == "cos" else 1 - part
        return values[phase + 1] + (values[phase] - values[phase + 1]) * left

    def start(self, lr: Array, base: Array) -> Any:
        return self.reached(self.rates, np.zeros(()))

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        return self.reached(self.rates, t)

    def momentum(self, t: Any) -> Any:
        return self.reached(self.momenta, t)

    def _advance(self, active: Any, restart: Any) -> None:
        text = f"OneCycleLR has taken all of its {self.total_steps} steps."
        over = np.logical_and(active, values_of(self.memory["last_epoch"]) >= self.total_steps)
        require(np.logical_not(over), lambda: ArgumentError(text, "Give it the number of all steps."), text)
        super()._advance(active, restart)


class CyclicLR(Cycle):
    """The rate goes from base_lr to max_lr and back, again and again: Smith, "Cyclical Learning Rates" (2017).

    It takes `step_size_up` steps up, `step_size_down` down (or as many). The height stays ("triangular"), is halved in
    each cycle ("triangular2"), is gammaᵗ of itself ("exp_range"); or is multiplied by scale_fn(x), with x the number of
    the cycle or of the step, as scale_mode says. The momentum goes from max_momentum to base_momentum and back.

    >>> import tinygrad_like as tg
    >>> schedule = CyclicLR(tg.SGD([tg.Parameter([1.0])]), base_lr=0.25, max_lr=0.5, step_size_up=2)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.375]
    """

    def __init__(
        self,
        optimizer: Any,
        base_lr: Any,
        max_lr: Any,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[Any], Any] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.8,
        max_momentum: Any = 0.9,
        last_epoch: int = -1,
    ) -> None:
        low, high = of_groups(optimizer, "base_lr", base_lr), of_groups(optimizer, "max_lr", max_lr)
        self.height = high - low
        up = positive("step_size_up", step_size_up)
        self.total_size = up + (up if step_size_down is None else positive("step_size_down", step_size_down))
        self.step_ratio = up / self.total_size
        self.mode = one_of("triangular", "triangular2", "exp_range")("mode", mode)
        self.gamma, self.scale_fn = number("gamma", gamma), scale_fn
        self.scale_mode = one_of("cycle", "iterations")("scale_mode", scale_mode)
        fast = of_groups(optimizer, "max_momentum", max_momentum, fraction)
        slow = of_groups(optimizer, "base_momentum", base_momentum, fraction)
        self.fast, self.momentum_height = fast, fast - slow
        super().__init__(optimizer, last_epoch, low, cycle_momentum)

    def scale(self, cycle: Any, t: Any) -> Any:
        """What the height of a cycle is multiplied by."""
        if self.scale_fn is not None:
            return self.scale_fn((cycle if self.scale_mode == "cycle" else t).astype(np.int64))
        if self.mode == "exp_range":
            return self.gamma**t
        return 0.5 ** (cycle - 1) if self.mode == "triangular2" else 1.0

    def part(self, t: Any) -> Any:
        """Which part of the height is reached at t."""
        cycle = np.floor(1 + t / self.total_size)
        x = 1 + t / self.total_size - cycle
        return np.where(x <= self.step_ratio, x / self.step_ratio, (x - 1) / (self.step_ratio - 1)) * self.scale(
            cycle, t
        )

    def start(self, lr: Array, base: Array) -> Any:
        return base

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        return base + self.height * self.part(t)

    def momentum(self, t: Any) -> Any:
        return self.fast - self.momentum_height * self.part(t)
