"""Names for the arrays that a program refers to: parameters by their path, and what an optimizer keeps."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ...engine.tensor import Tensor
from ...nn.finding import walk
from ...nn.layer import Layer
from ...optim.optimizer import Optimizer
from ..holders import contents
from ..tracing.before import is_traced
from ..tracing.program import Program, Value, address

Place = tuple[int, tuple[int, ...], tuple[int, ...]]


def name_memory(program: Program, holders: Iterable[Any], function: Any) -> None:
    """Name the arrays by reference that belong to these layers and optimizers, or to variables around a function."""
    known: dict[Place, str] = {}
    vectors: list[tuple[int, int, str]] = []
    for path, array in (*variables(function), *arrays_of(holders)):
        known[place_of(array)] = max(known.get(place_of(array), ""), identifier(path), key=len)
    for flat in flat_vectors(holders):
        add_vector(flat, known)
    for (start, shape, strides), name in known.items():
        if len(shape) == 1 and strides[0] > 0:
            vectors.append((start, start + shape[0] * strides[0], name))
    for value in program.references:
        array = value.memory.array
        if array is not None:
            start = address(array)
            value.memory.name = known.get(place_of(array), "")
            value.name = known.get((start + value.offset, value.shape, value.strides), value.name)
            if not value.name and value.shape:
                value.name = part_name(start + value.offset, value, vectors)


def arrays_of(holders: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """What layers and optimizers keep, with paths."""
    for each in holders:
        if isinstance(each, Optimizer):
            for group in each.param_groups:
                yield from ((name, tensor._array) for name, tensor in group.memory.items())
            for part in each._parts:
                yield from (("steps" if name == "step" else name, n._array) for name, n in part.numbers.items())
            for state in each._states.values():
                yield from ((str(name), tensor._array) for name, tensor in state.items() if isinstance(name, str))
        elif isinstance(each, Layer):
            for path, tensor in walk(each):
                array = tensor._array if isinstance(tensor, Tensor) else tensor
                if isinstance(array, np.ndarray) and not is_traced(array):  # copies of layers for one call hold such
                    yield path, array


def variables(function: Any) -> Iterator[tuple[str, Any]]:
    """The arrays and Tensors that a function finds around it."""
    code = getattr(function, "__code__", None)
    if code is None:
        return
    around = function.__globals__
    named = {name: around[name] for name in code.co_names if name in around}
    named |= {name: contents(cell) for name, cell in zip(code.co_freevars, function.__closure__ or ())}
    for name, each in named.items():
        array = each._array if isinstance(each, Tensor) else each
        if isinstance(array, np.ndarray):
            yield name, array


def flat_vectors(holders: Iterable[Any]) -> list[Any]:
    found: dict[int, Any] = {}
    for each in holders:
        parameters = each.params if isinstance(each, Optimizer) else []
        found |= {id(p._flat): p._flat for p in parameters}
    return list(found.values())


def add_vector(flat: Any, known: dict[Place, str]) -> None:
    """The vector of some parameters, that of their gradients, and each gradient."""
    for slot in range(len(flat.shapes)):
        name = known.get(place_of(flat.part(flat.values, slot)))
        if name:
            known.setdefault(place_of(flat.part(flat.gradients, slot)), f"d_{name}")
    known[place_of(flat.values)] = "parameters" if len(flat.shapes) > 1 else known.get(place_of(flat.values), "p")
    known[place_of(flat.gradients)] = "gradients" if len(flat.shapes) > 1 else f"d_{known[place_of(flat.values)]}"


def part_name(start: int, value: Value, vectors: list[tuple[int, int, str]]) -> str:
    """The name of a part of a vector."""
    end = start + value.size * value.dtype.itemsize
    around = [(stop - first, name) for first, stop, name in vectors if first <= start and end <= stop]
    return f"{min(around)[1]}_part" if around else ""


def name_inputs(program: Program, function: Any, args: Any, options: Any) -> None:
    """Name the inputs as the parameters of a function, given arguments that hold the inputs themselves."""
    try:
        given = inspect.signature(function).bind(*args, **options).arguments
    except (TypeError, ValueError):  # some builtins have no signature
        return
    inputs = set(program.inputs)
    for name, each in given.items():
        if type(each) in (tuple, list):
            for i, one in enumerate(each):
                if isinstance(one, Value) and one in inputs:
                    one.name = f"{name}{i}"
        elif isinstance(each, dict):
            for key, one in each.items():
                if isinstance(one, Value) and one in inputs and str(key).isidentifier():
                    one.name = str(key)
        elif isinstance(each, Value) and each in inputs:
            each.name = name


def identifier(path: str) -> str:
    """A path as a name: `layers[0].weight` is `layers0_weight`."""
    return re.sub(r"\W+", "_", re.sub(r"\[(\d+)\]", r"\1", path)).strip("_")


def place_of(array: Any) -> Place:
    return address(array), array.shape, array.strides
