"""What is computed of neighbours along an axis: diff, ediff1d, gradient, trapezoid, unwrap."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.operators import Axis
from ..engine.registry import implements
from ..engine.tensor import as_array


def part(axis: int, start: int | None, stop: int | None) -> tuple[slice, ...]:
    """The index of a stretch along an axis."""
    return (*(slice(None),) * axis, slice(start, stop))


@implements(np.diff)
@block()
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue) -> Any:
    """`np.diff`: the differences of neighbours along an axis, n times."""
    if n == 0:
        return a
    if n < 0:
        raise ArgumentError(f"diff is taken n ≥ 0 times, but got n={n}.")
    a = as_array(a)
    if not a.ndim:
        raise ShapeError("diff needs at least one axis, but got a single number.")
    axis = np.lib.array_utils.normalize_axis_index(axis, a.ndim)
    border = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
    parts = [
        np.broadcast_to(each, border) if not np.ndim(each) else each
        for each in (prepend, a, append)
        if each is not np._NoValue
    ]
    if len(parts) > 1:
        a = np.concatenate(parts, axis=axis)
    difference = np.not_equal if a.dtype.kind == "b" else np.subtract
    for _ in range(n):
        a = difference(a[part(axis, 1, None)], a[part(axis, None, -1)])
    return a


@implements(np.ediff1d)
@block()
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """`np.ediff1d`: the differences of neighbours in the flattened array, with other values before and after."""
    ary = np.reshape(as_array(ary), -1)
    parts = [ary[1:] - ary[:-1]]
    if to_begin is not None:
        parts.insert(0, border_values(to_begin, ary.dtype, "to_begin"))
    if to_end is not None:
        parts.append(border_values(to_end, ary.dtype, "to_end"))
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


def border_values(values: Any, dtype: Any, name: str) -> Any:
    values = np.reshape(as_array(values), -1)
    if not np.can_cast(values.dtype, dtype, "same_kind"):
        raise DTypeError(f"{name} of ediff1d is {values.dtype}, which does not fit the array's {dtype}.")
    return values.astype(dtype)


@implements(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Axis = None, edge_order: int = 1) -> Any:
    """`np.gradient`: slopes of values on a grid, by central differences, and one-sided ones at the edges."""
    f = as_array(f)
    axes = np.lib.array_utils.normalize_axis_tuple(range(f.ndim) if axis is None else axis, f.ndim)
    if edge_order not in (1, 2):
        raise ArgumentError(f"gradient has the edge_order 1 or 2, but got {edge_order}.")
    spacings = varargs or (1.0,)
    if len(spacings) == 1 and not np.ndim(spacings[0]):
        spacings = spacings * len(axes)
    if len(spacings) != len(axes):
        raise DTypeError(f"gradient got {len(spacings)} spacings for {len(axes)} axes.", "Write one for each, or one.")
    if f.dtype.kind in "iu":
        f = f.astype(np.float64)
    found = tuple(gradient_along(f, h, along, edge_order) for along, h in zip(axes, spacings))
    return found[0] if len(found) == 1 else found


@block(name="gradient")
def gradient_along(f: Any, spacing: Any, axis: int, edge_order: int) -> Any:
    if f.shape[axis] <= edge_order:
        raise ShapeError(f"gradient needs more than {edge_order} values, but got shape {f.shape} along axis {axis}.")
    h = spacing
    if np.ndim(spacing):
        x = as_array(spacing)
        if x.shape != (f.shape[axis],):
            raise ShapeError(f"gradient takes coordinates of shape {(f.shape[axis],)}, but got {x.shape}.")
        h = np.diff(x.astype(np.float64) if x.dtype.kind in "iu" else x)
        h = np.reshape(h, (-1, *(1,) * (f.ndim - 1)))
    result = np.moveaxis(slopes(np.moveaxis(f, axis, 0), h, edge_order), 0, axis)
    return result if result.dtype == f.dtype else result.astype(f.dtype)


def slopes(f: Any, h: Any, edge_order: int) -> Any:
    """The slopes along the first axis, for one distance or those of all neighbours."""
    if np.ndim(h):
        left, right = h[:-1], h[1:]
        both = left + right
        inner = (
            right / (left * both) * -f[:-2] + (right - left) / (left * right) * f[1:-1] + left / (right * both) * f[2:]
        )
        first, last = (h[:1], h[1:2]), (h[-1:], h[-2:-1])
    else:
        inner = (f[2:] - f[:-2]) / (2.0 * h)
        first = last = (h, h)
    if edge_order == 1:
        start, end = (f[1:2] - f[:1]) / first[0], (f[-1:] - f[-2:-1]) / last[0]
    else:
        start, end = one_sided(f[:1], f[1:2], f[2:3], *first), -one_sided(f[-1:], f[-2:-1], f[-3:-2], *last)
    return np.concatenate([start, inner, end])


def one_sided(f0: Any, f1: Any, f2: Any, near: Any, far: Any) -> Any:
    """The slope at the first of three points, of the parabola through them."""
    both = near + far
    return both / (near * far) * f1 - (near + both) / (near * both) * f0 - near / (far * both) * f2


@block()
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """`np.trapezoid`: the integral along an axis, of straight lines between the values."""
    y = as_array(y)
    along = np.lib.array_utils.normalize_axis_index(axis, y.ndim)
    widths = dx
    if x is not None:
        widths = np.diff(x) if np.ndim(x) == 1 else np.diff(x, axis=axis)
        if np.ndim(x) == 1:
            widths = np.reshape(widths, (-1, *(1,) * (y.ndim - along - 1)))
    return np.sum(widths * (y[part(along, 1, None)] + y[part(along, None, -1)]) / 2.0, axis=axis)


implements(*(getattr(np, name) for name in ("trapezoid", "trapz") if name in vars(np)))(trapezoid)


@implements(np.unwrap)
@block()
def unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: Any = 2 * np.pi) -> Any:
    """`np.unwrap`: jumps of half a period or more replaced by what they are less whole periods."""
    p = as_array(p)
    along = np.lib.array_utils.normalize_axis_index(axis, p.ndim)
    jumps = np.diff(p, axis=along)
    dtype = np.result_type(jumps.dtype, period if isinstance(period, (int, float)) else period.dtype)
    whole = dtype.kind in "iu"
    high = period // 2 if whole else period / 2
    within = np.mod(jumps + high, period) - high
    if not whole or period % 2 == 0:
        within = np.where((within == -high) & (jumps > 0), high, within)
    limit = period / 2 if discont is None else discont
    change = np.where(np.abs(jumps) < limit, 0, within - jumps)
    rest = p[part(along, 1, None)] + np.cumsum(change, axis=along)
    return np.concatenate([p[part(along, None, 1)].astype(dtype), rest.astype(dtype)], axis=along)
