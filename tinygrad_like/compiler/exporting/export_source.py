"""The text of a C file and its header: what lies in static arrays, and the function that works on them."""

from __future__ import annotations

import re
from itertools import pairwise
from math import prod
from typing import Any

from ..to_c.c_functions import Functions
from ..to_c.c_fusion import flattened, fused
from ..to_c.c_helpers import helpers
from ..to_c.c_loops import Lines
from ..to_c.c_memory import Layout, called_back
from ..to_c.c_operations import Operation, Product, Require
from ..to_c.c_source import FIRST_REQUIRED, Source, needed
from ..to_c.c_types import c_type, literal
from ..tracing.program import Memory, Program
from .export_paths import Part

WIDTH = 100
TAKEN = ("INLINE", "LOOP", "SIMD", "PRAGMA", "NAN", "INFINITY", "scratch", "double_t", "float_t")
SIMD = """\
#ifdef VECTOR_CODE /* with the option -fopenmp-simd: iterations of these loops may run side by side */
#define PRAGMA(text) _Pragma(#text)
#define SIMD(clauses) PRAGMA(omp simd clauses)
#else
#define SIMD(clauses)
#endif
"""
INLINE = """\
#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#define LOOP static __attribute__((noinline))
#else
#define INLINE static inline
#define LOOP static
#endif
#if defined(__GNUC__) && !defined(__clang__) /* gcc 12 at -O2 makes wrong calls of memcpy of some loops that copy */
#pragma GCC optimize("no-tree-loop-distribute-patterns")
#endif
"""
ELEMENT = re.compile(r"_([i-r]+|0|sum|all|at)(_?\d+)?$|^loop\d+$")
# What a text needs of a header, as a pattern.
HEADERS = {
    "float.h": r"\b(FLT|DBL)_(MAX|MIN)\b|FP_FAST",
    "math.h": r"\b(NAN|INFINITY|fabsf?|sqrtf?|signbit)\b|FP_FAST|\b[a-z0-9]+\(",
    "stddef.h": r"\bptrdiff_t\b",
    "stdint.h": r"\bu?int\d+_t\b|INT\d+_",
    "string.h": r"\bmem(cpy|set)\(",
}


class ExportLayout(Layout):
    """Arrays are static: the state, constants, and the scratch memory of each dtype."""

    alignment = 1

    def __init__(
        self, program: Program, groups: Any, prefix: str, names: dict[Memory, str], state: list[Memory]
    ) -> None:
        self.kinds: dict[Any, int] = {}  # of scratch memory: how many elements
        super().__init__(program, groups)
        self.wanted |= names
        self.taken |= {*TAKEN, prefix}
        for memory in names:
            self.name(memory)
        self.prefix, self.state = prefix, state
        users = [each for each in self.slots if each in self.users and each not in state]
        self.constants = [each for each in users if each.array is not None and each not in self.fresh] + self.sources

    def free(self, wanted: str) -> str:
        """A name that is not taken, nor looks like that of an element."""
        return super().free(wanted + "_" if ELEMENT.search(wanted) else wanted)

    def has_room(self, memory: Memory) -> bool:
        """Whether it is a local variable: numbers are, so that the stack stays small."""
        return memory.size == memory.dtype.itemsize

    def pack(self) -> None:
        """Places in the scratch memory of each dtype, in elements."""
        every = self.workspace
        for dtype in dict.fromkeys(each.dtype for each in every):
            self.workspace, self.size = {each: 0 for each in every if each.dtype == dtype}, 0
            super().pack()
            every |= {each: place // dtype.itemsize for each, place in self.workspace.items()}
            self.kinds[dtype] = self.size // dtype.itemsize
        self.workspace = every

    def scratch(self, dtype: Any) -> str:
        return "scratch" if len(self.kinds) == 1 else f"scratch_{dtype.name}"

    def outer(self, memory: Memory) -> str:
        """The name of an array of the state outside of the function."""
        return f"{self.prefix}_{self.name(memory)}"

    def source(self, memory: Memory) -> str:
        """The constant that a memory, which is written to, starts with."""
        return f"first_{self.name(memory)}"

    def declarations(self) -> list[tuple[str, str]]:
        """Names, and the lines that declare them."""
        found = []
        for memory in self.state:
            const = "" if memory in self.written else "const "
            found.append((memory, f"{const}{c_type(memory.dtype)} *const {self.name(memory)} = {self.outer(memory)};"))
        for memory, place in self.workspace.items():
            start = self.scratch(memory.dtype) + (f" + {place}" if place else "")
            found.append((memory, f"{c_type(memory.dtype)} *const {self.name(memory)} = {start};"))
        found += [(memory, f"{c_type(memory.dtype)} {self.name(memory)};") for memory in self.scalars]
        return [(self.name(memory), line) for memory, line in found]


class ExportSource(Source):
    """The C file and the header of a program."""

    def __init__(
        self,
        program: Program,
        operations: list[Operation],
        name: str,
        parts: dict[Memory, list[Part]],
        names: dict[Memory, str],
        state: list[Memory],
    ) -> None:
        self.program, self.name, self.parts = program, name, parts
        operations = needed(operations, program)
        self.groups = fused(operations)
        self.layout: ExportLayout = ExportLayout(program, self.groups, name, names, state)
        self.calls = called_back(self.groups)
        flat = [one for group in flattened(self.groups) for one in group.operations]
        self.requirements = [one for one in flat if isinstance(one, Require)]
        self.multiply_adds = sum(prod(one.space) for one in flat if isinstance(one, Product))
        self.trains = bool(state)
        self.function = f"{name}_{'step' if self.trains else 'predict'}"
        self.functions = Functions(self.layout, len(flattened(self.groups)))
        self.body = self.statements()
        self.loops = without_error("\n".join(self.functions.texts))
        self.fails = "return " in self.body
        self.state_bytes = sum(each.size for each in state)
        self.scratch_bytes = sum(n * dtype.itemsize for dtype, n in self.layout.kinds.items())
        self.constant_bytes = sum(each.size for each in (*self.layout.constants, *self.firsts()))

    def firsts(self) -> list[Memory]:
        """The state that is not all zeros: what it is reset to is kept."""
        return [each for each in self.layout.state if any(each.array.tobytes())]

    def statements(self) -> str:
        body = Lines()
        for memory in self.layout.sources:
            body.add(f"memcpy({self.layout.name(memory)}, {self.layout.source(memory)}, {memory.size});")
        for group in self.groups:
            self.group(group, body)
        text = "\n".join(body.lines)
        return without_error(text)

    # -- the pieces of a file -------------------------------------------------------------------

    def prototype(self) -> str:
        """The function: its inputs, then its results."""
        given = [
            self.argument(each.memory, "" if each.memory in self.layout.written else "const ")
            for each in self.program.inputs
        ]
        given += [self.argument(each.memory, "") for each in self.program.outputs]
        return f"{'int' if self.fails else 'void'} {self.function}({', '.join(given) or 'void'})"

    def argument(self, memory: Memory, const: str) -> str:
        count = memory.size // memory.dtype.itemsize
        name = self.layout.name(memory)
        return f"{const}{c_type(memory.dtype)} " + (f"*{name}" if count == 1 else f"{name}[{count}]")

    def head(self, memory: Memory, name: str) -> str:
        return f"{c_type(memory.dtype)} {name}[{memory.size // memory.dtype.itemsize}]"

    def contents(self, memory: Memory) -> str:
        """The numbers of an array in braces, with a comment before each Tensor."""
        size = memory.dtype.itemsize
        texts = [re.sub(r"^\((-.*)\)$", r"\1", literal(each, memory.dtype)) for each in memory.array]
        starts = {
            part.offset // size: part for part in self.parts.get(memory, ()) if part.path and part.kind == "layer"
        }
        cuts = sorted({0, *starts, len(texts)})
        lines = ["{"]
        for start, stop in pairwise(cuts):
            if start in starts:
                lines.append(f"    /* {described(starts[start])} */")
            lines += filled(texts[start:stop])
        return "\n".join([*lines, "}"])

    def arrays(self) -> list[str]:
        """The definitions of all static arrays."""
        layout, found = self.layout, []
        firsts = self.firsts()
        for memory in layout.state:
            name = layout.outer(memory)
            found.append(f"{self.head(memory, name)}" + (f" = {self.contents(memory)};" if memory in firsts else ";"))
        for memory in firsts:
            found.append(f"static const {self.head(memory, layout.source(memory))} = {self.contents(memory)};")
        for memory in layout.constants:
            name = layout.source(memory) if memory in layout.sources else layout.name(memory)
            found.append(f"static const {self.head(memory, name)} = {self.contents(memory)};")
        for dtype, n in layout.kinds.items():
            found.append(f"static {c_type(dtype)} {layout.scratch(dtype)}[{n}];")
        return found

    def reset(self) -> str:
        """The function that puts the state back, if there is one."""
        if not self.trains:
            return ""
        lines, firsts = [f"void {self.name}_reset(void)", "{"], self.firsts()
        for memory in self.layout.state:
            name = self.layout.outer(memory)
            first = f"memcpy({name}, {self.layout.source(memory)}, sizeof {name});"
            lines.append("    " + (first if memory in firsts else f"memset({name}, 0, sizeof {name});"))
        return "\n".join([*lines, "}"])

    def definition(self) -> str:
        """The function, without declarations that it does not need."""
        lines = [self.prototype(), "{"]
        used = set(re.findall(r"\w+", self.body))
        lines += ["    " + line for name, line in self.layout.declarations() if name in used]
        names = [self.layout.name(each.memory) for each in self.program.inputs]
        lines += [f"    (void){name};" for name in names if name not in used]
        lines += [""] if len(lines) > 2 else []
        return "\n".join([*lines, self.body, *(["    return 0;"] if self.fails else []), "}"])

    def c_file(self, remark: str) -> str:
        pieces = [*self.arrays(), self.loops, self.definition(), self.reset()]
        text = "\n\n".join(filter(None, pieces))
        functions = helpers(text)
        whole = functions + text
        includes = [f"#include <{name}>" for name, pattern in HEADERS.items() if re.search(pattern, whole)]
        macros = [INLINE] if "INLINE" in functions or "LOOP" in self.loops else []
        macros += [SIMD] if "SIMD(" in text else []
        start = f'{remark}\n#include "{self.name}.h"\n\n' + "\n".join(includes) + "\n"
        return "\n".join([start, *macros, *([functions] if functions else []), text, ""])

    def h_file(self, remark: str) -> str:
        guard = f"{self.name.upper()}_H"
        integers = any(each.dtype.kind != "f" for each in (*self.program.inputs, *self.program.outputs))
        integers = integers or any(each.dtype.kind != "f" for each in self.layout.state)
        lines = [remark, f"#ifndef {guard}", f"#define {guard}", ""]
        lines += ["#include <stdint.h>", ""] if integers else []
        lines += ["#ifdef __cplusplus", 'extern "C" {', "#endif", "", *self.documented_state()]
        lines += [*self.documented_function(), f"{self.prototype()};", ""]
        if self.trains:
            lines += [
                "/* Puts the state back to what it was when this file was made. */",
                f"void {self.name}_reset(void);",
                "",
            ]
        return "\n".join([*lines, "#ifdef __cplusplus", "}", "#endif", "", "#endif", ""])

    def documented_state(self) -> list[str]:
        if not self.trains:
            return []
        found = ["/* The state. Keep the contents of these arrays, and put them back, to go on later. */"]
        for memory in self.layout.state:
            name, parts = self.layout.outer(memory), [each for each in self.parts.get(memory, ()) if each.path]
            if parts and parts[0].kind == "layer":
                found += ["/* " + "\n   ".join(described(each) for each in parts) + " */"]
            if name == f"{self.name}_parameters":
                found.append(f"#define {self.name.upper()}_PARAMETERS {memory.size // memory.dtype.itemsize}")
            found.append(f"extern {self.head(memory, name)};")
        return [*found, ""]

    def documented_function(self) -> list[str]:
        what = "One step: it changes the state" if self.trains else "The results for one input"
        lines = [f"/* {what}. It must not be called twice at the same time."]
        values = [(each, "in") for each in self.program.inputs] + [(each, "out") for each in self.program.outputs]
        for value, way in values:
            shape = f"shape {value.shape}" if value.shape else "a number"
            shape += ", row by row" if len(value.shape) > 1 else ""
            both = way == "in" and value.memory in self.layout.written
            lines.append(f"   {self.layout.name(value.memory)}: {'in and out' if both else way}, {shape}")
        if self.fails:
            lines.append("   Returns 0; 1 if an index is out of bounds;")
            for number, one in enumerate(self.requirements):
                text = str(one.instruction.args[1]).replace("*/", "")
                lines.append(f"   {FIRST_REQUIRED + number}: {text}")
        return [*lines[:-1], lines[-1] + " */"]


def without_error(text: str) -> str:
    """Functions that tell nothing about an index that is out of bounds but that."""
    text = re.sub(r"return (index_error\([^;]*\)|INDEX_FAILED);", "return 1;", text)
    text = re.sub(r"\((?:int64_t \*)?error, ", "(", text)
    return text


def described(part: Part) -> str:
    return f"{part.path} {part.shape}" if part.shape else part.path


def filled(texts: list[str]) -> list[str]:
    """The numbers in lines."""
    lines, line = [], "   "
    for each in texts:
        if len(line) + len(each) + 2 > WIDTH:
            lines.append(line)
            line = "   "
        line += f" {each},"
    return [*lines, line]
