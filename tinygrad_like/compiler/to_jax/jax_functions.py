"""What NumPy's functions are in jax.numpy: mostly those of the same name, with dtypes as NumPy has them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...engine.errors import TraceError
from ...primitives.error_function import _erf
from ..tracing.program import Instruction, Value
from ..tracing.replay import view_of
from ..tracing.traced import Method
from ..tracing.tracing import float_of
from .jax_loading import jax
from .jax_matrices import BY_SCIPY
from .jax_special import special_of

# Whose operands get the dtype of the result; JAX would compute with less digits where integers meet float32.
PROMOTED = frozenset(
    {"einsum", "dot", "tensordot", "concatenate", "stack", "vstack", "hstack", "dstack", "column_stack", "where"}
    | {"mean", "var", "std", "median", "average", "inner", "outer", "vdot", "kron", "cross", "convolve", "correlate"}
    | {"trace", "interp", "polyval", "nansum", "nanmean", "cumsum", "cumprod", "clip", "select"}
)
UNUSED = frozenset({"order", "subok", "casting", "copy", "like", "device", "signature", "optimize"})
REDUCING = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min", "logical_and": "all"}
REDUCING |= {"logical_or": "any"}
ACCUMULATING = {"add": "cumsum", "multiply": "cumprod"}
SOLVING = frozenset({"solve", "inv", "cholesky", "eig", "eigh", "eigvals", "eigvalsh", "svd", "tensorsolve"})


@dataclass
class Call:
    """An instruction, its operands as JAX's arrays, and `check(holds, error)`, for what NumPy would raise."""

    instruction: Instruction
    args: tuple[Any, ...]
    options: dict[str, Any]
    check: Callable[[Any, Exception], None]

    @property
    def function(self) -> Any:
        return self.instruction.function

    @property
    def name(self) -> str:
        return str(getattr(self.function, "__name__", self.function))

    def option(self, name: str, place: int, default: Any = None) -> Any:
        """An argument that is given by name or by place."""
        return self.args[place] if len(self.args) > place else self.options.get(name, default)

    @property
    def result_dtype(self) -> Any:
        made = self.instruction.results or self.instruction.writes
        return made[0].dtype


def cast(array: Any, dtype: Any) -> Any:
    """`astype`; Python's numbers stay what they are."""
    if isinstance(array, (bool, int, float, complex)):
        return array
    if array.dtype.kind == "c" and np.dtype(dtype).kind != "c":
        array = array.real
    return array if array.dtype == dtype else array.astype(dtype)


# -- ufuncs --------------------------------------------------------------------------------------------


def kind_of(given: Any) -> Any:
    """What NumPy chooses the dtype by."""
    if isinstance(given, Value):
        return type(given.dtype.type(0).item()) if given.weak else given.dtype
    if isinstance(given, (bool, np.generic, np.ndarray)):
        return np.asarray(given).dtype
    return type(given)


def from_ufunc(call: Call) -> Any:
    """A call of a ufunc."""
    function, options = call.function, dict(call.options)
    where, dtype = options.pop("where", True), options.pop("dtype", None)
    inputs = call.args[: function.nin]
    if dtype is not None:
        dtypes = [np.dtype(dtype)] * function.nin
    else:
        kinds = [kind_of(each) for each in call.instruction.args[: function.nin]]
        dtypes = function.resolve_dtypes((*kinds, *[None] * function.nout))
    kept = {name: options[name] for name in options.keys() & {"axis", "keepdims", "axes"}}
    operands = [cast(each, dtype) for each, dtype in zip(inputs, dtypes)]
    result = ufunc_of(function)(*operands, **kept)
    if where is True:
        return result
    before = call.options["out"] if "out" in call.options else jax().numpy.zeros_like(result)
    return jax().numpy.where(where, result, before)


def ufunc_of(function: np.ufunc) -> Any:
    """JAX's function of the name of a ufunc, or None."""
    return special_of(function) or getattr(jax().numpy, function.__name__, None)


def reduced(call: Call) -> Any:
    """`ufunc.reduce(array, axis, dtype, out, keepdims, initial, where)`."""
    ufunc, numpy = call.function.__self__, jax().numpy
    options = {"axis": call.option("axis", 1, 0), "keepdims": call.option("keepdims", 4, False)}
    for name, place in (("initial", 5), ("where", 6)):
        given = call.option(name, place)
        if given is not None and given is not np._NoValue and not (name == "where" and given is True):
            options[name] = given
    array = call.args[0]
    if ufunc.__name__ not in REDUCING:
        plain = numpy.frompyfunc(getattr(numpy, ufunc.__name__), 2, 1, identity=ufunc.identity)
        return plain.reduce(array, axis=options["axis"], keepdims=options["keepdims"])
    if ufunc.__name__ in ("logical_and", "logical_or"):
        options.pop("initial", None)
    else:
        array = cast(array, call.result_dtype)
    return getattr(numpy, REDUCING[ufunc.__name__])(array, **options)


def accumulated(call: Call) -> Any:
    ufunc, axis, numpy = call.function.__self__, call.option("axis", 1, 0), jax().numpy
    array = cast(call.args[0], call.result_dtype)
    if ufunc.__name__ in ACCUMULATING:
        return getattr(numpy, ACCUMULATING[ufunc.__name__])(array, axis=axis)
    return jax().lax.associative_scan(getattr(numpy, ufunc.__name__), array, axis=axis)


def outer(call: Call) -> Any:
    a, b = call.args
    return getattr(jax().numpy, call.function.__self__.__name__)(a.reshape(a.shape + (1,) * b.ndim), b)


UFUNC_METHODS = {"reduce": reduced, "accumulate": accumulated, "outer": outer}


# -- indexing ------------------------------------------------------------------------------------------


def checked_index(call: Call, shape: tuple[int, ...], index: Any) -> Any:
    """An index, of which it is checked that it lies within the array. Masks become integers."""
    parts = index if isinstance(index, tuple) else (index,)
    given = call.instruction.args[1]
    values = given if isinstance(given, tuple) else (given,)
    taken, axis, found = sum(axes_of(each) for each in parts), 0, []
    for each, value in zip(parts, values):
        if each is Ellipsis:
            axis += len(shape) - taken
        elif is_integers(each):
            check_within(call, each, shape[axis])
        axis += axes_of(each)
        found += places_of(call, each, value) if is_mask(each) else [each]
    return tuple(found) if isinstance(index, tuple) or len(found) > 1 else found[0]


def places_of(call: Call, mask: Any, value: Value) -> list[Any]:
    """The places that a mask selects, as many as it does now."""
    if isinstance(mask, np.ndarray):
        return list(np.nonzero(mask))
    count = np.count_nonzero(view_of(value.memory.array, value))
    call.check(mask.sum() == count, IndexError("A mask selects another number of elements than when it was compiled."))
    return list(jax().numpy.nonzero(mask, size=count))


def axes_of(part: Any) -> int:
    """How many axes a part of an index takes."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if is_mask(part) else 1


def is_mask(part: Any) -> bool:
    return isinstance(part, (np.ndarray, jax().Array)) and part.dtype.kind == "b"


def is_integers(part: Any) -> bool:
    """Whether it is an array whose values are known in the run only."""
    return isinstance(part, jax().Array) and part.dtype.kind in "iu"


def check_within(call: Call, index: Any, count: int, least: int | None = None) -> None:
    holds = ((index >= (-count if least is None else least)) & (index < count)).all()
    call.check(holds, IndexError(f"An index is out of bounds for an axis with size {count}."))


def getitem(call: Call) -> Any:
    array, index = call.args
    array, index = jax().numpy.asarray(array), checked_index(call, array.shape, index)
    parts = index if isinstance(index, tuple) else (index,)
    if any(isinstance(each, jax().Array) for each in parts):
        return array.at[index].get(mode="clip")
    return array[index]


def take(call: Call) -> Any:
    array, indices, axis = call.args[0], call.args[1], call.option("axis", 2)
    mode = call.option("mode", 4, "raise")
    if mode == "raise" and is_integers(indices):
        check_within(call, indices, array.size if axis is None else array.shape[axis])
    count = array.size if axis is None else array.shape[axis]
    if mode == "raise":
        indices, mode = jax().numpy.where(indices < 0, indices + count, indices), "clip"
    return jax().numpy.take(array, indices, axis=axis, mode=mode)


def take_along_axis(call: Call) -> Any:
    array, indices, axis = call.args[0], call.args[1], call.option("axis", 2, -1)
    if is_integers(indices):
        check_within(call, indices, array.size if axis is None else array.shape[axis])
    return jax().numpy.take_along_axis(array, indices, axis)


# -- others --------------------------------------------------------------------------------------------


def astype(call: Call) -> Any:
    return jax().numpy.asarray(cast(call.args[0], call.result_dtype))


def same(call: Call) -> Any:
    return jax().numpy.asarray(call.args[0])


def made(call: Call) -> Any:
    """np.zeros, np.ones and np.empty; what NumPy leaves as it is, is 0."""
    fill = jax().numpy.ones if call.name == "ones" else jax().numpy.zeros
    return fill(call.args[0], call.result_dtype)


def reshaped(call: Call) -> Any:
    """np.reshape, np.ravel and the methods; order "A" and "K" ask for the strides, which the program knows."""
    array, value = call.args[0], call.instruction.args[0]
    order = call.options.get("order", "C")
    if order in ("A", "K") and isinstance(value, Value) and not value.contiguous:
        by_stride = np.argsort([-abs(stride) for stride in value.strides], kind="stable")
        if order == "K" or list(by_stride) == list(range(array.ndim))[::-1]:
            array = array.transpose(by_stride)
    made = call.instruction.results[0]
    return jax().numpy.reshape(array, made.shape, order="F" if order == "F" else "C")


def repeated(call: Call) -> Any:
    made, axis = call.instruction.results[0], call.option("axis", 2)
    total = made.size if axis is None else made.shape[axis]
    repeats = jax().numpy.asarray(call.option("repeats", 1))
    return jax().numpy.repeat(call.args[0], repeats, axis=axis, total_repeat_length=total)


def chosen(call: Call) -> Any:
    index, choices, mode = call.args[0], call.args[1], call.options.get("mode", "raise")
    if mode == "raise" and is_integers(index):
        check_within(call, index, len(choices), least=0)
    return jax().numpy.choose(index, choices, mode="clip" if mode == "raise" else mode)


def counted(call: Call) -> Any:
    x, weights = call.args[0], call.option("weights", 1)
    return jax().numpy.bincount(x, weights, length=call.instruction.results[0].size)


def error_function(call: Call) -> Any:
    return jax().scipy.special.erf(cast(jax().numpy.asarray(call.args[0]), call.result_dtype))


def viewed(call: Call) -> Any:
    return jax().numpy.asarray(call.args[0]).view(call.result_dtype)


def windows(call: Call) -> Any:
    """np.lib.stride_tricks.sliding_window_view, as slices beside each other."""
    array, sizes, axes = call.args[0], call.option("window_shape", 1), call.option("axis", 2)
    sizes = sizes if isinstance(sizes, (tuple, list)) else (sizes,)
    axes = range(array.ndim) if axes is None else axes if isinstance(axes, (tuple, list)) else (axes,)
    for size, axis in zip(sizes, axes):
        count = array.shape[axis] - size + 1
        slices = [jax().lax.slice_in_dim(array, i, i + count, axis=axis) for i in range(size)]
        array = jax().numpy.stack(slices, axis=-1)
    return array


def solved(call: Call) -> Any:
    """A function of np.linalg that raises an error for what it cannot solve, where JAX gives nan or inf."""
    options = dict(call.options)
    if call.name == "cholesky":
        upper = options.pop("upper", False)
        result = jax().numpy.linalg.cholesky(call.args[0], upper=upper, symmetrize_input=False)
    elif call.name in ("eigh", "eigvalsh"):
        result = getattr(jax().numpy.linalg, call.name)(*call.args, **options, symmetrize_input=False)
    else:
        result = getattr(jax().numpy.linalg, call.name)(*call.args, **options)
    finite, numpy = True, jax().numpy
    for each in jax().tree.leaves(result):
        finite &= numpy.isfinite(each).all()
    for each in call.args:
        finite |= ~numpy.isfinite(each).all()
    call.check(finite, np.linalg.LinAlgError("The matrix is singular, or not positive definite."))
    return result


def by_name(call: Call) -> Any:
    """The function of the same name."""
    function = counterpart(call.function)
    args = call.args
    if call.name in PROMOTED or call.function.__module__ == "numpy.linalg":
        kept = 1 if call.name in ("where", "einsum", "select") else 0
        args = (*args[:kept], *promoted(args[kept:], call.result_dtype))
    options = {name: each for name, each in call.options.items() if name not in UNUSED | {"out"}}
    if call.name in ("var", "std", "mean", "sum"):
        options.pop("dtype", None)
    try:
        return function(*args, **options)
    except (TypeError, NotImplementedError) as error:
        raise TraceError(
            f"np.{call.name} cannot be run by JAX as it is called: {error}",
            call.instruction.place.line + '\n  Leave out backend="jax".',
        ) from error


def promoted(structure: Any, dtype: Any) -> Any:
    if isinstance(structure, (tuple, list)):
        return type(structure)(promoted(each, dtype) for each in structure)
    if not hasattr(structure, "dtype") or structure.dtype.kind not in "biufc" or dtype.kind not in "fc":
        return structure
    # A real result of complex numbers, such as their variance, is of both parts.
    return structure if structure.dtype.kind == "c" and dtype.kind == "f" else cast(structure, dtype)


def counterpart(function: Any) -> Any:
    """JAX's function of the name of NumPy's, or None."""
    name, module = getattr(function, "__name__", ""), getattr(function, "__module__", None) or ""
    if isinstance(function, Method):
        return getattr(jax().numpy, name, None)
    place, numpy = jax().numpy, np
    if module in ("numpy.linalg", "numpy.fft"):
        part = module.removeprefix("numpy.")
        place, numpy = getattr(place, part), getattr(np, part)
    elif not module.startswith("numpy"):
        return None
    return getattr(place, name, None) if getattr(numpy, name, None) is function else None


RESULTS: dict[Any, Callable[[Call], Any]] = {
    operator.getitem: getitem,
    np.take: take,
    np.take_along_axis: take_along_axis,
    np.repeat: repeated,
    np.choose: chosen,
    np.bincount: counted,
    _erf: error_function,
    np.reshape: reshaped,
    np.ravel: reshaped,
    np.lib.stride_tricks.sliding_window_view: windows,
    np.ascontiguousarray: same,
    np.asfortranarray: same,
    np.copy: same,
    np.asarray: same,
    float_of: astype,
    **BY_SCIPY,
} | dict.fromkeys((np.zeros, np.ones, np.empty), made)
METHODS: dict[str, Callable[[Call], Any]] = {
    "astype": astype,
    "copy": same,
    "ravel": reshaped,
    "flatten": reshaped,
    "take": take,
    "repeat": repeated,
    "choose": chosen,
    "view": viewed,
}


def way_of(function: Any) -> Callable[[Call], Any] | None:
    """How JAX computes the results of a function, or None."""
    if isinstance(function, np.ufunc):
        return from_ufunc if ufunc_of(function) is not None else None
    ufunc = getattr(function, "__self__", None)
    if isinstance(ufunc, np.ufunc):
        return UFUNC_METHODS.get(function.__name__) if hasattr(jax().numpy, ufunc.__name__) else None
    if isinstance(function, Method):
        own = METHODS.get(function.name)
    else:
        own = RESULTS.get(function) or RESULTS.get(getattr(function, "__wrapped__", None))
    if own is None and getattr(function, "__module__", "") == "numpy.linalg" and function.__name__ in SOLVING:
        own = solved
    return own or (by_name if counterpart(function) is not None else None)
