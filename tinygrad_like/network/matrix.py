"""`Matrix`, the 2-D value class over a flat buffer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..engine.errors import ShapeError
from ..engine.tensor import Tensor
from ..engine.writes import Array


class Matrix:
    """A matrix of float64 over one flat, row-major buffer, as in Hashi Warsame's post (see `Network`).

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
        """Values uniform in [0, 1); `seed` makes them repeatable."""
        return cls(rows, cols, np.random.default_rng(seed).random(rows * cols))

    @classmethod
    def from_list(cls, values: Any) -> Matrix:
        """From nested lists (rows), or from a flat list as one column."""
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
