"""Optimizers. A step is a few operations on the flat vectors, however many layers there are."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np

from .engine.assigning import assign
from .engine.errors import ArgumentError, DTypeError, GraphError
from .engine.storage import FlatVector, count_of, move_in
from .engine.tensor import Tensor, wrap
from .nn.layer import Layer


def checked_parameters(params: Iterable[Any]) -> list[Tensor]:
    if isinstance(params, (Tensor, Layer)) or not isinstance(params, Iterable):
        raise ArgumentError(
            f"An optimizer takes a list of parameters, but got a {type(params).__name__}.",
            "Write SGD(model.parameters(), lr=...).",
        )
    unique = list({id(p): p for p in params}.values())
    if not unique:
        raise ArgumentError("An optimizer needs at least one parameter, but got none.")
    for p in unique:
        if not isinstance(p, Tensor):
            hint = "Write model.parameters() in place of a layer." if isinstance(p, Layer) else ""
            raise ArgumentError(f"An optimizer takes Tensors, but got a {type(p).__name__}.", hint)
        if not p.is_leaf:
            raise GraphError("An optimizer takes leaves, but got the result of an operation.", "Pass the parameters.")
        if p.dtype.kind != "f":
            raise DTypeError(f"An optimizer takes floating-point parameters, but got {p.dtype}.")
    return unique


def number(name: str, value: Any) -> float:
    """`value` as a float, if it is finite and not negative."""
    title = "The learning rate" if name == "lr" else name
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"{title} must be a number, but got {value!r}.") from error
    if not math.isfinite(number) or number < 0:
        raise ArgumentError(f"{title} must be finite and at least 0, but got {value!r}.", "Write a number like 0.1.")
    return number


def switch(name: str, value: Any) -> bool:
    """`value` as a truth."""
    return bool(value)


def part(vector: Any, run: slice) -> Any:
    """A stretch of a vector; the vector itself, if that is all of it."""
    return vector if run.stop - run.start == vector.size else vector[run]


class Group:
    """The parameters of an optimizer that lie in one flat vector, and the optimizer's state for them.

    `group["velocity"]` reads the state of that name for the stretch `run`; it is zeros at first. Setting it writes.
    """

    def __init__(self, flat: FlatVector) -> None:
        self.flat, self.run = flat, slice(0, flat.values.size)
        self.parameters: list[Tensor] = []
        self.state: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self.state:
            self.state[name] = np.zeros_like(self.flat.values)
        return part(self.state[name], self.run)

    def __setitem__(self, name: str, value: Any) -> None:
        assign(wrap(self[name]), value)


class Optimizer:
    """Base of the optimizers. A subclass has `settings`, and computes in `change` what a step subtracts.

    `settings` maps the name of each setting to a function that checks its value, `number` or `switch`. Settings can be
    changed between steps. A copy, or an optimizer from a pickle, continues as the original would.
    """

    settings: ClassVar[dict[str, Callable[[str, Any], Any]]] = {}

    def __init__(self, params: Iterable[Any], **settings: Any) -> None:
        for name, value in settings.items():
            if name not in self.settings:
                raise ArgumentError(f"{type(self).__name__} has no setting {name}; it has {', '.join(self.settings)}.")
            setattr(self, name, value)
        self.params = checked_parameters(params)
        self._make_groups()

    def _make_groups(self) -> None:
        move_in(self.params)
        self._groups: dict[FlatVector, Group] = {}
        for p in sorted(self.params, key=lambda p: p._slot):
            self._groups.setdefault(p._flat, Group(p._flat)).parameters.append(p)

    def __setattr__(self, name: str, value: Any) -> None:
        check = self.settings.get(name)
        super().__setattr__(name, check(name, value) if check else value)

    def __repr__(self) -> str:
        values = {name: getattr(self, name) for name in self.settings}
        settings = ", ".join(f"{name}={v if isinstance(v, bool) else f'{v:g}'}" for name, v in values.items())
        return f"{type(self).__name__}({settings})  # {count_of(self.params)}"

    def zero_grad(self) -> None:
        """Clear the gradients; a parameter without one is left alone by `step`."""
        for p in self.params:
            p._grad = None  # what the setter of p.grad does, without its call

    def step(self) -> None:
        """Change the parameters once, by their gradients."""
        for flat, group in self._groups.items():
            for run in flat.gather(group.parameters):
                group.run = run
                values = part(flat.values, run)
                change = self.change(values, part(flat.gradients, run), group)
                assign(wrap(values), change, using=np.subtract)

    def change(self, p: Any, g: Any, state: Any) -> Any:
        """What a step subtracts from the values `p`, whose gradient is `g`: plain NumPy, element by element.

        The vectors hold several parameters, one after the other. `g` must not be written to. `state["name"]` is what
        was stored there in the last step, or zeros before the first step.
        """
        raise NotImplementedError(f"{type(self).__name__} has no change(); define what a step subtracts.")

    def __getstate__(self) -> dict[str, Any]:
        state = {name: value for name, value in vars(self).items() if name != "_groups"}
        state["_state"] = [
            {name: p._flat.part(vector, p._slot).copy() for name, vector in self._groups[p._flat].state.items()}
            for p in self.params
        ]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "velocities" in state:  # pickled by an earlier version
            state["_state"] = [{} if v is None else {"velocity": v} for v in state.pop("velocities")]
            state["lr"] = state.pop("_lr", state.get("lr"))
        kept = state.pop("_state")
        vars(self).update(state)
        self._make_groups()
        for p, vectors in zip(self.params, kept):
            group = self._groups[p._flat]
            for name, value in vectors.items():
                assign(wrap(p._flat.part(group[name], p._slot)), value)


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

    settings: ClassVar = {"lr": number, "momentum": number, "weight_decay": number, "nesterov": switch}
    lr: float
    momentum: float
    weight_decay: float
    nesterov: bool

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
        if nesterov and not momentum:
            raise ArgumentError("nesterov needs a momentum above 0.", "Write SGD(..., momentum=0.9, nesterov=True).")
        super().__init__(params, lr=lr, momentum=momentum, weight_decay=weight_decay, nesterov=nesterov)

    def change(self, p: Any, g: Any, state: Any) -> Any:
        d = g + self.weight_decay * p if self.weight_decay else g
        if self.momentum:
            v = state["velocity"] = self.momentum * state["velocity"] + d
            d = d + self.momentum * v if self.nesterov else v
        return self.lr * d
