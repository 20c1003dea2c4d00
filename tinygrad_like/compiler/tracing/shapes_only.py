"""What calls would give, without the values: for what is written down, but not needed now, of large arrays."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from .traced import method

LARGE = 4000  # elements; fewer are computed faster than looked at
DOTS = frozenset({np.dot, method("dot")})
CAST = method("astype")


class ShapesOnly:
    """Makes zeros in the shape, dtype and layout of what a call would give.

    They are new arrays, as the results would be, but those of one kind share memory, which takes no time to get.
    """

    def __init__(self) -> None:
        self.dtypes: dict[Any, Any] = {}
        self.memory = {"f": bytearray(), "c": bytearray(), "b": bytearray()}

    def of(self, function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """What stands for the result of a call; None where that is to be computed."""
        if options:
            return None
        if function is np.matmul or function in DOTS:
            return self.product(args[0], args[1], stacked=function is np.matmul)
        arrays = [each for each in args if isinstance(each, np.ndarray)]
        if all(each.size < LARGE for each in arrays):
            return None
        if function is CAST:
            return self.like(arrays, args[0].shape, np.dtype(args[1])) if args[1] != args[0].dtype else None
        if not is_elementwise(function, args):
            return None
        shape = arrays[0].shape
        if any(each.shape != shape for each in arrays):
            shape = np.broadcast_shapes(*[each.shape for each in arrays])
        return self.like(arrays, shape, self.dtype(function, args))

    def dtype(self, function: Any, args: tuple[Any, ...]) -> Any:
        """The dtype of what is computed from arrays and numbers, element by element."""
        key = function, *[each.dtype if isinstance(each, np.ndarray) else type(each) for each in args]
        if key not in self.dtypes:
            small = [np.zeros(1, each.dtype) if isinstance(each, np.ndarray) else each for each in args]
            self.dtypes[key] = function(*small).dtype
        return self.dtypes[key]

    def like(self, arrays: list[Any], shape: tuple[int, ...], dtype: Any) -> Any:
        """Zeros in the layout that NumPy chooses for what it computes from these arrays, element by element."""
        first = arrays[0]
        if all(each.flags.c_contiguous for each in arrays):
            return self.zeros(shape, dtype)
        if is_transposed(first) and all(each.shape == shape and steps(each) == steps(first) for each in arrays):
            return self.zeros(shape, dtype, np.empty_like(first, dtype).strides)
        return None

    def product(self, one: Any, other: Any, stacked: bool) -> Any:
        """The same of a product of two matrices, or of `stacked` ones."""
        if min(one.ndim, other.ndim) < 2 or not (stacked or one.ndim == other.ndim == 2):
            return None
        stack = one.shape[:-2]
        if stack != other.shape[:-2] or not (in_order(stack, one.strides) and in_order(stack, other.strides)):
            return None
        return self.zeros((*stack, one.shape[-2], other.shape[-1]), np.result_type(one, other))

    def zeros(self, shape: tuple[int, ...], dtype: Any, strides: Any = None) -> Any:
        if dtype.kind not in "fcb":  # others may be indices, so that nothing else may be written there
            return np.zeros(shape, dtype) if strides is None else None
        size = dtype.itemsize * prod(shape)
        if size > len(self.memory[dtype.kind]):
            self.memory[dtype.kind] = bytearray(size)
        return np.ndarray(shape, dtype, self.memory[dtype.kind], 0, strides)


def is_elementwise(function: Any, args: tuple[Any, ...]) -> bool:
    if function is np.where:
        return len(args) == 3
    return type(function) is np.ufunc and not function.signature and function.nout == 1 and len(args) == function.nin


def steps(array: Any) -> list[int]:
    """The strides in elements."""
    return [each // array.itemsize for each in array.strides]


def is_transposed(array: Any) -> bool:
    """Whether an array lies row by row if its axes, none of length 1, are put in another order."""
    order = sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
    return 1 not in array.shape and bool(array.transpose(order).flags.c_contiguous)


def in_order(axes: tuple[int, ...], strides: tuple[int, ...]) -> bool:
    """Whether the first axes of an array, none of length 1, lie in memory in this order."""
    return 1 not in axes and all(strides[i] >= strides[i + 1] > 0 for i in range(len(axes) - 1))
