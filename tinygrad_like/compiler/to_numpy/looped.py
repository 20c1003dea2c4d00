"""The function of a NumPy source as a loop over the items of some arrays, so that nothing is done twice in a step."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import count, cycle, islice
from typing import Any

TEXT = """
def loop({_}items, {_}kept):
    for {_}place, ({names}) in enumerate({_}items):
        {_}kept[{_}place] = ...
"""


def looped(text: str, place: int, item: bool) -> ast.Module:
    """A function `loop` of items and an array, which gets the result at `place` of the step of each item.

    The items are the arguments of `step`. With `item`, the result has axes. The body is that of `step`, in its lines.
    """
    (step,) = [each for each in ast.parse(text).body if isinstance(each, ast.FunctionDef) and each.name == "step"]
    last: Any
    *body, last = step.body
    names = "".join(f"{each.arg}, " for each in step.args.args)
    free = next("_" * n for n in count(1) if "_" * n not in text)  # the text has no names that begin so
    tree = ast.parse(TEXT.format(names=names, _=free))
    loop: Any = tree.body[0]
    keep = loop.body[0].body[0]
    keep.value = last.value.elts[place]
    if item:
        keep.value = ast.Call(ast.Attribute(keep.value, "item", ast.Load()), [], [])
    loop.body[0].body = [*body, keep]
    loop.decorator_list = step.decorator_list
    return ast.fix_missing_locations(tree)


def turns(data: list[Any], rows: int | None, first: int, items: int, count: int) -> Iterator[tuple[Any, ...]]:
    """As many items of some arrays, from the `first` on, round and round."""
    if first + count <= items:
        return zip(*(parts(each, rows, first, first + count) for each in data))
    turn = list(zip(*(parts(each, rows, 0, items) for each in data)))
    return islice(cycle(turn), first, first + count)


def parts(array: Any, rows: int | None, first: int, last: int) -> Any:
    """Its items: elements, or as many `rows`."""
    if rows is None:
        return array[first:last]
    return (array[i * rows : (i + 1) * rows] for i in range(first, last))
