"""Normalisation layers, with PyTorch's names, constructors, parameters and buffers."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.assigning import assign
from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import Tensor, as_array
from ..functions import normalising
from ..functions.nonlinearities import given
from .finding import Parameter
from .layer import Layer, settings


def ones(shape: Any, dtype: Any, wanted: bool = True) -> Parameter | None:
    return Parameter(np.ones(shape, dtype), name="weight") if wanted else None


def zeros(shape: Any, dtype: Any, wanted: bool = True) -> Parameter | None:
    return Parameter(np.zeros(shape, dtype), name="bias") if wanted else None


def check_positive(layer: Layer, *sizes: Any) -> None:
    for size in sizes:
        if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
            raise ArgumentError(f"{type(layer).__name__} needs sizes of at least 1, but got {size!r}.")


class Tracked(Layer):
    """The base of the layers with running statistics.

    With `affine` they have a weight and a bias for each channel. With `track_running_stats` they have the buffers
    running_mean, running_var (the unbiased one) and num_batches_tracked; otherwise these are None.
    """

    axes: tuple[int, ...]  # how many the input may have
    shapes: str

    def __init__(
        self,
        num_features: int,
        eps: float,
        momentum: float | None,
        affine: bool,
        track_running_stats: bool,
        dtype: Any,
    ) -> None:
        check_positive(self, num_features)
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight, self.bias = ones(num_features, dtype, affine), zeros(num_features, dtype, affine)
        self.running_mean: Tensor | None = None
        self.running_var: Tensor | None = None
        self.num_batches_tracked: Tensor | None = None
        if track_running_stats:
            self.running_mean = Tensor(np.zeros(num_features, dtype))
            self.running_var = Tensor(np.ones(num_features, dtype))
            self.num_batches_tracked = Tensor(np.array(0))

    def check(self, shape: tuple[int, ...], channel: int) -> None:
        if len(shape) not in self.axes or shape[channel] != self.num_features:
            raise ShapeError(
                f"{type(self).__name__} takes inputs of shape {self.shapes} with {self.num_features} channels, but got "
                f"{shape}."
            )

    def label(self) -> str:
        return ", ".join(settings(self, f"{self.num_features}"))


class BatchNorm(Tracked):
    """The base of BatchNorm1d to 3d: Ioffe and Szegedy (2015).

    Each channel (axis 1) has mean 0 and variance 1 over the batch and all places; then weight and bias are applied. In
    training the running statistics take the part `momentum` of the batch's (None: the mean over all batches so far);
    in evaluation they are used in place of the batch's.

    Raises ShapeError for other shapes, and for one value per channel in training.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype)

    def forward(self, input: Any) -> Any:
        input = as_array(input)
        self.check(input.shape, 1)
        by_batch = self.training or self.running_mean is None
        mean, var, count = self.running_mean, self.running_var, self.num_batches_tracked
        part = 1 / (count + 1) if self.momentum is None and count is not None else self.momentum
        y = normalising.batch_norm(input, mean, var, self.weight, self.bias, by_batch, part, self.eps)
        if by_batch and count is not None:
            assign(count, count + 1)
        return y


class BatchNorm1d(BatchNorm):
    """BatchNorm of (N, C) or (N, C, L).

    >>> BatchNorm1d(1, eps=0.0)(np.array([[1.0], [3.0]])).tolist()
    [[-1.0], [1.0]]
    """

    axes, shapes = (2, 3), "(N, C) or (N, C, L)"


class BatchNorm2d(BatchNorm):
    """BatchNorm of (N, C, H, W)."""

    axes, shapes = (4,), "(N, C, H, W)"


class BatchNorm3d(BatchNorm):
    """BatchNorm of (N, C, D, H, W)."""

    axes, shapes = (5,), "(N, C, D, H, W)"


class InstanceNorm(Tracked):
    """The base of InstanceNorm1d to 3d: Ulyanov et al. (2016).

    Each channel of each example has mean 0 and variance 1 over its places. With `track_running_stats`, evaluation uses
    the running statistics. Raises ShapeError for other shapes, and for a single place.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        dtype: Any = np.float64,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, dtype)

    def forward(self, input: Any) -> Any:
        x = given(input)
        self.check(x.shape, -self.axes[0])
        batch = x if x.ndim > self.axes[0] else x[None]
        own = self.training or self.running_mean is None
        mean, var = self.running_mean, self.running_var
        y = normalising.instance_norm(batch, mean, var, self.weight, self.bias, own, self.momentum, self.eps)
        return y if batch is x else y[0]


class InstanceNorm1d(InstanceNorm):
    """InstanceNorm of (N, C, L) or (C, L)."""

    axes, shapes = (2, 3), "(N, C, L) or (C, L)"


class InstanceNorm2d(InstanceNorm):
    """InstanceNorm of (N, C, H, W) or (C, H, W)."""

    axes, shapes = (3, 4), "(N, C, H, W) or (C, H, W)"


class InstanceNorm3d(InstanceNorm):
    """InstanceNorm of (N, C, D, H, W) or (C, D, H, W)."""

    axes, shapes = (4, 5), "(N, C, D, H, W) or (C, D, H, W)"


class GroupNorm(Layer):
    """Groups of channels of (N, C, ...), with all their places, have mean 0 and variance 1: Wu and He (2018).

    With `affine` it has a weight and a bias for each channel. Raises ArgumentError if the channels do not divide into
    the groups, ShapeError for another number of channels.
    """

    def __init__(
        self, num_groups: int, num_channels: int, eps: float = 1e-5, affine: bool = True, dtype: Any = np.float64
    ) -> None:
        check_positive(self, num_groups, num_channels)
        if num_channels % num_groups:
            raise ArgumentError(f"GroupNorm cannot divide {num_channels} channels into {num_groups} equal groups.")
        self.num_groups, self.num_channels, self.eps, self.affine = num_groups, num_channels, eps, affine
        self.weight, self.bias = ones(num_channels, dtype, affine), zeros(num_channels, dtype, affine)

    def forward(self, input: Any) -> Any:
        input = as_array(input)
        shape = input.shape
        if len(shape) < 2 or shape[1] != self.num_channels:
            raise ShapeError(f"GroupNorm takes inputs (N, {self.num_channels}, ...), but got shape {shape}.")
        return normalising.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def label(self) -> str:
        return ", ".join(settings(self, f"{self.num_channels}", f"{self.num_groups} groups"))


class OverLast(Layer):
    """The base of the layers over the last axes."""

    normalized_shape: tuple[int, ...]

    def set_shape(self, normalized_shape: int | tuple[int, ...]) -> None:
        sizes = tuple(normalized_shape) if np.iterable(normalized_shape) else (normalized_shape,)
        check_positive(self, *(sizes or (0,)))
        self.normalized_shape = sizes

    def label(self) -> str:
        return ", ".join(settings(self, "×".join(map(str, self.normalized_shape))))


class LayerNorm(OverLast):
    """The last axes, whose shape is `normalized_shape`, have mean 0 and variance 1: Ba et al. (2016).

    With `elementwise_affine` it has a weight, and with `bias` a bias, of this shape. Raises ShapeError for inputs that
    do not end with it.

    >>> LayerNorm(2, eps=0.0)(np.array([1.0, 3.0])).tolist()
    [-1.0, 1.0]
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        dtype: Any = np.float64,
    ) -> None:
        self.set_shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight = ones(self.normalized_shape, dtype, elementwise_affine)
        self.bias = zeros(self.normalized_shape, dtype, elementwise_affine and bias)

    def forward(self, input: Any) -> Any:
        return normalising.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


class RMSNorm(OverLast):
    """x / √(mean(x²) + eps) over the last axes, times a weight: Zhang and Sennrich (2019).

    Without `eps`, it is the gap between 1 and the next number of the input's dtype. Raises ShapeError as LayerNorm.
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float | None = None,
        elementwise_affine: bool = True,
        dtype: Any = np.float64,
    ) -> None:
        self.set_shape(normalized_shape)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.weight = ones(self.normalized_shape, dtype, elementwise_affine)

    def forward(self, input: Any) -> Any:
        return normalising.rms_norm(input, self.normalized_shape, self.weight, self.eps)


class LocalResponseNorm(Layer):
    """x / (k + alpha · mean of x² over `size` neighbouring channels)ᵝ: Krizhevsky et al. (2012); takes (N, C, ...)."""

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        check_positive(self, size)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def forward(self, input: Any) -> Any:
        return normalising.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def label(self) -> str:
        return ", ".join(settings(self, f"size {self.size}"))
