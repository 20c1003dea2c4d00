"""`export_c`: a model or a training step as a C file that needs nothing but the mathematical functions of C."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...engine.errors import ArgumentError, UnsupportedError
from ...saving.files import replace
from ..passes.aliasing import overlapping_references
from ..passes.passes import simplified
from ..to_c import library_cache, toolchain
from ..to_c.c_memory import RESERVED
from ..to_numpy.memory_names import identifier
from ..tracing.program import Program
from .export_paths import Part, parts_of
from .export_program import Copied, check_dtypes, operations_of, settle
from .export_source import ExportSource
from .export_trace import program_of

MARK = "made by tinygrad_like"  # by this, files are known as those of export_c
FLAGS = ("-std=c99", "-Os", "-ffp-contract=off", "-c")


@dataclass(frozen=True)
class Exported:
    """What `export_c` wrote, and how many bytes it takes: in flash the code and the constants, in RAM the rest.

    `code` is that of this machine's compiler with -Os, without C's own functions; None without a compiler.
    `multiply_adds` counts those in products of matrices and convolutions.
    """

    header: Path
    source: Path
    function: str
    code: int | None
    constants: int
    state: int
    scratch: int
    multiply_adds: int

    def __repr__(self) -> str:
        code = "unknown, since there is no compiler" if self.code is None else f"{self.code:,} bytes on this machine"
        return "\n".join(
            [
                f"{self.function} in {self.source} and {self.header.name}",
                f"  code       {code}",
                f"  constants  {self.constants:,} bytes",
                f"  state      {self.state:,} bytes",
                f"  scratch    {self.scratch:,} bytes",
                f"  products   {self.multiply_adds:,} multiplications",
            ]
        )


def export_c(
    model_or_step: Any,
    directory: str | os.PathLike[str],
    *example_inputs: Any,
    name: str = "model",
    dtype: Any = None,
    overwrite: bool = False,
) -> Exported:
    """Write `name`.h and `name`.c: C99 without calls but of C's own functions, for a microcontroller.

    A model, or a function of arrays, becomes `void name_predict(const double x[2], double *y)`; a model as it is in
    eval mode. A function that trains, compiled or not, becomes `name_step`: forward, backward and the update. The
    parameters, and what else it changes, are arrays of the C file, which `name_reset` puts back. `example_inputs` are
    arguments as the function takes them; only shapes and dtypes count. A compiled step that was called needs none.

    With `dtype=np.float32` all floats are of that dtype, in place of float64: seven digits in place of sixteen, half of
    the memory. Nothing is allocated; the state, constants and scratch memory are static. The directory is made if there
    is none. Files that this function has made are replaced, others only with `overwrite`.

    Raises UnsupportedError, which names the operation, for what has no loops in C, and for random numbers;
    ArgumentError for a name that is none in C, and for a directory with such files; TraceError as `compile` does.

    >>> import tempfile, tinygrad_like as tg
    >>> folder = tempfile.TemporaryDirectory()
    >>> made = export_c(tg.Linear(2, 1, seed=0), folder.name, np.zeros(2), name="line")
    >>> made.function, made.constants
    ('line_predict', 16)
    >>> folder.cleanup()
    """
    checked_name(name)
    if dtype is not None and np.dtype(dtype) not in (np.float32, np.float64):
        what = f"C files compute in float32 or float64, but got dtype={dtype!r}."
        raise ArgumentError(what, "Write dtype=np.float32, or leave it out.")
    files = [Path(directory) / f"{name}{ending}" for ending in (".h", ".c")]
    check_files(files, overwrite)
    program, holders, names = program_of(model_or_step, example_inputs)
    source = source_of(program, holders, names, name, dtype)
    what = "one step of training" if source.trains else "inference"
    texts = [source.h_file(f"/* {name}.h, {MARK}: {what}. */"), source.c_file(f"/* {name}.c, {MARK}: {what}. */")]
    files[0].parent.mkdir(parents=True, exist_ok=True)
    for path, text in zip(files, texts):
        replace(path, text.encode())
    return Exported(
        header=files[0],
        source=files[1],
        function=source.function,
        code=code_size(name, *texts),
        constants=source.constant_bytes,
        state=source.state_bytes,
        scratch=source.scratch_bytes,
        multiply_adds=source.multiply_adds,
    )


# -- checks ---------------------------------------------------------------------------------------


def checked_name(name: Any) -> None:
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in RESERVED:
        raise ArgumentError(
            f"name={name!r} cannot begin the names of C functions.", "Take letters, digits and _, and no word of C."
        )


def check_files(files: list[Path], overwrite: bool) -> None:
    """Raises ArgumentError for files of others."""
    folder = files[0].parent
    if folder.exists() and not folder.is_dir():
        raise ArgumentError(f"{folder} is no directory.", "Name a directory: it gets two files.")
    for path in files:
        if path.is_dir() or (path.exists() and not overwrite and MARK.encode() not in path.read_bytes()[:300]):
            raise ArgumentError(
                f"{path} is there, and was not made by export_c.", "Choose another name, or write overwrite=True."
            )


# -- the text -------------------------------------------------------------------------------------


def source_of(program: Program, holders: list[Any], names: list[str], name: str, dtype: Any) -> ExportSource:
    program = simplified(program)
    if overlapping_references(program):
        raise UnsupportedError("Two arrays of the step share memory by a buffer.", "Copy one of them before.")
    memories = {each.memory for each in program.references if each.memory.array is not None}
    parts = parts_of(memories, holders)
    copy = Copied(program, dtype)
    check_dtypes([*copy.program.inputs, *copy.program.outputs])
    ratio = {new: new.dtype.itemsize / old.dtype.itemsize for old, new in copy.memories.items()}
    own_parts = {
        new: [Part(int(each.offset * ratio[new]), each.path, each.shape, each.kind) for each in parts.get(old, ())]
        for old, new in copy.memories.items()
    }
    operations = operations_of(copy.program)
    state, gradients = settle(operations, own_parts)
    copy.program.references[:] = [each for each in copy.program.references if each.memory.array is not None]
    wanted = dict(zip((each.memory for each in copy.program.inputs), names))
    outputs, loss = copy.program.outputs, state and len(program.outputs) == 1 and program.outputs[0].size == 1
    for i, each in enumerate(outputs):
        wanted[each.memory] = "loss" if loss else "y" if len(outputs) == 1 else f"y{i}"
    wanted |= dict.fromkeys(gradients, "gradients")
    wanted |= {memory: called for memory, each in own_parts.items() if (called := array_name(each))}
    return ExportSource(copy.program, operations, name, own_parts, wanted, state)


def array_name(parts: list[Part]) -> str:
    """The name of an array by the Tensors in it."""
    named = [each for each in parts if each.path]
    if not named:
        return ""
    if len(named) > 1 and named[0].kind == "layer":
        return "parameters"
    return {"step": "steps"}.get(named[0].path, identifier(named[0].path))


def code_size(name: str, header: str, source: str) -> int | None:
    """The bytes of code that this machine's compiler makes; None if there is none, or it does not tell."""
    command = toolchain.compiler()
    if command is None:
        return None
    with library_cache.building() as folder:
        for text, ending in ((header, ".h"), (source, ".c")):
            (Path(folder) / (name + ending)).write_text(text, encoding="utf-8")
        output = os.path.join(folder, "object.o")
        if toolchain.run([*command, *FLAGS, os.path.join(folder, name + ".c"), "-o", output], folder, 60.0):
            return None
        return text_size(output)


def text_size(path: str) -> int | None:
    """The sum of the sections of code in an object file, as the tool `size` tells."""
    try:
        told = subprocess.run(["size", "-A", path], capture_output=True, text=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):  # the tool is not installed, or hangs
        return None
    sizes = re.findall(r"^\.text\S*\s+(\d+)", told.stdout, re.MULTILINE)
    return sum(map(int, sizes)) if sizes else None
