"""`functional_call`: a model as a function of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from types import MemberDescriptorType, MethodType
from typing import Any

from ..engine.errors import ArgumentError, ShapeError, UnsupportedError
from ..engine.tensor import Tensor
from ..tree import is_container, parts, rebuilt
from .finding import ATOMS, Holder, attributes, is_users_own
from .layer import Layer
from .state import state_of


def functional_call(model: Layer, parameters: Mapping[str, Any], *inputs: Any, **options: Any) -> Any:
    """model(*inputs, **options) with other parameters and buffers, given by name; those left out are the model's own.

    The model itself is not changed, and other threads may use it meanwhile: a copy of the layers, not of the values,
    is called. So running statistics are written to the model's (or to those given), and attributes that `forward` sets
    are lost. `parameters` has the names of `state_dict()`; with `grad`, `hessian` or `jvp`, it is what one
    differentiates with respect to.

    Raises ArgumentError for a name that the model does not have, ShapeError for another shape.

    >>> import numpy as np
    >>> from tinygrad_like import Linear, grad
    >>> model = Linear(2, 1)
    >>> loss = lambda parameters: functional_call(model, parameters, np.ones(2)).sum()
    >>> grad(loss)({"weight": np.zeros((1, 2)), "bias": np.zeros(1)})
    {'weight': array([[1., 1.]]), 'bias': array([1.])}
    """
    if not isinstance(model, Layer) or not isinstance(parameters, Mapping):
        raise ArgumentError(
            "functional_call takes a layer and a dict of its parameters, but got a "
            f"{type(model).__name__} and a {type(parameters).__name__}.",
            "Write functional_call(model, dict(model.named_parameters()), x).",
        )
    own = state_of(model)
    if unknown := [name for name in parameters if name not in own]:
        raise ArgumentError(
            f"{type(model).__name__} has no parameter {', '.join(unknown)}.", f"It has {', '.join(own)}."
        )
    values: dict[int, Any] = {}
    for name, value in parameters.items():
        value = value if isinstance(value, Tensor) else Tensor(value)
        if value.shape != own[name].shape:
            raise ShapeError(f"{name} has the shape {own[name].shape}, but got {value.shape}.")
        values[id(own[name])] = value
    copied = Copy(values).of(model)
    if left := [name for name, each in state_of(copied).items() if id(each) in values and each is own[name]]:
        raise UnsupportedError(
            f"functional_call cannot replace {', '.join(left)}: it stands in an object that cannot be copied.",
            "Keep parameters in attributes, lists, tuples, dicts and objects of your own.",
        )
    return copied(*inputs, **options)


class Copy:
    """A copy of layers, containers and objects, with other Tensors in the place of some; all else is shared."""

    def __init__(self, values: dict[int, Any]) -> None:
        self.made: dict[int, Any] = dict(values)  # by the id of what they stand for
        self.waiting: list[tuple[Any, Any]] = []

    def of(self, layer: Layer) -> Any:
        """The copy of a layer, without recursion from layer to layer."""
        copied = self.place(layer)
        while self.waiting:
            self.fill(*self.waiting.pop())
        return copied

    def place(self, value: Any) -> Any:
        """What stands in the place of `value`: a copy, if anything in it is replaced."""
        if type(value) in ATOMS or id(value) in self.made:
            return self.made.get(id(value), value)
        if isinstance(value, Holder):
            shell = self.made[id(value)] = object.__new__(type(value))
            self.waiting.append((value, shell))
            return shell
        self.made[id(value)] = value  # for what contains itself
        if isinstance(value, MethodType):
            return MethodType(value.__func__, self.place(value.__self__))
        if is_container(value):
            inner = [self.place(each) for each in parts(value)]
            if any(new is not old for new, old in zip(inner, parts(value))):
                self.made[id(value)] = rebuilt(value, inner)
        elif not isinstance(value, Tensor) and is_users_own(value):
            inner = [self.place(each) for _, each in attributes(value)]
            if any(new is not old for new, (_, old) in zip(inner, attributes(value))):
                shell = self.made[id(value)] = object.__new__(type(value))
                self.fill(value, shell)
        return self.made[id(value)]

    def fill(self, value: Any, shell: Any) -> None:
        """Give a copy the attributes of what it stands for; also those of its class, if they are replaced."""
        own = getattr(value, "__dict__", {})
        for step, each in attributes(value):
            name, new = step[1:], self.place(each)
            slotted = isinstance(getattr(type(value), name, None), MemberDescriptorType)
            if new is not each or name in own or slotted:
                object.__setattr__(shell, name, new)
