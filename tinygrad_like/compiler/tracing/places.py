"""Where an instruction comes from: the layer's path and the operation, for comments and reports."""

from __future__ import annotations

from typing import Any

from ...engine.blocks import Block
from ...engine.callers import user_line
from .program import Place


class Places:
    """The place of the instruction that is being written down; each is made once."""

    def __init__(self) -> None:
        self.operation = ""
        self.part = "forward"
        self.scope: Any = None
        self.known: dict[Any, Place] = {}
        self.paths: dict[int, tuple[Any, str]] = {}

    def now(self, scope: Any) -> Place:
        scope = self.scope if self.part == "backward" else scope
        key = id(scope), self.operation, self.part
        place = self.known.get(key)
        if place is None:
            place = self.known[key] = Place(self.path(scope), self.operation, self.part, user_line())
        return place

    def path(self, scope: Any) -> str:
        """The path of the innermost layer of a scope in the outermost one."""
        if scope is None:
            return ""
        known = self.paths.get(id(scope))
        if known is not None:
            return known[1]
        layers, outer = [], scope
        while outer is not None:
            layer = outer[0]()
            if layer is not None and not isinstance(layer, Block):
                layers.append(layer)
            outer = outer[1]
        text = ""
        if layers:
            inner, root = layers[0], layers[-1]
            path = root.path_of(inner) if inner is not root else ""
            text = f"{path}: {type(inner).__name__}" if path else type(inner).__name__
        self.paths[id(scope)] = scope, text
        return text
