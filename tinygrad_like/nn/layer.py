"""`Layer`: a function with parameters, found wherever its attributes keep them."""

from __future__ import annotations

import inspect
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from types import MemberDescriptorType
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeVar

import numpy as np

from ..engine.blocks import words
from ..engine.errors import ArgumentError, DTypeError, TinygradError
from ..engine.recording import observer, scope, tell, transform_depth
from ..engine.storage import count_of
from ..engine.tensor import Tensor
from ..engine.traces import active, changes, used
from .finding import Parameter as Parameter
from .finding import is_parameter, walk
from .state import Stateful

if TYPE_CHECKING:
    from ..picture.picture import Picture

VALUES = (Tensor, np.ndarray, np.generic, float, int)  # what a parameter could be replaced by in error
P = ParamSpec("P")
Result = TypeVar("Result", covariant=True)


class HasForward(Protocol[P, Result]):
    """For type checkers: calling a layer takes and gives what its own `forward` does."""

    @property
    def forward(self) -> Callable[P, Result]: ...


class Layer(Stateful):
    """Base of all layers: define `forward`, keep Parameters and Layers in attributes.

    They are found in attributes (also in slots, and in those of the class); and in the lists, tuples, dicts, other
    containers and objects of yours that are kept there, at any depth. What a function refers to is not searched. A set
    must not hold several, since a set has no order. `super().__init__()` is not needed. Call the layer, not `forward`:
    by the call, errors and pictures know which layer it is.

    Raises ArgumentError if a parameter is replaced by a number, an array or a Tensor without a gradient.

    >>> class Scale(Layer):
    ...     def __init__(self):
    ...         self.factor = Parameter(2.0)
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale()(3.0)
    Tensor(6., op=multiply)
    >>> Scale()
    Scale(factor: ())  # 1 parameter
    """

    training = True

    if TYPE_CHECKING:
        forward: Callable[..., Any]
    else:

        def forward(self, *inputs):
            """What the layer computes."""
            raise NotImplementedError(f"{type(self).__name__} has no forward(); define what it computes.")

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, VALUES) and not is_parameter(value):
            refuse_loss(self, name, value)
        changes.note()
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        changes.note()
        super().__delattr__(name)

    def __call__(self: HasForward[P, Result], *inputs: P.args, **options: P.kwargs) -> Result:
        if active:
            used(self)
        token = scope.set((weakref.ref(self), scope.get()))
        try:
            y = self.forward(*inputs, **options)
            if y is None:
                raise DTypeError(f"{type(self).__name__}.forward() returned None.", "End it with `return`.")
            if observer.get() is not None:
                tell(self, inputs, options, y)
            return y
        except TinygradError as error:
            error.layers.append(self)
            raise
        finally:
            scope.reset(token)

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        """(path, layer) pairs of all layers inside this one, each once."""
        for path, value in walk(self):
            if isinstance(value, Layer) and value is not self:
                yield path, value

    def children(self) -> list[Layer]:
        """The layers directly inside this one, each once."""
        found = {id(each): each for _, each in walk(self, layers=False) if isinstance(each, Layer)}
        return list(found.values())

    def modules(self) -> Iterator[Layer]:
        """This layer and all in it, each once."""
        yield self
        yield from (layer for _, layer in self.named_layers())

    def register_buffer(self, name: str, tensor: Any) -> None:
        """The same as `self.name = Tensor(values)`, as PyTorch has it: here any such attribute is a buffer."""
        setattr(self, name, tensor if tensor is None or isinstance(tensor, Tensor) else Tensor(tensor))

    def apply(self, function: Callable[[Layer], Any]) -> Self:
        """Call `function` with every layer inside, then with this one, and give it back.

        >>> from tinygrad_like import Linear, Sequential
        >>> def reset(layer):
        ...     if isinstance(layer, Linear):
        ...         layer.bias.data = 0
        >>> Sequential(Linear(1, 1)).apply(reset)[0].bias.item()
        0.0
        """
        stack: list[tuple[Layer, bool]] = [(self, False)]
        seen = {id(self)}
        while stack:
            layer, done = stack.pop()
            if done:
                function(layer)
                continue
            inner = [each for each in layer.children() if id(each) not in seen]
            seen.update(map(id, inner))
            stack += [(layer, True), *((each, False) for each in reversed(inner))]
        return self

    def path_of(self, layer: Layer) -> str:
        """Where `layer` sits in this one, or "" if it is not found."""
        return next((path for path, each in self.named_layers() if each is layer), "")

    def train(self, mode: bool = True) -> Self:
        """Switch this layer and all layers in it to training (or not), and give it back."""
        self.training = mode
        for _, layer in self.named_layers():
            layer.training = mode
        return self

    def eval(self) -> Self:
        """Switch to evaluation: the same as train(False)."""
        return self.train(False)

    def zero_grad(self) -> None:
        """Clear the gradient of every parameter."""
        for parameter in self.parameters():
            parameter.grad = None

    def draw(self, *inputs: Any, **options: Any) -> Picture:
        """A picture of this layer run on example inputs; `options` are those of `draw`."""
        from ..picture.api import draw

        return draw(self, *inputs, **options)

    def save(self, path: str | os.PathLike[str], metadata: Mapping[str, Any] | None = None) -> None:
        """Save the parameters and buffers as .safetensors or .npz; see `tg.save`."""
        from ..saving.files import save

        save(self, path, metadata)

    def load(self, path: str | os.PathLike[str]) -> Self:
        """Load parameters and buffers that `save` or PyTorch wrote, by name, and give the layer back.

        Raises FileError that names the file, and every name that is missing, unexpected or does not fit; nothing is
        changed then.
        """
        from ..saving.files import load_model

        load_model(self, path)
        return self

    def label(self) -> str:
        """A short description of the settings, for summaries and pictures."""
        own = [(path, value) for path, value in walk(self, layers=False) if is_parameter(value)]
        return ", ".join(f"{path}: {value.shape}" for path, value in own)

    def __repr__(self) -> str:
        count = count_of(value for _, value in walk(self) if is_parameter(value))
        lines = [described(self)]
        lines += [f"  {path}: {described(each)}" for path, each in walk(self, functions=True) if callable(each)]
        width = max(map(len, lines)) if len(lines) > 1 else 0
        lines[0] = f"{lines[0]:<{width}}  # {count}"
        return "\n".join(lines)


Module = Layer  # its name in PyTorch


def described(step: Any) -> str:
    """A layer with its settings, or the name of a function."""
    if isinstance(step, Layer):
        return f"{type(step).__name__}({step.label()})"
    return str(getattr(step, "__name__", type(step).__name__))


def settings(layer: Layer, *more: str) -> list[str]:
    """The arguments of the constructor that are attributes and not the defaults, for labels: "eps 0.001", "no affine".

    `more` comes first, in place of arguments without a default.
    """
    parameters = inspect.signature(type(layer)).parameters
    defaults = {name: each.default for name, each in parameters.items() if each.default is not each.empty}
    return [*more, *words(vars(layer), defaults)]


def refuse_loss(layer: Layer, name: str, value: Any) -> None:
    """An error if what is no parameter would take the place of one, but for a while inside a transform."""
    held = vars(layer).get(name, getattr(type(layer), name, None))
    if isinstance(held, MemberDescriptorType):
        held = getattr(layer, name, None)  # in a slot
    if is_parameter(held) and not transform_depth.get():
        raise ArgumentError(
            f"{type(layer).__name__}.{name} is a parameter, but the {type(value).__name__} in its place would not be "
            "trained.",
            f"Write Parameter(...) around it, or .{name}.data = ... to give the parameter other values.",
        )


def refuse_class(value: Any, taker: str) -> None:
    """An error if a class was given where one of its instances is meant."""
    if isinstance(value, type):
        raise ArgumentError(f"{taker}, but got the class {value.__name__}.", f"Write {value.__name__}(), an instance.")


def model_of(given: Any) -> Any:
    """The model of a Network; anything else is one itself."""
    return given.model if hasattr(given, "feed_forward") and hasattr(given, "model") else given
