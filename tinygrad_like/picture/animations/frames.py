"""What an animation shows, as bytes: for each state of a model its units, weights and answers, or its heat maps."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

import numpy as np

from ...engine.errors import ArgumentError
from ...engine.tensor import Tensor, values_of
from ...engine.writes import Array
from ...nn.finding import is_parameter, walk
from ...nn.layer import Layer
from ...plots.boundaries import class_places, evaluated, surroundings
from ..written.numbers import as_matrix, shape_text
from .units import Column, columns_of, watched

MOST_UNITS = 16  # of a column
MOST_BYTES = 2_100_000  # of all frames
SIDES = (30, 26, 22, 18, 14, 12, 10)  # of the square of a unit, in points
ANSWERS = (80, 64, 48, 40)  # of the decision boundary
CELLS = (32, 24, 16, 12, 8, 6, 4)  # of a heat map, along each axis
LEVELS = 255  # of a byte; 255 itself is what is not finite


class Store:
    """Arrays of bytes one after the other; a page reads each from where it begins."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def add(self, values: Array) -> int:
        """Keep an array of bytes; where it begins."""
        self._parts.append(values.astype(np.uint8).tobytes())
        self._size += values.size
        return self._size - values.size

    def text(self) -> str:
        return base64.b64encode(b"".join(self._parts)).decode()


def signed(values: Array, scale: float) -> Array:
    """Bytes from 0 (-scale) through 127 (0) to 254 (scale)."""
    with np.errstate(invalid="ignore"):
        shares = np.clip(values / scale, -1.0, 1.0)
    return np.where(np.isfinite(values), np.round(127 * np.nan_to_num(shares)) + 127, LEVELS)


def scale_of(values: Array, part: float = 1.0) -> float:
    """The size of the largest finite values, all but a part of them."""
    finite = np.abs(values[np.isfinite(values)])
    return float(np.quantile(finite, part)) or float(finite.max()) or 1.0 if finite.size else 1.0


# -- a model of points in the plane -----------------------------------------------------------------------


class Plane:
    """The units of a network over the plane, the weights between them, and the decision boundary."""

    def __init__(self, model: Layer, points: Array, classes: Array | None, count: int) -> None:
        self.model, self.points, self.classes = model, points, classes
        first = columns_of(model, self._grid(8))
        self.sizes = [column.values.shape[1] for column in first]
        self.chosen = [most_active(column.values) for column in first]
        self.names = [column.name for column in first]
        shown = sum(map(len, self.chosen))
        self.answers = fitting(ANSWERS, count, 0.4 * MOST_BYTES)
        self.side = fitting(SIDES, count * max(shown, 1), MOST_BYTES - count * self.answers**2)
        self.units: list[list[Array]] = []
        self.lines: list[dict[tuple[int, int], Array]] = []
        self.outputs: list[Array] = []

    def _grid(self, side: int) -> Array:
        columns, rows = (surroundings(self.points[:, axis], side) for axis in (0, 1))
        # The first row of an image is the top.
        return np.stack(np.meshgrid(columns, rows[::-1]), axis=-1).reshape(-1, 2)

    def add(self) -> None:
        """One more frame: the model with the parameters that it has now."""
        columns = columns_of(self.model, self._grid(self.side))
        if [column.values.shape[1] for column in columns] != self.sizes:
            raise ArgumentError("With these states the model computes different things, which animate cannot show.")
        self.units.append([column.values[:, chosen] for column, chosen in zip(columns, self.chosen)])
        self.lines.append({key: weights for key, weights in self._weights(columns)})
        sides = [surroundings(self.points[:, axis], self.answers) for axis in (0, 1)]
        self.outputs.append(evaluated(self.model, sides[0], sides[1][::-1]))

    def _weights(self, columns: list[Column]) -> Iterable[tuple[tuple[int, int], Array]]:
        for number, column in enumerate(columns):
            for source, weights in column.lines:
                yield (source, number), weights[np.ix_(self.chosen[number], self.chosen[source])]

    def data(self, store: Store) -> dict[str, Any]:
        columns = []
        for number, name in enumerate(self.names):
            values = np.stack([units[number] for units in self.units[: 1 if number == 0 else None]])
            size, shown = self.sizes[number], len(self.chosen[number])
            parts = [values[..., i] for i in range(shown)]
            scales = [scale_of(part) for part in parts] if number == 0 else [scale_of(values, 0.98)] * shown
            at = store.add(np.stack([signed(part, scale) for part, scale in zip(parts, scales)], axis=1))
            words = [name or "linear"] if number else []
            words.append(f"{shown} of {size:,}" if shown < size else f"{size} unit{'s' * (size != 1)}")
            title = self._title(number)
            units = self.chosen[number].tolist()
            columns.append({"title": title, "notes": words, "units": units, "at": at})
        lines = []
        for key in self.lines[0]:
            weights = np.stack([each[key] for each in self.lines])
            at = store.add(signed(weights, scale_of(weights)))
            lines.append({"from": key[0], "to": key[1], "at": at})
        return {"side": self.side, "columns": columns, "lines": lines, **self._answers(store), **self._points()}

    def _title(self, number: int) -> str:
        last = len(self.names) - 1
        if number in (0, last):
            return "output" if number else "input"
        return f"hidden {number}" if last > 2 else "hidden"

    def _answers(self, store: Store) -> dict[str, Any]:
        """Which class wins at each place, and by how much, in one byte: class · steps + the root of the lead."""
        winner, lead = decided(np.stack(self.outputs))
        classes = max(2, self.outputs[0].shape[-1])
        if classes >= LEVELS // 2:
            raise ArgumentError(f"animate shows at most {LEVELS // 2 - 1} classes, but the model gives {classes}.")
        steps = LEVELS // classes
        values = winner * steps + np.round(np.sqrt(np.nan_to_num(lead)) * (steps - 1))
        at = store.add(np.where(np.isfinite(lead), values, LEVELS))
        return {"answers": {"at": at, "side": self.answers, "steps": steps, "classes": classes}}

    def _points(self) -> dict[str, Any]:
        """The data, as fractions of the picture; the picture ends half a pixel outside the grid."""
        ends = []
        for axis in (0, 1):
            values = surroundings(self.points[:, axis], self.answers)
            half = (values[1] - values[0]) / 2
            ends.append((float(values[0] - half), float(values[-1] + half)))
        low, high = np.array(ends).T
        places: Any = np.zeros(len(self.points)) - 1
        names: dict[int, str] = {}
        if self.classes is not None:
            known = class_places(np.unique(self.classes), self.outputs[0].shape[-1])
            places = np.array([known[each] for each in self.classes])
            names = {place: f"class {number:g}" for number, place in known.items()}
        shares = np.round((self.points - low) / (high - low), 4)
        points = [[*share, int(place)] for share, place in zip(shares.tolist(), places)]
        return {"ends": ends, "points": points, "names": names}


def most_active(values: Array) -> Array:
    """The numbers of the units to show, in order: of many, those that differ most over the samples."""
    with np.errstate(all="ignore"):
        spread = np.nan_to_num(values.std(axis=0))
    return np.sort(np.argsort(-spread, kind="stable")[:MOST_UNITS])


def fitting(sides: tuple[int, ...], squares: int, most: float) -> int:
    """The largest side of squares that together have so many points at most; else the smallest."""
    return next((side for side in sides if squares * side**2 <= most), sides[-1])


def decided(outputs: Array) -> tuple[Array, Array]:
    """Which class wins at each place, and by how much, from 0 to 1; nan where an output is not finite.

    One output is a probability if all lie in [0, 1]; else it is a logit, or a score of which 0 is the middle. Several
    outputs are probabilities if they are positive and their sums are 1, else logits.
    """
    finite: Any = np.isfinite(outputs).all(axis=-1)
    known = np.where(finite[..., None], outputs, 0.0)
    if outputs.shape[-1] == 1:
        level = 0.5 if known.min() >= 0 and known.max() <= 1 else 0.0
        offset = known[..., 0] - level
        lead = np.clip(np.abs(offset) / (level or scale_of(offset[finite], 0.98)), 0.0, 1.0)
        return (offset > 0).astype(int), np.where(finite, lead, np.nan)
    if not (known.min() >= 0 and np.allclose(known[finite].sum(axis=-1), 1.0)):
        exponentials = np.exp(known - known.max(axis=-1, keepdims=True))
        known = exponentials / exponentials.sum(axis=-1, keepdims=True)
    second, best = np.moveaxis(np.sort(known, axis=-1)[..., -2:], -1, 0)
    return known.argmax(axis=-1), np.where(finite, best - second, np.nan)


# -- any other model --------------------------------------------------------------------------------------


class Maps:
    """The parameters of each layer as heat maps, and what each layer gives for the inputs."""

    def __init__(self, model: Layer, x: Any, count: int) -> None:
        self.model, self.x, self.count = model, x, count
        self.given: dict[int, Array] = {}
        self.frames: list[list[Array]] = []
        self.cards: list[dict[str, Any]] = []
        self.sizes: list[int] = []

    def __call__(self, what: Any, args: tuple[Any, ...], options: dict[str, Any], result: Any) -> None:
        if isinstance(what, Layer) and isinstance(result, Tensor) and not what.children():
            self.given[id(what)] = values_of(result)

    def add(self) -> None:
        """One more frame: the model with the parameters that it has now."""
        if self.x is not None:
            watched(self.model, self.x, self)
        cards: list[dict[str, Any]] = []
        arrays: list[Array] = []
        for path, layer in [("", self.model), *self.model.named_layers()]:
            found = [(name, each.numpy()) for name, each in walk(layer, layers=False) if is_parameter(each)]
            if id(layer) in self.given:
                found.append(("activation", self.given[id(layer)]))
            maps = [{"name": name, "note": shape_text(each.shape)} for name, each in found]
            arrays += [as_matrix(each.real).astype(np.float64) for _, each in found]
            if maps:
                label = layer.label() if type(layer).label is not Layer.label else ""
                name = path or type(layer).__name__
                cards.append({"name": name, "note": f"{type(layer).__name__} {label}".strip(), "maps": maps})
        if not cards:
            raise ArgumentError(f"This {type(self.model).__name__} has no parameters to show.")
        most = self._most([each.shape for each in arrays])
        self.frames.append([thinned(each, most).copy() for each in arrays])
        self.cards, self.sizes = cards, [each.size for each in arrays]

    def _most(self, shapes: list[tuple[int, ...]]) -> int:
        def cells(most: int) -> int:
            return self.count * sum(min(rows, most) * min(columns, most) for rows, columns in shapes)

        return next((most for most in CELLS if cells(most) <= MOST_BYTES), CELLS[-1])

    def data(self, store: Store) -> dict[str, Any]:
        maps = [each for card in self.cards for each in card["maps"]]
        for i, each in enumerate(maps):
            values = np.stack([frame[i] for frame in self.frames])
            if values[0].size < self.sizes[i]:
                each["note"] = f"{shape_text(values.shape[1:])} of {each['note']}"
            each["at"] = store.add(signed(values, scale_of(values, 0.99)))
            each["rows"], each["columns"] = values.shape[1:]
        return {"cards": self.cards}


def thinned(matrix: Array, most: int) -> Array:
    """At most so many rows and columns, evenly chosen."""
    rows, columns = (np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int)) for n in matrix.shape)
    return matrix[np.ix_(rows, columns)]
