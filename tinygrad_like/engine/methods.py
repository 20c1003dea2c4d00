"""The methods that a Tensor shares with an ndarray: each one line, each a primitive or a composite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import numpy

from . import operators
from .complex_numbers import check_stays_complex
from .errors import ArgumentError, UnsupportedError
from .operators import Axis
from .recording import recording

if TYPE_CHECKING:
    from .tensor import Tensor


np: Any = numpy  # whose types know no Tensors


class Options(TypedDict, total=False):
    """The further options of reductions, which are those of NumPy's function of the same name."""

    dtype: Any
    out: Any
    initial: Any
    where: Any
    mean: Any
    correction: Any


# What ndarray's methods take by position after the axis.
TOTAL = ("dtype", "out", "keepdims", "initial", "where")
EXTREME = ("out", "keepdims", "initial", "where")
SPREAD = ("dtype", "out", "ddof", "keepdims")
KEEP = ("keepdims",)


def by_name(given: tuple[Any, ...], own: tuple[str, ...], names: tuple[str, ...]) -> dict[str, Any]:
    """What was given by position, under its name: `t.sum(0, True)` keeps the axis; else in the order of ndarray."""
    if given and isinstance(given[0], (bool, int, float)):
        names = own
    if len(given) > len(names):
        raise ArgumentError(f"By position, this takes an axis, {', '.join(names)}.", "Give the others by name.")
    return {name: each for name, each in zip(names, given) if each is not None}


def whole(rounded: Tensor) -> Any:
    """What was rounded: of no axes an int, as Python has it, else the Tensor."""
    return rounded if rounded.ndim else int(rounded)


class Methods:
    """The array methods of `Tensor`, by family; every result is recorded where a gradient is required."""

    __slots__ = ()

    # -- reductions ---------------------------------------------------------------------------------

    def sum(self: Any, axis: Axis = None, *given: Any, keepdims: bool = False, **options: Unpack[Options]) -> Tensor:
        """The sum over `axis` (all axes by default)."""
        if options or given:
            return np.sum(self, axis, **{"keepdims": keepdims, **by_name(given, KEEP, TOTAL), **options})
        return operators.reductions.sum.apply((self,), {"axis": axis, "keepdims": keepdims})

    def mean(self: Any, axis: Axis = None, *given: Any, keepdims: bool = False, **options: Unpack[Options]) -> Tensor:
        """The mean over `axis`."""
        if options or given:
            return np.mean(self, axis, **{"keepdims": keepdims, **by_name(given, KEEP, TOTAL[:3]), **options})
        return operators.reductions.mean.apply((self,), {"axis": axis, "keepdims": keepdims})

    def max(self: Any, axis: Axis = None, *given: Any, keepdims: bool = False, **options: Unpack[Options]) -> Tensor:
        """The largest value over `axis`; equal values share the gradient equally."""
        if options or given:
            return np.max(self, axis, **{"keepdims": keepdims, **by_name(given, KEEP, EXTREME), **options})
        return operators.reductions.max.apply((self,), {"axis": axis, "keepdims": keepdims})

    def min(self: Any, axis: Axis = None, *given: Any, keepdims: bool = False, **options: Unpack[Options]) -> Tensor:
        """The smallest value over `axis`; equal values share the gradient equally."""
        if options or given:
            return np.min(self, axis, **{"keepdims": keepdims, **by_name(given, KEEP, EXTREME), **options})
        return operators.reductions.min.apply((self,), {"axis": axis, "keepdims": keepdims})

    def prod(self: Any, axis: Axis = None, *given: Any, keepdims: bool = False, **options: Unpack[Options]) -> Tensor:
        """The product over `axis`."""
        if options or given:
            return np.prod(self, axis, **{"keepdims": keepdims, **by_name(given, KEEP, TOTAL), **options})
        return operators.reductions.prod.apply((self,), {"axis": axis, "keepdims": keepdims})

    def var(
        self: Any, axis: Axis = None, *given: Any, ddof: float = 0, keepdims: bool = False, **options: Unpack[Options]
    ) -> Tensor:
        """The variance over `axis`, divided by n - ddof."""
        if options or given:
            named = {"ddof": ddof, "keepdims": keepdims, **by_name(given, ("ddof", "keepdims"), SPREAD), **options}
            return np.var(self, axis, **named)
        return operators.statistics.var(self, axis, ddof=ddof, keepdims=keepdims)

    def std(
        self: Any, axis: Axis = None, *given: Any, ddof: float = 0, keepdims: bool = False, **options: Unpack[Options]
    ) -> Tensor:
        """The standard deviation over `axis`; its gradient is 0 where all values are equal."""
        if options or given:
            named = {"ddof": ddof, "keepdims": keepdims, **by_name(given, ("ddof", "keepdims"), SPREAD), **options}
            return np.std(self, axis, **named)
        return operators.reductions.std(self, axis, ddof=ddof, keepdims=keepdims)

    def all(self: Any, axis: Axis = None, *given: Any, keepdims: bool = False, **options: Unpack[Options]) -> Tensor:
        """Whether all values over `axis` are true."""
        if options or given:
            return np.all(self, axis, **{"keepdims": keepdims, **by_name(given, KEEP, TOTAL[:3]), **options})
        return operators.constants.all(self, axis, keepdims=keepdims)

    def any(self: Any, axis: Axis = None, *given: Any, keepdims: bool = False, **options: Unpack[Options]) -> Tensor:
        """Whether any value over `axis` is true."""
        if options or given:
            return np.any(self, axis, **{"keepdims": keepdims, **by_name(given, KEEP, TOTAL[:3]), **options})
        return operators.constants.any(self, axis, keepdims=keepdims)

    # -- scans --------------------------------------------------------------------------------------

    def cumsum(self: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Tensor:
        """The sum of each value and all before it; without an axis, of the flattened values."""
        if out is not None:
            return np.cumsum(self, axis, dtype, out)
        return operators.cumulative.cumsum(self, axis, dtype)

    def cumprod(self: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Tensor:
        """The product of each value and all before it."""
        if out is not None:
            return np.cumprod(self, axis, dtype, out)
        return operators.cumulative.cumprod(self, axis, dtype)

    # -- movement -----------------------------------------------------------------------------------

    def reshape(self: Any, *shape: Any, order: str = "C", copy: bool | None = None) -> Tensor:
        """The same values in another shape: `t.reshape(2, 3)` or `t.reshape((2, -1))`."""
        shape = shape[0] if len(shape) == 1 else shape
        if order == "C" and copy is None:
            return operators.movement.reshape.apply((self,), {"shape": shape, "order": order})
        return operators.shaping.reshape(self, shape, order, copy=copy)

    def ravel(self: Any, order: str = "C") -> Tensor:
        """The same values in one dimension."""
        return operators.shaping.ravel(self, order)

    def flatten(self: Any, order: str = "C") -> Tensor:
        """A copy of the values in one dimension."""
        return operators.movement.copy(operators.shaping.ravel(self, order))

    def resize(self: Any, *new_shape: Any, refcheck: bool = True) -> None:
        """Refused: the size of a Tensor does not change."""
        raise UnsupportedError(
            "A Tensor cannot be resized in place.", "Write np.resize(t, shape), which gives another."
        )

    def transpose(self: Any, *axes: Any) -> Tensor:
        """The axes in another order (reversed by default): `t.transpose(1, 0, 2)`."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return operators.movement.transpose(self, order)

    @property
    def T(self: Any) -> Tensor:
        """The axes reversed."""
        return operators.movement.transpose(self)

    @property
    def mT(self: Any) -> Tensor:
        """The last two axes exchanged."""
        return operators.movement.swapaxes(self, -1, -2)

    def swapaxes(self: Any, axis1: int, axis2: int) -> Tensor:
        """Two axes exchanged."""
        return operators.movement.swapaxes(self, axis1, axis2)

    def squeeze(self: Any, axis: Axis = None) -> Tensor:
        """Without axes of length 1."""
        return operators.movement.squeeze(self, axis)

    def repeat(self: Any, repeats: Any, axis: int | None = None) -> Tensor:
        """Each value several times, along `axis` or in a row."""
        return operators.joining.repeat(self, repeats, axis)

    def diagonal(self: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
        """The values at i, i + offset of two axes, along a new last one."""
        return operators.shaping.diagonal(self, offset, axis1, axis2)

    @property
    def flat(self: Any) -> Iterator[Any]:
        """An iterator over the values, as in NumPy; it cannot be written to."""
        if self.requires_grad:
            raise UnsupportedError("t.flat of a recorded Tensor would lose its graph.", "Write t.ravel().")
        values = self._array.view()
        values.flags.writeable = False
        return values.flat

    @flat.setter
    def flat(self: Any, values: Any) -> None:
        raise UnsupportedError("The elements of a Tensor are not set by t.flat.", "Write t[...] = values.")

    @property
    def itemsize(self: Any) -> int:
        """The bytes of an element."""
        return self._array.itemsize

    @property
    def nbytes(self: Any) -> int:
        """The bytes of all elements."""
        return self._array.nbytes

    # -- selection and order ------------------------------------------------------------------------

    def argmax(
        self: Any, axis: int | None = None, *given: Any, keepdims: bool = False, **options: Unpack[Options]
    ) -> Tensor:
        """The index of the largest value; a constant for differentiation."""
        if options or given:
            return np.argmax(self, axis, **{"keepdims": keepdims, **by_name(given, KEEP, EXTREME[:1]), **options})
        return operators.constants.argmax(self, axis, keepdims=keepdims)

    def argmin(
        self: Any, axis: int | None = None, *given: Any, keepdims: bool = False, **options: Unpack[Options]
    ) -> Tensor:
        """The index of the smallest value; a constant for differentiation."""
        if options or given:
            return np.argmin(self, axis, **{"keepdims": keepdims, **by_name(given, KEEP, EXTREME[:1]), **options})
        return operators.constants.argmin(self, axis, keepdims=keepdims)

    def take(self: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Tensor:
        """The elements at these indices along `axis`, or of all in one dimension."""
        return operators.protocols.call_function(np.take, (self, indices, axis, out, mode), {})

    def compress(self: Any, condition: Any, axis: int | None = None, out: Any = None) -> Tensor:
        """The slices along `axis` for which the condition holds."""
        return operators.protocols.call_function(np.compress, (condition, self, axis, out), {})

    def choose(self: Any, choices: Any, out: Any = None, mode: str = "raise") -> Tensor:
        """From each place the element of the choice that this Tensor numbers there."""
        return operators.protocols.call_function(np.choose, (self, choices, out, mode), {})

    def put(self: Any, indices: Any, values: Any, mode: str = "raise") -> None:
        """Write values at these indices, counted in one dimension."""
        operators.protocols.call_function(np.put, (self, indices, values, mode), {})

    def nonzero(self: Any) -> tuple[Tensor, ...]:
        """For each axis, the indices of the elements that are not 0."""
        return operators.protocols.call_function(np.nonzero, (self,), {})

    def searchsorted(self: Any, v: Any, side: Any = "left", sorter: Any = None) -> Tensor:
        """Where the values `v` belong among those of this Tensor, which are sorted."""
        return operators.protocols.call_function(np.searchsorted, (self, v, side, sorter), {})

    def argsort(
        self: Any, axis: int | None = -1, kind: str | None = None, order: Any = None, *, stable: bool | None = None
    ) -> Tensor:
        """The indices that sort along `axis`."""
        return operators.protocols.call_function(np.argsort, (self, axis, kind), {"order": order, "stable": stable})

    def argpartition(
        self: Any, kth: Any, axis: int | None = -1, kind: Any = "introselect", order: Any = None
    ) -> Tensor:
        """The indices that partition along `axis`."""
        return operators.protocols.call_function(np.argpartition, (self, kth, axis, kind), {"order": order})

    def sort(
        self: Any, axis: int = -1, kind: str | None = None, order: Any = None, *, stable: bool | None = None
    ) -> None:
        """Sort in place, as an ndarray does; `np.sort(t)` gives a new Tensor, and is differentiable."""
        operators.sorting.sort_in_place(self, axis, kind, order, stable)

    def partition(self: Any, kth: Any, axis: int = -1, kind: str = "introselect", order: Any = None) -> None:
        """Partition in place, as an ndarray does; `np.partition(t, kth)` gives a new Tensor."""
        operators.sorting.partition_in_place(self, kth, axis, kind, order)

    # -- products -----------------------------------------------------------------------------------

    def dot(self: Any, b: Any, out: Any = None) -> Tensor:
        """The dot product as `np.dot` defines it."""
        return operators.products.dot(self, b) if out is None else np.dot(self, b, out=out)

    def trace(self: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Tensor:
        """The sum along a diagonal of two axes."""
        if out is not None:
            return np.trace(self, offset, axis1, axis2, dtype, out)
        return operators.diagonals.trace(self, offset, axis1, axis2, dtype)

    # -- element by element -------------------------------------------------------------------------

    def exp(self: Any) -> Tensor:
        """e to the power of each value."""
        return operators.exponential.exp.apply((self,))

    def log(self: Any) -> Tensor:
        """The natural logarithm of each value."""
        return operators.exponential.log.apply((self,))

    def sqrt(self: Any) -> Tensor:
        """The square root of each value."""
        return operators.arithmetic.sqrt.apply((self,))

    def tanh(self: Any) -> Tensor:
        """The hyperbolic tangent of each value."""
        return operators.trigonometric.tanh.apply((self,))

    def sin(self: Any) -> Tensor:
        """The sine of each value."""
        return operators.trigonometric.sin.apply((self,))

    def cos(self: Any) -> Tensor:
        """The cosine of each value."""
        return operators.trigonometric.cos.apply((self,))

    def sigmoid(self: Any) -> Tensor:
        """1 / (1 + exp(-x)) of each value."""
        return operators.neural.sigmoid.apply((self,))

    def relu(self: Any) -> Tensor:
        """max(x, 0) of each value."""
        return operators.neural.relu.apply((self,))

    def abs(self: Any) -> Tensor:
        """The absolute value of each value."""
        return operators.arithmetic.absolute.apply((self,))

    def clip(self: Any, min: Any = None, max: Any = None, out: Any = None) -> Tensor:
        """Each value limited to [min, max]; at a limit the gradient is shared equally."""
        return operators.pointwise.clip(self, min, max) if out is None else np.clip(self, min, max, out)

    def round(self: Any, decimals: int = 0, out: Any = None) -> Tensor:
        """Each value rounded to `decimals` places; a constant for differentiation."""
        return np.round(self, decimals, out=out)

    def conj(self: Any) -> Tensor:
        """The complex conjugate of each value: of real numbers, this Tensor itself."""
        return operators.complexes.conjugate(self) if self.dtype.kind == "c" else self

    conjugate = conj

    @property
    def real(self: Any) -> Tensor:
        """The real part of each value."""
        return np.real(self)

    @property
    def imag(self: Any) -> Tensor:
        """The imaginary part of each value."""
        return np.imag(self)

    def __round__(self: Any, ndigits: int | None = None) -> Any:
        """`round(t, 2)` is a Tensor, a constant for differentiation; `round(t)` of one number an int."""
        return np.round(self, ndigits) if ndigits is not None else whole(np.round(self))

    def __floor__(self: Any) -> Any:
        """`math.floor(t)`: of one number an int, else a Tensor; so the next two."""
        return whole(np.floor(self))

    def __ceil__(self: Any) -> Any:
        return whole(np.ceil(self))

    def __trunc__(self: Any) -> Any:
        return whole(np.trunc(self))

    # -- writing -----------------------------------------------------------------------------------

    def fill(self: Any, value: Any) -> None:
        """Write one value everywhere."""
        operators.views.write(self, ..., value)

    # -- copies -------------------------------------------------------------------------------------

    def copy(self: Any, order: str = "C") -> Tensor:
        """A copy with memory of its own; the gradient flows through it."""
        return operators.movement.copy(self, order)

    def astype(
        self: Any, dtype: Any, order: str = "K", casting: str = "unsafe", subok: bool = True, copy: bool = True
    ) -> Tensor:
        """The values converted to another dtype; the gradient comes back in this one's.

        Raises DTypeError if a recorded Tensor of complex numbers would lose its imaginary part.
        """
        if self._node is not None and self.dtype.kind == "c" and recording.get():
            check_stays_complex(np.dtype(dtype))
        return operators.movement.astype(self, dtype, order=order, casting=casting, copy=copy)
