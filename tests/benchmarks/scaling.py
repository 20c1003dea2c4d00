"""What must grow linearly: many parts, many rows, many gradients; the time for four times the size."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from statistics import median
from typing import Any

import numpy as np

import tinygrad_like as tg
from tests.cases import leaf

from . import timing
from .report import Row, Table, against

TITLE = "scaling: 2,000 and 8,000 parts, rows or parameters; one thread"
SMALL, LARGE, ROUNDS, MOST = 2000, 8000, 7, 5.0


def join(function: Callable[..., Any]) -> Callable[[int], Any]:
    def run(n: int) -> Any:
        parts = [leaf([1.0]) for _ in range(n)]
        return lambda: function(parts).sum().backward()

    return run


def rows(n: int) -> Any:
    x = leaf(np.ones((n, 4)))
    return lambda: sum(x[i].sum() for i in range(n)).backward()


def rows_twice(n: int) -> Any:
    x = np.ones((n, 4))
    f = tg.grad(lambda x: sum((x[i] ** 2).sum() for i in range(n)))
    return lambda: tg.jvp(f, (x,), (x,))


def gradients(n: int, keep: bool = False) -> Any:
    parameters = [leaf(float(i)) for i in range(n)]
    tg.SGD(parameters, lr=0.1)
    sum(p * p for p in parameters).backward()

    def scale() -> None:
        kept = []
        for p in parameters:
            if keep:
                kept.append(p.grad)
            p.grad = p.grad * 0.5

    return scale


CASES: dict[str, Callable[[int], Any]] = {
    "backward of concatenate": join(np.concatenate),
    "backward of stack": join(np.stack),
    "each row of one array, backward": rows,
    "each row of one array, second order": rows_twice,
    "scaling each .grad of an optimizer's parameters": gradients,
    "the same, keeping the old ones": lambda n: gradients(n, keep=True),
}


def seconds(make: Callable[[int], Any], n: int) -> float:
    run = make(n)
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def main() -> None:
    table = []
    for name, make in CASES.items():
        pairs = [(seconds(make, SMALL), seconds(make, LARGE)) for _ in range(ROUNDS)]
        growth = median(large / small for small, large in pairs)
        row = Row(name, timing.milliseconds([large for _, large in pairs]), f"{growth:.2f}×")
        row.target, row.met = against(growth, MOST)
        table.append(row)
    print(json.dumps(asdict(Table(TITLE, f"{LARGE:,} ÷ {SMALL:,}", table))))


if __name__ == "__main__":
    main()
