"""Interpolation: interp."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.errors import ArgumentError, ShapeError
from ..engine.registry import implements
from ..engine.shortcuts import require, shortcut
from ..engine.tensor import as_array


@implements(np.interp)
@block()
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """`np.interp`: at x, the straight lines between the points (xp, fp); at a point, the slope of the line after it.

    Values fp may be complex.
    """
    fp = as_array(fp)
    if fp.dtype.kind == "c":
        ends = [[None if end is None else part(end) for end in (left, right)] for part in (np.real, np.imag)]
        return interp(x, xp, np.real(fp), *ends[0], period) + 1j * interp(x, xp, np.imag(fp), *ends[1], period)
    x, xp, fp = (as_array(each).astype(np.float64, casting="safe") for each in (x, xp, fp))
    if xp.ndim != 1 or xp.shape != fp.shape or not xp.size:
        raise ShapeError(f"interp takes xp (n,) and fp (n,), but got {xp.shape} and {fp.shape}.")
    if period is not None:
        text = "interp takes a period that is not 0."
        require(np.not_equal(period, 0), lambda: ArgumentError(text), text)
        left = right = None
        period = np.abs(period)
        x, xp, fp = around(x, xp, fp, period)
    n = xp.shape[0]
    before = np.clip(np.searchsorted(xp, x, side="right") - 1, 0, max(n - 2, 0))
    x0, x1, f0, f1 = xp[before], xp[(before + 1) % n], fp[before], fp[(before + 1) % n]
    with np.errstate(all="ignore"):
        line = line_through(x, x0, x1, f0, f1)
    inside = np.where(x >= xp[-1], fp[-1], line)
    result = np.where(x < xp[0], fp[0] if left is None else left, inside)
    return result if right is None else np.where(x > xp[-1], right, result)


def line_through(x: Any, x0: Any, x1: Any, f0: Any, f1: Any) -> Any:
    """The line at x; where that is nan, as of infinities, what NumPy gives: seen from the other end, or either end."""
    gap = np.where(x1 == x0, 1, x1 - x0)
    slope = (f1 - f0) / gap
    line = slope * (x - x0) + f0
    if shortcut(~np.any(np.isnan(line))):
        return line
    other = np.where(x == x0, f0, slope * (x - x1) + f1)
    return np.where(np.isnan(line), np.where(np.isnan(other) & (f0 == f1), f0, other), line)


def around(x: Any, xp: Any, fp: Any, period: Any) -> tuple[Any, Any, Any]:
    """Everything within one period, in order, with the next point on either side."""
    x, xp = x % period, xp % period
    order = np.argsort(xp)
    xp, fp = xp[order], fp[order]
    return x, np.concatenate([xp[-1:] - period, xp, xp[:1] + period]), np.concatenate([fp[-1:], fp, fp[:1]])
