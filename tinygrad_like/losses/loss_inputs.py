"""What losses take: arrays whose shapes and dtypes fit, and whose values do, where the values are known."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.shortcuts import require, shortcut
from ..engine.tensor import as_array, values_of
from ..engine.traces import lifted, trace
from ..primitives.integers import as_floats, complex_numbers


def operand(value: Any, plane: bool = False) -> Any:
    """A Tensor as it is, anything else as an ndarray; in a trace, as one whose contents may change.

    Raises DTypeError for complex numbers, unless any in the `plane` will do.
    """
    array = as_array(value)
    if array.dtype.kind == "c" and not plane:
        raise complex_numbers(array.dtype)
    return lifted(array)


def alike(name: str, plane: bool = False, **operands: Any) -> tuple[Any, ...]:
    """The operands as floats of one shape; an error that names the shapes if they differ."""
    arrays = [operand(each, plane) for each in operands.values()]
    first = arrays[0].shape
    for each in arrays:
        if each.shape != first:
            check_equal(name, dict(zip(operands, arrays)))
    return as_floats(*arrays)


def check_equal(name: str, operands: dict[str, Any]) -> None:
    (first, x), *others = operands.items()
    for other, y in others:
        if y.shape != x.shape:
            raise ShapeError(
                f"{name} compares equal shapes, but {first} is {x.shape} and {other} is {y.shape}.",
                f"Write {other}.reshape({first}.shape), if that is what you mean.",
            )


def in_dtype(x: Any, dtype: Any) -> Any:
    return x if x.dtype == dtype else x.astype(dtype)


def weights_for(name: str, weight: Any, x: Any, option: str = "weight") -> Any:
    """A weight for each element of x, which broadcasting must not make larger, in the dtype of x."""
    weight = in_dtype(operand(weight), x.dtype)
    try:
        fits = np.broadcast_shapes(weight.shape, x.shape) == x.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"{name} takes a {option} that broadcasts to {x.shape}, but got {weight.shape}.")
    return weight


def class_weights(name: str, weight: Any, x: Any) -> Any:
    """A weight for each class, in the dtype of x; the classes are on its last axis."""
    weight = in_dtype(operand(weight), x.dtype)
    if weight.shape != x.shape[-1:]:
        raise ShapeError(f"{name} takes a weight for each class, {x.shape[-1:]}, but got {weight.shape}.")
    return weight


def classes_last(name: str, x: Any, axis: int) -> Any:
    """x with the axis of the classes moved to the end."""
    if not -x.ndim <= axis < x.ndim:
        raise ShapeError(f"{name} has no axis {axis} of classes in shape {x.shape}.")
    return x if axis in (-1, x.ndim - 1) else np.moveaxis(x, axis, -1)


def check_class_shapes(name: str, shape: tuple[int, ...], target: Any, axis: int) -> None:
    """An error unless the target has the shape without the axis of the classes, and integers."""
    rest = shape[:axis] + shape[axis:][1:]
    if target.shape != rest:
        hint = f"With axis={axis}, the classes are on the axis of length {shape[axis]}."
        if len(shape) > 2 and target.shape == shape[:1] + shape[2:]:
            hint += " Write axis=1, if they are on axis 1 as in PyTorch."
        elif target.shape == shape:
            hint += " Probabilities are floats: write target.astype(float)."
        raise ShapeError(f"{name} takes classes {rest} for input {shape}, but got {shape} and {target.shape}.", hint)
    check_integers(name, target)


def check_integers(name: str, numbers: Any) -> None:
    if numbers.dtype.kind not in "iu":
        raise DTypeError(f"{name} takes integer class numbers, but got {numbers.dtype}.")


def are_classes(numbers: Any, count: int) -> bool:
    """Whether the numbers are known to be classes, 0 to count - 1."""
    values = values_of(numbers)
    if not values.size:
        return True
    return shortcut((np.minimum.reduce(values, None) >= 0) & (np.maximum.reduce(values, None) < count))


def check_classes(name: str, numbers: Any, count: int, ignored: int | None = None) -> None:
    """An error if a number is known to be no class, and not the one that is ignored."""
    values, now = values_of(numbers), trace()
    if now is None and are_classes(numbers, count):
        return
    if now is not None:
        now.doing("classes")
    wrong = (values < 0) | (values >= count)
    if ignored is not None:
        wrong = wrong & (values != ignored)
    if now is not None:
        now.require(~np.any(wrong), f"{name} takes classes 0 to {count - 1}, but others were given.")
    elif shortcut(np.any(wrong)):
        found = values if ignored is None else values[values != ignored]
        raise ArgumentError(
            f"{name} takes classes 0 to {count - 1}, but got {found.min()} to {found.max()}.",
            "" if ignored is None else f"What is to be ignored is {ignored}: ignore_index={ignored}.",
        )


def check_signs(name: str, target: Any) -> None:
    """An error if a target is known to be neither 1 nor -1."""
    text = f"{name} takes targets 1 and -1, but got others."
    signs = np.all(np.abs(values_of(target)) == 1)
    require(signs, lambda: ArgumentError(text, "Write 2 * target - 1 for 0 and 1."), text)


def check_between(name: str, what: str, x: Any, low: float, high: float, hint: str) -> None:
    """An error if a value is known to be outside."""
    values = values_of(x)
    limits = f"of at least {low:g}" if high == np.inf else f"from {low:g} to {high:g}"
    text = f"{name} takes {what} {limits}, but got"

    def error() -> ArgumentError:
        return ArgumentError(f"{text} {np.min(values)} to {np.max(values)}.", hint)

    require(~np.any((values < low) | (values > high)), error, f"{text} others.")


def check_positive(name: str, zero: bool = False, **options: float) -> None:
    """An error for an option below 0, or for 0 itself unless `zero` is taken."""
    for option, value in options.items():
        if not (value >= 0 if zero else value > 0):
            limit = "at least 0" if zero else "above 0"
            raise ArgumentError(f"{name} takes {option} {limit}, but got {value!r}.")
