"""Layers that change shapes, sizes and the order of values; and those that hold functions or other layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.blocks import name_of, written
from ..engine.errors import ArgumentError, ShapeError
from ..functions import rearranging, resizing
from ..functions.pools import each_axis
from .layer import Layer, refuse_class
from .sequential import Sequential


class Identity(Layer):
    """Gives what it is given. It takes any arguments, and does not use them.

    >>> Identity()(2.0)
    2.0
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def forward(self, x: Any) -> Any:
        return x


class Lambda(Layer):
    """A layer made of a function of any arrays or Tensors.

    Parameters that the function uses are not found: write a Layer for these.

    Raises ArgumentError for what cannot be called, and for a class.

    >>> Lambda(lambda x: x.reshape(2, -1), name="two rows")(np.ones((3, 4))).shape
    (2, 6)
    """

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        refuse_class(function, "Lambda takes a function")
        if not callable(function):
            raise ArgumentError(f"Lambda takes a function, but got {function!r}.")
        self.function = function
        self.name: str = name or name_of(function) or written(function)

    def forward(self, *inputs: Any, **options: Any) -> Any:
        return self.function(*inputs, **options)

    def label(self) -> str:
        return self.name


class Residual(Sequential):
    """x + f(x), where f is these layers one after the other. He et al., Deep Residual Learning, 2016.

    Indices, slices and the names of parameters are those of a Sequential.

    Raises ShapeError if f changes the shape.

    >>> Residual(lambda x: 2 * x)(np.array([1.0, 2.0]))
    array([3., 6.])
    """

    def forward(self, x: Any) -> Any:
        y = super().forward(x)
        if np.shape(y) != np.shape(x):
            raise ShapeError(
                f"Residual adds its input to what its layers give, but made {np.shape(y)} of {np.shape(x)}.",
                "Let the layers keep the shape.",
            )
        return x + y


class Flatten(Layer):
    """The axes from `start_dim` to `end_dim` as one: (N, ...) becomes (N, features).

    Raises ArgumentError, when it is called, for axes that the input does not have.

    >>> Flatten()(np.ones((5, 16, 4, 4))).shape
    (5, 256)
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, x: Any) -> Any:
        return rearranging.flatten(x, self.start_dim, self.end_dim)

    def label(self) -> str:
        return "" if (self.start_dim, self.end_dim) == (1, -1) else f"axes {self.start_dim} to {self.end_dim}"


class Unflatten(Layer):
    """The axis `dim` as several of `unflattened_size`, of which one may be -1.

    Raises ShapeError, when it is called, if they do not make up the axis.

    >>> Unflatten(1, (16, 4, 4))(np.ones((5, 256))).shape
    (5, 16, 4, 4)
    """

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, x: Any) -> Any:
        return rearranging.unflatten(x, self.dim, self.unflattened_size)

    def label(self) -> str:
        return f"axis {self.dim} to {self.unflattened_size}"


class PixelShuffle(Layer):
    """(..., C r², H, W) as (..., C, H r, W r), with r = `upscale_factor`, as `functional.pixel_shuffle`.

    >>> PixelShuffle(2)(np.ones((5, 12, 4, 4))).shape
    (5, 3, 8, 8)
    """

    def __init__(self, upscale_factor: int) -> None:
        (self.upscale_factor,) = each_axis(upscale_factor, 1, "upscale_factor")

    def forward(self, x: Any) -> Any:
        return rearranging.pixel_shuffle(x, self.upscale_factor)

    def label(self) -> str:
        return f"× {self.upscale_factor}"


class PixelUnshuffle(Layer):
    """(..., C, H r, W r) as (..., C r², H, W), with r = `downscale_factor`, as `functional.pixel_unshuffle`.

    >>> PixelUnshuffle(2)(np.ones((5, 3, 8, 8))).shape
    (5, 12, 4, 4)
    """

    def __init__(self, downscale_factor: int) -> None:
        (self.downscale_factor,) = each_axis(downscale_factor, 1, "downscale_factor")

    def forward(self, x: Any) -> Any:
        return rearranging.pixel_unshuffle(x, self.downscale_factor)

    def label(self) -> str:
        return f"÷ {self.downscale_factor}"


class ChannelShuffle(Layer):
    """(N, C, ...) with the channels of `groups` groups in turn, as `functional.channel_shuffle`.

    >>> ChannelShuffle(2)(np.arange(4.0).reshape(1, 4, 1)).ravel()
    array([0., 2., 1., 3.])
    """

    def __init__(self, groups: int) -> None:
        (self.groups,) = each_axis(groups, 1, "groups")

    def forward(self, x: Any) -> Any:
        return rearranging.channel_shuffle(x, self.groups)

    def label(self) -> str:
        return f"{self.groups} groups"


class Upsample(Layer):
    """(N, C, ...) in another `size`, or `scale_factor` times as large, as `functional.interpolate`.

    Raises ArgumentError for both or none of `size` and `scale_factor`, and for an unknown mode.

    >>> Upsample(scale_factor=2, mode="bilinear")(np.ones((5, 3, 4, 4))).shape
    (5, 3, 8, 8)
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        resizing.check_options(size, scale_factor, mode, align_corners, recompute_scale_factor)
        self.size, self.scale_factor, self.mode = size, scale_factor, mode
        self.align_corners, self.recompute_scale_factor = align_corners, recompute_scale_factor

    def forward(self, x: Any) -> Any:
        return resizing.interpolate(
            x, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def label(self) -> str:
        goal = f"× {self.scale_factor}" if self.size is None else f"to {self.size}"
        return f"{goal}, {self.mode}" + (", corners aligned" if self.align_corners else "")


class Unfold(Layer):
    """(N, C, H, W) as (N, C kH kW, L): what stands in each of the L windows, as `functional.unfold`.

    >>> Unfold(3)(np.ones((5, 2, 8, 8))).shape
    (5, 18, 36)
    """

    def __init__(self, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> None:
        rearranging.checked_windows(kernel_size, dilation, padding, stride)
        self.kernel_size, self.dilation, self.padding, self.stride = kernel_size, dilation, padding, stride

    def forward(self, x: Any) -> Any:
        return rearranging.unfold(x, self.kernel_size, self.dilation, self.padding, self.stride)

    def label(self) -> str:
        return f"kernel {self.kernel_size}, stride {self.stride}"


class Fold(Layer):
    """(N, C kH kW, L) as (N, C, *output_size): the columns of `Unfold` added up, as `functional.fold`.

    >>> Fold(8, 3)(np.ones((5, 18, 36))).shape
    (5, 2, 8, 8)
    """

    def __init__(
        self, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
    ) -> None:
        each_axis(output_size, 2, "output_size")
        rearranging.checked_windows(kernel_size, dilation, padding, stride)
        self.output_size, self.kernel_size = output_size, kernel_size
        self.dilation, self.padding, self.stride = dilation, padding, stride

    def forward(self, x: Any) -> Any:
        return rearranging.fold(x, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def label(self) -> str:
        return f"to {self.output_size}, kernel {self.kernel_size}, stride {self.stride}"
