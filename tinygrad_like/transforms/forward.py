"""Forward mode: jvp."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

import numpy as np

from ..engine.complex_numbers import CONTINUOUS
from ..engine.errors import ArgumentError
from ..engine.node import Raised, forward_level, leaf_node
from ..engine.primitive import Function
from ..engine.recording import recording
from ..engine.tensor import Tensor, values_of, wrap
from ..tree import mapped
from .evaluation import Dependence, as_given, evaluated, independent, is_users, likeness, matching, place_of, sharing
from .structure import arguments_of

PLACES = "Each tangent must stand in its input's place"


@overload
def jvp(
    function: Function, xs: Sequence[Any], tangents: Sequence[Any], has_aux: Literal[False] = False
) -> tuple[Any, Any]: ...
@overload
def jvp(
    function: Function, xs: Sequence[Any], tangents: Sequence[Any], has_aux: Literal[True]
) -> tuple[Any, Any, Any]: ...
def jvp(function: Function, xs: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False) -> tuple[Any, ...]:
    """Evaluate at `xs`, and give (y, J t), the directional derivative along `tangents`.

    Every operation gives the tangent of its result at once, so that no graph is kept. Inputs and results may be in
    containers, as for `vjp`; the tangents stand in the same ones. `has_aux` is as for `grad`, and gives (y, J t, aux).

    Raises ShapeError if a tangent differs in shape from its input, ArgumentError for another number of tangents than
    inputs, or other containers, DTypeError for integers.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    >>> jvp(lambda p: {"area": p["a"] * p["b"]}, ({"a": 2.0, "b": 3.0},), ({"a": 1.0, "b": 0.0},))
    ({'area': 6.0}, {'area': 3.0})
    """
    listed, directions = as_list(xs), as_list(tangents)
    if not listed:
        raise ArgumentError("jvp needs at least one input.")
    if len(listed) != len(directions):
        raise ArgumentError(f"jvp got {len(listed)} inputs, but {len(directions)} tangents. {PLACES}.")
    arguments = arguments_of(listed, range(len(listed)))
    inputs, directions = arguments.active, arguments.beside(directions, PLACES)
    level, recorded = forward_level(), recording.get()

    def call() -> Any:
        return function(*arguments.filled([with_tangent(x, t, level, recorded) for x, t in zip(inputs, directions)]))

    y, aux = evaluated(call, level, has_aux)
    depends: Callable[[Any], bool] = Dependence().on_others if recorded else lambda place: False
    pairs = [split(each, level, depends) for each in y.active]
    likes = likeness(inputs), likeness([*inputs, *(t for t in directions if isinstance(t, Tensor))])

    def outward(value: Any) -> Any:
        return value if is_users(value) else independent(as_given(split(value, level, depends)[0], likes[0]), inputs)

    value = y.filled(independent(as_given(each, likes[0]), inputs) for each, _ in pairs)
    tangent = y.filled((independent(as_given(each, likes[1]), directions) for _, each in pairs), lambda constant: None)
    return (value, tangent, mapped(outward, aux)) if has_aux else (value, tangent)


def split(y: Tensor, level: int, depends: Callable[[Any], bool]) -> tuple[Tensor, Any]:
    """A value from inside at the levels below, and its tangent there."""
    place = y._node
    while place is not None and place.level > level:
        place = place.under
    tangent, under = (place.tangent, place.under) if place is not None and place.level == level else (None, place)
    value = wrap(y._array, under if depends(under) else None)
    if tangent is None:
        tangent = np.zeros(y.shape, y.dtype if y.dtype.kind in CONTINUOUS else float)
    elif not (isinstance(tangent, Tensor) and depends(tangent._node)):
        tangent = values_of(tangent)
    return value, tangent


def as_list(values: Any) -> list[Any]:
    return list(values) if isinstance(values, (tuple, list)) else [values]


def with_tangent(x: Any, tangent: Any, level: int, recorded: bool) -> Tensor:
    """An input of forward mode. Its lower levels, and those of its tangent, count if anything is recorded around."""
    array, under = place_of(x)
    direction = matching(tangent, leaf_node(array), "A tangent", "its input has shape")
    if not recorded:
        under, direction = None, direction.detach()
    tangent = direction._array if direction._node is None else direction
    return sharing(x, wrap(array, Raised(None, array, level, under, tangent)))
