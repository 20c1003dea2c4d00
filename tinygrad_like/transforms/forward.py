"""Forward mode: jvp."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..engine.errors import ArgumentError
from ..engine.node import Raised, forward_level, leaf_node
from ..engine.primitive import Function
from ..engine.recording import recording
from ..engine.tensor import Tensor, values_of, wrap
from ..tree import flatten, in_order_of, unflatten
from .evaluation import as_given, depends_on_others, evaluated, independent, likeness, matching, place_of


def jvp(function: Function, xs: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Evaluate at `xs`, and give (y, J t), the directional derivative along `tangents`.

    Every operation gives the tangent of its result at once, so that no graph is kept.

    Raises ShapeError if a tangent differs in shape from its input, ArgumentError for another number of tangents than
    inputs, DTypeError for integers and complex numbers.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 0.0))
    (6.0, 3.0)
    """
    (xs, structure), (directions, other) = (flatten(as_list(each)) for each in (xs, tangents))
    if not xs:
        raise ArgumentError("jvp needs at least one input.")
    if structure != other:
        raise ArgumentError(
            f"jvp got {len(xs)} inputs, but {len(directions)} tangents; each must stand in its input's place.",
            "Write the tangents in the same lists, tuples and dicts as the inputs.",
        )
    directions = in_order_of(structure, as_list(tangents))
    level, recorded = forward_level(), recording.get()

    def enter() -> list[Any]:
        return unflatten(structure, [with_tangent(x, t, level, recorded) for x, t in zip(xs, directions)])

    y = evaluated(function, enter, {}, level)
    place = y._node
    while place is not None and place.level > level:
        place = place.under
    tangent, under = (place.tangent, place.under) if place is not None and place.level == level else (None, place)
    value = wrap(y._array, under if recorded and depends_on_others(under) else None)
    if tangent is None:
        tangent = np.zeros(y.shape, y.dtype if y.dtype.kind == "f" else float)
    elif not (recorded and isinstance(tangent, Tensor) and depends_on_others(tangent._node)):
        tangent = values_of(tangent)
    like = likeness([*xs, *(t for t in directions if isinstance(t, Tensor))])
    given = as_given(value, likeness(xs)), as_given(tangent, like)
    return independent(given[0], xs), independent(given[1], directions)


def as_list(values: Any) -> list[Any]:
    return list(values) if isinstance(values, (tuple, list)) else [values]


def with_tangent(x: Any, tangent: Any, level: int, recorded: bool) -> Tensor:
    """An input of forward mode. Its lower levels, and those of its tangent, count if anything is recorded around."""
    array, under = place_of(x)
    direction = matching(tangent, leaf_node(array), "A tangent", "its input has shape")
    if not recorded:
        under, direction = None, direction.detach()
    tangent = direction._array if direction._node is None else direction
    return wrap(array, Raised(None, array, level, under, tangent))
