"""What averaging gradients costs: measured here at 2 and 4 processes, and modelled for more machines.

`python -m tests.benchmarks.communication` starts the processes by itself, with the `mpiexec` of the extra `mpi`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from math import log2
from pathlib import Path

import numpy as np

from .timing import best

ROOT = Path(__file__).parents[2]
COUNTS = [2, 4]
ROUNDS = 30
SIZES = [10**k for k in range(1, 8)]  # float32 values
MACHINES = [2, 8, 64, 512, 4096]
STEPS = {10**4: 1e-3, 10**6: 20e-3, 10**8: 1.0}  # seconds of a step without communication, by parameters
ETHERNET = 30e-6, 0.8e-9  # seconds a message takes, and each byte: TCP at 10 Gbit/s, nominal values


def all_reduce(p: int, size: float, alpha: float, beta: float) -> float:
    """Seconds that p machines take for `size` bytes, by the cheaper of two algorithms."""
    doubling = log2(p) * (alpha + size * beta)
    halves = 2 * log2(p) * alpha + 2 * (p - 1) / p * size * beta
    return min(doubling, halves)


def average(p: int, size: float, alpha: float, beta: float) -> float:
    """The all-reduce, and before it the exchange of four numbers of 8 bytes each."""
    return log2(p) * alpha + 32 * (p - 1) * beta + all_reduce(p, size, alpha, beta)


# -- measuring ------------------------------------------------------------------------------------


def measure() -> dict[str, list[float]]:
    """Seconds of an all-reduce and of an average, for each size; the slowest process counts.

    The rounds are short, and the fastest tenth of them is taken: other work on the machine disturbs those least.
    """
    from tinygrad_like import distributed
    from tinygrad_like.distributed import exchanging, processes

    comm = processes.communicator()
    found: dict[str, list[float]] = {"all-reduce": [], "average": []}
    for size in SIZES:
        array = np.zeros(size, np.float32)
        rounds: dict[str, list[float]] = {name: [] for name in found}
        repeats = max(1, min(20, 10**6 // size))
        for _ in range(ROUNDS):
            for name, call in (("all-reduce", exchanging.all_reduce), ("average", distributed.average)):
                call(array)
                comm.Barrier()
                start = time.perf_counter()
                for _ in range(repeats):
                    call(array)
                rounds[name].append(max(comm.allgather((time.perf_counter() - start) / repeats)))
        for name, times in rounds.items():
            found[name].append(best(times))
    return found


def fitted(p: int, seconds: list[float]) -> tuple[float, float]:
    """α and β of 2 log₂p α + 2 (p − 1)/p · bytes · β, by least squares of the relative errors."""
    size, t = np.array(SIZES) * 4.0, np.array(seconds)
    factors = np.stack([np.full(len(size), 2 * log2(p)), 2 * (p - 1) / p * size], 1)
    alpha, beta = np.linalg.lstsq(factors / t[:, None], np.ones(len(t)), rcond=None)[0]
    return float(alpha), float(beta)


def started(count: int) -> dict[str, list[float]]:
    """What `count` processes measure."""
    beside = Path(sys.executable).with_name("mpiexec")
    command = [str(beside) if beside.exists() else "mpiexec", "-n", str(count), sys.executable, "-m", __spec__.name]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run([*command, "measure"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


# -- tables ---------------------------------------------------------------------------------------


def shown(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, factor in (("µs", 1e6), ("ms", 1e3)):
        if seconds * factor < 1000:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---:"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def table_of_costs(alpha: float, beta: float) -> str:
    """The time of an average of float32 gradients, and in brackets the efficiency, for each number of machines."""
    rows = []
    for parameters, step in STEPS.items():
        cells = []
        for p in MACHINES:
            seconds = average(p, 4 * parameters, alpha, beta)
            cells.append(f"{shown(seconds)} ({step / (step + seconds):.0%})")
        rows.append([f"{parameters:,}", shown(step), *cells])
    return table(["parameters", "a step", *(f"{p:,}" for p in MACHINES)], rows)


def table_of_times(measured: dict[int, dict[str, list[float]]], fits: dict[int, tuple[float, float]]) -> str:
    rows = []
    for i, size in enumerate(SIZES):
        cells = [f"{size:,}"]
        for p, times in measured.items():
            alpha, beta = fits[p]
            model = 2 * log2(p) * alpha + 2 * (p - 1) / p * size * 4 * beta
            cells += [shown(times["all-reduce"][i]), shown(model), shown(times["average"][i])]
        rows.append(cells)
    head = [f"{p} processes: {name}" for p in measured for name in ("all-reduce", "fitted", "average")]
    return table(["values", *head], rows)


def main() -> None:
    if "measure" in sys.argv:
        found = measure()
        from tinygrad_like import distributed

        if distributed.rank() == 0:
            print(json.dumps(found))
        return
    print(f"10 Gbit/s Ethernet, α = {shown(ETHERNET[0])}, β = {ETHERNET[1] * 1e9:.2g} ns a byte:\n")
    print(table_of_costs(*ETHERNET), flush=True)
    measured = {p: started(p) for p in COUNTS}
    fits = {p: fitted(p, times["all-reduce"]) for p, times in measured.items()}
    print(f"\nMeasured on {os.cpu_count()} cores:\n")
    print(table_of_times(measured, fits))
    for p, (alpha, beta) in fits.items():
        print(f"\n{p} processes: α = {shown(alpha)}, β = {beta * 1e9:.2g} ns a byte")
    print("\nShared memory, with the α and β of 2 processes:\n")
    print(table_of_costs(*fits[2]))


if __name__ == "__main__":
    main()
