"""A table of a model's layers, as text and as HTML: shapes, parameters, multiply-adds."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass

from ..nn.finding import walk
from .layer_calls import Entry, Shape

WIDTH = 100
HEAD = ("layer", "", "calls", "output shape", "parameters", "multiply-adds")
NUMERIC = {"calls", "parameters", "multiply-adds"}
NARROWEST = {"layer": 20, "": 12, "output shape": 12}  # the columns that are shortened, and how far


@dataclass(slots=True)
class Row:
    """A layer. The layer that calls it is the last row above that is one less deep.

    `shapes` are those of what its last call returned. `parameters` counts its own that no row above counts, `shared`
    its others. `multiply_adds` counts those outside inner layers, over all `calls`. `note` says what else is known.
    """

    depth: int
    path: str
    kind: str
    label: str
    calls: int
    shapes: tuple[Shape, ...]
    parameters: int = 0
    shared: int = 0
    multiply_adds: int = 0
    note: str = ""

    def cells(self) -> tuple[str, ...]:
        """The text of every column."""
        note = f"({self.note})" if self.note and self.calls else ""
        what = " ".join(filter(None, (self.kind if self.path else "", self.label, note)))
        shape = f"{self.shapes[0]}{', …' * (len(self.shapes) > 1)}" if self.shapes else "—" if self.calls else self.note
        parameters = f"{self.parameters:,}" if self.parameters else "shared" if self.shared else "—"
        texts = self.path or self.kind, what, f"×{self.calls:,}" * (self.calls > 1), shape, parameters
        return (*map(one_line, texts), f"{self.multiply_adds:,}" if self.multiply_adds else "—")


@dataclass(frozen=True, repr=False, eq=False)
class Summary:
    """The table of a model's layers, as `summary` makes it; it shows itself, in notebooks as HTML.

    `rows` has its lines. `parameters` is their number in the whole model, each counted once, `bytes` their size in
    memory. `multiply_adds` is the sum over the run with these `inputs` (their shapes).
    """

    rows: list[Row]
    parameters: int
    bytes: int
    multiply_adds: int
    inputs: tuple[str, ...]

    def total(self) -> str:
        """The last line."""
        found = f"{counted(self.parameters, 'parameter')}, {size_text(self.bytes)}"
        given = f"input{'s' * (len(self.inputs) > 1)} {', '.join(self.inputs)}"
        return one_line(f"{found}; {counted(self.multiply_adds, 'multiply-add')} for {given}")

    def columns(self) -> dict[str, tuple[str, ...]]:
        """The columns that say something, by title, a text for each row."""
        columns = zip(HEAD, zip(*(row.cells() for row in self.rows)))
        return {title: texts for title, texts in columns if any(texts)}

    def __repr__(self) -> str:
        columns = self.columns()
        columns["layer"] = tuple("  " * row.depth + text for row, text in zip(self.rows, columns["layer"]))
        widths = {title: max(map(len, [title, *texts])) for title, texts in columns.items()}
        for title, least in NARROWEST.items():
            excess = sum(widths.values()) + 2 * (len(widths) - 1) - WIDTH
            if title in widths and excess > 0:
                widths[title] -= min(excess, max(0, widths[title] - least))
        for title, texts in columns.items():
            width, align = widths[title], str.rjust if title in NUMERIC else str.ljust
            columns[title] = tuple(align(shortened(text, width), width) for text in (title, *texts))
        lines = ["  ".join(texts) for texts in zip(*columns.values())]
        total = shortened(self.total(), WIDTH)
        rule = "─" * max(map(len, [*lines, total]))
        return "\n".join([lines[0], rule, *lines[1:], rule, total])

    def _repr_html_(self) -> str:
        columns = self.columns()
        sides = [f"text-align:{'right' if title in NUMERIC else 'left'}" for title in columns]
        lines = [html_row("th", sides, columns)]
        for row, texts in zip(self.rows, zip(*columns.values())):
            lines.append(html_row("td", [f"{sides[0]};padding-left:{0.5 + 1.5 * row.depth}em", *sides[1:]], texts))
        last = f'<tr><td colspan="{len(columns)}" style="text-align:left">{html.escape(self.total())}</td></tr>'
        return f"<table><thead>{lines[0]}</thead><tbody>{''.join(lines[1:])}</tbody><tfoot>{last}</tfoot></table>"


def html_row(tag: str, styles: list[str], texts: Iterable[str]) -> str:
    cells = (f'<{tag} style="{style}">{html.escape(text)}</{tag}>' for style, text in zip(styles, texts))
    return f"<tr>{''.join(cells)}</tr>"


def one_line(text: str) -> str:
    """Any text without line breaks and control characters."""
    return "".join(c if c.isprintable() else "�" for c in " ".join(text.split()))


def shortened(text: str, width: int) -> str:
    """The text with … in its middle if it is longer than `width`; so deep that little is left, it is indented less."""
    if len(text) <= width:
        return text
    body = text.lstrip(" ")
    indent = min(len(text) - len(body), width - 12)
    room = width - indent
    if len(body) > room:
        body = body[: (room - 1) // 2] + "…" + body[-(room // 2) :]
    return " " * indent + body


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def size_text(size: float) -> str:
    """A number of bytes: 104 B, 40.8 kB (of 1000 B each)."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:,} B" if units[0] == "B" else f"{size:,.1f} {units[0]}"


def rows_of(root: Entry) -> list[Row]:
    """The table, calls in order."""
    model = root.layer
    paths = {id(model): ""} | {id(layer): path for path, layer in model.named_layers()}
    sizes = {id(parameter): parameter.size for parameter in model.parameters()}
    uncounted = dict(sizes)
    rows: list[Row] = []
    stack = [(0, root)]
    while stack:
        depth, entry = stack.pop()
        stack.extend((depth + 1, each) for each in reversed(entry.inner))
        layer = entry.layer
        row = Row(depth, paths.get(id(layer), ""), type(layer).__name__, layer.label(), entry.calls, entry.shapes)
        own = [id(value) for _, value in walk(layer, layers=False) if id(value) in sizes]
        row.parameters = sum(uncounted.pop(each, 0) for each in own)
        row.shared = sum(sizes[each] for each in own) - row.parameters
        row.multiply_adds = entry.multiply_adds
        if id(layer) not in paths:
            row.note = "not in the model"
        elif not entry.calls:
            row.note = "not called"
        rows.append(row)
    return rows
