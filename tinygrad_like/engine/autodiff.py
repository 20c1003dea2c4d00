"""The reverse sweep: from a result back to the leaves, each node once, on arrays or on Tensors."""

from __future__ import annotations

from _thread import RLock  # `threading` would cost a hundredth of the import
from collections.abc import Iterable, Sequence
from functools import partial
from heapq import heappop
from typing import Any

import numpy as np
from numpy import float64, ndarray

from . import operators
from .complex_numbers import conjugated, converted, dtype_of_rule
from .errors import DTypeError, GraphError, RuleError, ShapeError
from .guarding import guarded
from .node import HIGHEST, IN_SHAPE, Node, below
from .recording import enable_grad
from .scattered import Scattered
from .shortcuts import all_finite, edges, mended, shortcut
from .tensor import Tensor, values_of, wrap
from .traces import active, copy_of, lifted, ndarray_of, real, seen, sweeping, trace
from .waiting import Claims, Waiting
from .writes import across_forks, writes
from .zeros import product_without_false_nans, without_false_nans, zeros_below

# Held while gradients are added up: several threads may have swept to the same leaf. (Adding Tensors sweeps nothing.)
delivering = across_forks(RLock())
REAL, NUMBERS = "fiub", "fiubc"  # kinds of dtype
COMPILED = "compiled"  # the operation that the results of a compiled function seem to come from
Found = dict[Node, tuple[Any, bool]]


def sweep(
    starts: Sequence[tuple[Node, Any]],
    targets: Iterable[Node] | None = None,
    *,
    recorded: bool = False,
    retain: bool = True,
    every: bool = False,
    given: bool = True,
    lowered: bool = False,
    claims: Claims | None = None,
    watched: bool = True,
) -> Found:
    """The cotangents of leaves, of `targets` or else of nodes with an owner (or of `every` node); with each, whether
    it may be overwritten. It starts at one or more results of the same level, each with its cotangent.

    Nodes are visited in reverse order of creation, so each node's consumers are done before it.
    With `recorded`, the rules run on Tensors, so that the result can be differentiated again; if it is `lowered`, at
    lower levels than the results' only. `given` says that a cotangent is not just 1, and may hold zeros and
    infinities. With `claims`, gradients may be left in the flat vectors, in places that are entered there. What is
    not `watched` keeps the nan of 0 · inf: if all that was found is finite, there was none.
    """
    goals = None if targets is None else set(targets)
    floor = 0 if goals is None else min(node.index for node in goals)
    waiting = Waiting(floor, recorded, starts[0][0].level if lowered else -1, claims, watched)
    waiting.start(starts, given)
    roots = {node for node, _ in starts}
    found: Found = {}
    with np.errstate(all="ignore"):
        while waiting.order:
            key = heappop(waiting.order)
            if waiting.scattered:
                waiting.settle(key)
            node, g, _ = waiting.shares.pop(key)
            if (every or node.owner is not None) if goals is None else (node in goals):
                found[node] = g, False
                if goals is not None:
                    continue
            if node.freed and (node in roots or node.recipe.saves_arrays):
                raise already_freed(node)
            pull_back(node, g, waiting)
            if not retain:
                free(node)
        waiting.settle()
        if active:
            sweeping(None)
        found |= {node: (g, owned) for node, g, owned in waiting.shares.values()}
        if waiting.flat and goals is None:
            found = zeros_below(waiting.flat, recorded) | found
    return marked_careful(found) if recorded and waiting.careful else found


def free(node: Node) -> None:
    """Let go of the saved arrays; the structure stays."""
    node.freed = True
    if node.recipe.saves_arrays:
        node.saved = ()


def marked_careful(found: Found) -> Found:
    """What a careful sweep found, so that a sweep through its graph is careful, too."""
    return {node: (operators.movement.careful(g), False) for node, (g, _) in found.items()}


def pull_back(node: Node, g: Any, waiting: Waiting) -> None:
    """Apply a node's rules: give each differentiated parent its share of the cotangent `g`."""
    recipe, primitive, recorded = node.recipe, node.primitive, waiting.recorded
    trusted = primitive.trusted
    if active:
        sweeping(node)
        g = lifted(g)  # so that g[i] and g.dot(x) of a traced i or x are traced
    if writes.latest > node.index:
        check_not_overwritten(node)
    plain = in_dtype(node.saved, node) if recipe.mixes_dtypes else node.saved
    saved = saved_as_tensors(node, plain, waiting.level) if recorded else plain
    # The rules of a choice select; only for speed they get no second look. Users' own may have poles, and choose.
    suspicious = waiting.careful or primitive.singular or not trusted
    looks = suspicious and waiting.watched and not primitive.chooses
    for position, rule, sources, names, takes_out, sees_parts in recipe.calls:
        parent = node.parents[position]
        place = waiting.offered(parent) if takes_out else None
        values = []
        for s in sources:  # a comprehension would cost a call
            values.append(saved[s] if s != IN_SHAPE else parent.shape)
        rule = with_options(rule, node, names, sees_parts, waiting) if names or sees_parts else rule
        # Who looks at the part again asks the rule for other products, which must not be written there.
        call = rule if place is None else partial(rule, out=place)
        part: Any = call(g, *values) if trusted else guarded(call, f"A rule of {primitive.name}", (g, *values))
        kind = part.__class__
        if (kind is not ndarray and kind is not float64 and kind is not Tensor) or not trusted:
            part = part_of(part, node, parent, waiting)
            if part is None:
                continue
        # Where a product has a false nan, what it adds to is nan.
        if looks and not (primitive.multiplies and (part is g or all_finite(part, primitive.products))):
            part = looked_at(part, g, node, rule, values, among(plain, sources, parent.shape), waiting)
        part = wrap(ndarray_of(part)) if recorded and not isinstance(part, Tensor) else part
        fresh = not recorded and kind is ndarray and part is not g and (part.base is None or part is place)
        if part.shape != parent.shape:
            part, fresh = unbroadcast(part, parent.shape, node), not recorded
        if part.dtype is not parent.dtype and part.dtype != parent.dtype:
            part, fresh = cast(part, parent.dtype, node), not recorded
        waiting.add(parent, part, fresh)
    waiting.careful = waiting.careful or primitive.chooses or not trusted
    waiting.flat += [node] * primitive.flat


def with_options(rule: Any, node: Node, names: Any, sees_parts: bool, waiting: Waiting) -> Any:
    """A rule with the options that it names, and with which of several results were used, if it asks for that."""
    options = {name: node.options[name] for name in names}
    return partial(rule, **options, **{"received_parts": waiting.received.get(-node.index, ())} if sees_parts else {})


def among(saved: Any, sources: Any, shape: tuple[int, ...]) -> list[Any]:
    """What a rule names, of what was saved."""
    return [saved[s] if s != IN_SHAPE else shape for s in sources]


def part_of(part: Any, node: Node, parent: Node, waiting: Waiting) -> Any:
    """What a rule gave that is no array, as one; None if it is added already, as elements or parts of a list are."""
    if part.__class__ is Scattered:
        if node.primitive is operators.indexing.part:
            waiting.received.setdefault(-parent.index, set()).add(part.index.start)
        # What a rule names of a real operand may stand there as a complex number.
        values = part.values if part.values.dtype == parent.dtype else cast(part.values, parent.dtype, node)
        waiting.add_scattered(parent, Scattered(values, part.index))
    elif node.primitive.variadic:
        pull_back_jointly(node, part, waiting)
    else:
        return checked_part(part, node)
    return None


def parts_of_list(parts: Any, node: Any, count: int) -> list[Any]:
    """What one rule gave for a list of arguments, checked."""
    if not isinstance(parts, (list, tuple)) or len(parts) != count:
        gave = f"{len(parts)} parts" if isinstance(parts, (list, tuple)) else f"a {type(parts).__name__}"
        raise RuleError(
            f"The rule of {node.primitive.name} gave {gave} for {count} arguments.", "Return a list, one part for each."
        )
    return list(parts) if node.primitive.trusted else [checked_part(part, node) for part in parts]


def pull_back_jointly(node: Node, parts: Any, waiting: Waiting) -> None:
    """Give each parent its part of what one rule gave for all of them."""
    for parent, part in zip(node.parents, parts_of_list(parts, node, len(node.parents))):
        if isinstance(parent, Node) and parent.level >= node.level:
            if waiting.recorded and not isinstance(part, Tensor):
                part = wrap(ndarray_of(part))
            if part.shape != parent.shape:
                part = unbroadcast(part, parent.shape, node)
            waiting.add(parent, part if part.dtype == parent.dtype else cast(part, parent.dtype, node), False)


def looked_at(part: Any, g: Any, node: Node, rule: Any, values: list[Any], arrays: list[Any], waiting: Waiting) -> Any:
    """The part, with 0 where a zero met something infinite; if there was any, the rest of the sweep is careful."""
    if active and np.may_share_memory(real(values_of(part)), real(values_of(g))):
        return part  # rearranged, without a product
    if node.primitive.multiplies:
        checked = edges(part) if node.primitive.products else part
        return mended(part, lambda: product_without_false_nans(part, g, rule, values, arrays), checked)
    if active and trace() is not None:
        waiting.careful = True
        return mended(part, lambda: without_false_nans(part, g, node, rule, arrays))
    if all_finite(part):
        # Far from a pole its derivative is 0, and meets what overflowed on the way there.
        waiting.careful = waiting.careful or not shortcut(np.all(values_of(part)))
        return part
    waiting.careful = True
    return without_false_nans(part, g, node, rule, arrays)


def in_dtype(saved: tuple[Any, ...], node: Node) -> tuple[Any, ...]:
    """What was saved, in the precision of the result: a rule never computes in an operand's narrower one.

    Operands that have no derivative (conditions, class numbers) stay as they are.
    """
    values, rules = list(saved), node.primitive.rules
    for i, position in enumerate(node.recipe.saves):
        if rules[0 if node.primitive.variadic else position] is not None and isinstance(
            values[i], (ndarray, np.generic)
        ):
            values[i] = values[i].astype(dtype_of_rule(values[i].dtype, node.dtype), copy=False)
    return tuple(values)


def saved_as_tensors(node: Node, saved: tuple[Any, ...], level: int) -> list[Any]:
    """What a node saved, as Tensors in their places in the graph, so that rules are recorded; not at this level."""
    recipe = node.recipe
    nodes = [node.parents[i] for i in recipe.saves] + [node] * recipe.saves_result
    values = list(saved)
    for i, (value, place) in enumerate(zip(saved, nodes)):
        if value.__class__ is ndarray:
            values[i] = wrap(value, place.under if place is not None and place.level == level else place)
    return values


def checked_part(part: Any, node: Any) -> Any:
    """What a rule returned, made an array, if that makes a cotangent."""
    if isinstance(part, Tensor):
        return part
    array = None if part is None else ndarray_of(part)
    if array is None or array.dtype.kind not in NUMBERS:
        raise RuleError(
            f"A rule of {node.primitive.name} returned {part!r}.", "A rule returns an array, one number per element."
        )
    return array


def cast(part: Any, dtype: np.dtype[Any], node: Node) -> Any:
    """The engine keeps each cotangent in the dtype of its value: of a real one, the real part."""
    if part.dtype.kind not in NUMBERS:
        raise RuleError(
            f"A rule of {node.primitive.name} returned {part.dtype} for an argument of {dtype}.",
            "A rule returns numbers.",
        )
    return converted(part, dtype)


def unbroadcast(part: Any, shape: tuple[int, ...], node: Any) -> Any:
    """Sum a cotangent over the axes along which NumPy broadcast the argument."""
    extra = part.ndim - len(shape)
    if extra == 1 and part.shape[1:] == shape and node.primitive.trusted:  # a bias, most often
        return np.add.reduce(part, 0) if part.__class__ is ndarray else part.sum(axis=0)
    fits = extra >= 0 and all(want in (1, have) for want, have in zip(shape, part.shape[extra:]))
    if not fits or not (node.primitive.trusted or part.shape == node.shape):
        raise RuleError(
            f"A rule of {node.primitive.name} returned shape {part.shape} for an argument of shape {shape}.",
            "A rule returns a cotangent of the argument's shape, or of a shape that it was broadcast to.",
        )
    stretched = (extra + i for i, want in enumerate(shape) if want == 1 and part.shape[extra + i] != 1)
    return part.sum(axis=(*range(extra), *stretched)).reshape(shape)


def already_freed(node: Node) -> GraphError:
    if node.primitive.name == COMPILED:
        return GraphError(
            "What a compiled function returned has no graph, so no gradient goes back through it.",
            "Compute the loss and its gradients inside: tg.compile of a function that calls backward(), or tg.grad.",
        )
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
        if tensor.dtype.kind == "c":
            raise DTypeError(
                f"backward() on a Tensor of {tensor.dtype} needs a gradient; only one real number does not.",
                "Write t.real.backward(), or make a real loss, such as np.abs(t).",
            )
        return np.ones(tensor.shape, tensor.dtype) if tensor.ndim else tensor.dtype.type(1)
    if not isinstance(gradient, Tensor):
        gradient = Tensor(gradient)
    if gradient.shape != tensor.shape:
        raise ShapeError(f"The gradient has shape {gradient.shape}, but the Tensor has shape {tensor.shape}.")
    if gradient.dtype.kind not in (NUMBERS if tensor.dtype.kind == "c" else REAL):
        raise DTypeError(f"The gradient has dtype {gradient.dtype}, but the Tensor has {tensor.dtype}.")
    return conjugated(gradient if gradient.dtype == tensor.dtype else gradient.astype(tensor.dtype))


def backward(tensor: Tensor, gradient: Any, retain_graph: bool, create_graph: bool) -> None:
    """Sweep to every leaf and add to its `.grad`; see Tensor.backward."""
    places = places_of(tensor, create_graph)
    start = start_cotangent(tensor, gradient)
    if not create_graph:
        descend(places, values_of(start), False, retain_graph, gradient is not None)
        return
    with enable_grad():
        start = start if isinstance(start, Tensor) else wrap(ndarray_of(start))
        descend(places, start, True, True, gradient is not None)


def descend(places: list[Node], start: Any, recorded: bool, retain: bool, given: bool) -> None:
    """Sweep from a value's places to the leaves, then deliver what they get."""
    found: Found = {}
    claims: Claims | None = None if recorded else []
    try:
        for node in places:
            found |= sweep([(node, start)], recorded=recorded, retain=retain, given=given, claims=claims)
        deliver(found)
    finally:
        for flat, slot in claims or ():
            flat.release(slot)


def places_of(tensor: Tensor, create_graph: bool) -> list[Node]:
    """The places of a Tensor in the graphs of all levels."""
    top = node = below(tensor._node, HIGHEST)
    places = []
    while node is not None:
        if node.tangent is None:
            places.append(node)
        node = node.under
    if not places:
        raise GraphError(
            "backward() on a Tensor that is not recorded: it depends on nothing that requires a gradient, or only "
            "through constants (comparisons, positions), whose derivative is 0.",
            "Make a leaf with Tensor(data, requires_grad=True), and compute outside no_grad(). tg.grad of a function "
            "gives zeros for constants.",
        )
    if create_graph and places != [top]:
        raise GraphError(
            "backward(create_graph=True) inside jvp would lose the tangents of the gradients.",
            "Write tg.grad of a function, which keeps them.",
        )
    return places


def deliver(found: Found) -> None:
    """Add to `.grad` what a sweep found, after a completed sweep; one thread at a time.

    An array in `_grad` is ours, and is added to in place. A Tensor may have been kept by a user: it never changes.
    """
    with delivering:
        for node, (cotangent, owned) in found.items():
            leaf = None if node.owner is None else node.owner()
            if leaf is None or leaf._node is not node:
                continue
            if active:
                seen(leaf)
            if node.dtype.kind == "c":
                cotangent, owned = conjugated(cotangent), True
            old = leaf._grad
            if isinstance(cotangent, Tensor):
                # A leaf is somebody's own, e.g. the gradient that backward() was given.
                new = cotangent.copy() if cotangent.is_leaf else cotangent
                leaf._grad = new if old is None else leaf.grad + new
            elif old is None:
                leaf._grad = cotangent if owned and cotangent.__class__ is ndarray else copy_of(cotangent)
            elif old.__class__ is ndarray:
                old = lifted(old)
                old += cotangent
            else:
                leaf._grad = old + cotangent
