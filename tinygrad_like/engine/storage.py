"""The flat buffer: `Matrix`, the 2-D value class, and `FlatVector`, many parameters in one vector."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from sys import getrefcount
from typing import TYPE_CHECKING, Any

import numpy as np

from .errors import ShapeError, UnsupportedError
from .writes import Array

if TYPE_CHECKING:
    from .tensor import Tensor


class Matrix:
    """A matrix of float64 over one flat, row-major buffer, as in the post.

    `data` is a 1-D float64 array of `rows * cols` values; a float64 array that is given is
    shared, anything else is copied. Raises ShapeError if the sizes do not match.

    >>> a = Matrix(2, 2, [1, 2, 3, 4])
    >>> a.dot_multiply(a.transpose())
    Matrix(2, 2, [[ 5., 11.],
                  [11., 25.]])
    >>> a == Matrix.from_list([[1, 2], [3, 4]])
    True
    """

    __slots__ = ("rows", "cols", "data")
    __hash__ = None  # type: ignore[assignment]  # values can change

    def __init__(self, rows: int, cols: int, data: Any) -> None:
        flat = np.ascontiguousarray(data, dtype=np.float64).reshape(-1)
        whole = all(isinstance(size, (int, np.integer)) for size in (rows, cols))
        if not whole or rows < 0 or cols < 0 or flat.size != rows * cols:
            raise ShapeError(
                f"Matrix({rows}, {cols}, data) needs {rows} x {cols} values, but got {flat.size}.",
                "Write Matrix.from_list(data) to take the shape from nested lists.",
            )
        self.rows, self.cols, self.data = int(rows), int(cols), flat

    @classmethod
    def zeros(cls, rows: int, cols: int) -> Matrix:
        """A matrix of zeros."""
        return cls(rows, cols, np.zeros(rows * cols))

    @classmethod
    def random(cls, rows: int, cols: int, seed: int | np.random.Generator | None = None) -> Matrix:
        """Values uniform in [0, 1), as in the post; `seed` makes them repeatable."""
        return cls(rows, cols, np.random.default_rng(seed).random(rows * cols))

    @classmethod
    def from_list(cls, values: Any) -> Matrix:
        """From nested lists (rows), or from a flat list as one column, as in the post."""
        try:
            array = np.array(values, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ShapeError(f"Matrix.from_list takes rows of numbers of equal length: {error}.") from error
        if array.ndim > 2:
            raise ShapeError(f"A Matrix has 2 dimensions, but got {array.ndim}, shape {array.shape}.")
        rows, cols = array.shape if array.ndim == 2 else (array.size, 1)
        return cls(rows, cols, array)

    @classmethod
    def from_tensor(cls, tensor: Tensor) -> Matrix:
        """The values of a Tensor of at most 2 dimensions, shared where they are float64 and row-major."""
        array = tensor.numpy()
        if array.ndim > 2:
            raise ShapeError(f"A Matrix has 2 dimensions, but got {array.ndim}, shape {array.shape}.")
        rows, cols = array.shape if array.ndim == 2 else (array.size, 1)
        return cls(rows, cols, array)

    def to_tensor(self, requires_grad: bool = False, name: str | None = None) -> Tensor:
        """A Tensor of shape (rows, cols) that shares the buffer."""
        from .tensor import Tensor

        return Tensor(self.array, requires_grad=requires_grad, name=name)

    @property
    def array(self) -> Array:
        """The same buffer as a 2-D array."""
        return self.data.reshape(self.rows, self.cols)

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, self.cols

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.array, dtype=dtype, copy=copy)

    def _elementwise(self, other: Matrix, function: Callable[[Array, Array], Array], name: str) -> Matrix:
        if not isinstance(other, Matrix) or self.shape != other.shape:
            got = other.shape if isinstance(other, Matrix) else type(other).__name__
            raise ShapeError(f"Matrix.{name} needs a Matrix of the same shape {self.shape}, but got {got}.")
        return Matrix(self.rows, self.cols, function(self.data, other.data))

    def dot_multiply(self, other: Matrix) -> Matrix:
        """The matrix product; self.cols must equal other.rows."""
        if not isinstance(other, Matrix) or self.cols != other.rows:
            got = other.shape if isinstance(other, Matrix) else type(other).__name__
            raise ShapeError(f"Matrix.dot_multiply of {self.shape} needs {self.cols} rows, but got {got}.")
        return Matrix(self.rows, other.cols, self.array @ other.array)

    def add(self, other: Matrix) -> Matrix:
        """The sum, element by element."""
        return self._elementwise(other, np.add, "add")

    def subtract(self, other: Matrix) -> Matrix:
        """The difference, element by element."""
        return self._elementwise(other, np.subtract, "subtract")

    def elementwise_multiply(self, other: Matrix) -> Matrix:
        """The product, element by element (Hadamard)."""
        return self._elementwise(other, np.multiply, "elementwise_multiply")

    def transpose(self) -> Matrix:
        """A new matrix, (cols, rows)."""
        return Matrix(self.cols, self.rows, self.array.T.flatten())

    def map(self, function: Callable[[float], float]) -> Matrix:
        """A new matrix of function(value), called with one float at a time."""
        return Matrix(self.rows, self.cols, [function(value) for value in self.data.tolist()])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Matrix):
            return NotImplemented
        return self.shape == other.shape and bool(np.array_equal(self.data, other.data))

    def __repr__(self) -> str:
        opening = f"Matrix({self.rows}, {self.cols}, "
        return opening + np.array2string(self.array, separator=", ", prefix=opening) + ")"


def holders(tensor: Any) -> tuple[int, int]:
    """How many hold a Tensor's array, and the array whose memory that one reads."""
    return getrefcount(tensor._array), getrefcount(tensor._array.base)


class _Alone:
    """Something that alone holds an array, and one that alone holds a view of another."""

    def __init__(self, array: Array) -> None:
        self._array = array


_one, _two = _Alone(np.empty(1)), _Alone(np.empty(1)[:])
ALONE, ALONE_WITH_BASE = holders(_one)[0], holders(_two)[1]


def is_shared(parameter: Any) -> bool:
    """Whether somebody else holds the memory of a parameter, which would come apart from it if it moved."""
    own, base = holders(parameter)
    return own > ALONE or (parameter._array.base is not None and base > ALONE_WITH_BASE)


def memory_of(parameter: Any) -> Array:
    """The values of a parameter that must stay where it is, as a vector."""
    array: Array = parameter._array
    flat = array.ravel(order="K")
    if array.size and not np.may_share_memory(flat, array):
        raise UnsupportedError(
            f"A parameter of shape {array.shape} shares its memory with something else (an array or view that somebody "
            "holds, or a graph that is still alive), and has gaps in it; an optimizer would take them apart.",
            "Write Parameter(array.copy()) for memory of its own.",
        )
    return flat


def layout(array: Array) -> tuple[int, ...] | None:
    """The axes from the longest stride to the shortest, if that is not their own order."""
    return None if array.flags.c_contiguous else tuple(np.argsort([-step for step in array.strides], kind="stable"))


class FlatVector:
    """Several parameters of one dtype, each a view of a part of one vector, `values`.

    A parameter moves in once and stays. Its gradient is a Tensor of its own, which may be kept and changed; `gather`
    copies the gradients into one vector, `gradients`, which nobody else holds.
    """

    __slots__ = ("values", "gradients", "offsets", "shapes", "layouts", "_places", "__weakref__")

    def __init__(self, parameters: Iterable[Any], values: Array | None = None) -> None:
        parameters = list(parameters)
        self.shapes = [p.shape for p in parameters]
        # Who moves in is laid out row by row; who stays where it is keeps its layout.
        self.layouts = [None if values is None else layout(p._array) for p in parameters]
        self.offsets = [0, *itertools.accumulate(p.size for p in parameters)]
        self.values: Array = np.empty(self.offsets[-1], parameters[0].dtype) if values is None else values
        self.gradients = np.empty_like(self.values)
        self._places = [
            (self.part(self.gradients, slot), *self.offsets[slot : slot + 2]) for slot in range(len(parameters))
        ]
        for slot, p in enumerate(parameters):
            p._flat, p._slot = self, slot
            if values is None:
                view = self.part(self.values, slot)
                view[...] = p._array
                p._array = view

    def part(self, vector: Array, slot: int) -> Array:
        """The view of `vector` that is a parameter's, in its shape and layout."""
        flat, shape, order = vector[self.offsets[slot] : self.offsets[slot + 1]], self.shapes[slot], self.layouts[slot]
        if order is None:
            return flat.reshape(shape)
        return flat.reshape([shape[i] for i in order]).transpose(np.argsort(order))

    def gather(self, parameters: Iterable[Any]) -> Iterator[slice]:
        """Bring the gradients of `parameters` into the vector; give the contiguous stretches that they fill.

        `parameters` stand in the order of the vector. Those without a gradient are left out.
        """
        start = stop = 0
        for p in parameters:
            gradient = p._grad
            if gradient is not None:
                place, first, last = self._places[p._slot]
                place[...] = gradient if gradient.__class__ is np.ndarray else gradient._array
                if first != stop:
                    if start != stop:
                        yield slice(start, stop)
                    start = first
                stop = last
        if start != stop:
            yield slice(start, stop)


def move_in(parameters: Iterable[Any]) -> None:
    """Give each parameter that has no place in a flat vector one: in one new vector per dtype.

    A parameter whose memory somebody else holds, too (an array that it was made of, `p.numpy()`, a tied parameter),
    would come apart from them. It stays where it is, as a flat vector of its own.
    """
    staying: list[tuple[Any, Array]] = []
    moving: dict[Any, list[Any]] = {}
    for p in parameters:
        if not hasattr(p, "_flat"):
            if is_shared(p):
                staying.append((p, memory_of(p)))
            else:
                moving.setdefault(p.dtype, []).append(p)
    for p, vector in staying:
        FlatVector([p], vector)
    for together in moving.values():
        FlatVector(together)


def count_of(parameters: Iterable[Any]) -> str:
    """How many numbers parameters hold, for reprs: "1 parameter", "1,024 parameters"."""
    count = sum(p.size for p in parameters)
    return f"{count:,} parameter{'s' * (count != 1)}"
