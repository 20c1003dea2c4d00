"""Optimizers, on the flat vectors: a few operations a step, however many layers there are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import numpy as np

from .engine.errors import ArgumentError, DTypeError, GraphError
from .engine.storage import FlatVector, is_shared, memory_of
from .engine.tensor import Tensor, assign, wrap


def flat_groups(parameters: list[Tensor]) -> list[tuple[FlatVector, list[int]]]:
    """Move what is not in a flat vector yet into one per dtype; give (vector, slots) of them all.

    A parameter whose memory somebody else holds, too (an array that it was made of, `p.numpy()`, a tied parameter),
    would come apart from them. It stays where it is, as a flat vector of its own.
    """
    homeless = [p for p in parameters if p._flat is None]
    shared = [p for p in homeless if is_shared(p)]
    vectors = [memory_of(p) for p in shared]
    staying = {id(p) for p in shared}
    together: dict[Any, list[Tensor]] = {}
    for p in homeless:
        if id(p) not in staying:
            together.setdefault(p.dtype, []).append(p)
    for p, vector in zip(shared, vectors):
        FlatVector([p], vector)
    for group in together.values():
        FlatVector(group)
    groups: dict[int, tuple[FlatVector, list[int]]] = {}
    for p in parameters:
        groups.setdefault(id(p._flat), (p._flat, []))[1].append(p._slot)
    return [(flat, sorted(slots)) for flat, slots in groups.values()]


def checked_parameters(params: Iterable[Any]) -> list[Tensor]:
    if isinstance(params, Tensor) or not isinstance(params, Iterable):
        raise ArgumentError(
            f"An optimizer takes a list of parameters, but got a {type(params).__name__}.",
            "Write SGD(model.parameters(), lr=...).",
        )
    unique = list({id(p): p for p in params}.values())
    if not unique:
        raise ArgumentError("An optimizer needs at least one parameter, but got none.")
    for p in unique:
        if not isinstance(p, Tensor):
            raise ArgumentError(f"An optimizer takes Tensors, but got a {type(p).__name__}.")
        if not p.is_leaf:
            raise GraphError("An optimizer takes leaves, but got the result of an operation.", "Pass the parameters.")
        if p.dtype.kind != "f":
            raise DTypeError(f"An optimizer takes floating-point parameters, but got {p.dtype}.")
    return unique


def checked_setting(title: str, value: Any) -> float:
    """`value` as a float, if it is finite and not negative."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{title} must be a number, but got {value!r}.") from error
    if not math.isfinite(number) or number < 0:
        raise ArgumentError(f"{title} must be finite and at least 0, but got {value!r}.", "Write a number like 0.1.")
    return number


def part(vector: Any, run: slice) -> Any:
    """A stretch of a vector; the vector itself, if that is all of it."""
    return vector if run.stop - run.start == vector.size else vector[run]


class Optimizer:
    """Base of the optimizers: the parameters, in flat vectors, and their gradients."""

    settings: ClassVar[dict[str, str]] = {}  # by name, what errors call them; checked whenever they are set

    def __setattr__(self, name: str, value: Any) -> None:
        title = self.settings.get(name)
        super().__setattr__(name, value if title is None else checked_setting(title, value))

    def __init__(self, params: Iterable[Any]) -> None:
        self.params = checked_parameters(params)
        self._settle()

    def _settle(self) -> None:
        self._groups = flat_groups(self.params)
        self._gather()

    def _gather(self) -> None:
        """Bring gradients that live outside the flat vectors (recorded ones, early ones) into them."""
        for p in self.params:
            if p._grad is not None:
                kept, p._grad = p._grad, None
                if not p._flat.store(p._slot, kept._array):
                    p._flat.renew()
                    p._flat.store(p._slot, kept._array)

    def runs(self) -> Iterator[tuple[FlatVector, slice]]:
        """The contiguous stretches of parameters that have a gradient."""
        self._gather()
        for flat, slots in self._groups:
            for run in flat.runs(slots):
                yield flat, run

    def zero_grad(self) -> None:
        """Clear the gradients; a parameter without one is left alone by `step`."""
        for p in self.params:
            p._grad = None
            p._flat.filled[p._slot] = False

    def step(self) -> None:
        """Change the parameters once, by their gradients."""
        raise NotImplementedError


class SGD(Optimizer):
    """Stochastic gradient descent: p ← p − lr · d, with d the gradient plus weight_decay · p.

    With momentum v ← momentum · v + d, and v takes d's place (d + momentum · v with nesterov:
    Sutskever et al., 2013, as in PyTorch). Parameters without a gradient are left alone.

    Raises ArgumentError for values that are not finite or are negative, or if nesterov comes without momentum.

    >>> p = Tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    Tensor([0.8], requires_grad=True)
    """

    settings: ClassVar = {"lr": "The learning rate", "momentum": "momentum", "weight_decay": "weight_decay"}
    lr: float
    momentum: float
    weight_decay: float

    def __init__(
        self,
        params: Iterable[Any],
        lr: float | None = None,
        momentum: float = 0,
        nesterov: bool = False,
        weight_decay: float = 0,
    ) -> None:
        if lr is None:
            raise ArgumentError("SGD needs a learning rate.", "Write SGD(params, lr=0.1).")
        self.lr, self.momentum, self.weight_decay = lr, momentum, weight_decay
        self.nesterov = bool(nesterov)
        if self.nesterov and not self.momentum:
            raise ArgumentError("nesterov needs a momentum above 0.", "Write SGD(..., momentum=0.9, nesterov=True).")
        self._velocities: dict[FlatVector, Any] = {}
        super().__init__(params)

    def __repr__(self) -> str:
        count = sum(p.size for p in self.params)
        settings = f"lr={self.lr:g}, momentum={self.momentum:g}, weight_decay={self.weight_decay:g}"
        return f"SGD({settings}, nesterov={self.nesterov})  # {count:,} parameters"

    def step(self) -> None:
        # Plain NumPy, as in rules: on arrays nothing is wrapped, and given Tensors it would be recorded.
        for flat, run in self.runs():
            values = part(flat.values, run)
            change = self._direction(flat, run, values) * self.lr
            assign(wrap(values), change, using=np.subtract)

    def _direction(self, flat: FlatVector, run: slice, values: Any) -> Any:
        direction = part(flat.grads, run)
        if self.weight_decay:
            direction = direction + self.weight_decay * values
        if not self.momentum:
            return direction
        if flat not in self._velocities:
            self._velocities[flat] = np.zeros_like(flat.values)
        velocity = part(self._velocities[flat], run)
        assign(wrap(velocity), self.momentum * velocity + direction)
        return direction + self.momentum * velocity if self.nesterov else velocity

    def __getstate__(self) -> dict[str, Any]:
        state = {key: value for key, value in vars(self).items() if key not in ("_groups", "_velocities")}
        velocity = [self._velocities.get(p._flat) for p in self.params]
        parts = [None if v is None else p._flat.part(v, p._slot).copy() for p, v in zip(self.params, velocity)]
        return state | {"velocities": parts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        parts = state.pop("velocities")
        if "_lr" in state:  # pickled by an earlier version
            state["lr"] = state.pop("_lr")
        vars(self).update(state, _velocities={})
        self._settle()
        for p, part in zip(self.params, parts):
            if part is not None:
                if p._flat not in self._velocities:
                    self._velocities[p._flat] = np.zeros_like(p._flat.values)
                assign(wrap(p._flat.part(self._velocities[p._flat], p._slot)), part)
