"""The C compiler of this machine: found when first used, and run."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from ...engine.errors import ArgumentError, CompilerError, MissingError

TIME_LIMIT = 120.0  # seconds; zig builds its own libraries at its first run
LINES = 20  # of the compiler's message, shown in errors

# With -O3 gcc turns many more short loops into vector code than with -O2, for a tenth more time.
# Products and sums are rounded one by one, as NumPy does (no contraction to fused multiply-add), so that
# results agree to the last bit. Nothing reads errno. A function without a declaration is an error in every compiler.
FLAGS = ("-std=c99", "-O3", "-fno-math-errno", "-ffp-contract=off", "-Werror=implicit-function-declaration")
TUNED = "-march=native"  # left out for the rest of the process if the compiler refuses it
SHARED = ("-shared",) if sys.platform == "win32" else ("-shared", "-fPIC")
LIBRARIES = () if sys.platform == "win32" else ("-lm",)

# These change results, or let the linker switch off denormal numbers in the whole process.
REFUSED = (
    "-Ofast",
    "-ffast-math",
    "-funsafe-math-optimizations",
    "-ffinite-math-only",
    "-fassociative-math",
    "-freciprocal-math",
    "-fno-signed-zeros",
    "-ffp-model=fast",
    "-fdenormal-fp-math",
    "-mdaz-ftz",
)
# The lines of /proc/cpuinfo that tell which instructions there are, and for which processor to tune.
CPU = ("vendor_id", "cpu family", "model", "stepping", "flags", "Features", "CPU", "isa", "uarch")

_untuned: set[tuple[str, ...]] = set()  # the compilers that refused TUNED


@functools.cache
def compiler() -> tuple[str, ...] | None:
    """The command of the C compiler, or None if there is none. It is looked for once in a process.

    It is `$CC`, which may have arguments, if that is set; else the first of cc, gcc and clang on the PATH;
    else the one in the package ziglang. If `$CC` names a program that does not exist, there is none.
    """
    if chosen := os.environ.get("CC", "").strip():
        return located(split(chosen))
    return next(filter(None, map(located, (["cc"], ["gcc"], ["clang"]))), None) or zig()


def split(text: str) -> list[str]:
    """The words of a command. A path with spaces that exists is one word."""
    if shutil.which(text):
        return [text]
    try:
        return [word.strip('"') for word in shlex.split(text, posix=os.name == "posix")]
    except ValueError:  # an open quote: the whole text names no program
        return [text]


def located(words: list[str]) -> tuple[str, ...] | None:
    path = shutil.which(words[0])
    return (os.path.abspath(path), *words[1:]) if path else None


def zig() -> tuple[str, ...] | None:
    """The compiler in the package ziglang. Its program is called directly, as `python -m ziglang cc` does."""
    package = importlib.util.find_spec("ziglang")
    for folder in (package and package.submodule_search_locations) or ():
        if found := located([os.path.join(folder, "zig"), "cc"]):
            return found
    return None


def required() -> tuple[str, ...]:
    """The command of the C compiler. Raises MissingError if there is none, ArgumentError for such flags in `$CC`."""
    if command := compiler():
        return checked(command)
    chosen = os.environ.get("CC", "").strip()
    raise MissingError(
        f"CC is {chosen!r}, and no such program was found."
        if chosen
        else "C code needs a C compiler, and neither cc, gcc, clang nor the package ziglang was found.",
        "Write pip install 'tinygrad_like[native]', or install gcc or clang"
        + (", and unset CC." if chosen else ", or name a compiler in the environment variable CC."),
    )


@functools.cache
def identity(command: tuple[str, ...]) -> str:
    """A text that changes when the compiler does: the path, size and time of each word that is a program."""
    parts = []
    for word in command:
        parts.append(word)
        if path := shutil.which(word):
            status = os.stat(path)
            parts.append(f"{os.path.realpath(path)} {status.st_size} {status.st_mtime_ns}")
    return "\n".join(parts)


@functools.cache
def machine() -> str:
    """A text that differs between processors with different instructions, as far as the system tells."""
    lines = [sys.platform, platform.machine(), str(sys.maxsize), os.environ.get("PROCESSOR_IDENTIFIER", "")]
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                if not line.strip():  # the first processor is enough
                    break
                if line.startswith(CPU):
                    lines.append(line.strip())
    return "\n".join(lines)


def checked(words: Sequence[str]) -> tuple[str, ...]:
    """Flags as a tuple. Raises ArgumentError for one that changes the arithmetic, or a str in place of a list."""
    if isinstance(words, str):
        raise ArgumentError(f"flags are a list of str, but got {words!r}.", f"Write {shlex.split(words)}.")
    for word in words:
        if word.startswith(REFUSED):
            raise ArgumentError(
                f"The compiler flag {word} changes results, for nan, inf and denormal numbers too.",
                "Leave it out, here or in the environment variable CC.",
            )
    return tuple(words)


OTHERWISE = 'Name another compiler in the environment variable CC, or write backend="numpy".'


def build(source: str, output: str, flags: Sequence[str], kept: str, timeout: float) -> None:
    """Compiles the file `source` to the file `output`.

    Raises CompilerError if the compiler fails, or takes longer than `timeout` seconds. The source is then moved
    to `kept`. The folder of `source` serves for all temporary files, and belongs to the caller.
    """
    command = required()
    message: list[str] = []
    for tuned in [()] if command in _untuned else [(TUNED,), ()]:
        before = (*command, *FLAGS, *tuned, *flags)
        try:
            message = run([*before, source, "-o", output, *LIBRARIES], os.path.dirname(source), timeout)
        except subprocess.TimeoutExpired:
            message = [f"It was stopped after {timeout:g} seconds."]
            break
        if not message and not os.path.exists(output):
            message = [f"It wrote no {os.path.basename(output)}."]
        if not message:
            if not tuned:
                _untuned.add(command)
            return
    os.replace(source, kept)
    shown = shlex.join([*before, kept, "-o", os.path.basename(output), *LIBRARIES])
    lines = [f"The command: {shown}", *message, f"The source is kept in {kept}", OTHERWISE]
    raise CompilerError("The C compiler failed.", "\n  ".join(lines))


def run(command: list[str], folder: str, timeout: float) -> list[str]:
    """Runs a compiler, with a folder for temporary files: the first lines of its message, or none if it succeeds."""
    environment = {
        "ZIG_GLOBAL_CACHE_DIR": os.path.join(os.path.dirname(folder), "zig"),  # zig's libraries, built once
        **os.environ,
        "ZIG_LOCAL_CACHE_DIR": folder,
        "TMPDIR": folder,
    }
    # Its own group, so that what it starts can be stopped too; on Windows, no console opens.
    alone: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        alone = {"creationflags": subprocess.CREATE_NO_WINDOW}
    pipe, none = subprocess.PIPE, subprocess.DEVNULL
    try:
        process = subprocess.Popen(command, stdin=none, stdout=pipe, stderr=subprocess.STDOUT, env=environment, **alone)
    except OSError as error:
        return [f"It could not be started: {error}"]
    with process:
        try:
            output, _ = process.communicate(timeout=timeout)
        except BaseException:  # too slow, or Ctrl-C
            stop(process)
            raise
    if process.returncode == 0:
        return []
    lines = output.decode("utf-8", "replace").splitlines()
    more = [f"... and {len(lines) - LINES} more lines"] if len(lines) > LINES else []
    return [*lines[:LINES], *more, f"The exit status is {process.returncode}."]


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ends a process and, where there are groups, all that it started."""
    if sys.platform == "win32":
        process.kill()
    else:
        with contextlib.suppress(ProcessLookupError):  # ended just now
            os.killpg(process.pid, signal.SIGKILL)
