"""The options of `draw`, checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from .written.labels import DETAILS
from .written.themes import THEMES, Theme

CHOICES = {"detail": ("auto", *DETAILS), "direction": ("LR", "TB", "RL", "BT"), "theme": tuple(THEMES)}
LEAST = {"depth": 1, "radius": 0, "max_nodes": 1}


@dataclass(frozen=True)
class Options:
    """The options of `draw`, which explains them. Raises ArgumentError for what it does not take."""

    names: Mapping[str, Any] | Iterable[str] | None
    detail: str
    depth: int | None
    direction: str
    focus: Any
    radius: int
    max_nodes: int | None
    gradients: bool
    title: str | None
    theme: str
    compare: Any = None

    def __post_init__(self) -> None:
        for what, choices in CHOICES.items():
            value = getattr(self, what)
            if not isinstance(value, str) or value not in choices:
                raise ArgumentError(f"{what} must be one of {', '.join(choices)}, but got {value!r}.")
        for what, least in LEAST.items():
            value = getattr(self, what)
            is_whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
            if not (is_whole and value >= least) and not (value is None and what in ("depth", "max_nodes")):
                raise ArgumentError(f"{what} must be a whole number of at least {least}, but got {value!r}.")
        if not isinstance(self.gradients, bool):
            raise ArgumentError(f"gradients must be True or False, but got {self.gradients!r}.")
        if self.title is not None and not isinstance(self.title, str):
            raise ArgumentError(f"title must be a text, but got {self.title!r}.")
        if self.depth is not None and self.focus is not None:
            raise ArgumentError("draw takes a depth or a focus, not both.", "Leave one of them out.")

    @property
    def colours(self) -> Theme:
        return THEMES[self.theme]
