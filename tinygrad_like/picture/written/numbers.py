"""Numbers as pictures show them: few digits, one power of ten for a matrix, a corner of large ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_ROWS, MOST_COLUMNS = 5, 6


@dataclass(slots=True)
class Cell:
    """One shown element: its text, and its value as a fraction of the largest, from -1 to 1 (nan: none).

    Of complex numbers it is that of the absolute values.
    """

    text: str
    fraction: float


@dataclass(slots=True)
class Block:
    """The rows of cells that show an array, and the power of ten above them."""

    rows: list[list[Cell]]
    power: int


def as_matrix(array: Any) -> Any:
    """Two axes: leading axes are joined, a vector is a row."""
    if array.ndim < 2:
        return array.reshape(1, -1)
    return array.reshape(-1, array.shape[-1]) if array.size else array.reshape(0, array.shape[-1])


def some(length: int, most: int) -> list[int | None]:
    """Indices to show of an axis, None where some are left out."""
    if length <= most:
        return list(range(length))
    head = most // 2
    return [*range(head), None, *range(length - (most - head - 1), length)]


def power_of_ten(largest: float) -> int:
    """The power that is taken out, a multiple of 3; 0 for numbers that read well as they are."""
    if largest == 0 or 0.01 <= largest < 10_000:
        return 0
    return max(3 * int(np.floor(np.log10(largest) / 3)), -306)


def decimals(largest: float) -> int:
    """Three significant digits for the largest."""
    return 3 if largest < 1 else 2 if largest < 10 else 1 if largest < 100 else 0


def text_of(value: Any, power: int, digits: int, whole: bool) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, complex):
        return joined(*(text_of(part, power, digits, whole) for part in (value.real, value.imag)))
    if not np.isfinite(value):
        return "nan" if np.isnan(value) else "inf" if value > 0 else "-inf"
    if value == 0 or whole:
        return str(int(value))
    return f"{value / 10.0**power:.{digits}f}"


def joined(real: str, imaginary: str) -> str:
    """Both parts of a complex number: 1.25-0.50i."""
    return f"{real}{'' if imaginary.startswith('-') else '+'}{imaginary}i"


def block(array: Any, most_rows: int = MOST_ROWS, most_columns: int = MOST_COLUMNS) -> Block:
    """The cells that show an array of any shape; normalised over the whole array."""
    matrix = as_matrix(np.asarray(array))
    largest = largest_finite(matrix)
    power = power_of_ten(largest)
    whole = matrix.dtype.kind in "iub" or (power == 0 and is_whole(matrix))
    power = 0 if whole and largest < 1e6 else power
    whole = whole and power == 0
    digits = decimals(largest / 10.0**power)
    rows, columns = some(matrix.shape[0], most_rows), some(matrix.shape[1], most_columns)

    def cell(i: int | None, j: int | None) -> Cell:
        if i is None or j is None:
            return Cell("…", float("nan"))
        value = matrix[i, j].item()
        return Cell(text_of(value, power, digits, whole), fraction(value, largest))

    return Block([[cell(i, j) for j in columns] for i in rows], power)


def fraction(value: Any, largest: float) -> float:
    if not np.isfinite(value):
        return float("nan")
    size = abs(value) if isinstance(value, complex) else value
    return size / largest if largest else 0.0


def largest_finite(array: Any) -> float:
    """The largest magnitude of the finite elements, 0 if there are none."""
    if array.dtype.kind == "b":
        return float(array.any())
    with np.errstate(all="ignore"):
        magnitudes = np.abs(array.astype(np.float64) if array.dtype.kind in "iu" else array)
        finite = magnitudes[np.isfinite(magnitudes)]
    return float(finite.max()) if finite.size else 0.0


def is_whole(array: Any) -> bool:
    if not np.isfinite(array).all():
        return False
    return all(bool((part == np.floor(part)).all()) for part in (array.real, array.imag))


def norm(array: Any) -> float:
    """The Euclidean norm; scaled, so that it does not overflow."""
    array = np.asarray(array)
    if not np.isfinite(array).all():
        return float("inf")
    largest = largest_finite(array)
    return largest * float(np.linalg.norm((array / largest).ravel())) if largest else 0.0


def statistics(array: Any) -> list[tuple[str, str]]:
    """Mean, deviation and range of the finite elements, and how many are not, as (name, text)."""
    array = np.asarray(array)
    if not array.size:
        return [("empty", "")]
    if array.dtype.kind == "c":
        return statistics_of_complex(array)
    values = array.astype(np.float64, copy=False).ravel()
    finite = values[np.isfinite(values)]
    lines = []
    if finite.size:
        with np.errstate(all="ignore"):
            mean, deviation = finite.mean(), finite.std()
        if array.size == 1:
            return [("", short(mean))]
        lines = [
            ("mean", f"{short(mean)} ± {short(deviation)}"),
            ("range", f"{short(finite.min())} … {short(finite.max())}"),
        ]
    return lines + not_finite(values)


def statistics_of_complex(array: Any) -> list[tuple[str, str]]:
    """The mean, and the range of the absolute values."""
    finite = array[np.isfinite(array)]
    lines = []
    if finite.size:
        with np.errstate(all="ignore"):
            mean, sizes = finite.mean(), np.abs(finite)
        text = joined(short(mean.real), short(mean.imag))
        if array.size == 1:
            return [("", text)]
        lines = [("mean", text), ("|z|", f"{short(sizes.min())} … {short(sizes.max())}")]
    return lines + not_finite(array)


def not_finite(values: Any) -> list[tuple[str, str]]:
    """How many are nan or infinite, if any are."""
    counts = (("nan", np.isnan(values).sum()), ("inf", np.isinf(values).sum()))
    return [(name, f"{count:,}") for name, count in counts if count]


def short(value: float) -> str:
    """A number in at most about six characters."""
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    return f"{value:.3g}" if 1e-3 <= abs(value) < 1e5 else f"{value:.1e}"


def number_text(array: Any) -> str:
    """A single number, as the symbol of a constant."""
    value = array.item()
    if isinstance(value, complex):
        return joined(f"{value.real:.6g}", f"{value.imag:.6g}")
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def shape_text(shape: tuple[int, ...] | None) -> str:
    if shape is None:
        return ""
    return " × ".join(f"{n:,}" for n in shape) if shape else "scalar"
