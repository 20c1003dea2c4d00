"""Arithmetic of batched arrays: ufuncs, their reductions, products of matrices."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np

from .batched import Batched, CannotBatch, Function, Treatment, holds_batched, is_batched, treatments, treats

Options = dict[str, Any]
Args = tuple[Any, ...]
# Functions that are a ufunc's reduction, but for the default of the axis.
REDUCTIONS: dict[Any, np.ufunc] = {
    np.sum: np.add,
    np.prod: np.multiply,
    np.max: np.maximum,
    np.min: np.minimum,
    np.amax: np.maximum,
    np.amin: np.minimum,
    np.any: np.logical_or,
    np.all: np.logical_and,
}
METHODS = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}
METHODS |= {"any": np.logical_or, "all": np.logical_and}
ELEMENTWISE: tuple[Any, ...] = (
    np.clip,
    np.nan_to_num,
    np.real,
    np.imag,
    np.round,
    np.around,
    np.real_if_close,
    np.isclose,
    np.sinc,
)


def ndim_of(value: Any) -> int:
    return int(value.ndim) if hasattr(value, "ndim") else np.ndim(value)


def aligned(value: Any, ndim: int) -> Any:
    """The rows of a batched array, its items with `ndim` axes, so that they broadcast; other values as they are."""
    if not is_batched(value):
        return value
    rows, more = value.rows, ndim - value.ndim
    return rows.reshape(len(rows), *(1,) * more, *rows.shape[1:]) if more > 0 else rows


def outputs(out: Any) -> list[Batched]:
    """What is given as `out=`; it must be batched, as the result is."""
    targets = [] if out is None else list(out) if isinstance(out, tuple) else [out]
    if not all(map(is_batched, targets)):
        raise CannotBatch("out= of a single array")
    return targets


def wrapped(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple.__new__(type(result), map(Batched, result))
    return Batched(result)


def written(result: Any, targets: list[Batched]) -> Any:
    """A result, left in `out=` if that was given."""
    if not targets:
        return wrapped(result)
    np.copyto(targets[0].rows, result, casting="same_kind")
    return targets[0]


def elementwise(function: Function, args: Args, options: Options) -> Any:
    """Operands are broadcast against each other, item by item."""
    options = dict(options)
    targets = outputs(options.pop("out", None))
    operands = [*args, *targets, *(each for each in options.values() if is_batched(each))]
    ndim = max(map(ndim_of, operands))
    options = {name: aligned(each, ndim) for name, each in options.items()}
    if any(isinstance(each, (list, tuple)) and holds_batched(each) for each in args):
        raise CannotBatch("a list of batched arrays")
    inputs = [aligned(each, ndim) for each in args]
    if not targets:
        return wrapped(function(*inputs, **options))
    if not isinstance(function, np.ufunc):
        return written(function(*inputs, **options), targets)
    function(*inputs, **options, out=tuple(each.rows for each in targets))
    return targets[0] if len(targets) == 1 else tuple(targets)


def core_axes(ufunc: np.ufunc) -> list[int]:
    """How many of the last axes of each operand a generalized ufunc takes at once."""
    operands = str(ufunc.signature).split("->")[0].split("),(")
    return [len([name for name in each.strip("()").split(",") if name]) for each in operands]


def of_cores(function: Any, args: Args, options: Options) -> Any:
    """A generalized ufunc: the axes before the last ones are broadcast."""
    if options.keys() - {"out"}:
        return NotImplemented
    targets, cores = outputs(options.get("out")), core_axes(function)
    loops = max(ndim_of(each) - core for each, core in zip(args, cores))
    return written(function(*(aligned(each, loops + core) for each, core in zip(args, cores))), targets)


@treats("ufunc")
def ufunc(function: Any, args: Args, options: Options) -> Any:
    return (elementwise if function.signature is None else of_cores)(function, args, options)


for each in ELEMENTWISE:
    treatments[each] = elementwise


def method_of(treatment: Treatment, function: Any) -> Treatment:
    """How a method is computed: as a function."""
    return lambda method, args, options: treatment(function, args, options)


for name in ("clip", "round", "conj", "conjugate"):
    treatments[f".{name}"] = method_of(elementwise, getattr(np, name))


@treats(np.where)
def where(function: Function, args: Args, options: Options) -> Any:
    return elementwise(function, args, options) if len(args) == 3 else NotImplemented


@treats(np.copyto)
def copyto(function: Function, args: Args, options: Options) -> Any:
    target, source = args
    if not is_batched(target):
        raise CannotBatch("a write into a single array")
    where = options.get("where", True)
    if max(ndim_of(source), ndim_of(where)) > target.ndim:
        return NotImplemented
    options = {name: aligned(each, target.ndim) for name, each in options.items()}
    np.copyto(target.rows, aligned(source, target.ndim), **options)
    return None


def batch_axes(axis: Any, ndim: int) -> Any:
    """Axes of an item as those of the rows."""
    if axis is None:
        return tuple(range(1, ndim + 1))
    if isinstance(axis, (tuple, list)):
        return tuple(batch_axes(each, ndim) for each in axis)
    if not -ndim <= axis < ndim:
        raise np.exceptions.AxisError(int(axis), ndim)
    return int(axis) % ndim + 1


@treats("ufunc.reduce")
def reduce(function: Any, args: Args, options: Options) -> Any:
    return reduced(function.__self__, args, {"axis": 0} | options)


def reduced(ufunc: np.ufunc, args: Args, options: Options) -> Any:
    """A ufunc's reduction over axes of the items."""
    names = ("axis", "dtype", "out", "keepdims", "initial", "where")
    if len(args) > 2 and ufunc not in (np.add, np.multiply):
        return NotImplemented  # np.max(x, axis, out) has no dtype
    options = options | dict(zip(names, args[1:]))
    options = {k: v for k, v in options.items() if v is not np._NoValue and (v is not None or k == "axis")}
    targets, x = outputs(options.pop("out", None)), args[0]
    where = options.get("where")
    if not is_batched(x) or is_batched(options.get("initial")) or (where is not None and ndim_of(where) > x.ndim):
        return NotImplemented
    if where is not None:
        options["where"] = aligned(where, x.ndim)
    axis = options["axis"]
    options["axis"] = () if axis in (0, -1) and not x.ndim else batch_axes(axis, x.ndim)
    return written(ufunc.reduce(x.rows, **options), targets)


def reduction(function: Function, args: Args, options: Options) -> Any:
    """np.sum and its like, whose default is all axes."""
    if "a" in options:
        args, options = (options["a"], *args), {k: v for k, v in options.items() if k != "a"}
    return reduced(REDUCTIONS[function], args, {"axis": None} | options)


def reducing(ufunc: np.ufunc) -> Any:
    return lambda function, args, options: reduced(ufunc, args, {"axis": None} | options)


for each in REDUCTIONS:
    treatments[each] = reduction
for name, function in METHODS.items():
    treatments[f".{name}"] = reducing(function)


@treats("ufunc.accumulate")
def accumulate(function: Any, args: Args, options: Options) -> Any:
    options = dict(zip(("array", "axis", "dtype", "out"), args)) | options
    return along(function, (options.pop("array"),), {"axis": 0} | options)


def along(function: Any, args: Args, options: Options) -> Any:
    """A function of one array, along an axis that is given or is not None by default."""
    options = dict(options)
    targets = outputs(options.pop("out", None))
    x, axis = args[0], options.get("axis")
    if not is_batched(x) or len(args) > 1 or holds_batched(options):
        return NotImplemented
    if axis is None:
        if options.get("keepdims"):
            return NotImplemented
        x, options["axis"] = x.reshape(-1), 1
    elif isinstance(axis, (tuple, list)) and not axis:
        return NotImplemented
    else:
        options["axis"] = batch_axes(axis, x.ndim)
    return written(function(x.rows, **options), targets)


def by_signature(function: Any, args: Args, options: Options) -> Any:
    """A NumPy function of one array along an axis."""
    given = signature(function).bind(*args, **options)
    given.apply_defaults()
    options = {name: each for name, each in given.arguments.items() if each is not np._NoValue}
    x = options.pop(next(iter(given.arguments)))
    return along(function, (x,), {name: each for name, each in options.items() if each is not None or name == "axis"})


# With an axis None they flatten the array, or reduce all of it.
for name in ("mean", "std", "var", "cumsum", "cumprod", "sort", "argsort", "argmax", "argmin", "diff", "repeat"):
    treatments[getattr(np, name)] = by_signature
for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
    treatments[getattr(np.fft, name)] = by_signature
for name in ("mean", "std", "var", "cumsum", "cumprod", "argsort", "argmax", "argmin", "repeat"):
    treatments[f".{name}"] = method_of(by_signature, getattr(np, name))


# -- products ---------------------------------------------------------------------------------------


def times_one(rows: Any, matrix: Any) -> Any:
    """rows @ matrix as one product of all rows in the batch."""
    flat = rows.reshape(-1, rows.shape[-1]) if rows.size else rows.reshape(np.prod(rows.shape[:-1], dtype=int), -1)
    return (flat @ matrix).reshape(*rows.shape[:-1], *matrix.shape[1:])


@treats(np.matmul)
def matmul(function: Any, args: Args, options: Options) -> Any:
    if options.keys() - {"out"}:
        return NotImplemented
    targets, (a, b) = outputs(options.get("out")), args
    a_ndim, b_ndim = ndim_of(a), ndim_of(b)
    if not a_ndim or not b_ndim:
        raise ValueError("matmul: an operand has no axes")
    if not is_batched(b) and b_ndim <= 2 and a.rows.size:
        return written(times_one(a.rows, b), targets)
    if a_ndim == 2 and not is_batched(a) and (b_ndim == 1 or b.shape[-1] == 1) and b.rows.size:
        rows = b.rows if b_ndim == 1 else b.rows[..., 0]
        result = times_one(rows, a.T)
        return written(result if b_ndim == 1 else result[..., None], targets)
    ndim = max(a_ndim, b_ndim, 2)
    left = aligned(a if a_ndim > 1 else a[None, :], ndim)
    right = aligned(b if b_ndim > 1 else b[:, None], ndim)
    result = left @ right
    if a_ndim == 1:
        result = result[..., 0, :]
    if b_ndim == 1:
        result = result[..., 0]
    return written(result, targets)


@treats(np.dot, ".dot")
def dot(function: Any, args: Args, options: Options) -> Any:
    options = options | ({"out": args[2]} if len(args) > 2 else {})
    a, b = args[:2]
    if not ndim_of(a) or not ndim_of(b):
        return elementwise(np.multiply, (a, b), options)
    if ndim_of(b) <= 2 or ndim_of(a) == 1:
        return matmul(np.matmul, (a, b), options)
    return NotImplemented


@treats(np.tensordot)
def tensordot(function: Any, args: Args, options: Options) -> Any:
    a, b, axes = (*args, options.get("axes", 2))[:3]
    if isinstance(axes, int):
        axes = range(a.ndim - axes, a.ndim), range(axes)
    lefts, rights = ([each] if isinstance(each, (int, np.integer)) else list(each) for each in axes)
    lefts, rights = [i % a.ndim for i in lefts], [i % b.ndim for i in rights]
    own, other = ([i for i in range(x.ndim) if i not in gone] for x, gone in ((a, lefts), (b, rights)))
    rows, columns, summed = ([x.shape[i] for i in which] for x, which in ((a, own), (b, other), (a, lefts)))
    n = int(np.prod(summed, dtype=int))
    left = a.transpose([*own, *lefts]).reshape(int(np.prod(rows, dtype=int)), n)
    right = b.transpose([*rights, *other]).reshape(n, int(np.prod(columns, dtype=int)))
    return np.matmul(left, right).reshape([*rows, *columns])


@treats(np.einsum)
def einsum(function: Any, args: Args, options: Options) -> Any:
    """One more letter, for the items."""
    letters, *operands = args
    if options.keys() - {"optimize"} or not isinstance(letters, str) or "->" not in letters or "." in letters:
        return NotImplemented
    inputs, result = letters.replace(" ", "").split("->")
    new = next(each for each in "zyxwvutsrqponmlkjihgfedcba" if each not in letters)
    parts = [new + each if is_batched(x) else each for each, x in zip(inputs.split(","), operands)]
    rows = [x.rows if is_batched(x) else x for x in operands]
    return Batched(np.einsum(f"{','.join(parts)}->{new}{result}", *rows, **options))
