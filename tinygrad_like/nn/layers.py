"""The layers: `Sequential`, `Linear` and the activations."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any, overload

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, ShapeError, TinygradError
from ..engine.kinds import as_ndarray
from ..engine.recording import observer, scope, tell
from ..engine.tensor import Tensor, as_array
from ..functions import relu, sigmoid
from ..primitives import contraction, trigonometric
from ..primitives.integers import floats
from .initialisers import Initialiser, generator, inverse_root
from .layer import Layer, Parameter, refuse_class

BEFORE = "the layer before it,"


class Sequential(Layer):
    """Layers one after the other; takes what the first takes, gives what the last gives.

    Any callable of one Tensor can stand in for a layer. Raises ArgumentError for anything else.

    >>> Sequential(Linear(2, 3), Sigmoid(), Linear(3, 1))
    Sequential()                  # 13 parameters
      layers[0]: Linear(2 → 3)
      layers[1]: Sigmoid()
      layers[2]: Linear(3 → 1)
    """

    def __init__(self, *layers: Any) -> None:
        for layer in layers:
            refuse_class(layer, "Sequential takes layers or functions")
            if not callable(layer):
                raise ArgumentError(
                    f"Sequential takes layers or functions, but got {layer!r}.",
                    "Write Sequential(*layers) if you have a list." if isinstance(layer, (list, tuple)) else "",
                )
        self.layers = list(layers)

    def forward(self, x: Any) -> Any:
        for i, layer in enumerate(self.layers):
            if type(layer) is Sequential:
                x = run_nested(self, i, x)
                continue
            try:
                x = layer(x)
            except ShapeError as error:
                self._explain(error, i, x)
                raise
        return x

    def _explain(self, error: TinygradError, i: int, x: Any) -> None:
        """Add to an error of layers[i] what the layer before it returned."""
        if i and error.layers[-1:] == [self.layers[i]] and BEFORE not in error.details:
            previous = self.layers[i - 1]
            name = type(previous).__name__ if isinstance(previous, Layer) else repr(previous)
            start = f"{error.details.rstrip('.')}; " if error.details else ""
            error.details = f"{start}{BEFORE} layers[{i - 1}] {name}, returned {np.shape(x)}."

    def _steps_to_functions(self) -> list[str]:
        layers = vars(self).get("layers", ())
        return [f".layers[{i}]" for i, each in enumerate(layers) if not isinstance(each, Layer)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        made: list[Any] = list(super().__reduce_ex__(protocol))
        first = innermost_first(self)
        # Copies and pickles take what stands deeper before the rest, so that they recurse only a few levels at a time.
        if first and type(self).__setstate__ is Sequential.__setstate__:
            made[2] = (first, *(made[2] if isinstance(made[2], tuple) else (made[2], None)))
        return tuple(made)

    def __setstate__(self, state: Any) -> None:
        attributes, slots = state[-2:] if isinstance(state, tuple) else (state, None)
        vars(self).update(attributes or {})
        for name, value in (slots or {}).items():
            setattr(self, name, value)

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    @overload
    def __getitem__(self, index: slice) -> Sequential: ...
    @overload
    def __getitem__(self, index: int) -> Any: ...
    def __getitem__(self, index: int | slice) -> Any:
        return Sequential(*self.layers[index]) if isinstance(index, slice) else self.layers[index]


class Run:
    """A Sequential that is running: its input, the number of the layer whose turn it is, and the scope around it."""

    def __init__(self, layer: Sequential, x: Any) -> None:
        self.layer, self.input, self.turn = layer, x, 0
        self.token = scope.set((weakref.ref(layer), scope.get()))


def run_nested(outer: Sequential, turn: int, x: Any) -> Any:
    """Run the Sequential that is outer.layers[turn] as its call would, without a Python call for each in it."""
    runs = [Run(outer.layers[turn], x)]
    try:
        while runs:
            run = runs[-1]
            if run.turn == len(run.layer.layers):
                if observer.get() is not None:
                    tell(run.layer, (run.input,), {}, x)
                scope.reset(runs.pop().token)
                continue
            layer = run.layer.layers[run.turn]
            run.turn += 1
            if type(layer) is Sequential:
                runs.append(Run(layer, x))
            else:
                x = layer(x)
    except TinygradError as error:
        if runs and isinstance(error, ShapeError):
            runs[-1].layer._explain(error, runs[-1].turn - 1, x)
        for run, around in zip(reversed(runs), [*reversed(runs[:-1]), None]):
            error.layers.append(run.layer)
            holder, number = (around.layer, around.turn - 1) if around else (outer, turn)
            if isinstance(error, ShapeError):
                holder._explain(error, number, run.input)
        raise
    finally:
        for run in reversed(runs):
            scope.reset(run.token)
    return x


STRIDE, STRIDES = 16, 4


def innermost_first(root: Sequential) -> list[Sequential]:
    """Of the Sequentials nested in `root`, those at every 16th of the next levels, the deepest first."""
    found: list[Sequential] = []
    level = [root]
    for depth in range(1, STRIDE * STRIDES + 1):
        below = (each for holder in level for each in vars(holder).get("layers", ()) if isinstance(each, Sequential))
        level = list({id(each): each for each in below}.values())
        if not level:
            break
        if depth % STRIDE == 0:
            found = level + found
    return found


class Linear(Layer):
    """x @ weightᵀ + bias, for x of shape (..., in_features); gives (..., out_features).

    `weight` is (out_features, in_features), `bias` (out_features,) or None. `init` makes the initial weight (and
    bias), by default uniform in ±1/√in_features; `seed` (an int or a Generator) makes it repeatable.

    Raises ArgumentError for sizes below 1, DTypeError for a dtype that is not floating-point;
    ShapeError, when called, for an input with another number of features.

    >>> Linear(2, 3)(np.ones((5, 2))).shape
    (5, 3)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        dtype: Any = np.float64,
        *,
        init: Initialiser | None = None,
        seed: int | np.random.Generator | None = None,
    ) -> None:
        for size in (in_features, out_features):
            if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
                raise ArgumentError(f"Linear needs sizes of at least 1, but got ({in_features!r}, {out_features!r}).")
        if not name_of(dtype).startswith(("float", "longdouble")):
            raise DTypeError(
                f"Linear needs a floating-point dtype, but got {name_of(dtype)}.", "Write dtype=np.float32."
            )
        rng, init = generator(seed), init or inverse_root(in_features)
        self.in_features, self.out_features = int(in_features), int(out_features)
        self.weight = initial(init, rng, (self.out_features, self.in_features), dtype, "weight")
        self.bias = initial(init, rng, (self.out_features,), dtype, "bias") if bias else None

    def forward(self, x: Any) -> Tensor:
        try:
            if self.bias is None:
                return contraction.linear(x, self.weight)
            return contraction.linear(x, self.weight, self.bias)
        except ShapeError:
            raise ShapeError(
                f"Linear takes inputs with {self.in_features} features, but got shape {np.shape(x)}.",
                f"weight is {self.weight.shape}",
            ) from None

    def label(self) -> str:
        return f"{self.in_features} → {self.out_features}" + ("" if self.bias is not None else ", no bias")


def initial(init: Initialiser, rng: Any, shape: tuple[int, ...], dtype: Any, name: str) -> Parameter:
    if not callable(init):
        raise ArgumentError(
            f"init must be a function of (generator, shape, dtype), but got {init!r}.",
            "Choose one of tinygrad_like.nn.initialisers, e.g. he_uniform.",
        )
    values = as_ndarray(init(rng, shape, dtype))
    if values.shape != shape:
        raise ShapeError(f"init gave the {name} the shape {values.shape}, but it has the shape {shape}.")
    return Parameter(values, dtype=dtype, name=name)


def name_of(dtype: Any) -> str:
    try:
        return str(np.dtype(dtype))
    except TypeError:
        return repr(dtype)


class Activation(Layer):
    """A layer made of a function of one Tensor, applied element by element.

    >>> softplus = Activation(lambda x: np.log1p(np.exp(x)), name="softplus")
    >>> softplus(Tensor([0.0]))
    Tensor([0.69314718])
    """

    def __init__(self, function: Callable[[Any], Any], name: str | None = None) -> None:
        refuse_class(function, "Activation takes a function")
        if not callable(function):
            raise ArgumentError(f"Activation takes a function, but got {function!r}.")
        self.function = function
        self.name: str = name or str(getattr(function, "__name__", "activation"))

    def forward(self, x: Any) -> Any:
        return self.function(x)

    def again(self) -> Activation:
        """The same activation as another layer, with a place of its own in a model."""
        return Activation(self.function, self.name)

    def label(self) -> str:
        return self.name


def tanh(x: Any) -> Any:
    """The hyperbolic tangent, element by element; of integers in float64, not in NumPy's float16."""
    return trigonometric.tanh(floats(as_array(x)))


class Sigmoid(Layer):
    """1 / (1 + exp(-x)), element by element."""

    forward = staticmethod(sigmoid)


class Tanh(Layer):
    """The hyperbolic tangent, element by element."""

    forward = staticmethod(tanh)


class ReLU(Layer):
    """max(x, 0), element by element; the gradient at 0 is 0."""

    forward = staticmethod(relu)


SIGMOID, TANH, RELU = Activation(sigmoid), Activation(tanh), Activation(relu)
