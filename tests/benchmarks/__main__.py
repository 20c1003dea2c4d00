"""Run the benchmarks and print their tables: `python -m tests.benchmarks [--only xor,mlp] [--write FILE]`."""

from __future__ import annotations

import argparse
from pathlib import Path

from .process import worker
from .report import Row, Table, machine

# Each name's module, and the threads that it computes with.
BENCHMARKS = {
    "xor": ("xor", 1),
    "mlp": ("mlp", 2),
    "adam": ("adam", 1),
    "cnn": ("cnn", 2),
    "transformer": ("transformer", 2),
    "lstm": ("lstm", 2),
    "import": ("imports", 1),
    "chain": ("chain", 1),
    "scaling": ("scaling", 1),
    "forward": ("forward_mode", 1),
    "operations": ("operations", 1),
    "linear-algebra": ("decompositions", 1),
    "memory": ("memory", 2),
    "pictures": ("pictures", 1),
    "compiled-xor": ("compiled_xor", 1),
    "compiled-loop": ("compiled_loop", 1),
    "compiled-mlp": ("compiled_mlp", 2),
    "compiled-layers": ("compiled_layers", 1),
    "compiled-gelu": ("compiled_gelu", 1),
    "compiled-rosenbrock": ("compiled_rosenbrock", 1),
}
METHOD = """\
Times are medians; in brackets the fastest tenth, which a busy machine disturbs least. A ratio is the median of the
ratios of the single rounds; in brackets the ratio of the fastest tenths. The contenders take turns in one process, and
must have computed the same before they are timed.
"""


def run(name: str) -> str:
    """One benchmark, in a process of its own, as Markdown."""
    module, threads = BENCHMARKS[name]
    found = worker(module, threads=threads)
    found["rows"] = [Row(**row) for row in found["rows"]]
    return Table(**found).markdown()


def names(text: str) -> list[str]:
    chosen = text.split(",")
    if unknown := [name for name in chosen if name not in BENCHMARKS]:
        raise argparse.ArgumentTypeError(f"there is no {', '.join(unknown)}; choose from {','.join(BENCHMARKS)}")
    return chosen


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="tinygrad_like beside its peers.")
    parser.add_argument("--only", type=names, default=list(BENCHMARKS), metavar=",".join(BENCHMARKS))
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the Markdown to FILE, too")
    options = parser.parse_args()
    parts = ["# Benchmarks\n", machine(), METHOD]
    print("\n".join(parts), flush=True)
    for name in options.only:
        parts.append(run(name))
        print(parts[-1], flush=True)
    if options.write:
        options.write.write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
