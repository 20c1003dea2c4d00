"""Forward mode: each operation gives the tangent of its result at once, and no graph is kept.

There is no second table of derivatives. An elementwise rule is its own jvp: its Jacobian is diagonal. A linear
operation is applied to the tangent. Where each element of the argument reaches one element of the result, its products
with the rule's factors are summed. Any other rule, which is linear in its cotangent, is transposed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy import ndarray

from . import operators
from .autodiff import checked_part, parts_of_list, sweep, unbroadcast
from .complex_numbers import converted, dtype_of_rule
from .guarding import guarded
from .node import Node, Raised, below, has_ended, leaf_node, reverse_level
from .scattered import Scattered
from .shortcuts import all_finite
from .tensor import Tensor, values_of, wrap
from .traces import lifted, ndarray_of
from .zeros import product_without_false_nans

Apply = Callable[[Any], Any]


def raised(primitive: Any, args: Any, arrays: list[Any], nodes: list[Any], options: Any, y: Any) -> Any:
    """The node of a result at the highest level of its operands, over those below."""
    level = max(node.level for node in nodes if node.__class__ is Raised)
    here = [node.__class__ is Raised and node.level == level for node in nodes]
    lower = [node.under if own else node for node, own in zip(nodes, here)]
    under = primitive.record(args, arrays, lower, options, y)
    if has_ended(level):
        return under
    if level % 2:
        tangents = [node.tangent if own else None for node, own in zip(nodes, here)]
        with np.errstate(all="ignore"):
            tangent = Push(primitive, tangents, arrays, lower, options, y, under).tangent()
        if tangent is None:
            return under
        result = Raised(None, y, level, under, tangent)
        result.is_result = True
        return result
    node = primitive.record(args, arrays, nodes, options, y, here)
    return under if node is None else Raised(node, y, level, under)


class Push:
    """One operation with the tangents of its operands (None where there is none).

    If any of it is recorded at a lower level, all is computed with Tensors, so that the tangent is recorded as well.
    """

    def __init__(
        self, primitive: Any, tangents: list[Any], arrays: list[Any], lower: list[Any], options: Any, y: Any, under: Any
    ) -> None:
        self.primitive, self.options, self.shape, self.dtype = primitive, options, y.shape, y.dtype
        self.recorded = any(isinstance(each, Node) for each in lower) or any(isinstance(t, Tensor) for t in tangents)
        self.nodes = lower
        # A user's own may reduce axes that no option names.
        self.reduces = primitive.shape == "reduction" and primitive.trusted
        # A rule never computes in an operand's narrower dtype.
        rules = primitive.rules * len(arrays) if primitive.variadic else primitive.rules
        self.arrays = [a if rule is None else self.cast(a) for a, rule in zip(arrays, rules)]
        self.tangents = [self.cast(t) for t in tangents]
        self.values = self.tensors() if self.recorded else self.arrays
        self.y: Any = wrap(y, under) if self.recorded else y

    def cast(self, value: Any) -> Any:
        """An array or a Tensor in the precision of the result; a plain number as it is."""
        dtype = dtype_of_rule(getattr(value, "dtype", self.dtype), self.dtype)
        return value if getattr(value, "dtype", dtype) == dtype else value.astype(dtype)

    def tensors(self) -> list[Any]:
        nodes = [node if isinstance(node, Node) else None for node in self.nodes]
        return [wrap(a, node) if isinstance(a, ndarray) else a for a, node in zip(self.arrays, nodes)]

    def tangent(self) -> Any:
        """The tangent of the result; None where that is 0."""
        primitive = self.primitive
        if primitive.variadic:
            return self.finished(self.of_list())
        total = None
        for i, tangent in enumerate(self.tangents):
            if tangent is None or primitive.rules[i] is None:
                continue
            part = self.through(i, tangent)
            if part is not None:
                total = part if total is None else total + part
        return None if total is None else self.finished(total)

    def of_list(self) -> Any:
        """The tangent of an operation on a list: of a linear one, itself applied to the list of tangents."""
        if self.primitive.linear:
            pairs = zip(self.tangents, self.arrays)
            return self.forward([np.zeros(np.shape(a), self.dtype) if t is None else t for t, a in pairs])
        rule = self.rule(0, self.tensors(), self.y if self.recorded else wrap(self.y))

        def parts(g: Any) -> list[Any]:
            given = parts_of_list(rule(g), self, len(self.arrays))
            return [(part, t) for part, t in zip(given, self.tangents) if t is not None]

        total = self.swept(parts)
        return np.zeros(self.shape, self.dtype) if total is None else total

    def through(self, i: int, tangent: Any) -> Any:
        """What the tangent of one operand contributes."""
        primitive = self.primitive
        if primitive.args[i] in primitive.added:
            return tangent
        if primitive.shape == "elementwise":
            apply = self.rule(i, self.values, self.y)
            cotangent = tangent if primitive.trusted else np.broadcast_to(tangent, self.shape)
            part = self.checked(apply(cotangent), i)
            # A user's rule may have summed over what was broadcast: then it is not its own jvp.
            if primitive.trusted or part.shape == self.shape:
                return self.without_false_nans(part, tangent, apply)
        elif primitive.linear:
            return self.applied(i, tangent)
        # Of one complex result, its two parts may depend on the operand in two ways.
        if self.reduces or (self.y.size == 1 and self.dtype.kind != "c"):
            return self.summed(i, self.rule(i, self.values, self.y), tangent)
        y = self.y if self.recorded else wrap(self.y)
        return self.transposed(i, self.rule(i, self.tensors(), y), tangent)

    def rule(self, i: int, values: list[Any], y: Any) -> Apply:
        """The rule of one operand as a function of the cotangent alone."""
        rule, primitive = self.primitive.rules[i], self.primitive
        known = dict(zip(primitive.args, [values] if primitive.variadic else values), y=y)
        known |= {"shapes": tuple(map(np.shape, values))} if primitive.variadic else {"in_shape": np.shape(values[i])}
        wants = [known[name] for name in rule.wants]
        function = partial(rule.function, **{name: self.options[name] for name in rule.options})
        if primitive.trusted:
            return lambda g: function(g, *wants)
        return lambda g: guarded(function, f"A rule of {primitive.name}", (g, *wants))

    def checked(self, part: Any, i: int) -> Any:
        """What a user's rule gave, if that makes a cotangent of its operand, as the reverse sweep has it."""
        if isinstance(part, Scattered):
            shape = np.shape(self.arrays[i])
            return operators.indexing.scatter_add(part.values, shape=shape, indexes=[part.index])
        if self.primitive.trusted:
            return part
        part, shape = checked_part(part, self), np.shape(self.arrays[i])
        keeps = part.shape == shape or (self.primitive.shape == "elementwise" and part.shape == self.shape)
        return part if keeps else unbroadcast(part, shape, self)

    def forward(self, operands: list[Any]) -> Any:
        function = self.primitive if self.recorded else self.primitive.forward
        operands = [lifted(each) for each in operands]
        return function(*operands, **self.options)

    def applied(self, i: int, tangent: Any) -> Any:
        """A linear operation at the tangent. What is added to the rest is left out."""
        kept = [k for k, name in enumerate(self.primitive.args[: len(self.values)]) if name not in self.primitive.added]
        others = [k for k in kept if k != i]

        def with_tangent(t: Any, *values: Any) -> Any:
            return self.forward([*values[: kept.index(i)], t, *values[kept.index(i) :]])

        values = [self.values[k] for k in others]
        part = with_tangent(tangent, *values)
        if not others or all_finite(part):
            return part
        return product_without_false_nans(part, tangent, with_tangent, values, [self.arrays[k] for k in others])

    def summed(self, i: int, apply: Apply, tangent: Any) -> Any:
        """The sum of the products, where each element of the operand reaches one element of the result."""
        factors = self.checked(apply(np.ones(self.shape, self.dtype)), i)
        products = factors * tangent
        if not all_finite(products):
            products = np.where((values_of(factors) == 0) | (values_of(tangent) == 0), 0, products)
        if not self.reduces:
            return np.sum(products).reshape(self.shape)
        return np.sum(products, axis=self.options["axis"], keepdims=self.options["keepdims"])

    def transposed(self, i: int, apply: Apply, tangent: Any) -> Any:
        """A rule is linear in its cotangent; its transpose takes the tangent of the operand to that of the result."""
        return self.swept(lambda g: [(self.checked(apply(g), i), tangent)])

    def swept(self, parts: Callable[[Any], list[tuple[Any, Any]]]) -> Any:
        """Rules are recorded as functions of their cotangent, and swept back from the tangents to that."""
        dummy = wrap(irregular(self.shape, self.dtype))
        level = reverse_level()
        dummy._node = leaf_node(dummy._array, level=level)
        starts = []
        for part, tangent in parts(dummy):
            if isinstance(part, Tensor) and part._node is not None:
                start = tangent if isinstance(tangent, Tensor) or not self.recorded else wrap(tangent)
                starts.append((part._node, start))
        if not starts:
            return None
        share = sweep(starts, [dummy._node], recorded=self.recorded).get(dummy._node)
        if share is None:
            return None
        return wrap(share[0]._array, below(share[0]._node, level)) if isinstance(share[0], Tensor) else share[0]

    def without_false_nans(self, part: Any, tangent: Any, apply: Apply) -> Any:
        """0 where the tangent or the derivative is 0, whatever the other one is."""
        if all_finite(part):
            return part
        factors = values_of(apply(np.ones(self.shape, self.dtype)))
        bad = ~np.isfinite(values_of(part)) & ((values_of(tangent) == 0) | (factors == 0))
        return np.where(bad, 0, part)

    def finished(self, total: Any) -> Any:
        """In the shape and the dtype of the result."""
        if np.shape(total) != self.shape:
            total = np.broadcast_to(total, self.shape)
        total = total if total.dtype == self.dtype else converted(total, self.dtype)
        return total if isinstance(total, Tensor) and total._node is not None else ndarray_of(values_of(total))


def irregular(shape: tuple[int, ...], dtype: Any) -> Any:
    """A cotangent with distinct nonzero entries, so that shares cannot cancel."""
    size = int(np.prod(shape))
    return (1 + (np.arange(1, size + 1) * 0.6180339887498949) % 1).reshape(shape).astype(dtype)
