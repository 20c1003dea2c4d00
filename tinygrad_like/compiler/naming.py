"""Names for the values of a program, by what they are: parameters by their path, results by their part in a layer."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..nn.finding import Holder, walk
from ..optim.optimizer import Optimizer
from .aliasing import fills_memory, is_pure
from .program import CONSTANT, Instruction, Program, Value, all_instructions
from .spelling import unused

RESERVED = {"np", "math", "step", "buffers", "ndarray", "empty", "memory", "own", "spare", *keyword.kwlist, *dir(builtins)}
INPUTS = "xtuvw"
# What results are called by the function that gives them.
RESULTS = {
    "add": "total",
    "subtract": "difference",
    "multiply": "product",
    "divide": "quotient",
    "true_divide": "quotient",
    "dot": "product",
    "matmul": "product",
    "exp": "exps",
    "log": "logs",
    "negative": "minus",
    "reciprocal": "inverse",
    "isfinite": "finite",
    "not_equal": "mask",
    "equal": "same",
    "where": "chosen",
    "astype": "cast",
    "getitem": "part",
    "add.reduce": "total",
    "maximum.reduce": "largest",
    "minimum.reduce": "smallest",
}
FORWARD = {"linear": "z", "relu": "h", "sigmoid": "h", "tanh": "h", "gelu": "h"}


def name_parameters(program: Program, holders: Iterable[Any]) -> None:
    """Name the arrays by reference that these layers hold, and settings, vectors and states of these optimizers."""
    known: dict[Any, str] = {}
    vectors: dict[int, str] = {}
    for holder in holders:
        if isinstance(holder, Optimizer):
            for group in holder.param_groups:
                for name, tensor in group.memory.items():
                    note(known, name, tensor)
            for flat, states in holder._states.items():
                named = {"parameters": flat.values, "gradients": flat.gradients, **states}
                vectors |= {address(each): name for name, each in named.items() if isinstance(each, np.ndarray)}
        elif isinstance(holder, Holder):
            for path, tensor in walk(holder):
                note(known, path, tensor)
    for value in program.references:
        place = place_of(value)
        vector = vectors.get(place[0] - value.offset, "")
        value.name = known.get(place) or (vector if fills_memory(value) or not vector else f"{vector}_part")


def note(known: dict[Any, str], path: str, tensor: Any) -> None:
    """The longest path is that in the outermost layer."""
    array = getattr(tensor, "_array", None)
    if isinstance(array, np.ndarray):
        key = address(array), array.shape, array.strides
        known[key] = max(known.get(key, ""), identifier(path), key=len)


def address(array: Any) -> int:
    return int(array.__array_interface__["data"][0])


def identifier(path: str) -> str:
    """A path as a name: `layers[0].weight` is `layers0_weight`."""
    return re.sub(r"\W+", "_", re.sub(r"\[(\d+)\]", r"\1", path)).strip("_")


class Names:
    """A name for each value of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names: dict[Value, str] = {}
        self.taken = set(RESERVED)
        self.groups: dict[Any, Value] = {}  # the operand of each forward operation
        for i, value in enumerate(program.inputs):
            self.give(value, value.name or (INPUTS[i] if len(program.inputs) <= len(INPUTS) else f"x{i}"))
        self.name_references()
        for value in program.outputs:
            if value.scalar and value not in self.names and value.dtype.kind == "f":
                trains = any(each.place.part == "backward" for each in program.instructions)
                self.give(value, "loss" if trains else "result")
        for each in all_instructions(program.instructions):
            self.name_results(each)

    def __getitem__(self, value: Value) -> str:
        return self.names[value]

    def give(self, value: Value, base: str) -> None:
        if value in self.names:
            return
        base = base if base.isidentifier() and base not in RESERVED else f"{identifier(base) or 'value'}_"
        self.names[value] = name = unused(base, self.taken)
        self.taken.add(name)

    def name_references(self) -> None:
        where = {place_of(value): value for value in self.program.references}
        gradients = set()
        for binding in self.program.bindings:
            if binding.value is not None and binding.value.memory.array is not None:
                array = binding.tensor._array
                parameter = where.get((address(array), array.shape, array.strides))
                name = "" if parameter is None else parameter.name
                self.give(binding.value, f"d_{name or 'parameter'}")
                gradients.add(binding.value.memory)
        for value in self.program.references:
            if value.name:
                self.give(value, value.name)
            elif value.memory in gradients:
                self.give(value, "gradients" if fills_memory(value) else "d_parameter")
            elif value.memory.kind == CONSTANT or not value.shape:
                self.give(value, "rows" if value.dtype.kind in "iu" and value.shape else "constant")
            else:
                self.give(value, "state")

    def name_results(self, each: Instruction) -> None:
        place = each.place
        group = place.layer, place.operation
        if place.part == "forward" and place.operation and group not in self.groups:
            operand = next((v for v in each.reads if v in self.names and v.memory.array is None and v.shape), None)
            if operand is not None:
                self.groups[group] = operand
        for value in each.results:
            self.give(value, self.base(each, value, group))

    def base(self, each: Instruction, value: Value, group: Any) -> str:
        name = name_of(each.function) if is_pure(each.function) else "result"
        if each.is_view and each.args and isinstance(each.args[0], Value) and each.args[0] in self.names:
            return f"{self.names[each.args[0]]}_{view_suffix(name, value)}"
        if each.place.part == "backward":
            operand = self.groups.get(group)
            if operand is not None and operand.shape == value.shape and operand.dtype == value.dtype:
                return "d_" + self.names[operand]
            return RESULTS.get(name, name)
        if name in ("dot", "matmul") and each.place.operation == "linear":
            return "z"
        if self.is_last(each, value):
            return FORWARD.get(each.place.operation, RESULTS.get(name, name))
        return RESULTS.get(name, name)

    def is_last(self, each: Instruction, value: Value) -> bool:
        """Whether a forward operation has no result after this."""
        if not hasattr(self, "last"):
            top = self.program.instructions
            self.last = {id(one.place): one for one in top if one.results and not one.is_view}
        return each.place.part == "forward" and self.last.get(id(each.place)) is each


def name_of(function: Any) -> str:
    owner = getattr(function, "__self__", None)
    name = str(getattr(function, "__name__", "value"))
    return f"{owner.__name__}.{name}" if isinstance(owner, np.ufunc) else name.strip("_<>")


def view_suffix(name: str, value: Value) -> str:
    if name in ("transpose", "swapaxes"):
        return "T"
    if value.shape and (name in ("reshape", "ravel") or value.shape[0] == 1):
        kinds = {1: "flat", 2: "row" if value.shape[0] == 1 else "column" if value.shape[-1] == 1 else "rows"}
        return kinds.get(len(value.shape), "view")
    return "part" if name == "getitem" else "view"


def place_of(value: Value) -> Any:
    return address(value.memory.array) + value.offset, value.shape, value.strides
