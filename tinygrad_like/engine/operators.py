"""The operators of `Tensor`: each one line, each a primitive. `bind` gives them, and the methods, the modules above."""

from __future__ import annotations

from _thread import RLock
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .writes import across_forks

if TYPE_CHECKING:
    from .. import protocols as protocols
    from ..functions import diagonals as diagonals
    from ..functions import joining as joining
    from ..functions import pointwise as pointwise
    from ..functions import products as products
    from ..functions import shaping as shaping
    from ..functions import sorting as sorting
    from ..functions import statistics as statistics
    from ..primitives import arithmetic as arithmetic
    from ..primitives import complexes as complexes
    from ..primitives import constants as constants
    from ..primitives import contraction as contraction
    from ..primitives import counting as counting
    from ..primitives import cumulative as cumulative
    from ..primitives import exponential as exponential
    from ..primitives import indexing as indexing
    from ..primitives import movement as movement
    from ..primitives import neural as neural
    from ..primitives import reductions as reductions
    from ..primitives import trigonometric as trigonometric
    from . import assigning as assigning
    from . import autodiff as autodiff
    from . import views as views
    from .tensor import Tensor


# What is loaded when it is first asked for is loaded by one thread at a time. Python raises an error when two threads
# import modules of one package in different orders.
loading = across_forks(RLock())


def bind(*modules: ModuleType) -> None:
    """The one loop among the modules: operators need the primitives, and primitives return Tensors.

    The package's `__init__`, which knows them all, hands the modules over.
    """
    globals().update({module.__name__.rpartition(".")[2]: module for module in modules})


def __getattr__(name: str) -> Any:
    """A module that is not loaded yet: `protocols` and all families are, when the first of them is needed."""
    if not name.startswith("__"):  # such as Python asks for while importing
        with loading:
            from .. import families, protocols

        bind(protocols, *families.TABLES, *families.COMPOSITES)
    if name not in globals():
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals()[name]


Axis = int | tuple[int, ...] | None


class Operators:
    """What a Tensor can do like an ndarray; every result is recorded where a gradient is required."""

    __slots__ = ()
    __hash__ = object.__hash__

    def _in_place(self, result: Tensor) -> Tensor:
        raise NotImplementedError

    def __add__(self, other: Any) -> Tensor:
        return arithmetic.add.apply((self, other))

    def __radd__(self, other: Any) -> Tensor:
        return arithmetic.add.apply((other, self))

    def __sub__(self, other: Any) -> Tensor:
        return arithmetic.subtract.apply((self, other))

    def __rsub__(self, other: Any) -> Tensor:
        return arithmetic.subtract.apply((other, self))

    def __mul__(self, other: Any) -> Tensor:
        return arithmetic.multiply.apply((self, other))

    def __rmul__(self, other: Any) -> Tensor:
        return arithmetic.multiply.apply((other, self))

    def __truediv__(self, other: Any) -> Tensor:
        return arithmetic.divide.apply((self, other))

    def __rtruediv__(self, other: Any) -> Tensor:
        return arithmetic.divide.apply((other, self))

    def __floordiv__(self, other: Any) -> Tensor:
        return constants.floor_divide.apply((self, other))

    def __rfloordiv__(self, other: Any) -> Tensor:
        return constants.floor_divide.apply((other, self))

    def __mod__(self, other: Any) -> Tensor:
        return arithmetic.remainder.apply((self, other))

    def __rmod__(self, other: Any) -> Tensor:
        return arithmetic.remainder.apply((other, self))

    def __divmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return constants.floor_divide.apply((self, other)), arithmetic.remainder.apply((self, other))

    def __rdivmod__(self, other: Any) -> tuple[Tensor, Tensor]:
        return constants.floor_divide.apply((other, self)), arithmetic.remainder.apply((other, self))

    def __pow__(self, other: Any) -> Tensor:
        return arithmetic.power.apply((self, other))

    def __rpow__(self, other: Any) -> Tensor:
        return arithmetic.power.apply((other, self))

    def __matmul__(self, other: Any) -> Tensor:
        return contraction.matmul.apply((self, other))

    def __rmatmul__(self, other: Any) -> Tensor:
        return contraction.matmul.apply((other, self))

    def __iadd__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.add.apply((self, other)))

    def __isub__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.subtract.apply((self, other)))

    def __imul__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.multiply.apply((self, other)))

    def __itruediv__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.divide.apply((self, other)))

    def __ifloordiv__(self, other: Any) -> Tensor:
        return self._in_place(constants.floor_divide.apply((self, other)))

    def __imod__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.remainder.apply((self, other)))

    def __ipow__(self, other: Any) -> Tensor:
        return self._in_place(arithmetic.power.apply((self, other)))

    def __imatmul__(self, other: Any) -> Tensor:
        return self._in_place(contraction.matmul.apply((self, other)))

    def __iand__(self, other: Any) -> Tensor:
        return self._in_place(constants.bitwise_and.apply((self, other)))

    def __ior__(self, other: Any) -> Tensor:
        return self._in_place(constants.bitwise_or.apply((self, other)))

    def __ixor__(self, other: Any) -> Tensor:
        return self._in_place(constants.bitwise_xor.apply((self, other)))

    def __neg__(self) -> Tensor:
        return arithmetic.negative.apply((self,))

    def __pos__(self) -> Tensor:
        return arithmetic.positive.apply((self,))

    def __abs__(self) -> Tensor:
        return arithmetic.absolute.apply((self,))

    def __lt__(self, other: Any) -> Tensor:
        return constants.less.apply((self, other))

    def __le__(self, other: Any) -> Tensor:
        return constants.less_equal.apply((self, other))

    def __gt__(self, other: Any) -> Tensor:
        return constants.greater.apply((self, other))

    def __ge__(self, other: Any) -> Tensor:
        return constants.greater_equal.apply((self, other))

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return constants.compared(constants.equal, self, other)

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return constants.compared(constants.not_equal, self, other)

    def __invert__(self) -> Tensor:
        return constants.invert.apply((self,))

    def __and__(self, other: Any) -> Tensor:
        return constants.bitwise_and.apply((self, other))

    def __rand__(self, other: Any) -> Tensor:
        return constants.bitwise_and.apply((other, self))

    def __or__(self, other: Any) -> Tensor:
        return constants.bitwise_or.apply((self, other))

    def __ror__(self, other: Any) -> Tensor:
        return constants.bitwise_or.apply((other, self))

    def __xor__(self, other: Any) -> Tensor:
        return constants.bitwise_xor.apply((self, other))

    def __rxor__(self, other: Any) -> Tensor:
        return constants.bitwise_xor.apply((other, self))

    def __getitem__(self, index: Any) -> Tensor:
        return indexing.getitem(self, index)
