"""`summary`: a model run once, and a table of its layers: shapes, parameters, multiply-adds."""

from __future__ import annotations

import html
from collections.abc import Iterable
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..nn.layer import Layer, walk
from ..recording import Scope, no_grad, observer, scope
from ..tensor import Tensor, values_of, wrap
from .capture import as_input, tensors_of

Shape = tuple[int, ...]
WIDTH = 100
HEAD = ("layer", "", "calls", "output shape", "parameters", "multiply-adds")
NUMERIC = {"calls", "parameters", "multiply-adds"}
NARROWEST = {"layer": 20, "": 12, "output shape": 12}  # the columns that are shortened, and how far


@dataclass(slots=True)
class Row:
    """A layer under the layer that calls it, which is the last row above that is one less deep.

    `shapes` are those of its outputs, if known. `parameters` counts its own that no row above has; `shared` its
    others. `multiply_adds` are those outside inner layers, summed over the `calls`. `note` says what else is known.
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
        shape = f"{self.shapes[0]}{', …' * (len(self.shapes) > 1)}" if self.shapes else self.note or "—"
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


@dataclass(slots=True, eq=False)
class Entry:
    """All calls of one layer in the calls of one other."""

    layer: Layer
    outer: Entry | None
    calls: int = 0
    shapes: tuple[Shape, ...] = ()
    multiply_adds: int = 0
    inner: list[Entry] = field(default_factory=list)


class Watcher:
    """Told of every operation, it finds the call that it belongs to, by the scope."""

    def __init__(self, model: Layer) -> None:
        self.root = Entry(model, None, calls=1)
        self.first = {id(model): self.root}  # of each layer
        self._pairs: dict[tuple[int, int], Entry] = {}
        self._scopes: dict[int, Entry] = {id(None): self.root}
        self._kept: list[Scope] = []  # so that their ids stay theirs

    def run(self, inputs: list[Any]) -> Any:
        """What the model returns; to be called in a context of its own."""
        scope.set(None)
        observer.set(self)
        with no_grad():
            return self.root.layer(*inputs)

    def __call__(self, primitive: Any, args: tuple[Any, ...], options: dict[str, Any], result: Tensor) -> None:
        entry = self._entry(scope.get())
        if primitive.multiply_adds is not None:
            arrays = [None if each is None else np.asarray(values_of(each)) for each in args]
            entry.multiply_adds += int(primitive.multiply_adds(result._array, *arrays))
        at: Entry | None = entry
        while at is not None:
            at.shapes, at = (result.shape,), at.outer

    def _entry(self, at: Any) -> Entry:
        unknown: list[Scope] = []
        while id(at) not in self._scopes:
            unknown.append(at)
            at = at[1]
        entry = self._scopes[id(at)]
        for each in reversed(unknown):
            layer = each[0]()
            if layer is not None and not (layer is self.root.layer and each[1] is None):
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

    def add_unseen(self) -> None:
        """Enter the layers without operations where the model keeps them, after the one kept before each."""
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

    def rows(self) -> list[Row]:
        """The table, calls in order."""
        model = self.root.layer
        paths = {id(model): ""} | {id(layer): path for path, layer in model.named_layers()}
        sizes = {id(parameter): parameter.size for parameter in model.parameters()}
        uncounted = dict(sizes)
        rows: list[Row] = []
        stack = [(0, self.root)]
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
                row.note = "not called" if layer.parameters() else "no operations"
            rows.append(row)
        return rows


def summarized(model: Any, inputs: tuple[Any, ...]) -> Summary:
    """What `summary` does: run the model once on example inputs, as it is, and make a table of its layers.

    A row for each layer under the one that calls it, in the order of their first operations. A multiply-add is one
    multiplication and one addition, so 2 floating-point operations; those of matrix products are counted
    (n · in · out for a Linear of n rows), for all calls and the whole batch, each for the innermost layer around it.
    The output shape of an inner layer is that of the last operation in its last call. Layers in which
    nothing was computed with Tensors are listed where the model keeps them: "not called" if they have parameters,
    "no operations" if they may have passed on what they got.

    Nothing is recorded, inputs are copied, no `.grad` is touched; what forward() itself changes stays changed.
    Raises ArgumentError if the model is no Layer, or without inputs.
    """
    if not isinstance(model, Layer):
        given = f"the class {model.__name__}" if isinstance(model, type) else f"a {type(model).__name__}"
        is_network = isinstance(getattr(model, "model", None), Layer)
        hint = "Write summary(network.model, x)." if is_network else "Write summary(model, x)."
        raise ArgumentError(f"summary takes a model, a Layer, and example inputs, but got {given}.", hint)
    if not inputs:
        raise ArgumentError(
            f"summary runs the model, but got no inputs for {type(model).__name__}.",
            "Write summary(model, x) with an example input, e.g. np.zeros((1, features)).",
        )
    examples = [example(each) for each in inputs]
    shapes = tuple(str(each.shape) if isinstance(each, Tensor) else type(each).__name__ for each in examples)
    watcher = Watcher(model)
    returned = copy_context().run(watcher.run, examples)
    outputs = [returned] if isinstance(returned, np.ndarray) else tensors_of(returned)
    watcher.root.shapes = tuple(each.shape for each in outputs) or watcher.root.shapes
    watcher.add_unseen()
    rows, parameters = watcher.rows(), model.parameters()
    size = sum(each.data.nbytes for each in parameters)
    return Summary(rows, sum(p.size for p in parameters), size, sum(row.multiply_adds for row in rows), shapes)


def example(value: Any) -> Any:
    """An input as a Tensor of its own, so that a forward() that works in place changes nothing outside."""
    return wrap(value._array.copy()) if isinstance(value, Tensor) else as_input(value, "", differentiate=False)
