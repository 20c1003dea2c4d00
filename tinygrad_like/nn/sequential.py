"""`Sequential`: layers one after the other, nested to any depth."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

from ..engine.errors import ArgumentError, ShapeError, TinygradError
from ..engine.recording import observer, scope, tell
from .layer import Layer, refuse_class

BEFORE = "the layer before it,"


class Sequential(Layer):
    """Layers one after the other; takes what the first takes, gives what the last gives.

    A function of one Tensor can stand in the place of a layer. `len`, a loop, an index and a slice work as on a list;
    a slice is a Sequential of the same layers. A dict gives the layers names: `model["hidden"]`, `model.hidden`.
    A layer can be replaced by its index or name; make optimizers afterwards.

    Raises ArgumentError for what cannot be called, for a class in place of a layer, and for a name with a dot.

    >>> from tinygrad_like import Linear, Sigmoid
    >>> Sequential(Linear(2, 3), Sigmoid(), Linear(3, 1))
    Sequential()                  # 13 parameters
      layers[0]: Linear(2 → 3)
      layers[1]: Sigmoid()
      layers[2]: Linear(3 → 1)
    """

    names: list[str] | None = None  # of the layers, if they have some

    def __init__(self, *layers: Any) -> None:
        if len(layers) == 1 and isinstance(layers[0], Mapping):
            self.names, layers = checked_names(layers[0]), tuple(layers[0].values())
        self.layers = [checked(layer) for layer in layers]

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

    def __reduce_ex__(self, protocol: Any) -> Any:
        made = list(super().__reduce_ex__(protocol))
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
    def __getitem__(self, index: int | str) -> Any: ...
    def __getitem__(self, index: int | str | slice) -> Any:
        chosen = self.layers[self.place_of(index)]
        if not isinstance(index, slice):
            return chosen
        return Sequential(dict(zip(self.all_names()[index], chosen))) if self.names else Sequential(*chosen)

    def __setitem__(self, index: int | str, layer: Any) -> None:
        self.layers[self.place_of(index)] = checked(layer)

    def __delitem__(self, index: int | str | slice) -> None:
        place = self.place_of(index)
        if self.names:
            self.names = self.all_names()
            del self.names[place]
        del self.layers[place]

    def append(self, layer: Any) -> Self:
        """Put a layer at the end, and give the Sequential back. Its name, if the others have some, is its number."""
        self.layers.append(checked(layer))
        return self

    def extend(self, layers: Iterable[Any]) -> Self:
        """Put layers at the end, and give the Sequential back."""
        self.layers.extend([checked(layer) for layer in layers])
        return self

    def insert(self, index: int, layer: Any) -> Self:
        """Put a layer before the one at `index`, and give the Sequential back. Refused if the layers have names."""
        if self.names:
            raise ArgumentError("A Sequential of named layers cannot insert one.", "Make a new one of a dict.")
        self.layers.insert(index, checked(layer))
        return self

    def place_of(self, index: Any) -> Any:
        """The index of a layer that was asked for by its name; any other index as it is."""
        if not isinstance(index, str):
            return index
        if self.names is None or index not in self.all_names():
            raise ArgumentError(f"Sequential has no layer named {index!r}; it has {self.names or 'no names'}.")
        return self.all_names().index(index)

    def all_names(self) -> list[str]:
        """A name for each layer: those that came later have their number."""
        names = (self.names or [])[: len(self.layers)]
        return names + [str(i) for i in range(len(names), len(self.layers))]

    def __setattr__(self, name: str, value: Any) -> None:
        if name in (vars(self).get("names") or ()):
            self[name] = value
        else:
            super().__setattr__(name, value)

    if not TYPE_CHECKING:  # mistyped names are to be found

        def __getattr__(self, name):
            if name in (vars(self).get("names") or ()):
                return self[name]
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _named_parts(self) -> Iterator[tuple[str, Any]]:
        if "layers" in vars(self):
            yield from ((f".{name}", layer) for name, layer in zip(self.all_names(), self.layers))
        yield from ((name, each) for name, each in super()._named_parts() if name not in (".layers", ".names"))


def checked(layer: Any) -> Any:
    """A layer or function; an error for anything else."""
    refuse_class(layer, "Sequential takes layers or functions")
    if not callable(layer):
        raise ArgumentError(
            f"Sequential takes layers or functions, but got {layer!r}.",
            "Write Sequential(*layers) if you have a list." if isinstance(layer, (list, tuple)) else "",
        )
    return layer


def checked_names(layers: Mapping[Any, Any]) -> list[str]:
    """The names of layers that were given in a dict."""
    for name in layers:
        if not isinstance(name, str) or not name or "." in name or hasattr(Sequential, name) or name == "layers":
            raise ArgumentError(
                f"Sequential cannot name a layer {name!r}.", "A name is a text without dots that is no method's name."
            )
    return list(layers)


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
