"""One reverse sweep for many cotangents: the rows of a Jacobian.

The cotangents are one batched array (engine/batched.py), so each rule runs once for all rows. What rules and the engine
ask a trace for while they run (memory to write into, a repair of what is not finite), a `Batch` does for all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import accumulate, pairwise
from math import prod
from typing import Any

import numpy as np

from ..engine.autodiff import sweep
from ..engine.batches.batched import NONE, Batched, CannotBatch, call, holds_batched, is_batched, treatments
from ..engine.batches.batched_parts import in_rows
from ..engine.batches.batched_ufuncs import aligned
from ..engine.complex_numbers import conjugated
from ..engine.node import Node
from ..engine.traces import active, current, plain_number, real, trace
from .evaluation import Evaluation
from .holomorphic import doubled, joined_parts

MOST = 10**7  # elements of the largest array of a sweep, in all its rows
FEWEST = 3  # rows, from which on one sweep on batched arrays is faster; a program is shorter for two already
TOGETHER = 10**6  # the same, up to which all results are swept from at once
MAKING = (np.zeros, np.empty)


class Batch:
    """Stands where a trace stands while many rows are swept at once; the trace `outer`, if any, writes the calls."""

    nudged = True

    def __init__(self, size: int, repairs: bool) -> None:
        self.size, self.outer = size, trace()
        self.repairs = repairs  # something is not finite, so what holds for all values is computed at once

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
            return fix() if self.repairs else self.mended_in_trace(result, fix, checked)
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
        return plain_number(array) if self.outer is None or is_batched(array) else self.outer.number(array)

    def refusal(self, what: str, instead: str) -> Exception:
        return CannotBatch(what)


# -- the sweeps -------------------------------------------------------------------------------------


def rows_of(evaluation: Evaluation, holomorphic: bool) -> dict[int, list[Any]]:
    """The rows of the Jacobian of each result, an array for each input; not of results that are swept row by row."""
    results = [i for i, root in enumerate(evaluation.roots) if root is not None and not evaluation.outer[i]]
    if isinstance(trace(), Batch) or not evaluation.nodes or not results:
        return {}
    every = Reached([evaluation.roots[i] for i in results], evaluation.nodes)
    count = sum(evaluation.y.active[i].size for i in results)
    together = every.can_join and count * every.largest <= TOGETHER
    found: dict[int, list[Any]] = {}
    for group in [results] if together else [[i] for i in results]:
        rows = Rows(evaluation, group, every, holomorphic)
        if rows.count >= (FEWEST if trace() is None else 2):
            found |= rows.tried()
    return found


class Reached:
    """What lies between results and inputs: the size of the largest value, and what may be done with the rules."""

    def __init__(self, roots: Iterable[Any], inputs: list[Node]) -> None:
        first = min(node.index for node in inputs)
        self.largest, self.trusted, self.can_join = 0, True, True
        stack = list(roots)
        seen = set(stack)
        while stack:
            node = stack.pop()
            self.largest = max(self.largest, prod(node.shape))
            if (primitive := node.primitive) is not None:
                self.trusted = self.trusted and primitive.trusted
                # A rule for a list of arguments is not watched: what one result has must not meet the zeros of another.
                self.can_join = self.trusted and self.can_join and (primitive.linear or not primitive.variadic)
            for parent in node.parents:
                if isinstance(parent, Node) and parent.index >= first and parent not in seen:
                    seen.add(parent)
                    stack.append(parent)


class Rows:
    """The rows of the Jacobians of some results, in blocks of one sweep each."""

    def __init__(self, evaluation: Evaluation, results: list[int], reached: Reached, holomorphic: bool) -> None:
        self.evaluation, self.reached = evaluation, reached
        self.values = {i: evaluation.y.active[i] for i in results}
        self.doubled = {i for i, y in self.values.items() if doubled(y, holomorphic)}
        stops = list(accumulate(y.size * (1 + (i in self.doubled)) for i, y in self.values.items()))
        self.places = dict(zip(results, pairwise([0, *stops])))  # of each result among all rows
        self.count = stops[-1]

    def tried(self) -> dict[int, list[Any]]:
        """The rows of each result; none if a rule cannot be run for many rows at once."""
        outer, block = trace(), max(1, MOST // max(self.reached.largest, 1))
        before = None if outer is None else outer.mark()
        try:
            blocks = [self.block(first, min(first + block, self.count)) for first in range(0, self.count, block)]
        except Exception as error:
            # A user's rule may fail in any way of what is no ndarray. If it fails of an ndarray too, that is raised.
            if not isinstance(error, CannotBatch) and self.reached.trusted:
                raise
            if outer is not None:
                outer.forget(before)
            return {}
        rows = blocks[0] if len(blocks) == 1 else [np.concatenate(parts) for parts in zip(*blocks)]
        found = {i: [each[start:stop] for each in rows] for i, (start, stop) in self.places.items()}
        return {i: joined_parts(each) if i in self.doubled else each for i, each in found.items()}

    def block(self, first: int, last: int) -> list[Any]:
        """The rows between two places, for each input.

        Each false nan (0 · inf, which is to be 0) would make something in the result nan or infinite, since rules are
        linear. So the sweep does not look for any; if there may have been one, it is repeated, and looks.
        """
        outer, trusted = trace(), self.reached.trusted
        parts = self.swept(first, last, watched=not trusted)
        if not trusted:
            return parts
        if outer is None:
            return parts if all(np.isfinite(part).all() for part in parts) else self.swept(first, last)
        whole = joined(parts)
        return parted(outer.mended(whole, lambda: joined(self.swept(first, last)), whole), parts)

    def swept(self, first: int, last: int, watched: bool = True) -> list[Any]:
        size, nodes = last - first, self.evaluation.nodes
        identity = np.eye(size, self.count, first)
        starts: list[tuple[Any, Batched]] = []
        for i, (start, stop) in self.places.items():
            y = self.values[i]
            if start < last and first < stop:
                rows = identity[:, start:stop].astype(y.dtype)
                if i in self.doubled:
                    rows = rows[:, : y.size] - 1j * rows[:, y.size :]
                starts.append((self.evaluation.roots[i], Batched(rows.reshape(size, *y.shape))))
        with Batch(size, repairs=watched and self.reached.trusted):
            found = sweep(starts, nodes, watched=watched)
        parts: list[Any] = []
        taken = [each.rows for _, each in starts]
        for node in nodes:
            part = found[node][0] if node in found else np.zeros(node.shape, node.dtype)
            parts.append(conjugated(alone(part, size, [*taken, *parts])))
        return parts


def alone(part: Any, size: int, others: list[Any]) -> Any:
    """The rows of a part in memory of their own."""
    rows = in_rows(part, size)
    shared = any(np.may_share_memory(real(rows), real(each)) for each in others)
    return rows.copy() if shared or not is_batched(part) or not rows.flags.writeable else rows


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
