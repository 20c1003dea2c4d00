"""The operators and array methods of `Tensor`: each one line, each a primitive or a composite."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .. import functions as functions
    from .. import protocols as protocols
    from ..primitives import (
        arithmetic,
        constants,
        contraction,
        exponential,
        neural,
        reductions,
        trigonometric,
    )
    from ..primitives import indexing as indexing
    from ..primitives import movement as movement
    from . import autodiff as autodiff
    from .tensor import Tensor


def bind(*modules: ModuleType) -> None:
    """The one loop among the modules: operators need the primitives, and primitives return Tensors.

    The package's `__init__`, which knows them all, hands the modules over.
    """
    globals().update({module.__name__.rpartition(".")[2]: module for module in modules})


Axis = int | tuple[int, ...] | None


class Operators:
    """What a Tensor can do like an ndarray; every result is recorded where a gradient is required."""

    __slots__ = ()
    __hash__ = object.__hash__

    def _in_place(self, result: Tensor) -> Tensor:
        raise NotImplementedError

    def __add__(self, other: Any) -> Tensor:
        return arithmetic.add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return arithmetic.add(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return arithmetic.subtract(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return arithmetic.subtract(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return arithmetic.multiply(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return arithmetic.multiply(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return arithmetic.divide(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return arithmetic.divide(other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return constants.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return constants.floor_divide(other, self)

    def __mod__(self, other: Any) -> Tensor:
        return arithmetic.remainder(self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return arithmetic.remainder(other, self)

    def __divmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return constants.floor_divide(self, other), arithmetic.remainder(self, other)

    def __rdivmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return constants.floor_divide(other, self), arithmetic.remainder(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return arithmetic.power(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return arithmetic.power(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return contraction.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return contraction.matmul(other, self)

    def __iadd__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.add(self, other))

    def __isub__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.subtract(self, other))

    def __imul__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.multiply(self, other))

    def __itruediv__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.divide(self, other))

    def __ifloordiv__(self, other: Any) -> Tensor:
        return self._in_place(constants.floor_divide(self, other))

    def __imod__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.remainder(self, other))

    def __ipow__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.power(self, other))

    def __imatmul__(self, other: Any) -> Tensor:
        return self._in_place(contraction.matmul(self, other))

    def __neg__(self) -> Tensor:
        return arithmetic.negative(self)

    def __pos__(self) -> Tensor:
        return arithmetic.positive(self)

    def __abs__(self) -> Tensor:
        return arithmetic.absolute(self)

    def __lt__(self, other: Any) -> Tensor:
        return constants.less(self, other)

    def __le__(self, other: Any) -> Tensor:
        return constants.less_equal(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return constants.greater(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return constants.greater_equal(self, other)

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return constants.compared(constants.equal, self, other)

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return constants.compared(constants.not_equal, self, other)

    def __invert__(self) -> Tensor:
        return constants.invert(self)

    def __and__(self, other: Any) -> Tensor:
        return constants.bitwise_and(self, other)

    def __rand__(self, other: Any) -> Tensor:
        return constants.bitwise_and(other, self)

    def __or__(self, other: Any) -> Tensor:
        return constants.bitwise_or(self, other)

    def __ror__(self, other: Any) -> Tensor:
        return constants.bitwise_or(other, self)

    def __xor__(self, other: Any) -> Tensor:
        return constants.bitwise_xor(self, other)

    def __rxor__(self, other: Any) -> Tensor:
        return constants.bitwise_xor(other, self)

    def __getitem__(self, index: Any) -> Tensor:
        return indexing.getitem(self, index)

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The sum over `axis` (all axes by default)."""
        return reductions.sum(self, axis, keepdims=keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The mean over `axis`."""
        return reductions.mean(self, axis, keepdims=keepdims)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The largest value over `axis`; equal values share the gradient equally."""
        return reductions.max(self, axis, keepdims=keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The smallest value over `axis`; equal values share the gradient equally."""
        return reductions.min(self, axis, keepdims=keepdims)

    def prod(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """The product over `axis`."""
        return reductions.prod(self, axis, keepdims=keepdims)

    def var(self, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Tensor:
        """The variance over `axis`, divided by n - ddof."""
        return functions.var(self, axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Axis = None, ddof: float = 0, keepdims: bool = False) -> Tensor:
        """The standard deviation over `axis`; its gradient is 0 where all values are equal."""
        return reductions.std(self, axis, ddof=ddof, keepdims=keepdims)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """The index of the largest value; a constant for differentiation."""
        return constants.argmax(self, axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """The index of the smallest value; a constant for differentiation."""
        return constants.argmin(self, axis, keepdims=keepdims)

    def all(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Whether all values over `axis` are true."""
        return constants.all(self, axis, keepdims=keepdims)

    def any(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        """Whether any value over `axis` is true."""
        return constants.any(self, axis, keepdims=keepdims)

    def reshape(self, *shape: Any) -> Tensor:
        """The same values in another shape: `t.reshape(2, 3)` or `t.reshape((2, -1))`."""
        return movement.reshape(self, shape[0] if len(shape) == 1 else shape)

    def ravel(self) -> Tensor:
        """The same values in one dimension."""
        return movement.reshape(self, -1)

    def flatten(self) -> Tensor:
        """A copy of the values in one dimension."""
        return movement.copy(movement.reshape(self, -1))

    def transpose(self, *axes: Any) -> Tensor:
        """The axes in another order (reversed by default): `t.transpose(1, 0, 2)`."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return movement.transpose(self, order)

    @property
    def T(self) -> Tensor:
        """The axes reversed."""
        return movement.transpose(self)

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged."""
        return movement.swapaxes(self, -1, -2)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """Two axes exchanged."""
        return movement.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None) -> Tensor:
        """Without axes of length 1."""
        return movement.squeeze(self, axis)

    def exp(self) -> Tensor:
        """e to the power of each value."""
        return exponential.exp(self)

    def log(self) -> Tensor:
        """The natural logarithm of each value."""
        return exponential.log(self)

    def sqrt(self) -> Tensor:
        """The square root of each value."""
        return arithmetic.sqrt(self)

    def tanh(self) -> Tensor:
        """The hyperbolic tangent of each value."""
        return trigonometric.tanh(self)

    def sin(self) -> Tensor:
        """The sine of each value."""
        return trigonometric.sin(self)

    def cos(self) -> Tensor:
        """The cosine of each value."""
        return trigonometric.cos(self)

    def sigmoid(self) -> Tensor:
        """1 / (1 + exp(-x)) of each value."""
        return neural.sigmoid(self)

    def relu(self) -> Tensor:
        """max(x, 0) of each value."""
        return neural.relu(self)

    def abs(self) -> Tensor:
        """The absolute value of each value."""
        return arithmetic.absolute(self)

    def clip(self, min: Any = None, max: Any = None) -> Tensor:
        """Each value limited to [min, max]; at a limit the gradient is shared equally."""
        return functions.clip(self, min, max)

    def dot(self, other: Any) -> Tensor:
        """The dot product as `np.dot` defines it."""
        return functions.dot(self, other)

    def copy(self) -> Tensor:
        """A copy with memory of its own; the gradient flows through it."""
        return movement.copy(self)

    def astype(self, dtype: Any) -> Tensor:
        """The values converted to another dtype; the gradient comes back in this one's."""
        return movement.astype(self, dtype)
