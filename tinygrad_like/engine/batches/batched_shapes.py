"""Batched arrays in another shape or order; matrices of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .batched import NONE, Batched, is_batched, treats
from .batched_ufuncs import Args, Options, aligned, batch_axes, ndim_of

INSPECTIONS: tuple[Any, ...] = (np.shape, np.ndim, np.size, np.iscomplexobj, np.isrealobj, np.result_type)
INSPECTIONS += (np.can_cast, np.shares_memory, np.may_share_memory)


def sizes_of(shape: Any) -> list[int]:
    return [int(shape)] if isinstance(shape, (int, np.integer)) else list(shape)


def count(sizes: Any) -> int:
    return int(np.prod(sizes, dtype=int))


def same(x: Batched, rows: Any) -> Batched:
    """The batched array of these rows: x itself, if they are its own."""
    return x if rows is x.rows else Batched(rows)


def first_item(structure: Any) -> Any:
    """The arguments of a call for the first item, as they are now."""
    if is_batched(structure):
        return structure.traced_value[0]
    if isinstance(structure, (tuple, list)):
        return [first_item(each) for each in structure]
    return getattr(structure, "traced_value", structure)


@treats(*INSPECTIONS)
def inspect(function: Any, args: Args, options: Options) -> Any:
    """What depends on shapes and dtypes is the same for all items."""
    return function(*first_item(args), **options)


# -- shapes -----------------------------------------------------------------------------------------


def to_shape(x: Any, shape: Any, order: str = "C") -> Any:
    if not is_batched(x) or order not in ("C", "F"):
        return NotImplemented
    sizes = sizes_of(shape)
    if -1 in sizes:
        known = count([n for n in sizes if n != -1])
        if not known:
            raise ValueError(f"cannot reshape array of size {x.size} into shape {shape}")
        sizes[sizes.index(-1)] = x.size // known
    if order == "C":
        return Batched(x.rows.reshape(len(x.rows), *sizes))
    back = range(x.ndim, 0, -1)
    flipped = x.rows.transpose(0, *back).reshape(len(x.rows), *sizes[::-1])
    return Batched(flipped.transpose(0, *range(len(sizes), 0, -1)))


@treats(np.reshape)
def reshape(function: Any, args: Args, options: Options) -> Any:
    x, *rest = args
    given = dict(zip(("shape", "order"), rest)) | options
    if given.keys() - {"shape", "order"}:
        return NotImplemented
    return to_shape(x, **given)


@treats(".reshape")
def reshape_method(function: Any, args: Args, options: Options) -> Any:
    x, *shape = args
    return to_shape(x, shape[0] if len(shape) == 1 else shape, **options)


@treats(np.ravel, ".ravel")
def ravel(function: Any, args: Args, options: Options) -> Any:
    x, order = (*args, options.get("order", "C"))[:2]
    if order in ("K", "A") and x.traced_value[0, ...].flags.c_contiguous:
        order = "C"
    return to_shape(x, (-1,), order)


@treats(".flatten")
def flatten(function: Any, args: Args, options: Options) -> Any:
    x, order = (*args, options.get("order", "C"))[:2]
    result = to_shape(x, (-1,), order)
    return result if result is NotImplemented else Batched(result.rows.copy())


@treats(np.transpose)
def transpose(function: Any, args: Args, options: Options) -> Any:
    x, *rest = args
    axes = rest[0] if rest else options.get("axes")
    if axes is None:
        axes = range(x.ndim - 1, -1, -1)
    return Batched(x.rows.transpose(0, *(batch_axes(each, x.ndim) for each in axes)))


@treats(".transpose")
def transpose_method(function: Any, args: Args, options: Options) -> Any:
    x, *axes = args
    whole = len(axes) == 1 and not isinstance(axes[0], (int, np.integer))
    return transpose(np.transpose, (x, axes[0] if whole else axes or None), NONE)


@treats(np.swapaxes, ".swapaxes")
def swapaxes(function: Any, args: Args, options: Options) -> Any:
    x, one, other = args
    return Batched(x.rows.swapaxes(batch_axes(one, x.ndim), batch_axes(other, x.ndim)))


@treats(np.moveaxis)
def moveaxis(function: Any, args: Args, options: Options) -> Any:
    x, source, destination = args
    sources, targets = (
        [each % x.ndim for each in ([axis] if isinstance(axis, (int, np.integer)) else axis)]
        for axis in (source, destination)
    )
    order = [i for i in range(x.ndim) if i not in sources]
    for target, axis in sorted(zip(targets, sources)):
        order.insert(target, axis)
    return transpose(np.transpose, (x, order), NONE)


@treats(np.expand_dims)
def expand_dims(function: Any, args: Args, options: Options) -> Any:
    x, axis = (*args, options.get("axis"))[:2]
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    ndim = x.ndim + len(axes)
    new, sizes = {each % ndim for each in axes}, iter(x.shape)
    return to_shape(x, [1 if i in new else next(sizes) for i in range(ndim)])


@treats(np.squeeze, ".squeeze")
def squeeze(function: Any, args: Args, options: Options) -> Any:
    x, axis = (*args, options.get("axis"))[:2]
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    gone = {each % x.ndim for each in axes}
    if axis is not None and any(x.shape[i] != 1 for i in gone):
        return NotImplemented
    return to_shape(x, [n for i, n in enumerate(x.shape) if n != 1 or i not in gone])


@treats(np.broadcast_to)
def broadcast_to(function: Any, args: Args, options: Options) -> Any:
    x, shape = (*args, options.get("shape"))[:2]
    sizes = sizes_of(shape)
    if len(sizes) < x.ndim:
        return NotImplemented
    return Batched(np.broadcast_to(aligned(x, len(sizes)), (len(x.rows), *sizes)))


@treats(np.flip)
def flip(function: Any, args: Args, options: Options) -> Any:
    x, axis = (*args, options.get("axis"))[:2]
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    flipped = {each % x.ndim for each in axes}
    return x[tuple(slice(None, None, -1 if i in flipped else 1) for i in range(x.ndim))]


@treats(np.roll)
def roll(function: Any, args: Args, options: Options) -> Any:
    x, shift, axis = (*args, options.get("axis"))[:3]
    if axis is None:
        return to_shape(np.roll(x.reshape(-1), shift, 0), x.shape)
    return Batched(np.roll(x.rows, shift, batch_axes(axis, x.ndim)))


@treats(np.tril, np.triu)
def triangle(function: Any, args: Args, options: Options) -> Any:
    if args[0].ndim < 2:
        return NotImplemented
    return Batched(function(args[0].rows, *args[1:], **options))


@treats(np.linalg.inv, np.linalg.det, np.linalg.cholesky)
def of_matrices(function: Any, args: Args, options: Options) -> Any:
    return Batched(function(args[0].rows, **options)) if args[0].ndim > 1 else NotImplemented


@treats(np.linalg.solve)
def solve(function: Any, args: Args, options: Options) -> Any:
    a, b = args
    if ndim_of(b) < 2:
        return NotImplemented
    ndim = max(ndim_of(a), ndim_of(b))
    return Batched(np.linalg.solve(aligned(a, ndim), aligned(b, ndim)))
