"""A program as C99: one function of a table of pointers, with loops in place of NumPy's calls."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..passes.passes import simplified
from ..tracing.program import TEMPORARY, Instruction, Program
from ..tracing.traced import Method
from . import c_statements
from .c_functions import Functions
from .c_fusion import Group, flattened, fused
from .c_helpers import helpers
from .c_loops import Lines, Nest
from .c_lowering import parts_of
from .c_memory import Layout, called_back
from .c_operations import Callback, Condition, Escape, Map, Operation, Position, Product, Reduce, Require, Scatter
from .c_usual import usual_operations

INDEX_FAILED, CALL_FAILED, FIRST_REQUIRED = 1, 2, 16

HEADER = """\
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef VECTOR_CODE /* with the option -fopenmp-simd: iterations of these loops may run side by side */
#define PRAGMA(text) _Pragma(#text)
#define SIMD(clauses) PRAGMA(omp simd clauses)
#else
#define SIMD(clauses)
#endif
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define LOOP static __attribute__((noinline))
#define RARE static __attribute__((noinline, cold)) /* compiled in less time */
#else
#define INLINE static inline
#define LOOP static
#define RARE static
#endif
#if defined(__GNUC__) && !defined(__clang__) /* gcc 12 makes wrong calls of memcpy of some loops that copy */
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif
"""
INDEX_ERROR = """\
static int index_error(int64_t *error, int64_t index, int64_t axis, int64_t length)
{
    error[0] = index;
    error[1] = axis;
    error[2] = length;
    return INDEX_FAILED;
}
"""


class Source:
    """The C text of a program, and what its caller must know."""

    def __init__(self, program: Program, name: str = "step") -> None:
        self.program, self.name = program, name
        parts = parts_of(program.instructions)
        self.groups = fused(needed([one for _, part in parts for one in part], program))
        self.layout = Layout(program, self.groups)
        self.calls = called_back(self.groups)
        self.copies = self.layout.sources
        flat = flattened(self.groups)
        self.requirements = [one for group in flat for one in group.operations if isinstance(one, Require)]
        self.work = sum(product_of(one.space) for group in flat for one in group.operations)
        self.functions = Functions(self.layout, len(flat))
        usual = None if self.calls else usual_operations(parts, program, needed)
        self.text = self.written(Usual(self, usual) if usual else None)

    def written(self, usual: Source | None = None) -> str:
        steps = [self.step(f"{self.name}_whole", "RARE"), usual.step(self.name)] if usual else [self.step(self.name)]
        function = "\n".join(steps)
        loops = "\n".join(self.functions.texts)
        failed = INDEX_ERROR if "index_error(" in function + loops else ""
        constants = f"enum {{ INDEX_FAILED = {INDEX_FAILED}, CALL_FAILED = {CALL_FAILED} }};\n"
        return "\n".join(
            each for each in (HEADER, constants, failed, helpers(loops + function), loops, function) if each
        )

    def step(self, name: str, kind: str = "static") -> str:
        lines = Lines()
        body = Lines()
        for memory in self.layout.sources:
            slot = len(self.layout.slots) + 1 + self.copies.index(memory)
            body.add(f"memcpy({self.layout.name(memory)}, memory[{slot}], {memory.size});")
        for group in self.groups:
            self.group(group, body)
        text = "\n".join(body.lines)
        words = set(re.findall(r"\w+", text))
        for variable, each in self.layout.declarations():
            if variable in words:
                lines.add(each)
        for parameter in ("memory", "error", "call"):
            if (
                f"{parameter}[" not in "\n".join(lines.lines) + text
                and f"{parameter}(" not in text
                and (f"({parameter}," not in text)
            ):
                lines.add(f"(void){parameter};")
        head = f"{kind} int {name}(void *const *memory, int64_t *error, int (*call)(void *const *, int))"
        return "\n".join([head, "{", *lines.lines, *([""] if lines.lines else []), text, "    return 0;", "}", ""])

    def group(self, group: Group, lines: Lines) -> None:
        lines.add(comment(group))
        if self.functions.takes(group):
            self.functions.call(group, comment(group), lines)
            return
        lines.open("")
        lines.lines[-1] = lines.lines[-1].replace(" {", "{")
        one: Any = group.operations[0]
        if group.loops:
            Nest(group, self.layout).write(lines)
        elif isinstance(one, Condition):
            if strange := self.functions.strange(one.checked, one.space):
                lines.open(f"if ({strange})")
            else:
                c_statements.condition(one, self.layout, lines)
            for each in group.body:
                self.group(each, lines)
            lines.close()
        elif isinstance(one, Callback):
            c_statements.callback(one, self.calls.index(one), lines)
        elif isinstance(one, Require):
            c_statements.require(one, FIRST_REQUIRED + self.requirements.index(one), self.layout, lines)
        elif isinstance(one, Escape):
            c_statements.escape(one, f"{self.name}_whole", self.layout, lines)
        elif isinstance(one, Product):
            c_statements.product(one, self.layout, lines)
        elif isinstance(one, Position):
            c_statements.position(one, self.layout, lines)
        elif isinstance(one, Scatter):
            c_statements.scatter(one, self.layout, lines)
        lines.close()


class Usual(Source):
    """The text for ordinary numbers, which leaves for the whole program if there are others."""

    def __init__(self, whole: Source, operations: list[Operation]) -> None:
        self.program, self.name = whole.program, whole.name
        self.groups = fused(operations)
        self.layout = Layout(whole.program, self.groups, whole.layout)
        self.calls, self.requirements, self.copies = whole.calls, whole.requirements, whole.copies
        self.functions = Functions(self.layout, len(self.groups), whole.functions)
        whole.layout.size = max(whole.layout.size, self.layout.size)


def c_source(program: Program) -> str:
    """The program as C99 that can be read."""
    return Source(simplified(program)).text


def callbacks(program: Program) -> list[tuple[Instruction, str]]:
    """The instructions that C calls NumPy for, and why."""
    return [(each.instruction, each.why) for each in Source(simplified(program)).calls]


def needed(operations: list[Operation], program: Program) -> list[Operation]:
    """Without the operations whose results nothing reads."""
    wanted = {each.memory for each in program.outputs}
    wanted |= {each.value.memory for each in program.bindings if each.value is not None}
    kept = []
    for one in reversed(operations):
        reads, writes = one.spans()
        if has_no_effect(one) and all(memory.kind == TEMPORARY and memory not in wanted for memory, _, _ in writes):
            continue
        wanted |= {memory for memory, _, _ in reads}
        kept.append(one)
    return kept[::-1]


def has_no_effect(operation: Operation) -> bool:
    """Whether it does nothing but compute its result."""
    if isinstance(operation, Callback):
        function, one = operation.instruction.function, operation.instruction
        known = isinstance(function, (np.ufunc, Method)) or getattr(function, "__module__", None) == "numpy"
        return known and not one.writes and bool(one.results)
    return isinstance(operation, (Map, Reduce, Product, Position))


def comment(group: Group) -> str:
    """Which layers and operations a group comes from."""
    found: dict[tuple[str, str], None] = {}
    for each in group.operations:
        place = each.place
        found[place.layer, f"{place.operation} backward" if place.part == "backward" else place.operation] = None
    texts = [": ".join(filter(None, each)) for each in found]
    return f"/* {'; '.join(filter(None, texts)) or 'the update'} */".replace("*/ */", "*/")


def product_of(space: tuple[int, ...]) -> int:
    total = 1
    for n in space:
        total *= n
    return total
