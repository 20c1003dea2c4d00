"""What a benchmark gives back: rows of a table, and the machine that they were measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PEERS = ("numpy", "torch", "jax", "autograd", "mygrad", "micrograd")


@dataclass
class Row:
    """One line: what was measured, how it compares, and what it should be."""

    what: str
    measured: str
    ratio: str = ""
    target: str = ""
    met: str = ""


@dataclass
class Table:
    title: str
    ratio_means: str
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self) -> str:
        head = f"| | measured | {self.ratio_means} | target | met |\n|---|---:|---:|---:|---|"
        lines = [f"| {r.what} | {r.measured} | {r.ratio} | {r.target} | {r.met} |" for r in self.rows]
        notes = [f"- {note}" for note in self.notes]
        return "\n".join([f"### {self.title}", "", head, *lines, *([""] if notes else []), *notes, ""])


def against(value: float, most: float, unit: str = "×") -> tuple[str, str]:
    """The target's text, and whether `value` meets it."""
    return f"at most {most:g}{unit}", "yes" if value <= most else "**no**"


def processor() -> str:
    """The model of the processor, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def load() -> str:
    """How many processes wanted to run in the last minute; other work on the machine disturbs the times."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def machine() -> str:
    """The facts that the numbers depend on, as a Markdown list."""
    import tinygrad_like

    found = [f"tinygrad_like {tinygrad_like.__version__}"]
    for name in PEERS:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return "\n".join(
        [
            f"- processor: {processor()}, {os.cpu_count()} cores",
            f"- system: {platform.system()} {platform.machine()}, {platform.python_implementation()} "
            f"{platform.python_version()}",
            f"- packages: {', '.join(found)}",
            f"- load before the first benchmark: {load()}",
            "",
        ]
    )
