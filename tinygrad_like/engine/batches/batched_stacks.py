"""Functions of stacks of matrices that are none of NumPy's, such as SciPy's: the items lie along one more axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..traces import whole
from .batched import Batched, is_batched, treats


def of_stacks(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of stacks that NumPy would broadcast: a trace writes it down as one call, which computes all items."""

    @treats(function)
    def of_all_items(called: Any, args: Any, options: Any) -> Any:
        return Batched(called(*(each.rows if is_batched(each) else each for each in args), **options))

    return whole(function)
