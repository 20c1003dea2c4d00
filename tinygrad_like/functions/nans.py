"""Reductions that leave out nan: nansum, nanprod, nanmax, nanmin, nanmean, nanvar, nanstd."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..engine.blocks import block
from ..engine.complex_numbers import CONTINUOUS
from ..engine.operators import Axis
from ..engine.registry import implements
from ..primitives import reductions
from . import totals


def numbers_in(x: Any, where: Any = True) -> Any:
    """Where x is a number, and chosen."""
    totals.check_floats(x, "A reduction without nan", CONTINUOUS)
    good = np.logical_not(np.isnan(x))
    return good if where is True else np.logical_and(good, totals.mask_of(where, x))


@implements(np.nansum)
@block()
def nansum(
    x: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """`np.nansum`: the sum of the numbers."""
    return totals.sum(x, axis, dtype, keepdims=keepdims, initial=initial, where=numbers_in(x, where))


@implements(np.nanprod)
@block()
def nanprod(
    x: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, initial: Any = None, where: Any = True
) -> Any:
    """`np.nanprod`: the product of the numbers."""
    return totals.prod(x, axis, dtype, keepdims=keepdims, initial=initial, where=numbers_in(x, where))


def without_nan(reduce: Any, nothing: float) -> Any:
    """An extreme of the numbers; nan where there is none."""

    def extreme(x: Any, axis: Axis = None, *, keepdims: bool = False) -> Any:
        good = numbers_in(x)
        found = reduce(np.where(good, x, nothing), axis, keepdims=keepdims)
        return np.where(np.any(good, axis=axis, keepdims=keepdims), found, np.nan)

    return extreme


# What is nan changes no extreme of numbers.
fmax = totals.fold(without_nan(reductions.max, -np.inf), np.fmax, np.nan, True)
fmin = totals.fold(without_nan(reductions.min, np.inf), np.fmin, np.nan, True)


@implements(np.nanmax)
@block()
def nanmax(x: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = True) -> Any:
    """`np.nanmax`: the largest number; equal ones share the gradient equally."""
    return fmax(x, axis, keepdims=keepdims, initial=initial, where=where)


@implements(np.nanmin)
@block()
def nanmin(x: Any, axis: Axis = None, *, keepdims: bool = False, initial: Any = None, where: Any = True) -> Any:
    """`np.nanmin`: the smallest number; equal ones share the gradient equally."""
    return fmin(x, axis, keepdims=keepdims, initial=initial, where=where)


@implements(np.nanmean)
@block()
def nanmean(x: Any, axis: Axis = None, dtype: Any = None, *, keepdims: bool = False, where: Any = True) -> Any:
    """`np.nanmean`: the sum of the numbers, divided by how many there are."""
    good, x = numbers_in(x, where), totals.in_floats(x, dtype)
    total = totals.sum(x, axis, keepdims=keepdims, where=good)
    return totals.ratio(total, totals.number(x, axis, good, keepdims))


@implements(np.nanvar)
@block()
def nanvar(
    x: Any,
    axis: Axis = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """`np.nanvar`: the variance of the numbers; nan where there are not more of them than `ddof`."""
    good, x = numbers_in(x, where), totals.in_floats(x, dtype)
    freedom = totals.number(x, axis, good, keepdims) - totals.degrees_lost(ddof, correction)
    center = nanmean(x, axis, keepdims=True, where=where) if mean is None else mean
    total = totals.squares(x, axis, keepdims, good, center)
    return np.where(freedom > 0, totals.ratio(total, np.where(freedom > 0, freedom, 1)), np.nan)


@implements(np.nanstd)
@block()
def nanstd(
    x: Any,
    axis: Axis = None,
    dtype: Any = None,
    *,
    ddof: float = 0,
    keepdims: bool = False,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """`np.nanstd`: the root of `nanvar`; its gradient is 0 where all numbers are equal."""
    return totals.root(
        nanvar(x, axis, dtype, ddof=ddof, keepdims=keepdims, where=where, mean=mean, correction=correction)
    )
