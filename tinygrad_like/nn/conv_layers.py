"""Convolution layers over one, two or three axes, and transposed ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError, DTypeError, ShapeError, UnsupportedError
from ..engine.tensor import Tensor, as_array
from ..functions import filtering
from ..functions.filtering import each_axis, is_whole, margins, shape_of
from ..functions.margins import pad
from ..primitives.integers import floats
from .initialisers import Initialiser, generator, inverse_root
from .layer import Layer, settings
from .layers import initial, name_of

Seed = int | np.random.Generator | None
MODES = ("zeros", "reflect", "replicate", "circular")


class Convolution(Layer):
    """What all convolution layers have: settings, checked; weight and bias."""

    axes = 0
    transposed = False
    padding: Any

    def _set(
        self, channels: tuple[Any, Any], kernel_size: Any, stride: Any, padding: Any, dilation: Any, groups: Any
    ) -> None:
        for number in (*channels, groups):
            if not is_whole(number) or number < 1:
                raise ArgumentError(f"{self.kind} needs channels and groups from 1 on, but got {channels}, {groups!r}.")
        if channels[0] % groups or channels[1] % groups:
            raise ArgumentError(f"{self.kind} with groups={groups} needs multiples of it as channels, not {channels}.")
        self.in_channels, self.out_channels, self.groups = *map(int, channels), int(groups)
        self.kernel_size = each_axis("kernel_size", kernel_size, self.axes, 1)
        self.stride = each_axis("stride", stride, self.axes, 1)
        self.dilation = each_axis("dilation", dilation, self.axes, 1)
        self.padding = padding if isinstance(padding, str) else each_axis("padding", padding, self.axes, 0)

    def _fill(self, bias: bool, dtype: Any, init: Initialiser | None, seed: Seed) -> None:
        """Make the weight and the bias."""
        if not name_of(dtype).startswith(("float", "longdouble")):
            raise DTypeError(f"{self.kind} needs a floating-point dtype, but got {name_of(dtype)}.")
        channels = self.in_channels, self.out_channels
        outer, inner = channels if self.transposed else channels[::-1]
        shape = (outer, inner // self.groups, *self.kernel_size)
        rng, init = generator(seed), init or inverse_root(math.prod(shape[1:]))
        self.weight = initial(init, rng, shape, dtype, "weight")
        self.bias = initial(init, rng, (self.out_channels,), dtype, "bias") if bias else None

    @property
    def kind(self) -> str:
        return type(self).__name__

    def _check(self, x: Any) -> None:
        if x.ndim not in (self.axes + 1, self.axes + 2) or x.shape[-self.axes - 1] != self.in_channels:
            taken = shape_of(self.axes, self.in_channels)
            raise ShapeError(f"{self.kind} takes inputs {taken}, with or without N, but got shape {x.shape}.")

    def label(self) -> str:
        kernel = "×".join(map(str, self.kernel_size)) if self.axes > 1 else f"kernel {self.kernel_size[0]}"
        parts = settings(self, f"{self.in_channels} → {self.out_channels}", kernel)
        return ", ".join(parts + ["no bias"] * (self.bias is None))


class Correlating(Convolution):
    """The constructor and `forward` of Conv1d, Conv2d and Conv3d."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | str | tuple[int, ...] = 0,
        dilation: int | tuple[int, ...] = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        dtype: Any = np.float64,
        *,
        init: Initialiser | None = None,
        seed: Seed = None,
    ) -> None:
        self._set((in_channels, out_channels), kernel_size, stride, padding, dilation, groups)
        if padding_mode not in MODES:
            raise ArgumentError(f"padding_mode must be one of {', '.join(MODES)}, but got {padding_mode!r}.")
        self.padding_mode = padding_mode
        margins(self.padding, self.kernel_size, self.stride, self.dilation)  # an error now, not at the first call
        self._fill(bias, dtype, init, seed)

    def forward(self, x: Any) -> Tensor:
        x = as_array(x)
        self._check(x)
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            pairs = margins(padding, self.kernel_size, self.stride, self.dilation)
            widths = [width for pair in reversed(pairs) for width in pair]
            x, padding = pad(floats(x), widths, self.padding_mode), 0
        y: Tensor = filtering.conv(
            self.axes, x, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )
        return y


class Conv1d(Correlating):
    """`conv1d` with a weight and bias of its own, for x (N, in_channels, L) or (in_channels, L).

    `weight` is (out_channels, in_channels / groups, kernel_size), `bias` (out_channels,) or None. `padding` is a
    number, "valid" (none) or "same" (the length stays); `padding_mode` is "zeros", "reflect", "replicate" or
    "circular". `init` makes the initial weight and bias, by default uniform in
    ±1/√(in_channels / groups · kernel_size); `seed` (an int or a Generator) makes them repeatable.

    Raises ArgumentError for settings that make no sense, DTypeError for a dtype that is not floating-point, and
    ShapeError when the layer is called with another number of axes or channels, or with less than the kernel.

    >>> Conv1d(2, 3, 5)(np.ones((4, 2, 20))).shape
    (4, 3, 16)
    """

    axes = 1


class Conv2d(Correlating):
    """`conv2d` with a weight and bias of its own, for x (N, in_channels, H, W) or (in_channels, H, W).

    `weight` is (out_channels, in_channels / groups, *kernel_size). The settings are those of `Conv1d`; one number
    counts for both axes, a tuple has one for each.

    >>> Conv2d(1, 16, 5, padding="same")
    Conv2d(1 → 16, 5×5, padding same)  # 416 parameters
    """

    axes = 2


class Conv3d(Correlating):
    """`conv3d` with a weight and bias of its own, for x (N, in_channels, D, H, W) or (in_channels, D, H, W).

    `weight` is (out_channels, in_channels / groups, *kernel_size). The settings are those of `Conv1d`.

    >>> Conv3d(1, 2, 3, stride=2)(np.ones((1, 1, 7, 7, 7))).shape
    (1, 2, 3, 3, 3)
    """

    axes = 3


class Transposed(Convolution):
    """The constructor and `forward` of ConvTranspose1d, ConvTranspose2d and ConvTranspose3d."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, ...],
        stride: int | tuple[int, ...] = 1,
        padding: int | tuple[int, ...] = 0,
        output_padding: int | tuple[int, ...] = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | tuple[int, ...] = 1,
        padding_mode: str = "zeros",
        dtype: Any = np.float64,
        *,
        init: Initialiser | None = None,
        seed: Seed = None,
    ) -> None:
        if isinstance(padding, str):
            raise ArgumentError(f"{self.kind} takes a number as padding, but got {padding!r}.")
        if padding_mode != "zeros":
            raise UnsupportedError(f'{self.kind} has padding_mode="zeros" only: it takes margins away, and adds none.')
        self._set((in_channels, out_channels), kernel_size, stride, padding, dilation, groups)
        self.padding_mode = padding_mode
        self.output_padding = each_axis("output_padding", output_padding, self.axes, 0)
        self._fill(bias, dtype, init, seed)

    def forward(self, x: Any, output_size: Any = None) -> Tensor:
        """`output_size` gives the spatial sizes of the result, in the place of `output_padding`."""
        x = as_array(x)
        self._check(x)
        more = self.output_padding if output_size is None else self._padding_to(output_size, x.shape)
        y: Tensor = filtering.conv_transpose(
            self.axes, x, self.weight, self.bias, self.stride, self.padding, more, self.groups, self.dilation
        )
        return y

    def _padding_to(self, output_size: Any, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The output_padding that gives this size."""
        wanted: tuple[Any, ...] = tuple(output_size) if np.iterable(output_size) else (output_size,) * self.axes
        wanted = wanted[-self.axes :] if len(wanted) == len(shape) else wanted
        settings = zip(shape[-self.axes :], self.stride, self.padding, self.dilation, self.kernel_size)
        least = [(n - 1) * s - 2 * p + d * (k - 1) + 1 for n, s, p, d, k in settings]
        most = [n + s - 1 for n, s in zip(least, self.stride)]
        if len(wanted) != self.axes or not all(low <= n <= high for low, n, high in zip(least, wanted, most)):
            raise ArgumentError(
                f"{self.kind} makes sizes from {least} to {most} of shape {shape}, but output_size is {output_size}."
            )
        return tuple(int(n) - low for n, low in zip(wanted, least))


class ConvTranspose1d(Transposed):
    """`conv_transpose1d` with a weight and bias of its own, for x (N, in_channels, L) or (in_channels, L).

    `weight` is (in_channels, out_channels / groups, kernel_size), `bias` (out_channels,) or None. `padding` is taken
    away at both ends, `output_padding` is added at the last one. `init` makes the initial weight and bias, by default
    uniform in ±1/√(out_channels / groups · kernel_size); `seed` (an int or a Generator) makes them repeatable.

    Raises ArgumentError for settings that make no sense, UnsupportedError for a `padding_mode` other than "zeros",
    DTypeError for a dtype that is not floating-point, and ShapeError when the layer is called with another number of
    axes or channels.

    >>> ConvTranspose1d(2, 3, 4, stride=2, padding=1)(np.ones((5, 2, 10))).shape
    (5, 3, 20)
    """

    axes = 1


class ConvTranspose2d(Transposed):
    """`conv_transpose2d` with a weight and bias of its own; the settings are those of `ConvTranspose1d`.

    >>> down, up = Conv2d(1, 4, 3, stride=2), ConvTranspose2d(4, 1, 3, stride=2)
    >>> up(down(np.ones((1, 8, 8))), output_size=(8, 8)).shape
    (1, 8, 8)
    """

    axes = 2


class ConvTranspose3d(Transposed):
    """`conv_transpose3d` with a weight and bias of its own; the settings are those of `ConvTranspose1d`.

    >>> ConvTranspose3d(2, 1, 2, stride=2)(np.ones((1, 2, 3, 3, 3))).shape
    (1, 1, 6, 6, 6)
    """

    axes = 3
