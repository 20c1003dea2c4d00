"""`Tensor`, an array and its place in the graph."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import operators
from .callers import only_compares
from .complex_numbers import check_takes
from .copying import Copying
from .copying import _rebuild as _rebuild  # named by pickles of earlier versions
from .errors import DTypeError, GraphError, ShapeError, TinygradError, UnsupportedError, lost_graph
from .kinds import NUMBERS, as_ndarray
from .methods import Methods
from .node import HIGHEST, Node, below, is_flat, is_users_leaf, leaf_node
from .operators import Operators
from .recording import recording, transform_depth
from .refusals import Missing
from .traces import active, changes, lifted, made, seen
from .writes import Array, base_of

if TYPE_CHECKING:
    from ..network.matrix import Matrix
    from ..picture.picture import Picture
    from .storage import FlatVector


class Tensor(Copying, Methods, Operators, Missing):
    """An n-dimensional array that records what is computed from it.

    `data` is anything that `np.asarray` takes, a Matrix or an unrecorded Tensor. An array is
    shared, not copied, when the dtype allows: a later write to it changes the Tensor, and is not
    seen by the check for overwritten values (`Tensor(array.copy())` is independent). `dtype` defaults
    to NumPy's choice. With `requires_grad`, operations on the Tensor are recorded, and `backward`
    on a result fills `.grad`. `name` is shown in pictures.

    Raises DTypeError for a dtype that is not numeric, and for `requires_grad` without floats.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> y.backward()
    >>> y, x.grad
    (Tensor(5., op=sum), Tensor([2., 4.]))
    """

    __slots__ = ("_array", "_node", "_node_before", "_grad", "_flat", "_slot", "_family", "name", "__weakref__")
    # Above those of pandas' objects, so that they leave operations with a Tensor to it.
    __array_priority__ = 10000.0
    __pandas_priority__ = 10000
    _flat: FlatVector
    _slot: int
    _node_before: Node | None
    _family: set[weakref.ref[Tensor]]  # all that share its memory, if there are others
    name: str | None

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool = False, name: str | None = None) -> None:
        if isinstance(data, Tensor):
            if data._node is not None and recording.get():
                raise lost_graph("Tensor(t)")
            data = data._array
        try:
            array = as_ndarray(data, dtype)
        except (TypeError, ValueError, OverflowError) as error:
            if isinstance(error, TinygradError):
                raise
            raise DTypeError(f"Tensor cannot be made from this data and dtype={dtype!r}: {error}.", NUMBERS) from error
        if array.dtype.kind not in "fiubc":
            raise DTypeError(f"Tensor holds numbers, but got dtype {array.dtype}.", NUMBERS)
        self._array: Array = array
        self._node: Node | None = None
        self._grad: Any = None  # an array that nobody has seen yet, or a Tensor
        self.name = name
        if requires_grad:
            self._node = leaf_node(array, self)
        if active:
            made(self)

    # -- the array ------------------------------------------------------------------------------

    @property
    def data(self) -> Array:
        """The values, an ndarray that shares this Tensor's memory; assigning writes into it.

        What is written through the ndarray itself (`t.data[0] = 1`, `out=t.data`) goes unnoticed by the check for
        overwritten values; `t[0] = 1`, `t.data = array` and `t.data -= step` do not. Inside a function that is being
        differentiated, LostGraphError is raised for its input and for what depends on that: computing with the array
        would lose the gradient. `t.numpy()` gives it there.
        """
        self._refuse_inside("t.data")
        return lifted(self._array)

    @data.setter
    def data(self, value: Any) -> None:
        if np.ndim(value) and np.shape(value) != self.shape:
            raise ShapeError(f".data must keep the Tensor's shape {self.shape}, but got {np.shape(value)}.")
        operators.assigning.assign(self, value)

    @property
    def storage(self) -> Array:
        """The flat buffer: the 1-D array whose memory this Tensor reads.

        >>> t = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]).T[1:]
        >>> t.storage
        array([1., 2., 3., 4., 5., 6.])
        >>> np.ndarray(t.shape, t.dtype, t.storage, t.offset, t.strides)
        array([[2., 5.],
               [3., 6.]])
        """
        self._refuse_inside("t.storage")
        return base_of(self._array).ravel(order="K")

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._array.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        raise UnsupportedError("The shape of a Tensor cannot be set.", "Write t = t.reshape(shape).")

    @property
    def strides(self) -> tuple[int, ...]:
        """The bytes from one element to the next along each axis, as in NumPy."""
        return self._array.strides

    @property
    def offset(self) -> int:
        """Where in `storage` the first element lies, in bytes."""
        first, start = (int(each.__array_interface__["data"][0]) for each in (self._array, base_of(self._array)))
        return first - start

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self._array.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the elements."""
        return self._array.dtype

    def item(self, *index: Any) -> Any:
        """The only element, or that at an index, as a Python number. Raises ShapeError if there are several."""
        if not index and self._array.size != 1:
            raise ShapeError(f"item() needs one element, but the shape is {self.shape}.", "Write t.numpy().")
        return lifted(self._array).item(*index)

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return lifted(self._array).tolist()

    def numpy(self) -> Array:
        """The values, an ndarray that shares this Tensor's memory, also where a gradient is required."""
        return lifted(self._array)

    def to_matrix(self) -> Matrix:
        """The values as a Matrix, shared where they are float64 and row-major."""
        self._refuse_inside("t.to_matrix()")
        from ..network.matrix import Matrix  # a method of convenience; the engine knows no Matrix

        return Matrix.from_tensor(self)

    # -- the graph ------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this Tensor are recorded; can be set on leaves."""
        return self._node is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if not self.is_leaf:
            raise GraphError("requires_grad can be set on leaves only.", "Write t.detach() to leave the graph.")
        if self._node is not None and self._node.owner is None and not value:
            raise GraphError(
                "The input of a function that is being differentiated cannot stop requiring its gradient.",
                "Write x.detach() for a value that is held constant.",
            )
        if bool(value) != self.requires_grad:
            # What was computed before leads to the old node: no gradient reaches it while it is switched off.
            before: Node | None = getattr(self, "_node_before", None)
            changes.note()
            node = before or leaf_node(self._array, self) if value else None
            self._node, self._node_before = node, self._node

    @property
    def is_leaf(self) -> bool:
        """Whether this Tensor was made by the user, not by a recorded operation."""
        return self._node is None or self._node.primitive is None

    @property
    def grad(self) -> Tensor | None:
        """The accumulated gradient, or None. It can be changed, replaced, or cleared with None."""
        if active:
            seen(self)
        if self._grad.__class__ is np.ndarray:
            # A part of a flat vector stays the optimizer's.
            part, gradient = self._grad.base is not None, lifted(self._grad)
            self._grad = wrap(gradient.copy() if part else gradient)
        if self._grad is None and not self.is_leaf and cast(Node, self._node).owner is None:
            warnings.warn(".grad of a result is not kept; call retain_grad() on it before backward().", stacklevel=2)
        return self._grad

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is not None and value is not self._grad:
            value = value if isinstance(value, Tensor) else Tensor(value)
            if value.shape != self.shape:
                raise ShapeError(f".grad must have the Tensor's shape {self.shape}, but got {value.shape}.")
            check_takes(self.dtype, value)
            if value._node is None:
                value = value._array.astype(self.dtype)
        seen(self, cleared=True)
        self._grad = value

    def retain_grad(self) -> None:
        """Keep the gradient of this result, too, when backward() passes it."""
        # What was kept from inside a jvp that has returned is at its level no more.
        self._node = below(self._node, HIGHEST)
        if self._node is None:
            raise GraphError("retain_grad() needs a recorded Tensor; this one does not require a gradient.")
        if self._node.level:
            raise GraphError("retain_grad() inside jvp would keep nothing.", "Write tg.grad of a function.")
        if self._node.owner is None:
            self._node.owner = weakref.ref(self)

    def backward(self, gradient: Any = None, retain_graph: bool = False, create_graph: bool = False) -> None:
        """Add the gradient of this Tensor to `.grad` of every leaf that it was computed from.

        `gradient` is the cotangent, of this Tensor's shape; it may be omitted only for one element,
        and is 1 then. The values that the graph saved are freed unless `retain_graph` (or `create_graph`, which
        records the backward pass itself, so that gradients can be differentiated).

        Raises GraphError if this Tensor is not recorded, if the graph was freed, or if a saved
        value was overwritten; ShapeError if `gradient` has another shape or is needed.
        No `.grad` is changed then.
        """
        operators.autodiff.backward(self, gradient, retain_graph, create_graph)

    def draw(self, **options: Any) -> Picture:
        """A picture of the graph that led here; `options` are those of `draw`."""
        from ..picture.api import draw

        return draw(self, **options)

    def detach(self) -> Tensor:
        """The same values, sharing memory, outside the graph."""
        return wrap(self._array)

    # -- Python -----------------------------------------------------------------------------------

    def __len__(self) -> int:
        if not self._array.ndim:
            raise TypeError("len() of a 0-d Tensor")
        return len(self._array)

    def __iter__(self) -> Iterator[Tensor]:
        if not self._array.ndim:
            raise TypeError("iteration over a 0-d Tensor")
        return (self[i] for i in range(len(self._array)))

    def __contains__(self, item: Any) -> bool:
        return bool((lifted(self._array) == (item._array if isinstance(item, Tensor) else item)).any())

    def _in_place(self, result: Tensor) -> Tensor:
        """What `self += other` gives: this Tensor with new values; of a number or an input, the new result."""
        views = operators.views
        recorded = recording.get() and (result._node is not None or views.needs_record(self))
        if recorded and is_users_leaf(self._node):
            raise GraphError(
                "A leaf that requires a gradient cannot be changed in place while operations are recorded.",
                "Write `p.data -= step`, or put `p -= step` inside `with no_grad():`.",
            )
        constant = self._node is None and type(self) is Tensor
        number = not self.ndim and (recorded or (constant and transform_depth.get()))
        if (number or (recorded and views.is_input(self._node))) and len(views.family_of(self)) == 1:
            return result
        if recorded:
            views.update(self, ..., result, is_new=True)
        else:
            views.write(self, ..., result)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        operators.views.write(self, index, value)

    def __bool__(self) -> bool:
        return bool(lifted(self._array))

    def __int__(self) -> int:
        return int(lifted(self._array).item())

    def __index__(self) -> int:
        return lifted(self._array).__index__()

    def __float__(self) -> float:
        self._refuse_conversion("float(t)")
        return float(lifted(self._array).item())

    def __complex__(self) -> complex:
        self._refuse_conversion("complex(t)")
        return complex(lifted(self._array).item())

    def __format__(self, spec: str) -> str:
        return format(self._array.item() if spec and self._array.size == 1 else str(self), spec)

    def __repr__(self) -> str:
        values = np.array2string(self._array, separator=", ", prefix="Tensor(")
        notes = [values]
        if self._array.dtype.kind in "fc" and self._array.dtype not in (np.float64, np.complex128):
            notes.append(f"dtype={self._array.dtype}")
        if self._node is not None:
            notes.append("requires_grad=True" if self.is_leaf else f"op={self._node.primitive.name}")
        if self.name:
            notes.append(f"name={self.name!r}")
        return f"Tensor({', '.join(notes)})"

    # -- NumPy ------------------------------------------------------------------------------------

    def _refuse_conversion(self, conversion: str) -> None:
        if self._node is not None and recording.get() and not is_flat(self._node) and not only_compares():
            raise lost_graph(conversion)

    def _refuse_inside(self, conversion: str) -> None:
        """In a function that is being differentiated: an error unless this is a constant, or a leaf of the user."""
        if self._node is not None and transform_depth.get() and recording.get() and not is_users_leaf(self._node):
            raise lost_graph(conversion)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        self._refuse_conversion("Converting to an ndarray")
        return np.array(lifted(self._array), dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return operators.protocols.call_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        return operators.protocols.call_function(function, inputs, options)


new = object.__new__  # looked up once: every operation makes a Tensor


def wrap(data: Array, node: Node | None = None) -> Tensor:
    """A Tensor around an array as it is, at a given place in the graph."""
    tensor = new(Tensor)
    tensor._array = data
    tensor._node = node
    tensor._grad = tensor.name = None
    return tensor


def as_array(value: Any) -> Any:
    """A Tensor as it is, anything else as an ndarray; in a trace, as what stands for one."""
    if isinstance(value, Tensor):
        return value
    array = value if value.__class__ is np.ndarray else as_ndarray(value)
    return lifted(array) if active else array


def values_of(value: Any) -> Any:
    """The array of a Tensor; anything else as it is."""
    if not isinstance(value, Tensor):
        return value
    return lifted(value._array) if active else value._array
