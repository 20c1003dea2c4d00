"""`functional_call`: a model as a function of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..engine.copying import own_attributes, restore, shell
from ..engine.errors import ArgumentError, ShapeError, UnsupportedError
from ..engine.tensor import Tensor, values_of
from .copies import Copy
from .finding import Parameter, is_parameter
from .layer import Layer
from .state import state_of


def functional_call(model: Layer, parameters: Mapping[str, Any], *inputs: Any, **options: Any) -> Any:
    """model(*inputs, **options) with other parameters and buffers, given by name; those left out are the model's own.

    The model itself is not changed, and other threads may use it meanwhile: a copy of the layers, not of the values,
    is called. So running statistics are written to the model's (or to those given), and attributes that `forward` sets
    are lost. Functions that are kept in attributes are copied too, with what they refer to; what a class or a method
    refers to by a global name is not. `parameters` has the names of `state_dict()`; with `grad`, `hessian` or `jvp`,
    it is what one differentiates with respect to.

    Raises ArgumentError for a name that the model does not have, and for two values for one parameter; ShapeError for
    another shape; UnsupportedError where a parameter cannot be replaced.

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
    values = replacements(own, parameters)
    copied = Copy(model, values).of(model)
    if left := [name for name, each in state_of(copied).items() if is_left(each, own.get(name, each), values)]:
        raise UnsupportedError(
            f"functional_call cannot replace {', '.join(left)}: it stands in an object that cannot be copied.",
            "Keep parameters in attributes, lists, tuples, dicts and objects of your own.",
        )
    return copied(*inputs, **options)


def is_left(found: Tensor, own: Tensor, values: dict[int, Any]) -> bool:
    """Whether a Tensor in the copy is one of the model's that should have been replaced."""
    return found is own and values.get(id(own), own) is not own


def replacements(own: dict[str, Tensor], parameters: Mapping[str, Any]) -> dict[int, Any]:
    """What takes the place of each Tensor of a model, by its id."""
    values: dict[int, Any] = {}
    given: dict[int, tuple[str, Any]] = {}
    for name, value in parameters.items():
        target = own[name]
        other, first = given.setdefault(id(target), (name, value))
        if first is not value and not same(first, value):
            raise ArgumentError(
                f"{name} and {other} are one parameter, but functional_call got two values for it.",
                "Give one of them; dict(model.named_parameters()) has each parameter once.",
            )
        if other != name:
            continue
        tensor = value if isinstance(value, Tensor) else Tensor(value)
        if tensor.shape != target.shape:
            raise ShapeError(f"{name} has the shape {target.shape}, but got {tensor.shape}.")
        values[id(target)] = standing_for(target, tensor)
    return values


def same(one: Any, other: Any) -> bool:
    """Whether two values are alike and not recorded, as in a state where one parameter has two names."""
    recorded = any(isinstance(each, Tensor) and each.requires_grad for each in (one, other))
    return not recorded and np.array_equal(values_of(one), values_of(other))


def standing_for(target: Tensor, value: Tensor) -> Tensor:
    """A value as a Tensor of the kind that it replaces: `parameters()` finds it, and it has the same attributes."""
    kind = Parameter if type(target) is Tensor and is_parameter(target) else type(target)
    if kind is Tensor or type(value) is kind:
        return value
    placed: Tensor = shell(kind, value._array, value._node, target.name)
    restore(placed, own_attributes(target))
    return placed
