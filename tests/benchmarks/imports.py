"""What `import tinygrad_like` costs beside `import numpy`: installed, with bytecode, in fresh interpreters."""

from __future__ import annotations

import compileall
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from . import timing
from .process import ROOT
from .report import Row, Table, against

TITLE = "import: `import tinygrad_like` and `import numpy`, installed with bytecode, fresh interpreters"
TARGET = 1.15
ROUNDS = 31
CODE = """
import sys, time
sys.path.insert(0, {place!r})
start = time.perf_counter()
import {module}
print(time.perf_counter() - start, {module}.__file__)
"""


def install(place: Path) -> str:
    """Put the package into `place`, with bytecode; say how."""
    with tempfile.TemporaryDirectory() as folder:
        sources = Path(folder)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, sources)
        shutil.copytree(ROOT / "tinygrad_like", sources / "tinygrad_like")
        options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--compile")
        command = [sys.executable, "-m", "pip", "install", *options, "--target", str(place), folder]
        if subprocess.run(command, capture_output=True).returncode == 0:
            return "Installed with `pip install --target`."
    shutil.copytree(ROOT / "tinygrad_like", place / "tinygrad_like", dirs_exist_ok=True)
    compileall.compile_dir(str(place), quiet=1)
    return "pip could not install it (it takes pip and setuptools): a compiled copy of the sources was imported."


def seconds_of_import(module: str, place: Path) -> float:
    """The time of the import statement alone, without the start of the interpreter."""
    code = CODE.format(place=str(place), module=module)
    done = subprocess.run([sys.executable, "-c", code], cwd=place, check=True, stdout=subprocess.PIPE, text=True)
    seconds, file = done.stdout.split(maxsplit=1)
    if module == timing.OURS and place.resolve() not in Path(file.strip()).resolve().parents:
        raise SystemExit(f"The installed package was not imported, but {file}")
    return float(seconds)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        how = install(place)
        seconds: dict[str, list[float]] = {"numpy": [], timing.OURS: []}
        for _ in range(ROUNDS + 1):
            for module, times in seconds.items():
                times.append(seconds_of_import(module, place))
    ours, theirs = seconds[timing.OURS][1:], seconds["numpy"][1:]  # the first round read the disk
    ratio, text = timing.compare(ours, theirs)
    rows = [
        Row("numpy", timing.milliseconds(theirs), text, *against(ratio, TARGET)),
        Row(timing.OURS, timing.milliseconds(ours)),
    ]
    print(json.dumps(asdict(Table(TITLE, "tinygrad_like ÷ it", rows, [how]))))


if __name__ == "__main__":
    main()
