"""Each benchmark runs in a process of its own, with its number of threads; memory as the system sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
STATUS = Path("/proc/self/status")


def worker(module: str, *args: object, threads: int = 1) -> Any:
    """Run `python -m tests.benchmarks.<module> <args>`, and read the JSON that it prints last."""
    count = str(threads)
    limits = {"OMP_NUM_THREADS": count, "OPENBLAS_NUM_THREADS": count, "MKL_NUM_THREADS": count}
    command = [sys.executable, "-m", f"tests.benchmarks.{module}", *map(str, args)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **limits}, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"The benchmark {module} failed; see the error above.")
    return json.loads(done.stdout.splitlines()[-1])


def threads() -> int:
    """With how many threads this benchmark computes."""
    return int(os.environ.get("OMP_NUM_THREADS", "1"))


def pin() -> None:
    """Keep this process on as many cores as it has threads, where the system can: JAX takes no other limit."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads() :])


def memory_is_measurable() -> bool:
    """Whether the system has the figures: Linux does."""
    return STATUS.exists()


def status(key: str) -> int:
    """A figure of this process out of /proc, in bytes."""
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(key + ":"))
    return int(line.split()[1]) * 1024


def start_of_growth() -> int:
    """Forget the peak so far, where the system lets us; give the resident bytes now."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        print("The peak cannot be reset here; it includes that of the imports.", file=sys.stderr)
    return status("VmRSS")


def growth_since(start: int) -> int:
    """The bytes between `start` and the most that was resident since."""
    return status("VmHWM") - start
