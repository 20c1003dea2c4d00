"""The loop over samples or batches inside a compiled function: `step.loop(xs, ys, epochs=10)`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.errors import ArgumentError, ShapeError
from ..engine.tensor import Tensor, values_of, wrap
from ..random import draws
from .interrupting import Interrupts
from .runner import Runner, number

if TYPE_CHECKING:
    from .compiling import Compiled

SECONDS = 0.03  # between two looks at Ctrl-C and the progress
FASTER = 1000  # times as many items as before, at most
LONG = 1.0  # seconds of a loop from which on its progress is shown


class Loop:
    """A compiled function called with each item of some arrays, again and again.

    An item is `xs[i]`, or with a `batch_size` as many rows: the last batch of an epoch has what is left. `shuffle`
    takes the items in a new order in each epoch, drawn by `tg.random`.
    """

    def __init__(
        self,
        step: Compiled,
        data: Sequence[Any],
        epochs: int,
        shuffle: bool = False,
        batch_size: int | None = None,
    ) -> None:
        self.step, self.epochs, self.shuffle = step, checked("epochs", epochs, 0), shuffle
        self.tensors = [isinstance(each, Tensor) for each in data]
        self.data = [np.asarray(values_of(each), order="C") for each in data]
        self.size = length_of(self.data)
        self.rows = None if batch_size is None else checked("batch_size", batch_size, 1)
        self.items = self.size if self.rows is None else -(-self.size // self.rows)
        self.losses = np.empty((self.epochs, self.items))
        self.done = 0  # items so far, of all epochs
        self.pace = 64.0  # items between two looks at the clock

    def chunks(self) -> Iterator[int]:
        """Run a short while, and say how many items are done; again, until all are. Ctrl-C stops between two items."""
        with Interrupts() as interrupts:
            for done in self.runs():
                interrupts.check()
                yield done

    def runs(self) -> Iterator[int]:
        for epoch in range(self.epochs):
            data = self.data
            if self.shuffle:
                order = draws().permutation(self.size)
                data = [each[order] for each in data]
            start = epoch * self.items
            while self.done < start + self.items:
                self.run(data, start)
                yield self.done
            if not self.shuffle and epoch + 1 < self.epochs and self.rows is None:
                yield from self.whole_epochs()
                return

    def means(self) -> Iterator[float]:
        """Run all; give the mean loss of each epoch when that is done."""
        epoch = 0
        for done in self.chunks():
            while epoch < self.epochs and (epoch + 1) * self.items <= done:
                yield sum(self.losses[epoch].tolist()) / self.items
                epoch += 1

    def whole_epochs(self) -> Iterator[int]:
        """The remaining epochs of samples in one order, many of them in one run."""
        total = self.epochs * self.items
        while self.done < total:
            self.run(self.data, 0)
            yield self.done

    def run(self, data: list[Any], start: int) -> None:
        """The next items, as many as take a short while. `start` is the item at which this order began."""
        first = self.done - start
        runner = self.runner_for(data, first)
        whole = self.size if self.rows is None else self.size // self.rows
        steady = runner is not None and first % self.items < whole and not runner.guards
        count = 1
        if steady:
            left = (self.epochs * self.items if start == 0 and not self.shuffle else start + self.items) - self.done
            left = left if self.rows is None else min(left, whole - first % self.items)
            count = max(1, min(left, int(self.pace)))
        before = perf_counter()
        losses = self.losses.reshape(-1)[self.done : self.done + count]
        if not steady or runner is None:
            losses[0] = number(self.step(*self.item(data, first % self.items)))
        else:
            runner.run_many(data, self.rows, first % self.items, self.items, losses)
        self.done += count
        self.pace = min(count * SECONDS / max(perf_counter() - before, 1e-7), FASTER * self.pace)

    def item(self, data: list[Any], i: int) -> list[Any]:
        """The arguments of one call."""
        place: Any = i if self.rows is None else slice(i * self.rows, (i + 1) * self.rows)
        return [wrap(np.asarray(x[place])) if t else x[place] for x, t in zip(data, self.tensors)]

    def runner_for(self, data: list[Any], first: int) -> Runner | None:
        return self.step.runner_of(*self.item(data, first % self.items))


def run_loop(
    step: Compiled, data: Sequence[Any], epochs: int, shuffle: bool, batch_size: int | None, progress: bool | None
) -> np.ndarray[Any, Any]:
    """The losses of each epoch (rows) and item, as far as it came."""
    loop = Loop(step, data, epochs, shuffle, batch_size)
    total, begun, bar = loop.epochs * loop.items, perf_counter(), None
    try:
        for done in loop.chunks():
            late = progress is None and perf_counter() - begun > LONG
            if bar is None and (progress or late):
                from tqdm import tqdm

                bar = tqdm(total=total, desc="loop", unit="step", unit_scale=True, mininterval=0.2)
            if bar is not None:
                bar.update(done - bar.n)
    finally:
        with bar if bar is not None else nullcontext():
            pass
    return loop.losses


def length_of(data: list[Any]) -> int:
    """The common length of some arrays."""
    if not data or any(not each.ndim for each in data):
        raise ArgumentError("A loop goes over arrays of samples, but got none.", "Write step.loop(xs, ys, epochs=10).")
    if len({len(each) for each in data}) > 1:
        lengths = " and ".join(str(len(each)) for each in data)
        raise ShapeError(f"A loop goes over arrays of the same length, but got {lengths}.")
    if not len(data[0]):
        raise ArgumentError("A loop needs at least one sample, but the arrays are empty.")
    return len(data[0])


def checked(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ArgumentError(f"{name} must be a whole number of at least {least}, but got {value!r}.")
    return int(value)
