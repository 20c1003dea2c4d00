"""y = y + 1, a million times, and back: the time must grow linearly, and a node must be small."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from statistics import median

from . import process, timing
from .report import Row, Table, against
from .timing import OURS

TITLE = "chain: y = y + 1 a million times on a 0-d float64, forward, backward and freeing; one thread"
FEW, MANY = 100_000, 1_000_000
MOST_BYTES = 350
ROUNDS = 5
NAMES = {OURS: OURS, "PyTorch": "torch"}


def tinygrad_like(n: int) -> tuple[float, float]:
    """The end of a chain of n additions, and its derivative."""
    import tinygrad_like as tg

    x = y = tg.Tensor(0.0, requires_grad=True)
    for _ in range(n):
        y = y + 1
    y.backward()
    assert x.grad is not None
    return y.item(), x.grad.item()


def pytorch(n: int) -> tuple[float, float]:
    """The same in PyTorch."""
    import torch

    torch.set_num_threads(1)
    x = y = torch.tensor(0.0, dtype=torch.float64, requires_grad=True)
    for _ in range(n):
        y = y + 1
    y.backward()
    assert x.grad is not None
    return y.item(), x.grad.item()


CHAINS: dict[str, Callable[[int], tuple[float, float]]] = {OURS: tinygrad_like, "PyTorch": pytorch}


def seconds_per_node(name: str, n: int) -> float:
    start = time.perf_counter()
    end, derivative = CHAINS[name](n)
    seconds = time.perf_counter() - start
    assert (end, derivative) == (n, 1), f"{name} has computed {end}, with the derivative {derivative}."
    return seconds / n


def bytes_per_node(name: str) -> float:
    """The growth of the peak per node; in a process of its own, after a short chain that imports all."""
    CHAINS[name](10)
    start = process.start_of_growth()
    CHAINS[name](MANY)
    return process.growth_since(start) / MANY


def time_rows(names: list[str]) -> list[Row]:
    """Per library: the time per node of a short chain and of a long one, by turns."""
    seconds: dict[tuple[str, int], list[float]] = {(name, n): [] for name in names for n in (FEW, MANY)}
    for name in names:
        seconds_per_node(name, 1000)
    for _ in range(ROUNDS):
        for (name, n), times in seconds.items():
            times.append(seconds_per_node(name, n))
    table = []
    for name in names:
        few, many = seconds[name, FEW], seconds[name, MANY]
        table.append(Row(f"{name}, {FEW:,} nodes", f"{timing.microseconds(few)} a node"))
        growth = f"{median(b / a for a, b in zip(few, many)):.2f}× the time a node of {FEW:,}"
        table.append(Row(f"{name}, {MANY:,} nodes", f"{timing.microseconds(many)} a node", growth, "linear: about 1×"))
    return table


def main() -> None:
    if sys.argv[1:]:
        print(json.dumps(bytes_per_node(sys.argv[1])))
        return
    names = [name for name, module in NAMES.items() if timing.is_installed(module)]
    notes = [f"{name} is not installed: skipped." for name in NAMES if name not in names]
    rows = time_rows(names)
    if process.memory_is_measurable():
        sizes = {name: process.worker("chain", name) for name in names}
        for name, size in sizes.items():
            row = Row(f"{name}, peak memory", f"{size:.0f} bytes a node")
            if name == OURS:
                row.target, row.met = against(size, MOST_BYTES, " bytes")
            else:
                row.ratio = f"{sizes[OURS] / size:.2f}×"
            rows.append(row)
    else:
        notes.append("The memory was skipped: this system has no /proc/self/status.")
    print(json.dumps(asdict(Table(TITLE, "tinygrad_like ÷ it", rows, notes))))


if __name__ == "__main__":
    main()
