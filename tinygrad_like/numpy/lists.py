"""Lists with Tensors in place of arrays: NumPy would make an array of them, where nothing is recorded."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..engine.errors import ShapeError
from ..engine.recording import transform_depth
from ..engine.tensor import Tensor, wrap
from ..engine.traces import lifted, real
from ..tree import leaves, mapped

NUMBERS = "fiubc"  # the kinds of dtype that a Tensor holds
SCALARS = (Tensor, np.ndarray, np.number, np.bool, int, float, complex)
# They take lists of arrays, and see the Tensors in them. (In a list that one of these takes, lists are arrays again.)
TAKE_LISTS = frozenset(
    {np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.linalg.multi_dot, np.lexsort}
    | {np.select, np.choose, np.piecewise, np.histogramdd, np.pad}
)
# They take lists of lists of arrays.
TAKE_NESTED_LISTS = frozenset({np.block})
# What they make is often written into: elements of a graph, where a function is being differentiated.
MAKERS = frozenset(
    {np.zeros, np.ones, np.empty, np.eye, np.identity, np.tri, np.diag, np.diagflat, np.indices, np.meshgrid}
    | {np.linspace, np.logspace, np.geomspace, np.fromfunction, np.copy}
    | {np.zeros_like, np.ones_like, np.empty_like}
)


def has_tensor(value: Any) -> bool:
    """Whether a value is a Tensor or an array of a trace, or a list or tuple with one in it."""
    if not isinstance(value, (list, tuple)):
        return isinstance(value, Tensor) or real(value) is not value
    kinds = set(map(type, value))  # a long list of numbers is passed over fast
    if any(issubclass(kind, Tensor) or hasattr(kind, "traced_value") for kind in kinds):
        return True
    return any(issubclass(kind, (list, tuple)) for kind in kinds) and any(map(has_tensor, value))


def stacked(value: Any) -> Any:
    """Nested lists with Tensors as one Tensor, as `np.array` makes an array of nested lists; anything else as it is."""
    if not isinstance(value, (list, tuple)):
        return value
    if not has_tensor(value):
        return np.array(value)
    parts = [stacked(each) for each in value]
    shapes = dict.fromkeys(map(np.shape, parts))
    if len(shapes) > 1:
        raise ShapeError(
            f"No array can be made of a list with parts of the shapes {', '.join(map(str, shapes))}.",
            "Write nested lists of equal lengths; np.concatenate and np.block join parts of several shapes.",
        )
    return np.stack(parts)


def with_arrays(value: Any, depth: int = 0) -> Any:
    """An argument of a function: a list with Tensors is stacked where it stands for an array, below `depth` lists."""
    if not isinstance(value, (list, tuple)) or not has_tensor(value):
        return value
    if depth:
        return type(value)(with_arrays(each, depth - 1) for each in value) if type(value) in (list, tuple) else value
    inner = leaves(value)
    # Whole numbers may be a shape, axes or indices, which stay a tuple; with anything else in it, it is no array.
    if all(isinstance(each, SCALARS) for each in inner) and any(np.result_type(each).kind in "fc" for each in inner):
        return stacked(value)
    return value


def tensors(result: Any) -> Any:
    """A result with Tensors in place of arrays of numbers."""
    return mapped(
        lambda each: wrap(lifted(each)) if isinstance(each, np.ndarray) and each.dtype.kind in NUMBERS else each, result
    )


class Function:
    """A function of NumPy that takes lists with Tensors, too; everything else about it is NumPy's."""

    def __init__(self, function: Any) -> None:
        functools.update_wrapper(self, function)
        self.depth = 1 if function in TAKE_LISTS else 10**9 if function in TAKE_NESTED_LISTS else 0
        self.makes = function in MAKERS

    def __call__(self, *args: Any, **options: Any) -> Any:
        args = tuple([with_arrays(each, self.depth) for each in args])
        if options:
            options = {name: with_arrays(each, self.depth) for name, each in options.items()}
        result = self.__wrapped__(*args, **options)
        if self.makes and (transform_depth.get() or any(map(has_tensor, (*args, *options.values())))):
            return tensors(result)
        return lifted(result) if self.makes else result

    def __getattr__(self, name: str) -> Any:
        return given(getattr(self.__dict__["__wrapped__"], name))  # such as np.add.reduce

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __reduce__(self) -> Any:
        return Function, (self.__wrapped__,)


FUNCTIONS = (np.ufunc, type(np.sum), BuiltinFunctionType, FunctionType)


def given(value: Any) -> Any:
    """What stands for a value of NumPy: a function that takes lists with Tensors, or the value itself."""
    return Function(value) if isinstance(value, FUNCTIONS) else value


def names_of(
    source: ModuleType, names: dict[str, Any], own: Any = ()
) -> tuple[Callable[[str], Any], Callable[[], Any]]:
    """`__getattr__` and `__dir__` of the module with these `names`: those of NumPy's module, but for its `own`."""

    def __getattr__(name: str) -> Any:
        if name.startswith("__") and name not in source.__all__:
            raise AttributeError(f"module {names['__name__']!r} has no attribute {name!r}")
        value = own[name] if name in own else getattr(source, name)
        if isinstance(value, ModuleType):
            return importlib.import_module(f".{name}", names["__name__"]) if name in ("linalg", "fft") else value
        names[name] = value = value if name in own else given(value)
        return value

    return __getattr__, lambda: sorted({*names, *dir(source)})
