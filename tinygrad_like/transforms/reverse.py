"""Reverse mode: grad, value_and_grad, vjp, jacobian, hessian."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVarTuple, overload

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.kinds import as_ndarray
from ..engine.primitive import Function
from ..engine.tensor import Tensor
from ..tree import leaves, mapped
from .evaluation import Evaluation, as_given

Argnums = int | tuple[int, ...]
P = ParamSpec("P")
Xs = TypeVarTuple("Xs")


def checked_argnums(argnums: Argnums, count: int, name: str) -> tuple[int, ...]:
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    for number in numbers:
        if not isinstance(number, int) or not -count <= number < count:
            raise ArgumentError(f"{name} got argnums={argnums!r}, but the function was given {count} arguments.")
    numbers = tuple(number % count for number in numbers)
    if len(set(numbers)) < len(numbers):
        raise ArgumentError(f"{name} got argnums={argnums!r}, which names an argument twice.")
    return numbers


def value_and_grad(function: Callable[P, Any], argnums: Argnums = 0) -> Callable[P, tuple[Any, Any]]:
    """Like `grad`, but gives (value, gradient) with a single evaluation. It raises what `grad` raises.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """

    @wraps(function)
    def both(*args: Any, **options: Any) -> tuple[Any, Any]:
        numbers = checked_argnums(argnums, len(args), "The gradient")
        evaluation = Evaluation(function, args, numbers, options)
        y = evaluation.y
        if y.size != 1:
            raise ShapeError(
                f"grad needs a function with a single value, but it returned shape {y.shape}.",
                "Return a sum or a mean, or use jacobian or vjp.",
            )
        value = evaluation.result()
        parts = evaluation.pull(np.ones(y.shape, y.dtype), retain=evaluation.outer, given=False)
        return value, tuple(parts) if isinstance(argnums, tuple) else parts[0]

    return both


def grad(function: Callable[P, Any], argnums: Argnums = 0) -> Callable[P, Any]:
    """The function that computes the gradient of `function`, which must return a single number.

    `argnums` says with respect to which positional arguments (a tuple gives a tuple). Floats give floats, arrays
    arrays, Tensors Tensors; lists, tuples and dicts of them give the same. Where the result depends on something
    recorded outside, such as a parameter of a model, the gradient is a recorded Tensor. It nests: grad(grad(f)) is the
    second derivative.

    Raises DTypeError for integers and complex numbers, ShapeError if the function returns more than one number,
    ArgumentError if `argnums` names an argument that is not there, or one twice.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(lambda w, x: (w * x).sum())(np.ones(2), np.array([3.0, 4.0]))
    array([3., 4.])
    >>> grad(lambda p: p["w"] * p["x"][0])({"w": 2.0, "x": [3.0]})
    {'w': 3.0, 'x': [2.0]}
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
    evaluation = Evaluation(function, mapped(held, list(xs)), tuple(range(len(xs))), {})

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        return tuple(evaluation.pull(cotangent, retain=True))

    return evaluation.result(), pullback


def held(x: Any) -> Any:
    return x if isinstance(x, (Tensor, float, int, np.generic)) else np.array(as_ndarray(x))


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
        y = evaluation.y
        basis = np.eye(y.size, dtype=y.dtype).reshape(y.size, *y.shape)
        pulled = [leaves(evaluation.pull(each, retain=True)) for each in basis]
        parts = []
        for i, (node, x) in enumerate(zip(evaluation.nodes, evaluation.inputs)):
            shape = y.shape + node.shape
            stacked = np.stack([row[i] for row in pulled]) if pulled else np.zeros(shape, node.dtype)
            parts.append(as_given(stacked.reshape(shape), x))
        blocks = evaluation.rebuilt(parts)
        return tuple(blocks) if isinstance(argnums, tuple) else blocks[0]

    return rows


def hessian(function: Callable[P, Any], argnums: Argnums = 0) -> Callable[P, Any]:
    """The function that computes the matrix of second derivatives, of shape (*input shape, *input shape).

    With a tuple of `argnums`, a tuple of tuples, one for each pair. Raises what `grad` raises.

    >>> hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    """
    if not isinstance(argnums, tuple):
        return jacobian(grad(function, argnums), argnums)
    rows = [jacobian(grad(function, i), argnums) for i in argnums]
    return lambda *args, **options: tuple(row(*args, **options) for row in rows)
