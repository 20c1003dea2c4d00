"""Reverse mode: grad, value_and_grad, vjp, jacobian, hessian."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Literal, ParamSpec, TypeVarTuple, overload

import numpy as np

from ..engine.complex_numbers import conjugated
from ..engine.errors import ShapeError
from ..engine.primitive import Function
from ..engine.tensor import Tensor
from ..tree import is_container, mapped, outline
from .choosing import Argnames, Argnums, Choice
from .evaluation import Evaluation, as_given
from .holomorphic import check_jacobian, check_rows, complex_result, derivative_of, doubled, joined_parts
from .structure import held, zeros_beside

P = ParamSpec("P")
Xs = TypeVarTuple("Xs")
PLACES = "Each cotangent must stand in its result's place"


def value_and_grad(
    function: Callable[P, Any],
    argnums: Argnums | None = None,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[P, tuple[Any, Any]]:
    """Like `grad`, but gives (value, gradient) with a single evaluation. It raises what `grad` raises.

    With `has_aux` it gives ((value, aux), gradient).

    >>> value_and_grad(lambda x: x * x)(3.0)
    (9.0, 6.0)
    """
    choice = Choice(argnums, argnames)

    @wraps(function)
    def both(*args: Any, **options: Any) -> tuple[Any, Any]:
        evaluation = Evaluation(function, args, options, choice.keys(function, args, options), has_aux)
        y = single(evaluation)
        if y.dtype.kind == "c" and not holomorphic:
            raise complex_result(y.dtype)
        value = evaluation.result()
        if has_aux:
            value = value, evaluation.auxiliary()
        if holomorphic:
            parts = derivative_of(evaluation, evaluation.outer[0])
        else:
            parts = evaluation.pull({0: np.ones(y.shape, y.dtype)}, retain=evaluation.outer[0], given=False)
        return value, choice.formed(evaluation.arguments.filled(parts, zeros_beside))

    return both


def single(evaluation: Evaluation) -> Tensor:
    """The only number that a function returned."""
    y = evaluation.y
    if is_container(y.containers):
        raise no_number(outline(y.containers))
    if y.active[0].size != 1:
        raise no_number(f"shape {y.active[0].shape}")
    tensor: Tensor = y.active[0]
    return tensor


def no_number(got: str) -> ShapeError:
    return ShapeError(
        f"grad needs a function with a single value, but it returned {got}.",
        "Return a sum or a mean, or (value, aux) with has_aux=True; or use jacobian or vjp.",
    )


def grad(
    function: Callable[P, Any],
    argnums: Argnums | None = None,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[P, Any]:
    """The function that computes the gradient of `function`, which must return a single number.

    `argnums` says with respect to which positional arguments, `argnames` with respect to which by their names, given by
    keyword or by position. A tuple gives a tuple, both together give a pair, and neither means the first argument.
    Floats give floats, arrays arrays, Tensors Tensors; lists, tuples, dicts and dataclasses of them give the same. What
    else is in these is held constant: its gradient is 0 for integers and truths, None for other objects. With `has_aux`
    the function returns (value, aux), and the gradient comes as (gradient, aux).

    Where the result depends on something recorded outside, such as a parameter of a model, the gradient is a recorded
    Tensor. It nests: grad(grad(f)) is the second derivative.

    The gradient by a complex z = x + iy is ∂f/∂x + i ∂f/∂y, so that z - lr * gradient descends, as in PyTorch. With
    `holomorphic`, it is the derivative f′ of a function of complex numbers with a complex result.

    Raises DTypeError for integers, and for complex results without `holomorphic`; ShapeError if the function returns
    more than one number; ArgumentError if `argnums` or `argnames` name an argument that is not there, or one twice, or
    if a function is not holomorphic.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(lambda z: z * z, holomorphic=True)(3 + 4j)
    (6+8j)
    >>> grad(lambda w, x: (w * x).sum())(np.ones(2), np.array([3.0, 4.0]))
    array([3., 4.])
    >>> grad(lambda p: p["w"] * p["x"][0] ** p["n"])({"w": 2.0, "x": [3.0], "n": 2})
    {'w': 9.0, 'x': [12.0], 'n': 0.0}
    >>> grad(lambda x, *, scale: x * scale, argnames="scale")(2.0, scale=5.0)
    2.0
    >>> grad(lambda x: (x * x, {"twice": 2 * x}), has_aux=True)(3.0)
    (6.0, {'twice': 6.0})
    >>> grad(grad(lambda x: np.exp(2 * x)))(0.0)
    4.0
    """
    both = value_and_grad(function, argnums, argnames, has_aux, holomorphic)

    @wraps(function)
    def gradient(*args: Any, **options: Any) -> Any:
        value, slope = both(*args, **options)
        return (slope, value[1]) if has_aux else slope

    return gradient


@overload
def vjp(
    function: Callable[[*Xs], Any], *xs: *Xs, has_aux: Literal[False] = False
) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]: ...
@overload
def vjp(
    function: Callable[[*Xs], Any], *xs: *Xs, has_aux: Literal[True]
) -> tuple[Any, Callable[[Any], tuple[Any, ...]], Any]: ...
def vjp(function: Callable[[*Xs], Any], *xs: *Xs, has_aux: bool = False) -> tuple[Any, ...]:
    """Evaluate, and give (y, pullback): pullback(g), with g of y's shape, is gᵀ J, one part per input, in its shape.

    For complex numbers it is the gradient of Re(Σ conj(g) y), the loss whose gradient by y is g: conj(Jᵀ conj(g)) if
    the function is holomorphic.

    Inputs and results may be arrays in lists, tuples, dicts and dataclasses; g then has the containers of y.
    `has_aux` is as for `grad`, and gives (y, pullback, aux).

    Raises DTypeError for integers; the pullback ShapeError if g has another shape than y,
    ArgumentError if it has other containers.

    >>> y, pullback = vjp(lambda x: x * x, np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    >>> vjp(lambda a, b: {"sum": a + b, "product": a * b}, 2.0, 3.0)[1]({"sum": 0.0, "product": 1.0})
    (3.0, 2.0)
    """
    # Copies: the caller may write to the arrays before the pullback is called.
    evaluation = Evaluation(function, mapped(held, list(xs)), {}, range(len(xs)), has_aux)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        cotangents = dict(enumerate(evaluation.y.beside(cotangent, PLACES)))
        return tuple(evaluation.arguments.filled(evaluation.pull(cotangents, retain=True), zeros_beside))

    y = evaluation.result()
    return (y, pullback, evaluation.auxiliary()) if has_aux else (y, pullback)


@overload
def jacobian(
    function: np.ufunc,
    argnums: Argnums | None = None,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function: ...
@overload
def jacobian(
    function: Callable[P, Any],
    argnums: Argnums | None = None,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[P, Any]: ...
def jacobian(
    function: Function,
    argnums: Argnums | None = None,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Function:
    """The function that computes the Jacobian, of shape (*output shape, *input shape).

    `argnums`, `argnames` and `has_aux` are as for `grad`. Containers of results hold a Jacobian for each, and
    containers of inputs a block for each, inside. Raises what `grad` raises, but for the shape: any is taken. A complex
    result of real inputs has the complex Jacobian; by complex inputs it has one if the function is `holomorphic`.

    One sweep gives all rows, in as many times the memory; of large arrays it takes blocks of rows, so that none has
    more than about 10⁷ elements for them together. Where the result depends on something recorded outside, or the rule
    of an operation looks at single values (`if`, `float()`), there is a sweep for each row.

    >>> jacobian(lambda x: x**2)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    >>> jacobian(lambda p: {"area": p["a"] * p["b"]})({"a": 2.0, "b": 3.0})
    {'area': {'a': 3.0, 'b': 2.0}}
    """
    from . import batching  # which takes long to import

    choice = Choice(argnums, argnames)

    @wraps(function)
    def rows(*args: Any, **options: Any) -> Any:
        evaluation = Evaluation(function, args, options, choice.keys(function, args, options), has_aux)
        check_jacobian(evaluation, holomorphic)
        known, results = batching.rows_of(evaluation, holomorphic), range(len(evaluation.y.active))
        every = (choice.formed(blocks_of(evaluation, i, known.get(i), holomorphic)) for i in results)
        blocks = evaluation.y.filled(every, lambda constant: None)
        return (blocks, evaluation.auxiliary()) if has_aux else blocks

    return rows


def blocks_of(evaluation: Evaluation, number: int, rows: list[Any] | None, holomorphic: bool) -> list[Any]:
    """The Jacobian of one result with respect to each argument, of which the rows may be known."""
    y = evaluation.y.active[number]
    if rows is None:
        rows = rows_one_by_one(evaluation, number, holomorphic)
    if holomorphic:
        check_rows(evaluation, number, rows)
        rows = [conjugated(each) for each in rows]
    pairs = zip(rows, evaluation.nodes, evaluation.inputs)
    parts = [as_given(each.reshape(y.shape + node.shape), x) for each, node, x in pairs]
    blocks: list[Any] = evaluation.arguments.filled(parts, partial(zeros_beside, shape=y.shape))
    return blocks


def rows_one_by_one(evaluation: Evaluation, number: int, holomorphic: bool) -> list[Any]:
    """The rows of the Jacobian of one result, each from a sweep of its own; of a complex one from two."""
    y = evaluation.y.active[number]
    basis = np.eye(y.size, dtype=y.dtype).reshape(y.size, *y.shape)
    if doubled(y, holomorphic):
        basis = np.concatenate([basis, basis * 1j])
    pulled = [evaluation.pull({number: each}, retain=True) for each in basis]
    if not pulled:
        return [np.zeros((0, *node.shape), node.dtype) for node in evaluation.nodes]
    rows = [np.stack(each) for each in zip(*pulled)]
    return joined_parts(rows) if doubled(y, holomorphic) else rows


def hessian(
    function: Callable[P, Any],
    argnums: Argnums | None = None,
    argnames: Argnames | None = None,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[P, Any]:
    """The function that computes the matrix of second derivatives, of shape (*input shape, *input shape).

    `argnums`, `argnames` and `has_aux` are as for `grad`. With several arguments, or one in containers, it gives a
    block for each pair, in the containers of the gradient around those of the arguments. Raises what `grad` raises.
    With `holomorphic` it gives the second derivative f″ of a function of complex numbers; else they must be real.
    One sweep through the graph of the gradient gives all rows, as in `jacobian`.

    >>> hessian(lambda x: (x**3).sum())(np.array([1.0, 2.0]))
    array([[ 6.,  0.],
           [ 0., 12.]])
    >>> hessian(lambda p: p["a"] ** 2 * p["b"])({"a": 2.0, "b": 3.0})
    {'a': {'a': 6.0, 'b': 4.0}, 'b': {'a': 4.0, 'b': 0.0}}
    """
    return jacobian(grad(function, argnums, argnames, has_aux, holomorphic), argnums, argnames, has_aux, holomorphic)
