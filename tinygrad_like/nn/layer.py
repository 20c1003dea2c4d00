"""`Layer`: a function with parameters, found wherever its attributes keep them."""

from __future__ import annotations

import sys
import weakref
from collections import ChainMap, UserDict, UserList, deque
from collections.abc import Callable, Iterator
from functools import partial
from types import MappingProxyType, MemberDescriptorType, MethodType, SimpleNamespace
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, Self, TypeVar

import numpy as np

from ..engine.copying import own_attributes
from ..engine.errors import ArgumentError, DTypeError, TinygradError
from ..engine.recording import observer, scope, tell, transform_depth
from ..engine.storage import count_of
from ..engine.tensor import Tensor

if TYPE_CHECKING:
    from ..picture.picture import Picture

P = ParamSpec("P")
Result = TypeVar("Result", covariant=True)

# They hold no parameters: plain values, and objects of these packages.
VALUES = (Tensor, np.ndarray, np.generic, float, int)  # what a parameter could be replaced by in error
ATOMS = frozenset({int, float, complex, bool, str, type(None)})
# Others could load what they hold only when it is read, such as data sets; they are looked at as objects.
MAPPINGS = (dict, MappingProxyType, UserDict, ChainMap)
SEQUENCES = (list, tuple, deque, UserList)
NOT_USERS = sys.stdlib_module_names | {"numpy"}


class Parameter(Tensor):
    """A Tensor that a Layer owns and an optimizer trains; it requires a gradient.

    Raises DTypeError for a dtype that is not floating-point, if it is to require a gradient.

    >>> Parameter([1.0, 2.0])
    Tensor([1., 2.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = True, name: str | None = None) -> None:
        super().__init__(data, dtype, requires_grad, name)


class HasForward(Protocol[P, Result]):
    """For type checkers: calling a layer takes and gives what its own `forward` does."""

    @property
    def forward(self) -> Callable[P, Result]: ...


class Layer:
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
        super().__setattr__(name, value)

    def __call__(self: HasForward[P, Result], *inputs: P.args, **options: P.kwargs) -> Result:
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
        """(path, parameter) pairs, e.g. ("layers[0].weight", ...); a shared parameter once.

        Raises ArgumentError if a set holds several.
        """
        for path, value in walk(self, ordered=True):
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


def described(step: Any) -> str:
    """A layer with its settings, or the name of a function."""
    if isinstance(step, Layer):
        return f"{type(step).__name__}({step.label()})"
    return str(getattr(step, "__name__", type(step).__name__))


def is_parameter(value: Any) -> bool:
    return isinstance(value, Parameter) or (isinstance(value, Tensor) and value.is_leaf and value.requires_grad)


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


def walk(root: Any, layers: bool = True, ordered: bool = False, functions: bool = False) -> Iterator[tuple[str, Any]]:
    """Every layer and Tensor below `root` with its path, in order, each once; iteratively.

    With `ordered`, a set of several parameters is refused: its copies have another order. With `functions`, those in
    containers are given too, at each place.
    """
    seen: set[int] = set()
    stack: list[tuple[str, Any]] = [("", root)]
    while stack:
        path, value = stack.pop()
        if functions and path.endswith("]") and callable(value) and not isinstance(value, (Layer, type)):
            yield path, value
        if id(value) in seen or type(value) in ATOMS:
            continue
        seen.add(id(value))
        if path and isinstance(value, (Layer, Tensor)):
            yield path, value
        if ordered and isinstance(value, (set, frozenset)):
            check_set(value, root, path)
        if layers or value is root or not isinstance(value, Layer):
            stack.extend(reversed([(path + step if path else step.lstrip("."), each) for step, each in parts(value)]))


def parts(value: Any) -> Iterator[tuple[str, Any]]:
    """What a container or an object holds, each with the step that leads to it."""
    kind = type(value)
    if kind is Parameter or kind is Tensor:
        return
    if kind is list or kind is tuple:
        yield from ((f"[{i}]", each) for i, each in enumerate(value))
        return
    if isinstance(value, MAPPINGS):
        yield from ((f"[{key!r}]", each) for key, each in value.items())
        yield from ((f".keys()[{i}]", key) for i, key in enumerate(value) if isinstance(key, (Tensor, Layer)))
    elif isinstance(value, np.ndarray):
        yield from ((f".flat[{i}]", each) for i, each in enumerate(value.flat if value.dtype == object else ()))
    elif isinstance(value, SEQUENCES):
        yield from ((f"[{i}]", each) for i, each in enumerate(value))
    elif isinstance(value, (set, frozenset)):
        yield from ((f"{{{i}}}", each) for i, each in enumerate(value))
    elif isinstance(value, partial):
        yield from ((".args", value.args), (".keywords", value.keywords), (".func", value.func))
    elif isinstance(value, MethodType):
        yield ".__self__", value.__self__
    if isinstance(value, Tensor):
        yield from ((f".{name}", each) for name, each in own_attributes(value).items())
    elif isinstance(value, Layer) or is_users_own(value):
        yield from ((f".{name}", each) for name, each in attributes(value))


def check_set(value: Any, root: Any, path: str) -> None:
    found = [each for each in value if any(is_parameter(part) for _, part in walk([each]))]
    if len(found) > 1:
        raise ArgumentError(
            f"{type(root).__name__} keeps {len(found)} parameters (or layers with some) in a set at {path}, which has "
            "no order: a copy of the model would have its parameters in another one.",
            "Keep them in a list or a dict.",
        )


def is_users_own(value: Any) -> bool:
    """Whether an object that is no layer may keep parameters: not one of Python's own, or of NumPy."""
    kind = type(value)
    own = isinstance(value, SimpleNamespace) or kind.__module__.partition(".")[0] not in NOT_USERS
    return own and not isinstance(value, type)


def attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """The attributes of an object: its own, in slots too, and those of its class."""
    own = dict(getattr(value, "__dict__", ()))
    yield from own.items()
    for kind in type(value).__mro__:
        if kind is Layer or kind is object:
            continue
        for name, each in kind.__dict__.items():
            if name in own or name.startswith("__"):
                continue
            if isinstance(each, MemberDescriptorType):
                if hasattr(value, name):
                    yield name, getattr(value, name)
            elif not hasattr(type(each), "__get__"):  # no method, no property
                yield name, each
