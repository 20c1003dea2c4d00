"""Heat maps: the colours of a whole array that is too large to be shown number by number."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..graphs.graph import Card, Graph
from .numbers import as_matrix, change, fits, fractions, not_finite, scale_of, short
from .themes import STEPS

MOST_PIXELS = 64  # each way
HIGHEST, WIDEST = 96, 144  # points
LARGEST, NARROWEST = 12, 12  # points: of one pixel, and of a map
SMALLEST_TILE = 6  # pixels
BROKEN, GAP = STEPS + 2, -STEPS - 2  # the steps of nan and inf, and of pixels between tiles


@dataclass(slots=True)
class HeatMap:
    """The colours of an array, as steps of a theme's shades, its size in points, and what is said below it."""

    steps: Any
    width: int
    height: int
    notes: list[str]
    is_log: bool


def heat_maps(graph: Graph) -> dict[str, HeatMap]:
    """The maps of all values and gradients that need one, by the ids of their places: n0v, n0g."""
    return {
        f"n{number}{part}": heat_map(array)
        for number, card in enumerate(graph.cards)
        for part, array in (("v", shown(card, "value")), ("g", shown(card, "gradient")))
        if array is not None and array.size and not fits(array)
    }


def shown(card: Card, part: str) -> Any:
    """The value or the gradient of a card; of one that is compared with another, how that changed."""
    now, before = getattr(card, part), getattr(card.other, part, None)
    return now if now is None or before is None else change(now, before)


def heat_map(array: Any) -> HeatMap:
    """The map of a whole array. A pixel that stands for several elements shows the one of largest magnitude."""
    is_complex = array.dtype.kind == "c"
    values = np.abs(array) if is_complex else array.astype(np.float64, copy=False)
    scale = scale_of(values)
    pixels, gaps, notes = tiles(values) if array.ndim > 2 else matrix_of(values)
    shares = fractions(pixels, scale)
    steps = np.sign(shares) * (1 + np.rint(np.abs(shares) * STEPS))
    steps = np.where(gaps, GAP, np.where(np.isnan(shares), BROKEN, steps)).astype(np.int8)
    rows, columns = steps.shape
    pixel = min(LARGEST, HIGHEST / rows, WIDEST / columns)
    width, height = (max(round(pixel * length), NARROWEST) for length in (columns, rows))
    return HeatMap(steps, width, height, [range_of(values, is_complex), *notes], bool(scale.decades))


def map_size(shape: tuple[int, ...]) -> tuple[float, float]:
    """The width and height in points of the map of an array of this shape; of tiles, about."""
    if len(shape) > 3:
        return WIDEST * 0.75, HIGHEST
    rows, columns = (length / math.ceil(length / MOST_PIXELS) for length in (math.prod(shape[:-1]), shape[-1]))
    pixel = min(LARGEST, HIGHEST / rows, WIDEST / columns)
    return max(pixel * columns, NARROWEST), max(pixel * rows, NARROWEST)


def range_of(values: Any, is_complex: bool) -> str:
    """The smallest and the largest element, and how many are nan or infinite."""
    finite = values[np.isfinite(values)]
    words = []
    if finite.size:
        low, high = short(finite.min()), short(finite.max())
        words = ["|z| " * is_complex + (f"all {low}" if finite.min() == finite.max() else f"{low} … {high}")]
    return " · ".join(words + [f"{count} {name}" for name, count in not_finite(values)])


def pooled(values: Any, rows: int, columns: int) -> Any:
    """Of each block of so many rows and columns, in the last two axes, the value of largest magnitude."""
    for axis, block in ((-1, columns), (-2, rows)):
        if block > 1:
            starts = np.arange(0, values.shape[axis], block)
            with np.errstate(all="ignore"):
                high, low = (each.reduceat(values, starts, axis=axis) for each in (np.maximum, np.minimum))
                values = np.where(high < -low, low, high)  # where there is nan, both are
    return values


def matrix_of(values: Any, inside: Sequence[int] = ()) -> tuple[Any, Any, list[str]]:
    """The pixels of a matrix, that there is nothing between them, and how many elements each stands for."""
    matrix = as_matrix(values)
    rows, columns = (math.ceil(length / MOST_PIXELS) for length in matrix.shape)
    return pooled(matrix, rows, columns), False, pixel_notes(rows, columns, *inside)


def pixel_notes(*block: int) -> list[str]:
    return [f"pixel: largest of {' × '.join(map(str, block))}"] if math.prod(block) > 1 else []


def tiles(values: Any) -> tuple[Any, Any, list[str]]:
    """The pixels of several matrices, such as the channels of images, side by side; which pixels are between them.

    Matrices that are too many and too small are a pixel each.
    """
    *leading, height, width = values.shape
    if height == width == 1:
        return matrix_of(values[..., 0, 0])
    count, channels = math.prod(leading), leading[-1]
    block = math.ceil(max(height, width) / MOST_PIXELS)
    while True:
        high, wide = math.ceil(height / block), math.ceil(width / block)
        down, across = arrangement(count, channels, high, wide)
        if down * across >= count or max(height, width) < (block + 1) * SMALLEST_TILE:
            break
        block += 1
    if down * across < count and max(high, wide) < 2 * SMALLEST_TILE and block == 1:
        return matrix_of(pooled(values, height, width)[..., 0, 0], (height, width))
    shown = min(count, down * across)
    grid = np.full((down * across, high + 1, wide + 1), np.nan)
    grid[:shown, :high, :wide] = pooled(values.reshape(count, height, width)[:shown], block, block)
    gaps = np.ones(grid.shape, bool)
    gaps[:shown, :high, :wide] = False
    words = [f"first {shown} of {count:,} tiles"] if shown < count else []
    return joined(grid, down, across), joined(gaps, down, across), words + pixel_notes(block, block)


def joined(grid: Any, down: int, across: int) -> Any:
    """Tiles in rows and columns, without the gaps at the edges."""
    _, high, wide = grid.shape
    return grid.reshape(down, across, high, wide).swapaxes(1, 2).reshape(down * high, across * wide)[:-1, :-1]


def arrangement(count: int, channels: int, high: int, wide: int) -> tuple[int, int]:
    """How many rows and columns of tiles, as large as they can be: a row holds whole images, or a part of one."""
    most_down, most_across = (MOST_PIXELS + 1) // (high + 1), (MOST_PIXELS + 1) // (wide + 1)

    def pixel(across: int) -> float:
        return min(HIGHEST / (math.ceil(count / across) * (high + 1)), WIDEST / (across * (wide + 1)))

    fitting = [n for n in range(1, most_across + 1) if math.ceil(count / n) <= most_down]
    even = [n for n in fitting if count % n == 0 and (n % channels == 0 or channels % n == 0)]
    whole_images = most_across - most_across % channels
    across = max(even or fitting or [whole_images or most_across], key=pixel)
    return min(math.ceil(count / across), most_down), across
