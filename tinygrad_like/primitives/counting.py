"""Counting and finding places: bincount, searchsorted, digitize, the edges of histograms."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from ..engine.registry import general, multilinear
from ..engine.shortcuts import require
from ..engine.traces import trace
from .samples import Case, Rng, normal


def bincount_cases(rng: Rng) -> Iterator[Case]:
    yield (np.array([1, 3, 1, 0]), normal(rng, (4,))), {}
    yield (np.array([2, 2]), normal(rng, (2,))), {"minlength": 5}


def sorted_cases(rng: Rng) -> Iterator[Case]:
    yield (np.array([-1.05, 0.05, 2.05]), normal(rng, (2, 3))), {}
    yield (np.array([1, 2, 2, 3]), np.array(2)), {"side": "right"}


def digitize_cases(rng: Rng) -> Iterator[Case]:
    yield (normal(rng, (2, 3)), np.array([-1.05, 0.05, 1.05])), {}
    yield (normal(rng, (4,)), np.array([1.05, 0.05, -1.05])), {"right": True}


def edges_cases(rng: Rng) -> Iterator[Case]:
    yield (normal(rng, (5,)),), {"bins": 3, "range": (-2.0, 2.0)}


def _bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    now = trace()
    if now is None:
        return np.bincount(x, weights, minlength)
    if not minlength:
        raise now.refusal(
            "np.bincount, whose length depends on values,", "Write minlength=n, where all numbers are below n."
        )
    fits = np.max(x, initial=0) < minlength
    text = f"In a compiled step, np.bincount takes numbers below minlength={minlength}."
    require(fits, lambda: ArgumentError(text), text)
    return now.emit(np.bincount, (x, weights, minlength))


bincount = multilinear(
    "bincount",
    _bincount,
    "x weights",
    (None, lambda g, x: g[x]),
    options={"minlength": 0},
    by_position=1,
    numpy=(np.bincount,),
    sample=bincount_cases,
    symbol="count",
)
searchsorted = general(
    "searchsorted",
    np.searchsorted,
    "a v",
    options={"side": "left", "sorter": None},
    by_position=2,
    sample=sorted_cases,
)
digitize = general("digitize", np.digitize, "x bins", options={"right": False}, by_position=1, sample=digitize_cases)
histogram_bin_edges = general(
    "histogram_bin_edges",
    np.histogram_bin_edges,
    "a",
    options={"bins": 10, "range": None, "weights": None},
    by_position=3,
    sample=edges_cases,
)
