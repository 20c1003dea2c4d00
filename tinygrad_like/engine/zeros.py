"""Exact zeros: a factor that is 0 makes its product in the chain rule 0, whatever the other factors are.

Floating-point numbers have 0 · inf = nan. So an overflow in a branch that was not taken, or a pole that a zero
meets, would spoil every sum. Here 0 wins, from both sides: a cotangent of 0, and a local derivative of 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .complex_numbers import CONTINUOUS
from .node import Node
from .shortcuts import all_finite, shortcut
from .tensor import values_of, wrap

Rule = Callable[..., Any]


def without_false_nans(part: Any, g: Any, node: Node, rule: Rule, values: Sequence[Any]) -> Any:
    """What a rule gave, not all of it finite, with 0 wherever a factor of it is 0.

    `values` are the arrays that the rule was given besides the cotangent `g`. The choice is made on arrays alone; in
    a recorded sweep, `where` records it, so that it holds at every order.
    """
    result, cotangent = values_of(part), values_of(g)
    reached = cotangent_of_each(cotangent, node, np.shape(result))
    if reached is None:
        factor_is_zero = ~np.any(cotangent)
    else:
        factor_is_zero = reached == 0
        if not node.primitive.by_slices and not all_finite(cotangent):
            factor_is_zero = factor_is_zero | (rule(np.ones_like(cotangent), *values) == 0)
    bad = ~np.isfinite(result) & factor_is_zero
    return part if shortcut(~np.any(bad)) else np.where(bad, 0, part)


def cotangent_of_each(g: Any, node: Node, shape: tuple[int, ...]) -> Any:
    """For each element of a part of this shape, the one element of g that it comes from; None if there are several.

    Where slices stand alone (softmax along an axis), an element comes from the largest of its slice.
    """
    primitive, options = node.primitive, node.options
    if primitive.by_slices:
        return np.max(np.abs(g), axis=options["axis"], keepdims=True)
    if g.size == 1:
        return g.reshape(())
    if primitive.shape == "elementwise" and g.shape == shape:
        return g
    if primitive.shape == "reduction" and options.get("axis") is not None:
        return g if options.get("keepdims") else np.expand_dims(g, options["axis"])
    return None


def product_without_false_nans(part: Any, g: Any, rule: Rule, values: Sequence[Any], plain: Sequence[Any]) -> Any:
    """The same for a rule that sums products (matmul): only products of which no factor is 0 count.

    `plain` are the arrays of `values`. A sum stays as it is where one of its products has an infinite factor, and
    none that is 0: there, more products are without a zero than are without a zero and finite.
    """
    factors = [values_of(g), *plain]
    nonzero = [each != 0 if is_float(each) else each for each in factors]
    finite = [known & np.isfinite(each) if is_float(each) else each for each, known in zip(factors, nonzero)]
    counts = [rule(*(as_float(each) for each in group)) for group in (nonzero, finite)]
    clean = rule(*(finite_part(each) for each in (g, *values)))
    return np.where(counts[0] == counts[1], clean, part)


def is_float(value: Any) -> bool:
    return isinstance(values_of(value), (np.ndarray, np.generic)) and values_of(value).dtype.kind in CONTINUOUS


def as_float(value: Any) -> Any:
    """Truths as numbers, to be counted."""
    return value.astype(np.float64) if isinstance(value, (np.ndarray, np.generic)) and value.dtype == bool else value


def finite_part(value: Any) -> Any:
    """The value with 0 in place of what is not finite."""
    return np.where(np.isfinite(values_of(value)), value, 0) if is_float(value) else value


def zeros_below(nodes: Iterable[Node], recorded: bool) -> dict[Node, tuple[Any, bool]]:
    """Zeros for every leaf that these nodes depend on."""
    found: dict[Node, tuple[Any, bool]] = {}
    stack, seen = list(nodes), set(nodes)
    while stack:
        node = stack.pop()
        if node.primitive is None and node.owner is not None:
            zeros = np.zeros(node.shape, node.dtype)
            found[node] = (wrap(zeros) if recorded else zeros), True
        new = [each for each in node.parents if isinstance(each, Node) and each not in seen]
        seen.update(new)
        stack += new
    return found
