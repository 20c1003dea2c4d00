"""Weight and spectral normalisation: a layer's weight is computed from other parameters whenever it is read.

The layer itself is changed, and given back. Its class becomes a subclass of the same name, in which `weight` is
computed; so this works with any layer. Reading the weight changes nothing; the vectors of the spectral norm move once
for each call in training.
"""

from __future__ import annotations

import functools
from typing import Any, TypeVar

import numpy as np

from ..engine.assigning import assign
from ..engine.errors import ArgumentError
from ..engine.recording import no_grad
from ..engine.tensor import Tensor
from ..engine.traces import changes
from ..functions.nonlinearities import normalize
from ..primitives import reductions
from ..primitives.trigonometric import nonzero
from .finding import Parameter, is_parameter
from .initialisers import generator
from .layer import Layer

AnyLayer = TypeVar("AnyLayer", bound=Layer)


class Computed:
    """The part of a layer's class that computes attributes. How, stands in `reparametrised`, by name."""

    reparametrised: dict[str, Any]
    original: Any  # the layer's own class
    training: bool

    def __getattr__(self, name: str) -> Any:
        found = self.__dict__.get("reparametrised", {}).get(name)
        if found is None:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return found.value(self)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__.get("reparametrised", {}):
            raise ArgumentError(
                f"{type(self).__name__}.{name} is computed from {' and '.join(self.reparametrised[name].names())}.",
                "Remove its norm first: remove_weight_norm(layer), or remove_spectral_norm(layer).",
            )
        super().__setattr__(name, value)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        if self.training:
            for each in self.reparametrised.values():
                each.step(self)
        return super().forward(*inputs, **options)  # type: ignore[misc]

    def label(self) -> str:
        norms = [how.title + ("" if name == "weight" else f" of {name}") for name, how in self.reparametrised.items()]
        own: str = super().label()  # type: ignore[misc]
        return ", ".join([own, *norms] if own else norms)

    def __reduce_ex__(self, protocol: Any) -> Any:
        reduced: Any = super().__reduce_ex__(protocol)
        return (made_of, (self.original,), *reduced[2:])


@functools.cache
def computing(kind: Any) -> Any:
    """The subclass of a layer's class."""
    return type(kind.__name__, (Computed, kind), {"original": kind, "__doc__": kind.__doc__})


def made_of(kind: Any) -> Any:
    """For copies and pickles: an empty layer of the subclass of `kind`."""
    made = computing(kind)
    return made.__new__(made)


def matrix_of(weight: Any, dim: int) -> Any:
    """A weight as a matrix with a row for each place along axis `dim`."""
    return np.moveaxis(weight, dim, 0).reshape(weight.shape[dim], -1)


class WeightNorm:
    """weight = g · v / ‖v‖, with a norm for each place along `dim`; for None, of all values. v = 0 gives 0."""

    title = "weight norm"

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, dim

    def norm(self, v: Any) -> Any:
        if self.dim is None:
            return reductions.norm(v)
        axes = tuple(i for i in range(v.ndim) if i != self.dim % v.ndim)
        return reductions.norm(v, axes, keepdims=True)

    def set(self, layer: Any, weight: Tensor, numbers: Any) -> None:
        values = weight.detach()
        setattr(layer, f"{self.name}_g", Parameter(self.norm(values).numpy().copy(), name=f"{self.name}_g"))
        setattr(layer, f"{self.name}_v", Parameter(values.numpy().copy(), name=f"{self.name}_v"))

    def value(self, layer: Any) -> Any:
        v = getattr(layer, f"{self.name}_v")
        return v * (getattr(layer, f"{self.name}_g") / nonzero(self.norm(v)))

    def step(self, layer: Any) -> None:
        """Nothing moves."""

    def names(self) -> list[str]:
        return [f"{self.name}_g", f"{self.name}_v"]


class SpectralNorm:
    """weight = original / σ, with σ = uᵀ W v the largest singular value of the weight as a matrix W. 0 stays 0."""

    title = "spectral norm"

    def __init__(self, name: str, n_power_iterations: int, eps: float, dim: int) -> None:
        self.name, self.n_power_iterations, self.eps, self.dim = name, n_power_iterations, eps, dim

    def set(self, layer: Any, weight: Tensor, numbers: Any) -> None:
        matrix = matrix_of(weight.detach(), self.dim)
        setattr(layer, f"{self.name}_orig", Parameter(weight.numpy().copy(), name=f"{self.name}_orig"))
        for letter, size in zip("uv", matrix.shape):
            vector = numbers.normal(size=size).astype(weight.dtype)
            setattr(layer, f"{self.name}_{letter}", Tensor(normalize(vector, dim=0, eps=self.eps)))

    def parts(self, layer: Any) -> tuple[Any, Any, Any]:
        original, u, v = (getattr(layer, each) for each in self.names())
        return original, u, v

    def value(self, layer: Any) -> Any:
        original, u, v = self.parts(layer)
        # Copies: a later step writes to u and v, while the gradient still needs these values.
        return original / nonzero(np.copy(u) @ (matrix_of(original, self.dim) @ np.copy(v)))

    def step(self, layer: Any) -> None:
        """The power method: v ← Wᵀu / ‖Wᵀu‖, u ← W v / ‖W v‖."""
        original, u, v = self.parts(layer)
        with no_grad():
            matrix = matrix_of(original.detach(), self.dim)
            for _ in range(self.n_power_iterations):
                assign(v, normalize(u @ matrix, dim=0, eps=self.eps))
                assign(u, normalize(matrix @ v, dim=0, eps=self.eps))

    def names(self) -> list[str]:
        return [f"{self.name}_orig", f"{self.name}_u", f"{self.name}_v"]


def set_computed(layer: AnyLayer, name: str, how: Any, seed: Any = None) -> AnyLayer:
    """Let the attribute `name` of a layer be computed."""
    held = vars(layer)
    if name in held.get("reparametrised", {}):
        raise ArgumentError(f"{type(layer).__name__}.{name} has a norm already.", "Remove it first.")
    weight = held.get(name)
    if not isinstance(weight, Tensor) or not is_parameter(weight):
        raise ArgumentError(f"{type(layer).__name__} has no parameter {name!r} of its own.")
    if how.dim is not None and not -weight.ndim <= how.dim < weight.ndim:
        raise ArgumentError(f"{type(layer).__name__}.{name} has no axis {how.dim}; its shape is {weight.shape}.")
    how.set(layer, weight, generator(seed))
    changes.note()
    del held[name]
    held.setdefault("reparametrised", {})[name] = how
    if not isinstance(layer, Computed):
        own: Any = type(layer)
        layer.__class__ = computing(own)
    return layer


def remove(layer: AnyLayer, name: str, kind: Any) -> AnyLayer:
    """Let the attribute `name` be a parameter again, with the value that it has now."""
    held = vars(layer)
    how: Any = held.get("reparametrised", {}).get(name)
    if not isinstance(how, kind):
        raise ArgumentError(f"{type(layer).__name__}.{name} has no {kind.__name__}.")
    with no_grad():
        value = Parameter(np.array(how.value(layer).detach().numpy()), name=name)
    changes.note()
    for each in how.names():
        del held[each]
    del held["reparametrised"][name]
    held[name] = value
    if not held["reparametrised"]:
        del held["reparametrised"]
        layer.__class__ = type(layer).original  # type: ignore[attr-defined]
    return layer


def weight_norm(module: AnyLayer, name: str = "weight", dim: int | None = 0) -> AnyLayer:
    """Replace a parameter by its lengths, {name}_g, and its directions, {name}_v: Salimans and Kingma (2016).

    There is a length for each place along axis `dim`, or one for all with None. Changes the layer, and gives it back.
    Make optimizers afterwards.

    Raises ArgumentError for what is no parameter of the layer, for an axis that it does not have, and if it has a norm
    already.

    >>> from tinygrad_like import Linear
    >>> list(weight_norm(Linear(3, 2)).state_dict())
    ['bias', 'weight_g', 'weight_v']
    """
    return set_computed(module, name, WeightNorm(name, dim))


def remove_weight_norm(module: AnyLayer, name: str = "weight") -> AnyLayer:
    """Undo `weight_norm`; the weight keeps its value. Raises ArgumentError where there is none."""
    return remove(module, name, WeightNorm)


def spectral_norm(
    module: AnyLayer,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
    *,
    seed: Any = None,
) -> AnyLayer:
    """Divide a parameter by its largest singular value: Miyato et al. (2018).

    As a matrix it has a row for each place along axis `dim` (by default 0, for ConvTranspose layers 1). The parameter
    becomes {name}_orig; the buffers {name}_u and {name}_v are singular vectors, found by the power method, with
    n_power_iterations for each call in training. `seed` makes their start repeatable. Changes the layer, and gives it
    back. Make optimizers afterwards.

    Raises ArgumentError as `weight_norm` does, and for n_power_iterations below 1.

    >>> from tinygrad_like import Linear
    >>> list(spectral_norm(Linear(3, 2)).state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    if n_power_iterations < 1:
        raise ArgumentError(f"spectral_norm needs n_power_iterations of at least 1, but got {n_power_iterations!r}.")
    if dim is None:
        dim = int(any(kind.__name__.startswith("ConvTranspose") for kind in type(module).__mro__))
    return set_computed(module, name, SpectralNorm(name, n_power_iterations, eps, dim), seed)


def remove_spectral_norm(module: AnyLayer, name: str = "weight") -> AnyLayer:
    """Undo `spectral_norm`; the weight keeps its value. Raises ArgumentError where there is none."""
    return remove(module, name, SpectralNorm)
