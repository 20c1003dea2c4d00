"""Names for the values of a program, by what they are: parameters by their path, results by their part in a layer."""

from __future__ import annotations

import builtins
import keyword
from typing import Any

import numpy as np

from ..passes.aliasing import fills_memory, is_pure
from ..tracing.program import CONSTANT, Instruction, Program, Value, address, all_instructions
from .memory_names import identifier
from .spelling import Taken

RESERVED = {
    "np",
    "math",
    "step",
    "buffers",
    "ndarray",
    "empty",
    "memory",
    "spare",
    "own",
    *keyword.kwlist,
    *dir(builtins),
}
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
    "less": "below",
    "less_equal": "at_most",
    "greater": "above",
    "greater_equal": "at_least",
    "bitwise_and": "both",
    "bitwise_or": "either",
    "invert": "opposite",
    "isinf": "infinite",
    "maximum": "larger",
    "minimum": "smaller",
    "sqrt": "root",
    "einsum": "product",
    "tensordot": "product",
    "vecdot": "product",
    "concatenate": "joined",
    "stack": "stacked",
    "copy": "copied",
    "where": "chosen",
    "astype": "cast",
    "empty": "space",
    "zeros": "start",
    "getitem": "part",
    "add.reduce": "total",
    "maximum.reduce": "largest",
    "minimum.reduce": "smallest",
    "logical_or.reduce": "some",
    "logical_and.reduce": "every",
}
FORWARD = {"linear": "z", "relu": "h", "sigmoid": "h", "tanh": "h", "gelu": "h"}


class Names:
    """A name for each value of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.names: dict[Value, str] = {}
        self.taken = Taken(RESERVED)
        self.wholes: dict[Value, str] = {}  # of a view: the name of what it is a view of
        self.groups: dict[Any, Value] = {}  # the operand of each forward operation
        for i, value in enumerate(program.inputs):
            self.give(value, value.name or (INPUTS[i] if len(program.inputs) <= len(INPUTS) else f"x{i}"))
        self.name_references()
        for value in program.outputs:
            if value.scalar and value not in self.names and value.dtype.kind == "f":
                trains = any(each.place.part == "backward" for each in program.instructions)
                self.give(value, "loss" if trains else "result")
        # Of what a backward operation computes, the last in the shape of the operand is its gradient.
        self.gradients = {
            (group_of(each), value.shape, value.dtype): each
            for each in program.instructions
            if each.place.part == "backward" and not each.is_view
            for value in each.results
        }
        for each in all_instructions(program.instructions):
            self.name_results(each)

    def __getitem__(self, value: Value) -> str:
        return self.names[value]

    def give(self, value: Value, base: str) -> None:
        if value in self.names:
            return
        self.names[value] = self.another(base)

    def another(self, base: str) -> str:
        """A name that nothing has yet."""
        base = base if base.isidentifier() and base not in RESERVED else f"{identifier(base) or 'value'}_"
        return self.taken.another(base)

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
                self.give(value, constant_name(value))
            else:
                self.give(value, "state")

    def name_results(self, each: Instruction) -> None:
        place = each.place
        group = group_of(each)
        if place.part == "forward" and place.operation and group not in self.groups:
            operand = next((v for v in each.reads if v in self.names and v.memory.array is None and v.shape), None)
            if operand is not None:
                self.groups[group] = operand
        for value in each.results:
            self.give(value, self.base(each, value, group))

    def base(self, each: Instruction, value: Value, group: Any) -> str:
        name = name_of(each.function) if is_pure(each.function) else "result"
        if each.is_view and each.args and isinstance(each.args[0], Value) and each.args[0] in self.names:
            whole = self.wholes[value] = self.wholes.get(each.args[0], self.names[each.args[0]])
            return f"{whole}_{view_suffix(name, value)}"
        if each.place.part == "backward":
            operand = self.groups.get(group)
            is_gradient = self.gradients.get((group, value.shape, value.dtype)) is each
            if is_gradient and operand is not None and (operand.shape, operand.dtype) == (value.shape, value.dtype):
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


def constant_name(value: Value) -> str:
    if value.shape:
        return "rows" if value.dtype.kind in "iu" else "constant"
    if value.memory.kind != CONSTANT or value.memory.array.shape:
        return "constant"
    return {0: "zero", 1: "one", 2: "two"}.get(value.memory.array.item(), "constant")


def group_of(each: Instruction) -> tuple[str, str]:
    return each.place.layer, each.place.operation


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
