"""The state of a layer: its parameters and buffers by name, read, loaded and changed as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Self

import numpy as np

from ..engine.assigning import assign, writable_value
from ..engine.errors import ArgumentError, DTypeError
from ..engine.kinds import as_ndarray
from ..engine.storage import give_dtype
from ..engine.tensor import Tensor
from .finding import Holder, is_parameter, walk


class Unmatched(NamedTuple):
    """The names that `load_state_dict` found on one side only."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Stateful(Holder):
    """Parameters and buffers by name, as in PyTorch: "0.weight", "encoder.layers.1.bias".

    A Tensor among the attributes that is no parameter is a buffer, unless it is the result of a recorded operation:
    running statistics, for example. What is no state is kept as an array, not as a Tensor.
    """

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """(name, parameter) pairs, e.g. ("0.weight", ...); a shared parameter once.

        Raises ArgumentError if a set holds several.
        """
        yield from ((name, each) for name, each in once(self) if is_parameter(each))

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """(name, Tensor) pairs of what is state, but no parameter; each once."""
        yield from ((name, each) for name, each in once(self) if is_buffer(each))

    def parameters(self) -> list[Tensor]:
        """All parameters, of this layer and the layers in it, each once."""
        return [parameter for _, parameter in self.named_parameters()]

    def buffers(self) -> list[Tensor]:
        """All buffers, of this layer and the layers in it, each once."""
        return [buffer for _, buffer in self.named_buffers()]

    def num_parameters(self, trainable: bool = False) -> int:
        """How many numbers the parameters hold; with `trainable`, only those that require a gradient."""
        return sum(p.size for p in self.parameters() if p.requires_grad or not trainable)

    def state_dict(self) -> dict[str, Tensor]:
        """All parameters and buffers by name. The Tensors share the memory of the layer's.

        What is kept at several places stands under each of their names, as in PyTorch.

        >>> from tinygrad_like import Linear, Sequential
        >>> list(Sequential(Linear(2, 1)).state_dict())
        ['0.weight', '0.bias']
        """
        return {name: each.detach() for name, each in state_of(self).items()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Unmatched:
        """Write the values of `state` (by name; Tensors or arrays, also PyTorch's) into the parameters and buffers.

        Values are converted to the dtype of what they are written into. Without `strict`, names that only one side has
        are left alone; both kinds are given back.

        Raises ArgumentError that lists every name that is missing, unexpected, or whose shape or dtype does not fit;
        nothing is changed then.
        """
        own = state_of(self)
        if not isinstance(state, Mapping):
            raise ArgumentError(
                f"load_state_dict takes a dict of names and values, but got a {type(state).__name__}.",
                "Write model.load_state_dict(other.state_dict()).",
            )
        unmatched = Unmatched([name for name in own if name not in state], [name for name in state if name not in own])
        values = {name: plain_value(state[name]) for name in own if name in state}
        problems = [f"{name}: {problem}" for name, value in values.items() if (problem := misfit(own[name], value))]
        problems += differing(own, values)
        if strict:
            problems += [f"{name} is missing" for name in unmatched.missing_keys]
            problems += [f"{name} is unexpected" for name in unmatched.unexpected_keys]
        if problems:
            raise ArgumentError(f"The state does not fit this {type(self).__name__}:", "\n  ".join(problems))
        for name, value in values.items():
            writable_value(own[name], value)
        for name, value in values.items():
            assign(own[name], value.astype(own[name].dtype, copy=False))
        return unmatched

    def to(self, dtype: Any) -> Self:
        """Give all parameters and floating-point buffers another floating-point dtype, and give the layer back.

        Make optimizers afterwards: those made before raise GraphError at their next step. Raises DTypeError for what
        is no floating-point dtype.

        >>> from tinygrad_like import Linear
        >>> Linear(2, 1).to(np.float32).weight.dtype
        dtype('float32')
        """
        try:
            wanted = np.dtype(dtype)
        except TypeError as error:
            raise DTypeError(f"to() takes a dtype, but got {dtype!r}.", "Write model.to(np.float32).") from error
        if wanted.kind != "f":
            raise DTypeError(f"to() takes a floating-point dtype, but got {wanted}.", "Write model.to(np.float32).")
        floats = [each for _, each in once(self) if each.dtype.kind == "f" and (is_parameter(each) or is_buffer(each))]
        for each in floats:
            writable_value(each, 0)
        for each in floats:
            give_dtype(each, wanted)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let all parameters require a gradient, or none of them, and give the layer back."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def freeze(self) -> Self:
        """Stop training: the same as requires_grad_(False). An optimizer leaves such parameters alone."""
        return self.requires_grad_(False)


@contextmanager
def buffers_kept(model: Any) -> Iterator[None]:
    """Give the buffers of a layer their values back at the end: of one that is only looked at."""
    before = [(each, each.numpy().copy()) for each in model.buffers()] if isinstance(model, Stateful) else []
    try:
        yield
    finally:
        for buffer, value in before:
            assign(buffer, value)


def is_buffer(value: Any) -> bool:
    """Whether a Tensor that a layer keeps is state, but no parameter: not the result of a recorded operation."""
    return isinstance(value, Tensor) and not is_parameter(value) and value.is_leaf


def once(layer: Holder) -> Iterator[tuple[str, Tensor]]:
    """(name, Tensor) pairs of all that a layer keeps, each Tensor once, under its first name."""
    seen: set[int] = set()
    for name, each in walk(layer, ordered=True, dotted=True):
        if isinstance(each, Tensor) and id(each) not in seen:
            seen.add(id(each))
            yield name, each


def state_of(layer: Holder) -> dict[str, Tensor]:
    """The parameters and buffers of a layer by all their names, also those below a layer that is kept twice.

    Raises ArgumentError if two have the same name.
    """
    found: dict[str, Tensor] = {}
    places: dict[int, str] = {id(layer): ""}
    again: list[tuple[str, str]] = []
    for name, each in walk(layer, ordered=True, dotted=True):
        if isinstance(each, Holder):
            if id(each) in places:
                again.append((name + ".", places[id(each)] + "."))
            places.setdefault(id(each), name)
        elif is_parameter(each) or is_buffer(each):
            if found.get(name, each) is not each:
                raise ArgumentError(f"{type(layer).__name__} has two values named {name}.", "Rename one of them.")
            found[name] = each
    for other, first in again:
        if not other.startswith(first) and first != ".":
            found |= {other + name.removeprefix(first): each for name, each in found.items() if name.startswith(first)}
    return found


def plain_value(value: Any) -> np.ndarray[Any, Any]:
    """The values of a Tensor, an array, or what becomes one: PyTorch's tensors, too."""
    if isinstance(value, Tensor):
        return value.numpy()
    return as_ndarray(value.detach() if hasattr(value, "detach") else value)


def misfit(target: Tensor, value: np.ndarray[Any, Any]) -> str:
    """What is wrong with a value for a parameter or buffer, or ""."""
    if value.shape != target.shape:
        return f"the shape is {target.shape}, but the state has {value.shape}"
    if not np.can_cast(value.dtype, target.dtype, "same_kind") or "c" in {value.dtype.kind} ^ {target.dtype.kind}:
        return f"the dtype is {target.dtype}, but the state has {value.dtype}"
    return ""


def differing(own: dict[str, Tensor], values: dict[str, np.ndarray[Any, Any]]) -> list[str]:
    """What is wrong where one Tensor has several names, and is given different values by them."""
    first: dict[int, str] = {}
    problems = []
    for name, value in values.items():
        other = first.setdefault(id(own[name]), name)
        if not np.array_equal(value, values[other], equal_nan=value.dtype.kind in "fc"):
            problems.append(f"{name} and {other} are one here, but the state has different values for them")
    return problems
