"""`TracedArray`: an array that writes down each NumPy call it takes part in."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from ... import protocols
from ...engine.batches.batched import Batched
from ...engine.complex_numbers import check_takes
from ...engine.errors import TraceError
from ...engine.tensor import Tensor, values_of

# What NumPy answers from shapes and dtypes alone: nothing to write down.
INSPECTIONS = protocols.INSPECTIONS - {np.allclose, np.array_equal, np.array_equiv}
# Functions that are a ufunc's reduction, and methods that are one of NumPy's functions.
REDUCTIONS: dict[Any, Any] = {
    np.sum: np.add.reduce,
    np.prod: np.multiply.reduce,
    np.max: np.maximum.reduce,
    np.min: np.minimum.reduce,
    np.amax: np.maximum.reduce,
    np.amin: np.minimum.reduce,
    np.any: np.logical_or.reduce,
    np.all: np.logical_and.reduce,
}
LIKES: dict[Any, Any] = {np.zeros_like: np.zeros, np.ones_like: np.ones, np.empty_like: np.empty}
WRITERS = protocols.WRITERS.keys() - {np.place}
METHODS = {
    *("argmax", "argmin", "argpartition", "argsort", "astype", "choose", "clip", "conj", "conjugate", "copy"),
    *("cumprod", "cumsum", "diagonal", "flatten", "mean", "ravel", "repeat", "round", "searchsorted"),
    *("squeeze", "std", "swapaxes", "take", "trace", "var", "view"),
}
IN_PLACE = {"fill", "put", "sort", "partition"}
WAYS = "A step is traced once and run again with other values, so Python cannot see them."
OUTSIDE = "Return the array, and do this outside."
REFUSED = {  # what to write instead of a method
    **dict.fromkeys(("item", "tolist", "tobytes", "tofile", "ctypes", "data"), OUTSIDE),
    **dict.fromkeys(("nonzero", "compress"), "Write np.where(condition, x, other)."),
    "resize": "Write x.reshape(shape).",
    "flat": "Write x.reshape(-1).",
}
ARRAYS = (
    "Write np.stack([a, b]) in place of np.array([a, b]), np.zeros_like(x) in place of an array of zeros that is "
    "filled, tg.Tensor(table)[i] in place of table[i], and give lists of numbers as arrays; or write "
    "`import tinygrad_like.numpy as np`."
)


class Method:
    """A method of arrays as a function: `Method("astype")(x, dtype)` is `x.astype(dtype)`."""

    def __init__(self, name: str) -> None:
        self.name = self.__name__ = name

    def __call__(self, array: Any, *args: Any, **options: Any) -> Any:
        return getattr(array, self.name)(*args, **options)

    def __repr__(self) -> str:
        return f".{self.name}"


method = cache(Method)


class TracedArray(np.lib.mixins.NDArrayOperatorsMixin):
    """An array during a trace: `traced_value` holds what it is in this run, `value` stands for it in the program.

    It says that it is an ndarray, so that code which asks goes on as it would.
    """

    __slots__ = ("__weakref__", "trace_of", "traced_value", "value")

    def __init__(self, trace: Any, array: Any, value: Any) -> None:
        self.trace_of, self.traced_value, self.value = trace, array, value

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return float if self.value.weak else np.ndarray

    # -- what is known of it ------------------------------------------------------------------------

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: len(self.value.shape))
    size = property(lambda self: self.value.size)
    dtype = property(lambda self: self.value.dtype)
    strides = property(lambda self: self.traced_value.strides)
    itemsize = property(lambda self: self.value.dtype.itemsize)
    nbytes = property(lambda self: self.traced_value.nbytes)
    flags = property(lambda self: self.traced_value.flags)
    base = property(lambda self: self.traced_value.base)
    device = property(lambda self: "cpu")

    def __len__(self) -> int:
        return len(self.traced_value)

    def __repr__(self) -> str:
        return f"TracedArray({self.dtype}, shape={self.shape})"

    # -- what is written down -----------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, how: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        for each in inputs if out is None else (*inputs, *out):
            if type(each) is not TracedArray and isinstance(each, (Tensor, Batched)):
                return NotImplemented
        function = ufunc if how == "__call__" else getattr(ufunc, how)
        if how == "at":
            return self.trace_of.emit(function, inputs, options, inputs[:1])
        if out is None:
            return self.trace_of.emit(function, inputs, options)
        return self.trace_of.emit_out(function, inputs, options, out)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if any(issubclass(kind, (Tensor, Batched)) for kind in types):
            return NotImplemented
        return self.trace_of.call(function, args, options)

    def __getitem__(self, index: Any) -> Any:
        index = without_tensors(index)
        self.trace_of.check_index(index)
        return self.trace_of.emit(operator.getitem, (self, index))

    def __setitem__(self, index: Any, value: Any) -> None:
        check_takes(self.dtype, value)
        self.trace_of.emit(operator.setitem, (self, without_tensors(index), value), writes=(self,))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> Any:
        if name in METHODS:
            return lambda *args, **options: self.trace_of.emit(method(name), (self, *args), options)
        if name in IN_PLACE:
            return lambda *args, **options: self.trace_of.emit(method(name), (self, *args), options, (self,))
        if name in REFUSED:
            raise self.trace_of.refusal(f"x.{name}", f"{WAYS} {REFUSED[name]}")
        raise AttributeError(f"an array has no attribute {name!r} in a trace")

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """`np.reshape`."""
        return self.trace_of.emit(np.reshape, (self, shape[0] if len(shape) == 1 else shape), options)

    def dot(self, other: Any, out: Any = None) -> Any:
        """The method, which is faster than `np.dot`."""
        if out is None:
            return self.trace_of.emit(method("dot"), (self, other))
        return self.trace_of.emit_out(method("dot"), (self, other), {}, (out,))

    def transpose(self, *axes: Any) -> Any:
        """`np.transpose`."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes or None
        return self.trace_of.emit(np.transpose, (self,) if order is None else (self, order))

    T = property(lambda self: self.transpose())
    mT = property(lambda self: self.swapaxes(-1, -2))
    real = property(lambda self: self.trace_of.emit(np.real, (self,)))
    imag = property(lambda self: self.trace_of.emit(np.imag, (self,)))

    sum = prod = max = min = any = all = property(lambda self: None)  # set below

    # -- what would need the values -----------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise self.trace_of.refusal("Converting an array to a plain ndarray", f"{WAYS} {ARRAYS}")

    def __bool__(self) -> bool:
        raise self.trace_of.refusal(
            "The truth of an array (`if`, `while`, `assert`, `and`, `not`, `in`, bool(), max())",
            f"{WAYS} Write np.where(condition, x, other), (a == x).any(), x.max(), np.sort(x).",
        )

    def __float__(self) -> float:
        raise self.trace_of.refusal("float() of an array", f"{WAYS} Leave float() out, or call it outside.")

    def __int__(self) -> int:
        raise self.trace_of.refusal("int() of an array", f"{WAYS} Write x.astype(int).")

    def __index__(self) -> int:
        raise self.trace_of.refusal(
            "An array as a Python integer (range, index, shape)",
            f"{WAYS} Write tg.Tensor(table)[i] for table[i]. Give the length of a range or shape as an int argument.",
        )

    def __complex__(self) -> complex:
        raise self.trace_of.refusal("complex() of an array", f"{WAYS} Write x.astype(complex).")

    def __round__(self, digits: int = 0) -> Any:
        raise self.trace_of.refusal("round() of an array", f"{WAYS} Write np.round(x).")

    def __format__(self, how: str) -> str:
        if how:
            raise self.trace_of.refusal(f"An array in a text, as f'{{x:{how}}}',", f"{WAYS} {OUTSIDE}")
        return str(self)

    def __hash__(self) -> int:
        raise TypeError("unhashable type: 'ndarray'")

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise self.trace_of.refusal("Pickling or copying an array of a trace", "Write x.copy().")


def without_tensors(index: Any) -> Any:
    """An index with the arrays of the Tensors in it."""
    return tuple(map(values_of, index)) if isinstance(index, tuple) else values_of(index)


def is_number(value: Any) -> bool:
    """Whether this is one of Python's numbers, or stands for one."""
    return value.value.weak if type(value) is TracedArray else type(value) in (int, float, bool)


def python_operator(name: str) -> Callable[..., Any]:
    """An operator of arrays. Of Python's floats it gives a Python float, which takes the dtype of what it meets."""
    of_arrays = getattr(np.lib.mixins.NDArrayOperatorsMixin, name)

    def operate(self: Any, *others: Any) -> Any:
        result = of_arrays(self, *others)
        numbers = self.value.weak and result is not NotImplemented and all(map(is_number, others))
        return self.trace_of.number(result) if numbers else result

    return operate


for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    for prefix in ("__", "__r"):
        setattr(TracedArray, f"{prefix}{name}__", python_operator(f"{prefix}{name}__"))
for name in ("__neg__", "__pos__", "__abs__"):
    setattr(TracedArray, name, python_operator(name))


def reducing(ufunc: np.ufunc) -> Callable[..., Any]:
    def reduced(self: Any, axis: Any = None, dtype: Any = None, out: Any = None, **options: Any) -> Any:
        options |= {"axis": axis} | ({} if dtype is None else {"dtype": dtype})
        if out is not None:
            return self.trace_of.emit_out(ufunc.reduce, (self,), options, (out,))
        return self.trace_of.emit(ufunc.reduce, (self,), options)

    return reduced


for name, ufunc in {
    "sum": np.add,
    "prod": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
    "any": np.logical_or,
    "all": np.logical_and,
}.items():
    setattr(TracedArray, name, reducing(ufunc))

Refusal = TraceError
