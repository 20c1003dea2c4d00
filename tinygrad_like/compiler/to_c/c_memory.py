"""Where the memory of a program lies in C: in a table of pointers, in local variables, or in a workspace."""

from __future__ import annotations

import re
from typing import Any

from ..to_numpy.naming import Names
from ..tracing.program import CONSTANT, INPUT, REFERENCE, TEMPORARY, Memory, Program, Value
from .c_expressions import EXPRESSIONS
from .c_fusion import Group, flattened, passing, users
from .c_operations import Access, Callback
from .c_types import c_type, known, literal

LOCAL = 2048  # bytes of an array that may be a local variable, and
LOCALS = 1 << 15  # of all of them
ALIGNED = 64
RESERVED = frozenset(
    {
        *("apart", "auto", "best", "break", "call", "case", "char", "const"),
        *("continue", "default", "do", "double", "else", "enter", "enum", "erf"),
        *("erfc", "error", "extern", "factor", "float", "for", "gamma"),
        *("goto", "here", "if", "index_error", "inline", "int", "j0", "j1"),
        *("jn", "lgamma", "long", "main", "memcpy", "memory", "misfit", "register", "restrict"),
        *("return", "run", "short", "signed", "sizeof", "static", "strange", "struct"),
        *("sum", "switch", "table", "tgamma", "typedef", "union", "unsigned", "void"),
        *("volatile", "where", "while", "y0", "y1", "yn"),
    }
)
LOOP = re.compile(r"[i-r]\d*|end\d*|from\d*|at(_\d+|\d*)")
CALLED = frozenset(
    name + suffix
    for table in EXPRESSIONS.values()
    for template in table.values()
    for name in re.findall(r"(\w+)(?:{f})?\(", template)
    for suffix in ("", "f")
)


class Layout:
    """The place of each memory, and its name."""

    alignment = ALIGNED  # of memory in the workspace

    def __init__(self, program: Program, groups: list[Group], whole: Layout | None = None) -> None:
        """`whole` is the layout of another text of the program, whose table is used."""
        self.program, self.groups, self.whole = program, groups, whole
        self.passing: set[Memory] = set()
        self.slots: list[Memory] = []  # those whose pointers the caller gives: inputs, results, arrays of before
        self.scalars: list[Memory] = []
        self.locals: list[Memory] = []
        self.workspace: dict[Memory, int] = {}  # with the offset in bytes
        self.copies: list[tuple[Memory, int]] = []  # constants that are written to: the slot of what is copied
        self.size = 0
        self.names: dict[Memory, str] = {}
        self.taken: set[str] = set()
        self.wanted = wanted_names(program)
        self.origin = {each.memory: each.offset for each in program.inputs}
        self.users = users(groups)
        self.written = written_memories(groups)
        self.place()

    def place(self) -> None:
        self.slots += list(dict.fromkeys(each.memory for each in self.program.inputs))
        kept = [each.memory for each in self.program.outputs]
        kept += [each.value.memory for each in self.program.bindings if each.value is not None]
        self.fresh = [each for each in dict.fromkeys(kept) if each.kind == TEMPORARY or self.is_copied(each)]
        self.slots += self.fresh
        self.slots += [each for each in dict.fromkeys(kept) if each not in self.slots]
        if self.whole:
            self.slots, self.fresh = self.whole.slots, self.whole.fresh
        called = {memory for each in called_back(self.groups) for part in each.spans() for memory, _, _ in part}
        passed = [passing(each) for each in flattened(self.groups)]
        for memory, numbers in self.users.items():
            if memory.kind in (REFERENCE, CONSTANT) and not self.is_copied(memory):
                if memory not in self.slots and not (self.is_literal(memory) and memory not in called):
                    self.slots.append(memory)
            elif memory in self.slots or memory.kind == INPUT:
                continue
            elif len(numbers) == 1 and memory in passed[numbers[0]]:
                self.passing.add(memory)
            elif memory not in called and memory.kind == TEMPORARY and self.has_room(memory):
                (self.scalars if memory.size == memory.dtype.itemsize else self.locals).append(memory)
            else:
                self.workspace[memory] = 0
        self.sources = [each for each in self.users if self.is_copied(each) and each not in self.passing]
        self.pack()

    def has_room(self, memory: Memory) -> bool:
        self.local = getattr(self, "local", 0) + (memory.size if memory.size <= LOCAL else 0)
        return memory.size <= LOCAL and self.local <= LOCALS

    def is_copied(self, memory: Memory) -> bool:
        """Whether it is a constant that is written to: each run starts with a copy."""
        return memory.kind == CONSTANT and memory in self.written

    def is_literal(self, memory: Memory) -> bool:
        """Whether it is a single number, which stands in the text."""
        alone = memory.kind == CONSTANT and memory not in self.written and memory.size == memory.dtype.itemsize
        return alone and known(memory.dtype)

    def pack(self) -> None:
        """Offsets in the workspace: memory that is not used at the same time lies at the same place."""
        placed: list[tuple[int, int, int, int]] = []  # first and last group, begin and end
        for memory in sorted(self.workspace, key=lambda each: -each.size):
            first, last = self.users[memory][0], self.users[memory][-1]
            first = 0 if self.is_copied(memory) else first
            size = -(-max(1, memory.size) // self.alignment) * self.alignment
            begin = 0
            for low, high in sorted((b, e) for f, g, b, e in placed if f <= last and first <= g):
                if begin + size <= low:
                    break
                begin = max(begin, high)
            self.workspace[memory] = begin
            placed.append((first, last, begin, begin + size))
            self.size = max(self.size, begin + size)

    # -- names ----------------------------------------------------------------------------------

    def name(self, memory: Memory) -> str:
        name = self.names.get(memory)
        if name is None:
            name = self.names[memory] = self.free(self.wanted.get(memory, "t"))
        return name

    def free(self, wanted: str) -> str:
        if wanted in RESERVED or wanted in CALLED or LOOP.fullmatch(wanted) or not wanted[:1].isalpha():
            wanted = f"{wanted}_" if wanted[:1].isalpha() else f"v{wanted}"
        name, number = wanted, 2
        while name in self.taken:
            name, number = f"{wanted}{number}", number + 1
        self.taken.add(name)
        return name

    def is_scalar(self, memory: Memory) -> bool:
        return memory in self.scalars

    def constant(self, access: Access) -> str | None:
        """The text of a single number that is known, or in a local variable."""
        if access.memory in self.scalars:
            return self.name(access.memory)
        if self.is_literal(access.memory) and access.memory not in self.slots:
            number = access.memory.array.reshape(-1)[0]
            return literal(number, access.dtype)
        return None

    def element(self, access: Access, terms: list[str]) -> str:
        """The text of an element of a memory."""
        memory, size = access.memory, access.dtype.itemsize
        if memory in self.scalars:
            return self.name(memory)
        offset = access.offset - self.origin.get(memory, 0)
        name = self.name(memory)
        if access.dtype != memory.dtype:
            const = "" if memory in self.written else "const "
            name = f"(({const}{c_type(access.dtype)} *)({const}void *){name})"
        if offset:
            terms = [*terms, str(offset // size)]
        return f"{name}[{' + '.join(terms) or '0'}]"

    def address(self, memory: Memory, dtype: Any, offset: int) -> str:
        """The text of a pointer to an element of a memory."""
        if memory in self.scalars:
            return f"&{self.name(memory)}"
        start = (offset - self.origin.get(memory, 0)) // dtype.itemsize
        name = self.name(memory)
        if dtype != memory.dtype:
            const = "" if memory in self.written else "const "
            name = f"({const}{c_type(dtype)} *)({const}void *){name}"
        return f"{name} + {start}" if start else name

    def declarations(self) -> list[tuple[str, str]]:
        """The names of memories, with the lines that declare them."""
        found = []
        for slot, memory in enumerate(self.slots):
            if memory in self.users:
                const = "" if memory in self.written else "const "
                kind = f"{const}{c_type(memory.dtype)} *"
                found.append((memory, f"{kind}const {self.name(memory)} = ({kind})memory[{slot}];"))
        base = len(self.slots)
        for memory, offset in self.workspace.items():
            kind = f"{c_type(memory.dtype)} *"
            place = f"(void *)((char *)memory[{base}] + {offset})"
            found.append((memory, f"{kind}const {self.name(memory)} = ({kind}){place};"))
        for memory in self.locals:
            length = memory.size // memory.dtype.itemsize
            found.append((memory, f"{c_type(memory.dtype)} {self.name(memory)}[{length}];"))
        found += [(memory, f"{c_type(memory.dtype)} {self.name(memory)};") for memory in self.scalars]
        return [(self.name(memory), line) for memory, line in found]


def wanted_names(program: Program) -> dict[Memory, str]:
    """What each memory is called: as the largest value in it is in NumPy source."""
    names, found = Names(program), dict[Memory, Value]()
    for value in names.names:
        if value.memory not in found or value.size > found[value.memory].size:
            found[value.memory] = value
    return {memory: names[value] for memory, value in found.items()}


def called_back(groups: list[Group]) -> list[Callback]:
    """The calls of NumPy, in order."""
    return [one for group in flattened(groups) for one in group.operations if isinstance(one, Callback)]


def written_memories(groups: list[Group]) -> set[Memory]:
    found = set()
    for group in flattened(groups):
        for one in group.operations:
            found |= {memory for memory, _, _ in one.spans()[1]}
    return found
