"""`Layer`: a function with parameters, found wherever its attributes keep them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from ..engine.errors import DTypeError, TinygradError
from ..engine.recording import observer, scope, tell
from ..engine.tensor import Tensor

if TYPE_CHECKING:
    from ..picture.picture import Picture

L = TypeVar("L", bound="Layer")


class Parameter(Tensor):
    """A Tensor that a Layer owns and an optimizer trains; it requires a gradient.

    >>> Parameter([1.0, 2.0])
    Tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = True, name: str | None = None) -> None:
        super().__init__(data, dtype, requires_grad, name)


class Layer:
    """Base of all layers: define `forward`, keep Parameters and Layers in attributes.

    They are found in attributes, and in lists, tuples and dicts there, however deep (not in sets, in class
    attributes, or in objects that are no layers); `super().__init__()` is not needed. Call the layer, not
    `forward`: the call tells errors and pictures where they are.

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

    def forward(self, *inputs: Any) -> Any:
        """What the layer computes."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(); define what it computes.")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
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

    def named_parameters(self) -> Iterator[tuple[str, Tensor]]:
        """(path, parameter) pairs, e.g. ("layers[0].weight", ...); a shared parameter once."""
        for path, value in walk(self):
            if is_parameter(value):
                yield path, value

    def parameters(self) -> list[Tensor]:
        """All parameters, of this layer and the layers in it, each once."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        """(path, layer) pairs of all layers inside this one, each once."""
        for path, value in walk(self):
            if isinstance(value, Layer) and value is not self:
                yield path, value

    def path_of(self, layer: Layer) -> str:
        """Where `layer` sits in this one, or "" if it is not found."""
        return next((path for path, each in self.named_layers() if each is layer), "")

    def train(self: L, mode: bool = True) -> L:
        """Switch this layer and all layers in it to training (or not), and give it back."""
        self.training = mode
        for _, layer in self.named_layers():
            layer.training = mode
        return self

    def eval(self: L) -> L:
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

    def label(self) -> str:
        """A short description of the settings, for summaries and pictures."""
        own = [(path, value) for path, value in walk(self, layers=False) if is_parameter(value)]
        return ", ".join(f"{path}: {value.shape}" for path, value in own)

    def __repr__(self) -> str:
        count = sum(parameter.size for parameter in self.parameters())
        lines = [f"{type(self).__name__}({self.label()})"]
        for path, layer in self.named_layers():
            lines.append(f"  {path}: {type(layer).__name__}({layer.label()})")
        width = max(map(len, lines)) if len(lines) > 1 else 0
        lines[0] = f"{lines[0]:<{width}}  # {count:,} parameter{'s' * (count != 1)}"
        return "\n".join(lines)


def is_parameter(value: Any) -> bool:
    return isinstance(value, Parameter) or (isinstance(value, Tensor) and value.is_leaf and value.requires_grad)


def walk(root: Layer, layers: bool = True) -> Iterator[tuple[str, Any]]:
    """Every layer and Tensor below `root` with its path, in order, each once; iteratively."""
    seen: set[int] = set()
    stack: list[tuple[str, Any]] = [("", root)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, (Layer, Tensor, list, tuple, dict)):
            if id(value) in seen:
                continue
            seen.add(id(value))
        if path and isinstance(value, (Layer, Tensor)):
            yield path, value
        children: list[tuple[str, Any]] = []
        if isinstance(value, Layer) and (layers or value is root):
            children = [(f"{path}.{key}" if path else key, each) for key, each in vars(value).items()]
        elif isinstance(value, dict):
            children = [(f"{path}[{key!r}]", each) for key, each in value.items()]
        elif isinstance(value, (list, tuple)):
            children = [(f"{path}[{i}]", each) for i, each in enumerate(value)]
        stack.extend(reversed(children))
