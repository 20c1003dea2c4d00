"""Numbers as pictures show them: few digits, and one power of ten for a matrix, or an exponent for each number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

MOST_ROWS, MOST_COLUMNS = 5, 6
MOST_DECADES = 12  # of a logarithmic scale


@dataclass(slots=True)
class Cell:
    """One shown element: its text, and its value as a fraction of the largest, from -1 to 1 (nan: none).

    Of complex numbers it is that of the absolute values.
    """

    text: str
    fraction: float


@dataclass(slots=True)
class Block:
    """The rows of cells that show an array, and the power of ten above them; or each has its own exponent."""

    rows: list[list[Cell]]
    power: int
    is_log: bool = False  # the fractions are logarithmic


@dataclass(slots=True)
class Scale:
    """How the numbers of an array are written and coloured."""

    largest: float  # magnitude; 0 if nothing is finite
    power: int  # of ten, which is taken out
    digits: int  # decimals
    is_whole: bool
    decades: float = 0.0  # between the smallest and the largest magnitude, where the scale is logarithmic, else 0


def as_matrix(array: Any) -> Any:
    """Two axes: leading axes are joined, a vector is a row."""
    if array.ndim < 2:
        return array.reshape(1, -1)
    return array.reshape(-1, array.shape[-1]) if array.size else array.reshape(0, array.shape[-1])


def fits(array: Any) -> bool:
    """Whether an array is small enough to be shown number by number."""
    rows, columns = as_matrix(array).shape
    return bool(rows <= MOST_ROWS and columns <= MOST_COLUMNS)


def change(now: Any, before: Any) -> Any:
    """How an array changed, element by element."""
    kind = np.complex128 if "c" in (now.dtype.kind, before.dtype.kind) else np.float64
    with np.errstate(all="ignore"):
        return now.astype(kind) - before.astype(kind)


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


def short(value: Any) -> str:
    """A number by itself, in at most eight characters, with an exponent where it needs one: 0.5, 1.25e6."""
    if isinstance(value, complex):
        return joined(short(value.real), short(value.imag))
    if value == 0 or not np.isfinite(value):
        return text_of(value, 0, 0, True)
    if 1e-3 <= abs(value) < 99_999.5:
        return f"{value:.3g}" if abs(value) < 999.5 else f"{value:.0f}"
    exponent = int(f"{value:.2e}".partition("e")[2])
    digits = 3 - len(str(abs(exponent)))
    mantissa, _, exponent_after = f"{value:.{digits}e}".partition("e")  # 9.96e12 is rounded to 1.0e13
    return f"{mantissa.rstrip('0').rstrip('.') if digits else mantissa}e{int(exponent_after)}"


def block(array: Any) -> Block:
    """The cells that show all of a small array; normalised over the whole array."""
    matrix = as_matrix(np.asarray(array))
    scale = scale_of(matrix)

    def text(value: Any) -> str:
        return short(value) if scale.decades else text_of(value, scale.power, scale.digits, scale.is_whole)

    rows = zip(matrix.tolist(), fractions(matrix, scale).tolist())
    cells = [[Cell(text(value), share) for value, share in zip(*row)] for row in rows]
    return Block(cells, 0 if scale.decades else scale.power, bool(scale.decades))


def scale_of(array: Any) -> Scale:
    """The scale that fits an array: logarithmic if the largest would turn most of the others into zeros."""
    largest = largest_finite(array)
    power = power_of_ten(largest)
    whole = array.dtype.kind in "iub" or (power == 0 and is_whole(array))
    power = 0 if whole and largest < 1e6 else power
    scale = Scale(largest, power, decimals(largest / 10.0**power), whole and power == 0)
    if array.size > 1 and largest and not scale.is_whole:
        sizes = finite_magnitudes(array)
        sizes = sizes[sizes > 0]
        vanishing = np.count_nonzero(sizes < 0.5 * 10.0 ** (power - scale.digits))
        if vanishing and 2 * vanishing >= sizes.size - 1:
            scale.decades = min(float(np.log10(largest) - np.log10(sizes.min())), MOST_DECADES)
    return scale


def fractions(array: Any, scale: Scale) -> Any:
    """Each element as a fraction of the largest, from -1 to 1; nan for what is not finite."""
    with np.errstate(all="ignore"):
        values = np.abs(array) if array.dtype.kind == "c" else array.astype(np.float64)
        shares = values / (scale.largest or 1.0)
        if scale.decades:
            # The smallest still has a little colour.
            steps = np.maximum(1 + np.log10(np.abs(shares)) / scale.decades, 0)
            shares = np.where(shares == 0, 0, np.sign(shares) * (0.1 + 0.9 * steps))
    return np.where(np.isfinite(array), shares, np.nan)


def finite_magnitudes(array: Any) -> Any:
    with np.errstate(all="ignore"):
        magnitudes = np.abs(array.astype(np.float64) if array.dtype.kind in "iub" else array)
        return magnitudes[np.isfinite(magnitudes)]


def largest_finite(array: Any) -> float:
    """The largest magnitude of the finite elements, 0 if there are none."""
    finite = finite_magnitudes(array)
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
