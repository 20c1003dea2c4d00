"""Pooling layers: MaxPool, AvgPool, LPPool, AdaptiveAvgPool and AdaptiveMaxPool over one, two or three axes."""

from __future__ import annotations

from typing import Any

from ..functions import adaptive_pools, pools
from .layer import Layer


def described(**settings: Any) -> str:
    """The settings that are not at their defaults, each as "name value"."""
    shown = {name: value for name, value in settings.items() if value not in (None, False)}
    return ", ".join(name.replace("_", " ") + ("" if value is True else f" {value}") for name, value in shown.items())


def unless(default: Any, value: Any) -> Any:
    """The value, or None where it is the default."""
    return None if value == default else value


class MaxPool(Layer):
    """The base of MaxPool1d, MaxPool2d and MaxPool3d."""

    rank = 0

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        pools.checked_settings(self.rank, kernel_size, stride, padding, dilation)
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.dilation, self.return_indices, self.ceil_mode = padding, dilation, return_indices, ceil_mode

    def forward(self, x: Any) -> Any:
        return pools.max_pool(
            self.rank,
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )

    def label(self) -> str:
        return described(
            kernel=self.kernel_size,
            stride=unless(self.kernel_size, self.stride),
            padding=unless(0, self.padding),
            dilation=unless(1, self.dilation),
            return_indices=self.return_indices,
            ceil_mode=self.ceil_mode,
        )


class MaxPool1d(MaxPool):
    """The maximum of each window along the last axis, as `functional.max_pool1d`: (N, C, L) or (C, L).

    >>> import numpy as np
    >>> MaxPool1d(2)(np.array([[1.0, 3.0, 2.0, 0.0]]))
    array([[3., 2.]])
    """

    rank = 1


class MaxPool2d(MaxPool):
    """The maximum of each window over the last two axes, as `functional.max_pool2d`: (N, C, H, W) or (C, H, W).

    The stride is `kernel_size` by default. With `return_indices` there is a second result, the number of each maximum
    in its flattened (H, W). The first of equal maxima has the whole gradient.

    Raises ArgumentError for sizes below 1, and for a padding of more than half a kernel; when it is called, ShapeError
    if no window fits, or the axes are others.

    >>> import numpy as np
    >>> MaxPool2d(3, stride=2, padding=1)(np.ones((5, 16, 24, 24))).shape
    (5, 16, 12, 12)
    """

    rank = 2


class MaxPool3d(MaxPool):
    """The maximum of each window over the last three axes, as `MaxPool2d`: (N, C, D, H, W) or (C, D, H, W)."""

    rank = 3


class AvgPool(Layer):
    """The base of AvgPool1d, AvgPool2d and AvgPool3d."""

    rank = 0
    divisor_override: int | None = None

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        pools.checked_settings(self.rank, kernel_size, stride, padding)
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.padding, self.ceil_mode, self.count_include_pad = padding, ceil_mode, count_include_pad

    def forward(self, x: Any) -> Any:
        return pools.avg_pool(
            self.rank,
            x,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )

    def label(self) -> str:
        return described(
            kernel=self.kernel_size,
            stride=unless(self.kernel_size, self.stride),
            padding=unless(0, self.padding),
            ceil_mode=self.ceil_mode,
            padding_not_counted=not self.count_include_pad,
            divisor=self.divisor_override,
        )


class AvgPool1d(AvgPool):
    """The mean of each window along the last axis, as `functional.avg_pool1d`: (N, C, L) or (C, L).

    >>> import numpy as np
    >>> AvgPool1d(2)(np.array([[1.0, 3.0, 2.0, 0.0]]))
    array([[2., 1.]])
    """

    rank = 1


class DividedPool(AvgPool):
    """The base of those whose divisor can be given."""

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)
        self.divisor_override = pools.checked_divisor(divisor_override)


class AvgPool2d(DividedPool):
    """The mean of each window over the last two axes, as `functional.avg_pool2d`: (N, C, H, W) or (C, H, W).

    The stride is `kernel_size` by default. The margins of zeros are counted if `count_include_pad`; `divisor_override`
    takes the place of the number of elements.

    Raises ArgumentError and ShapeError as `MaxPool2d`.

    >>> import numpy as np
    >>> AvgPool2d(2)(np.ones((5, 16, 24, 24))).shape
    (5, 16, 12, 12)
    """

    rank = 2


class AvgPool3d(DividedPool):
    """The mean of each window over the last three axes, as `AvgPool2d`: (N, C, D, H, W) or (C, D, H, W)."""

    rank = 3


class LPPool(Layer):
    """The base of LPPool1d, LPPool2d and LPPool3d."""

    rank = 0

    def __init__(self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> None:
        pools.checked_settings(self.rank, kernel_size, stride)
        self.norm_type = pools.checked_norm_type(norm_type, self.rank)
        self.kernel_size, self.stride = kernel_size, kernel_size if stride is None else stride
        self.ceil_mode = ceil_mode

    def forward(self, x: Any) -> Any:
        return pools.lp_pool(self.rank, x, self.norm_type, self.kernel_size, self.stride, self.ceil_mode)

    def label(self) -> str:
        stride = unless(self.kernel_size, self.stride)
        return described(p=self.norm_type, kernel=self.kernel_size, stride=stride, ceil_mode=self.ceil_mode)


class LPPool1d(LPPool):
    """(Σ xᵖ)^(1/p) of each window along the last axis, as `functional.lp_pool1d`: (N, C, L) or (C, L).

    >>> import numpy as np
    >>> LPPool1d(2, 2)(np.array([[3.0, 4.0, 6.0, 8.0]]))
    array([[ 5., 10.]])
    """

    rank = 1


class LPPool2d(LPPool):
    """(Σ xᵖ)^(1/p) of each window over the last two axes, as `functional.lp_pool2d`: (N, C, H, W) or (C, H, W).

    There are no absolute values in it: where p is odd, a negative sum gives nan.

    Raises ArgumentError for a `norm_type` that is not positive or not finite; else as `MaxPool2d`.

    >>> import numpy as np
    >>> LPPool2d(2, 2)(np.array([[[3.0, 4.0], [0.0, 0.0]]]))
    array([[[5.]]])
    """

    rank = 2


class LPPool3d(LPPool):
    """(Σ xᵖ)^(1/p) of each window over the last three axes, as `LPPool2d`: (N, C, D, H, W) or (C, D, H, W)."""

    rank = 3


class AdaptiveAvgPool(Layer):
    """The base of AdaptiveAvgPool1d, AdaptiveAvgPool2d and AdaptiveAvgPool3d."""

    rank = 0

    def __init__(self, output_size: Any) -> None:
        self.output_size = adaptive_pools.checked_size(output_size, self.rank)

    def forward(self, x: Any) -> Any:
        return adaptive_pools.adaptive_avg_pool(self.rank, x, self.output_size)

    def label(self) -> str:
        return f"to {self.output_size}"


class AdaptiveAvgPool1d(AdaptiveAvgPool):
    """The means of `output_size` windows along the last axis: (N, C, L) or (C, L).

    >>> import numpy as np
    >>> AdaptiveAvgPool1d(2)(np.array([[1.0, 3.0, 2.0, 0.0]]))
    array([[2., 1.]])
    """

    rank = 1


class AdaptiveAvgPool2d(AdaptiveAvgPool):
    """The means of `output_size` windows over the last two axes, as `functional.adaptive_avg_pool2d`.

    Takes (N, C, H, W) or (C, H, W). None in `output_size` stands for an axis that stays as it is.

    Raises ArgumentError for sizes below 1; when it is called, ShapeError for other axes.

    >>> import numpy as np
    >>> AdaptiveAvgPool2d((1, None))(np.ones((5, 16, 24, 24))).shape
    (5, 16, 1, 24)
    """

    rank = 2


class AdaptiveAvgPool3d(AdaptiveAvgPool):
    """The means of `output_size` windows over the last three axes: (N, C, D, H, W) or (C, D, H, W)."""

    rank = 3


class AdaptiveMaxPool(Layer):
    """The base of AdaptiveMaxPool1d, AdaptiveMaxPool2d and AdaptiveMaxPool3d."""

    rank = 0

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        self.output_size, self.return_indices = adaptive_pools.checked_size(output_size, self.rank), return_indices

    def forward(self, x: Any) -> Any:
        return adaptive_pools.adaptive_max_pool(self.rank, x, self.output_size, self.return_indices)

    def label(self) -> str:
        return f"to {self.output_size}" + (", return indices" if self.return_indices else "")


class AdaptiveMaxPool1d(AdaptiveMaxPool):
    """The maxima of `output_size` windows along the last axis: (N, C, L) or (C, L)."""

    rank = 1


class AdaptiveMaxPool2d(AdaptiveMaxPool):
    """The maxima of `output_size` windows over the last two axes: (N, C, H, W) or (C, H, W).

    The windows are those of `AdaptiveAvgPool2d`; equal maxima and `return_indices` are as in `MaxPool2d`.

    >>> import numpy as np
    >>> AdaptiveMaxPool2d(7)(np.ones((5, 16, 24, 24))).shape
    (5, 16, 7, 7)
    """

    rank = 2


class AdaptiveMaxPool3d(AdaptiveMaxPool):
    """The maxima of `output_size` windows over the last three axes: (N, C, D, H, W) or (C, D, H, W)."""

    rank = 3
