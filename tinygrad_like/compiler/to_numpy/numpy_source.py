"""A program as the NumPy source that a person would have written for it."""

from __future__ import annotations

import operator
from itertools import islice
from textwrap import wrap
from typing import Any

import numpy as np

from ...engine.shortcuts import raise_unless
from ..passes.aliasing import Uses
from ..passes.collecting import uncollected
from ..tracing.program import CONSTANT, Instruction, Memory, Program, Value
from ..tracing.replay import view_of
from .buffers import FILLED, buffered
from .naming import Names
from .spelling import REAL, Speller

WIDTH = 112  # of lines, before they are indented
LARGE = 1 << 16  # bytes from which on a result is let go as soon as it is not needed


class Source:
    """The text of a program, and what it needs besides: `state`, arrays and functions by name.

    `exec(text, dict(state))` defines `step`, which takes the inputs and returns the outputs, then what is bound.
    """

    @uncollected
    def __init__(self, program: Program) -> None:
        self.program = program
        self.names = Names(program)
        self.speller = Speller(self.name, self.names.taken)
        self.uses = Uses(program)
        self.buffers, self.size = buffered(program, self.uses)
        self.fresh = list(dict.fromkeys(each.memory for each in program.references if starts_fresh(each)))
        self.still = {each for each in program.references if each.memory not in self.fresh}  # the same in each run
        self.kept = set(self.buffers)  # the same in each run on the same buffers
        self.top: list[str] = []
        self.made: list[str] = []
        self.mending: list[str] = []  # functions for what is rarely run, so that the step reads straight on
        self.flats: dict[Value, str] = {}
        self.owners = owners(program, self.names)
        body = self.body()
        self.text = self.whole(body)

    def name(self, value: Value) -> str:
        return self.names[value]

    # -- the parts of the text ----------------------------------------------------------------------

    def whole(self, body: list[str]) -> str:
        program, names = self.program, self.names
        results = [*program.outputs, *(each.value for each in moving(program, self.still))]
        ending = "," if len(results) == 1 else ""
        body.append(f"return {', '.join(map(self.name, results))}{ending}" if results else "return ()")
        given, parts, start = self.given(), self.parts(), self.start()
        lines: list[str] = []
        if given or self.speller.objects:
            fixed = {self.name(each) for each in program.references if each.memory.kind == CONSTANT}
            lines += ["", "# Given by name:", *(described(*each, each[0] in fixed) for each in given.items())]
            lines += [f"# {name}: {type(held).__name__}" for name, held in self.speller.objects.items()]
        constants = [f"{name} = {text}" for text, name in self.speller.constants.items()]
        first = [*constants, *parts, *self.top]
        lines += ["", *first] if first else []
        lines += self.buffer_lines()
        lines += ["", "", '@np.errstate(all="ignore")']
        lines += [f"def step({', '.join(map(names.__getitem__, program.inputs))}):"]
        lines += [f"    {each}" if each else "" for each in (*start, *body)]
        lines += self.mending
        return "\n".join([*self.head("\n".join(lines)), *lines]) + "\n"

    def head(self, text: str) -> list[str]:
        """The first lines, with the imports that a text needs."""
        imported = self.speller.imported | {each for each in ("ndarray", "empty") if f"{each}(" in text}
        lines = ['"""One step, as NumPy. The last argument of a function is where its result goes."""', ""]
        lines += ["import math", ""] if "math." in text else []
        return [*lines, "import numpy as np", *(listed("from numpy import ", sorted(imported)) if imported else [])]

    def given(self) -> dict[str, Any]:
        """The arrays that the text is given by name."""
        found: dict[str, Any] = {}
        for value in self.program.references:
            if value.memory in self.owners:
                found[self.owners[value.memory]] = value.memory.array
            elif value.memory not in self.fresh:
                found[self.name(value)] = view_of(value.memory.array, value)
        return found | {f"at_start_{i}": each.array for i, each in enumerate(self.fresh)}

    def parts(self) -> list[str]:
        """The lines for arrays that are parts of a larger one that is given."""
        lines = []
        for value in self.program.references:
            owner = self.owners.get(value.memory)
            if owner is not None and owner != self.name(value):
                lines.append(f"{self.name(value)} = {self.part(value, owner)}")
        return lines

    def part(self, value: Value, owner: str) -> str:
        array, step = value.memory.array, value.dtype.itemsize
        if array.ndim != 1 or array.dtype != value.dtype or not value.contiguous or value.offset % step:
            return self.view(value, owner, value.offset)
        start = value.offset // step
        text = owner if value.size == array.size else f"{owner}[{start}:{start + value.size}]"
        return text if len(value.shape) == 1 else f"{text}.reshape({', '.join(map(str, value.shape)) or '()'})"

    def start(self) -> list[str]:
        """The first lines of the step: its buffers, and copies of constants that it writes to."""
        lines = []
        if self.made:
            lines += ["try:", "    own = spare.pop()", "except IndexError:", "    own = buffers()"]
            lines += listed("", self.kept_names(), " = own")
        for i, memory in enumerate(self.fresh):
            lines.append(f"own_{i} = at_start_{i}.copy(order='K')")
            for value in self.program.references:
                if value.memory is memory:
                    lines.append(f"{self.name(value)} = {self.view(value, f'own_{i}', value.offset)}")
        return lines

    def kept_names(self) -> list[str]:
        return [each.split(" = ")[0].strip() for each in self.made]

    def buffer_lines(self) -> list[str]:
        if not self.made:
            return []
        lines = ["", "", "def buffers():", '    """Memory for the results of one call; some have the same."""']
        lines += [f"    memory = empty({self.size}, np.uint8)", *(f"    {each}" for each in self.made)]
        lines += [f"    {each}" for each in listed("return ", self.kept_names())]
        return [*lines, "", "", "spare = []"]

    # -- instructions -------------------------------------------------------------------------------

    def body(self) -> list[str]:
        for value, offset in self.buffers.items():
            self.made.append(f"{self.name(value)} = {self.view(value, 'memory', offset)}")
        lines: list[str] = []
        dying = self.dying()
        section, heading, seen_backward = "", "", False
        for i, each in enumerate(self.program.instructions):
            text = self.statement(each)
            if text:
                seen_backward |= each.place.part == "backward"
                part = "update" if seen_backward and each.place.part == "forward" else each.place.part
                if part != section:
                    lines += ["", f"# -- {part} --"]
                    section, heading = part, ""
                title = title_of(each)
                if title and title != heading:
                    lines.append(f"# {with_shape(title, telling(self.program.instructions, i))}")
                    heading = title
                lines += text
            if dying.get(i):
                lines.append(f"del {', '.join(dying[i])}")
        if self.made:
            lines.append("spare.append(own)")
        return lines

    def dying(self) -> dict[int, list[str]]:
        """After which instruction which large results are not needed any more."""
        found: dict[int, list[str]] = {}
        names: dict[Memory, list[str]] = {}
        for each in self.program.instructions:
            for value in each.results:
                if value.memory.array is None and value not in self.kept:
                    names.setdefault(value.memory, []).append(self.name(value))
        held = self.uses.escaping | {each.memory for each in (*self.program.inputs, *self.kept)}
        for memory, them in names.items():
            if memory.size >= LARGE and memory not in held:
                last = max([self.uses.last(memory), *(i for i, _ in self.uses.writes[memory])])
                found.setdefault(last, []).extend(them)
        return found

    def view(self, value: Value, memory: str, offset: int) -> str:
        """A value as a look at a block of memory."""
        shape, dtype = self.speller.leaf(value.shape), self.speller.leaf(value.dtype)
        strides = "" if value.contiguous else f", {self.speller.leaf(value.strides)}"
        return f"ndarray({shape}, {dtype}, {memory}, {offset}{strides})"

    def statement(self, each: Instruction, inside: bool = False) -> list[str]:
        """The lines of an instruction; those of a view that is always the same go to the start."""
        if each.body is not None:
            return self.condition(each, inside)
        if each.is_view and not inside:
            operands = each.reads
            line = f"{self.name(each.results[0])} = {self.speller.call(each)}"
            if all(value in self.still for value in operands):
                self.still.add(each.results[0])
                self.top.append(line)
                return []
            if all(value in self.still or value in self.kept for value in operands):
                self.kept.add(each.results[0])
                self.made.append(line)
                return []
        line = self.line(each)
        return [line] if line else []

    def line(self, each: Instruction) -> str:
        speller, results, args = self.speller, each.results, each.args
        if each.function is raise_unless:
            return f"if not {speller.operand(args[0])}: raise ValueError({args[1]!r})"
        if each.function is operator.setitem:
            return f"{speller.leaf(args[0])}[{speller.index(args[1])}] = {speller.leaf(args[2])}"
        if each.function is np.copyto and not each.options and isinstance(args[1], Value):
            return f"{speller.leaf(args[0])}[...] = {speller.leaf(args[1])}"
        if not results:
            return speller.call(each)
        value = results[0]
        if value in self.buffers:
            return self.into_buffer(each, value)
        if each.container is None:
            return f"{self.name(value)} = {speller.call(each)}"
        names = ", ".join(map(self.name, results))
        return f"{names}{',' if len(results) == 1 else ''} = {speller.call(each)}"

    def into_buffer(self, each: Instruction, value: Value) -> str:
        if each.function is np.empty:
            return ""
        if each.function is np.zeros:
            return f"{self.name(value)}.fill(0)"
        if len(each.args) == 1 and each.function in FILLED:
            return f"{self.name(value)}[...] = {self.speller.leaf(each.args[0])}"
        return self.speller.call(each, value)

    def condition(self, each: Instruction, inside: bool) -> list[str]:
        """A call of a function that is run only if a value has an element that is not finite."""
        checked = each.args[0]
        name = self.speller.leaf(checked)
        test = f"{self.speller.function(np.isfinite)}({name}).all()"
        if checked.dtype in REAL and checked.contiguous and checked.shape:
            # A finite sum of squares shows it as well, and is faster to compute.
            flat = f"{name}.ravel()" if inside else self.flat(checked)
            test = f"(math.isfinite({flat}.dot({flat})) or {test})"
        return [f"if not {test}:", f"    {self.mend(each)}"]

    def mend(self, each: Instruction) -> str:
        """The call of a new function, whose lines are the body of a condition."""
        made = set(each.made)
        used = dict.fromkeys(value for one in each.body or () for value in one.values if value not in made)
        lines = [line for one in each.body or () for line in self.statement(one, inside=True)]
        target = self.name(each.writes[0] if each.writes else each.args[0])
        own = ", ".join(self.name(value) for value in used if value not in self.still)
        call = f"{self.names.another(f'mend_{target}')}({own})"
        note = f'"""What {target} becomes if there is an infinity or nan."""'
        self.mending += ["", "", f"def {call}:", *(f"    {line}" for line in (note, *lines))]
        return call

    def flat(self, value: Value) -> str:
        """The name of the value as a vector."""
        name = self.name(value)
        if len(value.shape) == 1:
            return name
        if value not in self.kept and value not in self.still:
            return f"{name}.ravel()"
        if value not in self.flats:
            self.flats[value] = flat = f"{name}_flat_"
            (self.made if value in self.kept else self.top).append(f"{flat} = {name}.reshape(-1)")
        return self.flats[value]


def title_of(each: Instruction) -> str:
    return each.place.layer or each.place.operation


def telling(instructions: list[Instruction], first: int) -> Instruction:
    """The instruction under a heading whose result is that of the layer: in a forward pass the last with axes."""
    each = instructions[first]
    if each.place.part == "forward":
        for other in islice(instructions, first, None):
            if other.place.part != "forward" or title_of(other) != title_of(each):
                break
            each = other if other.results and other.results[0].shape else each
    return each


def with_shape(title: str, each: Instruction) -> str:
    shape = next((value.shape for value in (*each.results, *each.writes)), None)
    return title if shape is None else f"{title}, {shape}"


def described(name: str, array: Any, is_constant: bool) -> str:
    """What an array is, for a comment; a single number that never changes, with its value."""
    value = f" = {array.item()!r}" if is_constant and not array.shape else ""
    return f"# {name} {array.shape} {array.dtype}{value}"


def listed(before: str, names: list[str], after: str = "") -> list[str]:
    """Names with commas in between, in as many lines as it takes."""
    line = f"{before}{', '.join(names)}{',' * (len(names) == 1 and not before.startswith('from'))}{after}"
    if len(line) < WIDTH:
        return [line]
    inner = wrap(", ".join(names) + ",", WIDTH, initial_indent="    ", subsequent_indent="    ")
    return [f"{before}(", *inner, f"){after}"]


def starts_fresh(value: Value) -> bool:
    return value.memory.kind == CONSTANT and value.memory.made_inside


def moving(program: Program, still: set[Value]) -> list[Any]:
    """The bindings whose array is another in each run."""
    return [each for each in program.bindings if each.value is not None and each.value not in still]


def source(program: Program) -> str:
    """The program as text; see `Source`."""
    return Source(program).text


def state_of_source(written: Source) -> dict[str, Any]:
    """The arrays and functions that the text of a program is given by name."""
    return written.speller.objects | written.given()


def owners(program: Program, names: Names) -> dict[Memory, str]:
    """The memory that is given as a whole, by a name, and of which the text takes parts."""
    found: dict[Memory, str] = {}
    parts: dict[Memory, list[Value]] = {}
    for each in program.references:
        if not starts_fresh(each):
            parts.setdefault(each.memory, []).append(each)
    for memory, own in parts.items():
        array = memory.array
        if len(own) > 1 and array.size and array.flags.c_contiguous:
            whole = [each for each in own if view_of(array, each) is array]
            found[memory] = names[whole[0]] if whole else names.another(memory.name or "memory_of_" + names[own[0]])
    return found
