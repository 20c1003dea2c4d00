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
from .engine.node import Node, leaf_node
from .engine.primitive import Function
from .engine.recording import enable_grad, recording, transform_depth
from .engine.tensor import Tensor, wrap
from .primitives.movement import alias

Argnums = int | tuple[int, ...]
P = ParamSpec("P")
Xs = TypeVarTuple("Xs")


class Evaluation:
    """One evaluation of a function at aliases of its differentiated inputs.

    `outer` says whether the result also depends on something recorded around this transform; then
    sweeps are recorded too, and Tensors are given back.
    """

    def __init__(self, function: Function, args: Sequence[Any], argnums: tuple[int, ...], options: dict[str, Any]):
        self.inputs = [args[i] for i in argnums]
        values = list(args)
        depth = transform_depth.get()
        token = transform_depth.set(depth + 1)
        try:
            with enable_grad():
                self.aliases = [make_alias(x) for x in self.inputs]
                for i, each in zip(argnums, self.aliases):
                    values[i] = each
                self.y = function(*values, **options)
        finally:
            transform_depth.reset(token)
            for each in getattr(self, "aliases", ()):
                close(each)
        if not isinstance(self.y, Tensor):
            if np.result_type(type(self.y)).kind not in "fiub" and not isinstance(self.y, np.ndarray):
                raise no_array(self.y)
            self.y = wrap(as_ndarray(self.y))
        if self.y.dtype.kind not in "fiub":
            raise no_array(self.y)
        self.nodes: list[Node] = [each._node for each in self.aliases]  # type: ignore[misc]
        self.outer = recording.get() and depends_on_others(self.y, self.nodes)

    def sweep(self, cotangent: Any, recorded: bool, retain: bool, given: bool = True) -> list[Any]:
        """The cotangents of the inputs: Tensors if recorded, else arrays; zeros where nothing depends."""
        found: Found = {}
        if self.y._node is not None:
            with enable_grad():
                found = sweep(self.y._node, cotangent, self.nodes, recorded=recorded, retain=retain, given=given)
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

    def irregular(self) -> Tensor:
        """A cotangent whose shares do not cancel to 0, which would be masked at poles."""
        spread = 1 + (np.arange(1, self.y.size + 1) * 0.6180339887498949) % 1
        return wrap(spread.reshape(self.y.shape).astype(self.y.dtype))

    def pull(self, cotangent: Any, retain: bool, given: bool = True) -> list[Any]:
        """The cotangents of the inputs, each as its input was given: a float, an array, a Tensor."""
        start = self.cotangent(cotangent)
        recorded = recording.get() and (self.outer or start._node is not None)
        parts = self.sweep(start if recorded else start._array, recorded, retain, given)
        return [self.give(part, x) for part, x in zip(parts, self.inputs)]

    def give(self, value: Any, like: Any) -> Any:
        """A result as the user gave the input; a Tensor where an outer transform needs the graph."""
        if isinstance(value, Tensor):
            if value._node is not None and depends_on_others(value, self.nodes):
                return value
            value = value._array
        if isinstance(like, Tensor):
            return wrap(np.asarray(value))
        return np.asarray(value) if isinstance(like, np.ndarray) or np.ndim(value) else float(value)

    def result(self) -> Any:
        """y as the user gave the inputs."""
        like: Any = next((x for x in self.inputs if isinstance(x, Tensor)), None)
        if like is None:
            like = next((x for x in self.inputs if isinstance(x, np.ndarray)), 0.0)
        given = self.give(self.y if self.outer else self.y._array, like)
        if not isinstance(given, np.ndarray):
            return given
        given = given[()]
        shared = any(isinstance(x, np.ndarray) and np.may_share_memory(given, x) for x in self.inputs)
        return given.copy() if shared else given


def no_array(result: Any) -> DTypeError:
    kind = f"an array of {result.dtype}" if isinstance(result, Tensor) else type(result).__name__
    return DTypeError(
        f"A differentiated function must return one array of real numbers, but returned {kind}.",
        "Write np.stack or np.concatenate to return several values.",
    )


def make_alias(x: Any) -> Tensor:
    if isinstance(x, Tensor):
        return alias(x) if x._node is not None else wrap(x._array, leaf_node(x._array))
    array = as_ndarray(x)
    if isinstance(x, (bool, int)) or not np.can_cast(array.dtype, np.longdouble, "same_kind"):
        raise DTypeError(f"A transform differentiates floats, but got {x!r}.", "Write 3.0, not 3.")
    return wrap(array, leaf_node(array))


def close(alias: Tensor) -> None:
    """Say that the function of this input has returned: nothing else will be differentiated by it."""
    if alias._node is not None and alias._node.primitive is None:
        alias._node.freed = True


def depends_on_others(y: Tensor, aliases: Sequence[Node]) -> bool:
    """Whether y was computed from a recorded value other than these aliases (or through them).

    The inputs of transforms inside, whose functions have returned, do not count.
    """
    if y._node is None:
        return False
    own = set(aliases)
    first = min((alias.index for alias in aliases), default=0)
    seen = {y._node}
    stack = [y._node]
    while stack:
        node = stack.pop()
        if node.primitive is None:
            if node not in own and not node.freed:
                return True
        elif node.index < first or node in own:
            return True
        else:
            for parent in node.parents:
                if parent.__class__ is Node and parent not in seen:
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
    """Like `grad`, but gives (value, gradient) with a single evaluation.

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

    Raises DTypeError for integers, ShapeError if the function returns more than one number.

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
    """Evaluate, and give (y, pullback): pullback(g) is gᵀ J, a tuple with one part per input.

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

    The pullback is linear in its cotangent; the transpose of it is J, so J t is the vjp of the vjp.

    Raises ShapeError if a tangent has not its input's shape.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    xs, tangents = as_tuple(xs), as_tuple(tangents)
    if not xs:
        raise ArgumentError("jvp needs at least one input.")
    if len(xs) != len(tangents):
        raise ArgumentError(f"jvp got {len(xs)} inputs, but {len(tangents)} tangents.")
    evaluation = Evaluation(function, xs, tuple(range(len(xs))), {})
    directions = [match_tangent(t, node) for t, node in zip(tangents, evaluation.nodes)]
    if evaluation.y._node is None:
        kind = evaluation.y.dtype if evaluation.y.dtype.kind == "f" else np.dtype(float)
        return evaluation.result(), evaluation.give(np.zeros(evaluation.y.shape, kind), xs[0])
    dummy = evaluation.irregular()
    dummy._node = leaf_node(dummy._array)
    close(dummy)
    parts = evaluation.sweep(dummy, recorded=True, retain=True, given=False)
    outer = recording.get() and (evaluation.outer or any(t._node is not None for t in directions))
    total = transpose(parts, directions, dummy._node, outer)
    if total is None:
        total = np.zeros(evaluation.y.shape, evaluation.y.dtype)
    like: Any = next((x for x in (*xs, *tangents) if isinstance(x, Tensor)), None)
    if like is None:
        like = next((x for x in xs if isinstance(x, np.ndarray)), 0.0)
    return evaluation.result(), evaluation.give(total, like)


def transpose(parts: list[Tensor], directions: list[Tensor], dummy: Node, recorded: bool) -> Any:
    """Sweep each part of a pullback, linear in its dummy cotangent, back to that, and sum."""
    total: Any = None
    for part, direction in zip(parts, directions):
        if part._node is not None:
            start = direction if recorded else direction._array
            share = sweep(part._node, start, [dummy], recorded=recorded).get(dummy)
            if share is not None:
                total = share[0] if total is None else total + share[0]
    return total if total is None or isinstance(total, Tensor) else np.array(total)


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
    """The function that computes the matrix of second derivatives, of shape (*input, *input).

    >>> hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    return jacobian(grad(function, argnums), argnums) if not isinstance(argnums, tuple) else blocks(function, argnums)


def blocks(function: Function, argnums: tuple[int, ...]) -> Function:
    """A tuple of tuples: the Hessian of every pair of arguments."""
    rows = [jacobian(grad(function, i), argnums) for i in argnums]
    return lambda *args, **options: tuple(row(*args, **options) for row in rows)
