"""`Animation`: the training of a model as one page, which needs nothing else."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Iterator
from typing import Any

from ...engine.errors import ArgumentError
from ...plots.boundaries import CLASSES, TINTS
from ..pages.page import json_for_html, policy, resource, variables
from ..written.labels import plain
from ..written.renderer import write_atomically
from ..written.themes import THEMES, Theme, mixed

HEIGHT = 620  # of the frame in a notebook


class Animation:
    """The training of a model as one page, as `animate` makes it. In a notebook it shows itself.

    What it shows was computed when it was made: later training does not change it.
    """

    def __init__(self, text: str, frames: int, total: int) -> None:
        self._text, self._frames, self._total = text, frames, total

    def html(self) -> str:
        """One self-contained page: it needs no connection, and loads nothing."""
        return self._text

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file, whose name ends in .html. The file is replaced at once.

        Raises ArgumentError for another name, and for a folder that does not exist.
        """
        if not isinstance(path, (str, os.PathLike)) or not os.fspath(path).lower().endswith((".html", ".htm")):
            raise ArgumentError(f"An animation is saved as html, but got {path!r}.", "Write save('training.html').")
        write_atomically(path, self._text.encode("utf-8"))

    def __repr__(self) -> str:
        count = f"{self._frames:,} of " * (self._frames < self._total) + f"{self._total:,}"
        return f"<Animation of {count} state{'s' * (self._total != 1)}; .save('x.html'), .html()>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        style = f"width: 100%; height: {HEIGHT}px; border: 0"
        frame = f'<iframe sandbox="allow-scripts" srcdoc="{html.escape(self._text)}" style="{style}"></iframe>'
        return {"text/html": frame, "text/plain": repr(self)}


def page_of(data: dict[str, Any], title: str, facts: list[str], theme: str) -> str:
    """The HTML of an animation of these frames."""
    script = resource("film.js", __package__) + resource("animation.js", __package__)
    lines = "".join(f"<p>{html.escape(plain(text))}</p>\n" for text in facts)
    parts = {
        "theme": theme,
        "policy": policy(script),
        "title": html.escape(plain(title) or "Training"),
        "style": variables() + more_variables() + resource("page.css") + resource("animation.css", __package__),
        "facts": lines,
        "data": json_for_html(data),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], resource("animation.html", __package__))


def more_variables() -> str:
    """The colours of both themes for units, weights and classes."""
    blocks = []
    for theme in THEMES.values():
        lines = " ".join(f"--{name}: {colour};" for name, colour in colours(theme))
        blocks.append(f'[data-theme="{theme.name}"] {{ {lines} }}\n')
    return "".join(blocks)


def colours(theme: Theme) -> Iterator[tuple[str, str]]:
    is_dark = theme.name == "dark"
    yield from (("zero", theme.zero), ("fill", theme.cluster_fill), ("faint", theme.faint))
    yield from (("orange", theme.negative), ("blue", theme.positive), ("broken", theme.broken))
    own = theme.negative, theme.positive
    for i, (tint, strong) in enumerate(zip(TINTS, CLASSES)):
        other = mixed(theme.page, strong, 0.6) if is_dark else tint
        yield f"tint-{i}", own[i] if i < len(own) else other
        yield f"class-{i}", mixed(strong, "#ffffff", 0.4) if is_dark else strong
