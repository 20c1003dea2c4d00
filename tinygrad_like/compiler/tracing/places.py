"""Where an instruction comes from: the layer's path and the operation, for comments and reports."""

from __future__ import annotations

from typing import Any

from ...engine.blocks import Block
from ...engine.callers import line_of, users_frame
from .program import Place


class Places:
    """The place of the instruction that is being written down; each is made once.

    Where layers are not `named`, it only has the operation and the user's line.
    """

    def __init__(self, named: bool = True) -> None:
        self.named = named
        self.operation = ""
        self.part = "forward"
        self.scope: Any = None
        self.known: dict[Any, Place] = {}
        self.paths: dict[int, str] = {}
        self.inside: dict[int, dict[int, tuple[Any, str]]] = {}  # by id of a layer: by id, the layers in it, with paths
        self.lines: dict[Any, str] = {}
        self.kept: list[Any] = []  # so that ids stay theirs

    def now(self, scope: Any) -> Place:
        scope = self.scope if self.part == "backward" else scope
        key = id(scope), self.operation, self.part
        place = self.known.get(key)
        if place is None:
            path = self.path(scope) if self.named else ""
            self.kept.append(scope)
            place = self.known[key] = Place(path, self.operation, self.part, self.line())
        return place

    def line(self) -> str:
        """The user's line that led here."""
        frame = users_frame()
        if frame is None:
            return ""
        key = frame.f_code, frame.f_lineno
        if key not in self.lines:
            self.lines[key] = line_of(frame)[1]
        return self.lines[key]

    def path(self, scope: Any) -> str:
        """The path of the innermost layer of a scope in the outermost one."""
        if scope is None:
            return ""
        if id(scope) in self.paths:
            return self.paths[id(scope)]
        layers, outer = [], scope
        while outer is not None:
            layer = outer[0]()
            if layer is not None and not isinstance(layer, Block):
                layers.append(layer)
            outer = outer[1]
        text = ""
        if layers:
            inner, root = layers[0], layers[-1]
            path = self.path_of(inner, root) if inner is not root else ""
            text = f"{path}: {type(inner).__name__}" if path else type(inner).__name__
        self.paths[id(scope)] = text
        return text

    def path_of(self, inner: Any, root: Any) -> str:
        """The path of a layer in another, whose layers are listed when it is first asked for, or has other ones."""
        listed = self.inside.get(id(root), {})
        if id(inner) not in listed:
            self.kept.append(root)
            listed = self.inside[id(root)] = {id(each): (each, path) for path, each in root.named_layers()}
        return listed[id(inner)][1] if id(inner) in listed else ""
