"""The text of loops: elementwise operations and reductions over the same indices, in one nest."""

from __future__ import annotations

import re
from collections import Counter
from itertools import count
from math import prod
from typing import Any

import numpy as np

from .c_expressions import BESIDE_NUMBER, expression, filled
from .c_fusion import Group
from .c_operations import Access, Constant, Gather, Map, Reduce, folded
from .c_types import bracketed, c_type, cast, literal

LETTERS = "ijklmnpqr"
VECTOR = 16  # iterations, from which on a loop is marked for vector code; shorter ones are unrolled anyway
NUMBER = re.compile(r"\(?-?[0-9.]+(e[+-]?[0-9]+)?f?\)?")
BLOCK = 256  # elements that are added up one after another; then such sums are, so that errors stay small
UFUNCS = {"+": np.add, "*": np.multiply, "max": np.maximum, "min": np.minimum, "|": np.logical_or, "&": np.logical_and}


class Lines:
    """Text with indentation."""

    def __init__(self, depth: int = 1) -> None:
        self.lines: list[str] = []
        self.depth = depth

    def add(self, text: str) -> None:
        self.lines.append("    " * self.depth + text if text else "")

    def open(self, text: str) -> None:
        self.add(text + " {")
        self.depth += 1

    def close(self) -> None:
        self.depth -= 1
        self.add("}")

    def loop(self, variable: str, n: int, mark: str = "") -> None:
        if mark:
            self.add(mark)
        self.open(f"for (ptrdiff_t {variable} = 0; {variable} < {n}; ++{variable})")


class Nest:
    """The loops over the indices of a group, from the outermost, and what stands in each.

    Elements that lie side by side are taken by the innermost loop, and axes that all accesses take in one step are one.
    """

    def __init__(self, group: Group, names: Any) -> None:
        self.names, self.group = names, group
        space = group.space
        rows = [
            each.strides for one in group.operations for each, _ in one.accesses() if each.memory not in names.passing
        ]
        rows += [each.access.strides for one in group.operations for each, _ in one.gathers()]
        self.reductions = [each for each in group.operations if isinstance(each, Reduce)]
        marks = self.reductions[0].reduced if self.reductions else (False,) * len(space)
        order = sorted(range(len(space)), key=lambda axis: -sum(abs(row[axis]) for row in rows))
        space, marks = tuple(space[i] for i in order), tuple(marks[i] for i in order)
        rows = [tuple(row[i] for i in order) for row in rows]
        own = set(folded(space, rows))
        starts = [i for i in range(len(space)) if i in own or marks[i] != marks[i - 1]]
        ends = [*starts[1:], len(space)]
        self.lengths = [prod(space[start:end]) for start, end in zip(starts, ends)]
        self.axes = [order[end - 1] for end in ends[: len(starts)]]
        self.reduced = [marks[start] for start in starts]
        self.inner = 0  # how many of the innermost loops are reduced
        while self.inner < len(starts) and self.reduced[-1 - self.inner]:
            self.inner += 1
        self.whole = not any(self.reduced[: len(starts) - self.inner])  # no others are
        self.variables = [LETTERS[i] if i < len(LETTERS) else f"i{i}" for i in range(len(starts))]
        self.body: list[list[str]] = [[] for _ in range(len(starts) + 1)]
        self.known: dict[Any, tuple[str, int]] = {}  # elements in local variables, with the depth of those
        self.used: set[str] = set()
        self.leaves = False  # whether the loop may be left by an error
        self.numbers = count(2)
        for one in group.operations:
            if isinstance(one, Reduce):
                self.reduce(one)
            elif isinstance(one, Map):
                self.map(one)

    # -- elements -------------------------------------------------------------------------------

    def strides(self, access: Access) -> list[int]:
        return [access.strides[axis] for axis in self.axes]

    def depth(self, access: Access) -> int:
        """How many loops an access depends on."""
        strides = self.strides(access)
        return max((i + 1 for i, stride in enumerate(strides) if stride), default=0)

    def element(self, access: Access, moved: str = "") -> str:
        size = access.dtype.itemsize
        terms = [
            term(stride // size, variable) for stride, variable in zip(self.strides(access), self.variables) if stride
        ]
        return str(self.names.element(access, terms + ([moved] if moved else [])))

    def variable(self, name: str) -> str:
        fresh = name
        while fresh in self.used or (fresh != name and fresh in self.names.taken):
            fresh = f"{name}_{next(self.numbers)}"
        self.used.add(fresh)
        return fresh

    def declare(self, name: str, dtype: Any, text: str, depth: int) -> str:
        name = self.variable(name)
        self.body[depth].append(f"const {c_type(dtype)} {name} = {text};")
        return name

    def read(self, operand: Any, dtype: Any) -> tuple[str, int]:
        """An operand as text, cast to a dtype, and how many loops it depends on."""
        if isinstance(operand, Constant):
            return literal(operand.value, dtype), 0
        own = operand.access.dtype if isinstance(operand, Gather) else operand.dtype
        if operand not in self.known:
            if isinstance(operand, Gather):
                self.known[operand] = self.gather(operand)
            elif (number := self.names.constant(operand)) is not None:
                self.known[operand] = number, 0
            else:
                depth = self.depth(operand)
                name = self.names.name(operand.memory) + "_" + ("".join(self.variables[:depth]) or "0")
                self.known[operand] = self.declare(name, own, self.element(operand), depth), depth
        text, depth = self.known[operand]
        return cast(text, own, dtype), depth

    def gather(self, gather: Gather) -> tuple[str, int]:
        depth = self.depth(gather.access)
        moves = []
        for each in gather.indices:
            text, own = self.read(each.access, np.dtype(np.int64))
            depth = max(depth, own)
            moves.append(self.position(text, each, own, gather.access.dtype.itemsize))
        name = self.names.name(gather.access.memory) + "_at"
        return self.declare(name, gather.access.dtype, self.element(gather.access, " + ".join(moves)), depth), depth

    def position(self, text: str, index: Any, depth: int, size: int) -> str:
        """The lines that check an index; gives how far it moves."""
        name = self.variable("at")
        self.leaves = True
        n = index.length
        self.body[depth] += [
            f"const ptrdiff_t {name} = (ptrdiff_t)({text} < 0 ? {text} + {n} : {text});",
            f"if ({name} < 0 || {name} >= {n}) return index_error(error, {text}, {index.axis}, {n});",
        ]
        return term(index.stride // size, name)

    # -- operations -----------------------------------------------------------------------------

    def map(self, one: Map) -> None:
        texts, depths = [], [0]
        for operand, dtype in zip(one.operands, one.types):
            text, depth = self.read(operand, dtype)
            texts.append(bracketed(text))
            depths.append(depth)
        is_number = len(texts) == 2 and NUMBER.fullmatch(texts[1])
        result = put(BESIDE_NUMBER.get(one.template, one.template) if is_number else one.template, texts)
        memory, target = one.target.memory, one.target
        depth = max(depths)
        base = self.names.name(memory)
        local = memory in self.names.passing
        if self.names.is_scalar(memory):
            self.body[-1].append(f"{base} = {cast(result, one.dtype, target.dtype)};")
            self.known[target] = base, 0
            return
        if not local and isinstance(one.operands[0], Constant) and one.template == "{0}":
            text = result  # a fill
        elif one.template == "{0}" and one.dtype == target.dtype:
            text = texts[0]  # a copy
        else:
            name = base if local else base + "_" + ("".join(self.variables[:depth]) or "0")
            text = cast(result, one.dtype, target.dtype)
            text = self.declare(name, target.dtype, text, depth)
        self.forget(target)
        self.known[target] = text, depth
        if not local:
            self.body[-1].append(f"{self.element(target)} = {text};")

    def forget(self, target: Access) -> None:
        for each in [each for each in self.known if isinstance(each, Access) and each.memory is target.memory]:
            if each == target:
                del self.known[each]

    def reduce(self, one: Reduce) -> None:
        text, _ = self.read(one.operand, one.dtype)
        one_name = self.names.name(one.target.memory)
        name = self.variable(f"{one_name}_sum" if one.kind == "+" else f"{one_name}_all")
        self.known["accumulator", id(one)] = name, 0
        if self.inner:
            for line in accumulating(one, name, bracketed(text)):
                self.body[-1].append(line)
        else:
            self.body[-1].append(
                f"{self.element(one.target)} = {combined(one, self.element(one.target), bracketed(text))};"
            )

    # -- text -----------------------------------------------------------------------------------

    def forget_unread(self) -> None:
        """Take out local values that no other line reads."""
        while True:
            words = Counter(word for part in self.body for line in part for word in re.findall(r"\w+", line))
            kept = [[line for line in part if words[declared(line)] != 1] for part in self.body]
            if kept == self.body:
                return
            self.body = kept

    def write(self, lines: Lines) -> None:
        self.forget_unread()
        if self.reductions and not (self.inner and self.whole):
            for each in self.reductions:
                self.start(each, lines)
        first = len(self.lengths) - self.inner  # the loop around which sums are declared
        self.level(0, first, lines)

    def start(self, one: Reduce, lines: Lines) -> None:
        """Loops that set a result to what a reduction begins with."""
        opened = 0
        for variable, n, reduced in zip(self.variables, self.lengths, self.reduced):
            if not reduced:
                lines.loop(variable, n)
                opened += 1
        lines.add(f"{self.element(one.target)} = {beginning(one)};")
        for _ in range(opened):
            lines.close()

    def level(self, depth: int, first: int, lines: Lines) -> None:
        inside = bool(self.reductions) and self.inner > 0
        for each in self.body[depth]:
            lines.add(each)
        if inside and depth == first:
            self.summed(depth, lines)
        elif depth < len(self.lengths):
            last = depth == len(self.lengths) - 1
            mark = "SIMD()" if last and not self.leaves and self.lengths[depth] >= VECTOR else ""
            lines.loop(self.variables[depth], self.lengths[depth], mark)
            self.level(depth + 1, first, lines)
            lines.close()

    def summed(self, depth: int, lines: Lines) -> None:
        """The innermost loops, which reduce to local variables, and what becomes of those."""
        names = [(each, self.known["accumulator", id(each)][0]) for each in self.reductions]
        for each, name in names:
            for dtype, one, begin in accumulators(each, name):
                lines.add(f"{dtype} {one} = {begin};")
        self.reducing(depth, names, lines)
        for each, name in names:
            result = finished(each, name)
            target = self.element(each.target)
            result = result if self.whole else combined(each, target, bracketed(result))
            lines.add(f"{target} = {cast(bracketed(result), each.dtype, each.target.dtype)};")

    def reducing(self, depth: int, names: list[tuple[Reduce, str]], lines: Lines) -> None:
        n, variable = self.lengths[depth], self.variables[depth]
        last = depth == len(self.lengths) - 1
        if not last:
            lines.loop(variable, n)
            for each in self.body[depth + 1]:
                lines.add(each)
            self.reducing(depth + 1, names, lines)
            lines.close()
            return
        sums = [(each, name) for each, name in names if each.kind == "+" and each.dtype.kind == "f"]
        if n > 2 * BLOCK and sums:
            self.in_blocks(n, names, lines)
        else:
            self.innermost(f"{variable} = 0", f"{variable} < {n}", n, names, lines)

    def in_blocks(self, n: int, names: list[tuple[Reduce, str]], lines: Lines) -> None:
        """Sums of blocks, added up; so are sums of those if there are many."""
        variable = self.variables[-1]
        sizes = [BLOCK]
        while n > 2 * BLOCK * sizes[-1]:
            sizes.append(sizes[-1] * BLOCK)
        sizes.reverse()
        sums = [(each, name) for each, name in names if each.kind == "+" and each.dtype.kind == "f"]
        before, end = "0", str(n)
        for level, size in enumerate(sizes):
            block, stop = f"{variable}{level}", f"end{level}"
            lines.open(f"for (ptrdiff_t {block} = {before}; {block} < {end}; {block} += {size})")
            lines.add(f"const ptrdiff_t {stop} = {block} + {size} < {end} ? {block} + {size} : {end};")
            for each, name in sums:
                lines.add(f"{c_type(each.dtype)} {name}{level} = 0;")
            before, end = block, stop
        inner = len(sizes) - 1
        self.innermost(f"{variable} = {before}", f"{variable} < {end}", n, names, lines, f"{inner}")
        for level in range(inner, -1, -1):
            for _, name in sums:
                lines.add(f"{name}{level - 1 if level else ''} += {name}{level};")
            lines.close()

    def innermost(
        self, start: str, end: str, n: int, names: list[tuple[Reduce, str]], lines: Lines, suffix: str = ""
    ) -> None:
        renamed = {name: name + suffix for each, name in names if each.kind == "+" and each.dtype.kind == "f"}
        clauses = " ".join(
            clause for each, name in names for clause in reduction_clauses(each, renamed.get(name, name))
        )
        if n >= VECTOR and not self.leaves:
            lines.add(f"SIMD({clauses})")
        lines.open(f"for (ptrdiff_t {start}; {end}; ++{self.variables[-1]})")
        for each in self.body[-1]:
            for name, new in renamed.items():
                if each.startswith(f"{name} += "):
                    each = new + each[len(name) :]
            lines.add(each)
        lines.close()


# -- reductions ---------------------------------------------------------------------------------


def beginning(one: Reduce) -> str:
    """What a reduction begins with: what changes nothing."""
    if one.kind in ("max", "min"):
        if one.dtype.kind == "f":
            return literal(-np.inf if one.kind == "max" else np.inf, one.dtype)
        if one.dtype.kind == "b":
            return "0" if one.kind == "max" else "1"
        limits = np.iinfo(one.dtype)
        return literal(limits.min if one.kind == "max" else limits.max, one.dtype)
    return "1" if one.kind in "*&" else "0"


def combined(one: Reduce, before: str, more: str) -> str:
    types = one.dtype, one.dtype
    template = expression(UFUNCS[one.kind], types, (None, None)) or ""
    return put(template, [before, more])


def accumulators(one: Reduce, name: str) -> list[tuple[str, str, str]]:
    """The local variables of a reduction: type, name and first value. NaN is kept apart from the largest."""
    found = [(c_type(one.dtype) if one.kind not in "|&" else "int", name, beginning(one))]
    return [*found, ("int", f"{name}_nan", "0")] if nan_apart(one) else found


def nan_apart(one: Reduce) -> bool:
    return one.kind in ("max", "min") and one.dtype.kind == "f"


def accumulating(one: Reduce, name: str, text: str) -> list[str]:
    if nan_apart(one):
        sign = ">" if one.kind == "max" else "<"
        return [f"{name} = {text} {sign} {name} ? {text} : {name};", f"{name}_nan |= {text} != {text};"]
    if one.kind in "|&":
        return [f"{name} {one.kind}= {text};"]
    if one.dtype.kind == "f" and one.kind in "+*":
        return [f"{name} {one.kind}= {text};"]
    return [f"{name} = {combined(one, name, text)};"]


def finished(one: Reduce, name: str) -> str:
    if nan_apart(one):
        return f"{name}_nan ? {literal(np.nan, one.dtype)} : {name}"
    return name


def reduction_clauses(one: Reduce, name: str) -> list[str]:
    sign = {"max": "max", "min": "min"}.get(one.kind, one.kind)
    found = [f"reduction({sign}:{name})"]
    return [*found, f"reduction(|:{name}_nan)"] if nan_apart(one) else found


def declared(line: str) -> str:
    """The name that a line declares, if it does nothing else."""
    found = re.match(r"const \w+ (\w+) = ", line)
    return found[1] if found else ""


# -- small pieces -------------------------------------------------------------------------------


def term(step: int, variable: str) -> str:
    return variable if step == 1 else f"{step} * {variable}" if step >= 0 else f"({step}) * {variable}"


def put(template: str, texts: list[str]) -> str:
    for i, each in enumerate(texts):
        template = template.replace(f"{{{i}}}", each)
    return template


def finite(dtype: Any) -> str:
    return filled("fabs{f}({0}) <= {largest}", dtype)
