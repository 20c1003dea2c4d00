"""Where the results of a program lie during a call: in one block of memory, reused when a result is not needed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..passes.aliasing import Uses, fills_memory, same_layout
from ..passes.placing import makers_of, takes_out
from ..tracing.program import TEMPORARY, Instruction, Memory, Program, Value
from ..tracing.traced import method

ALIGNED = 64  # bytes


@dataclass(eq=False)
class Block:
    """Results that lie in one another's place, from the first instruction that writes to the last that reads."""

    values: list[Value]
    size: int
    first: int
    last: int
    offset: int = -1


def buffered(program: Program, uses: Uses) -> tuple[dict[Value, int], int]:
    """The results that get memory that is kept from call to call, each with its offset, and how much that is.

    These are what functions with `out=` give, as long as nobody outside gets to see it.
    """
    makers = makers_of(program)
    blocks: dict[Memory, Block] = {}
    order = []
    for memory, i in makers.items():
        each = program.instructions[i]
        if is_bufferable(uses, memory, each):
            value = each.results[0]
            last = max([i, uses.last(memory), *(at for at, _ in uses.writes[memory])])
            before = overwritten(uses, blocks, each, i, value)
            if before is None:
                blocks[memory] = Block([value], value.size * value.dtype.itemsize, i, last)
                order.append(blocks[memory])
            else:
                before.values.append(value)
                before.last = last
                blocks[memory] = before
    size = arranged(order)
    return {value: block.offset for block in order for value in block.values}, size


def is_bufferable(uses: Uses, memory: Memory, maker: Instruction) -> bool:
    result = maker.results[0]
    if memory.kind != TEMPORARY or memory in uses.escaping or not result.size or result.scalar:
        return False
    if result.memory is not memory or not fills_memory(result) or len(maker.results) != 1 or maker.body is not None:
        return False
    filled = maker.function in FILLED and not maker.writes and len(maker.args) == 1 + (maker.function in CREATED)
    return takes_out(maker) or filled


CREATED = (np.zeros, np.empty)  # of a shape and a dtype
FILLED = (*CREATED, np.copy, np.array, method("copy"))


def overwritten(uses: Uses, blocks: dict[Memory, Block], maker: Instruction, at: int, result: Value) -> Block | None:
    """The place of an operand that is needed no more, if the result may be written there element by element."""
    if not isinstance(maker.function, np.ufunc) or maker.function.signature is not None:
        return None
    for operand in maker.args:
        if isinstance(operand, Value) and operand.memory in blocks and same_layout(operand, result):
            block = blocks[operand.memory]
            if block.last != at:
                continue
            here = [value for i, value in uses.reads[operand.memory] if i == at]
            if all(each.offset == 0 and same_layout(each, result) for each in here):
                return block
    return None


def arranged(blocks: list[Block]) -> int:
    """Give each block an offset, the largest first, so that none meets another that is in use at the same time."""
    blocks = sorted(blocks, key=lambda each: -each.size)
    first, last, start, end = np.zeros((4, len(blocks)), np.int64)
    for i, block in enumerate(blocks):
        meets = (first[:i] <= block.last) & (block.first <= last[:i])
        starts, ends = start[:i][meets], end[:i][meets]
        order = np.argsort(starts, kind="stable")
        # From the end of all those before it, up to the start of the next: the first place that is large enough.
        free = np.maximum.accumulate(np.concatenate(([0], ends[order])))
        fits = np.append(free[:-1] + block.size <= starts[order], True)
        block.offset = int(free[fits.argmax()])
        aligned = -(-(block.offset + block.size) // ALIGNED) * ALIGNED
        first[i], last[i], start[i], end[i] = block.first, block.last, block.offset, aligned
    return max((each.offset + each.size for each in blocks), default=0)
