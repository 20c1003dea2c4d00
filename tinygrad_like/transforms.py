"""Functions to functions: grad, value_and_grad, vjp, jvp, jacobian, hessian; they nest to any depth.

A transform puts an alias in the place of each input and sweeps back to that alias only. So inner
derivatives never reach outer variables. A result that depends on something recorded outside, such as a model's
parameter, is itself recorded: a Tensor through which backward() and outer transforms go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVarTuple, overload

import numpy as np

from .engine.autodiff import Found, sweep
from .engine.errors import ArgumentError, DTypeError, ShapeError
from .engine.kinds import as_ndarray
from .engine.node import Node, Raised, leaf_node, next_forward_level, reverse_level, running
from .engine.primitive import Function
from .engine.recording import enable_grad, recording, transform_depth
from .engine.tensor import Tensor, values_of, wrap
from .primitives.movement import alias

Argnums = int | tuple[int, ...]
P = ParamSpec("P")
Xs = TypeVarTuple("Xs")


class Evaluation:
    """One evaluation of a function at aliases of its differentiated inputs.

    `outer` says whether the result also depends on something recorded around this transform, or has a tangent there;
    then sweeps are recorded too, and Tensors are given back.
    """

    def __init__(self, function: Function, args: Sequence[Any], argnums: tuple[int, ...], options: dict[str, Any]):
        self.inputs = [args[i] for i in argnums]
        self.level = reverse_level()
        aliases: list[Tensor] = []

        def enter() -> list[Any]:
            aliases.extend(make_alias(x, self.level) for x in self.inputs)
            replaced = dict(zip(argnums, aliases))
            return [replaced.get(i, arg) for i, arg in enumerate(args)]

        try:
            self.y = evaluated(function, enter, options, self.level)
        finally:
            for each in aliases:
                close(each)
        self.nodes: list[Node] = [each._node for each in aliases]  # type: ignore[misc]
        place = below(self.y._node, self.level + 1)
        self.root = place if place is not None and place.level == self.level else None
        self.outer = recording.get() and depends_on_others(place, self.nodes)

    def sweep(self, cotangent: Any, recorded: bool, retain: bool, given: bool = True) -> list[Any]:
        """The cotangents of the inputs: Tensors if recorded, else arrays; zeros where nothing depends."""
        found: Found = {}
        if self.root is not None:
            with enable_grad():
                found = sweep(self.root, cotangent, self.nodes, recorded=recorded, retain=retain, given=given)
        parts = []
        for node in self.nodes:
            part, owned = found.get(node, (np.zeros(node.shape, node.dtype), True))
            if not isinstance(part, Tensor):
                part = part if owned else np.array(part)
                part = wrap(np.asarray(part)) if recorded else part
            parts.append(part)
        return parts

    def cotangent(self, given: Any) -> Any:
        """A given cotangent of y, checked, as an array or a Tensor of y's dtype."""
        tensor = as_real(given, self.y.dtype, "The cotangent")
        if tensor.shape != self.y.shape:
            raise ShapeError(f"The cotangent has shape {tensor.shape}, but the function returned {self.y.shape}.")
        return tensor

    def ones(self) -> Tensor:
        return wrap(np.ones(self.y.shape, self.y.dtype))

    def pull(self, cotangent: Any, retain: bool, given: bool = True) -> list[Any]:
        """The cotangents of the inputs, each as its input was given: a float, an array, a Tensor."""
        start = self.cotangent(cotangent)
        recorded = recording.get() and (self.outer or start._node is not None)
        parts = self.sweep(start if recorded else start._array, recorded, retain, given)
        return [self.give(part, x) for part, x in zip(parts, self.inputs)]

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


def below(node: Node | None, level: int) -> Node | None:
    """The place of the same value below a level."""
    while node is not None and node.level >= level:
        node = node.under
    return node


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
    if isinstance(x, Tensor) and x._node is not None and x._node.level == level:
        return alias(x)
    array, under = place_of(x)
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


def checked_argnums(argnums: Argnums, count: int, name: str) -> tuple[int, ...]:
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    for number in numbers:
        if not isinstance(number, int) or not -count <= number < count:
            raise ArgumentError(f"{name} got argnums={argnums!r}, but the function was given {count} arguments.")
    numbers = tuple(number % count for number in numbers)
    if len(set(numbers)) < len(numbers):
        raise ArgumentError(f"{name} got argnums={argnums!r}, which names an argument twice.")
    return numbers


def require_scalar(evaluation: Evaluation, name: str) -> None:
    if evaluation.y.size != 1:
        raise ShapeError(
            f"{name} needs a function with a single value, but it returned shape {evaluation.y.shape}.",
            "Return a sum or a mean, or use jacobian or vjp.",
        )


def value_and_grad(function: Callable[P, Any], argnums: Argnums = 0) -> Callable[P, tuple[Any, Any]]:
    """Like `grad`, but gives (value, gradient) with a single evaluation. It raises what `grad` raises.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """

    @wraps(function)
    def both(*args: Any, **options: Any) -> tuple[Any, Any]:
        numbers = checked_argnums(argnums, len(args), "The gradient")
        evaluation = Evaluation(function, args, numbers, options)
        require_scalar(evaluation, "grad")
        value = evaluation.result()
        parts = evaluation.pull(evaluation.ones(), retain=evaluation.outer, given=False)
        return value, tuple(parts) if isinstance(argnums, tuple) else parts[0]

    return both


def grad(function: Callable[P, Any], argnums: Argnums = 0) -> Callable[P, Any]:
    """The function that computes the gradient of `function`, which must return a single number.

    `argnums` says with respect to which positional arguments (a tuple gives a tuple). Floats give
    floats, arrays arrays, Tensors Tensors; where the result depends on something recorded outside, such as a
    parameter of a model, it is a recorded Tensor. It nests: grad(grad(f)) is the second derivative.

    Raises DTypeError for integers and complex numbers, ShapeError if the function returns more than one number,
    ArgumentError if `argnums` names an argument that is not there, or one twice.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(lambda w, x: (w * x).sum())(np.ones(2), np.array([3.0, 4.0]))
    array([3., 4.])
    >>> grad(grad(lambda x: np.exp(2 * x)))(0.0)
    4.0
    """
    both = value_and_grad(function, argnums)

    @wraps(function)
    def gradient(*args: Any, **options: Any) -> Any:
        return both(*args, **options)[1]

    return gradient


def vjp(function: Callable[[*Xs], Any], *xs: *Xs) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Evaluate, and give (y, pullback): pullback(g), with g of y's shape, is gᵀ J, one part per input, in its shape.

    Raises DTypeError for integers and complex numbers; the pullback ShapeError if g has another shape than y.

    >>> y, pullback = vjp(lambda x: x * x, np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    # Copies: the caller may write to the arrays before the pullback is called.
    held = [x if isinstance(x, (Tensor, float, int, np.generic)) else np.array(as_ndarray(x)) for x in xs]
    evaluation = Evaluation(function, held, tuple(range(len(xs))), {})

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        return tuple(evaluation.pull(cotangent, retain=True))

    return evaluation.result(), pullback


def jvp(function: Function, xs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Evaluate at `xs`, and give (y, J t), the directional derivative along `tangents`.

    Every operation gives the tangent of its result at once, so that no graph is kept.

    Raises ShapeError if a tangent differs in shape from its input, ArgumentError for another number of tangents than
    inputs, DTypeError for integers and complex numbers.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    xs, tangents = as_tuple(xs), as_tuple(tangents)
    if not xs:
        raise ArgumentError("jvp needs at least one input.")
    if len(xs) != len(tangents):
        raise ArgumentError(f"jvp got {len(xs)} inputs, but {len(tangents)} tangents.")
    level, recorded = next_forward_level(), recording.get()

    def enter() -> list[Any]:
        return [with_tangent(x, t, level, recorded) for x, t in zip(xs, tangents)]

    y = evaluated(function, enter, {}, level)
    place = below(y._node, level + 1)
    tangent, under = (place.tangent, place.under) if place is not None and place.level == level else (None, place)
    value = wrap(y._array, under if recorded and depends_on_others(under) else None)
    if tangent is None:
        tangent = np.zeros(y.shape, y.dtype if y.dtype.kind == "f" else float)
    elif not (recorded and isinstance(tangent, Tensor) and depends_on_others(tangent._node)):
        tangent = values_of(tangent)
    like = likeness([*xs, *(t for t in tangents if isinstance(t, Tensor))])
    given = as_given(value, likeness(xs)), as_given(tangent, like)
    return independent(given[0], xs), independent(given[1], tangents)


def with_tangent(x: Any, tangent: Any, level: int, recorded: bool) -> Tensor:
    """An input of forward mode. Its lower levels, and those of its tangent, count if anything is recorded around."""
    array, under = place_of(x)
    leaf = leaf_node(array)
    direction = match_tangent(tangent, leaf)
    outer = recorded and direction._node is not None
    return wrap(
        array, Raised(None, array, level, under if recorded else None, direction if outer else direction._array)
    )


def as_tuple(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


def as_real(value: Any, dtype: np.dtype[Any], what: str) -> Tensor:
    tensor = value if isinstance(value, Tensor) else wrap(as_ndarray(value))
    if tensor.dtype.kind not in "fiub":
        raise DTypeError(f"{what} must be real, but has dtype {tensor.dtype}.")
    return tensor if tensor.dtype == dtype else tensor.astype(dtype)


def match_tangent(tangent: Any, node: Node) -> Tensor:
    tensor = as_real(tangent, node.dtype, "A tangent")
    if tensor.shape != node.shape:
        raise ShapeError(f"A tangent has shape {tensor.shape}, but its input has shape {node.shape}.")
    return tensor


@overload
def jacobian(function: np.ufunc, argnums: Argnums = 0) -> Function: ...
@overload
def jacobian(function: Callable[P, Any], argnums: Argnums = 0) -> Callable[P, Any]: ...
def jacobian(function: Function, argnums: Argnums = 0) -> Function:
    """The function that computes the Jacobian, of shape (*output shape, *input shape), row by row.

    Raises what `grad` raises, but for the shape: any is taken.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    @wraps(function)
    def rows(*args: Any, **options: Any) -> Any:
        numbers = checked_argnums(argnums, len(args), "The Jacobian")
        evaluation = Evaluation(function, args, numbers, options)
        size = evaluation.y.size
        basis = np.eye(size, dtype=evaluation.y.dtype).reshape(size, *evaluation.y.shape)
        pulled = [evaluation.pull(each, retain=True) for each in basis]
        parts = []
        for i, node in enumerate(evaluation.nodes):
            shape = evaluation.y.shape + node.shape
            if not pulled:
                parts.append(evaluation.give(np.zeros(shape, node.dtype), evaluation.inputs[i]))
            else:
                stacked = np.stack([row[i] for row in pulled]).reshape(shape)
                number = not shape and not isinstance(evaluation.inputs[i], (np.ndarray, Tensor))
                parts.append(float(stacked) if number and not isinstance(stacked, Tensor) else stacked)
        return tuple(parts) if isinstance(argnums, tuple) else parts[0]

    return rows


def hessian(function: Callable[P, Any], argnums: Argnums = 0) -> Callable[P, Any]:
    """The function that computes the matrix of second derivatives, of shape (*input shape, *input shape).

    With a tuple of `argnums`, a tuple of tuples, one for each pair. Raises what `grad` raises.

    >>> hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    return jacobian(grad(function, argnums), argnums) if not isinstance(argnums, tuple) else blocks(function, argnums)


def blocks(function: Function, argnums: tuple[int, ...]) -> Function:
    """A tuple of tuples: the Hessian of every pair of arguments."""
    rows = [jacobian(grad(function, i), argnums) for i in argnums]
    return lambda *args, **options: tuple(row(*args, **options) for row in rows)
