"""`LRScheduler`, the base of the schedules of learning rates, and checks of their arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine.assigning import assign
from ..engine.errors import ArgumentError, UnsupportedError
from ..engine.tensor import Tensor, values_of
from ..nn.finding import Visitor
from .optimizer import Optimizer
from .settings import Check, ParamGroup, number

Array = np.ndarray[Any, np.dtype[Any]]


class LRScheduler(Visitor):
    """Base of the schedules. A subclass computes in `rate` the learning rates of a step from those before it.

    Making a schedule sets the first rates. Call `step()` after each `optimizer.step()` (or after each epoch); the order
    is not checked, since the rates depend on the number of calls only. What changes between steps is kept in Tensors,
    in `memory`; the rates themselves are settings of the optimizer's groups. A copy goes on as the original would, if
    model, optimizer and schedule are copied in one call.

    Raises ArgumentError if `optimizer` is none, UnsupportedError for a `last_epoch` other than -1.

    >>> import tinygrad_like as tg
    >>> class HalfLR(LRScheduler):
    ...     def rate(self, lr, base, t):
    ...         return base * 0.5**t
    >>> schedule = HalfLR(tg.SGD([tg.Parameter([1.0])], lr=0.8))
    >>> schedule.step()
    >>> schedule
    HalfLR(last_epoch=1, lr=[0.4])
    """

    def __init__(self, optimizer: Any, last_epoch: int = -1, base_lrs: Any = None) -> None:
        name = type(self).__name__
        if not isinstance(optimizer, Optimizer):
            raise ArgumentError(
                f"{name} takes an optimizer, but got a {type(optimizer).__name__}.", f"Write {name}(optimizer, ...)."
            )
        if last_epoch != -1:
            raise UnsupportedError(
                f"{name} starts at its first step, but got last_epoch={last_epoch!r}.",
                "Write schedule.load_state_dict(state) to go on from a saved state.",
            )
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if "lr" not in group.memory:
                raise ArgumentError(f"{name} changes lr, but {type(optimizer).__name__} has no such setting.")
            if "initial_lr" not in group or base_lrs is not None:
                group["initial_lr"] = group["lr"] if base_lrs is None else float(base_lrs[i])
        base = np.array([group["initial_lr"] for group in optimizer.param_groups])
        self.memory = {"last_epoch": Tensor(np.zeros(())), "base_lrs": Tensor(base)}
        self._write("lr", self.start(self._read("lr"), values_of(self.memory["base_lrs"])))

    def start(self, lr: Array, base: Array) -> Any:
        """The first rates: `lr`, those at hand. `base` is `optimizer.param_groups[i]["initial_lr"]` of each group."""
        return lr

    def rate(self, lr: Array, base: Array, t: Any) -> Any:
        """The rates after `t` steps, from those before, `lr`: plain NumPy on vectors that have a value for each group.

        `base` is as in `start`. `t` is a float64, at least 1.
        """
        raise NotImplementedError(f"{type(self).__name__} has no rate(); define the rates of a step.")

    def step(self) -> None:
        """Go to the next rates. Call `optimizer.step()` first, so that the first rates are used."""
        self._advance(True, False)

    def _advance(self, active: Any, restart: Any) -> None:
        """Take a step where `active` is true; one back to the start where `restart` is true, too."""
        t = self._count(active, restart)
        lr, base = self._read("lr"), values_of(self.memory["base_lrs"])
        with np.errstate(all="ignore"):  # where a value is not taken
            new = self.rate(lr, base, t)
            if restart is not False:
                new = np.where(restart, self.start(lr, base), new)
        self._write("lr", new if active is True else np.where(active, new, lr))

    def _count(self, active: Any, restart: Any) -> Any:
        before = values_of(self.memory["last_epoch"])
        t = before + 1
        if restart is not False:
            t = np.where(restart, 0.0, t)
        if active is not True:
            t = np.where(active, t, before)
        assign(self.memory["last_epoch"], t)
        return t

    def _groups(self) -> list[ParamGroup]:
        groups, known = self.optimizer.param_groups, self.memory["base_lrs"].size
        if len(groups) != known:
            raise ArgumentError(
                f"The optimizer has {len(groups)} groups, but {type(self).__name__} was made for {known}.",
                "Make the schedule after add_param_group.",
            )
        return groups

    def _read(self, name: str, index: Any = ...) -> Any:
        """A setting of all groups, as a vector."""
        return np.stack([values_of(group.memory[name])[index] for group in self._groups()])

    def _write(self, name: str, values: Any, index: Any = ...) -> None:
        """Write a setting of all groups."""
        for i, group in enumerate(self._groups()):
            group.active.add(name)  # though it may have been 0, with which formulas leave it out
            assign(group.memory[name], values[i, ...] if np.ndim(values) else values, index)

    # -- what can be read, saved and loaded -------------------------------------------------------

    @property
    def last_epoch(self) -> int:
        """The number of steps so far."""
        return int(self.memory["last_epoch"].item())

    @property
    def base_lrs(self) -> list[float]:
        """The rates that those of each group are computed from."""
        return list(self.memory["base_lrs"].tolist())

    def get_last_lr(self) -> list[float]:
        """The rates of the groups at present."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def __repr__(self) -> str:
        rates = ", ".join(f"{each:.6g}" for each in self.get_last_lr())
        return f"{type(self).__name__}(last_epoch={self.last_epoch}, lr=[{rates}])"

    def state_dict(self) -> dict[str, Any]:
        """The state: what changes from step to step, with the rates. It holds no settings, such as `gamma`."""
        kept = {name: Tensor(each.numpy().copy()) for name, each in self.memory.items()}
        return {"schedule": type(self).__name__, **kept, "lr": Tensor(self._read("lr"))}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from the state of a schedule with the same settings. The optimizer gets its rates, too.

        Raises ArgumentError for the state of another schedule, or of one for other groups; nothing is changed then.
        """
        self._check_state(state)
        for name, each in self.memory.items():
            assign(each, values_of(state[name]))
        self._write("lr", values_of(state["lr"]))

    def _check_state(self, state: Any) -> None:
        kind = type(self).__name__
        if not isinstance(state, Mapping) or state.get("schedule") != kind:
            other = state.get("schedule", "something else") if isinstance(state, Mapping) else type(state).__name__
            raise ArgumentError(f"{kind} takes the state of a {kind}, but got that of {other}.")
        wanted = {name: each.shape for name, each in self.memory.items()} | {"lr": self.memory["base_lrs"].shape}
        found = {name: np.shape(values_of(state.get(name))) for name in wanted}
        if wrong := [name for name in wanted if name not in state or found[name] != wanted[name]]:
            raise ArgumentError(f"The state does not fit this {kind}: {', '.join(wrong)}.")


def above_zero(name: str, value: Any) -> float:
    """`value` as a float, if it is finite and more than 0."""
    checked = number(name, value)
    if not checked:
        raise ArgumentError(f"{name} must be more than 0, but got {value!r}.")
    return checked


def of_groups(optimizer: Any, name: str, value: Any, check: Check = number) -> Array:
    """A number for all groups, or a list of one for each, as a vector."""
    count = len(getattr(optimizer, "param_groups", [0]))
    listed = list(value) if isinstance(value, (list, tuple)) else [value] * count
    if len(listed) != count:
        raise ArgumentError(f"{name} has {len(listed)} values, but the optimizer has {count} groups.")
    return np.array([check(name, each) for each in listed])
