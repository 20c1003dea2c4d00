"""A function that is being differentiated, run once at stand-ins for its inputs.

A transform of reverse mode puts an alias in the place of each input, and sweeps back to that alias only. So inner
derivatives never reach outer variables. A result that depends on something recorded outside, such as a model's
parameter, is itself recorded: a Tensor through which backward() and outer transforms go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..engine.autodiff import Found, sweep
from ..engine.errors import DTypeError, ShapeError
from ..engine.kinds import as_ndarray
from ..engine.node import Node, below, has_ended, leaf_node, reverse_level, running
from ..engine.primitive import Function
from ..engine.recording import enable_grad, recording, transform_depth
from ..engine.tensor import Tensor, wrap
from ..primitives.movement import alias
from ..tree import flatten, unflatten


class Evaluation:
    """One evaluation of a function at aliases of its differentiated inputs, which may be in lists, tuples and dicts.

    `outer` says whether the result also depends on something recorded around this transform, or has a tangent there;
    then sweeps are recorded too, and Tensors are given back.
    """

    def __init__(self, function: Function, args: Sequence[Any], argnums: tuple[int, ...], options: dict[str, Any]):
        self.inputs, self.structure = flatten([args[i] for i in argnums])
        self.level = reverse_level()
        aliases: list[Tensor] = []

        def enter() -> list[Any]:
            aliases.extend(make_alias(x, self.level) for x in self.inputs)
            given = dict(zip(argnums, unflatten(self.structure, aliases)))
            return [given.get(i, arg) for i, arg in enumerate(args)]

        try:
            self.y = evaluated(function, enter, options, self.level)
        finally:
            for each in aliases:
                close(each)
        self.nodes: list[Node] = [each._node for each in aliases]  # type: ignore[misc]
        place = below(self.y._node, self.level + 1)
        self.root = place if place is not None and place.level == self.level else None
        self.around = depends_on_others(self.root, self.nodes, below=False)  # at the same level
        self.outer = recording.get() and (self.around or depends_on_others(place, self.nodes))

    def sweep(self, cotangent: Any, recorded: bool, retain: bool, given: bool = True) -> list[Any]:
        """The cotangents of the inputs: Tensors if recorded, else arrays; zeros where nothing depends."""
        found: Found = {}
        if self.root is not None:
            at_level = isinstance(cotangent, Tensor) and cotangent._node and cotangent._node.level >= self.level
            lowered = recorded and not self.around and not at_level
            with enable_grad():
                found = sweep(
                    self.root, cotangent, self.nodes, recorded=recorded, retain=retain, given=given, lowered=lowered
                )
        parts = []
        for node in self.nodes:
            part, owned = found.get(node, (np.zeros(node.shape, node.dtype), True))
            if not isinstance(part, Tensor):
                part = part if owned else np.array(part)
                part = wrap(np.asarray(part)) if recorded else part
            parts.append(part)
        return parts

    def pull(self, cotangent: Any, retain: bool, given: bool = True) -> list[Any]:
        """The cotangents of the arguments, each as its input was given: a float, an array, a Tensor."""
        start = matching(cotangent, self.y, "The cotangent", "the function returned")
        recorded = recording.get() and (self.outer or start._node is not None)
        parts = self.sweep(start if recorded else start._array, recorded, retain, given)
        return self.rebuilt(self.give(part, x) for part, x in zip(parts, self.inputs))

    def rebuilt(self, parts: Iterable[Any]) -> list[Any]:
        """One part per argument, with the parts of its leaves in their places."""
        return unflatten(self.structure, parts)

    def give(self, value: Any, like: Any) -> Any:
        """A result as the user gave the input; a Tensor where an outer transform needs the graph."""
        if isinstance(value, Tensor):
            node = value._node
            if node is not None and node.level == self.level and not depends_on_others(node, self.nodes, below=False):
                node = node.under
            value = wrap(value._array, node)
        return as_given(value, like)

    def result(self) -> Any:
        """y as the user gave the inputs."""
        like = likeness(self.inputs)
        given = self.give(self.y if self.outer else self.y._array, like)
        return independent(given, self.inputs)


def evaluated(function: Function, enter: Callable[[], list[Any]], options: dict[str, Any], level: int) -> Tensor:
    """The result of a function that is being differentiated, at what `enter` gives, as a Tensor; at a level above 0."""
    token = transform_depth.set(transform_depth.get() + 1)
    if level:
        running.append(level)
    try:
        with enable_grad():
            y = function(*enter(), **options)
    finally:
        if level:
            running.remove(level)
        transform_depth.reset(token)
    if not isinstance(y, Tensor):
        if np.result_type(type(y)).kind not in "fiub" and not isinstance(y, np.ndarray):
            raise no_array(y)
        y = wrap(as_ndarray(y))
    if y.dtype.kind not in "fiub":
        raise no_array(y)
    return y


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
        return wrap(np.asarray(value))
    return np.asarray(value) if isinstance(like, np.ndarray) or np.ndim(value) else float(value)


def independent(given: Any, inputs: Sequence[Any]) -> Any:
    """A result that is an array, without the memory of an input; a number if it has no axes."""
    if not isinstance(given, np.ndarray):
        return given
    given = given[()]
    shared = any(isinstance(x, np.ndarray) and np.may_share_memory(given, x) for x in inputs)
    return given.copy() if shared else given


def no_array(result: Any) -> DTypeError:
    kind = f"an array of {result.dtype}" if isinstance(result, Tensor) else type(result).__name__
    return DTypeError(
        f"A differentiated function must return one array of real numbers, but returned {kind}.",
        "Write np.stack or np.concatenate to return several values.",
    )


def make_alias(x: Any, level: int) -> Tensor:
    """An input of reverse mode: another name of what is recorded at the same level, or a leaf above the lower ones."""
    array, node = place_of(x)
    # What was kept from a transform that has returned still has a place at its level.
    under = below(node, level + 1)
    if under is not None and under.level == level:
        return alias(wrap(array, under))
    return wrap(array, leaf_node(array, under=under, level=level))


def place_of(x: Any) -> tuple[Any, Node | None]:
    """The array of an input, and its node."""
    if isinstance(x, Tensor):
        return x._array, x._node
    array = as_ndarray(x)
    if isinstance(x, (bool, int)) or not np.can_cast(array.dtype, np.longdouble, "same_kind"):
        raise DTypeError(f"A transform differentiates floats, but got {x!r}.", "Write 3.0, not 3.")
    return array, None


def close(alias: Tensor) -> None:
    """Say that the function of this input has returned: nothing else will be differentiated by it."""
    if alias._node is not None and alias._node.primitive is None:
        alias._node.freed = True


def depends_on_others(root: Node | None, own: Sequence[Node] = (), below: bool = True) -> bool:
    """Whether a value was computed from a recorded one other than these aliases (or through them).

    The inputs of transforms inside, whose functions have returned, do not count. `below` asks of the lower levels, too.
    """
    if root is None:
        return False
    if below and depends_on_others(root.under):
        return True
    if has_ended(root.level):
        return False
    aliases = set(own)
    first = min((each.index for each in own), default=0)
    seen = {root}
    stack = [root]
    while stack:
        node = stack.pop()
        if node.primitive is None:
            if node not in aliases and not node.freed:
                return True
        elif node.index < first or node in aliases:
            return True
        else:
            for parent in node.parents:
                if isinstance(parent, Node) and parent.level >= root.level and parent not in seen:
                    seen.add(parent)
                    stack.append(parent)
    return False


def matching(value: Any, other: Any, what: str, other_is: str) -> Tensor:
    """A cotangent or tangent as a Tensor, in the dtype of what it belongs to; the shape must be the same."""
    tensor = value if isinstance(value, Tensor) else wrap(as_ndarray(value))
    if tensor.dtype.kind not in "fiub":
        raise DTypeError(f"{what} must be real, but has dtype {tensor.dtype}.")
    if tensor.shape != other.shape:
        raise ShapeError(f"{what} has shape {tensor.shape}, but {other_is} {other.shape}.")
    return tensor if tensor.dtype == other.dtype else tensor.astype(other.dtype)
