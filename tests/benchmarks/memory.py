"""The peak memory of training the MLP of mlp.py: data, model and ten steps, beyond the imported library."""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from statistics import median

from . import mlp, process, timing
from .report import Row, Table, against
from .timing import OURS

TITLE = "memory: peak of data, model and ten steps of the MLP, beyond the imported library; two threads"
NOTE = (
    "Beyond what the import took. In brackets, more strictly, beyond a library that has also trained a tiny "
    "network once: some load much of themselves only then. There all are alike, and the order changes from run to run."
)
TARGETS = {"hand-written NumPy": 1.6, "PyTorch": 1.0}
ROUNDS = 3
STEPS = 10


def train(name: str, problem: mlp.Problem) -> None:
    contender = mlp.BUILDERS[name][1](problem)
    for _ in range(STEPS):
        contender.step()


def growth(name: str, loaded_by: str) -> int:
    """Load the library, then build and train, and see by how much the peak rose; for a fresh process."""
    importlib.import_module(mlp.BUILDERS[name][0])
    if loaded_by == "training":
        train(name, mlp.Problem(sizes=(4, 4, 3, 2), batch=2))
    start = process.start_of_growth()
    train(name, mlp.Problem())
    return process.growth_since(start)


def median_growth(name: str, loaded_by: str) -> float:
    return median(process.worker("memory", name, loaded_by, threads=2) for _ in range(ROUNDS)) / 2**20


def rows(names: list[str]) -> list[Row]:
    trained = {name: median_growth(name, "training") for name in names}
    imported = {name: median_growth(name, "import") for name in names}
    table = []
    for name in names:
        row = Row(name, f"{imported[name]:.1f} MiB ({trained[name]:.1f})")
        if name != OURS:
            ratio = imported[OURS] / imported[name]
            row.ratio = f"{ratio:.2f}× ({trained[OURS] / trained[name]:.2f}×)"
            if name in TARGETS:
                row.target, row.met = against(ratio, TARGETS[name])
        table.append(row)
    return table


def main() -> None:
    if sys.argv[1:]:
        print(json.dumps(growth(*sys.argv[1:])))
        return
    names = [name for name, (module, _) in mlp.BUILDERS.items() if timing.is_installed(module)]
    notes = [NOTE, *(f"{name} is not installed: skipped." for name in mlp.BUILDERS if name not in names)]
    if not process.memory_is_measurable():
        names, notes = [], ["Skipped: this system has no /proc/self/status."]
    print(json.dumps(asdict(Table(TITLE, "tinygrad_like ÷ it", rows(names), notes))))


if __name__ == "__main__":
    main()
