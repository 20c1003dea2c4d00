"""Operations with several results: recorded as one, whose result is the vector of all of them; each is a part of it.

So the sweep adds up the cotangents of the parts in one vector, zeros where nothing arrived, and a rule runs once. It is
given a tuple of cotangents; and as `y`, if it names that, the tuple of results. A rule that takes `received_parts` is
told which of the results were used: an unused one has the cotangent 0, but so may a used one have.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from . import operators
from .complex_numbers import CONTINUOUS, converted
from .recording import observer, recording, tell
from .tensor import wrap
from .traces import ndarray_of

if TYPE_CHECKING:
    from .primitive import Primitive, Rule

EVERY = (True, True, True)  # of three results: all were used
# Of each result: its shape and dtype; of one of integers, which have no derivative, a copy of the array.
Layout = tuple[Any, ...]


def layout_of(parts: Sequence[Any]) -> Layout:
    return tuple((p.shape, p.dtype) if p.dtype.kind in CONTINUOUS else p.copy() for p in parts)


def pack(parts: Sequence[Any]) -> Any:
    """The floats and complex numbers among the results, in one vector."""
    return np.concatenate([np.ravel(part) for part in parts if part.dtype.kind in CONTINUOUS])


def spans(layout: Layout) -> list[tuple[int, int]]:
    """Where in the vector each result begins and ends."""
    stops, stop = [], 0
    for each in layout:
        size = prod(each[0]) if isinstance(each, tuple) else 0
        stops.append((stop, stop + size))
        stop += size
    return stops


def unpack(vector: Any, layout: Layout, constant: Any = None) -> tuple[Any, ...]:
    """The results out of the vector; for those that are not in it, what `constant` gives, or themselves."""
    parts = []
    for each, (start, stop) in zip(layout, spans(layout)):
        if isinstance(each, tuple):
            parts.append(one_of(vector, start, stop, *each))
        else:
            parts.append(each if constant is None else constant(each))
    return tuple(parts)


def one_of(vector: Any, start: int, stop: int, shape: tuple[int, ...], dtype: Any) -> Any:
    """One of the results out of the vector."""
    part = vector[start:stop].reshape(shape)
    return part if part.dtype == dtype else converted(part, dtype)


def unpacking(rule: Rule | None, kind: type[Rule]) -> Rule | None:
    """The rule of several results as one of their vector."""
    if rule is None:
        return None
    places = {i for i, name in enumerate(rule.wants) if name == "y"}

    def function(g: Any, *values: Any, layout: Layout, received_parts: Any = None, **options: Any) -> Any:
        known = [unpack(v, layout) if i in places else v for i, v in enumerate(values)]
        if rule.sees_parts and received_parts is not None:
            options["received_parts"] = [start in received_parts for start, _ in spans(layout)]
        return rule.function(unpack(g, layout, lambda part: np.zeros(part.shape)), *known, **options)

    return kind(function, rule.wants, (*rule.options, "layout", *["received_parts"] * rule.sees_parts))


def make_joint(primitive: Primitive) -> Primitive:
    """The record whose result is the vector of all results."""

    def forward(*arrays: Any, layout: Layout = (), **options: Any) -> Any:
        return pack([ndarray_of(part) for part in primitive.forward(*arrays, **options)])

    joint: Primitive = object.__new__(primitive.__class__)
    joint.__dict__.update(primitive.__dict__)
    joint.forward, joint.shape, joint.defaults = forward, "general", primitive.defaults | {"layout": ()}
    joint.rules = tuple(unpacking(rule, type(rule)) for rule in primitive.rules)  # type: ignore[arg-type]
    joint._recipes = {}
    return joint


def several(
    primitive: Primitive, mask: int, args: Any, arrays: list[Any], nodes: list[Any], options: Any, y: tuple[Any, ...]
) -> Any:
    """The results of an operation on Tensors, as Tensors in the same kind of tuple."""
    parts = [ndarray_of(part) for part in y]
    recorded = mask and recording.get() and any(part.dtype.kind in CONTINUOUS for part in parts)
    if not recorded and observer.get() is None:
        return like(y, [wrap(part) for part in parts])
    joint = primitive.joint = primitive.joint or make_joint(primitive)
    layout = layout_of(parts)
    options = options | {"layout": layout}
    vector = pack(parts)
    whole = wrap(vector, joint._record(mask, args, arrays, nodes, options, vector) if recorded else None)
    tell(joint, args, options, whole)
    part = operators.indexing.part
    results = [
        part(whole, start=start, stop=stop, shape=y.shape, dtype=y.dtype) if y.dtype.kind in CONTINUOUS else wrap(y)
        for y, (start, stop) in zip(parts, spans(layout))
    ]
    return like(y, results)


def like(y: tuple[Any, ...], parts: list[Any]) -> Any:
    """The parts in a tuple of the type of y, which may be a named one."""
    return tuple(parts) if type(y) is tuple else tuple.__new__(type(y), parts)
