"""Who called whom: the layers of a model that is run once, each under the layer that calls it."""

from __future__ import annotations

from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..engine.blocks import Block
from ..engine.primitive import Primitive
from ..engine.recording import Scope, no_grad, observer, scope
from ..engine.tensor import values_of
from ..nn.layer import Layer
from ..nn.state import buffers_kept
from ..picture.captured.capture import tensors_of

Shape = tuple[int, ...]


def is_counted(at: Scope | None) -> bool:
    """Whether all named blocks here, up to the layer around them, are counted."""
    while at is not None and isinstance(what := at[0](), Block):
        if not what.counted:
            return False
        at = at[1]
    return True


@dataclass(slots=True, eq=False)
class Entry:
    """All calls of one layer within the calls of one other.

    `shapes` are those of what it returned last; `multiply_adds` counts those outside the `inner` layers.
    """

    layer: Layer
    outer: Entry | None
    calls: int = 0
    shapes: tuple[Shape, ...] = ()
    multiply_adds: int = 0
    inner: list[Entry] = field(default_factory=list)


class Watcher:
    """It is told of every operation, and of every layer that returns; the scope says to which call that belongs.

    A call is entered after those around it, at its first operation or when it returns: so in the order in which calls
    begin. Nothing tells it of a call that fails before its first operation.
    """

    def __init__(self, model: Layer) -> None:
        self.root = Entry(model, None, calls=1)
        self.first = {id(model): self.root}  # of each layer
        self._pairs: dict[tuple[int, int], Entry] = {}
        self._scopes: dict[int, Entry] = {id(None): self.root}
        self._kept: list[Scope] = []  # so that their ids stay theirs

    def run(self, inputs: tuple[Any, ...]) -> None:
        """Call the model; to be called in a context of its own."""
        scope.set(None)
        observer.set(self)
        with no_grad():
            result = self.root.layer(*inputs)
        self.root.shapes = shapes_of(result)  # also of a model whose own __call__ tells nothing

    def __call__(self, what: Any, args: tuple[Any, ...], options: dict[str, Any], result: Any) -> None:
        at = scope.get()
        entry = self._entry(at)
        if isinstance(what, Layer):
            entry.shapes = shapes_of(result)
            return
        if isinstance(what, Primitive) and what.multiply_adds is not None and is_counted(at):
            arrays = [None if each is None else np.asarray(values_of(each)) for each in args]
            code = what.multiply_adds.__code__
            named = code.co_varnames[code.co_argcount :][: code.co_kwonlyargcount]
            wanted = {name: options[name] for name in named}
            entry.multiply_adds += int(what.multiply_adds(result._array, *arrays, **wanted))

    def _entry(self, at: Any) -> Entry:
        unknown: list[Scope] = []
        while id(at) not in self._scopes:
            unknown.append(at)
            at = at[1]
        entry = self._scopes[id(at)]
        for each in reversed(unknown):
            layer = each[0]()
            if isinstance(layer, Layer) and not (layer is self.root.layer and each[1] is None):
                entry = self._inner(layer, entry)
                entry.calls += 1
            self._scopes[id(each)] = entry
            self._kept.append(each)
        return entry

    def _inner(self, layer: Layer, outer: Entry) -> Entry:
        key = id(layer), id(outer)
        if key not in self._pairs:
            self._pairs[key] = Entry(layer, outer)
            self.first.setdefault(id(layer), self._pairs[key])
            outer.inner.append(self._pairs[key])
        return self._pairs[key]

    def add_uncalled(self) -> None:
        """Enter each layer that was not called where the model keeps it: after the layer that is kept before it."""
        owners, latest = [("", self.root)], dict[int, Entry]()
        for path, layer in self.root.layer.named_layers():
            while not path.startswith(owners[-1][0]):
                owners.pop()
            owner = owners[-1][1]
            entry = self.first.get(id(layer))
            if entry is None:
                entry = self.first[id(layer)] = Entry(layer, owner)
                before = latest.get(id(owner))
                owner.inner.insert(owner.inner.index(before) + 1 if before else 0, entry)
            if entry.outer is owner:
                latest[id(owner)] = entry
            owners.append((path + ".", entry))


def shapes_of(result: Any) -> tuple[Shape, ...]:
    """The shapes of the Tensors in what a layer returned, or of the array that it is."""
    found: list[Any] = [result] if isinstance(result, np.ndarray) else tensors_of(result)
    return tuple(each.shape for each in found)


def calls_of(model: Layer, inputs: tuple[Any, ...]) -> Entry:
    """Run a model once; its entry holds those of all its layers, in the order of their first calls."""
    watcher = Watcher(model)
    with buffers_kept(model):
        copy_context().run(watcher.run, inputs)
    watcher.add_uncalled()
    return watcher.root
