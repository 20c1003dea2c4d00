"""A program made to stand alone: with copies of its arrays, perhaps in another dtype, and without calls of NumPy."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from ...engine.errors import UnsupportedError
from ..to_c.c_geometry import row_major
from ..to_c.c_lowering import lowered
from ..to_c.c_maps import NoExpression
from ..to_c.c_operations import Callback, Condition, Map, Operation, Position, Product, Reduce, Scatter
from ..to_c.c_types import known
from ..tracing.program import CONSTANT, REFERENCE, TEMPORARY, Instruction, Memory, Program, Value, mapped_values
from .export_inlined import INLINED
from .export_paths import Part


class Copied:
    """A program with memory of its own. Its floats have `dtype`, if that is given; bindings are left out."""

    def __init__(self, program: Program, dtype: Any = None) -> None:
        self.dtype = None if dtype is None else np.dtype(dtype)
        self.memories: dict[Memory, Memory] = {}
        self.values: dict[Value, Value] = {}
        instructions = [self.instruction(each) for each in program.instructions]
        inputs, references, outputs = ([*map(self.value, each)] for each in program_parts(program))
        outputs = self.with_outputs_apart(outputs, instructions)
        self.program = Program(inputs, instructions, outputs, [], [*self.values.values(), *outputs], references)

    def with_outputs_apart(self, outputs: list[Value], instructions: list[Instruction]) -> list[Value]:
        """The outputs, each in memory that holds nothing else; instructions that copy are added for that."""
        apart: list[Value] = []
        for value in outputs:
            whole = value.contiguous and value.size * value.dtype.itemsize == value.memory.size
            if not whole or value.memory.kind != TEMPORARY or value.memory in [each.memory for each in apart]:
                size = value.dtype.itemsize
                memory = Memory(TEMPORARY, value.size * size, value.dtype)
                number = len(self.values) + len(apart)
                new = Value(number, value.shape, value.dtype, row_major(value.shape, size), memory)
                instructions.append(Instruction(np.copy, (value,), {}, (new,)))
                value = new
            apart.append(value)
        return apart

    def other(self, dtype: Any) -> Any:
        """The dtype in place of another."""
        return self.dtype if self.dtype is not None and dtype.kind == "f" else dtype

    def memory(self, old: Memory) -> Memory:
        new = self.memories.get(old)
        if new is None:
            dtype = self.other(old.dtype)
            with np.errstate(over="ignore"):  # the largest float64 becomes an infinity
                array = None if old.array is None else flat(old).astype(dtype)
            size = old.size // max(1, old.dtype.itemsize) * dtype.itemsize if array is None else array.nbytes
            new = replace(old, size=size, dtype=dtype, array=array)
            self.memories[old] = new
        return new

    def value(self, old: Value) -> Value:
        new = self.values.get(old)
        if new is None:
            dtype, size = self.other(old.dtype), old.dtype.itemsize
            if old.dtype != old.memory.dtype and old.size:
                raise UnsupportedError(
                    f"A C file cannot read memory of {old.memory.dtype} as {old.dtype}.", "Write x.astype(dtype)."
                )
            strides = tuple(each // size * dtype.itemsize for each in old.strides)
            offset = old.offset // size * dtype.itemsize
            new = replace(old, dtype=dtype, strides=strides, offset=offset, memory=self.memory(old.memory))
            self.values[old] = new
        return new

    def leaf(self, leaf: Any) -> Any:
        if isinstance(leaf, Value):
            return self.value(leaf)
        if self.dtype is None:
            return leaf
        if isinstance(leaf, np.floating):
            return self.dtype.type(leaf)
        if isinstance(leaf, np.dtype) or (isinstance(leaf, type) and issubclass(leaf, (float, np.floating))):
            return self.other(np.dtype(leaf))
        return leaf

    def instruction(self, old: Instruction) -> Instruction:
        args, options, results, writes = (
            mapped_values(self.leaf, part) for part in (old.args, old.options, old.results, old.writes)
        )
        body = None if old.body is None else [self.instruction(each) for each in old.body]
        return replace(old, args=args, options=options, results=results, writes=writes, body=body)


def program_parts(program: Program) -> tuple[list[Value], list[Value], list[Value]]:
    return program.inputs, program.references, program.outputs


def flat(memory: Memory) -> Any:
    """A copy of the contents of a memory, in their order, gaps included."""
    array = memory.array
    if any(stride < 0 for stride in array.strides):
        raise UnsupportedError("A C file cannot have an array that lies in memory backwards.", "Copy it before.")
    low, high = np.lib.array_utils.byte_bounds(array)
    size = array.dtype.itemsize
    return np.lib.stride_tricks.as_strided(array, ((high - low) // size,), (size,)).copy()


# -- operations -----------------------------------------------------------------------------------


def operations_of(program: Program) -> list[Operation]:
    """The operations of a program. Raises UnsupportedError, which names the operation, for what C has no loop for."""
    return inlined(lowered(program.instructions))


def inlined(operations: list[Operation]) -> list[Operation]:
    found: list[Operation] = []
    for each in operations:
        if isinstance(each, Callback):
            found += in_place_of(each)
        elif isinstance(each, Condition):
            found.append(replace(each, body=inlined(each.body)))
        else:
            found.append(each)
    return found


def in_place_of(call: Callback) -> list[Operation]:
    """Loops in place of a call of NumPy."""
    one, why = call.instruction, call.why
    lower = loop_of(one.function)
    if lower is not None:
        try:
            return lower(one)
        except NoExpression as error:
            why = str(error)
    raise UnsupportedError(*refusal(one, why))


def loop_of(function: Any) -> Any:
    """What makes loops of a function; of one that is `whole`, by what it is inside."""
    if getattr(function, "__hash__", None) is None:
        return None
    return INLINED.get(function) or INLINED.get(getattr(function, "__wrapped__", None))


def refusal(one: Instruction, why: str) -> tuple[str, str]:
    """The message for an instruction that has no loop."""
    name = getattr(one.function, "__name__", repr(one.function))
    owner = getattr(one.function, "__self__", None)
    if isinstance(owner, np.ufunc):
        name = f"{owner.__name__}.{name}"
    draws = isinstance(owner, np.random.Generator) or "random" in str(getattr(one.function, "__module__", ""))
    place = one.place
    within = " of ".join(filter(None, (place.operation, place.layer)))
    instead = (
        "Give the random numbers as an input, or export the model in eval mode."
        if draws
        else "Compute it outside, and give the result as an input; or write it with other functions."
    )
    text = f"A C file cannot compute {name}" + (f", in {within}" if within else "")
    return f"{text}: {'it draws random numbers' if draws else why}.", "\n  ".join(filter(None, (place.line, instead)))


# -- memory ---------------------------------------------------------------------------------------


def written_first(operations: list[Operation]) -> set[Memory]:
    """The memories that are wholly written before anything is read from them: nothing in them outlives a run."""
    written: dict[Memory, bytearray] = {}
    read: set[Memory] = set()
    for one in operations:
        reads, writes = one.spans()
        if isinstance(one, Scatter):
            reads = [*reads, *writes]  # it leaves the other elements
        for memory, low, high in reads:
            if not all(written.get(memory, b"\0")[low:high] or b"\0"):
                read.add(memory)
        if isinstance(one, (Map, Reduce, Product, Position)):
            low, high = one.target.span(one.space)
            elements = prod(n for n, stride in zip(one.space, one.target.strides) if stride)
            if elements * one.target.dtype.itemsize == high - low:
                marks = written.setdefault(one.target.memory, bytearray(one.target.memory.size))
                marks[low:high] = b"\1" * (high - low)
    return {memory for memory, marks in written.items() if memory not in read}


def settle(operations: list[Operation], parts: dict[Memory, list[Part]]) -> tuple[list[Memory], list[Memory]]:
    """The memories of before that are the state, and those of gradients, which become temporary.

    Single numbers become constants.
    """
    touched = [part for each in operations for part in each.spans()]
    used = dict.fromkeys(memory for spans in touched for memory, _, _ in spans if memory.array is not None)
    written = {memory for each in operations for memory, _, _ in each.spans()[1]}
    passing = written_first(operations)
    state, gradients = [], []
    for memory in used:
        changes = any(part.kind == "setting" and part.path == "lr" for part in parts.get(memory, ()))
        if memory in passing and not parts.get(memory):
            if memory.kind == REFERENCE:
                gradients.append(memory)
            memory.kind, memory.array = TEMPORARY, None
        elif memory.kind == REFERENCE and (memory in written or changes):
            state.append(memory)
        elif memory.size == memory.dtype.itemsize:
            memory.kind = CONSTANT
    return state, gradients


def check_dtypes(values: list[Value]) -> None:
    for each in values:
        if not known(each.dtype):
            raise UnsupportedError(
                f"A C file does not compute with {each.dtype}.",
                "Give it real and imaginary parts." if each.dtype.kind == "c" else "Convert it to float64 before.",
            )
        if not each.size:
            raise UnsupportedError(f"A C file has no arrays of shape {each.shape}.", "Leave empty arrays out.")
