"""Loops as C functions of their own: written once for all groups that do the same with other memory."""

from __future__ import annotations

from math import prod
from typing import Any

from ..tracing.program import Memory
from .c_fusion import Group
from .c_loops import LETTERS, VECTOR, Lines, Nest, finite, put, term
from .c_memory import Layout
from .c_operations import Access, Constant, Gather, Reduce, folded
from .c_types import c_type

LARGE = 512  # elements, from which on a loop is a function; shorter ones stand in the step, and share its registers
MANY = 60  # groups, from which on all loops are functions, so that the compiler has less to do

Key = tuple[Memory, Any, int]


class Parameters:
    """What a loop calls the memory that it is given: a pointer to the first element of each access."""

    def __init__(self, layout: Layout, keys: list[Key]) -> None:
        self.layout, self.passing, self.taken = layout, layout.passing, layout.taken
        self.names: dict[Key, str] = {}
        used: set[str] = set()
        for key in keys:
            base = name = layout.name(key[0])
            number = 2
            while name in used:
                name, number = f"{base}_part{number}", number + 1
            used.add(name)
            self.names[key] = name

    def name(self, memory: Memory) -> str:
        return self.layout.name(memory)

    def is_scalar(self, memory: Memory) -> bool:
        return False

    def constant(self, access: Access) -> str | None:
        return None if access.memory in self.layout.scalars else self.layout.constant(access)

    def element(self, access: Access, terms: list[str]) -> str:
        return f"{self.names[access.memory, access.dtype, access.offset]}[{' + '.join(terms) or '0'}]"


class Functions:
    """The functions of a program, each under what it does."""

    def __init__(self, layout: Layout, groups: int, others: Functions | None = None) -> None:
        """`others` are those of another text of the program: they are used, too."""
        self.layout, self.many = layout, groups > MANY
        self.known: dict[Any, tuple[str, bool]] = others.known if others else {}
        self.texts: list[str] = others.texts if others else []

    def takes(self, group: Group) -> bool:
        return group.loops and bool(group.space) and (self.many or prod(group.space) >= LARGE)

    def strange(self, checked: Access, space: tuple[int, ...]) -> str | None:
        """The call of a function that tells whether an element is not finite; None if that is a short loop."""
        if not space or (not self.many and prod(space) < LARGE):
            return None
        starts = folded(space, [checked.strides])
        ends = [*(each - 1 for each in starts[1:]), len(space) - 1]
        steps = [checked.strides[end] for end in ends]
        lengths = [prod(space[start : end + 1]) for start, end in zip(starts, ends)]
        shape = "strange", checked.dtype, tuple(steps), tuple(lengths)
        if shape not in self.known:
            self.known[shape] = self.write_strange(checked, lengths, steps), False
        return f"{self.known[shape][0]}({self.layout.address(checked.memory, checked.dtype, checked.offset)})"

    def write_strange(self, checked: Access, lengths: list[int], steps: list[int]) -> str:
        name, lines = f"loop{len(self.texts) + 1}", Lines()
        lines.add("int strange = 0;")
        variables = LETTERS[: len(lengths)]
        for variable, n in zip(variables, lengths):
            last = variable == variables[-1] and n >= VECTOR
            lines.loop(variable, n, "SIMD(reduction(|:strange))" if last else "")
        size = checked.dtype.itemsize
        terms = " + ".join(term(step // size, variable) for step, variable in zip(steps, variables) if step)
        lines.add(f"strange |= !({put(finite(checked.dtype), [f'x[{terms or 0}]'])});")
        for _ in lengths:
            lines.close()
        lines.add("return strange;")
        head = f"LOOP int {name}(const {c_type(checked.dtype)} *restrict x)"
        self.texts.append("\n".join(["/* Whether an element is not finite */", head, "{", *lines.lines, "}", ""]))
        return name

    def call(self, group: Group, comment: str, lines: Lines) -> None:
        """Adds the line that calls the function of a group."""
        shape, keys = described(group, self.layout)
        if shape not in self.known:
            self.known[shape] = self.write(group, keys, comment)
        name, leaves = self.known[shape]
        arguments = ", ".join([*(["error"] if leaves else []), *(self.layout.address(*key) for key in keys)])
        if leaves:
            lines.add(f"if ({name}({arguments})) return INDEX_FAILED;")
        else:
            lines.add(f"{name}({arguments});")

    def write(self, group: Group, keys: list[Key], comment: str) -> tuple[str, bool]:
        names = Parameters(self.layout, keys)
        nest, body = Nest(group, names), Lines()
        nest.write(body)
        name = f"loop{len(self.texts) + 1}"
        written = {id(each.target.memory) for each in group.operations if hasattr(each, "target")}
        parameters = ["int64_t *error"] if nest.leaves else []
        for key in keys:
            const = "" if id(key[0]) in written else "const "
            parameters.append(f"{const}{c_type(key[1])} *restrict {names.names[key]}")
        kind, end = ("int", ["    return 0;"]) if nest.leaves else ("void", [])
        head = f"LOOP {kind} {name}({', '.join(parameters)})"
        self.texts.append("\n".join([comment, head, "{", *body.lines, *end, "}", ""]))
        return name, nest.leaves


def described(group: Group, layout: Layout) -> tuple[Any, list[Key]]:
    """What a group does, the same for groups that differ only in memory; and that memory, in order."""
    numbers: dict[Any, int] = {}
    keys: dict[Key, int] = {}

    def of(item: Any) -> Any:
        if isinstance(item, Constant):
            return repr(item.value), item.dtype
        if isinstance(item, Gather):
            return of(item.access), tuple(
                (of(each.access), each.length, each.stride, each.axis) for each in item.indices
            )
        if item.memory in layout.passing:
            return numbers.setdefault((item.memory, item.offset), len(numbers)), item.strides, item.dtype
        constant = None if item.memory in layout.scalars else layout.constant(item)
        if constant is not None:
            return constant
        return keys.setdefault((item.memory, item.dtype, item.offset), len(keys)), item.strides, item.dtype, "given"

    shape: list[Any] = [group.space]
    for one in group.operations:
        each: Any = one
        if isinstance(one, Reduce):
            shape.append((one.kind, one.dtype, one.reduced, of(one.operand), of(one.target)))
        else:
            shape.append((each.template, each.types, each.dtype, tuple(map(of, each.operands)), of(each.target)))
    return tuple(shape), list(keys)
