"""The reverse sweep: from a result back to the leaves, each node once, on arrays or on Tensors."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Any

import numpy as np
from numpy import float64, ndarray

from .errors import DTypeError, GraphError, RuleError, ShapeError
from .node import IN_SHAPE, Node
from .recording import enable_grad
from .shortcuts import shortcut
from .tensor import Tensor, wrap
from .writes import writes

Found = dict[Node, tuple[Any, bool]]


class Waiting:
    """Nodes that wait for their turn, latest first, with the sum of the shares that have arrived.

    Leaves wait to the end, outside the heap. Nodes made before `floor` cannot lead to a target.
    """

    __slots__ = ("floor", "order", "recorded", "shares")

    def __init__(self, floor: int, recorded: bool) -> None:
        self.floor, self.recorded = floor, recorded
        self.shares: dict[int, list[Any]] = {}
        self.order: list[int] = []

    def add(self, node: Node, share: Any, owned: bool) -> None:
        key = -node.index
        entry = self.shares.get(key)
        if entry is None:
            if node.index >= self.floor:
                self.shares[key] = [node, share, owned]
                if node.primitive is not None:
                    heappush(self.order, key)
        elif entry[2]:
            entry[1] += share
        else:
            entry[1] = entry[1] + share
            entry[2] = not self.recorded

    def pop(self) -> tuple[Node, Any]:
        node, cotangent, _ = self.shares.pop(heappop(self.order))
        return node, cotangent


def sweep(
    root: Node,
    cotangent: Any,
    targets: Iterable[Node] | None = None,
    *,
    recorded: bool = False,
    retain: bool = True,
    every: bool = False,
) -> Found:
    """The cotangents of `targets` (by default: of nodes with an owner; of `every` node), and whether we own the memory.

    Nodes are visited in reverse order of creation, so each node's consumers are done before it.
    With `recorded`, the rules run on Tensors, so that the result can be differentiated again.
    """
    goals = None if targets is None else set(targets)
    waiting = Waiting(0 if goals is None else min(node.index for node in goals), recorded)
    waiting.add(root, cotangent, False)
    found: Found = {}
    careful = False
    with np.errstate(all="ignore"):
        while waiting.order:
            node, g = waiting.pop()
            if goals is None:
                if every or node.owner is not None:
                    found[node] = g, False
            elif node in goals:
                found[node] = g, False
                continue
            if node.freed and (node is root or node.recipe.saves_arrays):
                raise already_freed(node)
            careful = careful or node.primitive.chooses
            pull_back(node, g, waiting, careful)
            if not retain:
                free(node)
    for node, g, owned in waiting.shares.values():
        if (every or node.owner is not None) if goals is None else (node in goals):
            found[node] = g, owned
    return found


def free(node: Node) -> None:
    """Let go of the saved arrays; the structure stays."""
    node.freed = True
    if node.recipe.saves_arrays:
        node.saved = ()


def pull_back(node: Node, g: Any, waiting: Waiting, careful: bool) -> None:
    """Apply a node's rules: give each differentiated parent its share of the cotangent `g`.

    `careful` looks for poles at every elementwise rule, not only at those declared singular.
    """
    saved, parents, recorded = node.saved, node.parents, waiting.recorded
    if writes.latest > node.index:
        check_not_overwritten(node)
    if recorded:
        saved = saved_as_tensors(node)
    # The rules of a choice select; only for speed they get no second look.
    primitive = node.primitive
    singular = primitive.singular or (careful and primitive.kind == "elementwise" and not primitive.chooses)
    # A user's rule may return memory of its own; a Tensor is never written into.
    trusted = primitive.trusted and not recorded
    for position, rule, sources, names in node.recipe.calls:
        parent = parents[position]
        values = [saved[s] if s >= 0 else parent.shape if s == IN_SHAPE else position for s in sources]
        part = rule(g, *values, **{name: node.options[name] for name in names}) if names else rule(g, *values)
        kind = part.__class__
        if kind is not ndarray and kind is not float64 and kind is not Tensor:
            part = checked_part(part, node)
        if singular:
            part = mask_singular(part, g)
        if recorded and not isinstance(part, Tensor):
            part = wrap(np.asarray(part))
        fresh = trusted and kind is ndarray and part is not g and part.base is None
        if part.shape != parent.shape:
            part, fresh = unbroadcast(part, parent.shape, node), not recorded
        if part.dtype is not parent.dtype and part.dtype != parent.dtype:
            part, fresh = cast(part, parent.dtype, node), not recorded
        waiting.add(parent, part, fresh)


def saved_as_tensors(node: Node) -> list[Any]:
    """What a node saved, as Tensors in their places in the graph, so that rules are recorded."""
    recipe = node.recipe
    nodes = [node.parents[i] for i in recipe.saves] + [node] * recipe.saves_result
    values = [wrap(v, n) if v.__class__ is ndarray else v for v, n in zip(node.saved, nodes)]
    return values + list(node.saved[len(nodes) :])


def checked_part(part: Any, node: Node) -> Any:
    """What a rule returned, made an array, if that makes a cotangent."""
    if isinstance(part, Tensor):
        return part
    array = None if part is None else np.asarray(part)
    if array is None or array.dtype.kind not in "fiub":
        raise RuleError(
            f"A rule of {node.primitive.name} returned {part!r}.", "A rule returns an array, one number per element."
        )
    return array


def cast(part: Any, dtype: np.dtype[Any], node: Node) -> Any:
    """The engine keeps each cotangent in the dtype of its value."""
    if part.dtype.kind not in "fiub":
        raise RuleError(
            f"A rule of {node.primitive.name} returned {part.dtype} for an argument of {dtype}.",
            "A rule returns real numbers.",
        )
    return part.astype(dtype)


def unbroadcast(part: Any, shape: tuple[int, ...], node: Node) -> Any:
    """Sum a cotangent over the axes along which NumPy broadcast the argument."""
    extra = part.ndim - len(shape)
    fits = extra >= 0 and all(want in (1, have) for want, have in zip(shape, part.shape[extra:]))
    if not fits or not (node.primitive.trusted or part.shape == node.shape):
        raise RuleError(
            f"A rule of {node.primitive.name} returned shape {part.shape} for an argument of shape {shape}.",
            "A rule returns a cotangent of the argument's shape, or of a shape that it was broadcast to.",
        )
    stretched = (extra + i for i, want in enumerate(shape) if want == 1 and part.shape[extra + i] != 1)
    return part.sum(axis=(*range(extra), *stretched)).reshape(shape)


def mask_singular(part: Any, g: Any) -> Any:
    """0 where the cotangent is 0 and the rule's result is not finite: 0 times a pole is 0 here.

    When recorded, `where` is a choice, so that the sweep through this one is careful in its turn.
    """
    array = part._array if isinstance(part, Tensor) else part
    finite = np.isfinite(array)
    if shortcut(finite.all()) or np.shape(array) != g.shape:
        return part
    bad = ~finite & ((g._array if isinstance(g, Tensor) else g) == 0)
    if shortcut(~bad.any()):
        return part
    return np.where(bad, 0, part)


def already_freed(node: Node) -> GraphError:
    return GraphError(
        f"The graph of {node.primitive.name} was freed by an earlier backward().",
        "Write backward(retain_graph=True) the first time, or compute the result again.",
    )


def check_not_overwritten(node: Node) -> None:
    for value in node.saved:
        if value.__class__ is ndarray and writes.written_since(value, node.index):
            raise GraphError(
                f"A value of shape {value.shape} that {node.primitive.name} saved for its gradient was overwritten.",
                "Write to it after backward(), or give the operation a copy: t.copy().",
            )


def start_cotangent(tensor: Tensor, gradient: Any) -> Any:
    """The cotangent that a sweep starts with: 1, or what was given, checked."""
    if gradient is None:
        if tensor.size != 1:
            raise ShapeError(
                f"backward() on a Tensor of shape {tensor.shape} needs a gradient; only one element does not.",
                "Write t.sum().backward(), or t.backward(np.ones(t.shape)).",
            )
        return np.ones(tensor.shape, tensor.dtype) if tensor.ndim else tensor.dtype.type(1)
    if not isinstance(gradient, Tensor):
        gradient = Tensor(gradient)
    if gradient.shape != tensor.shape:
        raise ShapeError(f"The gradient has shape {gradient.shape}, but the Tensor has shape {tensor.shape}.")
    if gradient.dtype.kind not in "fiub":
        raise DTypeError(f"The gradient has dtype {gradient.dtype}; it must be real.")
    return gradient if gradient.dtype == tensor.dtype else gradient.astype(tensor.dtype)


def backward(tensor: Tensor, gradient: Any, retain_graph: bool, create_graph: bool) -> None:
    """Sweep to every leaf and add to its `.grad`; see Tensor.backward."""
    if tensor._node is None:
        raise GraphError(
            "backward() on a Tensor that is not recorded: nothing that it was computed from requires a gradient.",
            "Make a leaf with Tensor(data, requires_grad=True), and compute outside no_grad().",
        )
    start = start_cotangent(tensor, gradient)
    if create_graph:
        with enable_grad():
            start = start if isinstance(start, Tensor) else wrap(np.asarray(start))
            found = sweep(tensor._node, start, recorded=True)
    else:
        start = start._array if isinstance(start, Tensor) else start
        found = sweep(tensor._node, start, retain=retain_graph)
    if create_graph:
        with enable_grad():
            deliver(found)
    else:
        deliver(found)


def deliver(found: Found) -> None:
    """Add to `.grad` what a sweep found, now that it is through."""
    for node, (cotangent, owned) in found.items():
        leaf = None if node.owner is None else node.owner()
        if leaf is None:
            continue
        if leaf._flat is not None and leaf._grad is None and cotangent.__class__ is not Tensor:
            leaf._flat.accumulate(leaf._slot, cotangent)
        else:
            accumulate(leaf, cotangent, owned)


def accumulate(leaf: Tensor, cotangent: Any, owned: bool) -> None:
    """Add to a leaf's `.grad` out of place: one that is recorded, or that has no place in a flat vector."""
    if isinstance(cotangent, Tensor) and cotangent._node is None:
        cotangent, owned = cotangent._array, False
    old = leaf.grad if leaf._flat is not None else leaf._grad
    if old is not None:
        leaf._grad = old + cotangent
    elif isinstance(cotangent, Tensor):
        # A leaf is somebody's own, e.g. the gradient that backward() was given.
        leaf._grad = cotangent.copy() if cotangent.is_leaf else cotangent
    else:
        leaf._grad = wrap(cotangent if owned and cotangent.__class__ is ndarray else np.array(cotangent))
