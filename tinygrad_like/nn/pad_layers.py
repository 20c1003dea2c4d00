"""Padding layers: margins of a constant, of zeros, of reflections, of the border, or from the other end."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import as_array
from ..functions import margins
from .layer import Layer

ORDER = "left, right, top, bottom, front, back"


class Pad(Layer):
    """The base of the padding layers; `padding` is one number for all sides, or two for each axis, the last first."""

    rank = 0
    mode = "constant"
    value: Any = None

    def __init__(self, padding: Any) -> None:
        sides = 2 * self.rank
        numbers = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * sides
        if len(numbers) != sides or not all(isinstance(each, (int, np.integer)) for each in numbers):
            names = ", ".join(ORDER.split(", ")[:sides])
            raise ArgumentError(f"padding must be a whole number, or {sides} ({names}), but got {padding!r}.")
        self.padding = tuple(map(int, numbers))

    def forward(self, x: Any) -> Any:
        x = as_array(x)
        if x.ndim < self.rank:
            raise ShapeError(f"{type(self).__name__} needs {self.rank} axes at least, but got shape {x.shape}.")
        return margins.pad(x, self.padding, self.mode, self.value)

    def label(self) -> str:
        return str(self.padding[0] if len(set(self.padding)) == 1 else self.padding)


class ConstantPad(Pad):
    """The base of ConstantPad1d, ConstantPad2d and ConstantPad3d."""

    def __init__(self, padding: Any, value: Any) -> None:
        super().__init__(padding)
        self.value = value

    def label(self) -> str:
        return f"{super().label()}, value {self.value}"


class ConstantPad1d(ConstantPad):
    """Margins of a constant along the last axis: padding (left, right), or one number for both.

    >>> ConstantPad1d((1, 2), 9.0)([1.0, 2.0])
    array([9., 1., 2., 9., 9.])
    """

    rank = 1


class ConstantPad2d(ConstantPad):
    """Margins of a constant around the last two axes: padding (left, right, top, bottom), or one number for all."""

    rank = 2


class ConstantPad3d(ConstantPad):
    """Margins of a constant around the last three axes: padding (left, right, top, bottom, front, back), or one."""

    rank = 3


class ZeroPad1d(Pad):
    """Margins of zeros along the last axis: padding (left, right), or one number for both."""

    rank = 1


class ZeroPad2d(Pad):
    """Margins of zeros around the last two axes: padding (left, right, top, bottom), or one number for all.

    A negative number takes values away. The input may have any axes in front.

    Raises ArgumentError for another number of margins; when it is called, ShapeError for less than two axes.

    >>> ZeroPad2d((1, 0, 0, 1))([[1.0, 2.0]])
    array([[0., 1., 2.],
           [0., 0., 0.]])
    """

    rank = 2


class ZeroPad3d(Pad):
    """Margins of zeros around the last three axes: padding (left, right, top, bottom, front, back), or one number."""

    rank = 3


class ReflectionPad1d(Pad):
    """Margins that mirror the values at the border, which is not repeated, along the last axis.

    Raises ShapeError for margins that are not narrower than the axis.

    >>> ReflectionPad1d(2)([1.0, 2.0, 3.0])
    array([3., 2., 1., 2., 3., 2., 1.])
    """

    rank, mode = 1, "reflect"


class ReflectionPad2d(Pad):
    """Margins that mirror the values at the border, around the last two axes, as `ReflectionPad1d`."""

    rank, mode = 2, "reflect"


class ReflectionPad3d(Pad):
    """Margins that mirror the values at the border, around the last three axes, as `ReflectionPad1d`."""

    rank, mode = 3, "reflect"


class ReplicationPad1d(Pad):
    """Margins that repeat the value at the border, along the last axis.

    >>> ReplicationPad1d((2, 1))([1.0, 2.0])
    array([1., 1., 1., 2., 2.])
    """

    rank, mode = 1, "replicate"


class ReplicationPad2d(Pad):
    """Margins that repeat the value at the border, around the last two axes."""

    rank, mode = 2, "replicate"


class ReplicationPad3d(Pad):
    """Margins that repeat the value at the border, around the last three axes."""

    rank, mode = 3, "replicate"


class CircularPad1d(Pad):
    """Margins from the other end of the last axis.

    Raises ShapeError for margins that are wider than the axis.

    >>> CircularPad1d((2, 1))([1.0, 2.0, 3.0])
    array([2., 3., 1., 2., 3., 1.])
    """

    rank, mode = 1, "circular"


class CircularPad2d(Pad):
    """Margins from the other end of each of the last two axes, as `CircularPad1d`."""

    rank, mode = 2, "circular"


class CircularPad3d(Pad):
    """Margins from the other end of each of the last three axes, as `CircularPad1d`."""

    rank, mode = 3, "circular"
