"""One reverse sweep for many cotangents: the rows of a Jacobian.

The cotangents are one batched array (engine/batched.py), so each rule runs once for all rows. What rules and the engine
ask a trace for while they run (memory to write into, a repair of what is not finite), a `Batch` does for all rows.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np

from ..engine.batches import batched_shapes
from ..engine.batches.batched import NONE, Batched, CannotBatch, call, holds_batched, is_batched, treatments
from ..engine.batches.batched_shapes import in_rows
from ..engine.batches.batched_ufuncs import aligned
from ..engine.node import Node
from ..engine.traces import active, current, trace
from .evaluation import Evaluation

MOST = 10**7  # elements of the largest array of a sweep, in all its rows
MAKING = (np.zeros, np.empty)
assert batched_shapes


class Batch:
    """Stands where a trace stands while many rows are swept at once; the trace `outer`, if any, writes the calls."""

    nudged = True

    def __init__(self, size: int) -> None:
        self.size, self.outer = size, trace()

    def __enter__(self) -> None:
        active.append(self)
        self.token = current.set(self)

    def __exit__(self, *error: object) -> None:
        current.reset(self.token)
        active.remove(self)

    # -- what the engine asks a trace ---------------------------------------------------------------

    def emit(self, function: Any, args: Any, options: dict[str, Any] = NONE, writes: Any = ()) -> Any:
        """Call a function, for all rows if an argument is batched."""

        def run(*args: Any, **options: Any) -> Any:
            if self.outer is None:
                return function(*args, **options)
            return self.outer.emit(function, args, options, args[:1] if writes else ())

        if function in MAKING:
            shape, dtype = args
            sizes = shape if isinstance(shape, (tuple, list)) else (shape,)
            return Batched(run((self.size, *sizes), dtype))
        if holds_batched([args, options]):
            return call(function, function if function in treatments else run, args, options)
        return run(*args, **options)

    def lift(self, array: Any) -> Any:
        return array if is_batched(array) or self.outer is None else self.outer.lift(array)

    def operands(self, primitive: Any, args: Any, arrays: list[Any]) -> list[Any]:
        return [self.lift(each) if isinstance(each, np.ndarray) else each for each in arrays]

    def sweeping(self, node: Any) -> None:
        if self.outer is not None:
            self.outer.sweeping(node)

    def store(self, array: Any, value: Any, using: Any = None, index: Any = ...) -> None:
        if using is not None:
            using(array, value, out=array)
        else:
            array[index] = value

    def mended(self, result: Any, fix: Callable[[], Any], checked: Any) -> Any:
        """The result, with what `fix` gives for the rows of which something is not finite."""
        if self.outer is not None:
            return self.mended_in_trace(result, fix, checked)
        if not is_batched(checked):
            return result if np.isfinite(checked).all() else fix()
        finite = np.isfinite(checked.rows).all(axis=tuple(range(1, checked.rows.ndim)))
        return result if finite.all() else np.where(Batched(finite), result, fix())

    def mended_in_trace(self, result: Any, fix: Callable[[], Any], checked: Any) -> Any:
        if is_batched(checked) and not is_batched(result):
            result = Batched(in_rows(result, self.size).copy())

        def fixed() -> Any:
            mended = fix()
            if is_batched(mended) and not is_batched(result):
                raise CannotBatch("a repair for each row")
            return aligned(mended, result.ndim)

        rows = result.rows if is_batched(result) else result
        made = self.outer.mended(rows, fixed, checked.rows if is_batched(checked) else checked)
        return result if made is rows else Batched(made) if is_batched(result) else made

    def require(self, condition: Any, text: str) -> None:
        if is_batched(condition) or (self.outer is None and not condition):
            raise CannotBatch(text)
        if self.outer is not None:
            self.outer.require(condition, text)

    def number(self, array: Any) -> Any:
        return float(array) if self.outer is None or is_batched(array) else self.outer.number(array)

    def refusal(self, what: str, instead: str) -> Exception:
        return CannotBatch(what)


# -- the sweep --------------------------------------------------------------------------------------


def rows_of(evaluation: Evaluation, number: int) -> list[Any] | None:
    """The rows of the Jacobian of one result, an array for each input; None if they have to be swept one by one."""
    y, root, outer = evaluation.y.active[number], evaluation.roots[number], trace()
    if root is None or y.size < 2 or isinstance(outer, Batch):
        return None
    largest, trusted = reached(root, evaluation.nodes)
    block = max(1, MOST // max(largest, 1))
    basis = np.eye(y.size, dtype=y.dtype).reshape(y.size, *y.shape)
    before = None if outer is None else outer.mark()
    try:
        starts = [basis[first : first + block] for first in range(0, y.size, block)]
        blocks = [swept(evaluation, number, each, trusted) for each in starts]
    except Exception as error:
        # A rule of a user may fail in any way of what is no ndarray; if it fails of an ndarray, too, that is raised.
        if not isinstance(error, CannotBatch) and trusted:
            raise
        if outer is not None:
            outer.forget(before)
        return None
    return blocks[0] if len(blocks) == 1 else [np.concatenate(parts) for parts in zip(*blocks)]


def swept(evaluation: Evaluation, number: int, cotangents: Any, trusted: bool) -> list[Any]:
    """The rows for some cotangents, which are of the identity.

    Each false nan (0 · inf, which is to be 0) would make something in the result nan or infinite, since rules are
    linear. So the sweep does not look for any; if one may have been there, it is repeated, and looks.
    """

    def rows(watched: bool) -> list[Any]:
        with Batch(len(cotangents)):
            parts = evaluation.sweep({number: Batched(cotangents)}, recorded=False, retain=True, watched=watched)
        return [in_rows(part, len(cotangents)) for part in parts]

    parts, outer = rows(not trusted), trace()
    if not trusted:
        return parts
    if outer is None:
        return parts if all(np.isfinite(part).all() for part in parts) else rows(True)
    whole = joined(parts)
    return parted(outer.mended(whole, lambda: joined(rows(True)), whole), parts)


def joined(parts: list[Any]) -> Any:
    """All parts in one array, a row for each of theirs."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate([part.reshape(len(part), prod(part.shape[1:])) for part in parts], axis=1)


def parted(whole: Any, parts: list[Any]) -> list[Any]:
    """The parts again, in their shapes and dtypes."""
    if len(parts) == 1:
        return [whole]
    stops = list(accumulate(prod(part.shape[1:]) for part in parts))
    columns = [whole[:, start:stop] for start, stop in pairwise([0, *stops])]
    return [each.reshape(part.shape).astype(part.dtype, copy=False) for each, part in zip(columns, parts)]


def reached(root: Node, inputs: list[Node]) -> tuple[int, bool]:
    """The size of the largest value between a result and the inputs, and whether all rules are the package's own."""
    first = min(node.index for node in inputs)
    largest, trusted = 0, True
    seen, stack = {root}, [root]
    while stack:
        node = stack.pop()
        largest = max(largest, prod(node.shape))
        trusted = trusted and (node.primitive is None or node.primitive.trusted)
        for parent in node.parents:
            if isinstance(parent, Node) and parent.index >= first and parent not in seen:
                seen.add(parent)
                stack.append(parent)
    return largest, trusted
