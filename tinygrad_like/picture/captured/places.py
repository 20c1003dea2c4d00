"""Where in a model things are: the clusters of a picture from layer paths, and the names of parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...engine.blocks import Block
from ...engine.node import Node
from ...engine.recording import Scope
from ...engine.tensor import Tensor, values_of
from ...nn.finding import Parameter, is_parameter, walk
from ...nn.layer import Layer
from ..graphs.graph import Cluster


class Places:
    """Turns scopes (which layer was being called) into clusters, and parameters into names."""

    def __init__(self) -> None:
        self._clusters: dict[int, Cluster | None] = {}
        self._kept: list[Any] = []  # scopes and layers, so that their ids stay theirs
        self._calls: dict[tuple[int, int], list[Cluster]] = {}
        self._paths: dict[int, str] = {}
        self._names: dict[int, str] = {}  # of parameters and buffers: the attribute
        self._whole: dict[int, str] = {}  # and the whole path
        self.by_array: dict[int, Any] = {}  # the parameters and buffers, by their arrays
        self._buffers: set[int] = set()
        self.first_values: list[tuple[Tensor, Any]] = []  # of the buffers, from before their layers computed anything
        self.arrays: list[tuple[str, Any]] = []  # plain data that was given a name
        self._given: dict[int, str] = {}
        self.named: dict[Node, Any] = {}  # the Tensors that were given a name, by node

    def call(self, value: Any, name: str) -> None:
        """Give a Tensor or an array a name."""
        if not isinstance(value, (Tensor, np.ndarray)):
            return
        self._kept.append(value)
        self._given.setdefault(id(value), name)
        if isinstance(value, Tensor) and value._node is not None:
            self._given.setdefault(id(value._node), name)
            self.named.setdefault(value._node, value)
        elif not any(values_of(value) is each for _, each in self.arrays):
            self.arrays.append((name, values_of(value)))

    def name_of_equal(self, array: Any) -> str:
        """The name of the only given data with the same values."""
        same = [n for n, each in self.arrays if each.shape == np.shape(array) and np.array_equal(each, array)]
        return same[0] if len(same) == 1 else ""

    def know(self, model: Layer) -> None:
        """Remember the paths of all layers, parameters and buffers of an outermost layer."""
        self._kept.append(model)
        self._paths[id(model)] = ""
        for path, layer in model.named_layers():
            self._paths.setdefault(id(layer), path)
        for path, parameter in walk(model):
            if not isinstance(parameter, Tensor):
                continue
            if not is_parameter(parameter):
                self._buffers.add(id(parameter))
                self.first_values.append((parameter, parameter.numpy().copy()))
            self._kept.append(parameter)
            self.by_array[id(parameter._array)] = parameter
            self._names.setdefault(id(parameter), path.rpartition(".")[2])
            self._whole.setdefault(id(parameter), path)

    @property
    def models(self) -> list[Layer]:
        """The outermost layers that were called."""
        return [each for each in self._kept if isinstance(each, Layer)]

    def is_parameter(self, tensor: Any) -> bool:
        return isinstance(tensor, Parameter) or (id(tensor) in self._names and id(tensor) not in self._buffers)

    def is_buffer(self, tensor: Any) -> bool:
        return id(tensor) in self._buffers

    def name(self, value: Any) -> str:
        """What the user calls a Tensor, an array or a node: the name given, its own, or the attribute that keeps it."""
        given = self._given.get(id(value))
        if given is None and isinstance(value, Tensor):
            given = self._given.get(id(value._node)) or value.name
        return given or self._names.get(id(value), "")

    def whole_path(self, value: Any) -> str:
        """The path of a parameter or buffer in the outermost layer; "" if it has a name of its own."""
        path = self._whole.get(id(value), "")
        return path if self.name(value) == self._names.get(id(value)) else ""

    def path(self, layer: Layer) -> str:
        """The path of a layer in the outermost one."""
        return self._paths.get(id(layer), "") or type(layer).__name__

    def cluster(self, scope: Scope | None) -> Cluster | None:
        """The cluster of a scope, and those around it, made at first sight."""
        unknown: list[Scope] = []
        while scope is not None and id(scope) not in self._clusters:
            unknown.append(scope)
            scope = scope[1]
        outer = self._clusters[id(scope)] if scope is not None else None
        for each in reversed(unknown):
            layer = each[0]()
            if isinstance(layer, Block):
                outer = self._named(layer, outer, each[1])
            elif layer is not None:
                outer = self._make(layer, outer)
            self._clusters[id(each)] = outer
            self._kept.append(each)
        return outer

    def _named(self, block: Block, outer: Cluster | None, around: Scope | None) -> Cluster:
        """The cluster of a named block; a `forward` has the name of its layer."""
        kind = "" if around is None else type(around[0]()).__name__
        title = kind if block.name == "forward" else block.name
        said = outer.label if outer else ""
        label = ", ".join(each for each in block.options if each not in said)
        cluster = Cluster("", title, label, outer, role=block.role)
        cluster.block = block
        return cluster

    def _make(self, layer: Layer, outer: Cluster | None) -> Cluster:
        if id(layer) not in self._paths:
            self.know(layer)
        path, kind, label = self._paths[id(layer)], type(layer).__name__, layer.label()
        cluster = Cluster(path, path or kind, f"{kind if path else ''} {label}".strip(), outer)
        # Several calls inside the same call around them get numbers.
        calls = self._calls.setdefault((id(layer), id(outer)), [])
        calls.append(cluster)
        if len(calls) > 1:
            calls[0].call, cluster.call = 1, len(calls)
        return cluster
