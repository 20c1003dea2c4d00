"""`Program`: what a trace wrote down. Memory, values in it, and the calls that compute them, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

INPUT, REFERENCE, CONSTANT, TEMPORARY = "input", "reference", "constant", "temporary"
PLAIN = frozenset({int, float, bool, str, type(None), type(Ellipsis), np.float64, np.float32})  # types of leaves


T = TypeVar("T")


class Once(Generic[T]):
    """A property that is computed when it is first asked for. (That of functools takes a lock, which costs more.)"""

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute, self.name = compute, compute.__name__

    def __get__(self, holder: Any, owner: Any = None) -> T:
        value: T = self.compute(holder)
        holder.__dict__[self.name] = value
        return value


@dataclass(eq=False, slots=True)
class Memory:
    """Memory that values lie in: of an input, of an array by reference, of a constant, or made by an instruction.

    `array` is that of a reference or a constant; `size` is in bytes.
    """

    kind: str
    size: int
    dtype: np.dtype[Any]
    array: Any = None
    index: int = -1  # of an input: which one
    made_inside: bool = False  # of a constant: it is written to, so each run starts with a copy
    name: str = ""


@dataclass(eq=False, slots=True)
class Value:
    """An array of a program: shape, dtype, and where in which memory it lies (offset and strides in bytes)."""

    number: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    strides: tuple[int, ...]
    memory: Memory
    offset: int = 0
    scalar: bool = False  # NumPy gives a number, not an array without axes
    weak: bool = False  # a Python float among the inputs: it takes the dtype of what it meets
    name: str = ""

    def __repr__(self) -> str:
        return f"v{self.number}"

    @property
    def size(self) -> int:
        size = 1
        for n in self.shape:
            size *= n
        return size

    @property
    def contiguous(self) -> bool:
        """Whether the elements lie row by row without gaps."""
        step = self.dtype.itemsize
        for n, stride in zip(reversed(self.shape), reversed(self.strides)):
            if n != 1 and stride != step:
                return self.size == 0
            step *= n
        return True


@dataclass(eq=False)
class Place:
    """Where an instruction comes from: the path of the layer, the operation, and the part of the step."""

    layer: str = ""
    operation: str = ""
    part: str = "forward"  # or "backward", "update"
    line: str = ""


@dataclass(eq=False)
class Instruction:
    """One call of a function: `results = function(*args, **options)`; it may write into the memory of `writes`.

    In args and options, Values stand where arrays stood. With a `body`, it is a condition: the body runs if `args[0]`
    has an element that is not finite, and writes what is right instead into it.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    options: dict[str, Any]
    results: tuple[Value, ...]
    writes: tuple[Value, ...] = ()
    place: Place = field(default_factory=Place)
    body: list[Instruction] | None = None
    container: type | None = None  # of several results: the kind of tuple

    @Once
    def reads(self) -> list[Value]:
        """The values that it takes, those of its body too."""
        found = values_in(self.args)
        if self.options:
            found += values_in(self.options)
        if self.body is not None:
            found += [value for each in self.body for value in each.reads]
        return found

    @Once
    def stores(self) -> list[Value]:
        """The values that it may write to, those of its body too."""
        return [*self.writes, *(value for each in self.body or () for value in each.stores)]

    @Once
    def made(self) -> list[Value]:
        """Its results, and those of its body."""
        return [*self.results, *(value for each in self.body or () for value in each.made)]

    @Once
    def values(self) -> list[Value]:
        """All values in it, those of its body too."""
        if self.body is None:
            return [*self.reads, *self.results, *self.writes]
        return [*self.reads, *self.made, *self.stores]

    @Once
    def is_view(self) -> bool:
        """Whether the result is only another look at memory that was there before."""
        if self.writes or self.body is not None or len(self.results) != 1:
            return False
        return self.results[0].memory in [each.memory for each in self.reads]


@dataclass(eq=False)
class Binding:
    """What happens to an attribute of a Tensor that was there before: it gets an array, a Tensor or None."""

    tensor: Any
    value: Value | None
    as_tensor: bool = False
    array: Any = None  # memory of before that it gets, instead of a value


@dataclass(eq=False)
class Program:
    """Inputs, instructions and what comes out."""

    inputs: list[Value]
    instructions: list[Instruction]
    outputs: list[Value]
    bindings: list[Binding]
    values: list[Value]
    references: list[Value]
    as_arrays: frozenset[int] = frozenset()  # the outputs that may be arrays without axes though NumPy gives numbers

    @property
    def stored(self) -> set[Memory]:
        """The memory of inputs and references that is written to."""
        written = {each.memory for one in self.instructions if one.writes or one.body for each in one.stores}
        return written & {each.memory for each in (*self.inputs, *self.references)}


def all_instructions(instructions: list[Instruction]) -> Iterator[Instruction]:
    """Those in bodies, too."""
    for each in instructions:
        yield each
        yield from all_instructions(each.body or [])


def values_in(structure: Any) -> list[Value]:
    """The values in the arguments of a call."""
    if type(structure) is Value:
        return [structure]
    if isinstance(structure, dict):
        structure = structure.values()
    elif type(structure) is slice:
        structure = structure.start, structure.stop, structure.step
    elif not isinstance(structure, (tuple, list)):
        return []
    found = []
    for each in structure:
        kind = type(each)
        if kind is Value:
            found.append(each)
        elif kind not in PLAIN:
            found += values_in(each)
    return found


def mapped_values(function: Callable[[Any], Any], structure: Any) -> Any:
    """The arguments of a call with function(leaf) in place of each leaf."""
    kind = type(structure)
    if kind is tuple or kind is list:
        return kind(mapped_values(function, each) for each in structure)
    if kind is dict:
        return {name: mapped_values(function, each) for name, each in structure.items()}
    if kind is slice:
        return slice(*(mapped_values(function, each) for each in (structure.start, structure.stop, structure.step)))
    if isinstance(structure, tuple):  # a named one
        return tuple.__new__(kind, [mapped_values(function, each) for each in structure])
    return function(structure)


def address(array: Any) -> int:
    """Where the first element of an array lies."""
    return int(array.__array_interface__["data"][0])
