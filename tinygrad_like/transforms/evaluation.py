"""A function that is being differentiated, run once at stand-ins for its inputs.

A transform of reverse mode puts an alias in the place of each input, and sweeps back to that alias only. So inner
derivatives never reach outer variables. A result that depends on something recorded outside, such as a model's
parameter, is itself recorded: a Tensor through which backward() and outer transforms go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..engine.autodiff import Found, sweep
from ..engine.complex_numbers import CONTINUOUS, conjugated
from ..engine.errors import ArgumentError, DTypeError, ShapeError
from ..engine.kinds import as_ndarray
from ..engine.node import Node, below, has_ended, leaf_node, reverse_level, running
from ..engine.primitive import Function
from ..engine.recording import enable_grad, recording, transform_depth
from ..engine.tensor import Tensor, wrap
from ..engine.traces import copy_of, lifted, ndarray_of, number_of
from ..engine.views import join
from ..primitives.movement import alias
from ..tree import mapped
from .structure import NUMBERS, Structure, arguments_of, results_of

Keys = Sequence[int | str]


class Evaluation:
    """One evaluation of a function at aliases of its differentiated inputs, the floats in the arguments at `keys`.

    `outer` says of each result whether it also depends on something recorded around this transform, or has a tangent
    there; then sweeps from it are recorded too, and Tensors are given back.
    """

    def __init__(
        self, function: Function, args: Sequence[Any], options: dict[str, Any], keys: Keys, has_aux: bool = False
    ) -> None:
        chosen = [options[key] if isinstance(key, str) else args[key] for key in keys]
        self.arguments = arguments_of(chosen, keys)
        self.inputs = self.arguments.active
        self.level = reverse_level()
        aliases: list[Tensor] = []

        def call() -> Any:
            aliases.extend(make_alias(x, self.level) for x in self.inputs)
            given = dict(zip(keys, self.arguments.filled(aliases)))
            positional = [given.get(i, arg) for i, arg in enumerate(args)]
            return function(*positional, **{name: given.get(name, each) for name, each in options.items()})

        try:
            self.y, self.aux = evaluated(call, self.level, has_aux)
        finally:
            for each in aliases:
                close(each)
        self.nodes: list[Node] = [each._node for each in aliases]  # type: ignore[misc]
        places = [below(each._node, self.level + 1) for each in self.y.active]
        self.roots = [place if place is not None and place.level == self.level else None for place in places]
        depends = Dependence(self.nodes).on_others
        self.around = [depends(root, below=False) for root in self.roots]  # at the same level
        self.outer = [recording.get() and (around or depends(each)) for around, each in zip(self.around, places)]

    def sweep(self, starts: dict[int, Any], recorded: bool, retain: bool, given: bool = True) -> list[Any]:
        """The gradients of the inputs: Tensors if recorded, else arrays; zeros where nothing depends."""
        found: Found = {}
        pairs = [(root, start) for i, start in starts.items() if (root := self.roots[i]) is not None]
        if pairs and self.nodes:
            at_level = any(isinstance(c, Tensor) and c._node and c._node.level >= self.level for _, c in pairs)
            lowered = recorded and not at_level and not any(self.around[i] for i in starts)
            with enable_grad():
                pairs = [(root, conjugated(start)) for root, start in pairs]
                found = sweep(pairs, self.nodes, recorded=recorded, retain=retain, given=given, lowered=lowered)
        parts = []
        for node in self.nodes:
            part, owned = found.get(node, (np.zeros(node.shape, node.dtype), True))
            if not isinstance(part, Tensor):
                part = part if owned else copy_of(part)
                part = wrap(ndarray_of(part)) if recorded else part
            parts.append(conjugated(part))
        return parts

    def pull(self, cotangents: dict[int, Any], retain: bool, given: bool = True) -> list[Any]:
        """The cotangents of the inputs, each as it was given: a float, an array, a Tensor.

        `cotangents` has those of some or all of the results, by their places among them.
        """
        starts = {
            i: matching(each, self.y.active[i], "The cotangent", "the function returned")
            for i, each in cotangents.items()
        }
        recorded = recording.get() and any(self.outer[i] or start._node is not None for i, start in starts.items())
        plain = starts if recorded else {i: start._array for i, start in starts.items()}
        parts = self.sweep(plain, recorded, retain, given)
        dependence = Dependence(self.nodes)
        return [self.give(part, x, dependence) for part, x in zip(parts, self.inputs)]

    def give(self, value: Any, like: Any, dependence: Dependence) -> Any:
        """A result as the user gave the input; a Tensor where an outer transform needs the graph."""
        if isinstance(value, Tensor):
            node = value._node
            if node is not None and node.level == self.level and not dependence.on_others(node, below=False):
                node = node.under
            value = wrap(value._array, node)
        return as_given(value, like)

    def result(self) -> Any:
        """y as the user gave the inputs."""
        like, dependence = likeness(self.inputs), Dependence(self.nodes)
        arrays = (each if outer else each._array for each, outer in zip(self.y.active, self.outer))
        return self.y.filled(independent(self.give(each, like, dependence), self.inputs) for each in arrays)

    def auxiliary(self) -> Any:
        """What the function returned beside y, as the user gave the inputs."""
        like, dependence = likeness(self.inputs), Dependence(self.nodes)

        def outward(each: Any) -> Any:
            if is_users(each):
                return each
            outer = recording.get() and dependence.on_others(below(each._node, self.level + 1))
            return independent(self.give(each if outer else each._array, like, dependence), self.inputs)

        return mapped(outward, self.aux)


def evaluated(call: Callable[[], Any], level: int, has_aux: bool) -> tuple[Structure, Any]:
    """The results of a function that is being differentiated, as Tensors, and what it returned beside them."""
    token = transform_depth.set(transform_depth.get() + 1)
    if level:
        running.append(level)
    try:
        with enable_grad():
            y = call()
    finally:
        if level:
            running.remove(level)
        transform_depth.reset(token)
    if not has_aux:
        return results_of(y), None
    if not isinstance(y, tuple) or len(y) != 2:
        kind = f"a tuple of {len(y)}" if isinstance(y, tuple) else f"one {type(y).__name__}"
        raise ArgumentError(
            f"With has_aux=True the function must return a pair, but it returned {kind}.", "Write return value, aux."
        )
    return results_of(y[0]), y[1]


def is_users(value: Any) -> bool:
    """Whether what came with a result is no Tensor, or a leaf of the user's."""
    return not isinstance(value, Tensor) or (
        value._node is not None and value._node.owner is not None and value.is_leaf
    )


def likeness(values: Sequence[Any]) -> Any:
    """The one whose kind a result gets: a Tensor if there is one, else an array, else a number."""
    kinds = (Tensor, np.ndarray)
    return next((x for kind in kinds for x in values if isinstance(x, kind)), 0.0)


def as_given(value: Any, like: Any) -> Any:
    """A Tensor if it is recorded or `like` is one, an array if `like` is, else a float (of one number)."""
    if isinstance(value, Tensor):
        if value._node is not None:
            return value
        value = value._array
    if isinstance(like, Tensor):
        return wrap(ndarray_of(value))
    return ndarray_of(value) if isinstance(like, np.ndarray) or np.ndim(value) else number_of(value)


def independent(given: Any, inputs: Sequence[Any]) -> Any:
    """A result that is an array, without the memory of an input; a number if it has no axes."""
    if not isinstance(given, np.ndarray):
        return given
    given = given[()]
    shared = any(isinstance(x, np.ndarray) and np.may_share_memory(given, x) for x in inputs)
    return given.copy() if shared else given


def make_alias(x: Any, level: int) -> Tensor:
    """An input of reverse mode: another name of what is recorded at the same level, or a leaf above the lower ones."""
    array, node = place_of(x)
    # What was kept from a transform that has returned still has a place at its level.
    under = below(node, level + 1)
    if under is not None and under.level == level:
        return sharing(x, alias(wrap(array, under)))
    return sharing(x, wrap(array, leaf_node(array, under=under, level=level)))


def sharing(x: Any, made: Tensor) -> Tensor:
    """What stands for an input; while it does, the function cannot write into the input by its name outside."""
    if isinstance(x, Tensor):
        join(x, made)
    return made


def place_of(x: Any) -> tuple[Any, Node | None]:
    """The array of an input, and its node."""
    if isinstance(x, Tensor):
        return x._array, x._node
    array = as_ndarray(x)
    if isinstance(x, (bool, int)) or array.dtype.kind not in CONTINUOUS:
        raise DTypeError(f"A transform differentiates floats, but got {x!r}.", instead_of(x))
    return array, None


def instead_of(x: Any) -> str:
    """What to give a transform instead of what is no float."""
    if hasattr(x, "parameters") or hasattr(x, "model"):  # a Layer, a Network
        return "A model's parameters get their gradients by backward() of the loss."
    if isinstance(x, NUMBERS):
        return "Write 3.0, not 3."
    return "Give floats, arrays of them, or lists, tuples, dicts and dataclasses of these."


def close(alias: Tensor) -> None:
    """Say that the function of this input has returned: nothing else will be differentiated by it."""
    if alias._node is not None and alias._node.primitive is None:
        alias._node.freed = True


class Dependence:
    """Whether values were computed from recorded ones other than these aliases (or through them).

    The inputs of transforms inside, whose functions have returned, do not count. What was found is kept, so that many
    values of one graph cost little more than one; it holds until a transform returns.
    """

    def __init__(self, own: Sequence[Node] = ()) -> None:
        self.own = own
        self.known: dict[Node, bool] = {}
        self.lower: Dependence | None = None

    def on_others(self, root: Node | None, below: bool = True) -> bool:
        """Of the value at this place; `below` asks of the lower levels, too."""
        if root is None:
            return False
        if below and root.under is not None:
            self.lower = self.lower or Dependence()
            if self.lower.on_others(root.under):
                return True
        if has_ended(root.level):
            return False
        if root not in self.known:
            self.search(root)
        return self.known[root]

    def search(self, root: Node) -> None:
        own, first = set(self.own), min((each.index for each in self.own), default=0)
        seen = {root}
        stack = [root]
        while stack:
            node = stack.pop()
            if node in self.known:
                found = self.known[node]
            elif node.primitive is None:
                found = node not in own and not node.freed
            else:
                found = node.index < first or node in own
                if not found:
                    for parent in node.parents:
                        if isinstance(parent, Node) and parent.level >= root.level and parent not in seen:
                            seen.add(parent)
                            stack.append(parent)
            if found:
                self.known[root] = True
                return
        self.known.update(dict.fromkeys(seen, False))


def matching(value: Any, other: Any, what: str, other_is: str) -> Tensor:
    """A cotangent or tangent as a Tensor, in the dtype of what it belongs to; the shape must be the same."""
    if value is None:
        raise ArgumentError(f"{what} is None, but {other_is} {other.shape} there.", "Write zeros of that shape.")
    tensor = value if isinstance(value, Tensor) else wrap(lifted(as_ndarray(value)))
    if tensor.dtype.kind not in ("fiubc" if other.dtype.kind == "c" else "fiub"):
        raise DTypeError(f"{what} has dtype {tensor.dtype}, but {other_is.removesuffix(' shape')} {other.dtype}.")
    if tensor.shape != other.shape:
        raise ShapeError(f"{what} has shape {tensor.shape}, but {other_is} {other.shape}.")
    return tensor if tensor.dtype == other.dtype else tensor.astype(other.dtype)
