"""The text of operations that are loops of their own: products, positions, scatters, conditions, calls of NumPy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .c_loops import LETTERS, VECTOR, Lines, finite, put, term
from .c_operations import (
    Access,
    Callback,
    Condition,
    Constant,
    Escape,
    Gather,
    Index,
    Position,
    Product,
    Require,
    Scatter,
)
from .c_types import bracketed, c_type, cast, literal


def element(names: Any, access: Access, variables: list[str], moved: tuple[str, ...] = ()) -> str:
    size = access.dtype.itemsize
    terms = [term(stride // size, variable) for stride, variable in zip(access.strides, variables) if stride]
    constant = names.constant(access)
    return constant if constant is not None else names.element(access, [*terms, *moved])


def loops(space: tuple[int, ...], lines: Lines) -> list[str]:
    """Opens a loop for each axis; gives the variables."""
    variables = [LETTERS[i] if i < len(LETTERS) else f"i{i}" for i in range(len(space))]
    for variable, n in zip(variables, space):
        lines.loop(variable, n)
    return variables


def product(one: Product, names: Any, lines: Lines) -> None:
    """The loop over k is the innermost; or that over the columns, if these lie side by side.

    As in BLAS, each product is added without rounding: where all are too large, the first sum is what counts.
    """
    last = len(one.space) - 1
    size = one.target.dtype.itemsize
    columns = last > 0 and one.right.strides[last - 1] == size and one.target.strides[last - 1] == size
    kind, fused = c_type(one.target.dtype), f"FUSED_{one.target.dtype.name}"
    if columns and one.space[last - 1] >= 4:
        variables = loops(one.space[:-2], lines)
        j, k = LETTERS[last - 1], LETTERS[last]
        every = [*variables, j, k]
        target = element(names, one.target, every)
        lines.loop(j, one.space[last - 1])
        lines.add(f"{target} = 0;")
        lines.close()
        lines.loop(k, one.space[last])
        lines.add(f"const {kind} factor = {element(names, one.left, every)};")
        lines.loop(j, one.space[last - 1], "SIMD()" if one.space[last - 1] >= VECTOR else "")
        lines.add(f"{target} = {fused}(factor, {element(names, one.right, every)}, {target});")
        lines.close()
        lines.close()
    else:
        variables = loops(one.space[:-1], lines)
        k = LETTERS[last]
        every = [*variables, k]
        lines.add(f"{kind} sum = 0;")
        together = one.space[last] >= VECTOR and one.left.strides[last] == size and one.right.strides[last] == size
        lines.loop(k, one.space[last], "SIMD(reduction(+:sum))" if together else "")
        left, right = element(names, one.left, every), element(names, one.right, every)
        lines.add(f"sum += {left} * {right};" if together else f"sum = {fused}({left}, {right}, sum);")
        lines.close()
        lines.add(f"{element(names, one.target, every)} = sum;")
    for _ in variables:
        lines.close()


def position(one: Position, names: Any, lines: Lines) -> None:
    """The first of the largest elements; the first NaN, if there is one."""
    variables = loops(one.space[:-1], lines)
    j = LETTERS[len(variables)]
    kind = c_type(one.operand.dtype)
    here = element(names, one.operand, [*variables, j])
    first = element(
        names, Access(one.operand.memory, one.operand.dtype, one.operand.offset, one.operand.strides[:-1]), variables
    )
    lines.add(f"{kind} best = {first};")
    lines.add("ptrdiff_t where = 0;")
    lines.open(f"for (ptrdiff_t {j} = 1; {j} < {one.space[-1]}; ++{j})")
    lines.add(f"const {kind} here = {here};")
    test = f"here {one.sign} best"
    if one.operand.dtype.kind == "f":
        test = f"{test} || (here != here && best == best)"
    lines.open(f"if ({test})")
    lines.add("best = here;")
    lines.add(f"where = {j};")
    lines.close()
    lines.close()
    lines.add(f"{element(names, one.target, [*variables, j])} = ({c_type(one.target.dtype)})where;")
    for _ in variables:
        lines.close()


def scatter(one: Scatter, names: Any, lines: Lines) -> None:
    """All indices are checked before the first element is written."""
    indices = (*(one.operand.indices if isinstance(one.operand, Gather) else ()), *one.target.indices)
    for number, index in enumerate(indices):
        check_positions(index, f"at_{number}", one.space, names, lines)
    variables = loops(one.space, lines)
    dtype = one.target.access.dtype
    if isinstance(one.operand, Constant):
        value = literal(one.operand.value, dtype)
    elif isinstance(one.operand, Gather):
        moves = [
            position_of(each, i, names, variables, lines, "from", one.operand.access.dtype.itemsize)
            for i, each in enumerate(one.operand.indices)
        ]
        value = cast(element(names, one.operand.access, variables, tuple(moves)), one.operand.access.dtype, dtype)
    else:
        value = cast(element(names, one.operand, variables), one.operand.dtype, dtype)
    moves = [
        position_of(each, i, names, variables, lines, "at", dtype.itemsize) for i, each in enumerate(one.target.indices)
    ]
    target = element(names, one.target.access, variables, tuple(moves))
    lines.add(f"{target} {'+=' if one.adds else '='} {value};")
    for _ in variables:
        lines.close()


def check_positions(index: Index, name: str, space: tuple[int, ...], names: Any, lines: Lines) -> None:
    own = [i for i, stride in enumerate(index.access.strides) if stride]
    strides = tuple(index.access.strides[i] for i in own)
    variables = loops(tuple(space[i] for i in own), lines)
    place, n = element(names, replace(index.access, strides=strides), variables), index.length
    lines.add(f"const ptrdiff_t {name} = (ptrdiff_t){place};")
    lines.add(f"if ({name} < {-n} || {name} >= {n}) return index_error(error, {name}, {index.axis}, {n});")
    for _ in variables:
        lines.close()


def position_of(index: Index, number: int, names: Any, variables: list[str], lines: Lines, word: str, size: int) -> str:
    """The lines that read an index; gives how far it moves."""
    name, n = f"{word}{number}", index.length
    lines.add(f"ptrdiff_t {name} = (ptrdiff_t){element(names, index.access, variables)};")
    lines.add(f"if ({name} < 0) {name} += {n};")
    return term(index.stride // size, name)


def condition(one: Condition, names: Any, lines: Lines) -> None:
    """Opens `if (...)`; what follows is the body."""
    lines.add("int strange = 0;")
    inner = len(one.space) - 1
    variables = []
    for i, n in enumerate(one.space):
        variables.append(LETTERS[i])
        lines.loop(LETTERS[i], n, "SIMD(reduction(|:strange))" if i == inner and n >= VECTOR else "")
    text = bracketed(element(names, one.checked, variables))
    lines.add(f"strange |= !({put(finite(one.checked.dtype), [text])});")
    for _ in one.space:
        lines.close()
    lines.open("if (strange)")


def require(one: Require, number: int, names: Any, lines: Lines) -> None:
    lines.add(f"if (!{bracketed(element(names, one.condition, []))}) return {number};")


def escape(one: Escape, name: str, names: Any, lines: Lines) -> None:
    text = " | ".join(element(names, each, []) for each in one.flags)
    lines.add(f"if ({text}) return {name}(memory, error, call);")


def callback(one: Callback, number: int, lines: Lines) -> None:
    lines.add(f"if (call(memory, {number})) return CALL_FAILED; /* {one.why} */")
